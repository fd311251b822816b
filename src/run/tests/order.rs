//! Which steps run when.

use proptest::prelude::*;

use super::build::{FakeWorld, READ, Reaction, Trial, ask, bin, lit, slot, step, workflow};
use crate::check::program::BinaryOperator as Op;
use crate::check::program::Step;
use crate::run::{EventKind, RunStatus, StepStatus};

fn read(at: usize) -> Step {
    step(&format!("s{at}"), at + 1, ask(&READ, format!("s{at}").as_str(), lit(1)))
}

fn status_of(trial: &Trial, workflow_step: &str) -> StepStatus {
    let outcome = trial.run();
    outcome.steps.iter().find(|step| &*step.name == workflow_step).unwrap().status
}

#[test]
fn steps_without_an_order_run_at_the_same_time() {
    let take: &[Reaction] = &[Reaction::Take(100)];
    let world = FakeWorld::with(&[("s0", take), ("s1", take), ("s2", take)]);
    let trial = Trial::new(workflow(4, (0..3).map(read).collect()), world.clone());
    assert_eq!(trial.run().status, RunStatus::Success);
    assert_eq!(world.most_at_once.lock().unwrap().1, 3);
}

#[test]
fn values_flow_along_the_edges() {
    let sum = step("sum", 3, bin(Op::Add, slot(1), slot(2))).after(&[0, 1]);
    let mut flow = workflow(4, vec![read(0), read(1), sum]);
    flow.outputs.push(super::build::output("items_processed", slot(3), &[3]));
    let outcome = Trial::new(flow, FakeWorld::with(&[])).run();
    assert_eq!(outcome.to_json()["metrics"]["items_processed"], 2);
    assert_eq!(outcome.message, "3 steps done");
}

#[test]
fn after_a_failure_nothing_starts_and_what_runs_ends() {
    let world = FakeWorld::with(&[
        ("s0", &[super::build::broken(crate::value::ErrorKind::Query)]),
        ("s1", &[Reaction::Take(150)]),
    ]);
    let steps = vec![read(0), read(1), read(2).after(&[0]), read(3).after(&[1])];
    let trial = Trial::new(workflow(5, steps), world.clone());
    let outcome = trial.run();
    let statuses: Vec<StepStatus> = outcome.steps.iter().map(|step| step.status).collect();
    assert_eq!(statuses, [StepStatus::Failed, StepStatus::Success, StepStatus::Skipped, StepStatus::Skipped]);
    assert_eq!(outcome.status, RunStatus::Failed);
    assert_eq!(outcome.message, "`s0` failed: it broke");
    assert_eq!(outcome.error.unwrap().step, ["s0"]);
    assert_eq!(world.ended.lock().unwrap().len(), 2);
}

#[test]
fn a_panic_is_the_failure_of_its_step() {
    let world = FakeWorld::with(&[("s1", &[Reaction::Panic])]);
    let trial = Trial::new(workflow(3, vec![read(0), read(1)]), world);
    let outcome = trial.run();
    assert_eq!(outcome.exit_code(), 5);
    assert_eq!(outcome.error.unwrap().step, ["s1"]);
    assert_eq!(
        status_of(&Trial::new(trial.workflow.clone(), FakeWorld::with(&[("s1", &[Reaction::Panic])])), "s1"),
        StepStatus::Failed
    );
}

#[test]
fn a_chain_of_ten_thousand_steps_runs() {
    let chain = |at: usize| {
        let step = step(&format!("s{at}"), at + 1, lit(1));
        if at > 0 { step.after(&[at - 1]) } else { step }
    };
    let trial = Trial::new(workflow(10_001, (0..10_000).map(chain).collect()), FakeWorld::with(&[]));
    assert_eq!(trial.run().steps.len(), 10_000);
}

#[test]
fn steps_that_wait_for_each_other_are_a_defect_and_no_hang() {
    let trial = Trial::new(workflow(3, vec![read(0).after(&[1]), read(1).after(&[0])]), FakeWorld::with(&[]));
    assert_eq!(trial.run().exit_code(), 5);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn no_step_starts_before_its_upstream_ended(edges in proptest::collection::vec((0_usize..12, 0_usize..12), 0..40)) {
        let mut steps: Vec<Step> = (0..12).map(read).collect();
        for (a, b) in edges {
            let (before, after) = (a.min(b), a.max(b));
            if before != after && !steps[after].upstream.contains(&before) {
                steps[after].upstream.push(before);
            }
        }
        let trial = Trial::new(workflow(13, steps.clone()), FakeWorld::with(&[]));
        prop_assert_eq!(trial.run().status, RunStatus::Success);
        let events = trial.events.lock().unwrap();
        let place = |name: &str, start: bool| events.iter().position(|event| match &event.kind {
            EventKind::StepStarted { step } => start && step.path == [name],
            EventKind::StepFinished { step, .. } => !start && step.path == [name],
            _ => false,
        }).unwrap();
        for (at, step) in steps.iter().enumerate() {
            for before in &step.upstream {
                let (ended, started) = (place(&format!("s{before}"), false), place(&format!("s{at}"), true));
                prop_assert!(ended < started);
            }
        }
    }
}
