//! From parameters to `finally`.

use std::sync::Arc;
use std::time::Duration;

use super::build::{
    FakeWorld, READ, Reaction, Trial, WRITE, ask, bin, broken, endless, expr, lit, output, slot, span, step, timeout,
    workflow,
};
use crate::check::program::BinaryOperator as Op;
use crate::check::program::{
    Block, CalendarBinding, Expr, ExprKind, Function, FunctionBody, FunctionId, RunField, Step, WorkflowParam,
};
use crate::primitive::Effect;
use crate::run::{RunOutcome, RunStatus, StepStatus};
use crate::value::{ErrorKind, Type, Value};

fn block(steps: Vec<Step>) -> Block {
    Block { slots: 3, steps, result: None }
}

/// Asks the world for `<what>:<run.status>`.
fn tell(what: &str) -> Step {
    let status = bin(Op::Add, lit(format!("{what}:").as_str()), expr(ExprKind::Run(RunField::Status)));
    let kind = ExprKind::Primitive(&WRITE, vec![Some(status), Some(lit(1))]);
    step(what, 0, Expr { effect: WRITE.effect, ..expr(kind) })
}

fn flow(reactions: &[Reaction]) -> Trial {
    let asked = step("asked", 1, ask(&READ, "it", lit(7)));
    let mut flow = workflow(3, vec![asked, step("next", 2, lit(1)).after(&[0])]);
    flow.failed = Some(block(vec![tell("failed")]));
    flow.finally = Some(block(vec![tell("finally")]));
    flow.outputs.push(output("items_processed", slot(2), &[2]));
    Trial::new(flow, FakeWorld::with(&[("it", reactions)]))
}

#[test]
fn a_good_run_ends_with_finally() {
    let trial = flow(&[]);
    assert_eq!(trial.run().exit_code(), 0);
    assert_eq!(trial.world.calls(), ["it", "finally:success"]);
}

#[test]
fn a_failed_run_tells_so_once() {
    let trial = flow(&[broken(ErrorKind::Query)]);
    let outcome = trial.run();
    assert_eq!(outcome.exit_code(), 1);
    assert_eq!(trial.world.calls(), ["it", "failed:failed", "finally:failed"]);
    assert_eq!(outcome.to_json()["metrics"]["items_processed"], 0);
    assert!(outcome.outputs.is_empty());
}

#[test]
fn the_environment_is_at_fault_only_while_nothing_was_written() {
    let flow = || {
        let first = step("first", 1, ask(&WRITE, "first", lit(1)));
        let mut flow = workflow(3, vec![first, step("second", 2, ask(&READ, "second", lit(2))).after(&[0])]);
        flow.finally = Some(block(vec![tell("finally")]));
        flow
    };
    let code = |name: &'static str, kind| {
        let outcome = Trial::new(flow(), FakeWorld::with(&[(name, &[broken(kind)])])).run();
        (outcome.exit_code(), outcome.has_written)
    };
    assert_eq!(code("first", ErrorKind::Connection), (4, false));
    assert_eq!(code("second", ErrorKind::Connection), (1, true));
    assert_eq!(code("second", ErrorKind::Configuration), (1, true));
    assert_eq!(code("first", ErrorKind::Query), (1, false));
}

#[test]
fn a_failing_finally_is_a_warning() {
    let asked = step("told", 0, ask(&WRITE, "it", lit(7)));
    let mut flow = workflow(1, Vec::new());
    flow.finally = Some(block(vec![asked]));
    let outcome = Trial::new(flow, FakeWorld::with(&[("it", &[broken(ErrorKind::Write)])])).run();
    assert_eq!(outcome.status, RunStatus::Success);
    assert_eq!(outcome.warnings[0].message, "`finally` failed: it broke");
    assert_eq!(outcome.warnings[0].step.as_deref(), Some("finally.told"));
}

fn cancelled_after(trial: &Trial, presses: &[u64]) -> RunOutcome {
    crate::run::runtime().unwrap().block_on(async {
        let run = tokio::spawn(trial.start());
        for ms in presses {
            tokio::time::sleep(Duration::from_millis(*ms)).await;
            trial.interrupt.cancel();
        }
        tokio::time::timeout(Duration::from_secs(10), run).await.expect("the run hangs").unwrap()
    })
}

