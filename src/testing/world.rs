//! The world of a test: connections that lead nowhere, and a clock that nobody waits for.
//!
//! What is read must be given, so every read is refused. What is written is recorded, and answered as a store would that
//! held nothing before.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::{BoxFuture, ready};
use futures_util::stream::{BoxStream, StreamExt};
use indexmap::IndexMap;
use serde_json::Value as Json;

use crate::check::program::ConnectionUse;
use crate::connection::sql::Distinct;
use crate::connection::{
    Answer, Change, Clock, FileFormat, FileFound, Files, Http, HttpRequest, HttpResponse, Located, Metrics, Replaced,
    Sql, SqlDialect, SqlSession, SqlTransaction, Turn, Upserted, Wanted, Written, metrics,
};
use crate::primitive::recorded;
use crate::query::sql::{SqlQuery, changed_table};
use crate::value::{ConnectionKind, ErrorKind, MapValue, Sample, Series, StepError, Table, Timestamp, Value};

/// How many requests may be under way at once.
const POOL: usize = 4;

/// Everything that was written, in order. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Record(Arc<Mutex<Vec<Value>>>);

impl Record {
    fn extend(&self, entries: impl IntoIterator<Item = Value>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(entries);
    }

    /// What was recorded.
    pub(super) fn take(&self) -> Value {
        Value::list(std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// Why a read through a connection fails.
pub(super) fn refusal(connection: &str) -> StepError {
    StepError::new(ErrorKind::Missing, format!("a test reaches nothing through `{connection}`"))
}

fn answer<'a, T: Send + 'a>(result: Result<T, StepError>) -> Answer<'a, T> {
    Box::pin(ready(result))
}

/// A clock on which waiting takes no time.
#[derive(Debug)]
pub struct StillClock(Mutex<DateTime<Utc>>);

impl StillClock {
    /// Starts there.
    pub fn at(now: Timestamp) -> Self {
        Self(Mutex::new(now))
    }
}

impl Clock for StillClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sleep(&self, ms: u64) -> BoxFuture<'static, ()> {
        let wait = i64::try_from(ms).ok().and_then(TimeDelta::try_milliseconds).unwrap_or_default();
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = now.checked_add_signed(wait).unwrap_or(*now);
        Box::pin(ready(()))
    }
}

/// A connection of any kind, also a transaction on it.
#[derive(Debug, Clone)]
pub(super) struct Nowhere {
    name: Arc<str>,
    kind: ConnectionKind,
    record: Record,
}

impl Nowhere {
    /// The connection that a workflow uses.
    pub(super) fn new(used: &ConnectionUse, record: Record) -> Self {
        Self { name: used.name.clone(), kind: used.kind, record }
    }

    fn refuse<'a, T: Send + 'a>(&self) -> Answer<'a, T> {
        answer(Err(refusal(&self.name)))
    }

    fn write(&self, name: Option<&str>, written: impl IntoIterator<Item = Value>) {
        self.record.extend(written.into_iter().map(|one| recorded(&self.name, name, one)));
    }
}

impl Sql for Nowhere {
    fn dialect(&self) -> SqlDialect {
        match self.kind {
            ConnectionKind::Postgres => SqlDialect::Postgres,
            ConnectionKind::Mysql => SqlDialect::MySql,
            _ => SqlDialect::Sqlite,
        }
    }

    fn pool_size(&self) -> usize {
        POOL
    }

    fn session(&self) -> Answer<'_, Box<dyn SqlSession>> {
        answer(Ok(Box::new(self.clone())))
    }

    fn begin(&self) -> Answer<'_, Box<dyn SqlTransaction>> {
        // What a transaction wrote joins the record when it is committed.
        let inner = Self { record: Record::default(), ..self.clone() };
        answer(Ok(Box::new(Transaction { inner, record: self.record.clone() })))
    }
}

impl SqlSession for Nowhere {
    fn query<'a>(&'a mut self, _query: &'a SqlQuery) -> Answer<'a, Table> {
        self.refuse()
    }

