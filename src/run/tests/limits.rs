//! Attempts, timeouts, pace, failures that are handled.

use super::build::{
    FakeWorld, READ, Reaction, Trial, WRITE, WRITE_ONCE, act, ask, broken, check, endless, foreach, list, lit, output,
    refused, retry, slot, step, timeout, workflow,
};
use crate::check::program::{Block, OnFailure, Parallel, Policy, Step};
use crate::primitive::{Effect, Spec};
use crate::run::{RunOutcome, RunStatus, StepStatus};
use crate::value::{ErrorKind, StepError, Value};

fn one(spec: &'static Spec, policy: Policy, reactions: &[Reaction]) -> (RunOutcome, Vec<u64>) {
    let step = step("asked", 1, ask(spec, "it", lit(7))).with(policy);
    let trial = Trial::new(workflow(2, vec![step]), FakeWorld::with(&[("it", reactions)]));
    let outcome = trial.run();
    let waits = trial.clock.waits.lock().unwrap().clone();
    (outcome, waits)
}

#[test]
fn a_read_is_repeated_when_that_may_help() {
    let (outcome, waits) = one(&READ, retry(3), &[broken(ErrorKind::Query), broken(ErrorKind::Timeout)]);
    assert_eq!((outcome.status, outcome.steps[0].attempts), (RunStatus::Success, 3));
    assert!(waits.iter().all(|ms| (1000..=1100).contains(ms)) && waits.len() == 2, "{waits:?}");
    let hopeless = Reaction::Fail(StepError::new(ErrorKind::Query, "no such table"));
    let (outcome, _) = one(&READ, retry(3), &[hopeless]);
    assert_eq!(outcome.steps[0].attempts, 1);
}

#[test]
fn attempts_run_out() {
    let (outcome, _) = one(&READ, retry(2), &[refused(), refused(), refused(), refused()]);
    assert_eq!(outcome.message, "`asked` failed after 3 attempts: connection refused");
    assert_eq!((outcome.error.as_ref().unwrap().attempts, outcome.exit_code()), (3, 4));
}

#[test]
fn a_server_that_asks_for_time_gets_it() {
    let mut error = StepError::transient(ErrorKind::Query, "slow down");
    error.retry_after_ms = Some(45_000);
    let (_, waits) = one(&READ, retry(1), &[Reaction::Fail(error)]);
    assert_eq!(waits, [45_000]);
}

#[test]
fn a_write_is_repeated_only_when_that_is_safe() {
    let attempts = |spec, policy: Policy, kind| one(spec, policy, &[broken(kind)]).0.steps[0].attempts;
    assert_eq!(attempts(&WRITE, retry(1), ErrorKind::Ambiguous), 2);
    assert_eq!(attempts(&WRITE_ONCE, retry(1), ErrorKind::Connection), 2);
    assert_eq!(attempts(&WRITE_ONCE, retry(1), ErrorKind::Ambiguous), 1);
    assert_eq!(attempts(&WRITE_ONCE, retry(1), ErrorKind::Timeout), 1);
    let keyed = Policy { key: Some(lit(Value::list(vec![Value::Int(1)]))), ..retry(1) };
    assert_eq!(attempts(&WRITE_ONCE, keyed, ErrorKind::Ambiguous), 2);
}

#[test]
fn a_timeout_ends_an_attempt() {
    let policy = Policy { timeout: timeout(40).timeout, ..retry(1) };
    let (outcome, _) = one(&READ, policy, &[Reaction::Hang]);
    assert_eq!((outcome.status, outcome.steps[0].attempts), (RunStatus::Success, 2));
    let (outcome, _) = one(&READ, timeout(40), &[Reaction::Hang]);
    assert_eq!(outcome.error.unwrap().kind, ErrorKind::Timeout);
    let (outcome, _) = one(&WRITE_ONCE, timeout(40), &[Reaction::Hang]);
    assert_eq!(outcome.error.unwrap().kind, ErrorKind::Ambiguous);
}

