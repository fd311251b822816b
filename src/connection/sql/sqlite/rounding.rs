//! Decimals in statements of the author's own: SQLite makes a float of a long one where a column holds numbers, and says
//! nothing. Where the text does not say which column a value meets, any column of the tables that it names counts.

use sqlx::SqliteConnection;

use super::read::{table_columns, table_names};
use crate::connection::sql::rows::loses_digits;
use crate::query::sql::{Piece, SqlQuery};
use crate::value::{ErrorKind, StepError, Value};

/// The most digits that a float keeps.
const DIGITS: u64 = 15;

/// Refuses a decimal that a column of the tables that a statement names would round.
pub(super) async fn refuse_rounding(connection: &mut SqliteConnection, query: &SqlQuery) -> Result<(), StepError> {
    let is_long = |(_, value): &(usize, &Value)| matches!(value, Value::Decimal(d) if d.normalized().digits() > DIGITS);
    let long: Vec<(usize, &Value)> = query.arguments.iter().enumerate().filter(is_long).collect();
    if long.is_empty() {
        return Ok(());
    }
    let text = query.to_string().to_lowercase();
    for table in table_names(connection).await?.into_iter().filter(|table| names(&text, &table.to_lowercase())) {
        for (column, ty) in table_columns(connection, &table).await? {
            let rounds = |(number, value): &&(usize, &Value)| {
                let meets = met(query, *number).is_none_or(|met| met.eq_ignore_ascii_case(&column));
                meets && matches!(value, Value::Decimal(d) if loses_digits(d, &ty))
            };
            let Some((number, _)) = long.iter().find(rounds) else { continue };
            let hole = query.template.holes.get(*number).map(|hole| hole.path.join(".")).unwrap_or_default();
            let message = format!(
                "`:{hole}` is a `decimal` of more than {DIGITS} digits, and `{table}` has the column `{column}`, which rounds such"
            );
            let help = "declare the column `text`, which keeps all of them; give the statement a text, as `f\"{…}\"` makes \
                        one; or round before writing";
            return Err(StepError::new(ErrorKind::Data, message).help(help));
        }
    }
    Ok(())
}

/// Whether a statement names a table; both in small letters.
fn names(text: &str, table: &str) -> bool {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    text.match_indices(table).any(|(at, found)| {
        let before = text.get(..at).and_then(|start| start.chars().next_back());
        let after = text.get(at + found.len()..).and_then(|end| end.chars().next());
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

/// The column that a hole is put into or compared with, where that stands right beside it: `n = :d`, `(k, n) values (1, :d)`.
fn met(query: &SqlQuery, number: usize) -> Option<String> {
    let at = query.template.pieces.iter().position(|piece| *piece == Piece::Hole(number))?;
    let after = query.template.pieces.get(at + 1..)?.iter().map(text).collect::<String>();
    let before = query.template.pieces.get(..at)?.iter().map(text).collect::<String>();
    let before = before.split_whitespace().map(in_small).collect::<Vec<_>>().join(" ");
    let compared =
        before.trim_end().strip_suffix(['=', '<', '>']).map(|text| text.trim_end_matches(['<', '>', '!', '=']));
    if let Some(text) = compared {
        let is_whole = matches!(after.split_whitespace().next(), None | Some("where" | "and" | "or" | ")"))
            || after.starts_with(',');
        return last_name(text.trim_end()).filter(|_| is_whole);
    }
    let is_whole = after.trim_start().starts_with([',', ')']);
    let (head, items) = before.split_once(" values ").or_else(|| before.split_once(" values(")).filter(|_| is_whole)?;
    let columns = head.trim_end().strip_suffix(')')?.rsplit_once('(')?.1;
    // What a text holds is neither a comma nor a call.
    let items: String = items.trim_start().trim_start_matches('(').split('\'').step_by(2).collect();
    // Anything but plain values may hold commas of its own.
    let is_plain = items.chars().all(|letter| letter.is_alphanumeric() || " ,_.?".contains(letter));
    let place = items.matches(',').count();
    columns.split(',').nth(place).filter(|_| is_plain && before.trim_end().ends_with([',', '('])).map(unquoted)
}

fn text(piece: &Piece) -> &str {
    match piece {
        Piece::Text(text) => text,
        Piece::Hole(_) => "?",
    }
}

/// The word `values` in small letters, any other as it is.
fn in_small(word: &str) -> String {
    match word.split_at_checked("values".len()) {
        Some((values, rest)) if values.eq_ignore_ascii_case("values") => format!("values{rest}"),
        _ => word.to_owned(),
    }
}

/// The name that a text ends with.
fn last_name(text: &str) -> Option<String> {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '"';
    let name = text.rsplit(|letter| !is_part(letter)).next()?;
    (!name.is_empty()).then(|| unquoted(name))
}

fn unquoted(name: &str) -> String {
    name.trim().trim_matches('"').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::sql::parse;
    use crate::source::{SourceId, Span};

    #[test]
    fn the_column_beside_a_hole_is_known() {
        let met = |text: &str| {
            let template = parse(text, Span::new(SourceId(0), 0, u32::try_from(text.len()).unwrap())).0;
            let last = template.holes.len() - 1;
            met(&SqlQuery { template: template.into(), arguments: Vec::new() }, last)
        };
        assert_eq!(met("update t set a = 1, \"n\" = :d where k = 1").as_deref(), Some("n"));
        assert_eq!(met("update t set k = 1 where t.n >= :d").as_deref(), Some("n"));
        assert_eq!(met("insert into t (k, n, \"v\") values (:a, 5, :d)").as_deref(), Some("v"));
        assert_eq!(met("insert into t(k, n)\n VALUES(:a, :d)").as_deref(), Some("n"));
        assert_eq!(met("insert into t (k, v, n) values (:a, 'f(x), it''s', :d)").as_deref(), Some("n"));
        for unknown in [
            "update t set n = n + :d",
            "update t set n = :d + 1",
            "insert into t values (:d)",
            "insert into t (k, n) values (f(1, 2), :d)",
            "insert into t (k, n) values (1, f(:d))",
            "insert into t (k, n) values (1, 2), (3, :d)",
            "insert into t (k) select v from s where abs(v) = :d",
        ] {
            assert_eq!(met(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn a_table_is_named_as_a_whole_word() {
        assert!(names("update nav set x = 1", "nav") && names("insert into \"nav\"(x)", "nav"));
        assert!(!names("update navs set nav_x = 1", "nav"));
    }
}
