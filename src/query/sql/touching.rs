//! The read that counts the rows which a statement would touch, made from the statement's own text.

use std::ops::Range;
use std::sync::Arc;

use sqlparser::ast::{FromTable, Statement, TableWithJoins};

use super::grammar::{self, Reading};
use super::scan::{Token, scan};
use super::{SqlDialect, SqlQuery, StatementKind, parse};
use crate::source::{SourceId, Span};

/// What a statement does to rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Touch {
    /// It adds them.
    Insert,
    /// It changes them.
    Update,
    /// It takes them away.
    Delete,
}

/// A statement and the rows that it would touch.
#[derive(Debug, Clone, PartialEq)]
pub struct Touching {
    /// What it does.
    pub touch: Touch,
    /// The table, as written.
    pub table: String,
    /// A query that gives their number, as `n`.
    pub count: SqlQuery,
}

/// How to count the rows that a statement would touch; `None` where its text does not tell: it joins, it is limited, it
/// settles conflicts, it holds several statements, the grammar does not know it.
pub fn touching(query: &SqlQuery, dialect: SqlDialect) -> Option<Touching> {
    if query.template.kind != StatementKind::Write {
        return None;
    }
    let text = query.to_string();
    let span = Span::new(SourceId(0), 0, u32::try_from(text.len()).ok()?);
    let Reading::Parsed(parsed) = grammar::read(&text, span, Some(dialect)) else { return None };
    let touch = plain(&parsed.statement)?;
    let (tokens, _) = scan(&text);
    let parts = Parts { text: &text, tokens: top_level(&text, &tokens) };
    let (table, read) = match touch {
        Touch::Insert => parts.insert(),
        Touch::Update => parts.change(1, "set"),
        Touch::Delete => parts.change(2, "where"),
    }?;
    let table = text.get(table)?.trim().to_owned();
    let name = table.split_whitespace().next().unwrap_or_default().replace('"', "");
    let count = match (touch, &read) {
        (Touch::Insert, Some(source)) => format!("select count(*) as n from ({}) as given", text.get(source.clone())?),
        (Touch::Insert, None) => return None,
        (_, Some(condition)) => format!("select count(*) as n from {table} where {}", text.get(condition.clone())?),
        (_, None) => format!("select count(*) as n from {table}"),
    };
    Some(Touching { touch, table: name, count: reading(query, &count, read.unwrap_or(0..0), &tokens, &text)? })
}

/// The statement's kind, if nothing in it keeps its rows from being counted.
fn plain(statement: &Statement) -> Option<Touch> {
    let is_alone = |table: &TableWithJoins| table.joins.is_empty();
    match statement {
        Statement::Insert(insert) => {
            let settles = insert.on.is_some() || insert.or.is_some() || insert.ignore || insert.replace_into;
            (!settles && !insert.overwrite).then_some(Touch::Insert)
        }
        Statement::Update(update) => {
            let is_limited = update.limit.is_some() || !update.order_by.is_empty();
            let is_plain = update.from.is_none() && update.or.is_none() && !is_limited && is_alone(&update.table);
            is_plain.then_some(Touch::Update)
        }
        Statement::Delete(delete) => {
            let is_limited = delete.limit.is_some() || !delete.order_by.is_empty();
            let is_single = match &delete.from {
                FromTable::WithFromKeyword(from) => matches!(from.as_slice(), [one] if is_alone(one)),
                FromTable::WithoutKeyword(_) => false,
            };
            (is_single && delete.using.is_none() && delete.tables.is_empty() && !is_limited).then_some(Touch::Delete)
        }
        _ => None,
    }
}

/// The tokens outside parentheses, the parentheses themselves included.
fn top_level<'t>(text: &str, tokens: &'t [Token]) -> Vec<&'t Token> {
    let mut depth = 0_usize;
    let mut outside = Vec::new();
    for token in tokens {
        if token.is_punct(text, ")") {
            depth = depth.saturating_sub(1);
        }
        if depth == 0 {
            outside.push(token);
        }
        if token.is_punct(text, "(") {
            depth += 1;
        }
    }
    outside
}

struct Parts<'t> {
    text: &'t str,
    tokens: Vec<&'t Token>,
}

