//! Values on disk: JSON that gives back exactly what was kept, for the next run to read.
//!
//! What JSON holds exactly stands as it is: `none`, bools, texts, lists, ints (numbers without a point) and finite
//! floats (numbers with a point or an exponent). All else is an object with one field, the kind: `{ "date": "2025-01-31" }`.
//! Kinds come from the values, not from a type: an `int` may stand where a `float` is wanted, and stays one.

mod write;

use std::str::FromStr;
use std::sync::Arc;

use bigdecimal::BigDecimal;
use bigdecimal::num_bigint::BigInt;
use chrono::{DateTime, NaiveDate, NaiveTime};
use serde_json::{Number, Value as Json};

use self::write::Writer;
use super::json::FARTHEST_DIGIT;
use super::{
    Column, ErrorKind, Labels, MapValue, Outcomes, Period, Points, Sample, Series, StepError, Table, Timestamp, Type,
    Value,
};

/// How deep the JSON may nest: less than its reader takes.
const DEEPEST: usize = 120;

/// The most levels of JSON that one level of a value takes: those of a table.
const LEVELS: usize = 5;

/// The first type inside `ty` whose values a later run cannot be given: what cannot be kept, and failures, which are to
/// happen anew. What is on record of one run holds its failures, too.
pub fn unkeepable(ty: &Type) -> Option<&Type> {
    match ty {
        Type::Calendar
        | Type::Sql
        | Type::Promql
        | Type::Regex
        | Type::Secret
        | Type::Failure
        | Type::Outcomes(..)
        | Type::Connection(_) => Some(ty),
        Type::Range(of) | Type::List(of) | Type::Optional(of) => unkeepable(of),
        Type::Map(key, value) => unkeepable(key).or_else(|| unkeepable(value)),
        Type::Record(fields) | Type::Table(fields) => fields.fields.iter().find_map(|field| unkeepable(&field.ty)),
        _ => None,
    }
}

/// A value as JSON; `None` when it holds what cannot be kept, nests too deep, or has absurdly many digits.
pub fn to_kept(value: &Value) -> Option<Json> {
    serde_json::from_str(&to_kept_text(value)?).ok()
}

/// [`to_kept`] as a text.
pub fn to_kept_text(value: &Value) -> Option<String> {
    Writer::text_of(value)
}

/// The value that was kept; `None` when the JSON is none that [`to_kept`] gives.
pub fn from_kept(json: &Json) -> Option<Value> {
    match json {
        Json::Null => Some(Value::None),
        Json::Bool(b) => Some(Value::Bool(*b)),
        Json::String(text) => Some(Value::text(text.as_str())),
        Json::Number(number) => read_number(number),
        Json::Array(items) => Some(Value::list(items.iter().map(from_kept).collect::<Option<_>>()?)),
        Json::Object(fields) => {
            let (kind, json) = fields.iter().next().filter(|_| fields.len() == 1)?;
            read(kind, json)
        }
    }
}

fn read(kind: &str, json: &Json) -> Option<Value> {
    Some(match kind {
        "float" => Value::Float(read_float(json)?),
        "decimal" => Value::Decimal(Arc::new(read_decimal(json)?)),
        "json" => Value::Json(Arc::new(serde_json::from_str(json.as_str()?).ok()?)),
        "date" => Value::Date(day(json)?),
        "time" => Value::Time(NaiveTime::from_str(json.as_str()?).ok()?),
        "timestamp" => Value::Timestamp(read_instant(json)?),
        "duration" => Value::Duration(json.as_i64()?),
        "period" => {
            let [months, days] = array(json)?;
            Value::Period(Period { months: small(months)?, days: small(days)? })
        }
        "bdays" => Value::BusinessDays(json.as_i64()?),
        "dates" => {
            let [from, to] = array(json)?;
            Value::DateRange(day(from)?, day(to)?)
        }
        "times" => {
            let [from, to] = array(json)?;
            Value::TimeRange(read_instant(from)?, read_instant(to)?)
        }
        "outcomes" => {
            let [ok, failed] = array(json)?;
            Value::Outcomes(Arc::new(Outcomes { ok: read_items(ok)?, failed: read_items(failed)? }))
        }
        "error" => Value::Error(Arc::new(read_error(json)?)),
        "url" => Value::Url(json.as_str()?.into()),
        "regex" => Value::Regex(json.as_str()?.into()),
        "map" => Value::Map(Arc::new(read_pairs(json, from_kept)?.into_iter().collect::<MapValue>())),
        "record" => Value::record(read_pairs(json, text)?),
        "table" => Value::Table(Arc::new(read_table(json)?)),
        "points" => Value::Points(Arc::new(read_points(json)?)),
        "sample" => {
            let [name, labels, value, at_ms] = array(json)?;
            let (name, labels) = (text(name)?, read_labels(labels)?);
            Value::Sample(Arc::new(Sample { name, labels, value: read_float(value)?, at_ms: at_ms.as_i64()? }))
        }
        "series" => {
            let [name, labels, points] = array(json)?;
            let (name, labels) = (text(name)?, read_labels(labels)?);
            Value::Series(Arc::new(Series { name, labels, points: Arc::new(read_points(points)?) }))
        }
        _ => return None,
    })
}

