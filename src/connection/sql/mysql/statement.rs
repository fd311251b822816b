//! Running statements on a connection to MySQL.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError};

use futures_util::TryStreamExt;
use sqlx::mysql::{MySqlArguments, MySqlColumn};
use sqlx::{AssertSqlSafe, Column, ColumnOrigin, Connection, Either, Executor, Row, SqlSafeStr, Statement};

use super::Shared;
use super::decode::{may_be_json, value};
use super::encode::arguments;
use super::error::{failure, number};
use super::pool::Live;
use crate::connection::SqlDialect;
use crate::connection::sql::rows::{table_of, with_row};
use crate::connection::sql::text::{cover, secrets};
use crate::query::sql::{Bound, SqlQuery, StatementKind, render};
use crate::value::{StepError, Table, Value};

/// The conditions of a table's columns; `json` is an alias on MariaDB, told by `json_valid("name")`.
const CHECKS: &str = "
    select check_clause from information_schema.check_constraints
    where constraint_schema = ? and table_name = ? and check_clause like 'json_valid(%'";

/// Where a statement runs.
pub(super) struct Place<'c> {
    /// The connection.
    pub live: &'c mut Live,
    /// What is known of the database.
    pub shared: &'c Shared,
}

/// A text with its values.
struct Ready {
    text: String,
    arguments: MySqlArguments,
}

fn ready(query: &SqlQuery) -> Result<Ready, StepError> {
    let rendered = render(query, SqlDialect::MySql, false)?;
    // A null that is bound has the type of a text, and `coalesce(?, 7)` is one then.
    let is_null = |number: usize| matches!(rendered.values.get(number), Some(Bound::One(Value::None)));
    let text = rendered.text(|number| if is_null(number) { "null".to_owned() } else { "?".to_owned() });
    Ok(Ready { arguments: arguments(&rendered.values)?, text })
}

