//! Running a step: what it does, `on failure`, and its report.

use super::attempt;
use super::block;
use super::eval::Site;
use super::event::{EventKind, StepPlace};
use super::fault::{Fault, Ran};
use super::frame::Frame;
use super::outcome::{ErrorReport, StepReport, StepStatus, millis_between};
use super::scope::Held;
use super::tally::Tally;
use super::{foreach, transaction};
use crate::check::program::{Action, Block, Expr, OnFailure, Step};
use crate::operation::truth;
use crate::primitive::Effect;
use crate::value::{ErrorKind, StepError, Timestamp, Value};

/// Runs a step and fills its slot. A failure comes back with the step's name.
pub(crate) async fn run(frame: &Frame, step: &Step, at: usize) -> Ran<()> {
    let started = frame.run.journal.now();
    let tally = Tally::default();
    frame.run.journal.visit(step.span);
    if frame.is_top() && step.is_shown {
        frame.run.journal.emit(EventKind::StepStarted { step: place(frame, step) });
    }
    let result = attempt::run(frame, step, at, &tally).await;
    let caught = result.as_ref().err().filter(|fault| !fault.is_unknown()).map(|fault| fault.error.clone());
    let result = recover(frame, step, result).await;
    let status = status(&result, caught.as_ref(), &tally);
    report(frame, step, at, &Ended { status, error: caught.as_ref(), started, tally: &tally });
    fill(frame, step, &tally, result)
}

/// Runs a pure step of an inner block without a future; `None` when it needs one.
pub(crate) fn run_at_once(frame: &Frame, step: &Step, at: usize) -> Option<Ran<()>> {
    let has_limits = step.policy.timeout.is_some() || step.policy.cache.is_some();
    let is_simple = step.effect == Effect::Pure && matches!(step.on_failure, OnFailure::Fail) && !has_limits;
    let (true, Action::Expression(expr)) = (is_simple, &step.action) else { return None };
    frame.run.journal.visit(step.span);
    let result = Site::of(frame, step).pure_value(expr);
    let tally = Tally::default();
    if let Some(fault) = result.as_ref().err().filter(|fault| !fault.is_unknown()) {
        tally.attempt(1);
        let started = frame.run.journal.now();
        let ended = Ended { status: StepStatus::Failed, error: Some(&fault.error), started, tally: &tally };
        report(frame, step, at, &ended);
    }
    Some(fill(frame, step, &tally, result))
}

/// Reports a step whose task panicked.
pub(crate) fn report_panic(frame: &Frame, step: &Step, at: usize) -> Box<Fault> {
    let fault = block::panicked();
    let (started, tally) = (frame.run.journal.now(), Tally::default());
    report(frame, step, at, &Ended { status: StepStatus::Failed, error: Some(&fault.error), started, tally: &tally });
    fault.within(&step.name, step.span, 1)
}

fn fill(frame: &Frame, step: &Step, tally: &Tally, result: Ran<Value>) -> Ran<()> {
    let (value, result) = match Held::of(result) {
        Ok(held) => (Some(held), Ok(())),
        // Nothing downstream starts any more, but the outputs count what a loop had done until then.
        Err(fault) => (tally.take_done().map(Held::Value), Err(fault.within(&step.name, step.span, tally.attempts()))),
    };
    if let Some(Held::Value(value)) = &value {
        frame.run.journal.gave(&|| place(frame, step), value);
    }
    if let (Some(slot), Some(value)) = (step.slot, value) {
        frame.scope.hold(slot, value);
    }
    result
}

/// Does what the step says, once.
pub(crate) async fn act(frame: &Frame, step: &Step, tally: &Tally) -> Ran<Value> {
    let site = Site::of(frame, step);
    match &step.action {
        Action::Expression(expr) => site.value(expr).await,
        Action::Transaction { connection, block } => transaction::run(connection, block, site).await,
        Action::ForEach(each) => foreach::run(each, site, step.effect, tally).await,
        Action::When { arms, otherwise } => branch(arms, otherwise.as_ref(), site).await,
        Action::Check { is_expect, condition, message, text } => {
            check(*is_expect, condition, message.as_ref(), text, site).await
        }
    }
}

async fn branch(arms: &[(Expr, Block)], otherwise: Option<&Block>, site: Site<'_>) -> Ran<Value> {
    for (at, (condition, arm)) in arms.iter().enumerate() {
        match holds(condition, site).await {
            Ok(true) => return inner(arm, site).await,
            Ok(false) => {}
            Err(fault) => {
                if fault.is_unknown() {
                    let rest = arms.iter().skip(at).map(|(_, arm)| arm);
                    site.may_run(rest.chain(otherwise), &fault.error);
                }
                return Err(fault);
            }
        }
    }
    match otherwise {
        Some(block) => inner(block, site).await,
        None => Ok(Value::None),
    }
}

