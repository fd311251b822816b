//! A part of a value, by its name or number.

use crate::value::{Sequence, Value};

/// The field, the entry or the item of a value; `None` where it has none such.
pub(super) fn part(value: &Value, name: &str) -> Option<Value> {
    match value {
        Value::Record(record) => record.get(name).cloned(),
        Value::Map(map) => map.iter().find(|(key, _)| key.to_string() == name).map(|(_, value)| value.clone()),
        Value::Outcomes(outcomes) => match name {
            "ok" => Some(Value::List(outcomes.ok.clone())),
            "failed" => Some(Value::List(outcomes.failed.clone())),
            _ => None,
        },
        other => {
            let items = Sequence::of(other)?;
            match name.parse() {
                Ok(at) => items.get(at),
                Err(_) if name == "count" => i64::try_from(items.len()).ok().map(Value::Int),
                Err(_) => (0..items.len()).map(|at| items.field(at, name)).collect::<Option<Vec<_>>>().map(Value::list),
            }
        }
    }
}
