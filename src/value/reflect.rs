//! Rust types and language types, each from the other.
//!
//! A primitive's parameters are Rust types; `Reflect` gives the checker their language type and
//! the interpreter the conversion, so neither is written twice.

use std::sync::Arc;

use bigdecimal::BigDecimal;
use chrono::{NaiveDate, NaiveTime};
use chrono_tz::Tz;

use super::{
    Column, ConnectionKind, Labels, MapValue, Period, Sample, Sequence, Series, SqlQuery, Timestamp, Type, Value,
};
use crate::calendar::Calendar;
use crate::diagnostic::did_you_mean;

/// Why a value did not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReflectError {
    /// It is of another type.
    #[error("expected `{wanted}`, found `{found}`")]
    Type {
        /// The language type that was wanted.
        wanted: Type,
        /// The value's kind.
        found: &'static str,
    },
    /// It is of the type and still not acceptable, such as the name of no zone.
    #[error("{0}")]
    Value(String),
}

/// A Rust type with its language type.
pub trait Reflect: Sized {
    /// The language type.
    fn ty() -> Type;
    /// From a value that the checker has passed; fails only on values of type `any`.
    fn from_value(value: Value) -> Result<Self, ReflectError>;
    /// To a value.
    fn into_value(self) -> Value;
}

fn wrong<R: Reflect>(value: &Value) -> ReflectError {
    ReflectError::Type { wanted: R::ty(), found: value.kind() }
}

macro_rules! reflect {
    ($($rust:ty => $ty:expr, $pattern:pat => $take:expr, $give:expr;)*) => {$(
        impl Reflect for $rust {
            fn ty() -> Type {
                $ty
            }
            fn from_value(value: Value) -> Result<Self, ReflectError> {
                match value {
                    $pattern => Ok($take),
                    other => Err(wrong::<Self>(&other)),
                }
            }
            fn into_value(self) -> Value {
                let give: fn(Self) -> Value = $give;
                give(self)
            }
        }
    )*};
}

reflect! {
    bool => Type::Bool, Value::Bool(b) => b, Value::Bool;
    i64 => Type::Int, Value::Int(n) => n, Value::Int;
    BigDecimal => Type::Decimal, Value::Decimal(d) => (*d).clone(), |d| Value::Decimal(Arc::new(d));
    Arc<str> => Type::Text, Value::Text(text) => text, Value::Text;
    NaiveDate => Type::Date, Value::Date(date) => date, Value::Date;
    NaiveTime => Type::Time, Value::Time(time) => time, Value::Time;
    Timestamp => Type::Timestamp, Value::Timestamp(at) => at, Value::Timestamp;
    Period => Type::Period, Value::Period(period) => period, Value::Period;
    Arc<Calendar> => Type::Calendar, Value::Calendar(calendar) => calendar, Value::Calendar;
    Arc<SqlQuery> => Type::Sql, Value::Sql(query) => query, Value::Sql;
    Arc<Sample> => Type::Sample, Value::Sample(sample) => sample, Value::Sample;
    Arc<Series> => Type::Series, Value::Series(series) => series, Value::Series;
    Arc<serde_json::Value> => Type::Json, Value::Json(json) => json, Value::Json;
    (NaiveDate, NaiveDate) => Type::Range(Box::new(Type::Date)), Value::DateRange(from, to) => (from, to), |(from, to)| Value::DateRange(from, to);
    (Timestamp, Timestamp) => Type::Range(Box::new(Type::Timestamp)), Value::TimeRange(from, to) => (from, to), |(from, to)| Value::TimeRange(from, to);
}

impl Reflect for f64 {
    fn ty() -> Type {
        Type::Float
    }
    fn from_value(value: Value) -> Result<Self, ReflectError> {
        match value {
            Value::Float(x) => Ok(x),
            Value::Int(n) => Ok(n as Self),
            other => Err(wrong::<Self>(&other)),
        }
    }
    fn into_value(self) -> Value {
        Value::Float(self)
    }
}

impl Reflect for Labels {
    fn ty() -> Type {
        Type::map(Type::Text, Type::Text)
    }
    fn from_value(value: Value) -> Result<Self, ReflectError> {
        Self::from_value(&value).ok_or_else(|| wrong::<Self>(&value))
    }
    fn into_value(self) -> Value {
        self.to_value()
    }
}

impl<R: Reflect> Reflect for Option<R> {
    fn ty() -> Type {
        R::ty().optional()
    }
    fn from_value(value: Value) -> Result<Self, ReflectError> {
        if value.is_none() { Ok(None) } else { R::from_value(value).map(Some) }
    }
    fn into_value(self) -> Value {
        self.map_or(Value::None, R::into_value)
    }
}

