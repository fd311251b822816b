//! SQL databases. `conformance` runs on all of them; the rest is about one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod conformance;
mod faults;
mod grammar;
mod local;
mod mysql;
mod postgres;
mod schema;
mod sqlite;

use std::sync::Arc;

use vmflow::connection::Sql;
use vmflow::query::sql::{SqlQuery, parse};
use vmflow::source::{SourceId, Span};
use vmflow::value::{StepError, Table, Value};

/// A query from its text and its arguments by name.
pub(super) fn query(text: &str, arguments: &[(&str, Value)]) -> SqlQuery {
    let span = Span::new(SourceId(0), 0, u32::try_from(text.len()).unwrap());
    let (template, findings) = parse(text, span);
    assert_eq!(findings, [], "{text}");
    let argument = |path: &str| arguments.iter().find(|(name, _)| *name == path).map(|(_, value)| value.clone());
    let arguments = template.holes.iter().filter_map(|hole| argument(&hole.path.join("."))).collect();
    SqlQuery { template: Arc::new(template), arguments }
}

/// What a query gives.
pub(super) async fn read(db: &dyn Sql, text: &str, arguments: &[(&str, Value)]) -> Result<Table, StepError> {
    db.session().await?.query(&query(text, arguments)).await
}

/// The only value that a query gives.
pub(super) async fn one(db: &dyn Sql, text: &str, arguments: &[(&str, Value)]) -> Value {
    let table = read(db, text, arguments).await.unwrap();
    assert_eq!((table.columns.len(), table.rows), (1, 1), "{text}");
    table.columns[0].get(0).unwrap()
}

/// Runs statements that are separated by `;`.
pub(super) async fn define(db: &dyn Sql, statements: &str) {
    let mut session = db.session().await.unwrap();
    for text in statements.split(';').filter(|text| !text.trim().is_empty()) {
        session.execute(&query(text, &[])).await.unwrap();
    }
}

/// A table from its rows.
pub(super) fn rows(names: &[&str], rows: &[&[Value]]) -> Table {
    let mut table = Table::new(names.iter().map(|&name| Arc::from(name)).collect());
    for row in rows {
        table.push(row.iter().cloned());
    }
    table
}

/// Names as keys are given.
pub(super) fn names(names: &[&str]) -> Vec<Arc<str>> {
    names.iter().map(|&name| Arc::from(name)).collect()
}

pub(super) fn text(text: &str) -> Value {
    Value::text(text)
}

pub(super) fn decimal(text: &str) -> Value {
    Value::Decimal(Arc::new(text.parse().unwrap()))
}

pub(super) fn date(text: &str) -> Value {
    Value::Date(text.parse().unwrap())
}

pub(super) fn timestamp(text: &str) -> Value {
    Value::Timestamp(text.parse().unwrap())
}

pub(super) fn json(text: &str) -> Value {
    Value::Json(Arc::new(serde_json::from_str(text).unwrap()))
}
