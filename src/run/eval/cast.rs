//! `e as T`.

use std::sync::Arc;

use bigdecimal::{BigDecimal, FromPrimitive, ToPrimitive};

use crate::connection::sql::coerce;
use crate::diagnostic::did_you_mean;
use crate::value::{
    Column, ErrorKind, MapValue, Record, RecordType, Sequence, StepError, Table, Type, Value, from_json,
};

/// The value as one of type `ty`, or why it is none. `name` is what the author calls the value.
pub(crate) fn cast(value: Value, ty: &Type, name: &str) -> Result<Value, StepError> {
    match (ty, value) {
        (Type::Optional(_) | Type::None, Value::None) => Ok(Value::None),
        (Type::Any | Type::Error, value) | (Type::Json, value @ Value::Json(_)) => Ok(value),
        (_, Value::Json(json)) => from_json(&json, ty, name),
        (Type::Optional(inner), value) => cast(value, inner, name),
        (Type::Json, value) => Ok(Value::Json(Arc::new(crate::value::to_json(&value)))),
        (Type::Int | Type::Float | Type::Decimal, value) => number(value, ty),
        (Type::Literals(allowed), Value::Text(text)) => {
            if allowed.contains(&text) {
                return Ok(Value::Text(text));
            }
            let error = misfit(&format!("{:?}", &*text), ty);
            Err(match did_you_mean(&text, allowed.iter().map(|literal| &**literal)) {
                Some(hint) => error.help(hint),
                None => error,
            })
        }
        (Type::Url, Value::Text(text)) => Ok(Value::Url(text)),
        (Type::Table(row), Value::Table(table)) => {
            Ok(Value::Table(Arc::new(coerce(Arc::unwrap_or_clone(table), row)?)))
        }
        (Type::Table(row), value @ (Value::List(_) | Value::Column(_))) => table_of(&value, row),
        (Type::List(item), value) => match (&**item, value) {
            (Type::Record(row), Value::Table(table)) => {
                Ok(Value::Table(Arc::new(coerce(Arc::unwrap_or_clone(table), row)?)))
            }
            (_, value) => list(&value, item),
        },
        (Type::Map(key, of), Value::Map(map)) => map_of(&map, key, of),
        (Type::Record(wanted), Value::Record(record)) => record_of(&record, wanted),
        (_, value) => same_kind(value, ty),
    }
}

fn misfit(found: &str, ty: &Type) -> StepError {
    StepError::new(ErrorKind::Data, format!("expected `{ty}`, found {found}"))
}

fn number(value: Value, ty: &Type) -> Result<Value, StepError> {
    let converted = match (&value, ty) {
        (Value::Int(_), Type::Int) | (Value::Float(_), Type::Float) | (Value::Decimal(_), Type::Decimal) => {
            return Ok(value);
        }
        (Value::Int(n), Type::Float) => Some(Value::Float(*n as f64)),
        (Value::Decimal(d), Type::Float) => d.to_f64().filter(|x| x.is_finite()).map(Value::Float),
        (Value::Int(n), Type::Decimal) => Some(Value::Decimal(Arc::new(BigDecimal::from(*n)))),
        (Value::Float(x), Type::Decimal) => BigDecimal::from_f64(*x).map(|d| Value::Decimal(Arc::new(d))),
        (Value::Float(x), Type::Int) => BigDecimal::from_f64(*x).and_then(|d| whole(&d)),
        (Value::Decimal(d), Type::Int) => whole(d),
        _ => return Err(other_kind(&value, ty)),
    };
    converted.ok_or_else(|| misfit(&value.to_string(), ty).help("round it first, or keep its type"))
}

/// Only whole numbers become `int`: dropping digits is a decision, and `as` is none.
fn whole(d: &BigDecimal) -> Option<Value> {
    d.is_integer().then(|| d.to_i64()).flatten().map(Value::Int)
}

fn list(value: &Value, item: &Type) -> Result<Value, StepError> {
    let items = Sequence::of(value).ok_or_else(|| misfit(&format!("`{}`", value.kind()), &Type::list(item.clone())))?;
    let cast_item = |(at, value)| cast(value, item, "").map_err(|error| error.context(format!("item {at}")));
    items.iter().enumerate().map(cast_item).collect::<Result<Column, _>>().map(Column::into_list)
}

fn table_of(value: &Value, row: &Arc<RecordType>) -> Result<Value, StepError> {
    let mut table = Table::new(row.fields.iter().map(|field| field.name.clone()).collect());
    let records = list(value, &Type::Record(row.clone()))?;
    for record in Sequence::of(&records).iter().flat_map(Sequence::iter) {
        if let Value::Record(record) = record {
            table.push(record.values.iter().cloned());
        }
    }
    Ok(Value::Table(Arc::new(table)))
}

fn map_of(map: &MapValue, key: &Type, of: &Type) -> Result<Value, StepError> {
    let pairs = map.iter().map(|(k, v)| {
        let value = cast(v.clone(), of, "").map_err(|error| error.context(format!("key `{k}`")))?;
        Ok((cast(k.clone(), key, "")?, value))
    });
    pairs.collect::<Result<MapValue, StepError>>().map(|map| Value::Map(Arc::new(map)))
}

fn record_of(record: &Record, wanted: &RecordType) -> Result<Value, StepError> {
    let fields = wanted.fields.iter().map(|field| {
        let value = record.get(&field.name).cloned().unwrap_or(Value::None);
        let value = cast(value, &field.ty, "").map_err(|error| error.context(format!("field `{}`", field.name)))?;
        Ok((field.name.clone(), value))
    });
    fields.collect::<Result<Vec<_>, StepError>>().map(Value::record)
}

/// Types without inner types: the value either is of the type or it is not. A text never turns into a date by `as`.
fn same_kind(value: Value, ty: &Type) -> Result<Value, StepError> {
    let is_same = match ty {
        Type::Range(of) => matches!(
            (&**of, &value),
            (Type::Date, Value::DateRange(..)) | (Type::Timestamp, Value::TimeRange(..)) | (Type::Any, _)
        ),
        Type::Connection(wanted) => matches!(&value, Value::Connection(kind, _) if kind.fits(*wanted)),
        Type::Outcomes(..) => matches!(value, Value::Outcomes(_)),
        // The other types have no inner ones, and are called like the kind of their values.
        _ => ty.to_string() == value.kind(),
    };
    if is_same {
        return Ok(value);
    }
    Err(other_kind(&value, ty))
}

fn other_kind(value: &Value, ty: &Type) -> StepError {
    let error = misfit(&format!("`{}`", value.kind()), ty);
    match (ty.reader(), value) {
        (Some(reader), Value::Text(_)) => error.help(format!("read a text with `{reader}`, or cast it in the query")),
        _ => error,
    }
}
