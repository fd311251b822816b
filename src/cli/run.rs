//! `vmflow run`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use indexmap::IndexMap;
use serde_json::{Value as Json, json};
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};

use super::Exit;
use super::arguments::{ListFormat, RunArguments, RunFormat};
use super::progress::Progress;
use super::project::{Project, read_text, refuse, split_target, surroundings, workflow_of};
use super::terminal::Terminal;
use super::{connect, jobs, logs, report};
use crate::check::Surroundings;
use crate::check::program::Workflow;
use crate::config::{Config, Environment, Job, Redactor, Variables};
use crate::connection::Clock;
use crate::connection::clock::SystemClock;
use crate::plan::{self, BindError, GivenArgument, Plan};
use crate::run::{self, EventSink, Interrupt, RunEvent, RunOptions, RunOutcome, Services};
use crate::source::Sources;
use crate::syntax;
use crate::syntax::ast::{ExprKind, Literal};
use crate::value::Timestamp;

/// What a run that ctrl-c stopped exits with, and what SIGTERM makes of it.
const CANCELLED: u8 = 130;
const TERMINATED: u8 = 143;

/// A command that cannot begin: what is to be told, and the exit code.
struct Refusal {
    exit: Exit,
    message: String,
}

impl Refusal {
    fn when(self, is_so: bool) -> Result<(), Self> {
        if is_so { Err(self) } else { Ok(()) }
    }
}

fn usage(message: impl Into<String>) -> Refusal {
    Refusal { exit: Exit::Usage, message: message.into() }
}

/// What is to be run, everything checked.
struct Prepared {
    plan: Plan,
    environment: Environment,
    job: Option<Job>,
    directory: PathBuf,
    now: Timestamp,
}

