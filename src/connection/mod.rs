//! The only doors outward: databases, stores of metrics, HTTP, files, the clock.
//!
//! Each is a trait with live implementations behind it. Every failure is a
//! [`StepError`] that says what happened and whether trying again may help;
//! no implementation retries, logs a secret, or turns a failure into "no data".

pub mod cache;
pub mod clock;
pub mod files;
pub mod http;
pub mod metrics;
pub mod preview;
pub mod sql;
pub(crate) mod transport;

pub use transport::Authorization;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use tokio::sync::OwnedSemaphorePermit;

use self::metrics::{Steps, over};
pub use crate::query::sql::SqlDialect;
use crate::query::sql::SqlQuery;
use crate::schema::Schema;
use crate::value::{Labels, RecordType, Sample, Series, StepError, Table, Timestamp, Type, Value};

/// The result of a call through a connection.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, StepError>>;

/// What an upsert did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Upserted {
    /// Rows that were not there before.
    pub created: u64,
    /// Rows that were there with other values and now hold the given ones.
    pub updated: u64,
    /// Rows that were there with the given values and were not written.
    pub unchanged: u64,
    /// The columns asked for with `returning`, a row for each given row, in their order.
    pub rows: Table,
}

/// Reading and writing SQL, inside a transaction or outside.
pub trait SqlSession: Send + Sync {
    /// Runs a query that reads. `columns` are the names the caller expects, if it stated any.
    fn query<'a>(&'a mut self, query: &'a SqlQuery) -> Answer<'a, Table>;
    /// Runs a statement that writes; gives the number of rows it touched.
    fn execute<'a>(&'a mut self, query: &'a SqlQuery) -> Answer<'a, u64>;
    /// Runs a statement that writes once for each row, the columns of `rows` being its holes by name; all or nothing.
    fn each<'a>(&'a mut self, query: &'a SqlQuery, rows: &'a Table) -> Answer<'a, u64>;
    /// Inserts rows into a table; all or nothing. Gives the number of rows.
    fn insert<'a>(&'a mut self, table: &'a str, rows: &'a Table) -> Answer<'a, u64>;
    /// Inserts rows, or updates those whose `key` columns are already there with other values; all or nothing.
    /// What is the same is not written.
    fn upsert<'a>(
        &'a mut self,
        table: &'a str,
        rows: &'a Table,
        key: &'a [Arc<str>],
        returning: &'a [Arc<str>],
    ) -> Answer<'a, Upserted>;
    /// What [`SqlSession::insert`] would do; only reads. A database that does not say how says that it is not known.
    fn preview_insert<'a>(&'a mut self, _table: &'a str, _rows: &'a Table) -> Answer<'a, preview::Change> {
        preview::cannot_tell("what this database holds")
    }
    /// What [`SqlSession::upsert`] would do; only reads. Rows compare as the database compares them.
    fn preview_upsert<'a>(
        &'a mut self,
        _table: &'a str,
        _rows: &'a Table,
        _key: &'a [Arc<str>],
    ) -> Answer<'a, preview::Change> {
        preview::cannot_tell("what this database holds")
    }
}

/// A transaction; dropped without `commit` it rolls back.
pub trait SqlTransaction: SqlSession {
    /// Makes the writes last. When the answer is lost the database is asked whether it committed;
    /// when it cannot say, the error's kind is `Ambiguous`.
    fn commit(self: Box<Self>) -> Answer<'static, ()>;
    /// Undoes the writes.
    fn rollback(self: Box<Self>) -> Answer<'static, ()>;
}

/// A SQL database.
pub trait Sql: Send + Sync {
    /// What it speaks.
    fn dialect(&self) -> SqlDialect;
    /// How many connections it keeps.
    fn pool_size(&self) -> usize;
    /// A session outside any transaction; single statements still happen wholly or not at all.
    fn session(&self) -> Answer<'_, Box<dyn SqlSession>>;
    /// Begins a transaction.
    fn begin(&self) -> Answer<'_, Box<dyn SqlTransaction>>;
}

/// What a database has against a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// In its words.
    pub message: String,
    /// What to do, in its words.
    pub help: Option<String>,
    /// The byte of the text that it points at.
    pub at: Option<usize>,
}

/// A SQL database asked about itself; nothing is run.
pub trait Describe: Send + Sync {
    /// The tables on the search path and in the schemas named.
    fn schema<'a>(&'a self, also: &'a [String]) -> Answer<'a, Schema>;
    /// What it has against a text with placeholders; `None` when it would run it.
    fn refusal<'a>(&'a self, text: &'a str) -> Answer<'a, Option<Refusal>>;
}

