//! Rows on their way into a database: a list of records becomes a table, or the row at fault is named.

use std::sync::Arc;

use crate::diagnostic::did_you_mean;
use crate::primitive::Known;
use crate::value::{ErrorKind, Record, RecordType, Sequence, StepError, Table, Type, Value};

/// The type of the rows in the argument at this place, when it is known; or why these are no rows.
pub(in crate::primitive) fn row_type(call: &Known<'_>, at: usize) -> Result<Option<Arc<RecordType>>, String> {
    let Some(item) = call.types.get(at).and_then(Option::as_ref).and_then(Type::item) else { return Ok(None) };
    match item {
        Type::Record(row) => Ok(Some(row)),
        Type::Any | Type::Error => Ok(None),
        other => {
            Err(format!("`rows` wants a list of records such as `[{{ day: d, n: 1 }}]`, found `{}`", Type::list(other)))
        }
    }
}

/// Whether a literal key names fields of the rows.
pub(super) fn check_key(key: &Value, row: Option<&RecordType>) -> Result<(), String> {
    let Some(columns) = Sequence::of(key) else { return Ok(()) };
    if columns.is_empty() {
        return Err("`key` names no column; without one no row can be told from another".to_owned());
    }
    let Some(row) = row else { return Ok(()) };
    for column in columns.iter() {
        let Some(name) = column.as_text() else { continue };
        if row.get(name).is_none() {
            let hint = did_you_mean(name, row.names()).map(|hint| format!("; {hint}")).unwrap_or_default();
            return Err(format!("the rows have no field `{name}` to be the key{hint}"));
        }
    }
    Ok(())
}

/// Records as a table. The first record says what the columns are, and every other must have the same.
pub(in crate::primitive) fn to_table(rows: &Sequence) -> Result<Arc<Table>, StepError> {
    if let Some(table) = rows.records() {
        return Ok(table.clone());
    }
    let Some(first) = rows.get(0) else { return Ok(Arc::default()) };
    let first = record(&first, 0)?.clone();
    let mut table = Table::new(first.shape.clone());
    for (at, row) in rows.iter().enumerate() {
        add_row(&mut table, record(&row, at)?, at)?;
    }
    Ok(Arc::new(table))
}

fn record(row: &Value, at: usize) -> Result<&Arc<Record>, StepError> {
    let Value::Record(record) = row else {
        return Err(StepError::new(
            ErrorKind::Data,
            format!("row {}: expected a record, found `{}`", at + 1, row.kind()),
        )
        .help("state the type of the rows, as in `… as list<{ day: date, n: int }>`"));
    };
    Ok(record)
}

fn add_row(table: &mut Table, record: &Record, at: usize) -> Result<(), StepError> {
    // Records of one comprehension share their shape, and need no looking up.
    if record.shape == table.shape {
        table.push(record.values.iter().cloned());
        return Ok(());
    }
    let odd = |name: &str, who: &str, whom: &str| {
        StepError::new(ErrorKind::Data, format!("{who} has no `{name}`, which {whom} has"))
            .help("give every row the same fields; `none` is a value")
    };
    let here = format!("row {}", at + 1);
    if let Some(surplus) = record.shape.iter().find(|name| !table.shape.contains(name)) {
        return Err(odd(surplus, "row 1", &here));
    }
    let values = table.shape.iter().map(|name| record.get(name).cloned().ok_or_else(|| odd(name, &here, "row 1")));
    let values: Vec<Value> = values.collect::<Result<_, _>>()?;
    table.push(values);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(fields: &[(&str, i64)]) -> Value {
        Value::record(fields.iter().map(|(name, n)| (*name, Value::Int(*n))))
    }

    fn table(rows: Vec<Value>) -> Result<Arc<Table>, StepError> {
        to_table(&Sequence::List(Arc::new(rows)))
    }

    #[test]
    fn fields_are_matched_by_name() {
        let table = table(vec![row(&[("a", 1), ("b", 2)]), row(&[("b", 4), ("a", 3)])]).unwrap();
        assert_eq!(table.column("a"), Some(&vec![Value::Int(1), Value::Int(3)].into()));
        assert_eq!(to_table(&Sequence::List(Arc::default())).unwrap().rows, 0);
    }

    #[test]
    fn an_odd_row_is_named() {
        let message = |rows| table(rows).unwrap_err().message;
        let first = || row(&[("a", 1), ("b", 2)]);
        assert_eq!(message(vec![first(), row(&[("a", 1)])]), "row 2 has no `b`, which row 1 has");
        let surplus = row(&[("a", 1), ("b", 2), ("c", 3)]);
        assert_eq!(message(vec![first(), surplus]), "row 1 has no `c`, which row 2 has");
        assert_eq!(message(vec![first(), Value::Int(1)]), "row 2: expected a record, found `int`");
    }

    #[test]
    fn calls_that_cannot_be_right_are_told_before_the_run() {
        let infer = |rows: Type, key: &[&str]| {
            let key = Value::list(key.iter().map(|name| Value::text(*name)).collect());
            let types = [None, None, Some(rows), None];
            let literals = [None, None, None, Some(key)];
            let call = Known { types: &types, literals: &literals };
            row_type(&call, 2).and_then(|row| check_key(call.literals[3].as_ref().unwrap(), row.as_deref()))
        };
        let rows = || Type::list(Type::Record(RecordType::new([("symbol", Type::Text)])));
        assert_eq!(infer(rows(), &["symbol"]), Ok(()));
        assert_eq!(infer(Type::Any, &["symbol"]), Ok(()));
        assert!(infer(rows(), &["symbl"]).unwrap_err().ends_with("did you mean `symbol`?"));
        assert!(infer(rows(), &[]).unwrap_err().contains("names no column"));
        assert!(infer(Type::list(Type::Int), &["a"]).unwrap_err().contains("found `list<int>`"));
    }
}
