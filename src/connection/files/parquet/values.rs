//! Stored values as values of the language.

use std::collections::HashMap;
use std::sync::Arc;

use bigdecimal::BigDecimal;
use bigdecimal::num_bigint::BigInt;
use chrono::{DateTime, NaiveDate, NaiveTime};
use parquet::data_type::{ByteArray, FixedLenByteArray, Int96};

use super::kind::Kind;
use crate::value::Value;

/// The day from which days and instants are counted, from the year 1.
const EPOCH: i32 = 719_163;

/// The longest decimal, in bytes; the widest that there are take 32.
const LONGEST_DECIMAL: usize = 40;

const NANOS: i64 = 1_000_000_000;

/// A kind of stored value. `Err` says what is wrong with one.
pub(super) trait Stored: Sized {
    /// It as a value.
    fn value(&self, kind: Kind, texts: &mut Texts) -> Result<Value, &'static str>;
}

/// The texts of a batch, by where they lie: those of a dictionary lie in one place and are made once. While the batch is
/// there, no place is used twice.
#[derive(Debug, Default)]
pub(super) struct Texts(HashMap<(usize, usize), Value>);

impl Texts {
    /// Forgets them, with their batch.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    fn text(&mut self, bytes: &[u8], kind: Kind) -> Result<Value, &'static str> {
        let place = (bytes.as_ptr().addr(), bytes.len());
        if let Some(known) = self.0.get(&place) {
            return Ok(known.clone());
        }
        let text = std::str::from_utf8(bytes).map_err(|_| "bytes that are no text in UTF-8")?;
        let value = match kind {
            Kind::Json => Value::Json(Arc::new(serde_json::from_str(text).map_err(|_| "a text that is not JSON")?)),
            _ => Value::text(text),
        };
        self.0.insert(place, value.clone());
        Ok(value)
    }
}

fn decimal(digits: impl Into<BigInt>, scale: i64) -> Value {
    Value::Decimal(Arc::new(BigDecimal::new(digits.into(), scale)))
}

fn bytes_as_decimal(bytes: &[u8], scale: i64) -> Result<Value, &'static str> {
    let short = |bytes: &[u8]| {
        let sign = if bytes.first().is_some_and(|byte| byte & 0x80 != 0) { -1 } else { 0 };
        bytes.iter().fold(sign, |sum: i128, byte| sum << 8 | i128::from(*byte))
    };
    match bytes.len() {
        0..=16 => Ok(decimal(short(bytes), scale)),
        17..=LONGEST_DECIMAL => Ok(decimal(BigInt::from_signed_bytes_be(bytes), scale)),
        _ => Err("a decimal with too many digits"),
    }
}

fn instant(units: i64, per_second: i64) -> Result<Value, &'static str> {
    let nanos = u32::try_from(units.rem_euclid(per_second) * (NANOS / per_second)).unwrap_or_default();
    let at = DateTime::from_timestamp(units.div_euclid(per_second), nanos);
    at.map(Value::Timestamp).ok_or("an instant beyond all calendars")
}

fn time(units: i64, per_second: i64) -> Result<Value, &'static str> {
    let nanos = u32::try_from(units.rem_euclid(per_second) * (NANOS / per_second)).unwrap_or_default();
    let seconds = u32::try_from(units.div_euclid(per_second)).ok();
    let time = seconds.and_then(|seconds| NaiveTime::from_num_seconds_from_midnight_opt(seconds, nanos));
    time.map(Value::Time).ok_or("a time that no day has")
}

/// What a column of another kind cannot hold; its schema was looked at.
const ODD: Result<Value, &str> = Err("a value of another kind than its column");

impl Stored for bool {
    fn value(&self, kind: Kind, _texts: &mut Texts) -> Result<Value, &'static str> {
        if kind == Kind::Bool { Ok(Value::Bool(*self)) } else { ODD }
    }
}

impl Stored for i32 {
    fn value(&self, kind: Kind, _texts: &mut Texts) -> Result<Value, &'static str> {
        match kind {
            Kind::Int => Ok(Value::Int(i64::from(*self))),
            Kind::Unsigned => Ok(Value::Int(i64::from(self.cast_unsigned()))),
            Kind::Decimal(scale) => Ok(decimal(*self, scale)),
            Kind::Time(per_second) => time(i64::from(*self), per_second),
            Kind::Date => {
                let day = self.checked_add(EPOCH).and_then(NaiveDate::from_num_days_from_ce_opt);
                day.map(Value::Date).ok_or("a day beyond all calendars")
            }
            _ => ODD,
        }
    }
}