#[test]
fn a_cancelled_run_stops_reading_and_ends_with_finally() {
    let trial = flow(&[Reaction::Hang]);
    let outcome = cancelled_after(&trial, &[60]);
    assert_eq!((outcome.status, outcome.exit_code()), (RunStatus::Cancelled, 130));
    assert_eq!(trial.world.calls(), ["it", "finally:cancelled"]);
    assert_eq!(outcome.message, "cancelled during `asked`; 0 of 2 steps had finished");
    assert_eq!(outcome.steps[1].status, StepStatus::Skipped);
}

fn writing(reaction: Reaction) -> Trial {
    let written = step("written", 1, ask(&WRITE, "it", lit(7)));
    Trial::new(workflow(3, vec![written, step("next", 2, lit(1)).after(&[0])]), FakeWorld::with(&[("it", &[reaction])]))
}

#[test]
fn a_cancelled_write_ends_by_itself() {
    let trial = writing(Reaction::Take(300));
    let outcome = cancelled_after(&trial, &[60]);
    assert_eq!(outcome.status, RunStatus::Cancelled);
    assert_eq!(outcome.steps[0].status, StepStatus::Success);
    assert_eq!(*trial.world.ended.lock().unwrap(), ["it"]);
}

#[test]
fn the_second_interruption_ends_everything() {
    let trial = writing(Reaction::Hang);
    let outcome = cancelled_after(&trial, &[60, 60]);
    assert_eq!(outcome.steps[0].status, StepStatus::Cancelled);
}

fn computing() -> Trial {
    let mut flow = workflow(2, vec![step("computed", 1, endless())]);
    flow.finally = Some(block(vec![tell("finally")]));
    Trial::new(flow, FakeWorld::with(&[]))
}

#[test]
fn a_cancelled_run_stops_computing() {
    let trial = computing();
    let outcome = cancelled_after(&trial, &[60]);
    assert_eq!((outcome.status, outcome.exit_code()), (RunStatus::Cancelled, 130));
    assert_eq!(outcome.message, "cancelled during `computed`; 0 of 1 step had finished");
    assert_eq!(trial.world.calls(), ["finally:cancelled"]);
    let mut flow = workflow(2, vec![step("one", 1, lit(1))]);
    flow.outputs.push(output("computed", endless(), &[1]));
    let outcome = cancelled_after(&Trial::new(flow, FakeWorld::with(&[])), &[60]);
    assert_eq!(outcome.status, RunStatus::Cancelled);
}

#[test]
fn the_second_interruption_ends_what_is_computed_in_the_end() {
    let mut trial = flow(&[]);
    trial.workflow.finally = Some(block(vec![step("computed", 1, endless())]));
    let outcome = cancelled_after(&trial, &[60, 60]);
    assert_eq!(outcome.warnings[0].message, "`finally` failed: `finally` was interrupted");
}

#[test]
fn computing_keeps_nobody_waiting() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let mut trial = computing();
    trial.workflow.body.steps[0].policy = timeout(5000);
    runtime.block_on(async {
        let run = tokio::spawn(trial.start());
        let beside = tokio::spawn(tokio::time::sleep(Duration::from_millis(60)));
        tokio::time::timeout(Duration::from_secs(3), beside).await.expect("it waits").unwrap();
        assert!(!run.is_finished());
        trial.interrupt.cancel();
        assert_eq!(run.await.unwrap().status, RunStatus::Cancelled);
    });
}

#[test]
fn a_run_has_a_limit_of_its_own() {
    let mut trial = computing();
    trial.timeout_ms = Some(80);
    let outcome = trial.run();
    assert_eq!(outcome.message, "the run took longer than 80ms");
    assert_eq!(trial.world.calls(), ["finally:failed"]);
    let mut trial = flow(&[Reaction::Hang]);
    trial.timeout_ms = Some(80);
    let outcome = trial.run();
    assert_eq!(outcome.message, "the run took longer than 80ms");
    assert_eq!(outcome.error.unwrap().kind, ErrorKind::Timeout);
    assert_eq!(trial.world.calls(), ["it", "failed:failed", "finally:failed"]);
}

fn param(name: &str, slot: usize, default: i64, least: i64) -> WorkflowParam {
    WorkflowParam {
        name: name.into(),
        doc: String::new(),
        ty: Type::Int,
        slot,
        default: Some(lit(default)),
        require: Some(bin(Op::GreaterOrEqual, super::build::slot(slot), lit(least))),
        message: Some(lit(format!("at least {least}").as_str())),
        span: span(),
    }
}

