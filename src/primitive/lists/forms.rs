//! Rows as a list of records, as columns and as a table: everything gives the same of all three.

use std::sync::Arc;

use proptest::prelude::*;

use crate::primitive::{RawArguments, Run, registry};
use crate::value::{Column, Record, Sequence, Shape, StepError, Table, Value};

fn cell() -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => (0..4_i64).prop_map(Value::Int),
        2 => prop_oneof![Just("a"), Just("b"), Just("é")].prop_map(Value::text),
        1 => Just(Value::None),
        1 => prop_oneof![Just(1.0), Just(f64::NAN), Just(-0.0)].prop_map(Value::Float),
    ]
}

/// Mostly columns of one kind, some of them with `none`, some mixed.
fn keys() -> impl Strategy<Value = Vec<Value>> {
    let of_one_kind = prop_oneof![
        Just((0..4_i64).prop_map(Value::Int).boxed()),
        Just(prop_oneof![Just("a"), Just("b")].prop_map(Value::text).boxed()),
        Just(prop_oneof![Just(Value::None), Just(Value::Bool(true))].boxed()),
        Just(cell().boxed()),
    ];
    of_one_kind.prop_flat_map(|kind| proptest::collection::vec(kind, 0..12))
}

/// The rows `{ k, n }` in their three forms.
fn forms(keys: &[Value], second: &str) -> [Value; 3] {
    let shape: Shape = ["k", second].map(Arc::from).into();
    let rows: Vec<Vec<Value>> = keys.iter().zip(0..).map(|(key, n)| vec![key.clone(), Value::Int(n)]).collect();
    let mut table = Table::new(shape.clone());
    for row in &rows {
        table.push(row.iter().cloned());
    }
    let records = rows.into_iter().map(|values| Value::Record(Arc::new(Record { shape: shape.clone(), values })));
    let (records, table) = (records.collect::<Vec<_>>(), Arc::new(table));
    [Value::list(records), Value::Column(Arc::new(Column::from(table.clone()))), Value::Table(table)]
}

fn call(name: &str, arguments: Vec<Value>) -> Result<Value, StepError> {
    let spec = registry::all().find(|spec| spec.name == name).unwrap();
    let Run::Pure(run) = spec.run else { panic!("{name} is not pure") };
    let missing = spec.params.len() - arguments.len();
    run(RawArguments::new(arguments.into_iter().map(Some).chain(std::iter::repeat_n(None, missing)).collect()))
}

fn shown(given: Result<Value, StepError>) -> String {
    given.map_or_else(|error| format!("{}: {}", error.kind.name(), error.message), |value| value.to_string())
}

proptest! {
    #[test]
    fn one_list_in_three_forms_gives_one_answer(keys in keys(), count in 1..5_i64) {
        let by = || Value::text("k");
        let calls: &[(&str, Vec<Value>)] = &[
            ("lists.group", vec![by()]),
            ("lists.sort_by", vec![by()]),
            ("lists.sort_by", vec![by(), Value::Bool(true)]),
            ("lists.unique_by", vec![by()]),
            ("lists.index_by", vec![by()]),
            ("lists.group", vec![Value::text("absent")]),
            ("lists.unique", vec![]),
            ("lists.reverse", vec![]),
            ("lists.enumerate", vec![]),
            ("lists.chunk", vec![Value::Int(count)]),
            ("list.take", vec![Value::Int(count)]),
            ("list.skip", vec![Value::Int(count)]),
            ("lists.last", vec![]),
        ];
        for (name, more) in calls {
            let [list, column, table] = forms(&keys, "n").map(|rows| {
                shown(call(name, std::iter::once(rows).chain(more.iter().cloned()).collect()))
            });
            prop_assert_eq!(&list, &column, "{}", name);
            prop_assert_eq!(&list, &table, "{}", name);
        }
    }

    #[test]
    fn joins_give_of_all_forms_what_nested_loops_give(left in keys(), right in keys()) {
        for (name, keeps_lonely) in [("lists.inner_join", false), ("lists.left_join", true)] {
            for left_rows in forms(&left, "n") {
                for right_rows in forms(&right, "m") {
                    // Without any row, a list does not say what fields it would have; columns do.
                    let absent = if right.is_empty() && matches!(right_rows, Value::List(_)) { "" } else { ", m: none" };
                    let wanted = nested_loops(&left, &right, keeps_lonely.then_some(absent));
                    let on = Value::list(vec![Value::text("k")]);
                    let given = call(name, vec![left_rows.clone(), right_rows, on]).unwrap();
                    let rows: Vec<String> = Sequence::of(&given).unwrap().iter().map(|row| row.to_string()).collect();
                    prop_assert_eq!(&rows, &wanted, "{}", name);
                }
            }
        }
    }
}

/// The joined rows; those without a partner with what `lonely` says, if they stay.
fn nested_loops(left: &[Value], right: &[Value], lonely: Option<&str>) -> Vec<String> {
    let mut rows = Vec::new();
    for (n, key) in left.iter().enumerate() {
        let is_partner = |m: &usize| !key.is_none() && right.get(*m) == Some(key);
        let partners: Vec<usize> = (0..right.len()).filter(is_partner).collect();
        rows.extend(partners.iter().map(|m| format!("{{ k: {key}, n: {n}, m: {m} }}")));
        if let Some(absent) = lonely.filter(|_| partners.is_empty()) {
            rows.push(format!("{{ k: {key}, n: {n}{absent} }}"));
        }
    }
    rows
}
