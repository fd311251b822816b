//! Values and types of the language, and how one becomes the other.
//!
//! Values are cheap to clone: everything of size sits behind an `Arc`. Tables, points and the lists that
//! comprehensions make are columns, not rows of objects. Nothing here knows of files, clocks or connections.

mod column;
mod compare;
mod display;
mod error;
mod fingerprint;
mod format;
mod json;
mod keep;
mod local;
mod reflect;
mod sequence;
mod series;
mod sql;
mod table;
mod types;

pub use column::{Cell, Coder, Column, Operand, Samples, SeriesId, row_codes};
pub use display::{cut, to_the_second};
pub use error::{ErrorKind, StepError};
pub use fingerprint::{Fingerprint, hex, short};
pub use format::{check_format, format};
pub use json::{decimal_from_text, from_json, to_json};
pub use keep::{from_kept, to_kept, to_kept_text, unkeepable};
pub use local::{first_at, local_clock};
pub use reflect::{
    BusinessDays, FilesConnection, HttpConnection, MetricsConnection, Milliseconds, Number, Ordered, Promql, Reflect,
    ReflectError, Regex, SqlConnection, T, U, Zone,
};
pub use sequence::Sequence;
pub use series::{Labels, Points, Sample, Series, timestamp};
pub use sql::{Hole, Piece, SqlQuery, SqlTemplate, StatementKind};
pub use table::{Record, Shape, Table};
pub use types::{ConnectionKind, Field, Mismatch, RecordType, Type};

use std::sync::Arc;

use bigdecimal::BigDecimal;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use indexmap::IndexMap;

use crate::calendar::Calendar;

/// A map keeps the order in which its keys came.
pub type MapValue = IndexMap<Value, Value>;

/// An instant.
pub type Timestamp = DateTime<Utc>;

/// Months and days on the calendar; not a number of hours. Periods compare by their usual length,
/// a month counting as a twelfth of 365.2425 days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Period {
    /// Months, years included.
    pub months: i32,
    /// Days, weeks included.
    pub days: i32,
}

/// A value of the language.
#[derive(Debug, Clone)]
pub enum Value {
    /// `none`.
    None,
    /// `bool`.
    Bool(bool),
    /// `int`.
    Int(i64),
    /// `float`.
    Float(f64),
    /// `decimal`.
    Decimal(Arc<BigDecimal>),
    /// `text`, and the values of unions of literals.
    Text(Arc<str>),
    /// `json`.
    Json(Arc<serde_json::Value>),
    /// `date`.
    Date(NaiveDate),
    /// `time`.
    Time(NaiveTime),
    /// `timestamp`.
    Timestamp(Timestamp),
    /// `duration`, in milliseconds.
    Duration(i64),
    /// `period`.
    Period(Period),
    /// `bdays`.
    BusinessDays(i64),
    /// `range<date>`, both ends included.
    DateRange(NaiveDate, NaiveDate),
    /// `range<timestamp>`, end excluded.
    TimeRange(Timestamp, Timestamp),
    /// `calendar`.
    Calendar(Arc<Calendar>),
    /// `list<T>`.
    List(Arc<Vec<Value>>),
    /// `map<K, V>`.
    Map(Arc<MapValue>),
    /// `list<T>` in a column, as comprehensions make it.
    Column(Arc<Column>),
    /// A record; also a `point`, which is `{ at, value }`.
    Record(Arc<Record>),
    /// `table<{…}>`.
    Table(Arc<Table>),
    /// `list<point>` in columns, as metric stores give it.
    Points(Arc<Points>),
    /// `sample`.
    Sample(Arc<Sample>),
    /// `series`.
    Series(Arc<Series>),
    /// `outcomes<T>`.
    Outcomes(Arc<Outcomes>),
    /// `sql`: a query with its arguments, not yet in any dialect.
    Sql(Arc<SqlQuery>),
    /// `promql`: the finished text, holes escaped by their position.
    Promql(Arc<str>),
    /// `url`.
    Url(Arc<str>),
    /// `regex`, as written.
    Regex(Arc<str>),
    /// `secret`: prints as `•••`.
    Secret(Arc<str>),
    /// A connection, by its name in the workflow's environment.
    Connection(ConnectionKind, Arc<str>),
    /// An error that was caught.
    Error(Arc<StepError>),
}

/// What a loop with `on failure continue` gives.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Outcomes {
    /// Results of the items that went well, in the items' order.
    pub ok: Arc<Vec<Value>>,
    /// Records `{ item, error }`, in the items' order.
    pub failed: Arc<Vec<Value>>,
}

impl Value {
    /// A text.
    pub fn text(text: impl Into<Arc<str>>) -> Self {
        Self::Text(text.into())
    }

    /// A list.
    pub fn list(items: Vec<Self>) -> Self {
        Self::List(Arc::new(items))
    }

    /// A record from its fields, in order.
    pub fn record(fields: impl IntoIterator<Item = (impl Into<Arc<str>>, Self)>) -> Self {
        Self::Record(Arc::new(Record::from_fields(fields)))
    }

    /// Whether this is `none`.
    pub fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    /// The text inside a text-like value.
    pub fn as_text(&self) -> Option<&Arc<str>> {
        match self {
            Self::Text(text) | Self::Promql(text) | Self::Url(text) | Self::Regex(text) => Some(text),
            _ => None,
        }
    }

    /// The word for this value's kind, for messages at run time.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float",
            Self::Decimal(_) => "decimal",
            Self::Text(_) => "text",
            Self::Json(_) => "json",
            Self::Date(_) => "date",
            Self::Time(_) => "time",
            Self::Timestamp(_) => "timestamp",
            Self::Duration(_) => "duration",
            Self::Period(_) => "period",
            Self::BusinessDays(_) => "bdays",
            Self::DateRange(..) | Self::TimeRange(..) => "range",
            Self::Calendar(_) => "calendar",
            Self::List(_) | Self::Points(_) | Self::Column(_) => "list",
            Self::Map(_) => "map",
            Self::Record(_) => "record",
            Self::Table(_) => "table",
            Self::Sample(_) => "sample",
            Self::Series(_) => "series",
            Self::Outcomes(_) => "outcomes",
            Self::Sql(_) => "sql",
            Self::Promql(_) => "promql",
            Self::Url(_) => "url",
            Self::Regex(_) => "regex",
            Self::Secret(_) => "secret",
            Self::Connection(kind, _) => kind.name(),
            Self::Error(_) => "error",
        }
    }
}
