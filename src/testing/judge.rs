//! What a test expects, held against what its run left.

use std::collections::HashSet;

use super::difference::difference;
use super::show::shown;
use super::watch::NotGiven;
use super::{Failure, missing};
use crate::check::program::{Action, BinaryOperator, Expr, ExprKind, RunField, Step};
use crate::check::test::Test;
use crate::check::walk;
use crate::run::{Aftermath, RunOutcome, RunStatus, StepReport, StepStatus};
use crate::value::{StepError, Value};

/// How far out the body stands from what a test expects; the record of writes is between them.
const BODY: usize = 2;

/// Everything that was not as expected.
pub(super) fn failures(
    test: &Test,
    outcome: &RunOutcome,
    left: Option<Aftermath>,
    not_given: &[NotGiven],
    written: Value,
) -> Vec<Failure> {
    let lacking = missing::failures(&test.workflow, not_given);
    if !lacking.is_empty() {
        // Whatever else went wrong probably comes of that.
        return lacking;
    }
    let Some(left) = left else { return vec![never_ran(test, outcome)] };
    let record = left.inner(1);
    record.fill(0, written);
    let look = record.inner(test.block.slots);
    for (name, slot) in &test.outputs {
        if let Some(value) = outcome.outputs.get(name) {
            look.fill(*slot, value.clone());
        }
    }
    let mut judge = Judge { test, outcome, look, without_value: HashSet::new(), failures: Vec::new() };
    if outcome.status == RunStatus::Failed && !looks_at_outcome(test) {
        judge.failures.push(failed(test, outcome));
    }
    let first = judge.failures.len();
    judge.bindings();
    judge.checks();
    if let Some(expected) = judge.failures.get_mut(first..) {
        expected.sort_by_key(|failure| failure.place);
    }
    judge.failures
}

/// The parameters were refused.
fn never_ran(test: &Test, outcome: &RunOutcome) -> Failure {
    let is_refused = |name: &str| outcome.refused.iter().any(|refused| &*refused.param == name);
    let place = test.set.iter().find(|(name, _)| is_refused(name)).map_or(test.title.span, |(_, value)| value.span);
    Failure::new(place, format!("nothing ran: {}", outcome.message))
}

/// A test that does not ask how the run ended wants it to end well.
fn failed(test: &Test, outcome: &RunOutcome) -> Failure {
    let mut failure = Failure::new(test.title.span, format!("the run failed: {}", outcome.message));
    if let Some(error) = &outcome.error {
        failure.place = error.span.unwrap_or(failure.place);
        failure.notes.extend(error.help.clone());
    }
    failure.help = Some("if that is what the test is about, expect it: `expect run.status == \"failed\"`".to_owned());
    failure
}

fn looks_at_outcome(test: &Test) -> bool {
    let mut found = false;
    walk::steps(&test.block, &mut |site| {
        walk::step_expressions(site.step, &mut |expr| found |= asks_outcome(expr));
    });
    found
}

/// Whether an expression looks at how the run ended.
fn asks_outcome(expr: &Expr) -> bool {
    let mut found = false;
    walk::visit(expr, &mut |expr| found |= matches!(expr.kind, ExprKind::Run(RunField::Status | RunField::Error)));
    found
}

/// How a run ended that did not end well, and what to do about it.
fn ending(outcome: &RunOutcome) -> impl Iterator<Item = String> {
    let how = match outcome.status {
        RunStatus::Success => None,
        RunStatus::Failed => Some("failed".to_owned()),
        RunStatus::Partial | RunStatus::Cancelled => Some(format!("ended {}", outcome.status.name())),
    };
    let how = how.map(|how| format!("the run {how}: {}", outcome.message));
    how.into_iter().chain(outcome.error.as_ref().and_then(|error| error.help.clone()))
}

struct Judge<'a> {
    test: &'a Test,
    outcome: &'a RunOutcome,
    look: Aftermath,
    /// The bindings that could not be computed, by slot; what uses one has nothing new to say.
    without_value: HashSet<usize>,
    failures: Vec<Failure>,
}

