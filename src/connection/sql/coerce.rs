//! A query's result as the table that the workflow states: `as table<{ … }>`.

use std::sync::Arc;

use bigdecimal::{BigDecimal, ToPrimitive};
use serde_json::Value as Json;

use super::text::{parse_date, parse_time, parse_timestamp};
use crate::diagnostic::did_you_mean;
use crate::value::{Column, ErrorKind, RecordType, Sequence, StepError, Table, Type, Value, from_json};

/// Converts a query's result to the stated columns, matched by name, in the stated order.
///
/// Converted are text to date, time, timestamp, decimal, json and unions of literals; JSON text to
/// lists, maps and records; int to float and decimal; the ints 0 and 1 to bool; a whole float or
/// decimal to int. Errors are `Data`: a column that is missing or surplus, a value that does not fit,
/// a null where the type has no `?`; they name the column, and the row counted from 1.
pub fn coerce(table: Table, row: &RecordType) -> Result<Table, StepError> {
    check_names(&table, row)?;
    let mut taken: Vec<Option<Column>> = table.columns.into_iter().map(Some).collect();
    let mut columns = Vec::with_capacity(row.fields.len());
    for field in &row.fields {
        let at = table.shape.iter().position(|name| *name == field.name);
        let values = at.and_then(|at| taken.get_mut(at)).and_then(Option::take).unwrap_or_default();
        columns.push(column(values, &field.name, &field.ty)?);
    }
    Ok(Table { shape: row.fields.iter().map(|field| field.name.clone()).collect(), columns, rows: table.rows })
}

fn check_names(table: &Table, row: &RecordType) -> Result<(), StepError> {
    let given = || table.shape.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let error = |message: String| StepError::new(ErrorKind::Data, message);
    if let Some(missing) = row.names().find(|name| table.shape.iter().all(|column| **column != **name)) {
        let near = did_you_mean(missing, table.shape.iter().map(|name| &**name));
        let found = error(format!("the query gives no column `{missing}`; its columns are {}", given()));
        return Err(found.help(near.unwrap_or_else(|| format!("name an expression with `as {missing}`"))));
    }
    match table.shape.iter().find(|name| row.get(name).is_none()) {
        None => Ok(()),
        Some(surplus) => Err(error(format!("the query gives a column `{surplus}` that the type does not name"))
            .help(format!("add `{surplus}` to the type, or leave it out of the query"))),
    }
}

fn column(values: Column, name: &str, ty: &Type) -> Result<Column, StepError> {
    let found = values.scalar_type();
    if found.as_ref() == Some(ty) || found.map(Type::optional).as_ref() == Some(ty) {
        return Ok(values);
    }
    values
        .iter()
        .enumerate()
        .map(|(at, value)| convert(value, ty).map_err(|found| misfit(name, at, ty, &found)))
        .collect()
}

fn misfit(name: &str, at: usize, ty: &Type, found: &Value) -> StepError {
    let place = format!("column `{name}`, row {}", at + 1);
    if found.is_none() {
        let help = format!("write `{name}: {ty}?` when it may be absent, or exclude such rows");
        return StepError::new(ErrorKind::Data, format!("{place}: null, where the type is `{ty}`")).help(help);
    }
    let mut shown = found.to_string();
    if shown.chars().count() > 60 {
        shown = format!("{}…", shown.chars().take(60).collect::<String>());
    }
    let message = format!("{place}: expected `{ty}`, found the {} `{shown}`", found.kind());
    StepError::new(ErrorKind::Data, message).help("state the type that the column has, or cast it in the query")
}

/// The value as one of `ty`; else the value back.
pub(in crate::connection) fn convert(value: Value, ty: &Type) -> Result<Value, Value> {
    let converted = match (ty, &value) {
        (Type::Any | Type::Error, _) | (Type::Optional(_) | Type::None, Value::None) => return Ok(value),
        (Type::Optional(inner), _) => return convert(value, inner),
        (_, Value::None) => None,
        (_, Value::Text(text)) => from_text(text, ty),
        (Type::Int | Type::Float | Type::Decimal | Type::Bool, _) => from_number(&value, ty),
        (Type::Date, Value::Date(_)) | (Type::Time, Value::Time(_)) | (Type::Timestamp, Value::Timestamp(_)) => {
            return Ok(value);
        }
        (Type::Json, _) => Some(Value::Json(Arc::new(crate::value::to_json(&value)))),
        (Type::List(item), Value::List(_) | Value::Column(_)) => list(&value, item),
        (_, Value::Json(json)) => from_json(json, ty, "").ok(),
        _ => None,
    };
    converted.ok_or(value)
}

fn list(items: &Value, ty: &Type) -> Option<Value> {
    let items: Option<Vec<Value>> = Sequence::of(items)?.iter().map(|item| convert(item, ty).ok()).collect();
    items.map(Value::list)
}

fn from_text(text: &Arc<str>, ty: &Type) -> Option<Value> {
    match ty {
        Type::Text => Some(Value::Text(text.clone())),
        Type::Url => Some(Value::Url(text.clone())),
        Type::Secret => Some(Value::Secret(text.clone())),
        Type::Literals(allowed) => allowed.contains(text).then(|| Value::Text(text.clone())),
        Type::Date => parse_date(text).map(Value::Date),
        Type::Time => parse_time(text).map(Value::Time),
        Type::Timestamp => parse_timestamp(text).map(Value::Timestamp),
        Type::Decimal => text.parse::<BigDecimal>().ok().map(|d| Value::Decimal(Arc::new(d))),
        Type::Json => serde_json::from_str(text).ok().map(|json: Json| Value::Json(Arc::new(json))),
        Type::List(_) | Type::Map(..) | Type::Record(_) | Type::Table(_) => {
            from_json(&serde_json::from_str::<Json>(text).ok()?, ty, "").ok()
        }
        // A text is no number: SQLite would give one where the column holds one.
        _ => None,
    }
}

