//! `.field`, `.property`, `[index]`.

use std::sync::Arc;

use serde_json::Value as Json;

use crate::diagnostic::did_you_mean;
use crate::primitive::{Property, registry};
use crate::value::{ErrorKind, MapValue, Record, Sequence, StepError, Table, Value};

fn missing(message: String) -> StepError {
    StepError::new(ErrorKind::Missing, message)
}

fn with_hint(error: StepError, hint: Option<String>) -> StepError {
    match hint {
        Some(hint) => error.help(hint),
        None => error,
    }
}

/// `xs.count`.
pub(crate) fn property(value: &Value, property: &Property, optional: bool) -> Result<Value, StepError> {
    if optional && value.is_none() {
        return Ok(Value::None);
    }
    (property.get)(value).ok_or_else(|| {
        let (name, family, kind) = (property.name, property.family, value.kind());
        StepError::new(ErrorKind::Data, format!("`.{name}` is read from a `{family}`, found `{kind}`"))
    })
}

/// `r.day`, `m.k`, `t.column`, `j.a`.
pub(crate) fn field(value: &Value, name: &Arc<str>, optional: bool) -> Result<Value, StepError> {
    match value {
        Value::None if optional => Ok(Value::None),
        Value::Record(record) => record.get(name).cloned().ok_or_else(|| no_field(record, name)),
        Value::Map(map) => map.get(&Value::Text(name.clone())).cloned().ok_or_else(|| no_key(map, name)),
        Value::Table(table) => column(table, name),
        Value::Json(json) => Ok(json.get(&**name).map_or(Value::None, from_inner_json)),
        other => by_property(other, name),
    }
}

/// Values of type `any` are read by field where the checker, knowing their type, would have found a property.
fn by_property(value: &Value, name: &str) -> Result<Value, StepError> {
    let family = if matches!(value, Value::Table(_)) { "list" } else { value.kind() };
    let found = registry::property(family, name).and_then(|property| (property.get)(value));
    found.ok_or_else(|| {
        let error = StepError::new(ErrorKind::Data, format!("`{}` has no field `{name}`", value.kind()));
        if value.is_none() {
            error.help(format!("read it with `?.{name}`, or give a default with `??`"))
        } else {
            error
        }
    })
}

fn no_field(record: &Record, name: &str) -> StepError {
    let error = missing(format!("the record has no field `{name}`"));
    with_hint(error, did_you_mean(name, record.shape.iter().map(|field| &**field)))
}

fn no_key(map: &MapValue, name: &str) -> StepError {
    let keys = map.keys().filter_map(Value::as_text).map(|key| &**key);
    let hint =
        did_you_mean(name, keys).unwrap_or_else(|| format!("`m[\"{name}\"]` gives `none` when the key is absent"));
    missing(format!("the map has no key `{name}`")).help(hint)
}

fn column(table: &Arc<Table>, name: &str) -> Result<Value, StepError> {
    if let Some(column) = table.column(name) {
        return Ok(column.clone().into_list());
    }
    by_property(&Value::Table(table.clone()), name).map_err(|_| {
        let error = missing(format!("the table has no column `{name}`"));
        with_hint(error, did_you_mean(name, table.shape.iter().map(|column| &**column)))
    })
}

/// `m[k]`, `l[i]`, `r["a"]`, `j["a"]`, `j[0]`.
pub(crate) fn index(of: &Value, at: &Value) -> Result<Value, StepError> {
    match (of, at) {
        (Value::Map(map), key) => Ok(map.get(key).cloned().unwrap_or(Value::None)),
        (Value::Record(record), Value::Text(name)) => record.get(name).cloned().ok_or_else(|| no_field(record, name)),
        (Value::Json(json), Value::Text(name)) => Ok(json.get(&**name).map_or(Value::None, from_inner_json)),
        (Value::Json(json), Value::Int(at)) => {
            Ok(usize::try_from(*at).ok().and_then(|at| json.get(at)).map_or(Value::None, from_inner_json))
        }
        (_, Value::Int(at)) if Sequence::of(of).is_some() => item(of, *at),
        _ => Err(StepError::new(
            ErrorKind::Data,
            format!("`[…]` does not work on `{}` with a `{}` inside", of.kind(), at.kind()),
        )),
    }
}

fn item(of: &Value, at: i64) -> Result<Value, StepError> {
    let items = Sequence::of(of);
    let found = items.as_ref().and_then(|items| items.get(usize::try_from(at).ok()?));
    found.ok_or_else(|| {
        let count = items.map_or(0, |items| items.len());
        let error = missing(format!("there is no item {at}: the {} has {count}, counted from 0", of.kind()));
        if at < 0 { error.help("`last(xs)` gives the last item") } else { error }
    })
}

/// A part of a JSON value; `null` is `none`.
pub(crate) fn from_inner_json(json: &Json) -> Value {
    if json.is_null() { Value::None } else { Value::Json(Arc::new(json.clone())) }
}
