//! Columns of MySQL as values.

use std::sync::Arc;

use bigdecimal::BigDecimal;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use sqlx::error::BoxDynError;
use sqlx::mysql::types::MySqlTime;
use sqlx::mysql::{MySql, MySqlColumn, MySqlRow, MySqlTypeInfo, MySqlValueRef};
use sqlx::{Column, Decode, Row, Type, TypeInfo, ValueRef};

use crate::value::{ErrorKind, StepError, Value};

/// A column of a row.
pub(super) fn value(row: &MySqlRow, at: usize) -> Result<Value, StepError> {
    let name = row.columns().get(at).map_or("", Column::name);
    let bad = |error: BoxDynError| {
        StepError::new(ErrorKind::Data, format!("column `{name}` cannot be read: {error}"))
            .help(format!("change it in the query, for example `cast({name} as char) as {name}` or `hex({name})`"))
    };
    let raw = row.try_get_raw(at).map_err(|error| bad(Box::new(error)))?;
    let info = raw.type_info().into_owned();
    read(raw, &info).map_err(bad)
}

/// Whether a column may be one of JSON, which MariaDB keeps as long texts.
pub(super) fn may_be_json(column: &MySqlColumn) -> bool {
    let info = column.type_info();
    is_text(info) && info.name().ends_with("BLOB")
}

/// Whether it holds letters; texts that are compared byte by byte have the names of binary ones.
fn is_text(info: &MySqlTypeInfo) -> bool {
    <str as Type<MySql>>::compatible(info)
}

fn read(raw: MySqlValueRef<'_>, info: &MySqlTypeInfo) -> Result<Value, BoxDynError> {
    if raw.is_null() {
        // The driver takes a date of zeros for a null.
        return if is_written(&raw) {
            Err("the date is `0000-00-00`, which is no date".into())
        } else {
            Ok(Value::None)
        };
    }
    if is_text(info) {
        return Ok(Value::text(get::<&str>(raw)?));
    }
    Ok(match info.name() {
        "BOOLEAN" => truth(int(raw)?),
        "TINYINT" | "SMALLINT" | "MEDIUMINT" | "INT" | "BIGINT" => Value::Int(int(raw)?),
        "TINYINT UNSIGNED" | "SMALLINT UNSIGNED" | "MEDIUMINT UNSIGNED" | "INT UNSIGNED" | "BIGINT UNSIGNED"
        | "YEAR" | "BIT" => whole(get::<u64>(raw)?)?,
        "FLOAT" => short_float(get::<f32>(raw)?),
        "DOUBLE" => Value::Float(get::<f64>(raw)?),
        "DECIMAL" => Value::Decimal(Arc::new(get::<BigDecimal>(raw)?)),
        "SET" => Value::text(get::<&str>(raw)?),
        "DATE" => Value::Date(get::<NaiveDate>(raw)?),
        "TIME" => time(get::<MySqlTime>(raw)?)?,
        // A `datetime` has no zone and is read as UTC.
        "DATETIME" | "TIMESTAMP" => Value::Timestamp(get::<DateTime<Utc>>(raw)?),
        "JSON" => Value::Json(Arc::new(serde_json::from_str(get::<&str>(raw)?)?)),
        "NULL" => Value::None,
        other => return Err(format!("the type `{}` has no counterpart", other.to_lowercase()).into()),
    })
}

fn is_written(raw: &MySqlValueRef<'_>) -> bool {
    get::<&[u8]>(raw.clone()).is_ok()
}

fn get<'r, T: Decode<'r, MySql>>(raw: MySqlValueRef<'r>) -> Result<T, BoxDynError> {
    T::decode(raw)
}

fn int(raw: MySqlValueRef<'_>) -> Result<i64, BoxDynError> {
    get::<i64>(raw)
}

/// `boolean` is the server's word for a whole number of one digit.
const fn truth(n: i64) -> Value {
    match n {
        0 => Value::Bool(false),
        1 => Value::Bool(true),
        other => Value::Int(other),
    }
}

/// A time there is also a span, of up to five weeks and with a sign; the driver would leave the sign out.
fn time(time: MySqlTime) -> Result<Value, BoxDynError> {
    if !time.is_valid_time_of_day() {
        return Err(format!("{time} is no time of a day").into());
    }
    NaiveTime::try_from(time).map(Value::Time)
}

fn whole(n: u64) -> Result<Value, BoxDynError> {
    i64::try_from(n).map(Value::Int).map_err(|_| format!("{n} is larger than an `int` can be").into())
}

/// The float that reads as the server shows it: widened bit by bit, 0.1 would become 0.10000000149.
fn short_float(x: f32) -> Value {
    Value::Float(x.to_string().parse().unwrap_or(f64::from(x)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_beyond_an_int_are_errors() {
        assert_eq!(whole(7).unwrap(), Value::Int(7));
        assert!(whole(u64::MAX).unwrap_err().to_string().starts_with("18446744073709551615 is larger"));
        assert_eq!(truth(1), Value::Bool(true));
        assert_eq!(truth(-1), Value::Int(-1));
    }
}