    fn execute<'a>(&'a mut self, query: &'a SqlQuery) -> Answer<'a, u64> {
        self.write(changed_table(&query.to_string()).as_deref(), [statement(query, query.arguments.clone())]);
        answer(Ok(1))
    }

    fn each<'a>(&'a mut self, query: &'a SqlQuery, rows: &'a Table) -> Answer<'a, u64> {
        let holes = |row: usize| {
            let value = |hole: &crate::value::Hole| {
                let column = hole.path.first().and_then(|name| rows.column(name));
                column.and_then(|column| column.get(row))
            };
            let holes = query.template.holes.iter().zip(&query.arguments);
            holes.map(|(hole, given)| value(hole).unwrap_or_else(|| given.clone())).collect()
        };
        self.write(
            changed_table(&query.to_string()).as_deref(),
            (0..rows.rows).map(|row| statement(query, holes(row))),
        );
        answer(Ok(rows.rows as u64))
    }

    fn insert<'a>(&'a mut self, table: &'a str, rows: &'a Table) -> Answer<'a, u64> {
        self.write(Some(table), records(rows));
        answer(Ok(rows.rows as u64))
    }

    fn upsert<'a>(
        &'a mut self,
        table: &'a str,
        rows: &'a Table,
        key: &'a [Arc<str>],
        returning: &'a [Arc<str>],
    ) -> Answer<'a, Upserted> {
        if rows.rows == 0 {
            return answer(Ok(Upserted { rows: returned(rows, returning), ..Upserted::default() }));
        }
        answer(Distinct::of(rows, key).map(|distinct| {
            self.write(Some(table), records(&distinct.rows));
            let back = distinct.spread(returned(&distinct.rows, returning));
            Upserted { created: distinct.rows.rows as u64, rows: back, ..Upserted::default() }
        }))
    }
}

/// A body as a file would write it, so that it compares with what is written there.
fn plain(json: &Json) -> Value {
    match json {
        Json::Null => Value::None,
        Json::Bool(b) => Value::Bool(*b),
        Json::Number(n) => n.as_i64().map(Value::Int).or_else(|| n.as_f64().map(Value::Float)).unwrap_or(Value::None),
        Json::String(text) => Value::text(text.as_str()),
        Json::Array(items) => Value::list(items.iter().map(plain).collect()),
        Json::Object(fields) => Value::record(fields.iter().map(|(name, value)| (name.as_str(), plain(value)))),
    }
}

/// A statement as it was run.
fn statement(query: &SqlQuery, arguments: Vec<Value>) -> Value {
    let name = |hole: &crate::value::Hole| hole.path.join(".");
    let arguments = query.template.holes.iter().zip(arguments).map(|(hole, value)| (name(hole), value));
    let arguments = arguments.collect::<IndexMap<String, Value>>();
    Value::record([("sql", Value::text(query.to_string())), ("arguments", Value::record(arguments))])
}

fn records(rows: &Table) -> impl Iterator<Item = Value> {
    rows.iter().map(|row| Value::Record(Arc::new(row)))
}

/// What an upsert gives back: the columns as they were given, and those that the database makes counted from 1.
fn returned(rows: &Table, columns: &[Arc<str>]) -> Table {
    let mut table = Table::new(columns.into());
    for (at, number) in (0..rows.rows).zip(1_i64..) {
        let given = |column: &Arc<str>| rows.cell(column, at);
        table.push(columns.iter().map(|column| given(column).unwrap_or(Value::Int(number))).collect::<Vec<_>>());
    }
    table
}

/// A transaction: what it wrote is recorded when it is committed, and forgotten when it is not.
struct Transaction {
    inner: Nowhere,
    record: Record,
}

impl SqlSession for Transaction {
    fn query<'a>(&'a mut self, query: &'a SqlQuery) -> Answer<'a, Table> {
        self.inner.query(query)
    }

    fn execute<'a>(&'a mut self, query: &'a SqlQuery) -> Answer<'a, u64> {
        self.inner.execute(query)
    }

