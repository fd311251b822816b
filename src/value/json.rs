//! JSON in and out: results are written with [`to_json`], answers of the world are read with [`from_json`].

use std::str::FromStr;
use std::sync::Arc;

use bigdecimal::BigDecimal;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use serde_json::{Map, Value as Json, json};

use super::{Column, ErrorKind, MapValue, Record, RecordType, Sequence, StepError, Table, Type, Value};

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

/// JSON as a value of `ty`; a misfit names its path below `name`, which is what the author calls the JSON:
/// `coins[17].market_cap: expected decimal or none, got "n/a"`.
pub fn from_json(json: &Json, ty: &Type, name: &str) -> Result<Value, StepError> {
    read(json, ty).map_err(|misfit| {
        let place = match name {
            "" => misfit.path.trim_start_matches('.').to_owned(),
            name => format!("{name}{}", misfit.path),
        };
        let glue = if place.is_empty() { "" } else { ": " };
        let (wanted, found) = (misfit.wanted, misfit.found);
        let error = StepError::new(ErrorKind::Data, format!("{place}{glue}expected {wanted}, {found}"));
        StepError { help: misfit.help, ..error }
    })
}

/// Where JSON does not fit, outermost place first: `[17].market_cap`.
struct Misfit {
    path: String,
    wanted: String,
    found: String,
    help: Option<String>,
}

/// How much of what was found is shown, in characters.
const SHOWN: usize = 60;

fn misfit(json: &Json, ty: &Type) -> Misfit {
    let shown = json.to_string();
    let more = if shown.chars().count() > SHOWN { "…" } else { "" };
    let found = format!("got {}{more}", shown.chars().take(SHOWN).collect::<String>());
    Misfit { path: String::new(), wanted: wanted(ty), found, help: help(json, &ty.required()) }
}

fn help(json: &Json, ty: &Type) -> Option<String> {
    let how = match (ty, json) {
        (Type::Date, _) => "JSON gives dates as \"2025-01-31\"; read another form",
        (Type::Timestamp, Json::Number(_)) => {
            return Some("read seconds since 1970 as `float`, and those with `from_unix(…)`".to_owned());
        }
        (Type::Timestamp, _) => "JSON gives instants as \"2025-01-31T06:00:00Z\"; read another form",
        (Type::Int | Type::Float, Json::String(text)) if text.parse::<f64>().is_ok() => "read a number in quotes",
        _ => return None,
    };
    ty.reader().map(|reader| format!("{how} as `text`, and that with `{reader}`"))
}

fn wanted(ty: &Type) -> String {
    if let Type::Optional(inner) = ty { format!("{} or none", wanted(inner)) } else { ty.to_string() }
}

fn within(place: &str, misfit: Misfit) -> Misfit {
    Misfit { path: format!("{place}{}", misfit.path), ..misfit }
}

/// A field as a path goes into it: `.nav`, and `["net value"]` where it is no name.
fn step(field: &str) -> String {
    let is_name = field.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && field.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if is_name { format!(".{field}") } else { format!("[{field:?}]") }
}

fn read(json: &Json, ty: &Type) -> Result<Value, Misfit> {
    let no = || misfit(json, ty);
    match (ty, json) {
        (Type::Optional(_) | Type::None, Json::Null) => Ok(Value::None),
        (Type::Optional(inner), _) => read(json, inner).map_err(|misfit| or_none(misfit, ty)),
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
            .collect::<Result<Column, _>>()
            .map(Column::into_list),
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

/// A misfit of an optional value itself; one further in is no matter of the `?`.
fn or_none(misfit: Misfit, ty: &Type) -> Misfit {
    if misfit.path.is_empty() { Misfit { wanted: wanted(ty), ..misfit } } else { misfit }
}

fn whole(x: f64) -> Option<i64> {
    // Exactly the whole numbers a float holds without loss.
    #[allow(clippy::cast_possible_truncation)]
    (x.fract() == 0.0 && x.abs() < 9_007_199_254_740_992.0).then_some(x as i64)
}

/// The farthest a decimal's digits may lie from its point. `1e999999999` is ten characters and a
/// gigabyte once something is added to it; no database's `numeric` reaches this far.
pub(super) const FARTHEST_DIGIT: u64 = 200_000;

/// A text as a decimal; nothing where it is none, or one whose digits lie too far from its point to be added to.
pub fn decimal_from_text(text: &str) -> Option<BigDecimal> {
    // Reading takes quadratic time.
    let short = Some(text).filter(|text| text.len() as u64 <= FARTHEST_DIGIT)?;
    let decimal = BigDecimal::from_str(short).ok()?;
    (decimal.fractional_digit_count().unsigned_abs() <= FARTHEST_DIGIT).then_some(decimal)
}

fn decimal(text: &str) -> Option<Value> {
    decimal_from_text(text).map(|decimal| Value::Decimal(Arc::new(decimal)))
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
        let key = read(&Json::String(name.clone()), key)
            .map_err(|m| Misfit { wanted: format!("keys of type {}", m.wanted), ..m })?;
        Ok((key, read(json, value).map_err(|m| within(&step(name), m))?))
    });
    Ok(Value::Map(Arc::new(pairs.collect::<Result<MapValue, Misfit>>()?)))
}

