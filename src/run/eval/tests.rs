//! What expressions give.

use std::sync::{Arc, OnceLock};

use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{Env, Locals, eval};
use crate::check::program::BinaryOperator as Op;
use crate::check::program::{
    Comprehension, Expr, ExprKind, Fragment, Function, FunctionBody, FunctionId, Loop, Program, RunField,
};
use crate::primitive::{Attempts, Effect};
use crate::run::scope::Scope;
use crate::run::tests::build::{bin, endless, expr, list, lit, span, typed};
use crate::run::world::{Visitor, World};
use crate::value::{Period, RecordType, Type, Value};

pub(super) fn world(functions: Vec<Function>) -> World {
    World {
        program: Arc::new(Program { functions: functions.into_iter().map(Arc::new).collect(), ..Program::default() }),
        now: "2025-01-31T07:00:00Z".parse().unwrap(),
        id: "id".into(),
        job: "job".into(),
        environment: "local".into(),
        workflow: "trial".into(),
        ended: OnceLock::new(),
        visitor: Visitor::default(),
    }
}

/// The value as it prints, or the error.
fn gives(expr: &Expr) -> String {
    let (world, scope) = (world(Vec::new()), Scope::new(0, None));
    match eval(expr, Env::new(&world, &scope), &mut Locals::default()) {
        Ok(value) => format!("{} {value}", value.kind()),
        Err(fault) => format!("{}: {}", fault.error.kind.name(), fault.error.message),
    }
}

fn date(text: &str) -> Value {
    Value::Date(text.parse().unwrap())
}

fn at(text: &str) -> Value {
    Value::Timestamp(text.parse().unwrap())
}

fn decimal(text: &str) -> Value {
    Value::Decimal(Arc::new(text.parse().unwrap()))
}

fn months(months: i32) -> Value {
    Value::Period(Period { months, days: 0 })
}

fn days(days: i32) -> Value {
    Value::Period(Period { months: 0, days })
}

fn of(op: Op, a: impl Into<Value>, b: impl Into<Value>) -> String {
    gives(&bin(op, lit(a), lit(b)))
}

#[test]
fn ints_are_checked_and_divide_to_floats() {
    assert_eq!(of(Op::Divide, 7, 2), "float 3.5");
    assert_eq!(of(Op::Remainder, -7, 2), "int -1");
    assert_eq!(of(Op::Remainder, i64::MIN, -1), "int 0");
    assert_eq!(of(Op::Add, i64::MAX, 1), "arithmetic: `9223372036854775807 + 1` is too large for an int");
    assert_eq!(of(Op::Divide, 1, 0), "arithmetic: `1 / 0` divides by zero");
    assert_eq!(of(Op::Divide, 1.0, 0.0), "arithmetic: `1 / 0` divides by zero");
    assert_eq!(
        gives(&expr(ExprKind::Negate(Box::new(lit(i64::MIN))))),
        "arithmetic: `-(-9223372036854775808)` is too large"
    );
}

#[test]
fn decimals_stay_exact_and_bounded() {
    assert_eq!(of(Op::Add, decimal("0.1"), decimal("0.2")), "decimal 0.3");
    assert_eq!(of(Op::Multiply, 3, decimal("0.1")), "decimal 0.3");
    assert_eq!(of(Op::Divide, decimal("1"), 8), "decimal 0.125");
    assert_eq!(of(Op::Divide, decimal("1"), 3).len(), "decimal 0.".len() + 40);
    assert_eq!(of(Op::Add, decimal("1"), 0.5), "data: `+` does not work on `decimal` and `float`");
    assert!(of(Op::Add, decimal("1e999999999"), 1).starts_with("arithmetic: "));
}

