//! A query in a dialect: its text cut at the placeholders, and the values to bind.
//!
//! Lists expand here. PostgreSQL takes a list as one array (`in :xs` becomes `= any($1)`), so there is
//! no limit to its length and an empty one matches nothing. SQLite takes `in (?1, ?2, …)`, where an
//! empty list is legal and matches nothing, and beyond [`LONGEST_EXPANSION`] one JSON text read with
//! `json_each`. MySQL takes as many placeholders as it can and then `json_table`. Expanding on PostgreSQL too was rejected: `in (null)` is not "matches nothing" under
//! `not`, and a text that differs for every length defeats plan caches.

use std::sync::Arc;

use super::{Hole, Piece, SqlDialect, SqlQuery};
use crate::value::{ErrorKind, Sequence, StepError, Value};

/// The longest list that SQLite gets as single placeholders.
const LONGEST_EXPANSION: usize = 500;

/// The longest list that MySQL gets as single placeholders.
const LONGEST_ON_MYSQL: usize = 60_000;

/// The most placeholders a statement may have.
const fn most_placeholders(dialect: SqlDialect) -> usize {
    match dialect {
        SqlDialect::Sqlite => 32_766,
        SqlDialect::Postgres | SqlDialect::MySql => 65_535,
    }
}

/// A part of a rendered text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// SQL text.
    Text(String),
    /// The placeholder for the value with this number, from 0.
    Placeholder(usize),
}

/// What is bound at a placeholder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bound {
    /// One value.
    One(Value),
    /// A whole list: an array on PostgreSQL, a JSON text elsewhere.
    Many(Arc<Vec<Value>>),
}

/// A query in a dialect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// Text and placeholders, in order.
    pub parts: Vec<Part>,
    /// What is bound, by number; a placeholder may occur more than once.
    pub values: Vec<Bound>,
}

impl Rendered {
    /// The text, with each placeholder written by `placeholder` from its number.
    pub fn text(&self, placeholder: impl Fn(usize) -> String) -> String {
        let write = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Placeholder(at) => placeholder(*at),
        };
        self.parts.iter().map(write).collect()
    }
}

/// Renders a query. With `share`, a path used twice with equal values is one placeholder, as grouping
/// by an expression with a parameter needs it on PostgreSQL.
pub fn render(query: &SqlQuery, dialect: SqlDialect, share: bool) -> Result<Rendered, StepError> {
    let mut renderer = Renderer { query, dialect, share, text: String::new(), parts: Vec::new(), bound: Vec::new() };
    let pieces = &query.template.pieces;
    let mut skip = 0;
    for (at, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Text(text) => {
                renderer.text.push_str(text.get(skip..).unwrap_or_default());
                skip = 0;
            }
            Piece::Hole(number) => {
                let after = match pieces.get(at + 1) {
                    Some(Piece::Text(text)) => text,
                    _ => "",
                };
                skip = renderer.hole(*number, after)?;
            }
        }
    }
    renderer.finish()
}

/// Why a value cannot be bound: its kind and what to do instead; `None` when it can.
pub fn unbindable(value: &Value, dialect: SqlDialect) -> Option<(String, &'static str)> {
    let help = match value {
        Value::Duration(_) | Value::Period(_) | Value::BusinessDays(_) => {
            "compute the `date` or `timestamp` in the workflow and bind that"
        }
        Value::DateRange(..) | Value::TimeRange(..) => "bind both ends, with `between` or `>=` and `<`",
        Value::Calendar(_) => "bind its days, `calendar.days(range)`",
        Value::Outcomes(_) => "take `.ok` of it first",
        Value::Float(x) if x.is_nan() && dialect == SqlDialect::Sqlite => {
            "SQLite would store a null for it: replace it by `none`, or leave the row out"
        }
        Value::Float(x) if !x.is_finite() && dialect == SqlDialect::MySql => {
            "MySQL has no such number: replace it by `none`, or leave the row out"
        }
        Value::Sql(_)
        | Value::Promql(_)
        | Value::Regex(_)
        | Value::Connection(..)
        | Value::Error(_)
        | Value::Sample(_)
        | Value::Series(_) => "bind a text, a number or a record of such",
        _ => return None,
    };
    let kind = match value {
        Value::Float(x) if x.is_nan() => "a `float` that is not a number".to_owned(),
        Value::Float(_) => "a `float` that is infinite".to_owned(),
        _ => format!("a `{}`", value.kind()),
    };
    Some((kind, help))
}

struct Renderer<'q> {
    query: &'q SqlQuery,
    dialect: SqlDialect,
    share: bool,
    text: String,
    parts: Vec<Part>,
    bound: Vec<(Option<&'q Hole>, Bound)>,
}

