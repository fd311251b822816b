//! Writing to SQLite. The caller holds a transaction that nobody else can write beside.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use sqlx::sqlite::SqliteArguments;
use sqlx::{AssertSqlSafe, SqliteConnection};

use super::decode::{Declared, declared};
use super::error::failure;
use super::read::{Ready, bind, ready, rows, table_columns, table_names};
use crate::connection::sql::rows::{
    Column, Family, Target, check_keys, check_values, no_unique_index, pieces, quote, quote_table, table_of,
    unknown_table, with_row,
};
use crate::connection::sql::text::{cover, secrets};
use crate::connection::{SqlDialect, Upserted};
use crate::query::sql::SqlQuery;
use crate::value::{ErrorKind, StepError, Table, Value};

/// The most placeholders in a statement of many rows; well below SQLite's 32,766.
const PLACEHOLDERS: usize = 16_000;

/// The most rows in a statement.
const ROWS: usize = 1000;

/// Runs a statement; gives the number of rows it touched.
pub(super) async fn execute(connection: &mut SqliteConnection, query: &SqlQuery) -> Result<u64, StepError> {
    let done = run(connection, ready(query)?).await;
    done.map_err(|error| cover(error, &secrets(&query.arguments)))
}

async fn run(connection: &mut SqliteConnection, ready: Ready) -> Result<u64, StepError> {
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

fn piece_size(columns: usize) -> usize {
    (PLACEHOLDERS / columns.max(1)).clamp(1, ROWS)
}

fn explain(error: StepError, table: &str, rows: &Table) -> StepError {
    cover(error, &secrets(rows.cells())).context(format!("writing to `{table}`"))
}

async fn target(connection: &mut SqliteConnection, table: &str) -> Result<Target, StepError> {
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
fn insertion(
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

/// Inserts rows, or updates those whose key is there.
pub(super) async fn upsert(
    connection: &mut SqliteConnection,
    table: &str,
    rows: &Table,
    key: &[Arc<str>],
    returning: &[Arc<str>],
) -> Result<Upserted, StepError> {
    let mut done = Upserted { rows: table_of(returning.to_vec())?, ..Upserted::default() };
    if rows.rows == 0 {
        return Ok(done);
    }
    check_keys(rows, key)?;
    let target = target(connection, table).await?;
    let columns = target.columns_of(rows)?;
    check_values(rows, &columns, SqlDialect::Sqlite)?;
    let plan = Upsert { target: &target, columns: &columns, rows, key: keys(&target, key)?, asked: key, returning };
    let mut written = HashSet::new();
    for piece in pieces(rows.rows, piece_size(columns.len())) {
        plan.piece(connection, &piece, &mut done, &mut written).await?;
    }
    Ok(done)
}

fn keys<'t>(target: &'t Target, key: &[Arc<str>]) -> Result<Vec<&'t Column>, StepError> {
    key.iter().map(|name| target.column(name)).collect()
}

struct Upsert<'a> {
    target: &'a Target,
    columns: &'a [&'a Column],
    rows: &'a Table,
    key: Vec<&'a Column>,
    asked: &'a [Arc<str>],
    returning: &'a [Arc<str>],
}

impl Upsert<'_> {
    /// Counts the keys that are there, then writes all rows: nobody else writes in between.
    async fn piece(
        &self,
        connection: &mut SqliteConnection,
        piece: &Range<usize>,
        done: &mut Upserted,
        written: &mut HashSet<Vec<Value>>,
    ) -> Result<(), StepError> {
        let there = self.count(connection, piece).await?;
        let statement = insertion(self.target, self.columns, self.rows, piece, &self.on_conflict()?)?;
        let given = rows(connection, statement).await.map_err(|error| self.refused(error))?;
        if given.rows != piece.len() {
            let message =
                format!("SQLite took {} of {} rows; a trigger may have kept the others out", given.rows, piece.len());
            return Err(StepError::new(ErrorKind::Write, message));
        }
        for at in 0..given.rows {
            let mut cells = given.columns.iter().filter_map(|column| column.get(at));
            let key: Vec<Value> = cells.by_ref().take(self.key.len()).collect();
            done.rows.push(cells);
            self.first_time(key, written)?;
        }
        done.updated += there;
        done.created += piece.len() as u64 - there.min(piece.len() as u64);
        Ok(())
    }

    /// Keys that differ as given and are one in the column (a collation without case) would overwrite each other.
    fn first_time(&self, key: Vec<Value>, written: &mut HashSet<Vec<Value>>) -> Result<(), StepError> {
        if written.contains(&key) {
            let shown: Vec<String> =
                self.asked.iter().zip(&key).map(|(name, value)| format!("{name} = {value}")).collect();
            let message = format!("two rows have the same key in the column: {}", shown.join(", "));
            return Err(StepError::new(ErrorKind::Data, message).help("keep one row for each key"));
        }
        written.insert(key);
        Ok(())
    }

    async fn count(&self, connection: &mut SqliteConnection, piece: &Range<usize>) -> Result<u64, StepError> {
        let names = self.key.iter().map(|column| column.name.as_str());
        let (values, arguments) = values(names, self.columns, self.rows, piece)?;
        let aliases: Vec<String> = (1..=self.key.len()).map(|n| format!("k{n}")).collect();
        let matches: Vec<String> = self
            .key
            .iter()
            .zip(&aliases)
            .map(|(column, alias)| format!("t.{} = v.{alias}", quote(&column.name)))
            .collect();
        // The column stands left, so that its affinity and collation decide, as they do in the index.
        let text = format!(
            "with v({}) as (values {values}) select count(*) as n from v where exists (select 1 from {} t where {})",
            aliases.join(", "),
            self.target.sql,
            matches.join(" and "),
        );
        let table = rows(connection, Ready { text, arguments }).await?;
        match table.columns.first().and_then(crate::value::Column::first) {
            Some(Value::Int(n)) => Ok(u64::try_from(n).unwrap_or(0)),
            _ => Err(StepError::new(ErrorKind::Internal, "SQLite gave no count")),
        }
    }

    fn on_conflict(&self) -> Result<String, StepError> {
        let key: Vec<String> = self.key.iter().map(|column| quote(&column.name)).collect();
        let is_key = |column: &&&Column| self.key.iter().any(|key| key.name == column.name);
        let mut set: Vec<&Column> = self.columns.iter().filter(|column| !is_key(column)).copied().collect();
        if set.is_empty() {
            // A change to the same value: `do nothing` would return no row.
            set.extend(self.key.first().copied());
        }
        let set: Vec<String> = set.iter().map(|column| format!("{0} = excluded.{0}", quote(&column.name))).collect();
        let back = self.returning.iter().map(|name| self.target.column(name).map(|column| quote(&column.name)));
        let back = back.collect::<Result<Vec<_>, _>>()?;
        let named = key.iter().chain(&back).enumerate().map(|(n, column)| format!("{column} as c{n}"));
        Ok(format!(
            "on conflict ({}) do update set {} returning {}",
            key.join(", "),
            set.join(", "),
            named.collect::<Vec<_>>().join(", ")
        ))
    }

    fn refused(&self, error: StepError) -> StepError {
        let unmatched = error.message.contains("ON CONFLICT clause does not match");
        if unmatched { no_unique_index(self.target, self.asked) } else { explain(error, &self.target.name, self.rows) }
    }
}
