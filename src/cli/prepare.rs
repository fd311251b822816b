//! What comes before a run: the target, the job, the environment, the checked workflow and its arguments.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;

use super::Exit;
use super::arguments::Wanted;
use super::given::{self, Given};
use super::project::{Project, refuse, split_target, text_of, workflow_of};
use super::recording::Recording;
use super::terminal::Terminal;
use super::{keeping, packages, snapshots};
use crate::check::modules::Modules;
use crate::check::program::Workflow;
use crate::check::{Deprecation, Surroundings};
use crate::config::{Config, Environment, Job, Variables};
use crate::connection::Clock;
use crate::diagnostic::{Diagnostic, codes};
use crate::external::Interpreters;
use crate::package;
use crate::plan::{self, BindError, GivenArgument, Plan};
use crate::run::Keeping;
use crate::source::{Sources, Span};
use crate::syntax;
use crate::syntax::ast::{ExprKind, Literal};
use crate::value::Timestamp;

/// A command that cannot begin: what is to be told, and the exit code. The project's findings say more.
pub(super) struct Refusal {
    pub(super) exit: Exit,
    pub(super) message: String,
}

impl Refusal {
    /// Tells it, after what the project's findings say.
    pub(super) fn tell(self, project: &Project, terminal: &Terminal) -> Exit {
        if !project.findings.is_empty() {
            project.tell(terminal);
        }
        refuse(terminal, self.exit, &self.message)
    }

    /// The same of a run that is over: what is odd about its program without being wrong was told when it ran.
    pub(super) fn tell_of_past(self, project: &Project, terminal: &Terminal) -> Exit {
        if project.has_errors() { self.tell(project, terminal) } else { self.tell(&Project::default(), terminal) }
    }
}

/// What is going to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Permission {
    /// Only looking: any environment will do.
    Look,
    /// Running, after somebody said yes or looked at a plan.
    Given,
    /// Running.
    Ask,
}

pub(super) fn usage(message: impl Into<String>) -> Refusal {
    Refusal { exit: Exit::Usage, message: message.into() }
}

pub(super) fn environment_fault(message: impl Into<String>) -> Refusal {
    Refusal { exit: Exit::Environment, message: message.into() }
}

/// What is to be run, everything checked.
pub(super) struct Prepared {
    pub(super) plan: Plan,
    pub(super) environment: Environment,
    pub(super) job: Option<Job>,
    pub(super) interpreters: Interpreters,
    pub(super) keeping: Keeping,
    pub(super) recording: Recording,
    pub(super) now: Timestamp,
    /// What was asked for, as it was written.
    pub(super) target: String,
    /// The arguments of the command line.
    pub(super) given: IndexMap<Arc<str>, GivenArgument>,
}

/// Reads and checks everything that the arguments name.
pub(super) fn prepare(
    command: &Wanted,
    permission: Permission,
    variables: &Variables,
    project: &mut Project,
    clock: &dyn Clock,
) -> Result<Prepared, Refusal> {
    let now = command.at.as_deref().map_or_else(|| Ok(clock.now()), instant)?;
    let target = Target::of(command)?;
    let config = configuration(command, target.near(), variables, project)?;
    let job = target.job.as_deref().map(|id| find_job(&config, id, project)).transpose()?;
    let environment = environment_name(command, &config, job.as_ref(), project)?;
    let (file, workflow) = match &job {
        Some(job) => (shown_path(&job.workflow), job.workflow_name.as_ref().map(|name| &*name.node)),
        None => (target.file, target.workflow.as_deref()),
    };
    let surroundings = snapshots::surroundings(&config, &environment, None).map_err(environment_fault)?;
    let Bound { plan, modules, given } =
        plan_of(command, job.as_ref(), now, project, &surroundings, (&file, workflow))?;
    let environment = environment_for(&plan, &config, &environment, project)?;
    if environment.protected && permission == Permission::Ask {
        let name = &environment.name;
        let how = "run a saved plan (`vmflow plan … -o FILE`), or add `--yes`";
        return Err(usage(format!("the environment `{name}` is protected; {how}")));
    }
    let keeping = keeping::keeping(&config, &modules, &environment);
    let recording = Recording::of(&config, &modules, &environment);
    let target = command.job_id.clone().or_else(|| command.target.clone()).unwrap_or_default();
    let interpreters = interpreters(variables);
    Ok(Prepared { plan, environment, job, interpreters, keeping, recording, now, target, given })
}

/// What runs external programs, as the process environment says.
pub(super) fn interpreters(variables: &Variables) -> Interpreters {
    Interpreters::new(|name| variables.get(name))
}

/// A file with a workflow, or a job.
struct Target {
    file: PathBuf,
    workflow: Option<String>,
    job: Option<String>,
}

impl Target {
    fn of(command: &Wanted) -> Result<Self, Refusal> {
        let named = command.job_id.as_ref().or(command.target.as_ref());
        let named = named
            .ok_or_else(|| usage("say what to run: a workflow file or the id of a job (`--list-jobs` lists them)"))?;
        let (file, workflow) = split_target(named);
        let is_file = command.job_id.is_none() && is_file(&file);
        let job = (!is_file).then(|| named.clone());
        Ok(Self { workflow: workflow.map(str::to_owned), file, job })
    }

    /// Where the search for the configuration begins.
    fn near(&self) -> &Path {
        if self.job.is_some() { Path::new(".") } else { &self.file }
    }
}