/// What a write of samples did. All given samples are in the store when this is returned: they were read back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    /// Samples sent.
    pub written: u64,
    /// Samples that the store already held with the same value, and so were not sent.
    pub unchanged: u64,
}

/// A store of metrics.
pub trait Metrics: Send + Sync {
    /// How many requests may be under way at once.
    fn pool_size(&self) -> usize;
    /// The value of an expression at an instant: one sample per series.
    fn instant<'a>(&'a self, query: &'a str, at: Timestamp) -> Answer<'a, Vec<Sample>>;
    /// The raw points of all series that `selector` matches, in `from_ms..to_ms` (end excluded), as a
    /// stream. A series may come in several pieces, its points in order. A cut stream ends in an error.
    fn export<'a>(&'a self, selector: &'a str, from_ms: i64, to_ms: i64) -> BoxStream<'a, Result<Series, StepError>>;
    /// The values of an expression at steps: a series for each that has one somewhere.
    fn range<'a>(&'a self, query: &'a str, steps: Steps) -> Answer<'a, Vec<Series>> {
        Box::pin(over::range(self, query, steps))
    }
    /// Names and labels of the series that `selector` matches and that have points in `from_ms..to_ms`.
    fn series<'a>(&'a self, selector: &'a str, from_ms: i64, to_ms: i64) -> Answer<'a, Vec<(Arc<str>, Labels)>> {
        Box::pin(over::series(self, selector, from_ms, to_ms))
    }
    /// The names of the labels of series with points in `from_ms..to_ms`; a server rounds the range to days.
    fn labels(&self, from_ms: i64, to_ms: i64) -> Answer<'_, Vec<Arc<str>>> {
        Box::pin(over::labels(self, from_ms, to_ms))
    }
    /// The values of a label, of `__name__` too, in the series with points in `from_ms..to_ms` that `selector`
    /// matches; without one, a server rounds the range to days.
    fn label_values<'a>(
        &'a self,
        label: &'a str,
        selector: Option<&'a str>,
        from_ms: i64,
        to_ms: i64,
    ) -> Answer<'a, Vec<Arc<str>>> {
        Box::pin(over::label_values(self, label, selector, from_ms, to_ms))
    }

    /// The names of the labels of the series that `selector` matches, or the values of one label in them, from the store's index:
    /// of series with points somewhere near `from_ms..to_ms`.
    fn indexed<'a>(
        &'a self,
        label: Option<&'a str>,
        selector: &'a str,
        from_ms: i64,
        to_ms: i64,
    ) -> Answer<'a, Vec<Arc<str>>> {
        Box::pin(over::indexed(self, label, selector, from_ms, to_ms))
    }
    /// For each window, from its first instant to its excluded end, the newest instant of a point of a series that
    /// `selector` matches; `None` where there is none.
    fn newest<'a>(&'a self, selector: &'a str, windows: &'a [(i64, i64)]) -> Answer<'a, Vec<Option<i64>>> {
        Box::pin(over::newest(self, selector, windows))
    }
    /// Copies the series that `selector` matches in `from_ms..to_ms` from another store, in bounded memory, and gives the
    /// number of their samples. Samples that are here already are not doubled.
    fn copy<'a>(&'a self, from: &'a dyn Metrics, selector: &'a str, from_ms: i64, to_ms: i64) -> Answer<'a, u64> {
        Box::pin(metrics::copy::copy(self, from, selector, from_ms, to_ms))
    }
    /// The latest instant at which it keeps samples that are written now, in milliseconds; `None` when there is no such limit.
    fn keeps_until_ms(&self) -> Option<i64> {
        None
    }
    /// Itself, when it gives series in a form of its own.
    fn native(&self) -> Option<&dyn metrics::Native> {
        None
    }
    /// Writes the points of series, in any order, and reads them back. Fails, naming how many and why, when the store
    /// does not have them all. Samples that it already holds are not sent again.
    fn write<'a>(&'a self, series: &'a [Series]) -> Answer<'a, Written>;
    /// What [`Metrics::write`] would do; only reads. Fails where it would fail before sending anything.
    fn preview<'a>(&'a self, _series: &'a [Series]) -> Answer<'a, preview::Change> {
        preview::cannot_tell("what this store holds")
    }
}

/// What to ask an HTTP source.
#[derive(Debug, Clone, PartialEq)]
pub struct HttpRequest {
    /// `GET` reads; `POST`, `PUT`, `PATCH` and `DELETE` write.
    pub method: &'static str,
    /// The path below the connection's base URL.
    pub path: Arc<str>,
    /// The query string's pairs, not yet encoded.
    pub query: Vec<(Arc<str>, String)>,
    /// Extra headers.
    pub headers: Labels,
    /// A JSON body.
    pub json: Option<serde_json::Value>,
}

