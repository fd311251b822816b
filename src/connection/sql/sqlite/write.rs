//! Writing to SQLite. The caller holds a transaction that nobody else can write beside.

use std::ops::Range;

use sqlx::sqlite::SqliteArguments;
use sqlx::{AssertSqlSafe, SqliteConnection};

use super::decode::{Declared, declared};
use super::error::failure;
use super::read::{Ready, bind, ready, table_columns, table_names};
use crate::connection::SqlDialect;
use crate::connection::sql::rows::{
    Column, Family, Target, check_values, pieces, quote, quote_table, unknown_table, with_row,
};
use crate::connection::sql::text::{cover, secrets};
use crate::query::sql::SqlQuery;
use crate::value::{StepError, Table, Value};

/// The most placeholders in a statement of many rows; well below SQLite's 32,766.
const PLACEHOLDERS: usize = 16_000;

/// The most rows in a statement.
const ROWS: usize = 1000;

/// Runs a statement; gives the number of rows it touched.
pub(super) async fn execute(connection: &mut SqliteConnection, query: &SqlQuery) -> Result<u64, StepError> {
    let done = run(connection, ready(query)?).await;
    done.map_err(|error| cover(error, &secrets(&query.arguments)))
}

pub(super) async fn run(connection: &mut SqliteConnection, ready: Ready) -> Result<u64, StepError> {
    let query = sqlx::query_with(AssertSqlSafe(ready.text), ready.arguments);
    query.execute(connection).await.map(|done| done.rows_affected()).map_err(|error| failure(&error))
}

/// Runs a statement once for each row.
pub(super) async fn each(connection: &mut SqliteConnection, query: &SqlQuery, rows: &Table) -> Result<u64, StepError> {
    let mut touched = 0;
    for at in 0..rows.rows {
        let query = with_row(query, rows, at)?;
        touched += execute(connection, &query).await.map_err(|error| error.context(format!("row {}", at + 1)))?;
    }
    Ok(touched)
}

/// Inserts rows.
pub(super) async fn insert(connection: &mut SqliteConnection, table: &str, rows: &Table) -> Result<u64, StepError> {
    if rows.rows == 0 {
        return Ok(0);
    }
    let target = target(connection, table).await?;
    let columns = target.columns_of(rows)?;
    check_values(rows, &columns, SqlDialect::Sqlite)?;
    let mut touched = 0;
    for piece in pieces(rows.rows, piece_size(columns.len())) {
        let statement = insertion(&target, &columns, rows, &piece, "")?;
        touched += run(connection, statement).await.map_err(|error| explain(error, table, rows))?;
    }
    Ok(touched)
}

pub(super) fn piece_size(columns: usize) -> usize {
    (PLACEHOLDERS / columns.max(1)).clamp(1, ROWS)
}

pub(super) fn explain(error: StepError, table: &str, rows: &Table) -> StepError {
    cover(error, &secrets(rows.cells())).context(format!("writing to `{table}`"))
}

pub(super) async fn target(connection: &mut SqliteConnection, table: &str) -> Result<Target, StepError> {
    let sql = quote_table(table)?;
    let columns = table_columns(connection, table).await?;
    if columns.is_empty() {
        let names = table_names(connection).await?;
        return Err(unknown_table(table, names.iter().map(String::as_str)));
    }
    let column = |(name, ty): (String, String)| {
        let family = match declared(&ty) {
            Declared::Date => Family::Date,
            Declared::Timestamp => Family::Timestamp,
            _ => Family::Other,
        };
        Column { name, ty, family }
    };
    Ok(Target { sql, name: table.to_owned(), columns: columns.into_iter().map(column).collect() })
}

/// `insert into t (…) values (?, …), …` for some of the rows, and what follows.
pub(super) fn insertion(
    target: &Target,
    columns: &[&Column],
    rows: &Table,
    piece: &Range<usize>,
    then: &str,
) -> Result<Ready, StepError> {
    let names: Vec<String> = columns.iter().map(|column| quote(&column.name)).collect();
    let (values, arguments) = values(columns.iter().map(|column| column.name.as_str()), columns, rows, piece)?;
    let text = format!("insert into {} ({}) values {values} {then}", target.sql, names.join(", "));
    Ok(Ready { text, arguments })
}

/// `(?, ?), (?, ?)` with the named columns of some rows.
fn values<'n>(
    names: impl Iterator<Item = &'n str>,
    columns: &[&Column],
    rows: &Table,
    piece: &Range<usize>,
) -> Result<(String, SqliteArguments), StepError> {
    let positions: Vec<usize> =
        names.filter_map(|name| columns.iter().position(|column| column.name == name)).collect();
    let mut arguments = SqliteArguments::default();
    for at in piece.clone() {
        for position in &positions {
            let cell = rows.columns.get(*position).and_then(|column| column.get(at)).unwrap_or(Value::None);
            bind(&mut arguments, &cell)?;
        }
    }
    let row = format!("({})", vec!["?"; positions.len()].join(", "));
    Ok((vec![row; piece.len()].join(", "), arguments))
}
