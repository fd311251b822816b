//! Reading from SQLite, and binding to it.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::TryStreamExt;
use serde_json::{Value as Json, json};
use sqlx::sqlite::{SqliteArguments, SqliteStatement};
use sqlx::{Arguments, AssertSqlSafe, Column, ColumnOrigin, Executor, Row, SqlSafeStr, SqliteConnection, Statement};

use super::decode::{Declared, declared, value};
use super::error::failure;
use crate::connection::SqlDialect;
use crate::connection::sql::rows::table_of;
use crate::connection::sql::text::{cover, plain, secrets};
use crate::query::sql::{Bound, SqlQuery, render};
use crate::value::{ErrorKind, StepError, Table, Value};

/// A statement's text and what is bound.
pub(super) struct Ready {
    /// The text.
    pub text: String,
    /// The values.
    pub arguments: SqliteArguments,
}

/// A query ready to run.
pub(super) fn ready(query: &SqlQuery) -> Result<Ready, StepError> {
    let rendered = render(query, SqlDialect::Sqlite, true)?;
    let mut arguments = SqliteArguments::default();
    for bound in &rendered.values {
        match bound {
            Bound::One(value) => bind(&mut arguments, value)?,
            Bound::Many(items) => add(&mut arguments, json_list(items))?,
        }
    }
    Ok(Ready { text: rendered.text(|number| format!("?{}", number + 1)), arguments })
}

/// Binds a value that has been checked.
pub(super) fn bind(arguments: &mut SqliteArguments, value: &Value) -> Result<(), StepError> {
    match value {
        Value::Bool(b) => add(arguments, i64::from(*b)),
        Value::Int(n) => add(arguments, *n),
        Value::Float(x) => add(arguments, *x),
        Value::Text(text) | Value::Url(text) | Value::Secret(text) => add(arguments, text.clone()),
        other => add(arguments, plain(other)),
    }
}

fn add<'t, T: sqlx::Encode<'t, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>>(
    arguments: &mut SqliteArguments,
    value: T,
) -> Result<(), StepError> {
    arguments.add(value).map_err(|error| StepError::new(ErrorKind::Data, format!("a value cannot be bound: {error}")))
}

/// A list as `json_each` reads it, each item as it would be bound alone.
fn json_list(items: &[Value]) -> String {
    let item = |item: &Value| match item {
        Value::Bool(b) => json!(i64::from(*b)),
        Value::Int(n) => json!(n),
        Value::Float(x) => json!(x),
        other => plain(other).map_or(Json::Null, Json::String),
    };
    Json::Array(items.iter().map(item).collect()).to_string()
}

/// Runs a query that reads.
pub(super) async fn query(connection: &mut SqliteConnection, query: &SqlQuery) -> Result<Table, StepError> {
    let ready = ready(query)?;
    let result = rows(connection, ready).await;
    result.map_err(|error| cover(error, &secrets(&query.arguments)))
}

/// Runs a statement that gives rows.
pub(super) async fn rows(connection: &mut SqliteConnection, ready: Ready) -> Result<Table, StepError> {
    let text = AssertSqlSafe(ready.text).into_sql_str();
    let statement = connection.prepare(text).await.map_err(|error| failure(&error))?;
    let kinds = declared_types(connection, &statement).await?;
    let names: Vec<Arc<str>> = statement.columns().iter().map(|column| column.name().into()).collect();
    let mut table = table_of(names.clone())?;
    let mut stream = statement.query_with(ready.arguments).fetch(connection);
    while let Some(row) = stream.try_next().await.map_err(|error| failure(&error))? {
        let values = names
            .iter()
            .zip(&kinds)
            .enumerate()
            .map(|(at, (name, kind))| if at < row.len() { value(&row, at, name, *kind) } else { Ok(Value::None) });
        table.push(values.collect::<Result<Vec<_>, _>>()?);
    }
    Ok(table)
}

/// The driver knows few declared types, so they are asked for: one small question for each table.
async fn declared_types(
    connection: &mut SqliteConnection,
    statement: &SqliteStatement,
) -> Result<Vec<Declared>, StepError> {
    let mut tables: HashMap<String, HashMap<String, Declared>> = HashMap::new();
    let mut kinds = Vec::with_capacity(statement.columns().len());
    for column in statement.columns() {
        let ColumnOrigin::Table(origin) = column.origin() else {
            kinds.push(Declared::Other);
            continue;
        };
        let table = origin.table.to_string();
        if !tables.contains_key(&table) {
            let columns = table_columns(connection, &table).await?;
            tables.insert(table.clone(), columns.into_iter().map(|(name, ty)| (name, declared(&ty))).collect());
        }
        let kind = tables.get(&table).and_then(|columns| columns.get(&*origin.name));
        kinds.push(kind.copied().unwrap_or(Declared::Other));
    }
    Ok(kinds)
}

/// Names and declared types of a table's columns; empty when there is no such table.
pub(super) async fn table_columns(
    connection: &mut SqliteConnection,
    table: &str,
) -> Result<Vec<(String, String)>, StepError> {
    let (schema, table) = table.split_once('.').map_or((None, table), |(schema, table)| (Some(schema), table));
    sqlx::query_as("select name, type from pragma_table_xinfo(?1, ?2) where hidden <> 1")
        .bind(table.to_owned())
        .bind(schema.map(str::to_owned))
        .fetch_all(connection)
        .await
        .map_err(|error| failure(&error))
}

/// Names of all tables and views.
pub(super) async fn table_names(connection: &mut SqliteConnection) -> Result<Vec<String>, StepError> {
    sqlx::query_scalar("select name from sqlite_schema where type in ('table', 'view') limit 1000")
        .fetch_all(connection)
        .await
        .map_err(|error| failure(&error))
}

pub(super) async fn has_no_tables(connection: &mut SqliteConnection) -> Result<bool, StepError> {
    Ok(table_names(connection).await?.is_empty())
}

/// Runs the schema when the database has no tables.
pub(super) async fn apply_schema(connection: &mut SqliteConnection, schema: &str) -> Result<(), StepError> {
    if !has_no_tables(connection).await? {
        return Ok(());
    }
    let done = sqlx::raw_sql(AssertSqlSafe(schema)).execute(connection).await;
    let error = |error| StepError { kind: ErrorKind::Configuration, ..failure(&error) };
    done.map(|_| ()).map_err(|e| error(e).context("the connection's schema does not run"))
}
