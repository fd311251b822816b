//! `vmflow jobs`, and what jobs have to do with the workflows that they name.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use serde_json::json;

use super::Exit;
use super::arguments::{JobsArguments, ListFormat};
use super::project::{Checked, Project, refuse, workflow_of};
use super::terminal::Terminal;
use crate::check::modules::Module;
use crate::config::{Config, Job, Variables};
use crate::diagnostic::{Diagnostic, codes, did_you_mean};
use crate::source::SourceId;

pub(super) fn jobs(command: &JobsArguments, terminal: &Terminal, variables: &Variables) -> Exit {
    let mut project = Project::default();
    let config = match project.config(&command.config, Path::new("."), variables) {
        Ok(Some(config)) => config,
        Ok(None) => return refuse(terminal, Exit::Usage, "there is no vmflow.yaml here or above"),
        Err(message) => return refuse(terminal, Exit::Usage, &message),
    };
    if project.has_errors() {
        project.tell(terminal);
        return Exit::Environment;
    }
    list(&config, command.format, terminal)
}

/// Prints the jobs. One that cannot be read is listed with the reason, so that one broken job hides no other.
pub(super) fn list(config: &Config, format: ListFormat, terminal: &Terminal) -> Exit {
    let jobs: Vec<(&str, Result<Job, Vec<Diagnostic>>)> = config.job_ids().map(|id| (id, config.job(id))).collect();
    let text = match format {
        ListFormat::Json => {
            let list: Vec<serde_json::Value> = jobs.iter().map(|(id, job)| as_json(id, job)).collect();
            format!("{:#}\n", json!({ "jobs": list }))
        }
        ListFormat::Human if jobs.is_empty() => "no jobs are configured\n".to_owned(),
        ListFormat::Human => jobs.iter().map(|(id, job)| as_line(id, job)).collect(),
    };
    terminal.print(&text);
    Exit::Ok
}

fn as_json(id: &str, job: &Result<Job, Vec<Diagnostic>>) -> serde_json::Value {
    match job {
        Ok(job) => json!({
            "id": id,
            "name": &*job.name,
            "description": job.description.as_deref(),
            "workflow": job.workflow.display().to_string(),
            "enabled": job.enabled,
            "schedule": job.schedule.as_ref().map(|schedule| json!({ "cron": &*schedule.cron.node, "timezone": schedule.timezone.name() })),
            "after": job.after.iter().map(|after| &*after.node).collect::<Vec<_>>(),
        }),
        Err(findings) => json!({ "id": id, "error": findings.first().map(|finding| &finding.message) }),
    }
}

fn as_line(id: &str, job: &Result<Job, Vec<Diagnostic>>) -> String {
    match job {
        Ok(job) => {
            let schedule = job
                .schedule
                .as_ref()
                .map(|schedule| format!("  ({} {})", schedule.cron.node, schedule.timezone.name()));
            let state = if job.enabled { "" } else { "  disabled" };
            let description = job.description.as_deref().map(|text| format!("\n    {text}")).unwrap_or_default();
            format!("{id}: {}{}{state}{description}\n", job.name, schedule.unwrap_or_default())
        }
        Err(findings) => format!("{id}: cannot be read: {}\n", findings.first().map_or("", |finding| &finding.message)),
    }
}

/// Jobs whose parameters do not fit the workflow they name, for those whose file was checked.
///
/// A file with errors is left out: which parameters it has shows when they are mended.
pub(super) fn misfits(config: &Config, checked: &Checked, findings: &[Diagnostic]) -> Vec<Diagnostic> {
    let jobs = config.job_ids().filter_map(|id| config.job(id).ok());
    let wrong = findings.iter().filter(|finding| finding.is_error()).filter_map(|finding| Some(finding.span()?.source));
    let wrong: HashSet<SourceId> = wrong.collect();
    // Of a file that is only imported, the functions are checked and not the workflows.
    let files = checked.modules.all.iter().filter(|module| module.is_root && !module.source.is_built_in());
    let files: HashMap<PathBuf, &Module> =
        files.filter_map(|module| Some((Path::new(&*module.source.name).canonicalize().ok()?, module))).collect();
    jobs.flat_map(|job| misfits_of(&job, checked, &files, &wrong)).collect()
}

fn misfits_of(
    job: &Job,
    checked: &Checked,
    files: &HashMap<PathBuf, &Module>,
    wrong: &HashSet<SourceId>,
) -> Vec<Diagnostic> {
    let Ok(path) = job.workflow.canonicalize() else {
        let message = format!("the job `{}` names a file that is not there: `{}`", job.id, job.workflow.display());
        return vec![Diagnostic::new(&codes::VF701, job.workflow_span, message)];
    };
    let Some(module) = files.get(&path).filter(|module| !wrong.contains(&module.source.id)) else {
        return Vec::new();
    };
    let in_file = |span: crate::source::Span| span.source == module.source.id;
    let workflow = match &job.workflow_name {
        Some(name) => {
            checked.program.workflows.iter().find(|workflow| in_file(workflow.span) && workflow.name == *name)
        }
        None => checked.program.workflows.iter().find(|workflow| in_file(workflow.span)),
    };
    let Some(workflow) = workflow else {
        let message =
            workflow_of(&checked.program, job.workflow_name.as_deref(), &job.workflow).err().unwrap_or_default();
        return vec![Diagnostic::new(&codes::VF701, job.workflow_span, message)];
    };
    let known = || workflow.params.iter().map(|param| &*param.name);
    let unknown = job.params.iter().filter(|(name, _)| !known().any(|param| param == &***name)).map(|(name, param)| {
        let mut finding =
            Diagnostic::new(&codes::VF701, param.key_span, format!("`{}` has no parameter `{name}`", workflow.name));
        finding.help = did_you_mean(name, known());
        finding
    });
    let missing = workflow
        .params
        .iter()
        .filter(|param| param.default.is_none() && !param.ty.is_optional() && !job.params.contains_key(&param.name))
        .map(|param| {
            Diagnostic::new(
                &codes::VF701,
                job.span,
                format!("the job `{}` lacks the parameter `{}: {}`", job.id, param.name, param.ty),
            )
            .label(param.span, "declared here")
        });
    unknown.chain(missing).collect()
}
