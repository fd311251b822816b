//! Reading a value of a known type from what people type: `60d`, `06:00`, `[a, b]`, and from JSON.
//!
//! This is not the language's own grammar: an argument is a value, never an expression, and on a command line a text
//! stands without quotes.

use std::str::FromStr;
use std::sync::Arc;

use bigdecimal::BigDecimal;
use chrono::{DateTime, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;
use serde_json::Value as Json;

use crate::value::{MapValue, Period, Timestamp, Type, Value};

/// A text as a value of `ty`, or what is wrong with it.
pub(super) fn from_text(text: &str, ty: &Type) -> Result<Value, String> {
    let trimmed = text.trim();
    match ty {
        Type::Optional(_) | Type::None if trimmed == "none" => Ok(Value::None),
        Type::Optional(inner) => from_text(text, inner),
        Type::Text => Ok(Value::text(text)),
        Type::Url => Ok(Value::Url(text.into())),
        Type::Regex => Ok(Value::Regex(text.into())),
        Type::Secret => Ok(Value::Secret(text.into())),
        Type::List(item) => list(trimmed, item).ok_or_else(|| wrong(text, ty))?,
        Type::Json | Type::Any | Type::Error | Type::Map(..) | Type::Record(_) | Type::Table(_) => {
            match serde_json::from_str(trimmed) {
                Ok(json) => from_json(&json, ty),
                Err(_) if matches!(ty, Type::Any | Type::Error) => Ok(Value::text(text)),
                Err(_) => Err(wrong(text, ty)),
            }
        }
        _ => scalar(trimmed, ty).ok_or_else(|| wrong(text, ty)),
    }
}

/// JSON as a value of `ty`. Texts inside are read as on the command line: JSON has no durations and dates of its own.
pub(super) fn from_json(json: &Json, ty: &Type) -> Result<Value, String> {
    let within = |place: String| move |message: String| format!("{place}: {message}");
    match (ty, json) {
        (Type::Optional(_) | Type::None, Json::Null) => Ok(Value::None),
        (Type::Optional(inner), _) => from_json(json, inner),
        (Type::List(item), Json::Array(items)) => {
            let read = |(at, json)| from_json(json, item).map_err(within(format!("item {at}")));
            items.iter().enumerate().map(read).collect::<Result<Vec<_>, _>>().map(Value::list)
        }
        (Type::Map(key, value), Json::Object(fields)) => {
            let read = |(name, json): (&String, &Json)| {
                let value = from_json(json, value).map_err(within(format!("key `{name}`")))?;
                Ok((from_text(name, key)?, value))
            };
            fields.iter().map(read).collect::<Result<MapValue, String>>().map(|map| Value::Map(Arc::new(map)))
        }
        (Type::Record(record), Json::Object(fields)) => {
            if let Some(unknown) = fields.keys().find(|name| record.get(name).is_none()) {
                return Err(format!("`{ty}` has no field `{unknown}`"));
            }
            let read = |field: &crate::value::Field| {
                let value = match fields.get(&*field.name) {
                    Some(json) => from_json(json, &field.ty).map_err(within(format!("field `{}`", field.name))),
                    None => from_json(&Json::Null, &field.ty)
                        .map_err(|_| format!("field `{}` is missing, a `{}`", field.name, field.ty)),
                };
                Ok((field.name.clone(), value?))
            };
            record.fields.iter().map(read).collect::<Result<Vec<_>, String>>().map(Value::record)
        }
        // Said without the value, which is one.
        (Type::Secret, json) if !json.is_string() => Err("a secret must be a text".to_owned()),
        (_, Json::String(text)) if is_written(ty) => scalar(text, ty).ok_or_else(|| wrong(text, ty)),
        _ => crate::value::from_json(json, ty, "").map_err(|error| error.message),
    }
}

/// Types whose values are texts in JSON.
fn is_written(ty: &Type) -> bool {
    let is_range = matches!(ty, Type::Range(_));
    is_range
        || matches!(
            ty,
            Type::Duration
                | Type::Period
                | Type::BusinessDays
                | Type::Date
                | Type::Time
                | Type::Timestamp
                | Type::Decimal
        )
}

fn wrong(text: &str, ty: &Type) -> String {
    let shown: String =
        if text.chars().count() > 60 { text.chars().take(59).chain(['…']).collect() } else { text.into() };
    format!("`{shown}` is not a `{ty}`")
}

/// How a value of the type is written; `None` where a text is.
fn shape(ty: &Type) -> Option<String> {
    Some(match ty {
        Type::Optional(inner) => return shape(inner),
        Type::Bool => "true".to_owned(),
        Type::Int => "3".to_owned(),
        Type::Float | Type::Decimal => "1.5".to_owned(),
        Type::Date => "2025-01-31".to_owned(),
        Type::Time => "06:00".to_owned(),
        Type::Timestamp => "2025-01-31T06:00Z".to_owned(),
        Type::Duration => "1h30m".to_owned(),
        Type::Period => "30d".to_owned(),
        Type::BusinessDays => "20bd".to_owned(),
        Type::Range(of) => match **of {
            Type::Date => "2025-01-01 through 2025-01-31".to_owned(),
            _ => "2025-01-31T00:00Z until 2025-02-01T00:00Z".to_owned(),
        },
        Type::List(item) => format!("[{}, …]", shape(item).unwrap_or_else(|| "a".to_owned())),
        Type::Map(..) | Type::Record(_) => "{\"a\": …}".to_owned(),
        Type::Table(_) => "[{\"a\": …}]".to_owned(),
        _ => return None,
    })
}

/// The same on a command line, where a shell reads it first.
pub(super) fn shell_shape(ty: &Type) -> Option<String> {
    shape(ty).map(|shape| if shape.contains([' ', '[', '{']) { format!("'{shape}'") } else { shape })
}

/// The help line for a misfit of a configuration, or of a command line.
pub(super) fn example(ty: &Type, is_typed: bool) -> Option<String> {
    let shape = if is_typed { shell_shape(ty) } else { shape(ty) };
    shape.map(|shape| format!("write it like `{shape}`"))
}

fn scalar(text: &str, ty: &Type) -> Option<Value> {
    match ty {
        Type::Literals(allowed) => allowed.contains(text).then(|| Value::text(text)),
        Type::Bool => bool::from_str(text).ok().map(Value::Bool),
        Type::Int => text.replace('_', "").parse().ok().map(Value::Int),
        Type::Float => text.replace('_', "").parse().ok().filter(|x: &f64| x.is_finite()).map(Value::Float),
        Type::Decimal => BigDecimal::from_str(text).ok().filter(is_bounded).map(|d| Value::Decimal(Arc::new(d))),
        Type::Date => date(text).map(Value::Date),
        Type::Time => time(text).map(Value::Time),
        Type::Timestamp => timestamp(text).map(Value::Timestamp),
        Type::Duration => duration(text).map(Value::Duration),
        Type::Period => period(text).map(Value::Period),
        Type::BusinessDays => text.strip_suffix("bd")?.trim().parse().ok().map(Value::BusinessDays),
        Type::Range(of) => range(text, of),
        _ => None,
    }
}

/// `1e999999999` is a small text and a number of a billion digits.
fn is_bounded(d: &BigDecimal) -> bool {
    d.fractional_digit_count().abs() <= 1000
}

pub(super) fn date(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()
}

fn time(text: &str) -> Option<NaiveTime> {
    ["%H:%M", "%H:%M:%S", "%H:%M:%S%.f"].iter().find_map(|form| NaiveTime::parse_from_str(text, form).ok())
}

/// `2025-01-31T06:00Z`, `2025-01-31T06:00+01:00`, `2025-01-31T06:00[Europe/London]`. An hour that a zone skips or
/// has twice is refused: which instant is meant cannot be known.
pub(super) fn timestamp(text: &str) -> Option<Timestamp> {
    if let Some((local, zone)) = text.strip_suffix(']').and_then(|text| text.split_once('[')) {
        let zone: Tz = zone.parse().ok()?;
        return match zone.from_local_datetime(&local_time(local)?) {
            LocalResult::Single(at) => Some(at.with_timezone(&Utc)),
            _ => None,
        };
    }
    if let Some(local) = text.strip_suffix('Z') {
        return local_time(local).map(|at| at.and_utc());
    }
    let with_offset = ["%Y-%m-%dT%H:%M%:z", "%Y-%m-%dT%H:%M:%S%.f%:z"];
    with_offset.iter().find_map(|form| DateTime::parse_from_str(text, form).ok()).map(|at| at.with_timezone(&Utc))
}

pub(super) fn local_time(text: &str) -> Option<NaiveDateTime> {
    let (day, clock) = text.split_once(['T', ' '])?;
    Some(date(day)?.and_time(time(clock)?))
}

/// `1h30m` into `[(1, "h"), (30, "m")]`.
pub(super) fn parts(text: &str) -> Option<Vec<(i64, &str)>> {
    let mut rest = text;
    let mut parts = Vec::new();
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, tail) = rest.split_at(digits);
        let letters = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        parts.push((number.parse().ok()?, unit));
        rest = tail;
    }
    (!parts.is_empty()).then_some(parts)
}

