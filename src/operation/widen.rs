//! A value where a wider type is wanted.

use std::sync::Arc;

use bigdecimal::BigDecimal;

use crate::value::{Column, MapValue, Record, RecordType, Sequence, Table, Type, Value};

/// The value as one of type `ty`, which its own type [fits](Type::fits): ints become floats, records and tables get the optional
/// fields that they lack. What is no such thing stays as it is.
pub(crate) fn widen(value: Value, ty: &Type) -> Value {
    match (ty, value) {
        (_, Value::None) => Value::None,
        (Type::Optional(inner), value) => widen(value, inner),
        // To the nearest float, as everywhere that ints meet floats.
        #[allow(clippy::cast_precision_loss)]
        (Type::Float, Value::Int(number)) => Value::Float(number as f64),
        (Type::Decimal, Value::Int(number)) => Value::Decimal(Arc::new(BigDecimal::from(number))),
        // What adding up nothing gives.
        (Type::Duration, Value::Int(0)) => Value::Duration(0),
        (Type::Record(row), Value::Record(record)) => Value::Record(Arc::new(of_record(&record, row))),
        (Type::Map(key, of), Value::Map(map)) => {
            let wide = |(k, v): (&Value, &Value)| (widen(k.clone(), key), widen(v.clone(), of));
            Value::Map(Arc::new(map.iter().map(wide).collect::<MapValue>()))
        }
        (Type::Table(row), Value::Table(table)) => Value::Table(Arc::new(of_table(&table, row))),
        (Type::List(item), value) => of_list(value, item),
        (_, value) => value,
    }
}

fn of_record(record: &Record, row: &RecordType) -> Record {
    let values = row.fields.iter().map(|field| match record.get(&field.name) {
        Some(value) => widen(value.clone(), &field.ty),
        None => Value::None,
    });
    Record { shape: row.fields.iter().map(|field| field.name.clone()).collect(), values: values.collect() }
}

fn of_table(table: &Table, row: &RecordType) -> Table {
    let columns = row.fields.iter().map(|field| match table.column(&field.name) {
        Some(column) => of_column(column, &field.ty),
        None => std::iter::repeat_n(Value::None, table.rows).collect(),
    });
    let shape = row.fields.iter().map(|field| field.name.clone()).collect();
    Table { shape, columns: columns.collect(), rows: table.rows }
}

fn of_column(column: &Column, ty: &Type) -> Column {
    if column.scalar_type().as_ref() == Some(&ty.required()) {
        return column.clone();
    }
    column.iter().map(|value| widen(value, ty)).collect()
}

fn of_list(value: Value, item: &Type) -> Value {
    match (item, &value) {
        (Type::Record(row), Value::Table(table)) => Value::Table(Arc::new(of_table(table, row))),
        _ => match Sequence::of(&value) {
            Some(items) => items.iter().map(|value| widen(value, item)).collect::<Column>().into_list(),
            None => value,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_inside_becomes_wide_too() {
        let row = RecordType::new([("a", Type::Float), ("b", Type::Text.optional())]);
        let record = Value::record([(Arc::from("a"), Value::Int(1))].into_iter().collect::<Vec<_>>());
        let wide = widen(record.clone(), &Type::Record(row.clone()));
        assert_eq!(wide.to_string(), "{ a: 1, b: none }");
        let Value::Record(inner) = &wide else { panic!("{wide:?}") };
        assert_eq!(inner.get("a").map(Value::kind), Some("float"));
        let Value::Column(list) = widen(Value::list(vec![record]), &Type::list(Type::Record(row))) else { panic!() };
        assert_eq!(list.get(0), Some(wide));
        let floats = widen(Value::list(vec![Value::Int(1), Value::None]), &Type::list(Type::Float.optional()));
        assert_eq!(Sequence::of(&floats).unwrap().iter().map(|v| v.kind()).collect::<Vec<_>>(), ["float", "none"]);
        let nothing = |ty| widen(Value::Int(0), &ty).kind();
        assert_eq!(
            [nothing(Type::Duration), nothing(Type::Decimal), nothing(Type::Int)],
            ["duration", "decimal", "int"]
        );
        let map = Value::Map(Arc::new([(Value::text("k"), Value::Int(2))].into_iter().collect()));
        let Value::Map(map) = widen(map, &Type::map(Type::Text, Type::Float)) else { panic!() };
        assert_eq!(map.get(&Value::text("k")).map(Value::kind), Some("float"));
    }
}