fn array<const N: usize>(json: &Json) -> Option<&[Json; N]> {
    json.as_array()?.as_slice().try_into().ok()
}

fn text(json: &Json) -> Option<Arc<str>> {
    json.as_str().map(Arc::from)
}

fn read_items(json: &Json) -> Option<Arc<Vec<Value>>> {
    json.as_array()?.iter().map(from_kept).collect::<Option<_>>().map(Arc::new)
}

fn read_error(json: &Json) -> Option<StepError> {
    let [kind, message, help, retryable, retry_after_ms] = array(json)?;
    Some(StepError {
        kind: ErrorKind::find(kind.as_str()?)?,
        message: message.as_str()?.to_owned(),
        help: help.as_str().map(str::to_owned),
        retryable: retryable.as_bool()?,
        retry_after_ms: retry_after_ms.as_u64(),
    })
}

fn small(json: &Json) -> Option<i32> {
    i32::try_from(json.as_i64()?).ok()
}

fn read_float(json: &Json) -> Option<f64> {
    match json {
        Json::Number(number) => number.to_string().parse().ok(),
        Json::String(written) => written.parse().ok(),
        Json::Object(fields) => read_float(fields.get("float").filter(|json| json.is_string())?),
        _ => None,
    }
}

fn read_number(number: &Number) -> Option<Value> {
    let written = number.to_string();
    if written.contains(['.', 'e', 'E']) {
        written.parse().ok().map(Value::Float)
    } else {
        written.parse().ok().map(Value::Int)
    }
}

fn read_decimal(json: &Json) -> Option<BigDecimal> {
    let [digits, scale] = array(json)?;
    let scale = scale.as_i64().filter(|scale| scale.unsigned_abs() <= FARTHEST_DIGIT)?;
    Some(BigDecimal::new(BigInt::from_str(digits.as_str()?).ok()?, scale))
}

fn day(json: &Json) -> Option<NaiveDate> {
    NaiveDate::from_str(json.as_str()?).ok()
}

fn read_instant(json: &Json) -> Option<Timestamp> {
    let [seconds, nanos] = array(json)?;
    DateTime::from_timestamp(seconds.as_i64()?, u32::try_from(nanos.as_u64()?).ok()?)
}

fn read_pairs<K>(json: &Json, key: impl Fn(&Json) -> Option<K>) -> Option<Vec<(K, Value)>> {
    let pair = |json: &Json| {
        let [k, value] = array(json)?;
        Some((key(k)?, from_kept(value)?))
    };
    json.as_array()?.iter().map(pair).collect()
}

fn read_table(json: &Json) -> Option<Table> {
    let [rows, columns] = array(json)?;
    let rows = usize::try_from(rows.as_u64()?).ok()?;
    let column = |json: &Json| {
        let [name, items] = array(json)?;
        let items = items.as_array()?.iter().map(from_kept).collect::<Option<Column>>()?;
        (items.len() == rows).then_some((text(name)?, items))
    };
    let (names, columns): (Vec<_>, Vec<_>) =
        columns.as_array()?.iter().map(column).collect::<Option<Vec<_>>>()?.into_iter().unzip();
    Some(Table { shape: names.into(), columns, rows })
}

fn read_points(json: &Json) -> Option<Points> {
    let [at_ms, values] = array(json)?;
    let at_ms: Vec<i64> = at_ms.as_array()?.iter().map(Json::as_i64).collect::<Option<_>>()?;
    let values: Vec<f64> = values.as_array()?.iter().map(read_float).collect::<Option<_>>()?;
    Some(Points { at_ms, values })
}

fn read_labels(json: &Json) -> Option<Labels> {
    let pair = |json: &Json| {
        let [name, value] = array(json)?;
        Some((text(name)?, text(value)?))
    };
    json.as_array()?.iter().map(pair).collect()
}

#[cfg(test)]
mod tests;
