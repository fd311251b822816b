//! Running statements on a connection to PostgreSQL.

use std::sync::Arc;

use futures_util::TryStreamExt;
use sqlx::postgres::{PgConnection, PgTypeInfo};
use sqlx::{AssertSqlSafe, Column, Connection, Executor, Row, SqlSafeStr, Statement};

use super::Shared;
use super::decode::{add, kinds};
use super::each::is_prepared;
use super::error::{code, failure};
use super::plan::{Ready, ready};
use crate::connection::sql::rows::{table_of, with_row};
use crate::connection::sql::text::{cover, secrets};
use crate::query::sql::{SqlQuery, StatementKind};
use crate::value::{StepError, Table};

/// Where a statement runs.
pub(super) struct Place<'c> {
    /// The connection.
    pub connection: &'c mut PgConnection,
    /// What is known of the database.
    pub shared: &'c Shared,
    /// Whether the connection is in a transaction.
    pub inside: bool,
}

impl Place<'_> {
    /// Runs a query that reads.
    pub(super) async fn query(&mut self, query: &SqlQuery) -> Result<Table, StepError> {
        let result = match ready(self.connection, &self.shared.plans, query, self.inside).await {
            Ok(ready) => self.rows(ready).await,
            Err(error) => Err(error),
        };
        result.map_err(|error| self.told(error, query))
    }

    /// Runs a statement; gives the number of rows it touched.
    pub(super) async fn execute(&mut self, query: &SqlQuery) -> Result<u64, StepError> {
        let result = self.run(query, false).await.map_err(|error| self.told(error, query));
        if query.template.kind == StatementKind::Definition {
            self.shared.forget();
        }
        result
    }

    /// Runs a statement once for each row. Where it cannot be sent for many rows at once, the driver keeps it prepared, and
    /// each row is one round trip.
    pub(super) async fn each(&mut self, query: &SqlQuery, rows: &Table) -> Result<u64, StepError> {
        if rows.rows > 1 && self.inside && is_prepared(query) {
            return self.each_in_batches(query, rows).await;
        }
        let mut touched = 0;
        for at in 0..rows.rows {
            let query = with_row(query, rows, at)?;
            let done = self.run(&query, true).await.map_err(|error| self.told(error, &query));
            touched += done.map_err(|error| error.context(format!("row {}", at + 1)))?;
        }
        Ok(touched)
    }

    /// A refusal may come from what was remembered of tables that have changed since.
    pub(super) fn told(&self, error: StepError, query: &SqlQuery) -> StepError {
        self.shared.forget();
        cover(error, &secrets(&query.arguments))
    }

    pub(super) async fn run(&mut self, query: &SqlQuery, again: bool) -> Result<u64, StepError> {
        let ready = ready(self.connection, &self.shared.plans, query, self.inside).await?;
        let text = ready.text.clone();
        let query = sqlx::query_with(AssertSqlSafe(ready.text), ready.arguments).persistent(again);
        let done = query.execute(&mut *self.connection).await;
        done.map(|done| done.rows_affected()).map_err(|error| failure(&error, &text))
    }

    /// Runs a statement that gives rows. Each goes into the columns as it arrives, and the server sends no faster than
    /// that: what is in between is bounded, whatever the result's size.
    pub(super) async fn rows(&mut self, ready: Ready) -> Result<Table, StepError> {
        let Ready { text, arguments, types, .. } = ready;
        let mut table: Option<Table> = None;
        let mut columns = Vec::new();
        // Not kept by the driver: `select *` after a change of the table would fail on a kept one.
        let query = sqlx::query_with(AssertSqlSafe(text.clone()), arguments).persistent(false);
        let mut stream = query.fetch(&mut *self.connection);
        while let Some(row) = stream.try_next().await.map_err(|error| failure(&error, &text))? {
            if table.is_none() {
                table = Some(table_of(row.columns().iter().map(|column| Arc::from(column.name())).collect())?);
                columns = kinds(&row);
            }
            let Some(table) = &mut table else { continue };
            for (at, (kind, values)) in columns.iter().zip(&mut table.columns).enumerate() {
                add(&row, at, *kind, values)?;
            }
            table.rows += 1;
        }
        drop(stream);
        match table {
            Some(table) => Ok(table),
            None => self.no_rows(text, &types).await,
        }
    }

    /// No row tells its columns, so they are asked for.
    async fn no_rows(&mut self, text: String, types: &[PgTypeInfo]) -> Result<Table, StepError> {
        let asked = AssertSqlSafe(text.clone()).into_sql_str();
        let statement = self.connection.prepare_with(asked, types).await.map_err(|error| failure(&error, &text))?;
        // The driver would run the same text with these columns after the table has changed.
        let cleared = self.connection.clear_cached_statements().await;
        cleared.map_err(|error| failure(&error, &text))?;
        table_of(statement.columns().iter().map(|column| Arc::from(column.name())).collect())
    }

    /// Runs a command without parameters: `begin`, `commit`, a savepoint.
    pub(super) async fn command(&mut self, text: &'static str) -> Result<(), StepError> {
        self.connection.execute(text).await.map(|_| ()).map_err(|error| failure(&error, ""))
    }
}

/// Whether the server found no unique index for `on conflict`.
pub(super) fn lacks_index(error: &sqlx::Error) -> bool {
    code(error) == Some("42P10")
}