/// Whether what was asked for is a file, and not a job. A folder is one where no job can be called as it is.
pub(super) fn is_file(path: &Path) -> bool {
    let may_be_packaged = path.to_str().is_some_and(|text| package::split(text).is_some());
    path.is_file() || path.extension().is_some() && !may_be_packaged || path.exists() && !may_be_packaged
}

fn configuration(
    command: &Wanted,
    near: &Path,
    variables: &Variables,
    project: &mut Project,
) -> Result<Config, Refusal> {
    let config = project.config(&command.config, near, variables).map_err(usage)?;
    let config = config.ok_or_else(|| {
        let where_to = "it says where the connections lead, and `vmflow init` makes one";
        environment_fault(format!("there is no vmflow.yaml beside the workflow or above; {where_to}"))
    })?;
    if project.has_errors() { Err(has_errors(&config)) } else { Ok(config) }
}

fn has_errors(config: &Config) -> Refusal {
    environment_fault(format!("`{}` has errors", config.source().name))
}

fn environment_name(
    command: &Wanted,
    config: &Config,
    job: Option<&Job>,
    project: &mut Project,
) -> Result<Arc<str>, Refusal> {
    let flag = command.config.env.as_deref();
    project.accept(config.choose_environment(flag, job)).ok_or_else(|| match flag {
        Some(flag) => usage(format!("there is no environment `{flag}`")),
        None => environment_fault("there is no environment to run in"),
    })
}

/// The environment with the connections that the workflow uses.
pub(super) fn environment_for(
    plan: &Plan,
    config: &Config,
    name: &str,
    project: &mut Project,
) -> Result<Environment, Refusal> {
    let is_used = |name: &str| plan.workflow.connections.iter().any(|connection| &*connection.name == name);
    let environment = project.accept(config.environment_for(name, &is_used)).ok_or_else(|| has_errors(config))?;
    project.findings.extend(environment.warnings.iter().cloned());
    Ok(environment)
}

/// `./a.flow` is shown as `a.flow`.
fn shown_path(path: &Path) -> PathBuf {
    path.strip_prefix("./").unwrap_or(path).to_path_buf()
}

/// The job with that id: one of the configuration, or `PACKAGE/JOB`.
pub(super) fn find_job(config: &Config, id: &str, project: &mut Project) -> Result<Job, Refusal> {
    if config.job_ids().any(|known| known == id) {
        let job = config.job(id).map_err(|findings| {
            project.findings.extend(findings);
            environment_fault(format!("the job `{id}` cannot be read"))
        })?;
        project.findings.extend(job.warnings.iter().cloned());
        return Ok(job);
    }
    match packages::job(config, id, project)? {
        Some(job) => Ok(job),
        None => {
            let hint = packages::hint(config, id, project);
            Err(usage(format!("`{id}` is no file, and no job has this id; {hint}")))
        }
    }
}

/// A workflow with its arguments.
struct Bound {
    plan: Plan,
    modules: Modules,
    /// The arguments of the command line.
    given: IndexMap<Arc<str>, GivenArgument>,
}

fn plan_of(
    command: &Wanted,
    job: Option<&Job>,
    now: Timestamp,
    project: &mut Project,
    surroundings: &Surroundings,
    (file, name): (&Path, Option<&str>),
) -> Result<Bound, Refusal> {
    let text = text_of(file).map_err(usage)?;
    let checked = project.check(vec![(file.to_path_buf(), text)], surroundings);
    if project.has_errors() {
        return Err(Refusal {
            exit: Exit::Failed,
            message: format!("`{}` does not pass its checks; nothing was run", file.display()),
        });
    }
    let workflow = workflow_of(&checked.program, name, file).map_err(usage)?;
    let Given { given, all } = given::arguments(command, job, &workflow, now).map_err(usage)?;
    project.findings.extend(deprecated(&workflow, &given));
    let plan = plan::bind(checked.program, workflow, &all).map_err(|errors| usage(refused_text(&errors)))?;
    Ok(Bound { plan, modules: checked.modules, given })
}

/// What is run or given on the command line although its author says that others should stop using it.
fn deprecated(workflow: &Workflow, given: &IndexMap<Arc<str>, GivenArgument>) -> Vec<Diagnostic> {
    let own = (format!("the workflow `{}`", workflow.name), &workflow.doc, workflow.span);
    let params = workflow.params.iter().filter(|param| given.contains_key(&param.name));
    let params = params.map(|param| (format!("the parameter `{}`", param.name), &param.doc, param.span));
    let old = |(what, doc, span): (String, &String, Span)| Some(Deprecation::of(doc)?.finding(&what, span));
    std::iter::once(own).chain(params).filter_map(old).collect()
}

/// What is wrong with arguments, a line each.
pub(super) fn refused_text(errors: &[BindError]) -> String {
    let lines: Vec<String> = errors
        .iter()
        .map(|error| format!("{error}{}", error.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default()))
        .collect();
    lines.join("\nvmflow: ")
}

/// An instant as it is written in a workflow, or in RFC 3339.
pub(super) fn instant(text: &str) -> Result<Timestamp, Refusal> {
    let source = Sources::default().add("--at", text.trim());
    let (expr, findings) = syntax::parse_expression(&source);
    // A day that no month has, a time that clocks skip or repeat: well written, and none.
    if let Some(finding) = findings.iter().find(|finding| *finding.code == codes::VF003) {
        let help = finding.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
        return Err(usage(format!("`--at {text}`: {}{help}", finding.message)));
    }
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
