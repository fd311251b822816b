//! Carrying out what is prepared, from the connections to the printed result.

use std::sync::Arc;

use serde_json::{Value as Json, json};
use tokio::runtime::Runtime;
use uuid::Uuid;

use super::arguments::RunFormat;
use super::history::Refused;
use super::perform::{Performed, Sink as Display, perform};
use super::prepare::Prepared;
use super::project::{Project, refuse};
use super::telling::Telling;
use super::terminal::Terminal;
use super::{Exit, connect, report, sinks};
use crate::check::program::Workflow;
use crate::config::Redactor;
use crate::connection::Clock;
use crate::lifecycle::Sink;
use crate::primitive::Connections;
use crate::run::{self, Interrupt, Records, RunOutcome, Services};
use crate::store::{Finished, Recorder, RunStore, Status, StoreError};

/// How a run is printed and recorded.
pub(super) struct How {
    /// How its result is printed.
    pub(super) format: Option<RunFormat>,
    /// What started it.
    pub(super) trigger: &'static str,
    /// The back-fill that it belongs to.
    pub(super) batch: Option<Uuid>,
    /// The run whose day of the back-fill it does anew.
    pub(super) in_place_of: Option<Uuid>,
    /// The W3C `traceparent` of who started it.
    pub(super) traceparent: Option<String>,
}

/// What a run needs before its first step.
pub(super) struct Ready {
    pub(super) runtime: Runtime,
    pub(super) connections: Connections,
    pub(super) redactor: Arc<Redactor>,
    pub(super) sinks: Vec<Arc<dyn Sink>>,
}

impl Ready {
    /// Waits for the run store.
    pub(super) fn ask<T>(&self, answer: impl Future<Output = Result<T, StoreError>>) -> Result<T, Refused> {
        self.runtime.block_on(answer).map_err(|error| (Exit::Environment, error.to_string()))
    }
}

/// Who keeps the record of a run, and where.
pub(super) type Kept = (Arc<Recorder>, Arc<dyn RunStore>);

impl Ready {
    /// Opens the connections; what is wrong with them has been told.
    pub(super) fn open(
        prepared: &Prepared,
        clock: &Arc<dyn Clock>,
        terminal: &Terminal,
        project: &mut Project,
    ) -> Result<Self, Exit> {
        let runtime =
            run::runtime().map_err(|error| refuse(terminal, Exit::Environment, &format!("cannot start: {error}")))?;
        let connecting = connect::connect(&prepared.plan.workflow, &prepared.environment, clock);
        let connections = runtime.block_on(connecting).map_err(|findings| {
            project.findings = findings;
            project.tell(terminal);
            Exit::Environment
        })?;
        let sinks = runtime.block_on(sinks::open(&prepared.environment, &connections, clock));
        let sinks = sinks.map_err(|error| refuse(terminal, Exit::Environment, &error.message))?;
        Ok(Self { runtime, connections, redactor: Arc::new(prepared.environment.redactor()), sinks })
    }
}

/// Runs a new run.
pub(super) fn execute(
    how: &How,
    terminal: &Terminal,
    prepared: &Prepared,
    id: Uuid,
    clock: &Arc<dyn Clock>,
    project: &mut Project,
) -> Exit {
    let ready = match Ready::open(prepared, clock, terminal, project) {
        Ok(ready) => ready,
        Err(exit) => return exit,
    };
    match prepared.recording.begin(how, prepared, id, &**clock, (terminal, &ready), project) {
        Ok(kept) => carry_out(how.format, terminal, prepared, id, clock, ready, kept),
        Err(exit) => exit,
    }
}

