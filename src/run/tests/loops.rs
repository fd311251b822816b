//! Loops.

use std::sync::Arc;

use super::build::{
    FakeWorld, READ, Reaction, Trial, WRITE, act, ask, at_once, bin, broken, foreach, list, lit, outer, output, slot,
    step, typed, workflow,
};
use crate::check::program::BinaryOperator as Op;
use crate::check::program::{Action, Expr, ExprKind, ForEach, Fragment, Parallel, Step};
use crate::primitive::Effect;
use crate::run::{EventKind, Items, RunStatus, StepStatus};
use crate::value::{ErrorKind, Type, Value};

/// Asks the world for `i<item>` and yields the item doubled.
fn body() -> (Vec<Step>, Expr) {
    let name =
        typed(ExprKind::Interpolated(vec![Fragment::Text("i".into()), Fragment::Hole(slot(0), None)]), Type::Text);
    let kind = ExprKind::Primitive(&READ, vec![Some(name), Some(slot(0))]);
    let asked = Expr { effect: Effect::Read, ..typed(kind, Type::Any) };
    (vec![step("asked", 1, asked)], bin(Op::Multiply, slot(1), lit(2)))
}

fn copied(parallel: Parallel, continues: bool, items: i64) -> Step {
    let (steps, result) = body();
    let mut step = act("copied", Some(1), foreach(list(1..=items), parallel, continues, steps, result));
    step.effect = Effect::Read;
    step
}

#[test]
fn results_come_in_the_items_order() {
    let world = FakeWorld::with(&[
        ("i1", &[Reaction::Take(80)]),
        ("i2", &[Reaction::Take(40)]),
        ("i3", &[Reaction::Take(60)]),
        ("i4", &[Reaction::Take(60)]),
    ]);
    let mut flow = workflow(2, vec![copied(at_once(4), false, 4)]);
    flow.outputs.push(output("all", slot(1), &[1]));
    let outcome = Trial::new(flow, world.clone()).run();
    assert_eq!(outcome.outputs["all"].to_string(), "[2, 4, 6, 8]");
    assert_eq!(world.most_at_once.lock().unwrap().1, 4);
    assert_eq!(outcome.message, "1 step done; `copied`: 4 of 4 items");
}

#[test]
fn a_sequential_loop_keeps_order_and_stops_at_the_first_failure() {
    let world = FakeWorld::with(&[("i3", &[broken(ErrorKind::Query)])]);
    let mut flow = workflow(2, vec![copied(Parallel::No, false, 5)]);
    flow.outputs.push(output("done", slot(1), &[1]));
    let outcome = Trial::new(flow, world.clone()).run();
    assert_eq!(world.calls(), ["i1", "i2", "i3"]);
    assert_eq!(outcome.message, "`copied.asked` failed for 3: it broke");
    assert_eq!(outcome.steps[0].items, Some(Items { total: 5, ok: 2, failed: 1 }));
    assert_eq!(outcome.outputs["done"].to_string(), "[2, 4]", "what was done until then counts");
    assert_eq!(outcome.to_json()["error"]["item"], "3");
}

#[test]
fn continuing_loops_collect_and_make_the_run_partial() {
    let world = FakeWorld::with(&[("i2", &[broken(ErrorKind::Timeout)]), ("i4", &[broken(ErrorKind::Query)])]);
    let mut flow = workflow(2, vec![copied(at_once(2), true, 4)]);
    flow.outputs.push(output("all", slot(1), &[1]));
    let trial = Trial::new(flow, world);
    let outcome = trial.run();
    assert_eq!(outcome.status, RunStatus::Partial);
    assert_eq!(outcome.exit_code(), 3);
    assert_eq!(outcome.steps[0].status, StepStatus::Partial);
    assert_eq!(outcome.message, "`copied`: 2 of 4 items; 2 failed: it broke; 4 failed: it broke");
    let Value::Outcomes(all) = &outcome.outputs["all"] else { panic!("no outcomes") };
    assert_eq!(Value::List(all.ok.clone()).to_string(), "[2, 6]");
    assert_eq!(
        Value::List(all.failed.clone()).to_string(),
        "[{ item: 2, error: it broke }, { item: 4, error: it broke }]"
    );
    let events = trial.events.lock().unwrap();
    let last = events.iter().rev().find_map(|event| match &event.kind {
        EventKind::LoopProgress { done, total, failed, .. } => Some((*done, *total, *failed)),
        _ => None,
    });
    assert_eq!(last, Some((4, 4, 2)));
}

