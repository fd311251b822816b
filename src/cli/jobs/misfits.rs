//! Jobs against the workflows that they name.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use crate::check::Deprecation;
use crate::check::modules::Module;
use crate::check::program::Workflow;
use crate::cli::project::{Checked, workflow_of};
use crate::config::{Config, Job};
use crate::diagnostic::{Diagnostic, codes, did_you_mean};
use crate::source::{SourceId, Span};

/// Jobs whose parameters do not fit the workflow they name, for those whose file was checked.
///
/// A file with errors is left out: which parameters it has shows when they are mended.
pub(in crate::cli) fn misfits(config: &Config, checked: &Checked, findings: &[Diagnostic]) -> Vec<Diagnostic> {
    let jobs: Vec<Job> = config.job_ids().filter_map(|id| config.job(id).ok()).collect();
    of_jobs(jobs.iter(), checked, findings, |_| true)
}

/// The same of the jobs of a package, whose parameters may well be left to whoever runs them: all must be there only when
/// a schedule does.
pub(in crate::cli) fn misfits_of_package<'j>(
    jobs: impl Iterator<Item = &'j Job>,
    checked: &Checked,
    findings: &[Diagnostic],
) -> Vec<Diagnostic> {
    of_jobs(jobs, checked, findings, |job| job.schedule.is_some())
}

fn of_jobs<'j>(
    jobs: impl Iterator<Item = &'j Job>,
    checked: &Checked,
    findings: &[Diagnostic],
    wants_all: impl Fn(&Job) -> bool,
) -> Vec<Diagnostic> {
    let wrong = findings.iter().filter(|finding| finding.is_error()).filter_map(|finding| Some(finding.span()?.source));
    let wrong: HashSet<SourceId> = wrong.collect();
    // Of a file that is only imported, the functions are checked and not the workflows.
    let files = checked.modules.all.iter().filter(|module| module.is_root && !module.source.is_built_in());
    let files: HashMap<PathBuf, &Module> =
        files.filter_map(|module| Some((Path::new(&*module.source.name).canonicalize().ok()?, module))).collect();
    jobs.flat_map(|job| misfits_of(job, wants_all(job), checked, &files, &wrong)).collect()
}

fn misfits_of(
    job: &Job,
    wants_all: bool,
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
    let in_file = |span: Span| span.source == module.source.id;
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
        .filter(|param| {
            wants_all && param.default.is_none() && !param.ty.is_optional() && !job.params.contains_key(&param.name)
        })
        .map(|param| {
            Diagnostic::new(
                &codes::VF701,
                job.span,
                format!("the job `{}` lacks the parameter `{}: {}`", job.id, param.name, param.ty),
            )
            .label(param.span, "declared here")
        });
    unknown.chain(missing).chain(deprecated(job, workflow)).collect()
}

/// What a job uses that others should stop using: parameters, and the workflow itself where the job names its file.
fn deprecated(job: &Job, workflow: &Workflow) -> Vec<Diagnostic> {
    let old = |doc: &str, what: String, used: Span, defined: Span| {
        let old = Deprecation::of(doc).filter(|_| used.source != defined.source)?;
        Some(old.finding(&what, used).label(defined, "declared here"))
    };
    let own = old(&workflow.doc, format!("the workflow `{}`", workflow.name), job.workflow_span, workflow.span);
    let params = workflow.params.iter().filter_map(|param| {
        let given = job.params.get(&param.name)?;
        old(&param.doc, format!("the parameter `{}` of `{}`", param.name, workflow.name), given.key_span, param.span)
    });
    own.into_iter().chain(params).collect()
}