/// A path below a connection's base URL, and the pairs of a query string.
pub type Located = (Arc<str>, Vec<(Arc<str>, String)>);

/// What an HTTP source answered, with a status of 200 to 299.
#[derive(Debug, Clone, PartialEq)]
pub struct HttpResponse {
    /// The status.
    pub status: u16,
    /// What the body is, in the source's words: `application/json`.
    pub content_type: Option<String>,
    /// Where the source says the next page is (`Link: <…>; rel="next"`), as it says it.
    pub next: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// The right to send one request; while it is held, it counts as under way.
#[derive(Debug, Default)]
pub struct Turn {
    _permit: Option<OwnedSemaphorePermit>,
}

/// An HTTP source.
pub trait Http: Send + Sync {
    /// Waits until the connection's limits allow another request, however long that is.
    fn turn(&self) -> BoxFuture<'_, Turn>;
    /// Sends a request; a status outside 200 to 299 is an error.
    fn send<'a>(&'a self, request: &'a HttpRequest, turn: Turn) -> Answer<'a, HttpResponse>;
    /// The path and the query of an address that the source named, when it lies below the base address.
    fn locate(&self, address: &str) -> Result<Located, StepError>;
}

/// How the rows of a file are written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileFormat {
    /// Comma-separated values, and what differs from file to file.
    Csv(CsvFormat),
    /// A JSON object on each line.
    JsonLines,
    /// Parquet: columns with types of their own.
    Parquet,
}

impl FileFormat {
    /// The word for it, which is how its files are called.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Csv(_) => "csv",
            Self::JsonLines => "jsonl",
            Self::Parquet => "parquet",
        }
    }
}

/// How a CSV file is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvFormat {
    /// What stands between two fields.
    pub delimiter: u8,
    /// Whether the first line names the columns.
    pub header: bool,
    /// Texts that stand for `none`, besides the empty field.
    pub none: Vec<Arc<str>>,
    /// How days are written, in the way of strftime; ISO 8601 without it.
    pub dates: Option<Arc<str>>,
}

/// What a reader of rows wants of them.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted<'a> {
    /// The type that the workflow states: a table's, or a list's. Values are converted to it as they are read.
    pub stated: Option<&'a Type>,
    /// Whether columns that the type does not name are left out; else they are an error.
    pub skip_others: bool,
}

/// A file that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFound {
    /// Its path below the connection's directory.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// When it was last written.
    pub modified: Timestamp,
}

/// What writing a file did. The file is on the disk when this is returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replaced {
    /// The rows in it.
    pub rows: u64,
    /// Its size.
    pub bytes: u64,
    /// What became of the one before.
    pub change: Change,
}

/// What a write found in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Nothing.
    Created,
    /// A file with other bytes, which is gone.
    Updated,
    /// A file with the same bytes, which was left alone.
    Unchanged,
}

/// The files of a directory. A path is relative to it, and none leads out of it.
pub trait Files: Send + Sync {
    /// The files whose paths match a pattern (`*.csv`, `2025/*/prices.csv`), by name.
    fn list<'a>(&'a self, pattern: &'a str) -> Answer<'a, Vec<FileFound>>;
    /// The rows of a file: a table, or of untyped JSON lines a list.
    fn read<'a>(&'a self, path: &'a str, format: &'a FileFormat, wanted: Wanted<'a>) -> Answer<'a, Value>;
    /// A whole file as text.
    fn read_text<'a>(&'a self, path: &'a str) -> Answer<'a, Arc<str>>;
    /// Writes rows to a file, in the place of the one that is there: wholly or not at all. A format that has types takes
    /// `types` for them, where they are known.
    fn write<'a>(
        &'a self,
        path: &'a str,
        format: &'a FileFormat,
        rows: &'a Arc<Table>,
        types: Option<&'a RecordType>,
    ) -> Answer<'a, Replaced>;
    /// What [`Files::write`] would do, counted in files; only reads. Fails where it would fail before writing.
    fn preview_write<'a>(
        &'a self,
        _path: &'a str,
        _format: &'a FileFormat,
        _rows: &'a Arc<Table>,
        _types: Option<&'a RecordType>,
    ) -> Answer<'a, preview::Change> {
        preview::cannot_tell("what is in this directory")
    }
}

/// Time, as a run sees it.
pub trait Clock: Send + Sync {
    /// The instant it is.
    fn now(&self) -> DateTime<Utc>;
    /// Waits.
    fn sleep(&self, ms: u64) -> BoxFuture<'static, ()>;
}