impl<'q> Renderer<'q> {
    /// Writes a hole; gives how many bytes of the following text it took with it.
    fn hole(&mut self, number: usize, after: &str) -> Result<usize, StepError> {
        let missing = || StepError::new(ErrorKind::Internal, "a query has fewer arguments than holes");
        let hole = self.query.template.holes.get(number).ok_or_else(missing)?;
        let value = self.query.arguments.get(number).ok_or_else(missing)?;
        if hole.is_list
            && let Some(place) = list_place(&self.text, after)
        {
            self.list(hole, value, &place)?;
            return Ok(place.skip);
        }
        self.check(hole, value)?;
        let at = self.bind(Some(hole), Bound::One(value.clone()));
        self.placeholder(at);
        Ok(0)
    }

    fn check(&self, hole: &Hole, value: &Value) -> Result<(), StepError> {
        match unbindable(value, self.dialect) {
            None => Ok(()),
            Some((found, help)) => Err(StepError::new(
                ErrorKind::Data,
                format!("`:{}` is {found}, which cannot be given to a database", hole.path.join(".")),
            )
            .help(help)),
        }
    }

    /// The number of a value: that of an equal one of the same name, else a new one.
    fn bind(&mut self, hole: Option<&'q Hole>, value: Bound) -> usize {
        let same = |(of, bound): &(Option<&Hole>, Bound)| {
            of.zip(hole).is_some_and(|(a, b)| a.path == b.path) && *bound == value
        };
        // A long text of holes would make the search quadratic; such a text groups by nothing.
        let known = if self.share && self.bound.len() < 100 { self.bound.iter().position(same) } else { None };
        known.unwrap_or_else(|| {
            self.bound.push((hole, value));
            self.bound.len() - 1
        })
    }

    fn placeholder(&mut self, at: usize) {
        self.parts.push(Part::Text(std::mem::take(&mut self.text)));
        self.parts.push(Part::Placeholder(at));
    }

    fn list(&mut self, hole: &'q Hole, value: &Value, place: &ListPlace) -> Result<(), StepError> {
        let items = match value {
            Value::List(items) => items.clone(),
            other => Arc::new(Sequence::of(other).map_or_else(|| vec![other.clone()], |items| items.iter().collect())),
        };
        for item in items.iter() {
            self.check(hole, item)?;
        }
        self.text.truncate(place.cut);
        match self.dialect {
            SqlDialect::Postgres => self.array(hole, items, place),
            SqlDialect::Sqlite | SqlDialect::MySql => self.expand(items, place)?,
        }
        Ok(())
    }

    fn array(&mut self, hole: &'q Hole, items: Arc<Vec<Value>>, place: &ListPlace) {
        self.text.push_str(match &place.operator {
            ListOperator::In => " = any(",
            ListOperator::NotIn => " <> all(",
            ListOperator::Other(text) => text,
        });
        let at = self.bind(Some(hole), Bound::Many(items));
        self.placeholder(at);
        self.text.push(')');
    }

    fn expand(&mut self, items: Arc<Vec<Value>>, place: &ListPlace) -> Result<(), StepError> {
        self.text.push_str(match &place.operator {
            ListOperator::In => " in (",
            ListOperator::NotIn => " not in (",
            ListOperator::Other(text) => {
                let message = format!("{} has no `{} …)`", self.dialect.database(), text.trim());
                return Err(StepError::new(ErrorKind::Query, message).help("write `in :list` or `not in :list`"));
            }
        });
        if self.dialect == SqlDialect::MySql {
            return self.expand_on_mysql(items);
        }
        let infinite = |item: &Value| matches!(item, Value::Float(x) if x.is_infinite());
        if items.len() > LONGEST_EXPANSION && items.iter().any(infinite) {
            // JSON has no such number; a null in its place would change what `not in` means.
            let message = format!("a list of more than {LONGEST_EXPANSION} items holds an infinite number");
            return Err(StepError::new(ErrorKind::Data, message).help("leave it out, and compare with it on its own"));
        }
        if items.len() > LONGEST_EXPANSION {
            self.text.push_str("select value from json_each(");
            let at = self.bind(None, Bound::Many(items));
            self.placeholder(at);
            self.text.push(')');
        } else {
            self.placeholders(&items);
        }
        self.text.push(')');
        Ok(())
    }

    fn placeholders(&mut self, items: &[Value]) {
        for (n, item) in items.iter().enumerate() {
            self.text.push_str(if n == 0 { "" } else { ", " });
            let at = self.bind(None, Bound::One(item.clone()));
            self.placeholder(at);
        }
    }

