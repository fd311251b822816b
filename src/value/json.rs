//! JSON in and out: results are written with [`to_json`], answers of the world are read with [`from_json`].

use std::str::FromStr;
use std::sync::Arc;

use bigdecimal::BigDecimal;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use serde_json::{Map, Value as Json, json};

use super::{ErrorKind, MapValue, Record, RecordType, Sequence, StepError, Table, Type, Value};

/// A value as JSON: dates and instants as ISO 8601, decimals and non-finite floats as text, secrets as `•••`.
pub fn to_json(value: &Value) -> Json {
    match value {
        Value::None => Json::Null,
        Value::Bool(b) => json!(b),
        Value::Int(n) => json!(n),
        Value::Float(x) => serde_json::Number::from_f64(*x).map_or_else(|| json!(x.to_string()), Json::Number),
        Value::Json(json) => (**json).clone(),
        Value::List(_) | Value::Points(_) | Value::Table(_) | Value::Column(_) => Json::Array(
            Sequence::of(value)
                .iter()
                .flat_map(|items| items.iter().map(|v| to_json(&v)).collect::<Vec<_>>())
                .collect(),
        ),
        Value::Map(map) => Json::Object(map.iter().map(|(key, value)| (key.to_string(), to_json(value))).collect()),
        Value::Record(record) => fields_to_json(record),
        Value::Sample(s) => {
            json!({ "name": &*s.name, "labels": to_json(&s.labels.to_value()), "value": to_json(&Value::Float(s.value)), "at": to_json(&Value::Timestamp(super::timestamp(s.at_ms))) })
        }
        Value::Series(s) => {
            json!({ "name": &*s.name, "labels": to_json(&s.labels.to_value()), "points": to_json(&Value::Points(s.points.clone())) })
        }
        Value::Outcomes(o) => json!({ "ok": list(&o.ok), "failed": list(&o.failed) }),
        Value::Error(error) => json!({ "kind": error.kind.name(), "message": error.message, "help": error.help }),
        other => json!(other.to_string()),
    }
}

fn list(items: &[Value]) -> Json {
    Json::Array(items.iter().map(to_json).collect())
}

fn fields_to_json(record: &Record) -> Json {
    Json::Object(record.fields().map(|(name, value)| (name.to_string(), to_json(value))).collect::<Map<_, _>>())
}

/// JSON as a value of `ty`; a misfit names its path (`[3].values.nav`).
pub fn from_json(json: &Json, ty: &Type) -> Result<Value, StepError> {
    read(json, ty).map_err(|misfit| {
        let place = if misfit.path.is_empty() { String::new() } else { format!(" at `{}`", misfit.path) };
        StepError::new(ErrorKind::Data, format!("expected {}{place}, found {}", misfit.wanted, misfit.found))
    })
}

struct Misfit {
    path: String,
    wanted: String,
    found: String,
}

fn misfit(json: &Json, ty: &Type) -> Misfit {
    let mut found = json.to_string();
    if found.chars().count() > 60 {
        found = format!("{}…", found.chars().take(60).collect::<String>());
    }
    Misfit { path: String::new(), wanted: format!("`{ty}`"), found }
}

fn within(place: &str, misfit: Misfit) -> Misfit {
    let glue = if misfit.path.is_empty() || misfit.path.starts_with('[') { "" } else { "." };
    Misfit { path: format!("{place}{glue}{}", misfit.path), ..misfit }
}

fn read(json: &Json, ty: &Type) -> Result<Value, Misfit> {
    let no = || misfit(json, ty);
    match (ty, json) {
        (Type::Optional(_) | Type::None, Json::Null) => Ok(Value::None),
        (Type::Optional(inner), _) => read(json, inner),
        (Type::Any | Type::Error, _) => Ok(untyped(json)),
        (Type::Json, _) => Ok(Value::Json(Arc::new(json.clone()))),
        (Type::Bool, Json::Bool(b)) => Ok(Value::Bool(*b)),
        (Type::Int, Json::Number(n)) => n.as_i64().or_else(|| whole(n.as_f64()?)).map(Value::Int).ok_or_else(no),
        (Type::Float, Json::Number(n)) => n.as_f64().map(Value::Float).ok_or_else(no),
        (Type::Decimal, Json::Number(n)) => decimal(&n.to_string()).ok_or_else(no),
        (Type::List(item), Json::Array(items)) => items
            .iter()
            .enumerate()
            .map(|(at, json)| read(json, item).map_err(|m| within(&format!("[{at}]"), m)))
            .collect::<Result<Vec<_>, _>>()
            .map(Value::list),
        (Type::Table(row), Json::Array(items)) => read_table(items, row),
        (Type::Map(key, value), Json::Object(fields)) => read_map(fields, key, value),
        (Type::Record(record), Json::Object(fields)) => read_record(fields, record),
        (Type::Literals(allowed), Json::String(text)) => {
            allowed.contains(text.as_str()).then(|| Value::text(text.as_str())).ok_or_else(no)
        }
        (_, Json::String(text)) => from_text(text, ty).ok_or_else(no),
        _ => Err(no()),
    }
}

