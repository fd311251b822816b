//! Columns of PostgreSQL as values.
//!
//! Days and instants are read from their bytes: the driver's own reading overflows at `infinity`.

use std::sync::Arc;

use bigdecimal::BigDecimal;
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgRow, PgTypeInfo, PgTypeKind, PgValueRef, Postgres};
use sqlx::{Column, Decode, Row, Type, TypeInfo, ValueRef};

use crate::value::{ErrorKind, StepError, Value};

/// 2000-01-01, from which PostgreSQL counts, in days and in microseconds after 1970.
const EPOCH_DAYS: i64 = 10_957;
const EPOCH_MICROS: i64 = EPOCH_DAYS * 86_400_000_000;

/// A column of a row.
pub(super) fn value(row: &PgRow, at: usize) -> Result<Value, StepError> {
    let name = row.columns().get(at).map_or("", Column::name);
    let bad = |error: BoxDynError| {
        StepError::new(ErrorKind::Data, format!("column `{name}` cannot be read: {error}"))
            .help(format!("cast it in the query, for example `{name}::text as {name}`"))
    };
    let raw = row.try_get_raw(at).map_err(|error| bad(Box::new(error)))?;
    let info = raw.type_info().into_owned();
    read(raw, &info).map_err(bad)
}

fn read(raw: PgValueRef<'_>, info: &PgTypeInfo) -> Result<Value, BoxDynError> {
    if raw.is_null() {
        return Ok(Value::None);
    }
    match info.kind() {
        PgTypeKind::Enum(_) => return Ok(Value::text(raw.as_str()?)),
        PgTypeKind::Domain(inner) => return read(raw, inner),
        PgTypeKind::Array(_) => return array(raw),
        _ => {}
    }
    Ok(match info.name() {
        "BOOL" => Value::Bool(get::<bool>(raw)?),
        "INT2" => Value::Int(i64::from(get::<i16>(raw)?)),
        "INT4" => Value::Int(i64::from(get::<i32>(raw)?)),
        "INT8" => Value::Int(get::<i64>(raw)?),
        "OID" => Value::Int(i64::from(u32::from_be_bytes(raw.as_bytes()?.try_into()?))),
        "FLOAT4" => short_float(get::<f32>(raw)?),
        "FLOAT8" => Value::Float(get::<f64>(raw)?),
        "NUMERIC" => numeric(raw)?,
        "TEXT" | "VARCHAR" | "CHAR" | "\"CHAR\"" | "NAME" | "UNKNOWN" | "citext" => Value::text(raw.as_str()?),
        "UUID" => Value::text(get::<uuid::Uuid>(raw)?.to_string()),
        "DATE" => date(i32::from_be_bytes(raw.as_bytes()?.try_into()?))?,
        "TIME" => time(i64::from_be_bytes(raw.as_bytes()?.try_into()?))?,
        "TIMESTAMP" | "TIMESTAMPTZ" => timestamp(i64::from_be_bytes(raw.as_bytes()?.try_into()?))?,
        "JSON" | "JSONB" => Value::Json(Arc::new(get::<serde_json::Value>(raw)?)),
        "VOID" => Value::None,
        other => return Err(format!("the type `{}` has no counterpart", other.to_lowercase()).into()),
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
    let at = DateTime::<Utc>::UNIX_EPOCH
        .checked_add_signed(TimeDelta::microseconds(EPOCH_MICROS))
        .and_then(|epoch| epoch.checked_add_signed(TimeDelta::microseconds(micros)));
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
        if matches!(info.kind(), PgTypeKind::Array(_)) {
            return Err("lists of lists cannot be read".into());
        }
        read(raw, &info).map(Item)
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
