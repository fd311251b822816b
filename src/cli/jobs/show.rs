//! `vmflow jobs show`, and the help of what is to be run.

use std::path::PathBuf;
use std::sync::Arc;

use super::sheet::Sheet;
use crate::check::Surroundings;
use crate::check::program::Workflow;
use crate::cli::Exit;
use crate::cli::arguments::{ConfigArguments, JobsShow, ListFormat, Wanted};
use crate::cli::packages;
use crate::cli::prepare::{Refusal, environment_fault, find_job, instant, is_file, usage};
use crate::cli::project::{Checked, Project, split_target, text_of, workflow_of};
use crate::cli::terminal::Terminal;
use crate::config::{Config, Job, Variables};
use crate::connection::Clock;
use crate::connection::clock::SystemClock;
use crate::doc;
use crate::package::{self, next_due};
use crate::value::Timestamp;

pub(super) fn show(command: &JobsShow, terminal: &Terminal, variables: &Variables) -> Exit {
    let mut project = Project::default();
    let at = command.at.as_deref();
    match sheet(&command.job, &command.config, at, &mut project, variables) {
        Ok(sheet) => {
            terminal.print(&match command.format {
                ListFormat::Human => sheet.human(terminal.width),
                ListFormat::Json => format!("{:#}\n", sheet.json()),
            });
            Exit::Ok
        }
        Err(refusal) => refusal.tell(&project, terminal),
    }
}

/// `vmflow run TARGET --help`.
pub(in crate::cli) fn help(wanted: &Wanted, command: &str, terminal: &Terminal, variables: &Variables) -> Exit {
    let mut project = Project::default();
    let Some(target) = wanted.job_id.as_ref().or(wanted.target.as_ref()) else {
        return usage("say what to run: a workflow file or a job").tell(&project, terminal);
    };
    match sheet(target, &wanted.config, wanted.at.as_deref(), &mut project, variables) {
        Ok(sheet) => {
            let more = format!("\n`vmflow {command} --help` tells of the options that do not depend on the job.\n");
            terminal.print(&format!("{}{more}", sheet.human(terminal.width)));
            Exit::Ok
        }
        Err(refusal) => refusal.tell(&project, terminal),
    }
}

/// What is to be shown of a job, or of a workflow file.
fn sheet(
    target: &str,
    arguments: &ConfigArguments,
    at: Option<&str>,
    project: &mut Project,
    variables: &Variables,
) -> Result<Sheet, Refusal> {
    let now = at.map_or_else(|| Ok(SystemClock.now()), instant)?;
    let (path, name) = split_target(target);
    if is_file(&path) {
        let config = project.config(arguments, &path, variables).map_err(usage)?;
        let found = Found { target: target.to_owned(), file: path.clone(), name: name.map(Arc::from), job: None };
        return found.sheet(config.as_ref(), arguments, now, project);
    }
    let config = project.own_config(arguments, variables).map_err(usage)?;
    if project.has_errors() {
        return Err(environment_fault(format!("`{}` has errors", config.source().name)));
    }
    let job = find_job(&config, target, project)?;
    let found = Found {
        target: target.to_owned(),
        file: job.workflow.clone(),
        name: job.workflow_name.as_ref().map(|name| name.node.clone()),
        job: Some(job),
    };
    found.sheet(Some(&config), arguments, now, project)
}

/// A workflow that was found.
struct Found {
    target: String,
    file: PathBuf,
    name: Option<Arc<str>>,
    job: Option<Job>,
}

impl Found {
    fn sheet(
        self,
        config: Option<&Config>,
        arguments: &ConfigArguments,
        now: Timestamp,
        project: &mut Project,
    ) -> Result<Sheet, Refusal> {
        let shown = self.file.display().to_string();
        let text = text_of(&self.file).map_err(usage)?;
        let checked = project.check(vec![(self.file.clone(), text)], &Surroundings::default());
        if project.has_errors() {
            return Err(Refusal { exit: Exit::Failed, message: format!("`{shown}` does not pass its checks") });
        }
        let workflow = workflow_of(&checked.program, self.name.as_deref(), &self.file).map_err(usage)?;
        let documented = documented(&checked, &workflow)
            .ok_or_else(|| Refusal { exit: Exit::Bug, message: format!("`{}` is not documented", workflow.name) })?;
        let place = project.sources.get(workflow.span.source).map(|source| source.position(workflow.span.start));
        let environment =
            config.and_then(|config| config.choose_environment(arguments.env.as_deref(), self.job.as_ref()).ok());
        let outlines = config.zip(environment.as_ref()).map(|(config, name)| config.outlines(name)).unwrap_or_default();
        let schedule = self.job.as_ref().and_then(|job| job.schedule.as_ref());
        Ok(Sheet {
            due: schedule.map(|schedule| next_due(schedule, now)),
            package: self.package(config, project),
            target: self.target,
            workflow: documented,
            file: shown,
            line: place.map_or(1, |place| place.line),
            job: self.job,
            environment: environment.map(|name| name.to_string()),
            kinds: outlines.into_iter().map(|it| (it.name.to_string(), it.kind.to_string())).collect(),
        })
    }

    /// The name of the job's package, and its folder.
    fn package(&self, config: Option<&Config>, project: &mut Project) -> Option<(String, String)> {
        let (name, _) = package::split(&self.job.as_ref()?.id)?;
        let found = packages::find(config?, name, project).ok().flatten()?;
        Some((name.to_owned(), found.display().to_string()))
    }
}

fn documented(checked: &Checked, workflow: &Workflow) -> Option<doc::Workflow> {
    let module = checked.modules.all.iter().find(|module| module.source.id == workflow.span.source)?;
    let documented = doc::module(module, &checked.program);
    documented.workflows.into_iter().find(|documented| *documented.name == *workflow.name)
}