#[test]
fn dates_move_by_the_calendar() {
    assert_eq!(of(Op::Add, date("2025-01-31"), months(1)), "date 2025-02-28");
    assert_eq!(of(Op::Add, date("2024-01-31"), months(1)), "date 2024-02-29");
    assert_eq!(of(Op::Subtract, date("2025-03-31"), months(1)), "date 2025-02-28");
    assert_eq!(of(Op::Subtract, date("2025-01-10"), days(30)), "date 2024-12-11");
    assert_eq!(of(Op::Subtract, date("2025-03-01"), date("2025-02-01")), "period 28d");
    assert_eq!(of(Op::Add, at("2025-01-31T06:00:00Z"), Value::Duration(90_000)), "timestamp 2025-01-31T06:01:30Z");
    assert_eq!(of(Op::Subtract, at("2025-01-31T06:00:00Z"), at("2025-01-30T06:00:00Z")), "duration 24h");
    assert_eq!(of(Op::Multiply, 3, Value::Duration(1000)), "duration 3s");
    assert_eq!(of(Op::Divide, Value::Duration(3000), Value::Duration(2000)), "float 1.5");
    assert!(of(Op::Add, date("2025-01-31"), months(i32::MAX)).starts_with("arithmetic: "));
    assert!(of(Op::Add, at("2025-01-31T06:00:00Z"), days(1)).starts_with("data: "));
}

#[test]
fn periods_have_an_order_where_the_calendar_gives_one() {
    assert_eq!(of(Op::LessOrEqual, months(12), days(400)), "bool true");
    assert_eq!(of(Op::Less, days(30), days(400)), "bool true");
    assert_eq!(of(Op::Greater, months(2), months(1)), "bool true");
    for (op, n, day, holds) in [
        (Op::LessOrEqual, 1, 31, true),
        (Op::Less, 1, 32, true),
        (Op::Greater, 1, 31, false),
        (Op::GreaterOrEqual, 1, 28, true),
        (Op::LessOrEqual, 12, 366, true),
        (Op::Less, 12, 367, true),
        (Op::GreaterOrEqual, 12, 365, true),
        (Op::LessOrEqual, 2, 62, true),
        (Op::GreaterOrEqual, -1, -31, true),
    ] {
        assert_eq!(of(op, months(n), days(day)), format!("bool {holds}"), "{n} months, {day} days");
    }
    assert_eq!(of(Op::Less, months(1), days(31)), "data: `1mo` may be shorter or longer than `31d`");
    assert_eq!(of(Op::Less, months(1), days(30)), "data: `1mo` may be shorter or longer than `30d`");
}

#[test]
fn equality_is_for_all_and_order_for_some() {
    assert_eq!(of(Op::Equal, 1, 1.0), "bool true");
    assert_eq!(of(Op::NotEqual, Value::None, 1), "bool true");
    assert_eq!(of(Op::Less, Value::None, 1), "data: `<` does not work on `none` and `int`");
    assert_eq!(of(Op::Less, "a", 1), "data: `<` does not work on `text` and `int`");
}

#[test]
fn membership() {
    let range = bin(Op::Through, lit(date("2025-01-01")), lit(date("2025-01-31")));
    assert_eq!(gives(&bin(Op::In, lit(date("2025-01-31")), range)), "bool true");
    let range = bin(Op::Until, lit(at("2025-01-01T00:00:00Z")), lit(at("2025-01-02T00:00:00Z")));
    assert_eq!(gives(&bin(Op::In, lit(at("2025-01-02T00:00:00Z")), range)), "bool false");
    assert_eq!(gives(&bin(Op::NotIn, lit(4), list([1, 2]))), "bool true");
    assert_eq!(of(Op::In, "ell", "hello"), "bool true");
    assert!(of(Op::In, 1, 2).starts_with("data: "));
}

#[test]
fn logic_evaluates_only_what_it_needs() {
    let fails = || bin(Op::Divide, lit(1), lit(0));
    assert_eq!(gives(&bin(Op::Or, lit(true), fails())), "bool true");
    assert_eq!(gives(&bin(Op::And, lit(false), fails())), "bool false");
    assert_eq!(gives(&bin(Op::Coalesce, lit(3), fails())), "int 3");
    assert_eq!(gives(&bin(Op::Coalesce, lit(Value::None), lit(4))), "int 4");
    assert_eq!(gives(&bin(Op::And, lit(1), lit(true))), "data: a condition must be a `bool`, found `int`");
}

