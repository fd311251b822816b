//! Writing to SQLite. The caller holds a transaction that nobody else can write beside.

use std::ops::Range;

use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, AssertSqlSafe, SqliteConnection};

use super::blame::{blame, explain};
use super::decode::{Declared, declared};
use super::error::failure;
use super::read::{Ready, bind, ready, table_columns, table_names};
use super::rounding::refuse_rounding;
use crate::connection::SqlDialect;
use crate::connection::sql::rows::{
    Column, Family, Target, cell, check_values, pieces, quote, quote_table, unknown_table, with_row,
};
use crate::connection::sql::text::{cover, secrets};
use crate::query::sql::SqlQuery;
use crate::value::{StepError, Table};

/// The most placeholders in a statement of many rows; well below SQLite's 32,766.
const PLACEHOLDERS: usize = 16_000;

/// The most rows in a statement.
const ROWS: usize = 1000;

/// Runs a statement; gives the number of rows it touched.
pub(super) async fn execute(connection: &mut SqliteConnection, query: &SqlQuery) -> Result<u64, StepError> {
    refuse_rounding(connection, query).await?;
    let done = run(connection, ready(query)?).await;
    done.map_err(|error| cover(error, &secrets(&query.arguments)))
}

/// Runs a statement that is ready.
pub(super) async fn run(connection: &mut SqliteConnection, ready: Ready) -> Result<u64, StepError> {
    start(connection, ready).await.map_err(|error| failure(&error))
}

/// Runs a statement that is ready; the driver's own error is left to the caller.
pub(super) async fn start(connection: &mut SqliteConnection, ready: Ready) -> Result<u64, sqlx::Error> {
    let query = sqlx::query_with(AssertSqlSafe(ready.text), ready.arguments);
    query.execute(connection).await.map(|done| done.rows_affected())
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
    let statement = |piece: &Range<usize>| insertion(&target, &columns, rows, piece);
    let mut touched = 0;
    for piece in pieces(rows.rows, piece_size(columns.len())) {
        match start(connection, statement(&piece)?).await {
            Ok(n) => touched += n,
            Err(error) => {
                let failure = blame(connection, &statement, &piece, rows, &error).await;
                return Err(explain(failure, table, rows));
            }
        }
    }
    Ok(touched)
}

/// How many rows of so many columns go into one statement.
pub(super) fn piece_size(columns: usize) -> usize {
    (PLACEHOLDERS / columns.max(1)).clamp(1, ROWS)
}

/// What is known of a table.
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

/// `insert into t (…) values (?, …), …` for some of the rows.
pub(super) fn insertion(
    target: &Target,
    columns: &[&Column],
    rows: &Table,
    piece: &Range<usize>,
) -> Result<Ready, StepError> {
    let mut arguments = SqliteArguments::default();
    arguments.reserve(piece.len() * columns.len(), 0);
    for at in piece.clone() {
        for place in 0..columns.len() {
            bind(&mut arguments, &cell(rows, place, at))?;
        }
    }
    let names: Vec<String> = columns.iter().map(|column| quote(&column.name)).collect();
    let row = format!("({})", vec!["?"; columns.len()].join(", "));
    let values = vec![row; piece.len()].join(", ");
    let text = format!("insert into {} ({}) values {values}", target.sql, names.join(", "));
    Ok(Ready { text, arguments })
}