fn signed(text: &str) -> (i64, &str) {
    text.strip_prefix('-').map_or((1, text), |rest| (-1, rest.trim_start()))
}

fn duration(text: &str) -> Option<i64> {
    let (sign, text) = signed(text);
    parts(text)?.into_iter().try_fold(0_i64, |sum, (n, unit)| {
        let size = match unit {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => return None,
        };
        sum.checked_add(n.checked_mul(size)?.checked_mul(sign)?)
    })
}

fn period(text: &str) -> Option<Period> {
    let (sign, text) = signed(text);
    let (mut months, mut days) = (0_i64, 0_i64);
    for (n, unit) in parts(text)? {
        let n = n.checked_mul(sign)?;
        match unit {
            "d" => days = days.checked_add(n)?,
            "w" => days = days.checked_add(n.checked_mul(7)?)?,
            "mo" => months = months.checked_add(n)?,
            "y" => months = months.checked_add(n.checked_mul(12)?)?,
            _ => return None,
        }
    }
    Some(Period { months: months.try_into().ok()?, days: days.try_into().ok()? })
}

fn range(text: &str, of: &Type) -> Option<Value> {
    if *of == Type::Date {
        let (from, to) = text.split_once(" through ")?;
        return Some(Value::DateRange(date(from.trim())?, date(to.trim())?));
    }
    let (from, to) = text.split_once(" until ")?;
    Some(Value::TimeRange(timestamp(from.trim())?, timestamp(to.trim())?))
}

