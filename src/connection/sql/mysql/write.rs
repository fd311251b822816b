//! Rows into MySQL: many in a statement, as many as the server takes.

use std::ops::Range;

use sqlx::AssertSqlSafe;
use sqlx::mysql::MySqlArguments;

use super::encode::{bind_cell, instant};
use super::error::{failure, is_of_a_row};
use super::statement::Place;
use crate::connection::SqlDialect;
use crate::connection::sql::rows::{Column, Family, Target, check_values, quote};
use crate::connection::sql::text::{cover, plain, secrets};
use crate::value::{ErrorKind, StepError, Table, Value};

/// The most placeholders in a statement; the server takes 65,535.
const PLACEHOLDERS: usize = 60_000;

/// The most rows in a statement.
const ROWS: usize = 1000;

/// What a placeholder takes of a statement, beside its value.
const OVERHEAD: usize = 16;

/// Makes the statement that writes some of the rows.
type Statement<'a> = dyn Fn(&Range<usize>) -> Result<(String, MySqlArguments), StepError> + Sync + 'a;

impl Place<'_> {
    /// Inserts rows.
    pub(super) async fn insert(&mut self, table: &str, rows: &Table) -> Result<u64, StepError> {
        if rows.rows == 0 {
            return Ok(0);
        }
        let described = self.target(table).await?;
        let columns = described.target.columns_of(rows)?;
        check(rows, &columns)?;
        let mut touched = 0;
        for piece in pieces(rows, self.live.most_bytes)? {
            let statement = |piece: &Range<usize>| insertion(&described.target, &columns, rows, piece);
            match self.write(statement(&piece)?).await {
                Ok(done) => touched += done,
                Err(error) => {
                    let error = self.blame(&statement, &piece, failure(&error)).await;
                    return Err(self.explain(error, table, rows));
                }
            }
        }
        Ok(touched)
    }

    async fn write(&mut self, (text, arguments): (String, MySqlArguments)) -> Result<u64, sqlx::Error> {
        let query = sqlx::query_with(AssertSqlSafe(text), arguments).persistent(false);
        query.execute(&mut self.live.connection).await.map(|done| done.rows_affected())
    }

    /// The failure of a statement over a piece, with the first row that it refuses: halves of the piece are written, as
    /// long as they can be, which takes no longer than writing it twice. The caller rolls all of it back.
    pub(super) async fn blame(
        &mut self,
        statement: &Statement<'_>,
        piece: &Range<usize>,
        error: StepError,
    ) -> StepError {
        if error.retryable || !matches!(error.kind, ErrorKind::Write | ErrorKind::Query) {
            return error;
        }
        let mut rest = piece.clone();
        while !rest.is_empty() {
            let half = rest.start..rest.start + rest.len().div_ceil(2);
            let Ok(ready) = statement(&half) else { return error };
            match self.write(ready).await {
                Ok(_) => rest.start = half.end,
                Err(found) if half.len() == 1 && is_of_a_row(&found) => {
                    return failure(&found).context(format!("row {}", half.start + 1));
                }
                Err(_) if half.len() == 1 => return error,
                Err(_) => rest.end = half.end,
            }
        }
        error
    }

    pub(super) fn explain(&self, failure: StepError, table: &str, rows: &Table) -> StepError {
        self.shared.forget();
        cover(failure, &secrets(rows.cells())).context(format!("writing to `{table}`"))
    }
}

/// `insert into t (…) values (?, …), …`, with the values of a piece of the rows.
pub(super) fn insertion(
    target: &Target,
    columns: &[&Column],
    rows: &Table,
    piece: &Range<usize>,
) -> Result<(String, MySqlArguments), StepError> {
    let mut arguments = MySqlArguments::default();
    for at in piece.clone() {
        for (column, values) in columns.iter().zip(&rows.columns) {
            bind_cell(&mut arguments, &values.get(at).unwrap_or(Value::None), column)?;
        }
    }
    let names: Vec<String> = columns.iter().map(|column| quote(&column.name)).collect();
    let row = format!("({})", vec!["?"; columns.len()].join(", "));
    let values = vec![row; piece.len()].join(", ");
    Ok((format!("insert into {} ({}) values {values}", target.sql, names.join(", ")), arguments))
}

/// Refuses values that the columns cannot hold. The server rounds fractions of a second away without a word.
pub(super) fn check(rows: &Table, columns: &[&Column]) -> Result<(), StepError> {
    check_values(rows, columns, SqlDialect::MySql)?;
    for (column, values) in columns.iter().zip(&rows.columns) {
        let Some(digits) = fraction_digits(column) else { continue };
        if let Some(at) = values.iter().position(|value| is_finer(&value, column, digits)) {
            let message = format!(
                "column `{}`, row {}: a fraction of a second, which `{}` does not keep",
                column.name,
                at + 1,
                column.ty
            );
            let wider = column.ty.split('(').next().unwrap_or_default();
            let help = format!("make the column `{wider}(6)`, or cut the value before it is written");
            return Err(StepError::new(ErrorKind::Data, message).help(help));
        }
    }
    Ok(())
}