#[test]
fn collections_join() {
    assert_eq!(gives(&bin(Op::Add, list([1]), list([2]))), "list [1, 2]");
    let map = |pairs: &[(&str, i64)]| {
        Value::Map(Arc::new(pairs.iter().map(|(k, v)| (Value::text(*k), Value::Int(*v))).collect()))
    };
    assert_eq!(of(Op::Add, map(&[("a", 1), ("b", 1)]), map(&[("b", 2)])), "map { a: 1, b: 2 }");
    assert_eq!(
        of(Op::Add, Value::record([("a", Value::Int(1))]), Value::record([("b", Value::Int(2))])),
        "record { a: 1, b: 2 }"
    );
    assert_eq!(of(Op::Add, "a", 1), "data: `+` does not work on `text` and `int`");
}

fn index(of: Expr, at: impl Into<Value>) -> String {
    gives(&expr(ExprKind::Index(Box::new(of), Box::new(lit(at)))))
}

fn field(of: impl Into<Value>, name: &str, optional: bool) -> String {
    gives(&expr(ExprKind::Field { of: Box::new(lit(of)), name: name.into(), optional }))
}

#[test]
fn what_is_absent_is_none_or_missing() {
    let json = || Value::Json(Arc::new(json!({ "a": [1, null] })));
    assert_eq!(index(list([1, 2]), 5), "missing: there is no item 5: the list has 2, counted from 0");
    assert_eq!(index(list([1, 2]), -1), "missing: there is no item -1: the list has 2, counted from 0");
    assert_eq!(index(lit(Value::Map(Arc::default())), "k"), "none none");
    assert_eq!(field(Value::Map(Arc::default()), "k", false), "missing: the map has no key `k`");
    assert_eq!(field(json(), "b", false), "none none");
    assert_eq!(field(json(), "a", false), "json [1,null]");
    assert_eq!(field(Value::None, "a", true), "none none");
    assert_eq!(field(Value::None, "a", false), "data: `none` has no field `a`");
    assert_eq!(field(Value::record([("day", Value::Int(1))]), "dya", false), "missing: the record has no field `dya`");
}

fn cast(value: impl Into<Value>, ty: Type) -> String {
    gives(&typed(ExprKind::Cast(Box::new(lit(value)), None), ty))
}

#[test]
fn casts_say_what_does_not_fit() {
    let row = RecordType::new([("n", Type::Float), ("s", Type::Text.optional())]);
    assert_eq!(cast(1, Type::Float), "float 1");
    assert_eq!(cast(1.5, Type::Int), "data: expected `int`, found 1.5");
    assert_eq!(cast(2.0, Type::Int), "int 2");
    assert_eq!(cast("http://a.example", Type::Url), "url http://a.example");
    assert_eq!(cast("2025-01-01", Type::Date), "data: expected `date`, found `text`");
    assert_eq!(cast("up", Type::literals(["upper"])), "data: expected `\"upper\"`, found \"up\"");
    assert_eq!(
        cast(Value::Json(Arc::new(json!({ "n": 1, "x": 2 }))), Type::Record(row.clone())),
        "record { n: 1, s: none }"
    );
    assert_eq!(
        cast(Value::list(vec![Value::record([("n", Value::text("a"))])]), Type::Table(row)),
        "data: item 0: field `n`: expected `float`, found `text`"
    );
    assert_eq!(cast(Value::None, Type::Int), "data: expected `int`, found `none`");
}

