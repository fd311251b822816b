//! Values as texts that databases read, and back.

use std::borrow::Borrow;
use std::fmt::{self, Write};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Timelike, Utc};
use serde_json::Value as Json;

use crate::value::{StepError, Timestamp, Value, to_json, to_the_second};

/// The most decimal places and zeros a decimal may have; beyond, its plain text would not end.
const WIDEST_DECIMAL: i64 = 20_000;

/// `2025-01-31T06:00:00.000000Z`. The width is fixed, because `…:00Z` would come after `…:00.5Z`; six
/// digits, because that is what PostgreSQL keeps, so that nothing is lost between the two.
fn write_timestamp(at: &Timestamp, text: &mut String) -> fmt::Result {
    let micros = at.nanosecond() / 1000;
    let second = to_the_second(at).filter(|_| micros < 1_000_000);
    match second.as_ref().and_then(|second| std::str::from_utf8(second).ok()) {
        Some(second) if micros == 0 => [second, ".000000Z"].into_iter().try_for_each(|part| text.write_str(part)),
        Some(second) => write!(text, "{second}.{micros:06}Z"),
        None => write!(text, "{}", at.format("%Y-%m-%dT%H:%M:%S%.6fZ")),
    }
}

/// An instant from the forms that databases and people write; without a zone it is UTC.
pub(in crate::connection) fn parse_timestamp(text: &str) -> Option<Timestamp> {
    let forms = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"];
    let zoned = ["%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M%#z"];
    let with_zone = || zoned.iter().find_map(|form| DateTime::parse_from_str(text, form).ok());
    let without = || forms.iter().find_map(|form| NaiveDateTime::parse_from_str(text.trim_end_matches('Z'), form).ok());
    DateTime::parse_from_rfc3339(text)
        .ok()
        .or_else(with_zone)
        .map(|at| at.with_timezone(&Utc))
        .or_else(|| without().map(|at| at.and_utc()))
}

/// `2025-01-31`.
pub(super) fn parse_date(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()
}

/// `06:00`, `06:00:00`, `06:00:00.5`.
pub(in crate::connection) fn parse_time(text: &str) -> Option<NaiveTime> {
    ["%H:%M:%S%.f", "%H:%M"].iter().find_map(|form| NaiveTime::parse_from_str(text, form).ok())
}

/// JSON text with the keys of every object sorted: equal values are equal texts.
pub(super) fn canonical_json(value: &Value) -> String {
    sorted(to_json(value)).to_string()
}

fn sorted(json: Json) -> Json {
    match json {
        Json::Array(items) => Json::Array(items.into_iter().map(sorted).collect()),
        Json::Object(fields) => {
            let mut fields: Vec<(String, Json)> = fields.into_iter().collect();
            fields.sort_by(|a, b| a.0.cmp(&b.0));
            Json::Object(fields.into_iter().map(|(name, json)| (name, sorted(json))).collect())
        }
        scalar => scalar,
    }
}

/// A value as the text that a column of its kind reads; `None` for `none`. The caller has refused what
/// cannot be bound.
pub(super) fn plain(value: &Value) -> Option<String> {
    let mut text = String::new();
    write_plain(value, &mut text).then_some(text)
}

/// Adds a value's plain text; `false` for `none`, which adds nothing.
pub(super) fn write_plain(value: &Value, text: &mut String) -> bool {
    // Writing to a text cannot fail.
    let _ = match value {
        Value::None => return false,
        Value::Bool(b) => write!(text, "{b}"),
        Value::Int(n) => write!(text, "{n}"),
        Value::Float(x) if x.is_infinite() => text.write_str(if *x > 0.0 { "Infinity" } else { "-Infinity" }),
        Value::Text(plain) | Value::Url(plain) | Value::Secret(plain) => text.write_str(plain),
        Value::Time(time) => write!(text, "{}", time.format("%H:%M:%S%.f")),
        Value::Timestamp(at) => write_timestamp(at, text),
        Value::Float(_) | Value::Decimal(_) | Value::Date(_) => write!(text, "{value}"),
        other => text.write_str(&canonical_json(other)),
    };
    true
}

/// Whether a decimal is too wide to be written out.
pub(super) fn too_wide(value: &Value) -> bool {
    matches!(value, Value::Decimal(d) if d.as_bigint_and_exponent().1.abs() > WIDEST_DECIMAL)
}

/// The secrets among values, in order to keep them out of messages.
pub(super) fn secrets(values: impl IntoIterator<Item = impl Borrow<Value>>) -> Vec<Arc<str>> {
    values
        .into_iter()
        .filter_map(|value| match value.borrow() {
            Value::Secret(text) if !text.is_empty() => Some(text.clone()),
            _ => None,
        })
        .collect()
}

/// A server may repeat what it was given; secrets in its words are covered.
pub(super) fn cover(mut error: StepError, secrets: &[Arc<str>]) -> StepError {
    for secret in secrets {
        error.message = error.message.replace(&**secret, "•••");
        error.help = error.help.map(|help| help.replace(&**secret, "•••"));
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_instants_order_as_instants_do() {
        let at = |text| plain(&Value::Timestamp(parse_timestamp(text).unwrap())).unwrap();
        assert_eq!(at("2025-01-31T06:00:00Z"), "2025-01-31T06:00:00.000000Z");
        assert!(at("2025-01-31T06:00:00Z") < at("2025-01-31T06:00:00.5Z"));
        assert_eq!(at("2025-01-31 07:00:00+01"), at("2025-01-31 06:00:00"));
        assert_eq!(at("2025-01-31T06:00Z"), at("2025-01-31T06:00:00+00:00"));
        assert_eq!(parse_timestamp("yesterday"), None);
    }

    #[test]
    fn equal_records_are_equal_texts() {
        let a = Value::record([("b", Value::Int(1)), ("a", Value::Int(2))]);
        assert_eq!(canonical_json(&a), r#"{"a":2,"b":1}"#);
    }
}