    /// `in ()` is no SQL there, and `in (null)` not what an empty list means under `not`. A longer list than there
    /// are placeholders is one JSON text; texts cannot come that way, since their collation would be another's.
    fn expand_on_mysql(&mut self, items: Arc<Vec<Value>>) -> Result<(), StepError> {
        if items.is_empty() {
            self.text.push_str("select 1 from dual where false)");
            return Ok(());
        }
        if items.len() <= LONGEST_ON_MYSQL {
            self.placeholders(&items);
            self.text.push(')');
            return Ok(());
        }
        let all = |is: fn(&Value) -> bool| items.iter().all(|item| item.is_none() || is(item));
        let ty = if all(|item| matches!(item, Value::Int(_))) {
            "bigint"
        } else if all(|item| matches!(item, Value::Date(_))) {
            "date"
        } else {
            let message = format!("a list of {} items is too long for MySQL", items.len());
            let help =
                format!("numbers and dates may be more than {LONGEST_ON_MYSQL}; write others to a table and join");
            return Err(StepError::new(ErrorKind::Query, message).help(help));
        };
        self.text.push_str("select given.v from json_table(");
        let at = self.bind(None, Bound::Many(items));
        self.placeholder(at);
        self.text.push_str(", '$[*]' columns (v ");
        self.text.push_str(ty);
        self.text.push_str(" path '$')) as given)");
        Ok(())
    }

    fn finish(mut self) -> Result<Rendered, StepError> {
        let limit = most_placeholders(self.dialect);
        if self.bound.len() > limit {
            let message = format!("the query binds {} values; the database takes {limit}", self.bound.len());
            return Err(StepError::new(ErrorKind::Query, message).help("join against a table, or use one list"));
        }
        self.parts.push(Part::Text(self.text));
        self.parts.retain(|part| !matches!(part, Part::Text(text) if text.is_empty()));
        Ok(Rendered { parts: self.parts, values: self.bound.into_iter().map(|(_, value)| value).collect() })
    }
}

/// How a list is compared, in words of its own so that each dialect can write it its way.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ListOperator {
    /// `in`, `= any(`.
    In,
    /// `not in`, `<> all(`.
    NotIn,
    /// `< any(` and the like, as written.
    Other(String),
}

/// A place where a list expands.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ListPlace {
    /// Length of the text before the operator.
    pub cut: usize,
    /// The operator.
    pub operator: ListOperator,
    /// Bytes after the hole that belong to the operator: its closing parenthesis.
    pub skip: usize,
}

/// Reads the operator that ends `before`, for a hole followed by `after`.
pub(super) fn list_place(before: &str, after: &str) -> Option<ListPlace> {
    let trimmed = before.trim_end();
    if let Some(head) = without_word(trimmed, "in") {
        return Some(in_place(head, 0));
    }
    let inner = trimmed.strip_suffix('(')?.trim_end();
    let rest = after.trim_start();
    rest.strip_prefix(')')?;
    let skip = after.len() - rest.len() + 1;
    if let Some(head) = without_word(inner, "in") {
        return Some(in_place(head, skip));
    }
    let any = without_word(inner, "any").or_else(|| without_word(inner, "some"));
    let head = any.or_else(|| without_word(inner, "all"))?.trim_end();
    let bare = |op: &str| head.strip_suffix(op).filter(|left| !left.ends_with(['<', '>', '!', '=']));
    let place = |head: &str, operator| Some(ListPlace { cut: head.trim_end().len(), operator, skip });
    match (bare("="), bare("<>").or_else(|| bare("!="))) {
        (Some(head), _) if any.is_some() => place(head, ListOperator::In),
        (_, Some(head)) if any.is_none() => place(head, ListOperator::NotIn),
        _ => {
            let cut = head.trim_end_matches(['<', '>', '=', '!', '~', '*']).trim_end().len();
            let operator = ListOperator::Other(before.get(cut..)?.to_owned());
            Some(ListPlace { cut, operator, skip })
        }
    }
}

fn in_place(head: &str, skip: usize) -> ListPlace {
    let head = head.trim_end();
    match without_word(head, "not") {
        Some(head) => ListPlace { cut: head.trim_end().len(), operator: ListOperator::NotIn, skip },
        None => ListPlace { cut: head.len(), operator: ListOperator::In, skip },
    }
}