#[test]
fn a_timeout_ends_a_computation() {
    let computed = || step("computed", 1, endless());
    let outcome = Trial::new(workflow(2, vec![computed().with(timeout(40))]), FakeWorld::with(&[])).run();
    let error = outcome.error.unwrap();
    assert_eq!((error.kind, error.message.as_str()), (ErrorKind::Timeout, "it was not done after 40ms"));
    let each = foreach(list([1, 2, 3]), Parallel::No, false, vec![computed()], slot(1));
    let looped = act("looped", Some(1), each).with(timeout(40));
    let error = Trial::new(workflow(2, vec![looped]), FakeWorld::with(&[])).run().error.unwrap();
    assert_eq!((error.kind, error.step), (ErrorKind::Timeout, vec!["looped".to_owned()]));
}

#[test]
fn defaults_reach_what_waits_for_the_world() {
    let asked = step("asked", 1, ask(&READ, "it", lit(7)));
    let mut flow = workflow(2, vec![asked]);
    flow.defaults = retry(1);
    let outcome = Trial::new(flow, FakeWorld::with(&[("it", &[refused()])])).run();
    assert_eq!((outcome.status, outcome.steps[0].attempts), (RunStatus::Success, 2));
}

#[test]
fn a_timeout_of_a_loop_tells_its_steps_to_stop() {
    let body = vec![step("asked", 1, ask(&READ, "it", lit(7)))];
    let mut looped =
        act("looped", Some(1), foreach(list([1, 2, 3]), Parallel::No, true, body, slot(1))).with(timeout(60));
    looped.effect = Effect::Read;
    let outcome = Trial::new(workflow(2, vec![looped]), FakeWorld::with(&[("it", &[Reaction::Hang])])).run();
    let error = outcome.error.unwrap();
    assert_eq!((error.kind, error.step), (ErrorKind::Timeout, vec!["looped".to_owned()]));
}

#[test]
fn a_rate_spreads_the_starts_of_all_items() {
    let rate = Value::record([("count", Value::Int(2)), ("per", Value::Duration(1000))]);
    let asked = step("asked", 1, ask(&READ, "it", lit(7))).with(Policy { rate: Some(lit(rate)), ..Policy::default() });
    let mut looped = act("looped", Some(1), foreach(list([1, 2, 3]), Parallel::No, false, vec![asked], slot(1)));
    looped.effect = Effect::Read;
    let trial = Trial::new(workflow(2, vec![looped]), FakeWorld::with(&[]));
    assert_eq!(trial.run().status, RunStatus::Success);
    assert_eq!(*trial.clock.waits.lock().unwrap(), [500, 500]);
}

fn handled(on_failure: OnFailure) -> RunOutcome {
    let asked: Step = step("asked", 1, ask(&READ, "it", lit(7))).on_failure(on_failure);
    let mut flow = workflow(2, vec![asked]);
    flow.outputs.push(output("it", slot(1), &[1]));
    Trial::new(flow, FakeWorld::with(&[("it", &[broken(ErrorKind::Query)])])).run()
}

#[test]
fn a_failure_may_be_handled() {
    let outcome = handled(OnFailure::Use(lit(3)));
    assert_eq!((outcome.status, outcome.steps[0].status), (RunStatus::Success, StepStatus::Recovered));
    assert_eq!(outcome.outputs["it"], Value::Int(3));
    assert_eq!(handled(OnFailure::Skip).outputs["it"], Value::None);
    let block = Block { slots: 1, steps: vec![step("inner", 0, lit(4))], result: Some(slot(0)) };
    assert_eq!(handled(OnFailure::Block(block)).outputs["it"], Value::Int(4));
}

#[test]
fn a_require_fails_and_an_expect_warns() {
    let trial = |is_expect| {
        let steps = vec![check(is_expect, lit(false), "no rows"), step("next", 1, lit(1)).after(&[0])];
        Trial::new(workflow(2, steps), FakeWorld::with(&[])).run()
    };
    let outcome = trial(false);
    assert_eq!((outcome.status, outcome.message.as_str()), (RunStatus::Failed, "`require` failed: no rows"));
    assert_eq!(outcome.error.unwrap().kind, ErrorKind::Require);
    let outcome = trial(true);
    assert_eq!(outcome.status, RunStatus::Success);
    assert_eq!(outcome.to_json()["warnings"][0]["message"], "no rows");
}
