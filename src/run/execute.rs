//! A run from its start to its end.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use indexmap::IndexMap;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use super::aftermath::Aftermath;
use super::block;
use super::eval::{Env, Site};
use super::event::{EventKind, EventSink};
use super::fault::{Fault, Ran};
use super::frame::{Frame, RunState};
use super::journal::Journal;
use super::outcome::{RunError, RunOutcome, RunStatus, StepReport, StepStatus, millis_between};
use super::policy::{Limits, Sites};
use super::scope::Scope;
use super::world::{Visitor, World};
use super::{Interrupt, RunOptions, Services, start, summary};
use crate::check::program::{Block, Output, Workflow};
use crate::plan::{BindError, Plan};
use crate::primitive::{Attempts, Context};
use crate::source::Span;
use crate::value::{ErrorKind, StepError, Timestamp, Value};

/// How long `failed` and `finally` may go on after the run was told to stop.
const GRACE: Duration = Duration::from_secs(30);

/// Runs a plan on a task of its own: from within `block_on`, waking up for each step would cost more than the step.
pub(super) async fn run(
    plan: Plan,
    services: Services,
    options: RunOptions,
    events: Arc<dyn EventSink>,
) -> (RunOutcome, Option<Aftermath>) {
    let (clock, started) = (services.clock.clone(), services.clock.now());
    let task = tokio::spawn(prepare(plan, services, options, events, started));
    AbortOnDropHandle::new(task).await.unwrap_or_else(|_| {
        let fault = block::panicked();
        let error = RunError::from(&*fault);
        (RunOutcome { error: Some(error), message: fault.error.message, ..empty(started, clock.now()) }, None)
    })
}

fn empty(started_at: Timestamp, completed_at: Timestamp) -> RunOutcome {
    RunOutcome {
        status: RunStatus::Failed,
        message: String::new(),
        error: None,
        refused: Vec::new(),
        has_written: false,
        is_unsettled: false,
        outputs: IndexMap::new(),
        params: IndexMap::new(),
        steps: Vec::new(),
        warnings: Vec::new(),
        failures: Vec::new(),
        started_at,
        completed_at,
    }
}

async fn prepare(
    plan: Plan,
    services: Services,
    options: RunOptions,
    events: Arc<dyn EventSink>,
    started: Timestamp,
) -> (RunOutcome, Option<Aftermath>) {
    let (workflow, clock) = (plan.workflow.clone(), services.clock.clone());
    let scope = Arc::new(Scope::new(workflow.body.slots, None));
    let world = World::new(plan.program.clone(), workflow.name.clone(), &options);
    let world = World { visitor: Visitor::of(&events), ..world };
    let (halt, abort) = (services.interrupt.cancel.child_token(), services.interrupt.abort.child_token());
    let attempts = Arc::new(Attempts::new(halt.clone()));
    let env = Env { attempts: Some(&attempts), ..Env::new(&world, &scope) };
    let params = match start::parameters(&plan, env) {
        Ok(params) => params,
        Err(_) if halt.is_cancelled() => {
            return (not_started(started, clock.now(), Vec::new(), Some(&Fault::cancelled())), None);
        }
        Err(refused) => return (not_started(started, clock.now(), refused, None), None),
    };
    let defaults = start::connect(&workflow, &scope, &services)
        .map_err(Fault::new)
        .and_then(|()| start::calendars(&workflow, env))
        .and_then(|()| Limits::of(&workflow.defaults, env, 0, 0));
    let defaults = match defaults {
        Ok(defaults) => defaults,
        Err(fault) => return (not_started(started, clock.now(), Vec::new(), Some(&fault)), None),
    };
    let run = Arc::new(RunState {
        world,
        journal: Journal::new(events, clock.clone()),
        defaults,
        sites: Sites::default(),
        interpreters: options.interpreters,
        keeping: services.keeping,
        preview: services.preview,
        records: services.records,
        identities: Mutex::default(),
        calls: Mutex::default(),
    });
    if let Some(records) = &run.records {
        records.began(&params).await;
    }
    let connections = Arc::new(services.connections);
    let say = Arc::new(|_: &str| ());
    let context = Arc::new(Context { connections, clock, transaction: None, attempts, say, stated: None });
    let frame = Frame { run, scope, place: None, context, halt, abort, depth: 0, behind: None };
    let timeout_ms = options.timeout_ms;
    let aftermath = Aftermath::of(&frame);
    let course = Course { workflow, frame, interrupt: services.interrupt, timeout_ms, started };
    (course.run(params).await, Some(aftermath))
}

