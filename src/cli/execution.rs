//! Carrying out what is prepared, from the connections to the printed result.

use std::sync::Arc;

use serde_json::{Value as Json, json};
use tokio::runtime::Runtime;
use uuid::Uuid;

use super::arguments::RunFormat;
use super::perform::{Performed, Sink, perform};
use super::prepare::Prepared;
use super::project::{Project, refuse};
use super::terminal::Terminal;
use super::{Exit, connect, report};
use crate::check::program::Workflow;
use crate::config::Redactor;
use crate::connection::Clock;
use crate::primitive::Connections;
use crate::run::{self, Interrupt, Records, RunOutcome, Services};
use crate::store::{Finished, Recorder, Status};

/// How a run is printed and recorded.
pub(super) struct How {
    /// How its result is printed.
    pub(super) format: Option<RunFormat>,
    /// What started it.
    pub(super) trigger: &'static str,
    /// The back-fill that it belongs to.
    pub(super) batch: Option<Uuid>,
}

/// What a run needs before its first step.
pub(super) struct Ready {
    pub(super) runtime: Runtime,
    pub(super) connections: Connections,
    pub(super) redactor: Arc<Redactor>,
}

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
        Ok(Self { runtime, connections, redactor: Arc::new(prepared.environment.redactor()) })
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
    let recorder = prepared.recording.begin(how, prepared, id, &**clock, (terminal, &ready));
    carry_out(how.format, terminal, prepared, id, clock, ready, recorder)
}

/// Runs what is ready, ends its record and prints its result.
pub(super) fn carry_out(
    format: Option<RunFormat>,
    terminal: &Terminal,
    prepared: &Prepared,
    id: Uuid,
    clock: &Arc<dyn Clock>,
    ready: Ready,
    recorder: Option<Arc<Recorder>>,
) -> Exit {
    let format = format.unwrap_or(if terminal.is_interactive { RunFormat::Human } else { RunFormat::Json });
    let redactor = ready.redactor.clone();
    let Some(Carried { outcome, result, exit }) = carry(format, terminal, prepared, id, clock, ready, recorder) else {
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
}

/// Runs what is ready and ends its record; `None` when vmflow itself broke down.
pub(super) fn carry(
    format: RunFormat,
    terminal: &Terminal,
    prepared: &Prepared,
    id: Uuid,
    clock: &Arc<dyn Clock>,
    ready: Ready,
    recorder: Option<Arc<Recorder>>,
) -> Option<Carried> {
    let Ready { runtime, connections, redactor } = ready;
    let services = Services {
        connections,
        clock: clock.clone(),
        interrupt: Interrupt::default(),
        keeping: Some(prepared.keeping.clone()),
        preview: None,
        records: recorder.clone().map(|recorder| recorder as Arc<dyn Records>),
    };
    let sink = match format {
        RunFormat::Jsonl => Sink::lines(*terminal, redactor.clone()),
        RunFormat::Human | RunFormat::Json => Sink::quiet(*terminal, redactor.clone()),
    };
    let performed = perform(prepared, id, services, sink.recorded(recorder.clone()), &runtime);
    let carried = performed.map(|Performed { outcome, exit }| {
        let result = redactor.redact_json(&document(&prepared.plan.workflow, prepared, id, &outcome));
        if let Some(recorder) = recorder {
            let end = Finished {
                status: Status::of(outcome.status, outcome.is_unsettled),
                message: outcome.message.clone(),
                result: result.clone(),
                at: outcome.completed_at.timestamp_millis(),
            };
            runtime.block_on(recorder.finish(end));
        }
        Carried { outcome, result, exit }
    });
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