#[test]
fn a_parallel_failure_lets_running_items_end_and_starts_no_more() {
    let world = FakeWorld::with(&[("i1", &[broken(ErrorKind::Query)]), ("i2", &[Reaction::Take(120)])]);
    let outcome = Trial::new(workflow(2, vec![copied(at_once(2), false, 50)]), world.clone()).run();
    assert_eq!(outcome.status, RunStatus::Failed);
    assert_eq!(world.calls().len(), 2);
    assert_eq!(world.ended.lock().unwrap().len(), 2);
}

#[test]
fn without_a_number_the_pool_decides() {
    let take: &[Reaction] = &[Reaction::Take(30)];
    let world = FakeWorld::with(&[("i1", take), ("i2", take), ("i3", take), ("i4", take), ("i5", take)]);
    let outcome = Trial::new(workflow(2, vec![copied(Parallel::Pool(vec![slot(0)]), false, 6)]), world.clone()).run();
    assert_eq!(outcome.status, RunStatus::Success);
    assert_eq!(world.most_at_once.lock().unwrap().1, 3);
}

#[test]
fn a_width_below_one_is_refused() {
    let outcome = Trial::new(workflow(2, vec![copied(at_once(0), false, 6)]), FakeWorld::with(&[])).run();
    assert_eq!(outcome.error.unwrap().message, "`in parallel` wants an int of at least 1, found `0`");
}

#[test]
fn a_panic_in_an_item_is_that_items_failure() {
    let world = FakeWorld::with(&[("i2", &[Reaction::Panic])]);
    let outcome = Trial::new(workflow(2, vec![copied(at_once(2), true, 3)]), world).run();
    assert_eq!(outcome.status, RunStatus::Partial);
    assert_eq!(outcome.failures.len(), 1);
    assert_eq!(outcome.failures[0].item, "2");
}

#[test]
fn maps_are_walked_by_key_and_value() {
    let pairs = [("a", 1), ("b", 2)].into_iter().map(|(k, v)| (Value::text(k), Value::Int(v)));
    let (steps, result) = (Vec::new(), slot(1));
    let Action::ForEach(each) = foreach(lit(Value::Map(Arc::new(pairs.collect()))), Parallel::No, false, steps, result)
    else {
        panic!("no loop")
    };
    let each = ForEach { is_map: true, ..(*each).clone() };
    let mut flow = workflow(2, vec![act("walked", Some(1), Action::ForEach(Arc::new(each)))]);
    flow.outputs.push(output("all", slot(1), &[1]));
    assert_eq!(Trial::new(flow, FakeWorld::with(&[])).run().outputs["all"].to_string(), "[1, 2]");
}

#[test]
fn inner_blocks_see_outer_slots() {
    let result = bin(Op::Add, slot(0), outer(1, 1));
    let looped = act("looped", Some(2), foreach(list([1, 2]), at_once(2), false, Vec::new(), result)).after(&[0]);
    let mut flow = workflow(3, vec![step("base", 1, lit(100)), looped]);
    flow.outputs.push(output("all", slot(2), &[2]));
    assert_eq!(Trial::new(flow, FakeWorld::with(&[])).run().outputs["all"].to_string(), "[101, 102]");
}

#[test]
fn a_hundred_thousand_items_are_not_started_at_once() {
    let result = bin(Op::Add, slot(0), lit(1));
    let inner = step("inner", 1, slot(0));
    let looped = act("looped", Some(1), foreach(list(0..100_000), at_once(4), false, vec![inner], result));
    let trial = Trial::new(workflow(2, vec![looped]), FakeWorld::with(&[]));
    let outcome = trial.run();
    assert_eq!(outcome.status, RunStatus::Success, "{}", outcome.message);
    assert_eq!(outcome.steps[0].items.unwrap().ok, 100_000);
    assert!(trial.events.lock().unwrap().len() < 200);
}

#[test]
fn keyed_writes_of_a_loop_happen_once_for_each_key() {
    let write = Expr { effect: Effect::Write, ..ask(&WRITE, "write", slot(0)) };
    let mut write = step("write", 1, write);
    write.policy.key = Some(typed(ExprKind::List(vec![bin(Op::Remainder, slot(0), lit(2))]), Type::Any));
    let mut looped = act("looped", Some(1), foreach(list([1, 2, 3, 4]), at_once(4), false, vec![write], slot(1)));
    looped.effect = Effect::Write;
    let mut flow = workflow(2, vec![looped]);
    flow.outputs.push(output("all", slot(1), &[1]));
    let world = FakeWorld::with(&[]);
    let outcome = Trial::new(flow, world.clone()).run();
    assert_eq!(world.calls().len(), 2, "{}", outcome.message);
}