    fn each<'a>(&'a mut self, query: &'a SqlQuery, rows: &'a Table) -> Answer<'a, u64> {
        self.inner.each(query, rows)
    }

    fn insert<'a>(&'a mut self, table: &'a str, rows: &'a Table) -> Answer<'a, u64> {
        self.inner.insert(table, rows)
    }

    fn upsert<'a>(
        &'a mut self,
        table: &'a str,
        rows: &'a Table,
        key: &'a [Arc<str>],
        returning: &'a [Arc<str>],
    ) -> Answer<'a, Upserted> {
        self.inner.upsert(table, rows, key, returning)
    }
}

impl SqlTransaction for Transaction {
    fn commit(self: Box<Self>) -> Answer<'static, ()> {
        if let Value::List(written) = self.inner.record.take() {
            self.record.extend(written.iter().cloned());
        }
        answer(Ok(()))
    }

    fn rollback(self: Box<Self>) -> Answer<'static, ()> {
        answer(Ok(()))
    }
}

impl Metrics for Nowhere {
    fn pool_size(&self) -> usize {
        POOL
    }

    fn instant<'a>(&'a self, _query: &'a str, _at: Timestamp) -> Answer<'a, Vec<Sample>> {
        self.refuse()
    }

    fn export<'a>(&'a self, _selector: &'a str, _from: i64, _to: i64) -> BoxStream<'a, Result<Series, StepError>> {
        futures_util::stream::iter([Err(refusal(&self.name))]).boxed()
    }

    fn write<'a>(&'a self, series: &'a [Series]) -> Answer<'a, Written> {
        if let Err(error) = metrics::refuse(series) {
            return answer(Err(error));
        }
        for one in series {
            self.write(Some(&one.name), one.samples().map(|sample| Value::Sample(Arc::new(sample))));
        }
        let written = series.iter().map(|one| one.points.len() as u64).sum();
        answer(Ok(Written { written, unchanged: 0 }))
    }
}

impl Http for Nowhere {
    fn turn(&self) -> BoxFuture<'_, Turn> {
        Box::pin(ready(Turn::default()))
    }

    fn locate(&self, _address: &str) -> Result<Located, StepError> {
        Err(refusal(&self.name))
    }

    fn send<'a>(&'a self, request: &'a HttpRequest, _turn: Turn) -> Answer<'a, HttpResponse> {
        if request.method == "GET" {
            return self.refuse();
        }
        let pairs = request.query.iter().map(|(name, value)| (Value::Text(name.clone()), Value::text(value.as_str())));
        let body = request.json.as_ref().map_or(Value::None, plain);
        let written = Value::record([
            ("method", Value::text(request.method)),
            ("path", Value::Text(request.path.clone())),
            ("query", Value::Map(Arc::new(pairs.collect::<MapValue>()))),
            ("body", body),
        ]);
        self.write(Some(&request.path), [written]);
        answer(Ok(HttpResponse { status: 200, content_type: None, next: None, body: Vec::new() }))
    }
}

impl Files for Nowhere {
    fn list<'a>(&'a self, _pattern: &'a str) -> Answer<'a, Vec<FileFound>> {
        self.refuse()
    }

    fn read<'a>(&'a self, _path: &'a str, _format: &'a FileFormat, _wanted: Wanted<'a>) -> Answer<'a, Value> {
        self.refuse()
    }

    fn read_text<'a>(&'a self, _path: &'a str) -> Answer<'a, Arc<str>> {
        self.refuse()
    }

    fn write<'a>(
        &'a self,
        path: &'a str,
        format: &'a FileFormat,
        rows: &'a Arc<Table>,
        _types: Option<&'a crate::value::RecordType>,
    ) -> Answer<'a, Replaced> {
        let written = Value::record([
            ("path", Value::text(path)),
            ("format", Value::text(format.name())),
            ("rows", Value::Table(rows.clone())),
        ]);
        self.write(Some(path), [written]);
        answer(Ok(Replaced { rows: rows.rows as u64, bytes: 0, change: Change::Created }))
    }
}