impl Judge<'_> {
    /// Computes the test's own names, each after those that it uses.
    fn bindings(&mut self) {
        let mut left: Vec<&Step> =
            self.test.block.steps.iter().filter(|step| matches!(step.action, Action::Expression(_))).collect();
        while !left.is_empty() {
            let (ready, later): (Vec<&Step>, Vec<&Step>) = left.iter().partition(|step| {
                let waits = |at: &usize| {
                    let before = self.test.block.steps.get(*at);
                    before.is_some_and(|before| left.iter().any(|step| step.span == before.span))
                };
                !step.upstream.iter().any(waits)
            });
            if ready.is_empty() {
                break;
            }
            for step in ready {
                self.binding(step);
            }
            left = later;
        }
    }

    fn binding(&mut self, step: &Step) {
        let (Action::Expression(value), Some(slot)) = (&step.action, step.slot) else { return };
        match self.look.value(value) {
            Ok(value) => self.look.fill(slot, value),
            Err(error) => {
                self.no_value(value, error);
                self.without_value.insert(slot);
            }
        }
    }

    /// All of them, whatever fails; but nothing behind a `require` that does not hold.
    fn checks(&mut self) {
        for step in &self.test.block.steps {
            let Action::Check { is_expect, condition, message, .. } = &step.action else { continue };
            let before = self.failures.len();
            let said = message
                .as_ref()
                .map(|message| self.look.value(message).map_or_else(|error| error.message, |said| said.to_string()));
            self.check(condition, said.as_deref());
            if self.failures.len() > before && !is_expect {
                return;
            }
        }
    }

    /// Descends into what `and` joins: the smallest part that does not hold is told.
    fn check(&mut self, condition: &Expr, said: Option<&str>) {
        if let ExprKind::Binary(BinaryOperator::And, left, right) = &condition.kind {
            let before = self.failures.len();
            self.check(left, said);
            if self.failures.len() == before {
                self.check(right, said);
            }
            return;
        }
        match self.look.value(condition) {
            Ok(Value::Bool(true)) => {}
            Ok(Value::Bool(false)) => {
                let failure = self.unmet(condition, said);
                self.failures.push(failure);
            }
            Ok(other) => {
                let message = format!("this is not true or false, but {}", shown(&other));
                self.failures.push(Failure::new(condition.span, message));
            }
            Err(error) => self.no_value(condition, error),
        }
    }

    fn unmet(&self, condition: &Expr, said: Option<&str>) -> Failure {
        let mut failure = Failure::new(condition.span, said.unwrap_or("this does not hold"));
        if let ExprKind::Binary(operator, left, right) = &condition.kind
            && compares(*operator)
            && let (Ok(left), Ok(right)) = (self.look.value(left), self.look.value(right))
        {
            failure.sides = Some((shown(&left), shown(&right)));
            if *operator == BinaryOperator::Equal {
                failure.notes = difference(&left, &right);
            }
        }
        if asks_outcome(condition) {
            failure.notes.extend(ending(self.outcome));
        }
        failure
    }

    /// Something cannot be computed: for want of a step that did not run, or for itself.
    fn no_value(&mut self, expr: &Expr, error: StepError) {
        let mut lacking = None;
        let mut is_told = false;
        walk::visit(expr, &mut |expr| {
            let ExprKind::Slot { up, index } = expr.kind else { return };
            is_told |= up == 0 && self.without_value.contains(&index);
            if !self.look.has(up, index) && lacking.is_none() {
                lacking = Some((up, index, expr.span));
            }
        });
        if is_told {
            return;
        }
        let failure = match lacking {
            Some((up, index, place)) => Failure::new(place, self.absent(up, index)),
            None => {
                let mut failure = Failure::new(expr.span, error.message);
                failure.notes.extend(error.help);
                failure
            }
        };
        self.failures.push(failure);
    }

    /// Why a step or an output has no value.
    fn absent(&self, up: usize, slot: usize) -> String {
        let steps = &self.test.workflow.body.steps;
        let step = steps.iter().find(|step| up == BODY && step.slot == Some(slot));
        let output = self.test.outputs.iter().find(|(_, own)| up == 0 && *own == slot);
        let name = step.map(|step| &step.name).or(output.map(|(name, _)| name));
        let Some(name) = name else { return "this has no value".to_owned() };
        let report = self.outcome.steps.iter().find(|report| report.name == *name);
        match report {
            Some(StepReport { status: StepStatus::Failed, error: Some(error), .. }) => {
                format!("`{name}` has no value, because it failed: {}", error.message)
            }
            Some(StepReport { status: StepStatus::Skipped, .. }) => {
                format!("`{name}` did not run: {}", self.outcome.message)
            }
            _ => format!("`{name}` has no value: {}", self.outcome.message),
        }
    }
}

/// Whether an operator has two sides to show.
const fn compares(operator: BinaryOperator) -> bool {
    matches!(
        operator,
        BinaryOperator::Equal
            | BinaryOperator::NotEqual
            | BinaryOperator::Less
            | BinaryOperator::LessOrEqual
            | BinaryOperator::Greater
            | BinaryOperator::GreaterOrEqual
            | BinaryOperator::In
            | BinaryOperator::NotIn
    )
}