#[test]
fn parameters_are_refused_all_at_once_before_anything_runs() {
    let mut trial = flow(&[]);
    trial.workflow.body.slots = 6;
    trial.workflow.params = vec![param("a", 3, 1, 5), param("b", 4, 7, 5), param("c", 5, 2, 3)];
    let outcome = trial.run();
    assert_eq!(outcome.exit_code(), 2);
    assert_eq!(outcome.message, "parameter `a`: at least 5, found `1`; parameter `c`: at least 3, found `2`");
    assert!(trial.world.calls().is_empty());
    trial.workflow.params = vec![param("a", 3, 5, 5)];
    assert_eq!(trial.run().params["a"], Value::Int(5));
}

#[test]
fn calendars_are_there_before_the_steps() {
    let mut trial = flow(&[]);
    let calendar = Value::Calendar(Arc::new(crate::calendar::Calendar::weekdays(chrono_tz::Tz::UTC)));
    let binding = |value| CalendarBinding { name: "open".into(), slot: 3, value };
    trial.workflow.body.slots = 4;
    trial.workflow.calendars = vec![binding(lit(calendar.clone()))];
    trial.workflow.outputs.push(output("calendar", slot(3), &[3]));
    assert_eq!(trial.run().outputs["calendar"], calendar);
    trial.workflow.calendars = vec![binding(bin(Op::Divide, lit(1), lit(0)))];
    assert_eq!(trial.run().message, "`1 / 0` divides by zero");
}

#[test]
fn an_environment_without_the_connection_is_at_fault() {
    let mut trial = flow(&[]);
    trial.workflow.connections[0].name = "warehouse".into();
    let outcome = trial.run();
    assert_eq!(
        (outcome.exit_code(), outcome.message.as_str()),
        (4, "the environment has no metrics connection `warehouse`")
    );
}

#[test]
fn an_output_that_cannot_be_computed_fails_the_run() {
    let mut trial = flow(&[]);
    trial.workflow.outputs.push(output("ratio", bin(Op::Divide, lit(1), lit(0)), &[]));
    let outcome = trial.run();
    assert_eq!(outcome.message, "`ratio` failed: `1 / 0` divides by zero");
    assert_eq!(trial.world.calls(), ["it", "failed:failed", "finally:failed"]);
    assert_eq!(outcome.outputs["items_processed"], Value::Int(1));
}

#[test]
fn effectful_chains_are_evaluated_on_deep_stacks() {
    let chain = (0..1200).fold(ask(&READ, "it", lit(0)), |sum, _| bin(Op::Add, sum, lit(1)));
    let mut flow = workflow(2, vec![step("deep", 1, chain)]);
    flow.outputs.push(output("sum", slot(1), &[1]));
    assert_eq!(Trial::new(flow, FakeWorld::with(&[])).run().outputs["sum"], Value::Int(1200));
}

/// `step`s each of which calls the next one, and the last the world.
fn functions(count: usize) -> Trial {
    let call = |at: usize| Expr { effect: Effect::Read, ..expr(ExprKind::Function(FunctionId(at), Vec::new())) };
    let function = |at: usize| {
        let inner = if at + 1 < count { call(at + 1) } else { ask(&READ, "it", lit(7)) };
        Arc::new(Function {
            name: format!("f{at}").into(),
            doc: String::new(),
            span: span(),
            params: Vec::new(),
            returns: Type::Any,
            effect: Effect::Read,
            needs_outcome: false,
            body: FunctionBody::Block(Block { slots: 1, steps: vec![step("inner", 0, inner)], result: Some(slot(0)) }),
        })
    };
    // The calls refer to connections through the context, so the blocks need no slot for it.
    let mut trial = Trial::new(workflow(2, vec![step("called", 1, call(0))]), FakeWorld::with(&[]));
    trial.program.functions = (0..count).map(function).collect();
    trial.workflow.outputs.push(output("it", slot(1), &[1]));
    trial
}

#[test]
fn functions_call_each_other_to_a_depth() {
    assert_eq!(functions(3).run().outputs["it"], Value::Int(7));
    assert_eq!(functions(200).run().outputs["it"], Value::Int(7));
    let error = functions(2000).run().error.unwrap();
    assert_eq!(error.message, "the expression nests more than 2500 levels deep");
}

#[test]
fn inner_steps_of_functions_take_the_defaults_and_the_call_does_not() {
    let mut trial = functions(2);
    trial.workflow.defaults = super::build::retry(1);
    trial.world = FakeWorld::with(&[("it", &[super::build::refused(), super::build::refused()])]);
    let error = trial.run().error.unwrap();
    assert_eq!((trial.world.calls().len(), error.attempts), (2, 2));
    assert_eq!(error.step, ["called", "inner", "inner"]);
}
