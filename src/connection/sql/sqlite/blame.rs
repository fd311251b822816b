//! Which of many rows SQLite refused, and what in it.

use std::ops::Range;

use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteArguments;

use super::error::{code, failure};
use super::read::Ready;
use super::write::start;
use crate::connection::sql::rows::cell;
use crate::connection::sql::text::{cover, secrets};
use crate::value::{StepError, Table};

/// CONSTRAINT, MISMATCH.
const OF_A_ROW: [i32; 2] = [19, 20];

/// The failure of a statement over a piece of the rows, with the first row that it refuses: halves of the piece are
/// written, as long as they can be, which takes no longer than writing it twice. Nothing of it stays.
pub(super) async fn blame(
    connection: &mut SqliteConnection,
    statement: &(dyn Fn(&Range<usize>) -> Result<Ready, StepError> + Sync),
    piece: &Range<usize>,
    rows: &Table,
    error: &sqlx::Error,
) -> StepError {
    if !code(error).is_some_and(|code| OF_A_ROW.contains(&(code & 0xff))) {
        return failure(error);
    }
    let found = search(connection, statement, piece.clone()).await;
    match found {
        Some((at, error)) => at_fault(&error, rows, at),
        None => failure(error),
    }
}

async fn search(
    connection: &mut SqliteConnection,
    statement: &(dyn Fn(&Range<usize>) -> Result<Ready, StepError> + Sync),
    mut rest: Range<usize>,
) -> Option<(usize, sqlx::Error)> {
    // A constraint may be one that rolls the whole transaction back; then this begins another, for what comes now.
    command(connection, "savepoint vmflow_rows").await.ok()?;
    let mut found = None;
    while !rest.is_empty() {
        let half = rest.start..rest.start + rest.len().div_ceil(2);
        match start(connection, statement(&half).ok()?).await {
            Ok(_) => rest.start = half.end,
            Err(error) if half.len() == 1 => {
                found = Some((half.start, error));
                break;
            }
            Err(_) => rest.end = half.end,
        }
    }
    command(connection, "rollback to vmflow_rows").await.ok()?;
    command(connection, "release vmflow_rows").await.ok()?;
    found
}

async fn command(connection: &mut SqliteConnection, text: &str) -> Result<u64, sqlx::Error> {
    start(connection, Ready { text: text.to_owned(), arguments: SqliteArguments::default() }).await
}

fn at_fault(error: &sqlx::Error, rows: &Table, at: usize) -> StepError {
    let mut failure = failure(error);
    let named = failure.message.split_once(" failed: ").map(|(_, columns)| shown(columns, rows, at));
    if let Some(values) = named.filter(|values| !values.is_empty()) {
        failure.message = format!("{} ({values})", failure.message);
    }
    failure.context(format!("row {}", at + 1))
}

/// `a = 1, b = 2` for `t.a, t.b`, as far as the rows have such columns.
fn shown(columns: &str, rows: &Table, at: usize) -> String {
    let value = |column: &str| {
        let name = column.rsplit('.').next().unwrap_or(column);
        let place = rows.shape.iter().position(|known| known.eq_ignore_ascii_case(name))?;
        let value: String = cell(rows, place, at).to_string().chars().take(60).collect();
        Some(format!("{name} = {value}"))
    };
    columns.split(", ").filter_map(value).collect::<Vec<_>>().join(", ")
}

/// Says which table was written to, and covers secrets.
pub(super) fn explain(error: StepError, table: &str, rows: &Table) -> StepError {
    cover(error, &secrets(rows.cells())).context(format!("writing to `{table}`"))
}
