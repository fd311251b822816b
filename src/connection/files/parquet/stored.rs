//! Values as they are stored.

use bigdecimal::BigDecimal;
use bigdecimal::num_bigint::BigInt;
use chrono::{Datelike, Timelike};
use parquet::data_type::{ByteArray, FixedLenByteArray};

use super::shape::Kind;
use crate::connection::files::cell;
use crate::value::Value;

/// The day from which days are counted, from the year 1.
const EPOCH: i32 = 719_163;

/// Why a value is not written.
pub(super) type Refused = String;

/// What to say of a value of another kind than its column.
fn other<T>(value: &Value, wanted: &str) -> Result<T, Refused> {
    Err(format!("`{}`, where the column holds `{wanted}`", value.kind()))
}

/// Yes or no.
pub(super) fn bool(value: &Value) -> Result<bool, Refused> {
    if let Value::Bool(is) = value { Ok(*is) } else { other(value, "bool") }
}

/// A whole number.
pub(super) fn int(value: &Value) -> Result<i64, Refused> {
    if let Value::Int(n) = value { Ok(*n) } else { other(value, "int") }
}

/// A float.
pub(super) fn float(value: &Value) -> Result<f64, Refused> {
    match value {
        Value::Float(x) => Ok(*x),
        Value::Int(n) => Ok(*n as f64),
        _ => other(value, "float"),
    }
}

/// A day, as their number since 1970.
pub(super) fn date(value: &Value) -> Result<i32, Refused> {
    if let Value::Date(day) = value { Ok(day.num_days_from_ce() - EPOCH) } else { other(value, "date") }
}

/// A time, as its distance from midnight.
pub(super) fn time(value: &Value, kind: Kind) -> Result<i64, Refused> {
    let Value::Time(time) = value else { return other(value, "time") };
    // A leap second has no place on this clock.
    let nanos = i64::from(time.num_seconds_from_midnight()) * 1_000_000_000 + i64::from(time.nanosecond());
    Ok(if kind == (Kind::Time { has_nanos: true }) { nanos } else { nanos / 1000 })
}

/// An instant, as its distance from 1970.
pub(super) fn timestamp(value: &Value, kind: Kind) -> Result<i64, Refused> {
    let Value::Timestamp(at) = value else { return other(value, "timestamp") };
    if kind == (Kind::Timestamp { has_nanos: true }) {
        let too_far =
            || "a `timestamp` beyond what nanoseconds reach, 1677 to 2262, where others in the column need them";
        at.timestamp_nanos_opt().ok_or_else(|| too_far().to_owned())
    } else {
        Ok(at.timestamp_micros())
    }
}

/// A decimal, as its digits with the column's places.
pub(super) fn decimal(value: &Value, kind: Kind) -> Result<FixedLenByteArray, Refused> {
    let Kind::Decimal { scale, bytes } = kind else { return other(value, "decimal") };
    let (digits, places) = match value {
        Value::Decimal(decimal) => decimal.as_bigint_and_exponent(),
        Value::Int(n) => (BigInt::from(*n), 0),
        _ => return other(value, "decimal"),
    };
    let digits = BigDecimal::new(digits, places).with_scale(scale).into_bigint_and_scale().0;
    let short = digits.to_signed_bytes_be();
    let sign = if short.first().is_some_and(|byte| byte & 0x80 != 0) { 0xff } else { 0 };
    let mut whole = vec![sign; bytes.saturating_sub(short.len())];
    whole.extend_from_slice(&short);
    Ok(ByteArray::from(whole).into())
}

fn letters(value: &Value) -> Result<Vec<u8>, Refused> {
    let mut text = Vec::new();
    cell::write(&mut text, value, None)?;
    Ok(text)
}

/// A text, or what stands for a value that a cell of CSV holds as one.
pub(super) fn text(value: &Value) -> Result<ByteArray, Refused> {
    match value {
        Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Decimal(_) => other(value, "text"),
        _ => letters(value).map(ByteArray::from),
    }
}

/// JSON.
pub(super) fn json(value: &Value) -> Result<ByteArray, Refused> {
    if cell::holds_secret(value) {
        return Err("a `secret`, which is never written to a file".to_owned());
    }
    Ok(ByteArray::from(crate::value::to_json(value).to_string().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn decimals_keep_their_digits_and_their_sign() {
        let stored = |text: &str, scale, bytes| {
            let value = Value::Decimal(Arc::new(text.parse().unwrap()));
            decimal(&value, Kind::Decimal { scale, bytes }).unwrap().data().to_vec()
        };
        assert_eq!(stored("-1.5", 2, 16), [[0xff; 14].as_slice(), &[0xff, 0x6a]].concat());
        assert_eq!(stored("1.5", 2, 16), [[0; 14].as_slice(), &[0x00, 0x96]].concat());
        assert_eq!(stored("1e2", 0, 32).last(), Some(&100));
    }
}
