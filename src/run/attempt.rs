//! Attempts: how long one may take, when another follows, and what is done once only.
//!
//! What is repeated must be safe to repeat. A read is. A write is when the primitive says so
//! (`idempotent`), when the workflow names a `key`, or when the failure is that the server could
//! not be reached at all (`Connection`; a connection that broke after the request went out is `Ambiguous`). A
//! transaction is, unless nobody knows whether it was committed.

use std::future::Future;
use std::ptr;
use std::time::Duration;

use tokio::time::Instant;

use super::cache;
use super::eval::Site;
use super::event::EventKind;
use super::fault::{Fault, Ran};
use super::frame::Frame;
use super::outcome::ErrorReport;
use super::policy::Limits;
use super::record;
use super::scope::Held;
use super::step::{act, place};
use super::tally::{Tally, Tried};
use crate::check::program::{Action, Expr, ExprKind, FunctionBody, Step};
use crate::check::walk;
use crate::primitive::Effect;
use crate::value::{ErrorKind, StepError, Value};

/// What limits apply to, and how they stop it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Nature {
    /// It calls the world itself (or nothing at all): it takes the workflow's defaults, and is stopped by dropping it.
    Leaf,
    /// Its inner steps do: they take the defaults, and are told to stop.
    Container,
    /// Stopped like a container; repeated by default, because a rolled back attempt left nothing.
    Transaction,
}

/// Runs a step's action within its limits.
pub(crate) async fn run(frame: &Frame, step: &Step, at: usize, tally: &Tally) -> Ran<Value> {
    let nature = nature(frame, step);
    let limits = limits(frame, step, nature)?;
    let is_unit = nature != Nature::Container;
    match limits.key.clone() {
        Some(key) if step.effect == Effect::Write => {
            let remembered = frame.run.sites.remembered(site(step), key);
            let write = || async {
                let work = attempts(frame, step, nature, &limits, tally);
                Held::of(record::recorded(frame, step, at, tally, is_unit, work).await)
            };
            remembered.get_or_try_init(write).await?.get().cloned()
        }
        _ => {
            let work = attempts(frame, step, nature, &limits, tally);
            match limits.cache_ms {
                Some(age_ms) => {
                    let work = cache::kept_or(frame, step, age_ms, tally, work);
                    record::recorded(frame, step, at, tally, is_unit, work).await
                }
                None => record::recorded(frame, step, at, tally, is_unit, work).await,
            }
        }
    }
}

/// A step of the program is told from all others by its address; programs do not move while they run.
fn site(step: &Step) -> usize {
    ptr::from_ref(step).addr()
}

fn nature(frame: &Frame, step: &Step) -> Nature {
    match &step.action {
        Action::Transaction { .. } => Nature::Transaction,
        Action::ForEach(_) | Action::When { .. } => Nature::Container,
        Action::Expression(expr) if step.effect != Effect::Pure && !calls_world(frame, expr) => Nature::Container,
        Action::Expression(_) | Action::Check { .. } => Nature::Leaf,
    }
}

/// Whether an expression waits for the world by itself, not only in the blocks of functions it calls.
fn calls_world(frame: &Frame, expr: &Expr) -> bool {
    let mut found = false;
    walk::visit(expr, &mut |expr| {
        found |= match &expr.kind {
            ExprKind::Primitive(spec, _) => spec.effect != Effect::Pure,
            ExprKind::Function(id, _) => {
                let function = frame.run.world.program.functions.get(id.0);
                function.is_some_and(|function| matches!(function.body, FunctionBody::External(_)))
            }
            _ => false,
        };
    });
    found
}

fn limits(frame: &Frame, step: &Step, nature: Nature) -> Ran<Limits> {
    let own = Limits::of(&step.policy, Site::of(frame, step).env(), frame.depth, site(step))?;
    let defaults = &frame.run.defaults;
    let mut limits = match nature {
        Nature::Leaf if step.effect != Effect::Pure => own.or(defaults, site(step)),
        Nature::Leaf | Nature::Container => own,
        Nature::Transaction => {
            let transaction = Limits { retry: defaults.retry, backoff: defaults.backoff, ..Limits::default() };
            own.or(&transaction, site(step))
        }
    };
    if frame.is_in_transaction() {
        // After a failed statement a transaction can only be rolled back; it is repeated as a whole.
        limits.retry = None;
    }
    Ok(limits)
}

async fn attempts(frame: &Frame, step: &Step, nature: Nature, limits: &Limits, tally: &Tally) -> Ran<Value> {
    let most = limits.retry.unwrap_or(0).saturating_add(1);
    let own = (nature == Nature::Leaf).then(|| frame.with_attempts());
    let frame = own.as_ref().unwrap_or(frame);
    let mut attempt = 1;
    loop {
        if frame.halt.is_cancelled() {
            return Err(Fault::cancelled());
        }
        tally.attempt(attempt);
        keep_pace(frame, limits).await?;
        let started_at = frame.run.journal.now();
        let fault = match one(frame, step, nature, limits, tally).await {
            Ok(value) => {
                if step.effect == Effect::Write && nature != Nature::Container && !frame.is_in_transaction() {
                    frame.run.journal.note_write();
                }
                return Ok(value);
            }
            Err(fault) => fault,
        };
        if attempt >= most || !may_repeat(step, nature, limits, &fault.error) {
            return Err(fault);
        }
        if let Some(ms) = fault.error.retry_after_ms.filter(|ms| *ms > limits.longest_wait()) {
            return Err(asked_too_much(fault, ms, limits.longest_wait()));
        }
        let retry_in_ms = limits.wait_after(attempt, fault.error.retry_after_ms);
        let (step, error) = (place(frame, step), ErrorReport::from(&fault.error));
        let (ended_at, wait_ms) = (frame.run.journal.now(), retry_in_ms);
        tally.again(Tried { started_at, ended_at, error: error.clone(), wait_ms });
        frame.run.journal.emit(EventKind::AttemptFailed { step, attempt, error, retry_in_ms });
        wait(frame, retry_in_ms).await?;
        attempt += 1;
    }
}