/// `["a", "b"]` as JSON, or `[a, b]` with items as they would stand alone; `None` without brackets.
fn list(text: &str, item: &Type) -> Option<Result<Value, String>> {
    if let Ok(json @ Json::Array(_)) = serde_json::from_str::<Json>(text) {
        return Some(from_json(&json, &Type::list(item.clone())));
    }
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    let items = split(inner)?;
    let items = items.into_iter().map(|text| from_text(text.trim(), item));
    Some(items.collect::<Result<Vec<_>, _>>().map(Value::list))
}

/// Splits at the commas outside brackets; quotes are taken off whole items. `None` when brackets do not match.
fn split(text: &str) -> Option<Vec<&str>> {
    if text.trim().is_empty() {
        return Some(Vec::new());
    }
    let (mut items, mut start, mut depth, mut is_quoted) = (Vec::new(), 0, 0_usize, false);
    for (at, c) in text.char_indices() {
        match c {
            '"' => is_quoted = !is_quoted,
            '[' | '{' if !is_quoted => depth += 1,
            ']' | '}' if !is_quoted => depth = depth.checked_sub(1)?,
            ',' if !is_quoted && depth == 0 => {
                items.push(text.get(start..at)?);
                start = at + 1;
            }
            _ => {}
        }
    }
    items.push(text.get(start..)?);
    (depth == 0 && !is_quoted).then(|| items.into_iter().map(unquoted).collect())
}