impl<R: Reflect> Reflect for Vec<R> {
    fn ty() -> Type {
        Type::list(R::ty())
    }
    fn from_value(value: Value) -> Result<Self, ReflectError> {
        let items = Sequence::of(&value).ok_or_else(|| wrong::<Self>(&value))?;
        items.iter().map(R::from_value).collect()
    }
    fn into_value(self) -> Value {
        self.into_iter().map(R::into_value).collect::<Column>().into_list()
    }
}

/// Any list, table or points, not taken apart; items of type `T`.
impl Reflect for Sequence {
    fn ty() -> Type {
        Type::list(Type::Variable("T"))
    }
    fn from_value(value: Value) -> Result<Self, ReflectError> {
        Self::of(&value).ok_or_else(|| wrong::<Self>(&value))
    }
    fn into_value(self) -> Value {
        match self {
            Self::List(list) => Value::List(list),
            Self::Table(table) => Value::Table(table),
            Self::Points(points) => Value::Points(points),
            Self::Column(column) => Value::Column(column),
        }
    }
}

/// Any map from `T` to `U`.
impl Reflect for Arc<MapValue> {
    fn ty() -> Type {
        Type::map(Type::Variable("T"), Type::Variable("U"))
    }
    fn from_value(value: Value) -> Result<Self, ReflectError> {
        match value {
            Value::Map(map) => Ok(map),
            other => Err(wrong::<Self>(&other)),
        }
    }
    fn into_value(self) -> Value {
        Value::Map(self)
    }
}

macro_rules! variables {
    ($($(#[$doc:meta])* $name:ident => $ty:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub Value);
        impl Reflect for $name {
            fn ty() -> Type {
                $ty
            }
            fn from_value(value: Value) -> Result<Self, ReflectError> {
                Ok(Self(value))
            }
            fn into_value(self) -> Value {
                self.0
            }
        }
    )*};
}

variables! {
    /// A parameter of any type `T`.
    T => Type::Variable("T");
    /// A parameter of any type `U`.
    U => Type::Variable("U");
    /// A parameter of a type that can be added up.
    Number => Type::Number("N");
    /// A parameter of a type with an order.
    Ordered => Type::Ordered("O");
}

/// Newtypes for what Rust has no distinct type for.
macro_rules! newtypes {
    ($($(#[$doc:meta])* $name:ident($inner:ty) => $ty:expr, $pattern:pat => $take:expr, $give:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name(pub $inner);
        impl Reflect for $name {
            fn ty() -> Type {
                $ty
            }
            fn from_value(value: Value) -> Result<Self, ReflectError> {
                match value {
                    $pattern => Ok(Self($take)),
                    other => Err(wrong::<Self>(&other)),
                }
            }
            fn into_value(self) -> Value {
                let give: fn($inner) -> Value = $give;
                give(self.0)
            }
        }
    )*};
}

newtypes! {
    /// `duration`, in milliseconds.
    Milliseconds(i64) => Type::Duration, Value::Duration(ms) => ms, Value::Duration;
    /// `bdays`.
    BusinessDays(i64) => Type::BusinessDays, Value::BusinessDays(n) => n, Value::BusinessDays;
    /// `promql`.
    Promql(Arc<str>) => Type::Promql, Value::Promql(text) => text, Value::Promql;
    /// `regex`.
    Regex(Arc<str>) => Type::Regex, Value::Regex(text) => text, Value::Regex;
    /// A SQL connection, by name.
    SqlConnection(Arc<str>) => Type::Connection(ConnectionKind::Sql), Value::Connection(_, name) => name, |name| Value::Connection(ConnectionKind::Sql, name);
    /// A metrics connection, by name.
    MetricsConnection(Arc<str>) => Type::Connection(ConnectionKind::Metrics), Value::Connection(_, name) => name, |name| Value::Connection(ConnectionKind::Metrics, name);
    /// An HTTP connection, by name.
    HttpConnection(Arc<str>) => Type::Connection(ConnectionKind::Http), Value::Connection(_, name) => name, |name| Value::Connection(ConnectionKind::Http, name);
    /// A directory of files, by name.
    FilesConnection(Arc<str>) => Type::Connection(ConnectionKind::Files), Value::Connection(_, name) => name, |name| Value::Connection(ConnectionKind::Files, name);
}

/// A zone of the time zone database; a text in the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone(pub Tz);

impl Reflect for Zone {
    fn ty() -> Type {
        Type::Text
    }
    fn from_value(value: Value) -> Result<Self, ReflectError> {
        let Value::Text(name) = &value else { return Err(wrong::<Self>(&value)) };
        name.parse().map(Self).map_err(|_| ReflectError::Value(unknown_zone(name)))
    }
    fn into_value(self) -> Value {
        Value::text(self.0.name())
    }
}

fn unknown_zone(name: &str) -> String {
    let near = did_you_mean(name, chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()));
    let hint = near.unwrap_or_else(|| "zones are named like `UTC` or `Europe/London`".to_owned());
    format!("no zone is called `{name}`; {hint}")
}