impl Place<'_> {
    /// Runs a query that reads.
    pub(super) async fn query(&mut self, query: &SqlQuery) -> Result<Table, StepError> {
        let result = match ready(query) {
            Ok(Ready { text, arguments }) => self.rows(text, arguments).await,
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

    /// Runs a statement once for each row. The driver keeps the prepared statement, so that each row is one
    /// round trip.
    pub(super) async fn each(&mut self, query: &SqlQuery, rows: &Table) -> Result<u64, StepError> {
        let mut touched = 0;
        for at in 0..rows.rows {
            let query = with_row(query, rows, at)?;
            let done = self.run(&query, true).await.map_err(|error| self.told(error, &query));
            touched += done.map_err(|error| error.context(format!("row {}", at + 1)))?;
        }
        Ok(touched)
    }

    /// A refusal may come from what was remembered of tables that have changed since.
    fn told(&self, error: StepError, query: &SqlQuery) -> StepError {
        self.shared.forget();
        cover(error, &secrets(&query.arguments))
    }

    async fn run(&mut self, query: &SqlQuery, again: bool) -> Result<u64, StepError> {
        let Ready { text, arguments } = ready(query)?;
        let takes_values = !query.template.holes.is_empty();
        match self.touched(&text, arguments, again).await {
            // Some definitions cannot be prepared; without values they need not be.
            Err(error) if number(&error) == Some(1295) && !takes_values => {
                let done = self.live.connection.execute(AssertSqlSafe(text)).await;
                done.map(|done| done.rows_affected()).map_err(|error| failure(&error))
            }
            done => done.map_err(|error| failure(&error)),
        }
    }

    /// How many rows a statement changed, or gave back with `returning`: then it does not say the other.
    async fn touched(&mut self, text: &str, arguments: MySqlArguments, again: bool) -> Result<u64, sqlx::Error> {
        let query = sqlx::query_with(AssertSqlSafe(text.to_owned()), arguments).persistent(again);
        let (mut changed, mut given) = (0, 0);
        let mut results = self.live.connection.fetch_many(query);
        while let Some(result) = results.try_next().await? {
            match result {
                Either::Left(done) => changed += done.rows_affected(),
                Either::Right(_) => given += 1,
            }
        }
        Ok(if given > 0 { given } else { changed })
    }

    /// Runs a statement that gives rows.
    pub(super) async fn rows(&mut self, text: String, arguments: MySqlArguments) -> Result<Table, StepError> {
        let mut table: Option<(Table, Vec<MySqlColumn>)> = None;
        let query = sqlx::query_with(AssertSqlSafe(text.clone()), arguments).persistent(false);
        let mut stream = query.fetch(&mut self.live.connection);
        while let Some(row) = stream.try_next().await.map_err(|error| failure(&error))? {
            if table.is_none() {
                let names = row.columns().iter().map(|column| Arc::from(column.name())).collect();
                table = Some((table_of(names)?, row.columns().to_vec()));
            }
            let values = (0..row.len()).map(|at| value(&row, at)).collect::<Result<Vec<_>, _>>()?;
            if let Some((table, _)) = &mut table {
                table.push(values);
            }
        }
        drop(stream);
        match table {
            Some((table, columns)) => self.with_json(table, &columns).await,
            None => self.no_rows(text).await,
        }
    }

    /// No row tells its columns, so they are asked for.
    async fn no_rows(&mut self, text: String) -> Result<Table, StepError> {
        let asked = AssertSqlSafe(text).into_sql_str();
        let statement = self.live.connection.prepare(asked).await.map_err(|error| failure(&error))?;
        let names = statement.columns().iter().map(|column| Arc::from(column.name())).collect();
        // The driver would run the same text with these columns after the table has changed.
        self.live.connection.clear_cached_statements().await.map_err(|error| failure(&error))?;
        table_of(names)
    }

    /// Reads the texts of columns that MariaDB was told to be JSON.
    async fn with_json(&mut self, mut table: Table, columns: &[MySqlColumn]) -> Result<Table, StepError> {
        if !self.live.is_mariadb {
            return Ok(table);
        }
        for (column, values) in columns.iter().zip(&mut table.columns) {
            let ColumnOrigin::Table(origin) = column.origin() else { continue };
            if may_be_json(column) && self.json_columns(&origin.table).await?.contains(&origin.name.to_lowercase()) {
                *values = values.iter().map(read_json).collect();
            }
        }
        Ok(table)
    }

    /// The columns of JSON of a table, `database.table`, in lower case.
    async fn json_columns(&mut self, table: &str) -> Result<Arc<HashSet<String>>, StepError> {
        let known = self.shared.json.lock().unwrap_or_else(PoisonError::into_inner).get(table).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let (database, name) = table.split_once('.').unwrap_or(("", table));
        let asked = sqlx::query_scalar(CHECKS).bind(database).bind(name);
        let clauses: Vec<String> = asked.fetch_all(&mut self.live.connection).await.map_err(|error| failure(&error))?;
        let found: Arc<HashSet<String>> = Arc::new(clauses.iter().filter_map(|clause| json_column(clause)).collect());
        self.shared.json.lock().unwrap_or_else(PoisonError::into_inner).insert(table.to_owned(), found.clone());
        Ok(found)
    }

    /// Runs a command without parameters: `start transaction`, a savepoint.
    pub(super) async fn command(&mut self, text: &'static str) -> Result<(), StepError> {
        self.live.connection.execute(text).await.map(|_| ()).map_err(|error| failure(&error))
    }
}

/// The column that `json_valid("name")` is about.
pub(super) fn json_column(clause: &str) -> Option<String> {
    let inner = clause.strip_prefix("json_valid(")?.strip_suffix(')')?;
    Some(inner.trim_matches(['"', '`']).to_lowercase())
}

fn read_json(value: Value) -> Value {
    match &value {
        Value::Text(text) => serde_json::from_str(text).map_or(value, |json| Value::Json(Arc::new(json))),
        _ => value,
    }
}