pub(super) fn run(command: &RunArguments, terminal: &Terminal, variables: &Variables) -> Exit {
    logs::init(terminal);
    let mut project = Project::default();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    if command.list_jobs {
        return list_jobs(command, terminal, variables, &mut project);
    }
    let prepared = match prepare(command, variables, &mut project, &clock) {
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
    let services = Services { connections, clock, interrupt: Interrupt::default() };
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

fn prepare(
    command: &RunArguments,
    variables: &Variables,
    project: &mut Project,
    clock: &Arc<dyn Clock>,
) -> Result<Prepared, Refusal> {
    let now = match &command.at {
        Some(text) => instant(text)?,
        None => clock.now(),
    };
    let target = command.job_id.clone().or_else(|| command.target.clone());
    let target = target
        .ok_or_else(|| usage("say what to run: a workflow file or the id of a job (`--list-jobs` lists them)"))?;
    let (file, workflow) = split_target(&target);
    let is_file = command.job_id.is_none() && (file.exists() || file.extension().is_some());
    let near = if is_file { file.as_path() } else { Path::new(".") };
    let config = project.config(&command.config, near, variables).map_err(usage)?;
    let config = config.ok_or_else(|| Refusal {
        exit: Exit::Environment,
        message: "there is no vmflow.yaml beside the workflow or above; it says where the connections lead".to_owned(),
    })?;
    let is_bad = |project: &Project| {
        Refusal { exit: Exit::Environment, message: format!("`{}` has errors", config.source().name) }
            .when(project.has_errors())
    };
    is_bad(project)?;
    let job = if is_file { None } else { Some(find_job(&config, &target, project)?) };
    let flag = command.config.env.as_deref();
    let name = project.accept(config.choose_environment(flag, job.as_ref()));
    let name = name.ok_or_else(|| match flag {
        Some(flag) => usage(format!("there is no environment `{flag}`")),
        None => Refusal { exit: Exit::Environment, message: "there is no environment to run in".to_owned() },
    })?;
    let (file, workflow) = match &job {
        Some(job) => (shown_path(&job.workflow), job.workflow_name.as_deref()),
        None => (file, workflow),
    };
    let plan = plan_of(command, project, &surroundings(&config, &name), job.as_ref(), &file, workflow)?;
    let is_used = |name: &str| plan.workflow.connections.iter().any(|connection| &*connection.name == name);
    let environment = project.accept(config.environment_for(&name, &is_used));
    is_bad(project)?;
    let environment = environment.ok_or_else(|| usage("there is no such environment"))?;
    project.findings.extend(environment.warnings.iter().cloned());
    if environment.protected && !command.yes {
        return Err(usage(format!("the environment `{name}` is protected; add `--yes` to run in it")));
    }
    let directory = file.parent().map(Path::to_path_buf).unwrap_or_default();
    Ok(Prepared { plan, environment, job, directory, now })
}

/// `./a.flow` is shown as `a.flow`.
fn shown_path(path: &Path) -> PathBuf {
    path.strip_prefix("./").unwrap_or(path).to_path_buf()
}

fn find_job(config: &Config, id: &str, project: &mut Project) -> Result<Job, Refusal> {
    let known: Vec<&str> = config.job_ids().collect();
    if !known.contains(&id) {
        let hint = crate::diagnostic::did_you_mean(id, known).unwrap_or_else(|| "`vmflow jobs` lists them".to_owned());
        return Err(usage(format!("`{id}` is no file, and no job has this id; {hint}")));
    }
    let job = config.job(id).map_err(|findings| {
        project.findings.extend(findings);
        Refusal { exit: Exit::Environment, message: format!("the job `{id}` cannot be read") }
    })?;
    project.findings.extend(job.warnings.iter().cloned());
    Ok(job)
}

fn plan_of(
    command: &RunArguments,
    project: &mut Project,
    surroundings: &Surroundings,
    job: Option<&Job>,
    file: &Path,
    name: Option<&str>,
) -> Result<Plan, Refusal> {
    let text = read_text(file).map_err(|why| usage(format!("cannot read `{}`: {why}", file.display())))?;
    let checked = project.check(vec![(file.to_path_buf(), text)], surroundings);
    if project.has_errors() {
        return Err(Refusal {
            exit: Exit::Failed,
            message: format!("`{}` does not pass its checks; nothing was run", file.display()),
        });
    }
    let workflow = workflow_of(&checked.program, name, file).map_err(usage)?;
    let given = given_arguments(command, job)?;
    plan::bind(checked.program, workflow, &given).map_err(|errors| usage(refused_text(&errors)))
}

fn refused_text(errors: &[BindError]) -> String {
    let lines: Vec<String> = errors
        .iter()
        .map(|error| format!("{error}{}", error.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default()))
        .collect();
    lines.join("\nvmflow: ")
}

/// What was given for the parameters: `-p` before `--params` before the job.
fn given_arguments(command: &RunArguments, job: Option<&Job>) -> Result<IndexMap<Arc<str>, GivenArgument>, Refusal> {
    let mut given: IndexMap<Arc<str>, GivenArgument> = IndexMap::new();
    for (name, param) in job.iter().flat_map(|job| &job.params) {
        let argument = match (&param.value, param.substituted) {
            (Json::String(text), true) => GivenArgument::Text(text.clone()),
            (value, _) => GivenArgument::Json(value.clone()),
        };
        given.insert(name.clone(), argument);
    }
    if let Some(file) = &command.params_file {
        given.extend(params_file(file)?);
    }
    for pair in &command.params {
        let (name, value) = pair.split_once('=').ok_or_else(|| usage(format!("`-p {pair}`: write `-p name=value`")))?;
        given.insert(name.trim().into(), GivenArgument::Text(value.to_owned()));
    }
    Ok(given)
}

fn params_file(file: &Path) -> Result<IndexMap<Arc<str>, GivenArgument>, Refusal> {
    let text = read_text(file).map_err(|why| usage(format!("cannot read `{}`: {why}", file.display())))?;
    let json: serde_json::Map<String, Json> = serde_json::from_str(&text)
        .map_err(|error| usage(format!("`{}` holds no JSON object: {error}", file.display())))?;
    Ok(json.into_iter().map(|(name, value)| (name.into(), GivenArgument::Json(value))).collect())
}

/// An instant as it is written in a workflow, or in RFC 3339.
fn instant(text: &str) -> Result<Timestamp, Refusal> {
    let source = Sources::default().add("--at", text.trim());
    let (expr, findings) = syntax::parse_expression(&source);
    match expr.map(|expr| expr.kind) {
        Some(ExprKind::Literal(Literal::Timestamp(at))) if findings.is_empty() => Ok(at),
        Some(ExprKind::Literal(Literal::Date(_))) => {
            Err(usage(format!("`--at {text}` is a day; name the instant: `{text}T06:00Z`")))
        }
        _ => Err(usage(format!(
            "`--at {text}` is no instant; write `2026-10-30T18:00Z` or `2026-10-30T18:00[Europe/London]`"
        ))),
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
        directory: prepared.directory.clone(),
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