fn whole(x: f64) -> Option<i64> {
    // Exactly the whole numbers a float holds without loss.
    #[allow(clippy::cast_possible_truncation)]
    (x.fract() == 0.0 && x.abs() < 9_007_199_254_740_992.0).then_some(x as i64)
}

/// The farthest a decimal's digits may lie from its point. `1e999999999` is ten characters and a
/// gigabyte once something is added to it; no database's `numeric` reaches this far.
pub(super) const FARTHEST_DIGIT: u64 = 200_000;

fn decimal(text: &str) -> Option<Value> {
    let decimal = BigDecimal::from_str(text).ok()?;
    let is_near = decimal.fractional_digit_count().unsigned_abs() <= FARTHEST_DIGIT;
    is_near.then(|| Value::Decimal(Arc::new(decimal)))
}

/// A text as a value of a scalar type, as parameters and JSON give it.
fn from_text(text: &str, ty: &Type) -> Option<Value> {
    match ty {
        Type::Text => Some(Value::text(text)),
        Type::Url => Some(Value::Url(text.into())),
        Type::Secret => Some(Value::Secret(text.into())),
        Type::Decimal => decimal(text),
        Type::Date => NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(Value::Date),
        Type::Time => {
            ["%H:%M", "%H:%M:%S"].iter().find_map(|form| NaiveTime::parse_from_str(text, form).ok()).map(Value::Time)
        }
        Type::Timestamp => DateTime::parse_from_rfc3339(text).ok().map(|at| Value::Timestamp(at.with_timezone(&Utc))),
        _ => None,
    }
}

fn untyped(json: &Json) -> Value {
    match json {
        Json::Null => Value::None,
        Json::Bool(b) => Value::Bool(*b),
        Json::Number(n) => n.as_i64().map_or_else(|| Value::Float(n.as_f64().unwrap_or(f64::NAN)), Value::Int),
        Json::String(text) => Value::text(text.as_str()),
        Json::Array(_) | Json::Object(_) => Value::Json(Arc::new(json.clone())),
    }
}

fn read_map(fields: &Map<String, Json>, key: &Type, value: &Type) -> Result<Value, Misfit> {
    let pairs = fields.iter().map(|(name, json)| {
        let key = read(&Json::String(name.clone()), key)?;
        Ok((key, read(json, value).map_err(|m| within(name, m))?))
    });
    Ok(Value::Map(Arc::new(pairs.collect::<Result<MapValue, Misfit>>()?)))
}

/// Fields that the type does not name are dropped: a provider may add some at any time.
fn read_record(fields: &Map<String, Json>, record: &RecordType) -> Result<Value, Misfit> {
    let values = record.fields.iter().map(|field| {
        let json = fields.get(&*field.name).unwrap_or(&Json::Null);
        Ok((field.name.clone(), read(json, &field.ty).map_err(|m| within(&field.name, m))?))
    });
    Ok(Value::record(values.collect::<Result<Vec<_>, Misfit>>()?))
}

fn read_table(items: &[Json], row: &Arc<RecordType>) -> Result<Value, Misfit> {
    let mut table = Table::new(row.fields.iter().map(|field| field.name.clone()).collect());
    for (at, item) in items.iter().enumerate() {
        let record = read(item, &Type::Record(row.clone())).map_err(|m| within(&format!("[{at}]"), m))?;
        if let Value::Record(record) = record {
            table.push(record.values.iter().cloned());
        }
    }
    Ok(Value::Table(Arc::new(table)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misfit_names_its_path() {
        let row = Type::Record(RecordType::new([("values", Type::map(Type::Text, Type::Float.optional()))]));
        let error =
            from_json(&json!([{ "values": { "nav": 1, "x": null } }, { "values": { "nav": true } }]), &Type::list(row))
                .unwrap_err();
        assert_eq!(error.message, "expected `float` at `[1].values.nav`, found true");
    }

    #[test]
    fn decimals_never_pass_through_a_float() {
        let value = from_json(&json!("0.1000000000000000000001"), &Type::Decimal).unwrap();
        assert_eq!(value.to_string(), "0.1000000000000000000001");
        let number: Json = serde_json::from_str("1234567890.1234567890123456789").unwrap();
        let value = from_json(&number, &Type::Decimal).unwrap();
        assert_eq!(value.to_string(), "1234567890.1234567890123456789");
        assert!(from_json(&json!("1e999999999"), &Type::Decimal).is_err());
    }
}