impl Stored for i64 {
    fn value(&self, kind: Kind, _texts: &mut Texts) -> Result<Value, &'static str> {
        match kind {
            Kind::Int => Ok(Value::Int(*self)),
            Kind::Unsigned if *self < 0 => Ok(decimal(self.cast_unsigned(), 0)),
            Kind::Unsigned => Ok(Value::Int(*self)),
            Kind::Decimal(scale) => Ok(decimal(*self, scale)),
            Kind::Time(per_second) => time(*self, per_second),
            Kind::Timestamp(per_second) => instant(*self, per_second),
            _ => ODD,
        }
    }
}

impl Stored for Int96 {
    fn value(&self, kind: Kind, _texts: &mut Texts) -> Result<Value, &'static str> {
        let [low, high, day] = self.data() else { return ODD };
        let nanos = i64::try_from(u64::from(*high) << 32 | u64::from(*low)).map_err(|_| "a time that no day has")?;
        // The day of the epoch in the count of Julian days.
        let seconds = (i64::from(*day) - 2_440_588) * 86_400 + nanos / NANOS;
        let nanos = u32::try_from(nanos % NANOS).unwrap_or_default();
        let at = DateTime::from_timestamp(seconds, nanos).filter(|_| matches!(kind, Kind::Timestamp(_)));
        at.map(Value::Timestamp).ok_or("an instant beyond all calendars")
    }
}

impl Stored for f32 {
    fn value(&self, kind: Kind, texts: &mut Texts) -> Result<Value, &'static str> {
        f64::from(*self).value(kind, texts)
    }
}

impl Stored for f64 {
    fn value(&self, kind: Kind, _texts: &mut Texts) -> Result<Value, &'static str> {
        if kind == Kind::Float { Ok(Value::Float(*self)) } else { ODD }
    }
}

fn from_bytes(bytes: &[u8], kind: Kind, texts: &mut Texts) -> Result<Value, &'static str> {
    match kind {
        Kind::Text | Kind::Json => texts.text(bytes, kind),
        Kind::Decimal(scale) => bytes_as_decimal(bytes, scale),
        Kind::Uuid => uuid::Uuid::from_slice(bytes).map(|id| Value::text(id.to_string())).or(ODD),
        _ => ODD,
    }
}

impl Stored for ByteArray {
    fn value(&self, kind: Kind, texts: &mut Texts) -> Result<Value, &'static str> {
        from_bytes(self.data(), kind, texts)
    }
}

impl Stored for FixedLenByteArray {
    fn value(&self, kind: Kind, texts: &mut Texts) -> Result<Value, &'static str> {
        from_bytes(self.data(), kind, texts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(stored: &impl Stored, kind: Kind) -> String {
        stored.value(kind, &mut Texts::default()).map_or_else(str::to_owned, |value| value.to_string())
    }

    #[test]
    fn every_kind_is_exact() {
        assert_eq!(shown(&-1_i32, Kind::Date), "1969-12-31");
        assert_eq!(shown(&-1_i32, Kind::Unsigned), "4294967295");
        assert_eq!(shown(&-1_i64, Kind::Unsigned), "18446744073709551615");
        assert_eq!(shown(&-1_i64, Kind::Timestamp(1_000_000)), "1969-12-31T23:59:59.999999Z");
        assert_eq!(shown(&i64::MIN, Kind::Timestamp(1_000_000_000)), "1677-09-21T00:12:43.145224192Z");
        assert_eq!(shown(&i64::MAX, Kind::Timestamp(1_000)), "an instant beyond all calendars");
        let last = NaiveTime::from_hms_milli_opt(23, 59, 59, 999).unwrap();
        assert_eq!(86_399_999_i32.value(Kind::Time(1_000), &mut Texts::default()), Ok(Value::Time(last)));
        assert_eq!(shown(&86_400_000_i32, Kind::Time(1_000)), "a time that no day has");
        assert_eq!(shown(&i32::MAX, Kind::Date), "a day beyond all calendars");
        assert_eq!(shown(&-150_i32, Kind::Decimal(2)), "-1.50");
        assert_eq!(shown(&ByteArray::from(vec![0xff, 0x6a]), Kind::Decimal(2)), "-1.50");
        assert_eq!(shown(&ByteArray::from(vec![0xff; 17]), Kind::Decimal(76)), format!("-0.{}1", "0".repeat(75)));
        assert_eq!(shown(&ByteArray::from(vec![0xff; 100]), Kind::Decimal(2)), "a decimal with too many digits");
        assert_eq!(shown(&ByteArray::from("é"), Kind::Text), "é");
        assert_eq!(shown(&ByteArray::from(vec![0xe9]), Kind::Text), "bytes that are no text in UTF-8");
        let mut at = Int96::new();
        at.set_data(1, 0, 2_440_588);
        assert_eq!(shown(&at, Kind::Timestamp(NANOS)), "1970-01-01T00:00:00.000000001Z");
        assert_eq!(shown(&1.5_f32, Kind::Float), "1.5");
        assert_eq!(shown(&true, Kind::Int), "a value of another kind than its column");
    }
}