/// How many digits of a second's fraction a column keeps, where it holds instants or times: `datetime(3)`.
fn fraction_digits(column: &Column) -> Option<u32> {
    let (kind, rest) = column.ty.split_once('(').unwrap_or((&column.ty, "0)"));
    let holds = column.family == Family::Timestamp || kind == "time";
    let digits: u32 = rest.split(')').next()?.parse().ok()?;
    (holds && digits < 6).then_some(digits)
}

fn is_finer(value: &Value, column: &Column, digits: u32) -> bool {
    use chrono::Timelike;
    let nanoseconds = match value {
        Value::Time(time) => Some(time.nanosecond()),
        _ if column.family == Family::Timestamp => instant(value).map(|at| at.timestamp_subsec_nanos()),
        _ => None,
    };
    // Microseconds are the most that any database here keeps.
    nanoseconds.is_some_and(|n| !(n / 1000).is_multiple_of(10_u32.pow(6 - digits)))
}

/// Ranges of rows, each within what the server takes in one statement.
pub(super) fn pieces(rows: &Table, most_bytes: usize) -> Result<Vec<Range<usize>>, StepError> {
    let most_rows = (PLACEHOLDERS / rows.columns.len().max(1)).clamp(1, ROWS);
    // Half of it: the text and the values travel apart, and the estimate of their size is one.
    let budget = most_bytes / 2;
    let (mut pieces, mut from, mut bytes) = (Vec::new(), 0, 0);
    for at in 0..rows.rows {
        let size = rows.columns.iter().filter_map(|column| column.get(at)).map(|value| size(&value)).sum::<usize>();
        if size >= most_bytes {
            let message = format!("row {} takes {size} bytes; the server takes {most_bytes} in one statement", at + 1);
            let help = "raise `max_allowed_packet` on the server";
            return Err(StepError::new(ErrorKind::Data, message).help(help));
        }
        if at > from && (at - from >= most_rows || bytes + size > budget) {
            pieces.push(from..at);
            (from, bytes) = (at, 0);
        }
        bytes += size;
    }
    pieces.push(from..rows.rows);
    Ok(pieces)
}

/// About how many bytes a value takes.
fn size(value: &Value) -> usize {
    OVERHEAD
        + match value {
            Value::Text(text) | Value::Url(text) | Value::Secret(text) => text.len(),
            Value::None | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Date(_) | Value::Time(_) => 0,
            other => plain(other).map_or(0, |text| text.len()),
        }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn texts(sizes: &[usize]) -> Table {
        let mut table = Table::new(vec![Arc::from("t")].into());
        for size in sizes {
            table.push([Value::text("x".repeat(*size))]);
        }
        table
    }

    #[test]
    fn statements_stay_within_what_the_server_takes() {
        let told = |sizes: &[usize]| {
            let pieces = pieces(&texts(sizes), 1000)?;
            Ok::<_, StepError>(pieces.iter().map(|piece| (piece.start, piece.end)).collect::<Vec<_>>())
        };
        assert_eq!(told(&[100, 100, 100]).unwrap(), [(0, 3)]);
        assert_eq!(told(&[300, 300, 100]).unwrap(), [(0, 1), (1, 3)]);
        assert_eq!(told(&[900, 1]).unwrap(), [(0, 1), (1, 2)]);
        assert!(told(&[1, 1000]).unwrap_err().message.starts_with("row 2 takes 1016 bytes"));
        let many = pieces(&texts(&vec![0; 2500]), 1 << 24).unwrap();
        assert_eq!(many, [0..1000, 1000..2000, 2000..2500]);
    }

    #[test]
    fn fractions_that_a_column_rounds_away_are_refused() {
        let column = |ty: &str, family| Column { name: "at".to_owned(), ty: ty.to_owned(), family };
        let told = |ty: &str, text: &str| {
            let mut table = Table::new(vec![Arc::from("at")].into());
            table.push([Value::text(text)]);
            check(&table, &[&column(ty, Family::Timestamp)])
        };
        assert!(told("datetime(6)", "2025-01-31T06:00:00.123456Z").is_ok());
        assert!(told("datetime(3)", "2025-01-31T06:00:00.123Z").is_ok());
        assert!(told("datetime", "2025-01-31 06:00:00").is_ok());
        let error = told("datetime", "2025-01-31T06:00:00.5Z").unwrap_err();
        assert_eq!(error.message, "column `at`, row 1: a fraction of a second, which `datetime` does not keep");
        assert!(told("datetime(3)", "2025-01-31T06:00:00.1234Z").is_err());
    }
}
