//! Columns of PostgreSQL as values.
//!
//! Days and instants are read from their bytes: the driver's own reading overflows at `infinity`.

use std::sync::Arc;

use bigdecimal::BigDecimal;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgRow, PgTypeInfo, PgTypeKind, PgValueRef, Postgres};
use sqlx::{Column, Decode, Row, Type, TypeInfo, ValueRef};

use crate::value::{Column as Values, ErrorKind, StepError, Value};

/// 2000-01-01, from which PostgreSQL counts, in days and in microseconds after 1970.
pub(super) const EPOCH_DAYS: i64 = 10_957;
pub(super) const EPOCH_MICROS: i64 = EPOCH_DAYS * 86_400_000_000;

/// How a type of PostgreSQL is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Int2,
    Int4,
    Int8,
    Oid,
    Float4,
    Float8,
    Numeric,
    Text,
    Uuid,
    Date,
    Time,
    Timestamp,
    Json,
    Array,
    Void,
    /// It has no counterpart.
    Other,
}

impl Kind {
    /// Of a type; of a domain, what lies under it.
    pub(super) fn of(info: &PgTypeInfo) -> Self {
        match info.kind() {
            PgTypeKind::Enum(_) => return Self::Text,
            PgTypeKind::Domain(inner) => return Self::of(inner),
            PgTypeKind::Array(_) => return Self::Array,
            _ => {}
        }
        match info.name() {
            "BOOL" => Self::Bool,
            "INT2" => Self::Int2,
            "INT4" => Self::Int4,
            "INT8" => Self::Int8,
            "OID" => Self::Oid,
            "FLOAT4" => Self::Float4,
            "FLOAT8" => Self::Float8,
            "NUMERIC" => Self::Numeric,
            "TEXT" | "VARCHAR" | "CHAR" | "\"CHAR\"" | "NAME" | "UNKNOWN" | "citext" => Self::Text,
            "UUID" => Self::Uuid,
            "DATE" => Self::Date,
            "TIME" => Self::Time,
            "TIMESTAMP" | "TIMESTAMPTZ" => Self::Timestamp,
            "JSON" | "JSONB" => Self::Json,
            "VOID" => Self::Void,
            _ => Self::Other,
        }
    }
}

/// How the columns of a row are read.
pub(super) fn kinds(row: &PgRow) -> Vec<Kind> {
    row.columns().iter().map(|column| Kind::of(column.type_info())).collect()
}

/// A column of a row.
pub(super) fn value(row: &PgRow, at: usize) -> Result<Value, StepError> {
    let kind = row.columns().get(at).map_or(Kind::Other, |column| Kind::of(column.type_info()));
    value_of(row, at, kind)
}

fn value_of(row: &PgRow, at: usize, kind: Kind) -> Result<Value, StepError> {
    let raw = row.try_get_raw(at).map_err(|error| unreadable(row, at, &error))?;
    read(raw, kind).map_err(|error| unreadable(row, at, &*error))
}

/// Adds a column of a row, whose kind is known, to the values of those before.
pub(super) fn add(row: &PgRow, at: usize, kind: Kind, values: &mut Values) -> Result<(), StepError> {
    if kind == Kind::Text {
        // Most texts come again, and are not made anew for that.
        let raw = row.try_get_raw(at).map_err(|error| unreadable(row, at, &error))?;
        if !raw.is_null() {
            values.push_text(raw.as_str().map_err(|error| unreadable(row, at, &*error))?);
            return Ok(());
        }
    }
    values.push(value_of(row, at, kind)?);
    Ok(())
}

fn unreadable(row: &PgRow, at: usize, error: &dyn std::error::Error) -> StepError {
    let column = row.columns().get(at);
    let name = column.map_or("", Column::name);
    let help = match column.map_or("", |column| column.type_info().name()) {
        "INTERVAL" => {
            format!("write `extract(epoch from {name}) as {name}` for its seconds, or `{name}::text as {name}`")
        }
        "BYTEA" => format!("write `encode({name}, 'hex') as {name}`, or `convert_from({name}, 'utf8') as {name}`"),
        "NUMERIC" => format!("exclude such rows, or write `nullif({name}, 'NaN') as {name}`"),
        _ => format!("cast it in the query, for example `{name}::text as {name}`"),
    };
    StepError::new(ErrorKind::Data, format!("column `{name}` cannot be read: {error}")).help(help)
}