async fn keep_pace(frame: &Frame, limits: &Limits) -> Ran<()> {
    let Some(rate) = limits.rate else { return Ok(()) };
    match frame.run.sites.take_start(rate, &*frame.context.clock) {
        0 => Ok(()),
        ms => wait(frame, ms).await,
    }
}

async fn wait(frame: &Frame, ms: u64) -> Ran<()> {
    tokio::select! {
        biased;
        () = frame.halt.cancelled() => Err(Fault::cancelled()),
        () = frame.context.clock.sleep(ms) => Ok(()),
    }
}

fn may_repeat(step: &Step, nature: Nature, limits: &Limits, error: &StepError) -> bool {
    let is_safe = step.effect != Effect::Write || step.idempotent || limits.key.is_some();
    let left_nothing = match nature {
        Nature::Leaf => error.kind == ErrorKind::Connection,
        Nature::Container => false,
        Nature::Transaction => error.kind != ErrorKind::Ambiguous,
    };
    error.retryable && (is_safe || left_nothing)
}

async fn one(frame: &Frame, step: &Step, nature: Nature, limits: &Limits, tally: &Tally) -> Ran<Value> {
    match (nature, limits.timeout_ms) {
        (Nature::Leaf, timeout_ms) => leaf(frame, step, limits, timeout_ms, tally).await,
        (_, None) => act(frame, step, tally).await,
        (_, Some(ms)) => container(frame, step, ms, tally).await,
    }
}

/// A read stops when the run does, a write only on the second request to stop: dropped half-way, nobody
/// would know whether it happened. Inside a transaction a write may stop, because it is rolled back.
async fn leaf(frame: &Frame, step: &Step, limits: &Limits, timeout_ms: Option<u64>, tally: &Tally) -> Ran<Value> {
    let lasts = step.effect == Effect::Write && !frame.is_in_transaction();
    let signal = if lasts { &frame.abort } else { &frame.halt };
    frame.context.attempts.limit(timeout_ms.map(Duration::from_millis));
    frame.context.attempts.begin();
    tokio::select! {
        biased;
        result = act(frame, step, tally) => result,
        () = signal.cancelled() => Err(Fault::cancelled()),
        () = used_up(frame, timeout_ms) => {
            let is_unknown = lasts && !step.idempotent && limits.key.is_none();
            Err(timed_out(timeout_ms.unwrap_or(0), is_unknown))
        }
    }
}

/// Inner steps are told to stop and waited for, so that writes under way end by themselves.
async fn container(frame: &Frame, step: &Step, timeout_ms: u64, tally: &Tally) -> Ran<Value> {
    let (begun, time) = (Instant::now(), Duration::from_millis(timeout_ms));
    let own = frame.with_own_halt(time);
    match stop_after(act(&own, step, tally), time, || own.halt.cancel()).await {
        Err(fault) if fault.is_cancelled() && begun.elapsed() >= time && !frame.halt.is_cancelled() => {
            Err(timed_out(timeout_ms, false))
        }
        other => other,
    }
}

/// Waits for `work`, and calls `stop` when it takes too long. Timeouts guard against a world that does not answer, so they
/// are measured on tokio's own clock; the run's clock may be a fake one on which waiting takes no time.
async fn stop_after<T>(work: impl Future<Output = T>, time: Duration, stop: impl Fn()) -> T {
    tokio::pin!(work);
    tokio::select! {
        biased;
        result = &mut work => result,
        () = tokio::time::sleep(time) => {
            stop();
            work.await
        }
    }
}

/// A leaf's time, which does not run while it waits for its turn on a connection with a `rate`.
async fn used_up(frame: &Frame, timeout_ms: Option<u64>) {
    match timeout_ms {
        Some(ms) => frame.context.attempts.elapsed(Duration::from_millis(ms)).await,
        None => std::future::pending().await,
    }
}

/// Coming back sooner than a server asks is no way to get an answer, nor is a run that sleeps for a day.
fn asked_too_much(mut fault: Box<Fault>, asked_ms: u64, longest_ms: u64) -> Box<Fault> {
    let shown = |ms| Value::Duration(i64::try_from(ms).unwrap_or(i64::MAX));
    let help = format!(
        "the server asks to wait {}, and this step waits {} at most: the longer of its `timeout` and the `max` of its `backoff`",
        shown(asked_ms),
        shown(longest_ms)
    );
    fault.error.help.get_or_insert(help);
    fault
}

fn timed_out(ms: u64, is_unknown: bool) -> Box<Fault> {
    let after = Value::Duration(i64::try_from(ms).unwrap_or(i64::MAX));
    Fault::new(if is_unknown {
        StepError::new(ErrorKind::Ambiguous, format!("no answer after {after}; the write may have happened"))
            .help("with `with { key: […] }` the step says that repeating it is safe")
    } else {
        StepError::transient(ErrorKind::Timeout, format!("no answer after {after}"))
    })
}