fn not_started(started: Timestamp, now: Timestamp, refused: Vec<BindError>, fault: Option<&Fault>) -> RunOutcome {
    let error = fault.map(RunError::from).or_else(|| refused.first().map(refusal));
    let message = match fault {
        Some(fault) => fault.error.message.clone(),
        None => summary::refused(&refused),
    };
    let is_cancelled = fault.is_some_and(Fault::is_cancelled);
    let status = if is_cancelled { RunStatus::Cancelled } else { RunStatus::Failed };
    RunOutcome { status, message, error, refused, ..empty(started, now) }
}

fn refusal(refused: &BindError) -> RunError {
    RunError {
        step: Vec::new(),
        item: None,
        kind: ErrorKind::Require,
        message: refused.to_string(),
        help: refused.help.clone(),
        attempts: 0,
        span: None,
    }
}

/// A run whose parameters were accepted.
struct Course {
    workflow: Arc<Workflow>,
    frame: Frame,
    interrupt: Interrupt,
    timeout_ms: Option<u64>,
    started: Timestamp,
}

impl Course {
    async fn run(self, params: IndexMap<Arc<str>, Value>) -> RunOutcome {
        self.tell_start();
        let result = self.body().await;
        let (outputs, result) = self.outputs(result).await;
        let status = match &result {
            Err(fault) if fault.is_cancelled() => RunStatus::Cancelled,
            Err(_) => RunStatus::Failed,
            Ok(()) if self.frame.run.journal.is_partial() => RunStatus::Partial,
            Ok(()) => RunStatus::Success,
        };
        let fault = result.err();
        let failures = self.frame.run.journal.failures();
        let (has_written, is_unsettled) = (self.frame.run.journal.has_written(), self.frame.run.journal.is_unsettled());
        let ended = (status, fault.as_ref().map(|fault| fault.error.clone()));
        let is_first = self.frame.run.world.ended.set(ended).is_ok();
        debug_assert!(is_first, "a run ends once");
        if status == RunStatus::Failed {
            self.afterwards("failed", |workflow| workflow.failed.as_ref()).await;
        }
        self.afterwards("finally", |workflow| workflow.finally.as_ref()).await;
        let error = fault.map(|fault| RunError::from(&*fault));
        let steps = self.steps();
        let message = summary::message(status, error.as_ref(), &steps, &failures);
        let warnings = self.frame.run.journal.take_warnings();
        let completed_at = self.frame.run.journal.now();
        self.tell_end(status, &message, completed_at);
        let ended = empty(self.started, completed_at);
        RunOutcome {
            status,
            message,
            error,
            has_written,
            is_unsettled,
            outputs,
            params,
            steps,
            warnings,
            failures,
            ..ended
        }
    }

    fn tell_start(&self) {
        let steps = self.workflow.body.steps.iter().filter(|step| step.is_shown);
        self.frame.run.journal.emit(EventKind::RunStarted {
            run_id: self.frame.run.world.id.to_string(),
            workflow: self.workflow.name.to_string(),
            steps: steps.map(|step| step.name.to_string()).collect(),
        });
    }

    fn tell_end(&self, status: RunStatus, message: &str, now: Timestamp) {
        let (message, duration_ms) = (message.to_owned(), millis_between(self.started, now));
        self.frame.run.journal.emit(EventKind::RunFinished { status, message, duration_ms });
    }

    /// The steps, within the run's own limit. What does not stop by itself then is ended after the grace.
    async fn body(&self) -> Ran<()> {
        let Some(ms) = self.timeout_ms else { return block::run_body(&self.workflow, &self.frame).await };
        let (begun, time) = (Instant::now(), Duration::from_millis(ms));
        let frame = self.frame.trying(self.frame.context.attempts.inner(self.frame.halt.clone()).within(time));
        let limit = async {
            tokio::time::sleep(time).await;
            self.frame.halt.cancel();
            tokio::time::sleep(GRACE).await;
            self.frame.abort.cancel();
            std::future::pending().await
        };
        let result = tokio::select! {
            biased;
            result = block::run_body(&self.workflow, &frame) => result,
            result = limit => result,
        };
        let is_late = begun.elapsed() >= time && !self.interrupt.cancel.is_cancelled();
        match result {
            Err(fault) if fault.is_cancelled() && is_late => {
                self.frame.halt.cancel();
                let limit = Value::Duration(i64::try_from(ms).unwrap_or(i64::MAX));
                Err(Fault::new(StepError::new(ErrorKind::Timeout, format!("the run took longer than {limit}"))))
            }
            other => other,
        }
    }

