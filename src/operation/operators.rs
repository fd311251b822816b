//! Operators on two values.

use std::cmp::Ordering;
use std::sync::Arc;

use super::arithmetic::calculate;
use super::{periods, truth};
use crate::syntax::ast::BinaryOperator as Op;
use crate::value::{Column, ErrorKind, MapValue, Record, Sequence, StepError, Value};

/// `a op b`. Whether `b` was needed is the caller's concern.
pub(crate) fn binary(op: Op, a: Value, b: Value) -> Result<Value, StepError> {
    let ordered = |wanted: fn(Ordering) -> bool| {
        let is_so = match (&a, &b) {
            (Value::Period(a), Value::Period(b)) => periods::compare(*a, *b, wanted),
            _ => order(op, &a, &b).map(wanted),
        };
        is_so.map(Value::Bool)
    };
    match op {
        Op::Or | Op::And => truth(&b).map(Value::Bool),
        Op::Coalesce => Ok(b),
        Op::Equal => Ok(Value::Bool(a == b)),
        Op::NotEqual => Ok(Value::Bool(a != b)),
        Op::Less => ordered(Ordering::is_lt),
        Op::LessOrEqual => ordered(Ordering::is_le),
        Op::Greater => ordered(Ordering::is_gt),
        Op::GreaterOrEqual => ordered(Ordering::is_ge),
        Op::In => contains(&b, &a).map(Value::Bool),
        Op::NotIn => contains(&b, &a).map(|found| Value::Bool(!found)),
        Op::Through | Op::Until => range(op, &a, &b),
        Op::Add | Op::Subtract | Op::Multiply | Op::Divide | Op::Remainder => calculate(op, a, b),
    }
}

fn unsuited(op: Op, a: &Value, b: &Value) -> StepError {
    StepError::new(ErrorKind::Data, format!("`{}` does not work on `{}` and `{}`", op.symbol(), a.kind(), b.kind()))
}

/// How two values of one ordered kind compare. Equality is for all values, order is not: `none < 1` has no answer.
fn order(op: Op, a: &Value, b: &Value) -> Result<Ordering, StepError> {
    let is_number = |value: &Value| matches!(value, Value::Int(_) | Value::Float(_) | Value::Decimal(_));
    match (a, b) {
        (Value::Text(_), Value::Text(_))
        | (Value::Date(_), Value::Date(_))
        | (Value::Time(_), Value::Time(_))
        | (Value::Timestamp(_), Value::Timestamp(_))
        | (Value::Duration(_), Value::Duration(_))
        | (Value::BusinessDays(_), Value::BusinessDays(_)) => Ok(a.cmp(b)),
        _ if is_number(a) && is_number(b) => Ok(a.cmp(b)),
        (Value::None, _) | (_, Value::None) => {
            Err(unsuited(op, a, b).help("test for `none` first, or give a default with `??`"))
        }
        _ => Err(unsuited(op, a, b)),
    }
}

/// `b in a`.
fn contains(a: &Value, item: &Value) -> Result<bool, StepError> {
    Ok(match (a, item) {
        (Value::List(list), _) => list.contains(item),
        (Value::Map(map), _) => map.contains_key(item),
        (Value::Record(record), Value::Text(name)) => record.get(name).is_some(),
        (Value::Text(text), Value::Text(part)) => text.contains(&**part),
        (Value::DateRange(from, to), Value::Date(day)) => from <= day && day <= to,
        (Value::TimeRange(from, to), Value::Timestamp(at)) => from <= at && at < to,
        (Value::Json(json), Value::Text(name)) if json.is_object() => json.get(&**name).is_some(),
        (Value::Json(json), _) if json.is_array() => {
            let wanted = crate::value::to_json(item);
            json.as_array().is_some_and(|items| items.contains(&wanted))
        }
        _ => match Sequence::of(a) {
            Some(items) => items.iter().any(|found| found == *item),
            None => return Err(unsuited(Op::In, item, a)),
        },
    })
}

fn range(op: Op, from: &Value, to: &Value) -> Result<Value, StepError> {
    match (op, from, to) {
        (Op::Through, Value::Date(from), Value::Date(to)) => Ok(Value::DateRange(*from, *to)),
        (Op::Until, Value::Timestamp(from), Value::Timestamp(to)) => Ok(Value::TimeRange(*from, *to)),
        (Op::Through, Value::Timestamp(_), Value::Timestamp(_)) => {
            Err(unsuited(op, from, to).help("instants are joined with `until`, the end excluded"))
        }
        (Op::Until, Value::Date(_), Value::Date(_)) => {
            Err(unsuited(op, from, to).help("dates are joined with `through`, the end included"))
        }
        _ => Err(unsuited(op, from, to)),
    }
}

/// `+` of collections; what is none comes back.
pub(super) fn join(a: Value, b: Value) -> Result<Value, (Value, Value)> {
    match (a, b) {
        (Value::Map(mut a), Value::Map(b)) => {
            Arc::make_mut(&mut a).extend(b.iter().map(|(key, value)| (key.clone(), value.clone())));
            Ok(Value::Map(a))
        }
        (Value::Map(mut a), Value::Record(b)) => {
            Arc::make_mut(&mut a).extend(keys_and_values(&b));
            Ok(Value::Map(a))
        }
        (Value::Table(mut a), Value::Table(b)) if a.shape == b.shape => {
            Arc::make_mut(&mut a).append(&b);
            Ok(Value::Table(a))
        }
        (Value::Column(mut a), Value::Column(b)) => {
            Arc::make_mut(&mut a).append(&b);
            Ok(Value::Column(a))
        }
        (Value::List(mut a), Value::List(b)) => {
            Arc::make_mut(&mut a).extend(b.iter().cloned());
            Ok(Value::List(a))
        }
        (a, b) => match (Sequence::of(&a), Sequence::of(&b)) {
            (Some(a), Some(b)) => Ok(a.iter().chain(b.iter()).collect::<Column>().into_list()),
            _ => Err((a, b)),
        },
    }
}

fn keys_and_values(record: &Record) -> MapValue {
    record.fields().map(|(name, value)| (Value::Text(name.clone()), value.clone())).collect()
}