#[test]
fn comprehensions_nest_and_filter() {
    let item = bin(Op::Add, expr(ExprKind::Local(0)), expr(ExprKind::Local(1)));
    let filter = bin(Op::Greater, expr(ExprKind::Local(1)), lit(1));
    let loops = vec![
        Loop { first: 0, second: None, over: list([10, 20]) },
        Loop { first: 1, second: None, over: list([1, 2, 3]) },
    ];
    let comprehension = Comprehension { loops, filter: Some(Box::new(filter)) };
    assert_eq!(
        gives(&expr(ExprKind::ListComprehension(Box::new(item.clone()), comprehension.clone()))),
        "list [12, 13, 22, 23]"
    );
    let map = ExprKind::MapComprehension(Box::new((expr(ExprKind::Local(1)), item)), comprehension);
    assert_eq!(gives(&expr(map)), "map { 2: 22, 3: 23 }");
    let over = lit(Value::Outcomes(Arc::new(crate::value::Outcomes { ok: Arc::default(), failed: Arc::default() })));
    let comprehension = Comprehension { loops: vec![Loop { first: 0, second: None, over }], filter: None };
    assert_eq!(
        gives(&expr(ExprKind::ListComprehension(Box::new(lit(1)), comprehension))),
        "data: expected a list or a table to walk, found `outcomes`"
    );
}

#[test]
fn texts_take_values_in() {
    let fragments = vec![
        Fragment::Text("n = ".into()),
        Fragment::Hole(lit(3), None),
        Fragment::Hole(lit(Value::Secret("x".into())), None),
    ];
    assert_eq!(gives(&expr(ExprKind::Interpolated(fragments))), "text n = 3•••");
}

fn function(body: FunctionBody) -> Function {
    Function {
        name: "it".into(),
        doc: String::new(),
        span: span(),
        params: Vec::new(),
        returns: Type::Int,
        effect: Effect::Pure,
        needs_outcome: false,
        body,
    }
}

#[test]
fn functions_see_their_arguments_only() {
    let body = bin(Op::Multiply, expr(ExprKind::Local(0)), lit(2));
    let (world, scope) = (world(vec![function(FunctionBody::Expression(body))]), Scope::new(0, None));
    let call = expr(ExprKind::Function(FunctionId(0), vec![lit(21)]));
    let value = eval(&call, Env::new(&world, &scope), &mut Locals::default()).unwrap();
    assert_eq!(value.to_string(), "42");
}

#[test]
fn the_run_has_no_status_before_it_ended() {
    assert_eq!(gives(&expr(ExprKind::Run(RunField::Now))), "timestamp 2025-01-31T07:00:00Z");
    assert_eq!(gives(&expr(ExprKind::Run(RunField::Status))), "missing: the run has no status before it has ended");
}

#[test]
fn a_computation_ends_when_it_must() {
    // Each function calls the one before it twice.
    let call = |at: usize| expr(ExprKind::Function(FunctionId(at), Vec::new()));
    let twice = |at: usize| FunctionBody::Expression(bin(Op::Add, call(at), call(at)));
    let body = |at: usize| at.checked_sub(1).map_or_else(|| FunctionBody::Expression(lit(1)), twice);
    let (world, scope) = (world((0..60).map(|at| function(body(at))).collect()), Scope::new(0, None));
    let halt = CancellationToken::new();
    let attempts = Attempts::new(halt.clone());
    let env = Env { attempts: Some(&attempts), ..Env::new(&world, &scope) };
    assert_eq!(eval(&call(5), env, &mut Locals::default()).unwrap(), Value::Int(32));
    halt.cancel();
    for endless in [call(59), endless()] {
        let fault = eval(&endless, env, &mut Locals::default()).unwrap_err();
        assert!(fault.is_cancelled(), "{fault:?}");
    }
}

fn chain(length: usize) -> Expr {
    (0..length).fold(lit(0), |sum, _| bin(Op::Add, sum, lit(1)))
}

#[test]
fn deep_expressions_are_evaluated_or_refused() {
    let runtime = crate::run::runtime().unwrap();
    let on_worker = |length: usize| {
        runtime.block_on(async move { tokio::spawn(async move { gives(&chain(length)) }).await.unwrap() })
    };
    assert_eq!(on_worker(2400), "int 2400");
    assert_eq!(on_worker(2600), "data: the expression nests more than 2500 levels deep");
}
