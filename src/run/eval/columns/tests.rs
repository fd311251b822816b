//! A table is walked like the list of its rows.

use std::sync::Arc;

use proptest::prelude::*;

use super::super::tests::world;
use super::super::{Env, Locals, eval};
use crate::check::program::BinaryOperator as Op;
use crate::check::program::{Comprehension, Expr, ExprKind, Loop};
use crate::primitive::registry;
use crate::run::scope::Scope;
use crate::run::tests::build::{bin, expr, lit};
use crate::value::{Labels, Points, Record, Series, Table, Value, timestamp, to_kept_text};

/// The value, exactly, or the error and its place.
fn gives(expr: &Expr) -> String {
    let world = world(Vec::new());
    match eval(expr, Env::new(&world, &Scope::new(0, None)), &mut Locals::default()) {
        Ok(value) => to_kept_text(&value).unwrap(),
        Err(fault) => format!("{:?} {:?}", fault.error, fault.span),
    }
}

fn field(local: usize, name: &str) -> Expr {
    let of = Box::new(expr(ExprKind::Local(local)));
    expr(ExprKind::Field { of, name: name.into(), optional: false })
}

fn each(made: Expr, filter: Option<Expr>, over: Vec<Expr>) -> Expr {
    let walk = |(at, over)| Loop { first: at, second: None, over };
    let loops = over.into_iter().enumerate().map(walk).collect();
    expr(ExprKind::ListComprehension(Box::new(made), Comprehension { loops, filter: filter.map(Box::new) }))
}

fn record(fields: Vec<(&str, Expr)>) -> Expr {
    let (names, fields): (Vec<Arc<str>>, Vec<Expr>) =
        fields.into_iter().map(|(name, expr)| (Arc::from(name), expr)).unzip();
    expr(ExprKind::Record(names.into(), fields))
}

/// `sample(name, labels: { id: …, job: "x" }, value: …, at: …)`.
fn sample(id: Expr, value: Expr, at: Expr) -> Expr {
    let labels = expr(ExprKind::Map(vec![(lit("id"), id), (lit("job"), lit("x"))]));
    let spec = registry::prelude("sample").unwrap();
    expr(ExprKind::Primitive(spec, vec![Some(lit("m")), Some(value), Some(at), Some(labels)]))
}

/// What is made of a row: by columns, once for each of few values, item by item, and mixed; some of it fails.
fn made(row: usize) -> Vec<Expr> {
    let id = || field(row, "id");
    let doubled = || bin(Op::Multiply, field(row, "value"), lit(2.0));
    let inverse = || bin(Op::Divide, lit(1), field(row, "n"));
    vec![
        field(row, "value"),
        expr(ExprKind::Local(row)),
        lit(1),
        bin(Op::Add, id(), lit("!")),
        record(vec![("id", id()), ("one", lit(1)), ("at", field(row, "at")), ("twice", doubled())]),
        record(vec![("n", field(row, "n")), ("inverse", inverse()), ("absent", field(row, "absent"))]),
        record(vec![("next", bin(Op::Add, field(row, "n"), lit(1))), ("row", expr(ExprKind::Local(row)))]),
        sample(id(), field(row, "value"), field(row, "at")),
        sample(bin(Op::Add, id(), lit("-")), doubled(), field(row, "at")),
        sample(lit("constant"), field(row, "n"), lit(Value::Timestamp(timestamp(5)))),
    ]
}

fn rows() -> impl Strategy<Value = Vec<Record>> {
    let id = prop_oneof![9 => "[ab]", 1 => Just(String::new())].prop_map(Value::text);
    let n = prop_oneof![30 => 1..4_i64, 1 => Just(0)].prop_map(Value::Int);
    let value = prop_oneof![
        20 => any::<f64>().prop_map(Value::Float),
        1 => Just(Value::Float(-0.0)),
        1 => Just(Value::Int(3)),
        1 => Just(Value::None),
    ];
    let at = (0..90_i64).prop_map(|ms| Value::Timestamp(timestamp(ms)));
    let shape: Arc<[Arc<str>]> = ["id", "n", "value", "at"].map(Arc::from).into();
    let row = (id, n, value, at)
        .prop_map(move |(id, n, value, at)| Record { shape: shape.clone(), values: vec![id, n, value, at] });
    prop_oneof![proptest::collection::vec(row.clone(), 0..4), proptest::collection::vec(row, 33..60)]
}

fn table(rows: &[Record]) -> Value {
    let mut table = Table::new(rows.first().map(|row| row.shape.clone()).unwrap_or_default());
    for row in rows {
        table.push(row.values.clone());
    }
    Value::Table(Arc::new(table))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn rows_in_columns_give_what_rows_in_a_list_give(rows in rows()) {
        let list = Value::list(rows.iter().cloned().map(|row| Value::Record(Arc::new(row))).collect());
        let filters = [
            None,
            Some(bin(Op::Equal, field(0, "id"), lit("a"))),
            Some(bin(Op::Greater, field(0, "value"), lit(0.0))),
            Some(field(0, "n")),
        ];
        for (filter, made) in filters.iter().flat_map(|filter| made(0).into_iter().map(move |made| (filter, made))) {
            let over = |rows: Value| gives(&each(made.clone(), filter.clone(), vec![lit(rows)]));
            prop_assert_eq!(over(table(&rows)), over(list.clone()), "{:?}", made);
        }
    }

    #[test]
    fn inner_loops_go_by_columns_too(rows in rows()) {
        let outer = lit(Value::list(vec![Value::Int(1), Value::Int(0), Value::Int(2)]));
        let list = Value::list(rows.iter().cloned().map(|row| Value::Record(Arc::new(row))).collect());
        let of_both = bin(Op::Divide, field(1, "n"), expr(ExprKind::Local(0)));
        let mixed = record(vec![("outer", expr(ExprKind::Local(0))), ("both", of_both), ("id", field(1, "id"))]);
        for made in made(1).into_iter().chain([mixed]) {
            let over = |rows: Value| gives(&each(made.clone(), None, vec![outer.clone(), lit(rows)]));
            prop_assert_eq!(over(table(&rows)), over(list.clone()), "{:?}", made);
        }
    }
}

#[test]
fn points_are_columns() {
    let points = Arc::new(Points { at_ms: vec![5, 9], values: vec![1.5, -0.0] });
    let labels: Labels = [("id", "a")].into_iter().collect();
    let series = Value::Series(Arc::new(Series { name: "m".into(), labels, points }));
    let made = record(vec![
        ("id", field(0, "name")),
        ("at", field(1, "at")),
        ("value", field(1, "value")),
        ("point", expr(ExprKind::Local(1))),
    ]);
    let all = each(made, None, vec![lit(Value::list(vec![series])), field(0, "points")]);
    assert_eq!(
        gives(&all),
        "[{\"record\":[[\"id\",\"m\"],[\"at\",{\"timestamp\":[0,5000000]}],[\"value\",1.5],\
         [\"point\",{\"record\":[[\"at\",{\"timestamp\":[0,5000000]}],[\"value\",1.5]]}]]},\
         {\"record\":[[\"id\",\"m\"],[\"at\",{\"timestamp\":[0,9000000]}],[\"value\",-0.0],\
         [\"point\",{\"record\":[[\"at\",{\"timestamp\":[0,9000000]}],[\"value\",-0.0]]}]]}]"
    );
}
