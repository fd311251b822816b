//! `vmflow run`.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value as Json, json};
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};

use super::Exit;
use super::arguments::{ListFormat, RunArguments, RunFormat};
use super::prepare::{Prepared, prepare};
use super::progress::Progress;
use super::project::{Project, refuse};
use super::terminal::Terminal;
use super::{connect, jobs, logs, report};
use crate::check::program::Workflow;
use crate::config::{Redactor, Variables};
use crate::connection::Clock;
use crate::connection::clock::SystemClock;
use crate::run::{self, EventSink, Interrupt, RunEvent, RunOptions, RunOutcome, Services};

/// What a run that ctrl-c stopped exits with, and what SIGTERM makes of it.
const CANCELLED: u8 = 130;
const TERMINATED: u8 = 143;

pub(super) fn run(command: &RunArguments, terminal: &Terminal, variables: &Variables) -> Exit {
    logs::init(terminal);
    let mut project = Project::default();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    if command.list_jobs {
        return list_jobs(command, terminal, variables, &mut project);
    }
    let prepared = match prepare(command, variables, &mut project, &*clock) {
        Ok(prepared) => prepared,
        Err(refusal) => {
            if !project.findings.is_empty() {
                project.tell(terminal);
            }
            return refuse(terminal, refusal.exit, &refusal.message);
        }
    };
    if !project.findings.is_empty() && terminal.verbosity >= 0 {
        project.tell(terminal);
    }
    let runtime = match run::runtime() {
        Ok(runtime) => runtime,
        Err(error) => return refuse(terminal, Exit::Environment, &format!("cannot start: {error}")),
    };
    let connecting = connect::connect(&prepared.plan.workflow, &prepared.environment, &clock);
    let connections = match runtime.block_on(connecting) {
        Ok(connections) => connections,
        Err(findings) => {
            project.findings = findings;
            project.tell(terminal);
            return Exit::Environment;
        }
    };
    let keeping = Some(prepared.keeping.clone());
    let services = Services { connections, clock, interrupt: Interrupt::default(), keeping };
    let exit = execute(command, terminal, &prepared, services, &runtime);
    runtime.shutdown_background();
    exit
}

fn list_jobs(command: &RunArguments, terminal: &Terminal, variables: &Variables, project: &mut Project) -> Exit {
    match project.config(&command.config, Path::new("."), variables) {
        Ok(Some(config)) if !project.has_errors() => {
            let format = if command.format == Some(RunFormat::Json) { ListFormat::Json } else { ListFormat::Human };
            jobs::list(&config, format, terminal)
        }
        Ok(Some(_)) => {
            project.tell(terminal);
            Exit::Environment
        }
        Ok(None) => refuse(terminal, Exit::Usage, "there is no vmflow.yaml here or above"),
        Err(message) => refuse(terminal, Exit::Usage, &message),
    }
}

fn execute(
    command: &RunArguments,
    terminal: &Terminal,
    prepared: &Prepared,
    services: Services,
    runtime: &Runtime,
) -> Exit {
    let format = command.format.unwrap_or(if terminal.is_interactive { RunFormat::Human } else { RunFormat::Json });
    let redactor = Arc::new(prepared.environment.redactor());
    let id = uuid::Uuid::now_v7();
    let options = RunOptions {
        id,
        now: prepared.now,
        job: prepared.job.as_ref().map(|job| job.id.clone()),
        environment: prepared.environment.name.clone(),
        timeout_ms: prepared.job.as_ref().and_then(|job| job.timeout_ms),
        interpreters: prepared.interpreters.clone(),
    };
    let sink = sink(format, *terminal, redactor.clone());
    let terminated = Arc::new(AtomicBool::new(false));
    let listening = runtime.spawn(listen(services.interrupt.clone(), terminated.clone()));
    // On a worker, not here: each step would pay for waking this thread.
    let running = runtime.spawn(run::run(prepared.plan.clone(), services, options, sink));
    let outcome = runtime.block_on(running);
    listening.abort();
    let Ok(outcome) = outcome else {
        return refuse(terminal, Exit::Bug, "the run broke down; this is a bug of vmflow's");
    };
    print(format, terminal, prepared, id, &outcome, &redactor);
    match outcome.exit_code() {
        CANCELLED if terminated.load(Ordering::Relaxed) => Exit::Code(TERMINATED),
        code => Exit::Code(code),
    }
}

/// Hands ctrl-c and SIGTERM to the run: the first asks it to stop, the second makes it.
async fn listen(interrupt: Interrupt, terminated: Arc<AtomicBool>) {
    let (Ok(mut int), Ok(mut term)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) else {
        return;
    };
    loop {
        tokio::select! {
            _ = int.recv() => {}
            _ = term.recv() => terminated.store(true, Ordering::Relaxed),
        }
        interrupt.cancel();
    }
}

fn sink(format: RunFormat, terminal: Terminal, redactor: Arc<Redactor>) -> Arc<dyn EventSink> {
    let progress = (terminal.animates && format != RunFormat::Jsonl).then(|| Progress::new(terminal.color_err));
    Arc::new(move |event: RunEvent| {
        if format == RunFormat::Jsonl {
            let line = redactor.redact_json(&serde_json::to_value(&event).unwrap_or_default());
            terminal.print(&format!("{line}\n"));
        }
        match &progress {
            Some(progress) => progress.show(&event, &redactor),
            None => logs::log(&event, &redactor),
        }
    })
}

fn print(
    format: RunFormat,
    terminal: &Terminal,
    prepared: &Prepared,
    id: uuid::Uuid,
    outcome: &RunOutcome,
    redactor: &Redactor,
) {
    let workflow = &prepared.plan.workflow;
    let text = match format {
        RunFormat::Human => report::human(outcome, &title(workflow, prepared), terminal.color_out),
        RunFormat::Json => format!("{:#}\n", redactor.redact_json(&document(workflow, prepared, id, outcome))),
        RunFormat::Jsonl => format!(
            "{}\n",
            redactor.redact_json(&json!({ "event": "result", "result": document(workflow, prepared, id, outcome) }))
        ),
    };
    terminal.print(&redactor.redact(&text));
}

fn title(workflow: &Workflow, prepared: &Prepared) -> String {
    let now = prepared.now.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    format!("{} in `{}` at {now}", workflow.name, prepared.environment.name)
}

/// The whole result, as `docs/cli.md` describes it.
fn document(workflow: &Workflow, prepared: &Prepared, id: uuid::Uuid, outcome: &RunOutcome) -> Json {
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