/// `text` without `word` at its end, when it ends with it as a whole word.
fn without_word<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let cut = text.len().checked_sub(word.len())?;
    let (head, tail) = (text.get(..cut)?, text.get(cut..)?);
    let joined = head.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '"' | '`' | ':' | '.'));
    (tail.eq_ignore_ascii_case(word) && !joined).then_some(head)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::sql::parse;
    use crate::source::{SourceId, Span};

    fn query(text: &str, arguments: Vec<Value>) -> SqlQuery {
        let span = Span::new(SourceId(0), 0, u32::try_from(text.len()).unwrap());
        let (template, findings) = parse(text, span);
        assert_eq!(findings, []);
        SqlQuery { template: Arc::new(template), arguments }
    }

    fn shown(text: &str, arguments: Vec<Value>) -> [String; 2] {
        let query = query(text, arguments);
        let postgres = render(&query, SqlDialect::Postgres, true).unwrap().text(|n| format!("${}", n + 1));
        let sqlite = render(&query, SqlDialect::Sqlite, true).unwrap().text(|n| format!("?{}", n + 1));
        [postgres, sqlite]
    }

    fn ints(items: &[i64]) -> Value {
        Value::list(items.iter().copied().map(Value::Int).collect())
    }

    #[test]
    fn lists_expand_in_every_spelling() {
        for (text, postgres, sqlite) in [
            ("select 1 where x in :xs;", "select 1 where x = any($1);", "select 1 where x in (?1, ?2);"),
            ("select 1 where x IN ( :xs ) ", "select 1 where x = any($1) ", "select 1 where x in (?1, ?2) "),
            ("select 1 where x not in (:xs)", "select 1 where x <> all($1)", "select 1 where x not in (?1, ?2)"),
            ("select 1 where x = any(:xs)", "select 1 where x = any($1)", "select 1 where x in (?1, ?2)"),
            ("select 1 where x <> all (:xs)", "select 1 where x <> all($1)", "select 1 where x not in (?1, ?2)"),
        ] {
            assert_eq!(shown(text, vec![ints(&[1, 2])]), [postgres, sqlite], "{text}");
        }
    }

    #[test]
    fn an_empty_list_matches_nothing() {
        let [postgres, sqlite] = shown("select 1 where x in (:xs) or y not in :ys", vec![ints(&[]), ints(&[])]);
        assert_eq!(postgres, "select 1 where x = any($1) or y <> all($2)");
        assert_eq!(sqlite, "select 1 where x in () or y not in ()");
    }

    #[test]
    fn a_long_list_is_one_value() {
        let items: Vec<i64> = (0..100_000).collect();
        let [postgres, sqlite] = shown("select 1 where x in :xs", vec![ints(&items)]);
        assert_eq!(postgres, "select 1 where x = any($1)");
        assert_eq!(sqlite, "select 1 where x in (select value from json_each(?1))");
    }

    #[test]
    fn a_name_used_twice_is_bound_once() {
        let day = || Value::text("day");
        let [postgres, _] = shown("select date_trunc(:u, t) from x group by date_trunc(:u, t)", vec![day(), day()]);
        assert_eq!(postgres, "select date_trunc($1, t) from x group by date_trunc($1, t)");
    }

    #[test]
    fn other_comparisons_stay_on_postgres_and_are_refused_on_sqlite() {
        let query = query("select 1 where x <= any(:xs)", vec![ints(&[1])]);
        let postgres = render(&query, SqlDialect::Postgres, true).unwrap().text(|n| format!("${}", n + 1));
        assert_eq!(postgres, "select 1 where x <= any($1)");
        let error = render(&query, SqlDialect::Sqlite, true).unwrap_err();
        assert_eq!(error.message, "SQLite has no `<= any( …)`");
    }

    #[test]
    fn what_no_column_holds_is_refused_by_name() {
        let error = render(&query("select :wait", vec![Value::Duration(5)]), SqlDialect::Sqlite, true).unwrap_err();
        assert_eq!(error.message, "`:wait` is a `duration`, which cannot be given to a database");
        assert!(render(&query("select :x", vec![Value::Float(f64::NAN)]), SqlDialect::Sqlite, true).is_err());
        assert!(render(&query("select :x", vec![Value::Float(f64::NAN)]), SqlDialect::Postgres, true).is_ok());
        assert!(render(&query("select :x", vec![Value::Float(f64::INFINITY)]), SqlDialect::MySql, true).is_err());
    }

    #[test]
    fn mysql_has_question_marks_and_no_empty_lists() {
        let shown = |text: &str, arguments| {
            render(&query(text, arguments), SqlDialect::MySql, false).map(|rendered| rendered.text(|_| "?".to_owned()))
        };
        let text = "select 1 where x in :xs and y not in (:ys)";
        assert_eq!(
            shown(text, vec![ints(&[1, 2]), ints(&[])]).unwrap(),
            "select 1 where x in (?, ?) and y not in (select 1 from dual where false)"
        );
        let many: Vec<i64> = (0..100_000).collect();
        assert_eq!(
            shown("select 1 where x in :xs", vec![ints(&many)]).unwrap(),
            "select 1 where x in (select given.v from json_table(?, '$[*]' columns (v bigint path '$')) as given)"
        );
        let texts = Value::list((0..100_000).map(|n| Value::text(n.to_string())).collect());
        let error = shown("select 1 where x in :xs", vec![texts]).unwrap_err();
        assert_eq!(error.message, "a list of 100000 items is too long for MySQL");
        assert_eq!(
            shown("select 1 where x < any(:xs)", vec![ints(&[1])]).unwrap_err().message,
            "MySQL has no `< any( …)`"
        );
    }
}