fn read(raw: PgValueRef<'_>, kind: Kind) -> Result<Value, BoxDynError> {
    if raw.is_null() {
        return Ok(Value::None);
    }
    Ok(match kind {
        Kind::Bool => Value::Bool(get::<bool>(raw)?),
        Kind::Int2 => Value::Int(i64::from(get::<i16>(raw)?)),
        Kind::Int4 => Value::Int(i64::from(get::<i32>(raw)?)),
        Kind::Int8 => Value::Int(get::<i64>(raw)?),
        Kind::Oid => Value::Int(i64::from(u32::from_be_bytes(raw.as_bytes()?.try_into()?))),
        Kind::Float4 => short_float(get::<f32>(raw)?),
        Kind::Float8 => Value::Float(get::<f64>(raw)?),
        Kind::Numeric => numeric(raw)?,
        Kind::Text => Value::text(raw.as_str()?),
        Kind::Uuid => Value::text(get::<uuid::Uuid>(raw)?.to_string()),
        Kind::Date => date(i32::from_be_bytes(raw.as_bytes()?.try_into()?))?,
        Kind::Time => time(i64::from_be_bytes(raw.as_bytes()?.try_into()?))?,
        Kind::Timestamp => timestamp(i64::from_be_bytes(raw.as_bytes()?.try_into()?))?,
        Kind::Json => Value::Json(Arc::new(get::<serde_json::Value>(raw)?)),
        Kind::Array => array(raw)?,
        Kind::Void => Value::None,
        Kind::Other => {
            let name = raw.type_info().name().to_lowercase();
            return Err(format!("the type `{name}` has no counterpart").into());
        }
    })
}

fn get<'r, T: Decode<'r, Postgres>>(raw: PgValueRef<'r>) -> Result<T, BoxDynError> {
    T::decode(raw)
}

/// The float that reads as the server shows it: widened bit by bit, 0.1 would become 0.10000000149.
fn short_float(x: f32) -> Value {
    Value::Float(x.to_string().parse().unwrap_or(f64::from(x)))
}

/// With as many places as the server shows: the driver would round them up to groups of four.
fn numeric(raw: PgValueRef<'_>) -> Result<Value, BoxDynError> {
    let bytes = raw.as_bytes()?;
    let field =
        |at: usize| bytes.get(at..at + 2).map(|pair| pair.iter().fold(0_u16, |n, byte| n << 8 | u16::from(*byte)));
    match field(4) {
        Some(0xC000) => return Err("the number is NaN, which no `decimal` is".into()),
        Some(0xD000 | 0xF000) => return Err("the number is infinite, which no `decimal` is".into()),
        _ => {}
    }
    let places = i64::from(field(6).unwrap_or_default());
    Ok(Value::Decimal(Arc::new(get::<BigDecimal>(raw)?.with_scale(places))))
}

fn date(days: i32) -> Result<Value, BoxDynError> {
    if days == i32::MAX || days == i32::MIN {
        return Err("the date is infinite".into());
    }
    let after_1970 = i32::try_from(i64::from(days) + EPOCH_DAYS)?;
    NaiveDate::from_epoch_days(after_1970).map(Value::Date).ok_or_else(|| "the date is out of range".into())
}

fn time(micros: i64) -> Result<Value, BoxDynError> {
    // 24:00 exists in PostgreSQL and nowhere else.
    let time = u32::try_from(micros / 1_000_000)
        .ok()
        .zip(u32::try_from(micros % 1_000_000).ok())
        .and_then(|(seconds, micros)| NaiveTime::from_num_seconds_from_midnight_opt(seconds, micros * 1000));
    time.map(Value::Time).ok_or_else(|| "the time is out of range".into())
}

fn timestamp(micros: i64) -> Result<Value, BoxDynError> {
    if micros == i64::MAX || micros == i64::MIN {
        return Err("the timestamp is infinite".into());
    }
    let at = micros.checked_add(EPOCH_MICROS).and_then(DateTime::<Utc>::from_timestamp_micros);
    at.map(Value::Timestamp).ok_or_else(|| "the timestamp is out of range".into())
}

fn array(raw: PgValueRef<'_>) -> Result<Value, BoxDynError> {
    let items = <Vec<Option<Item>>>::decode(raw)?;
    Ok(Value::list(items.into_iter().map(|item| item.map_or(Value::None, |item| item.0)).collect()))
}

/// An item of any type that [`read`] knows.
struct Item(Value);

impl Type<Postgres> for Item {
    fn type_info() -> PgTypeInfo {
        <String as Type<Postgres>>::type_info()
    }

    fn compatible(_: &PgTypeInfo) -> bool {
        true
    }
}

impl<'r> Decode<'r, Postgres> for Item {
    fn decode(raw: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        let info = raw.type_info().into_owned();
        match Kind::of(&info) {
            Kind::Array => Err("lists of lists cannot be read".into()),
            kind => read(raw, kind).map(Item),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_time_are_errors() {
        assert_eq!(date(0).unwrap().to_string(), "2000-01-01");
        assert_eq!(timestamp(0).unwrap().to_string(), "2000-01-01T00:00:00Z");
        assert_eq!(time(3_600_000_000).unwrap().to_string(), "01:00:00");
        for days in [i32::MAX, i32::MIN, i32::MAX - 1] {
            assert!(date(days).is_err());
        }
        assert!(timestamp(i64::MAX).is_err());
        assert!(timestamp(i64::MAX - 1).is_err());
        assert!(time(86_400_000_000).is_err());
        assert!(time(-1).is_err());
    }
}