    /// The outputs whose steps finished. One that cannot be computed fails a run that went well otherwise.
    async fn outputs(&self, mut result: Ran<()>) -> (IndexMap<Arc<str>, Value>, Ran<()>) {
        let mut outputs = IndexMap::new();
        // What a stopped run has done is counted all the same, until somebody asks again.
        let is_stopped = self.frame.halt.is_cancelled();
        let stop = if is_stopped { &self.frame.abort } else { &self.frame.halt };
        let frame = self.frame.trying(Attempts::new(stop.clone()));
        for output in &self.workflow.outputs {
            if output.needs.iter().any(|slot| self.frame.scope.get(0, *slot).is_none()) {
                continue;
            }
            match output_of(output, &frame).await {
                Ok(value) => {
                    outputs.insert(output.name.clone(), value);
                }
                Err(fault) if fault.is_unknown() => {}
                Err(fault) if result.is_ok() => result = Err(fault),
                Err(fault) => self.frame.run.journal.warn(&self.frame, &output.name, fault.error.message),
            }
        }
        (outputs, result)
    }

    /// Runs `failed { … }` or `finally { … }`. What fails there is a warning: the run's status is known by then, and
    /// the metric that tells it may already be written.
    async fn afterwards(&self, name: &'static str, pick: fn(&Workflow) -> Option<&Block>) {
        let Some(block) = pick(&self.workflow) else { return };
        let abort = self.interrupt.abort.child_token();
        let halt = abort.child_token();
        let _left_behind = halt.clone().drop_guard();
        let step = Arc::from(name);
        // What is afterwards stands last, wherever the file has it.
        let ended = Frame { scope: Arc::new(self.frame.scope.as_it_ended()), ..self.frame.clone() };
        let site = Site { frame: &ended, step: &step, span: Span { start: u32::MAX, ..self.workflow.span } };
        let attempts = Attempts::new(halt.clone());
        let frame = Frame { halt, abort, ..ended.inner(site, block.slots).trying(attempts) };
        let workflow = self.workflow.clone();
        let task = AbortOnDropHandle::new(tokio::spawn(async move {
            match pick(&workflow) {
                Some(block) => block::run(block, &frame).await.map(|_| ()),
                None => Ok(()),
            }
        }));
        let result = self.within_grace(name, async { task.await.unwrap_or_else(|_| Err(block::panicked())) }).await;
        if let Err(fault) = result {
            let step = RunError::from(&*fault).step.join(".");
            let message = format!("`{name}` failed: {}", fault.error.message);
            let place = if step.is_empty() { name.to_owned() } else { format!("{name}.{step}") };
            self.frame.run.journal.warn(&self.frame, &place, message);
        }
    }

    async fn within_grace(&self, name: &str, work: impl Future<Output = Ran<()>>) -> Ran<()> {
        let grace = async {
            self.frame.halt.cancelled().await;
            tokio::time::sleep(GRACE).await;
        };
        let stopped = |why: &str| Err(Fault::new(StepError::new(ErrorKind::Cancelled, format!("`{name}` {why}"))));
        tokio::select! {
            biased;
            // What is under way may notice it first.
            result = work => match result {
                Err(fault) if fault.is_cancelled() && self.interrupt.abort.is_cancelled() => stopped("was interrupted"),
                result => result,
            },
            () = self.interrupt.abort.cancelled() => stopped("was interrupted"),
            () = grace => stopped("did not end within 30 seconds of the run being stopped"),
        }
    }

    /// The shown steps, and hidden ones that did not go well, in the order of the file.
    fn steps(&self) -> Vec<StepReport> {
        let mut ran: IndexMap<usize, StepReport> = self.frame.run.journal.take_steps().into_iter().collect();
        let steps = self.workflow.body.steps.iter().enumerate();
        let report = |(at, step): (usize, &crate::check::program::Step)| {
            ran.swap_remove(&at).or_else(|| step.is_shown.then(|| never_started(&step.name)))
        };
        steps.filter_map(report).collect()
    }
}

async fn output_of(output: &Output, frame: &Frame) -> Ran<Value> {
    let site = Site { frame, step: &output.name, span: output.span };
    let value = site.value(&output.value).await;
    value.map_err(|fault| fault.within(&output.name, output.span, 1))
}

fn never_started(name: &Arc<str>) -> StepReport {
    StepReport {
        name: name.clone(),
        status: StepStatus::Skipped,
        attempts: 0,
        cached: false,
        recorded: false,
        started_at: None,
        duration_ms: 0,
        error: None,
        items: None,
    }
}