async fn inner(block: &Block, site: Site<'_>) -> Ran<Value> {
    let frame = site.frame.inner(site, block.slots);
    block::run(block, &frame).await
}

async fn holds(condition: &Expr, site: Site<'_>) -> Ran<bool> {
    let value = site.value(condition).await?;
    truth(&value).map_err(|error| Fault::at(error, condition.span))
}

async fn check(is_expect: bool, condition: &Expr, message: Option<&Expr>, text: &str, site: Site<'_>) -> Ran<Value> {
    match holds(condition, site).await {
        Ok(true) => return Ok(Value::None),
        Ok(false) => {}
        Err(fault) => {
            if let Some(preview) = site.frame.run.preview.as_ref().filter(|_| fault.is_unknown()) {
                preview.check(site, text);
            }
            return Err(fault);
        }
    }
    let message = match message {
        // What the author wrote about the failure must not hide it.
        Some(message) => match site.value(message).await {
            Ok(message) => message.to_string(),
            Err(fault) => format!("`{text}` does not hold, and its message failed: {}", fault.error),
        },
        None => format!("`{text}` does not hold"),
    };
    if is_expect {
        site.frame.run.journal.warn(site.frame, site.step, message);
        return Ok(Value::None);
    }
    Err(Fault::at(StepError::new(ErrorKind::Require, message), condition.span))
}

/// `on failure`. Being stopped is no failure of the step's: nothing handles it.
async fn recover(frame: &Frame, step: &Step, result: Ran<Value>) -> Ran<Value> {
    let fault = match result {
        Err(fault) if !fault.is_cancelled() && !fault.is_unknown() => fault,
        other => return other,
    };
    let site = Site::of(frame, step);
    match &step.on_failure {
        OnFailure::Fail => Err(fault),
        OnFailure::Skip => Ok(Value::None),
        OnFailure::Use(expr) => {
            frame.run.journal.visit(expr.span);
            site.value(expr).await
        }
        OnFailure::Block(block) => inner(block, site).await,
    }
}

fn status(result: &Ran<Value>, caught: Option<&StepError>, tally: &Tally) -> StepStatus {
    match (result, caught) {
        (Err(fault), _) if fault.is_cancelled() => StepStatus::Cancelled,
        (Err(fault), _) if fault.is_unknown() => StepStatus::Unknown,
        (Err(_), _) => StepStatus::Failed,
        (Ok(_), Some(_)) => StepStatus::Recovered,
        (Ok(_), None) if tally.items().is_some_and(|items| items.failed > 0) => StepStatus::Partial,
        (Ok(_), None) => StepStatus::Success,
    }
}

struct Ended<'a> {
    status: StepStatus,
    error: Option<&'a StepError>,
    started: Timestamp,
    tally: &'a Tally,
}

/// Keeps the report of a step of the body, and tells the end of every step that anybody would ask about.
fn report(frame: &Frame, step: &Step, at: usize, ended: &Ended<'_>) {
    let journal = &frame.run.journal;
    let is_well = matches!(ended.status, StepStatus::Success | StepStatus::Unknown);
    let is_told = if frame.is_top() { step.is_shown } else { step.effect != Effect::Pure };
    if is_well && !is_told {
        return;
    }
    let error = ended.error.map(ErrorReport::from);
    if let (StepStatus::Recovered, false, Some(error)) = (ended.status, frame.is_top(), ended.error) {
        // The result lists the body's steps only; a failure further in that was made up for must show somewhere.
        journal.keep_warning(&place(frame, step), &format!("failed, and was made up for: {}", error.message));
    }
    let (attempts, duration_ms) = (ended.tally.attempts(), millis_between(ended.started, journal.now()));
    let (cached, recorded) = (ended.tally.is_cached(), ended.tally.is_recorded());
    let kind = EventKind::StepFinished {
        step: place(frame, step),
        status: ended.status,
        attempts,
        cached,
        recorded,
        duration_ms,
        error: error.clone(),
    };
    journal.emit(kind);
    if frame.is_top() {
        let report = StepReport {
            name: step.name.clone(),
            status: ended.status,
            attempts,
            cached,
            recorded,
            started_at: Some(ended.started),
            duration_ms,
            error,
            items: ended.tally.items(),
        };
        journal.report(at, report);
    }
}

/// Where a step stands, for events.
pub(crate) fn place(frame: &Frame, step: &Step) -> StepPlace {
    StepPlace { path: frame.path(&step.name), item: frame.item() }
}