impl Parts<'_> {
    fn position(&self, from: usize, words: &[&str]) -> Option<usize> {
        self.tokens.iter().skip(from).position(|token| token.is_any(self.text, words)).map(|at| at + from)
    }

    /// The byte where the statement proper ends.
    fn end(&self, from: usize) -> usize {
        self.start_of(self.end_at(from)).unwrap_or(self.text.len())
    }

    /// The number of the token behind the statement proper.
    fn end_at(&self, from: usize) -> usize {
        let ends = |token: &&Token| token.is(self.text, "returning") || token.is_punct(self.text, ";");
        let rest = self.tokens.iter().skip(from);
        rest.clone().position(ends).map_or(self.tokens.len(), |at| at + from)
    }

    fn start_of(&self, at: usize) -> Option<usize> {
        self.tokens.get(at).map(|token| token.start)
    }

    /// The table of `update t set …` and `delete from t where …`, which begins at a token and ends before a word; and
    /// the condition.
    fn change(&self, first: usize, ends: &str) -> Option<(Range<usize>, Option<Range<usize>>)> {
        let from = self.start_of(first)?;
        // Up to its last word: a comment behind it would take in what is written after it.
        let behind = self.position(first, &[ends]).unwrap_or_else(|| self.end_at(first));
        let to = self.tokens.get(behind.checked_sub(1)?)?.end;
        let condition = self.position(first, &["where"]).and_then(|at| {
            let begin = self.tokens.get(at)?.end;
            Some(begin..self.end(at))
        });
        Some((from..to, condition))
    }

    /// The table of `insert into t (…) values …`, and its source.
    fn insert(&self) -> Option<(Range<usize>, Option<Range<usize>>)> {
        let table = self.position(0, &["into"])? + 1;
        let source = self.position(table, &["values", "select", "with"])?;
        let table_end = self.tokens.get(table..source)?.iter().find(|token| token.is_punct(self.text, "("));
        let table_end = table_end.map_or(self.start_of(source)?, |token| token.start);
        Some((self.start_of(table)?..table_end, Some(self.start_of(source)?..self.end(source))))
    }
}

/// The text as a query with the arguments of those holes that it took over, which stand in a range of the original.
fn reading(query: &SqlQuery, count: &str, taken: Range<usize>, tokens: &[Token], text: &str) -> Option<SqlQuery> {
    let span = Span::new(SourceId(0), 0, u32::try_from(count.len()).ok()?);
    let (template, findings) = parse(count, span);
    let holes =
        tokens.iter().filter(|token| token.text(text).starts_with(':') && token.kind == super::scan::TokenKind::Hole);
    let is_taken: Vec<bool> = holes.map(|token| taken.contains(&token.start)).collect();
    let arguments = query.arguments.iter().zip(&is_taken).filter(|(_, is_taken)| **is_taken);
    let arguments: Vec<_> = arguments.map(|(value, _)| value.clone()).collect();
    let is_whole = is_taken.len() == query.arguments.len() && template.holes.len() == arguments.len();
    let reads = template.kind == StatementKind::Read && findings.is_empty();
    (is_whole && reads).then(|| SqlQuery { template: Arc::new(template), arguments })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;

    fn counted(text: &str) -> Option<(Touch, String, String, Vec<Value>)> {
        let span = Span::new(SourceId(0), 0, u32::try_from(text.len()).unwrap());
        let (template, _) = parse(text, span);
        let arguments = (0..template.holes.len()).map(|n| Value::Int(i64::try_from(n).unwrap())).collect();
        let query = SqlQuery { template: Arc::new(template), arguments };
        let found = touching(&query, SqlDialect::Postgres)?;
        let count = found.count.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        Some((found.touch, found.table, count, found.count.arguments))
    }

    #[test]
    fn the_rows_of_plain_statements_are_counted_by_their_own_conditions() {
        let int = |n| Value::Int(n);
        for (text, touch, table, count, arguments) in [
            (
                "update nav n set value = :v, at = (select max(x) from t where y = :y) where day = :d and job in :jobs returning *",
                Touch::Update,
                "nav",
                "select count(*) as n from nav n where day = :d and job in :jobs",
                vec![int(2), int(3)],
            ),
            (
                "DELETE FROM \"raw\".nav -- where it is old\n WHERE day < :d;",
                Touch::Delete,
                "raw.nav",
                "select count(*) as n from \"raw\".nav where day < :d",
                vec![int(0)],
            ),
            ("delete from nav", Touch::Delete, "nav", "select count(*) as n from nav", vec![]),
            (
                "insert into nav (a, b) values (:a, 1), (2, :b)",
                Touch::Insert,
                "nav",
                "select count(*) as n from (values (:a, 1), (2, :b)) as given",
                vec![int(0), int(1)],
            ),
            (
                "insert into nav select a from raw where b = :b",
                Touch::Insert,
                "nav",
                "select count(*) as n from (select a from raw where b = :b) as given",
                vec![int(0)],
            ),
        ] {
            assert_eq!(counted(text), Some((touch, table.to_owned(), count.to_owned(), arguments)), "{text}");
        }
    }

    #[test]
    fn what_the_text_does_not_tell_is_not_counted() {
        for text in [
            "update nav set value = 1 from raw where raw.id = nav.id",
            "delete from nav using raw where raw.id = nav.id",
            "insert into nav values (1) on conflict do nothing",
            "with old as (select 1) delete from nav where id in (select * from old)",
            "truncate nav",
            "select 1",
            "update nav set",
        ] {
            assert_eq!(counted(text), None, "{text}");
        }
    }
}