fn unquoted(text: &str) -> &str {
    let text = text.trim();
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(text: &str, ty: &Type) -> String {
        match from_text(text, ty) {
            Ok(value) => value.to_string(),
            Err(message) => format!("error: {message}"),
        }
    }

    #[test]
    fn scalars_read_as_they_are_written_in_files() {
        let cases = [
            ("1h30m", Type::Duration, "1h30m"),
            ("-90s", Type::Duration, "-1m30s"),
            ("2w", Type::Period, "14d"),
            ("1y2mo", Type::Period, "1y2mo"),
            ("20bd", Type::BusinessDays, "20bd"),
            ("06:00", Type::Time, "06:00:00"),
            ("2025-01-31T06:00Z", Type::Timestamp, "2025-01-31T06:00:00Z"),
            ("2025-07-01T06:00[Europe/London]", Type::Timestamp, "2025-07-01T05:00:00Z"),
            ("2025-01-31T06:00+01:00", Type::Timestamp, "2025-01-31T05:00:00Z"),
            ("1_000", Type::Int, "1000"),
            ("none", Type::Int.optional(), "none"),
            ("none", Type::Text, "none"),
            ("2025-01-01 through 2025-01-31", Type::Range(Box::new(Type::Date)), "2025-01-01 through 2025-01-31"),
            ("0.1000000000000000000001", Type::Decimal, "0.1000000000000000000001"),
        ];
        for (text, ty, wanted) in cases {
            assert_eq!(shown(text, &ty), wanted, "{text} as {ty}");
        }
    }

    #[test]
    fn misfits_say_what_was_found() {
        let cases = [
            ("30", Type::Period, "error: `30` is not a `period`"),
            ("30d", Type::Duration, "error: `30d` is not a `duration`"),
            ("2025-02-30", Type::Date, "error: `2025-02-30` is not a `date`"),
            (
                "2025-03-30T01:30[Europe/London]",
                Type::Timestamp,
                "error: `2025-03-30T01:30[Europe/London]` is not a `timestamp`",
            ),
            ("up", Type::literals(["lower", "upper"]), "error: `up` is not a `\"lower\" | \"upper\"`"),
            ("99999999999999999999h", Type::Duration, "error: `99999999999999999999h` is not a `duration`"),
            ("a, b", Type::list(Type::Text), "error: `a, b` is not a `list<text>`"),
        ];
        for (text, ty, wanted) in cases {
            assert_eq!(shown(text, &ty), wanted);
        }
    }

    #[test]
    fn lists_are_json_or_bare() {
        assert_eq!(shown("[apex, other]", &Type::list(Type::Text)), "[apex, other]");
        assert_eq!(shown(r#"["a, b", "c"]"#, &Type::list(Type::Text)), "[a, b, c]");
        assert_eq!(
            from_text(r#"["a, b", "c"]"#, &Type::list(Type::Text)).unwrap(),
            Value::list(vec![Value::text("a, b"), Value::text("c")])
        );
        assert_eq!(shown("[2025-01-01, 2025-01-02]", &Type::list(Type::Date)), "[2025-01-01, 2025-01-02]");
        assert_eq!(shown("[]", &Type::list(Type::Date)), "[]");
        assert_eq!(shown("[[1, 2], [3]]", &Type::list(Type::list(Type::Int))), "[[1, 2], [3]]");
    }

    #[test]
    fn json_may_hold_durations_as_texts() {
        let ty = Type::map(Type::Text, Type::Period);
        assert_eq!(from_json(&json!({ "lookback": "30d" }), &ty).unwrap().to_string(), "{ lookback: 30d }");
        assert_eq!(from_json(&json!({ "lookback": "30" }), &ty).unwrap_err(), "key `lookback`: `30` is not a `period`");
        assert!(from_json(&json!(5), &Type::Text).is_err());
    }
}