/// Fields that the type does not name are dropped: a provider may add some at any time.
fn read_record(fields: &Map<String, Json>, record: &RecordType) -> Result<Value, Misfit> {
    let values = record.fields.iter().map(|field| {
        let value = match fields.get(&*field.name) {
            Some(json) => read(json, &field.ty),
            None => read(&Json::Null, &field.ty).map_err(|m| Misfit { found: "found no such field".to_owned(), ..m }),
        };
        Ok((field.name.clone(), value.map_err(|m| within(&step(&field.name), m))?))
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
    fn a_misfit_names_its_path_and_what_was_wanted_and_got() {
        let record = |fields: Vec<(&str, Type)>| Type::Record(RecordType::new(fields));
        let coin = record(vec![
            ("id", Type::Text),
            ("cap", Type::Decimal.optional()),
            ("days", Type::list(Type::Date).optional()),
            ("nav", Type::map(Type::Text, Type::Float.optional())),
            ("trend", Type::literals(["up", "down"])),
        ]);
        let coins = Type::list(coin);
        let good = || json!({ "id": "a", "cap": null, "nav": {}, "trend": "up", "more": 1 });
        let with = |field: &str, value: Json| {
            let mut coin = good();
            coin[field] = value;
            from_json(&json!([good(), coin]), &coins, "coins").unwrap_err().message
        };
        assert!(from_json(&json!([good()]), &coins, "coins").is_ok());
        let cases = [
            ("cap", json!("n/a"), r#"coins[1].cap: expected decimal or none, got "n/a""#),
            ("id", json!(null), "coins[1].id: expected text, got null"),
            ("days", json!(["2025-01-31", "31/01/2025"]), r#"coins[1].days[1]: expected date, got "31/01/2025""#),
            ("days", json!(3), "coins[1].days: expected list<date> or none, got 3"),
            (
                "nav",
                json!({ "a": 1, "net value": true }),
                r#"coins[1].nav["net value"]: expected float or none, got true"#,
            ),
            ("trend", json!("flat"), r#"coins[1].trend: expected "down" | "up", got "flat""#),
        ];
        for (field, value, message) in cases {
            assert_eq!(with(field, value), message);
        }
        let message = |json: Json, ty: &Type, name: &str| from_json(&json, ty, name).unwrap_err().message;
        assert_eq!(
            message(json!([{}]), &Type::list(record(vec![("id", Type::Text)])), "xs"),
            "xs[0].id: expected text, found no such field"
        );
        assert_eq!(
            message(json!({ "rows": 3 }), &Type::list(Type::Int), "rows"),
            r#"rows: expected list<int>, got {"rows":3}"#
        );
        assert_eq!(message(json!({ "a": 1 }), &record(vec![("a", Type::Bool)]), ""), "a: expected bool, got 1");
        assert_eq!(message(json!(1), &Type::Bool, ""), "expected bool, got 1");
        assert_eq!(
            message(json!({ "x": 1 }), &Type::map(Type::Date, Type::Int), "m"),
            r#"m: expected keys of type date, got "x""#
        );
        assert_eq!(message(json!([1.5]), &Type::list(Type::Int), "n"), "n[0]: expected int, got 1.5");
    }

    #[test]
    fn decimals_never_pass_through_a_float() {
        let value = from_json(&json!("0.1000000000000000000001"), &Type::Decimal, "").unwrap();
        assert_eq!(value.to_string(), "0.1000000000000000000001");
        let number: Json = serde_json::from_str("1234567890.1234567890123456789").unwrap();
        let value = from_json(&number, &Type::Decimal, "").unwrap();
        assert_eq!(value.to_string(), "1234567890.1234567890123456789");
        assert!(from_json(&json!("1e999999999"), &Type::Decimal, "").is_err());
    }
}
