//! Columns of SQLite as values: by what the value is stored as, and by the column's declared type
//! where that says more.

use std::sync::Arc;

use bigdecimal::BigDecimal;
use sqlx::sqlite::{SqliteRow, SqliteValueRef};
use sqlx::{Decode, Row, Sqlite, TypeInfo, ValueRef};

use crate::connection::sql::text::{parse_date, parse_time, parse_timestamp};
use crate::value::{ErrorKind, StepError, Value};

/// What a column was declared to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Declared {
    /// `date`.
    Date,
    /// `time`.
    Time,
    /// `timestamp`, `timestamptz`, `datetime`.
    Timestamp,
    /// `numeric`, `decimal`.
    Decimal,
    /// `boolean`.
    Bool,
    /// `json`, `jsonb`.
    Json,
    /// Anything else, an expression too.
    Other,
}

/// The kind of a declared type, `timestamp with time zone`, `numeric(20, 8)`.
pub(super) fn declared(ty: &str) -> Declared {
    let lower = ty.to_lowercase();
    match lower.split(['(', ' ']).next().unwrap_or_default() {
        "date" => Declared::Date,
        "time" => Declared::Time,
        "timestamp" | "timestamptz" | "datetime" => Declared::Timestamp,
        "numeric" | "decimal" => Declared::Decimal,
        "bool" | "boolean" => Declared::Bool,
        "json" | "jsonb" => Declared::Json,
        _ => Declared::Other,
    }
}

/// A column of a row. A text that is not what its column declares stays a text: SQLite lets it in.
pub(super) fn value(row: &SqliteRow, at: usize, name: &str, declared: Declared) -> Result<Value, StepError> {
    let bad = |error: &dyn std::fmt::Display| {
        StepError::new(ErrorKind::Data, format!("column `{name}` cannot be read: {error}"))
    };
    let raw = row.try_get_raw(at).map_err(|error| bad(&error))?;
    let storage = raw.type_info().name().to_owned();
    if raw.is_null() {
        return Ok(Value::None);
    }
    match storage.as_str() {
        "INTEGER" | "BOOLEAN" => decode::<i64>(raw).map(|n| from_int(n, declared)).map_err(|error| bad(&error)),
        "REAL" => decode::<f64>(raw).map(|x| from_float(x, declared)).map_err(|error| bad(&error)),
        "BLOB" => Err(StepError::new(ErrorKind::Data, format!("column `{name}` holds binary data"))
            .help(format!("write `hex({name}) as {name}` or `cast({name} as text) as {name}`"))),
        _ => decode::<String>(raw).map(|text| from_text(text, declared)).map_err(|error| bad(&error)),
    }
}

fn decode<'r, T: Decode<'r, Sqlite>>(raw: SqliteValueRef<'r>) -> Result<T, sqlx::error::BoxDynError> {
    T::decode(raw)
}

fn from_int(n: i64, declared: Declared) -> Value {
    match declared {
        Declared::Bool if n == 0 || n == 1 => Value::Bool(n == 1),
        Declared::Decimal => Value::Decimal(Arc::new(BigDecimal::from(n))),
        // A column of JSON has numeric affinity: the text `1` is kept as a number.
        Declared::Json => Value::Json(Arc::new(n.into())),
        _ => Value::Int(n),
    }
}

fn from_float(x: f64, declared: Declared) -> Value {
    // The shortest text that reads back as the same float is what was written.
    let decimal = || x.to_string().parse::<BigDecimal>().ok();
    match declared {
        Declared::Decimal => decimal().map_or(Value::Float(x), |d| Value::Decimal(Arc::new(d))),
        Declared::Json => Value::Json(Arc::new(x.into())),
        _ => Value::Float(x),
    }
}

fn from_text(text: String, declared: Declared) -> Value {
    let known = match declared {
        Declared::Date => parse_date(&text).map(Value::Date),
        Declared::Time => parse_time(&text).map(Value::Time),
        Declared::Timestamp => parse_timestamp(&text).map(Value::Timestamp),
        Declared::Decimal => text.parse::<BigDecimal>().ok().map(|d| Value::Decimal(Arc::new(d))),
        Declared::Json => serde_json::from_str(&text).ok().map(|json| Value::Json(Arc::new(json))),
        Declared::Bool | Declared::Other => None,
    };
    known.unwrap_or_else(|| Value::text(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_types_are_read_by_their_first_word() {
        assert_eq!(declared("TIMESTAMP WITH TIME ZONE"), Declared::Timestamp);
        assert_eq!(declared("numeric(20, 8)"), Declared::Decimal);
        assert_eq!(declared("integer"), Declared::Other);
        assert_eq!(declared(""), Declared::Other);
    }

    #[test]
    fn floats_in_decimal_columns_read_as_written() {
        assert_eq!(from_float(0.1, Declared::Decimal).to_string(), "0.1");
    }
}