fn from_number(value: &Value, ty: &Type) -> Option<Value> {
    match (ty, value) {
        (Type::Int, Value::Int(_)) | (Type::Float, Value::Float(_)) | (Type::Bool, Value::Bool(_)) => {
            Some(value.clone())
        }
        (Type::Decimal, Value::Decimal(_)) => Some(value.clone()),
        (Type::Bool, Value::Int(n @ (0 | 1))) => Some(Value::Bool(*n == 1)),
        // MySQL's `boolean` is a whole number of one digit, and gives 2 as well.
        (Type::Int, Value::Bool(b)) => Some(Value::Int(i64::from(*b))),
        (Type::Float, Value::Int(n)) => Some(Value::Float(*n as f64)),
        (Type::Float, Value::Decimal(d)) => d.to_f64().map(Value::Float),
        (Type::Int, Value::Float(x)) => whole(*x).map(Value::Int),
        (Type::Int, Value::Decimal(d)) if d.is_integer() => d.to_i64().map(Value::Int),
        (Type::Decimal, Value::Int(n)) => Some(Value::Decimal(Arc::new(BigDecimal::from(*n)))),
        // The shortest text that reads back as the same float is what was written.
        (Type::Decimal, Value::Float(x)) => x.to_string().parse().ok().map(|d| Value::Decimal(Arc::new(d))),
        (_, Value::Json(json)) => from_json(json, ty, "").ok(),
        _ => None,
    }
}

fn whole(x: f64) -> Option<i64> {
    // Exactly the whole numbers that a float holds without loss.
    #[allow(clippy::cast_possible_truncation)]
    (x.fract() == 0.0 && x.abs() < 9_007_199_254_740_992.0).then_some(x as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(columns: &[(&str, Vec<Value>)]) -> Table {
        Table {
            shape: columns.iter().map(|(name, _)| Arc::from(*name)).collect(),
            rows: columns.first().map_or(0, |(_, values)| values.len()),
            columns: columns.iter().map(|(_, values)| values.clone().into()).collect(),
        }
    }

    fn one(value: Value, ty: Type) -> Result<Value, StepError> {
        let table = coerce(table(&[("x", vec![value])]), &RecordType::new([("x", ty)]))?;
        Ok(table.columns[0].get(0).unwrap())
    }

    #[test]
    fn texts_become_what_is_stated() {
        assert_eq!(one(Value::text("2025-01-31"), Type::Date).unwrap().kind(), "date");
        assert_eq!(
            one(Value::text("2025-01-31 06:00:00"), Type::Timestamp).unwrap().to_string(),
            "2025-01-31T06:00:00Z"
        );
        assert_eq!(one(Value::text("06:00"), Type::Time).unwrap().kind(), "time");
        assert_eq!(one(Value::text("1.50"), Type::Decimal).unwrap().to_string(), "1.50");
        assert_eq!(one(Value::text(r#"{"a":1}"#), Type::map(Type::Text, Type::Int)).unwrap().kind(), "map");
        assert_eq!(one(Value::text("lower"), Type::literals(["lower"])).unwrap(), Value::text("lower"));
        assert!(one(Value::text("upper"), Type::literals(["lower"])).is_err());
        assert!(one(Value::text("1"), Type::Int).is_err());
    }

    #[test]
    fn numbers_convert_without_loss_only() {
        assert_eq!(one(Value::Int(1), Type::Bool).unwrap().kind(), "bool");
        assert_eq!(one(Value::Bool(true), Type::Int).unwrap(), Value::Int(1));
        assert_eq!(one(Value::Int(1), Type::Float).unwrap().kind(), "float");
        assert_eq!(one(Value::Float(2.0), Type::Int).unwrap().kind(), "int");
        assert_eq!(one(Value::Float(0.1), Type::Decimal).unwrap().to_string(), "0.1");
        assert!(one(Value::Int(2), Type::Bool).is_err());
        assert!(one(Value::Float(2.5), Type::Int).is_err());
    }

    #[test]
    fn misfits_name_column_and_row() {
        let data = table(&[("a", vec![Value::Int(1), Value::None]), ("b", vec![Value::Int(1), Value::Int(2)])]);
        let message = |row: &RecordType| coerce(data.clone(), row).unwrap_err().message;
        let row = |a, b| RecordType::new([("a", a), ("b", b)]);
        assert_eq!(message(&row(Type::Int, Type::Int)), "column `a`, row 2: null, where the type is `int`");
        assert_eq!(
            message(&row(Type::Int.optional(), Type::Date)),
            "column `b`, row 1: expected `date`, found the int `1`"
        );
        assert_eq!(
            message(&RecordType::new([("a", Type::Int.optional()), ("c", Type::Int)])),
            "the query gives no column `c`; its columns are `a`, `b`"
        );
        assert_eq!(
            message(&RecordType::new([("a", Type::Int.optional())])),
            "the query gives a column `b` that the type does not name"
        );
    }

    #[test]
    fn columns_come_in_the_stated_order() {
        let data = table(&[("a", vec![Value::Int(1)]), ("b", vec![Value::Int(2)])]);
        let given = coerce(data, &RecordType::new([("b", Type::Int), ("a", Type::Int)])).unwrap();
        assert_eq!(given.columns, [[Value::Int(2)], [Value::Int(1)]]);
    }
}