/// Runs what is ready, ends its record and prints its result.
pub(super) fn carry_out(
    format: Option<RunFormat>,
    terminal: &Terminal,
    prepared: &Prepared,
    id: Uuid,
    clock: &Arc<dyn Clock>,
    ready: Ready,
    kept: Option<Kept>,
) -> Exit {
    let format = format.unwrap_or(if terminal.is_interactive { RunFormat::Human } else { RunFormat::Json });
    let redactor = ready.redactor.clone();
    let Some(Carried { outcome, result, exit, .. }) = carry(format, terminal, prepared, id, clock, ready, kept) else {
        return refuse(terminal, Exit::Bug, "the run broke down; this is a bug of vmflow's");
    };
    let text = match format {
        RunFormat::Human => report::human(&outcome, &title(&prepared.plan.workflow, prepared), terminal.color_out),
        RunFormat::Json => format!("{result:#}\n"),
        RunFormat::Jsonl => format!("{}\n", json!({ "event": "result", "result": result })),
    };
    terminal.print(&redactor.redact(&text));
    exit
}

/// A run that is over, and on record.
pub(super) struct Carried {
    pub(super) outcome: RunOutcome,
    /// What `--format json` prints.
    pub(super) result: Json,
    pub(super) exit: Exit,
    /// The run that has its day of the back-fill: this one was not begun.
    pub(super) taken_by: Option<Uuid>,
}

/// Runs what is ready and ends its record; `None` when vmflow itself broke down.
pub(super) fn carry(
    format: RunFormat,
    terminal: &Terminal,
    prepared: &Prepared,
    id: Uuid,
    clock: &Arc<dyn Clock>,
    ready: Ready,
    kept: Option<Kept>,
) -> Option<Carried> {
    let Ready { runtime, connections, redactor, sinks } = ready;
    let telling = kept.as_ref().and_then(|(_, store)| Telling::begin(sinks, store, clock, &runtime));
    let recorder = kept.map(|(recorder, _)| recorder);
    let interrupt = Interrupt::default();
    if let Some(recorder) = &recorder {
        recorder.guard(&interrupt);
    }
    let services = Services {
        connections,
        clock: clock.clone(),
        interrupt,
        keeping: Some(prepared.keeping.clone()),
        preview: None,
        records: recorder.clone().map(|recorder| recorder as Arc<dyn Records>),
    };
    let sink = match format {
        RunFormat::Jsonl => Display::lines(*terminal, id, redactor.clone()),
        RunFormat::Human | RunFormat::Json => Display::quiet(*terminal, id, redactor.clone()),
    };
    let performed = perform(prepared, id, services, sink.recorded(recorder.clone()), &runtime);
    let carried = performed.map(|Performed { outcome, exit }| {
        let taken_by = recorder.as_ref().and_then(|recorder| recorder.taken_by());
        let result = redactor.redact_json(&document(&prepared.plan.workflow, prepared, id, &outcome));
        if let Some(recorder) = recorder {
            let end = Finished {
                status: Status::of(outcome.status, outcome.is_unsettled),
                message: outcome.message.clone(),
                result: result.clone(),
                at: outcome.completed_at.timestamp_millis(),
                told: None,
            };
            runtime.block_on(recorder.finish(end));
        }
        Carried { outcome, result, exit, taken_by }
    });
    if let Some(telling) = telling {
        telling.end(&runtime, terminal, &redactor);
    }
    runtime.shutdown_background();
    carried
}

fn title(workflow: &Workflow, prepared: &Prepared) -> String {
    let now = prepared.now.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    format!("{} in `{}` at {now}", workflow.name, prepared.environment.name)
}

/// The whole result, as `docs/cli.md` describes it.
fn document(workflow: &Workflow, prepared: &Prepared, id: Uuid, outcome: &RunOutcome) -> Json {
    let mut document = serde_json::Map::new();
    document.insert("run_id".to_owned(), json!(id.to_string()));
    document.insert("workflow".to_owned(), json!(&*workflow.name));
    document.insert("job_id".to_owned(), json!(prepared.job.as_ref().map(|job| &*job.id)));
    document.insert("environment".to_owned(), json!(&*prepared.environment.name));
    if let Json::Object(fields) = outcome.to_json() {
        document.extend(fields);
    }
    document.insert("config".to_owned(), prepared.environment.masked_json());
    Json::Object(document)
}
