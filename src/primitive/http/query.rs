//! Query strings: a record as pairs, and whether its type can be sent.

use std::sync::Arc;

use crate::primitive::Known;
use crate::value::{ErrorKind, Sequence, StepError, Type, Value};

/// The pairs of a query string: a list gives a pair for each item, `none` is left out.
pub(super) fn query_pairs(query: Option<&Value>) -> Result<Vec<(Arc<str>, String)>, StepError> {
    let mut pairs = Vec::new();
    match query {
        None | Some(Value::None) => {}
        Some(Value::Record(record)) => {
            for (name, value) in record.fields() {
                add_pairs(&mut pairs, name, value)?;
            }
        }
        Some(Value::Map(map)) => {
            for (name, value) in map.iter() {
                let name = name.as_text().ok_or_else(|| no_query(name.kind()))?;
                add_pairs(&mut pairs, name, value)?;
            }
        }
        Some(other) => return Err(no_query(other.kind())),
    }
    Ok(pairs)
}

fn no_query(found: &str) -> StepError {
    StepError::new(ErrorKind::Data, format!("`query` wants a record such as `{{ page: 1 }}`, found `{found}`"))
}

fn add_pairs(pairs: &mut Vec<(Arc<str>, String)>, name: &Arc<str>, value: &Value) -> Result<(), StepError> {
    match (value, Sequence::of(value)) {
        (Value::None, _) => {}
        (_, Some(items)) => {
            for item in items.iter() {
                pairs.push((name.clone(), scalar(name, &item)?));
            }
        }
        _ => pairs.push((name.clone(), scalar(name, value)?)),
    }
    Ok(())
}

/// A scalar as a source reads it: dates and instants as ISO 8601, numbers as they print.
fn scalar(name: &str, value: &Value) -> Result<String, StepError> {
    match value {
        Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Decimal(_)
        | Value::Text(_)
        | Value::Url(_)
        | Value::Date(_)
        | Value::Time(_)
        | Value::Timestamp(_) => Ok(value.to_string()),
        other => Err(StepError::new(ErrorKind::Data, format!("`query`: `{name}` cannot be a `{}`", other.kind()))
            .help("a query string holds texts, numbers, dates and lists of them; a secret belongs into the connection's `headers` or `query`")),
    }
}

/// Whether a query can be sent, as far as its type tells.
pub(super) fn check_query(call: &Known<'_>, at: usize) -> Option<Result<Type, String>> {
    let query = call.types.get(at)?.as_ref()?.required();
    let odd = |name: &str, ty: &Type| Some(Err(format!("`query`: `{name}` cannot be a `{ty}`")));
    match &query {
        Type::Record(record) => {
            record.fields.iter().find(|field| !is_sendable(&field.ty)).and_then(|field| odd(&field.name, &field.ty))
        }
        Type::Map(key, _) if !key.is_text() && !key.is_unknown() => odd("a key", key),
        Type::Map(_, value) if !is_sendable(value) => odd("a value", value),
        Type::Map(..) | Type::Any | Type::Error | Type::None => None,
        other => Some(Err(format!("`query` wants a record such as `{{ page: 1 }}`, found `{other}`"))),
    }
}

fn is_sendable(ty: &Type) -> bool {
    match ty {
        Type::Optional(inner) | Type::List(inner) => is_sendable(inner),
        Type::Bool | Type::Int | Type::Float | Type::Decimal | Type::Date | Type::Time | Type::Timestamp => true,
        other => other.is_text() || other.is_unknown() || matches!(other, Type::Url | Type::None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::RecordType;

    #[test]
    fn query_values_read_as_sources_expect() {
        let query = Value::record([
            ("day", Value::Date("2025-01-31".parse().unwrap())),
            ("at", Value::Timestamp("2025-01-31T06:00:00Z".parse().unwrap())),
            ("ids", Value::list(vec![Value::Int(1), Value::Int(2)])),
            ("cursor", Value::None),
            ("q", Value::text("a&b=c")),
        ]);
        let pairs: Vec<String> =
            query_pairs(Some(&query)).unwrap().into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(pairs, ["day=2025-01-31", "at=2025-01-31T06:00:00Z", "ids=1", "ids=2", "q=a&b=c"]);
        let secret = Value::record([("token", Value::Secret("hunter2".into()))]);
        assert_eq!(query_pairs(Some(&secret)).unwrap_err().message, "`query`: `token` cannot be a `secret`");
        assert!(query_pairs(Some(&Value::Int(1))).is_err());
    }

    #[test]
    fn queries_are_checked_by_type() {
        let infer = |ty: Type| {
            let types = [None, None, Some(ty)];
            check_query(&Known { types: &types, literals: &[] }, 2)
        };
        let record = |ty| Type::Record(RecordType::new([("day", ty)]));
        assert_eq!(infer(record(Type::Date.optional())), None);
        assert_eq!(infer(Type::map(Type::Text, Type::Any)), None);
        assert!(infer(record(Type::Secret)).unwrap().unwrap_err().contains("`day` cannot be a `secret`"));
        assert!(infer(Type::Int).unwrap().is_err());
    }
}
