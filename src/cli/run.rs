//! `vmflow run`.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::Exit;
use super::arguments::{JobsList, ListFormat, RunArguments, RunFormat, Wanted};
use super::perform::{Performed, Sink, perform};
use super::plan::Saved;
use super::prepare::{Permission, Prepared, prepare};
use super::project::{Project, refuse};
use super::terminal::Terminal;
use super::{connect, jobs, logs, plan, report};
use crate::check::program::Workflow;
use crate::config::{Redactor, Variables};
use crate::connection::Clock;
use crate::connection::clock::SystemClock;
use crate::preview::differences;
use crate::run::{self, Interrupt, RunOutcome, Services};

pub(super) fn run(command: &RunArguments, terminal: &Terminal, variables: &Variables) -> Exit {
    logs::init(terminal);
    let mut project = Project::default();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    if command.list_jobs {
        return list_jobs(command, terminal, variables);
    }
    if command.wanted.wants_help {
        return jobs::help(&command.wanted, "run", terminal, variables);
    }
    let saved = match command.plan.as_deref().map(|file| plan::load(file, &command.wanted)).transpose() {
        Ok(saved) => saved,
        Err(why) => return refuse(terminal, Exit::Usage, &why),
    };
    let wanted = saved.as_ref().map_or(&command.wanted, |saved| &saved.wanted);
    match ready(command, wanted, saved.as_ref(), terminal, variables, &mut project, &clock) {
        Ok(prepared) => {
            let id = saved.as_ref().map_or_else(Uuid::now_v7, |saved| saved.id);
            execute(command, terminal, &prepared, id, &clock, &mut project)
        }
        Err(exit) => exit,
    }
}

/// Everything that comes before the run; of a saved plan also whether it still holds.
fn ready(
    command: &RunArguments,
    wanted: &Wanted,
    saved: Option<&Saved>,
    terminal: &Terminal,
    variables: &Variables,
    project: &mut Project,
    clock: &Arc<dyn Clock>,
) -> Result<Prepared, Exit> {
    let permission = if command.yes || saved.is_some() { Permission::Given } else { Permission::Ask };
    let prepared = match prepare(wanted, permission, variables, project, &**clock) {
        Ok(prepared) => prepared,
        Err(refusal) => return Err(refusal.tell(project, terminal)),
    };
    if !project.findings.is_empty() && terminal.verbosity >= 0 {
        project.tell(terminal);
    }
    let Some(saved) = saved else { return Ok(prepared) };
    let now = plan::make(&prepared, saved.id, clock, terminal, project)?.plan;
    let redactor = prepared.environment.redactor();
    let found = differences(&saved.plan, &plan::as_saved(&now, &redactor));
    if found.is_empty() {
        return Ok(prepared);
    }
    let file = command.plan.as_deref().unwrap_or(Path::new("")).display();
    let lines: Vec<String> = found.iter().map(|line| format!("\n  {}", redactor.redact(line))).collect();
    let message = format!("the plan `{file}` is not what a run would do now; nothing was run{}", lines.concat());
    Err(refuse(terminal, Exit::Failed, &message))
}

fn list_jobs(command: &RunArguments, terminal: &Terminal, variables: &Variables) -> Exit {
    let format = if command.format == Some(RunFormat::Json) { ListFormat::Json } else { ListFormat::Human };
    let list = JobsList { package: None, config: command.wanted.config.clone(), format };
    jobs::list_of(&list, terminal, variables)
}

fn execute(
    command: &RunArguments,
    terminal: &Terminal,
    prepared: &Prepared,
    id: Uuid,
    clock: &Arc<dyn Clock>,
    project: &mut Project,
) -> Exit {
    let runtime = match run::runtime() {
        Ok(runtime) => runtime,
        Err(error) => return refuse(terminal, Exit::Environment, &format!("cannot start: {error}")),
    };
    let connecting = connect::connect(&prepared.plan.workflow, &prepared.environment, clock);
    let connections = match runtime.block_on(connecting) {
        Ok(connections) => connections,
        Err(findings) => {
            project.findings = findings;
            project.tell(terminal);
            return Exit::Environment;
        }
    };
    let format = command.format.unwrap_or(if terminal.is_interactive { RunFormat::Human } else { RunFormat::Json });
    let redactor = Arc::new(prepared.environment.redactor());
    let keeping = Some(prepared.keeping.clone());
    let services =
        Services { connections, clock: clock.clone(), interrupt: Interrupt::default(), keeping, preview: None };
    let sink = match format {
        RunFormat::Jsonl => Sink::lines(*terminal, redactor.clone()),
        RunFormat::Human | RunFormat::Json => Sink::quiet(*terminal, redactor.clone()),
    };
    let performed = perform(prepared, id, services, sink, &runtime);
    runtime.shutdown_background();
    let Some(Performed { outcome, exit }) = performed else {
        return refuse(terminal, Exit::Bug, "the run broke down; this is a bug of vmflow's");
    };
    print(format, terminal, prepared, id, &outcome, &redactor);
    exit
}

fn print(
    format: RunFormat,
    terminal: &Terminal,
    prepared: &Prepared,
    id: Uuid,
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
