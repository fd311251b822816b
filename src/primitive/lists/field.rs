//! A field of a list's items that is named by a text: what type it has, and what it holds.

use crate::diagnostic::did_you_mean;
use crate::primitive::registry;
use crate::value::{Column, ErrorKind, RecordType, Sequence, StepError, Type, Value};

/// Stands for the UTC day of `at` when there is no field of this name.
pub(super) const DAY: &str = "day";

/// The type of the field `by` of items of a type; `purpose` is what it is wanted for, `group by`.
pub(super) fn field_type(item: &Type, by: &str, purpose: &str) -> Result<Type, String> {
    match item {
        Type::Record(record) => match (record.get(by), record.get("at")) {
            (Some(ty), _) => Ok(ty.clone()),
            (None, Some(Type::Timestamp)) if by == DAY => Ok(Type::Date),
            _ => Err(no_field(item, by, record, purpose)),
        },
        Type::Sample if by == DAY => Ok(Type::Date),
        Type::Sample | Type::Series => {
            let property = item.family().and_then(|family| registry::property(family, by));
            property.map(|property| (property.ty)(item)).ok_or_else(|| format!("a `{item}` has no `{by}` to {purpose}"))
        }
        Type::Any | Type::Error => Ok(item.clone()),
        other => Err(format!(
            "`list<{other}>` has no fields to {purpose}; give a list of records, samples, series or points"
        )),
    }
}

fn no_field(item: &Type, by: &str, record: &RecordType, purpose: &str) -> String {
    let hint = did_you_mean(by, record.names()).map(|hint| format!("; {hint}")).unwrap_or_default();
    format!("`{item}` has no field `{by}` to {purpose}{hint}")
}

/// The value of the field; `None` when the item has none.
pub(super) fn field_of(item: &Value, by: &str) -> Option<Value> {
    let property =
        |family: &str, name: &str| registry::property(family, name).and_then(|property| (property.get)(item));
    let field = |name: &str| match item {
        Value::Record(record) => record.get(name).cloned(),
        Value::Sample(_) => property("sample", name),
        Value::Series(_) => property("series", name),
        _ => None,
    };
    field(by).or_else(|| match field("at") {
        Some(Value::Timestamp(at)) if by == DAY => Some(Value::Date(at.date_naive())),
        _ => None,
    })
}

/// The field of all items as a column, or the error for the first item that has none.
pub(super) fn keys(items: &Sequence, by: &str, purpose: &str) -> Result<Column, StepError> {
    if let Some(column) = items.records().and_then(|table| table.column(by)) {
        return Ok(column.clone());
    }
    let key = |(at, item): (usize, Value)| field_of(&item, by).ok_or_else(|| without(&item, at, by, purpose));
    items.iter().enumerate().map(key).collect()
}

/// The error for an item without the field.
pub(super) fn without(item: &Value, at: usize, by: &str, purpose: &str) -> StepError {
    StepError::new(ErrorKind::Data, format!("`[{at}]` is a `{}` without `{by}` to {purpose}", item.kind()))
}
