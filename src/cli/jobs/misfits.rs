//! Jobs against the workflows that they name.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::check::Deprecation;
use crate::check::Store;
use crate::check::modules::Module;
use crate::check::program::{ConnectionUse, Workflow};
use crate::cli::given;
use crate::cli::project::{Checked, shown_path, workflow_among};
use crate::config::{Config, Job};
use crate::diagnostic::{Diagnostic, codes, did_you_mean};
use crate::plan::{self, SINCE, UNTIL, named};
use crate::source::{SourceId, Span};
use crate::value::ConnectionKind;

/// Jobs whose parameters or connections do not fit the workflow they name, for those whose file was checked.
///
/// A file with errors is left out: which parameters it has shows when they are mended.
pub(in crate::cli) fn misfits(config: &Config, checked: &Checked, findings: &[Diagnostic]) -> Vec<Diagnostic> {
    let jobs: Vec<Job> = config.job_ids().filter_map(|id| config.job(id).ok()).collect();
    of_jobs(jobs.iter(), checked, findings, |job, workflow| {
        let mut misfits = misfits_of(job, workflow, true);
        // One that nothing uses was told as such.
        let is_told = |wanted: &ConnectionUse| findings.iter().any(|finding| finding.span() == Some(wanted.span));
        let wanted = workflow.connections.iter().filter(|wanted| !is_told(wanted));
        misfits.extend(wanted.filter_map(|wanted| lacking(config, job, wanted)));
        misfits
    })
}

/// The same of the jobs of a package, whose parameters may well be left to whoever runs them: all must be there only when
/// a schedule does.
pub(in crate::cli) fn misfits_of_package<'j>(
    jobs: impl Iterator<Item = &'j Job>,
    checked: &Checked,
    findings: &[Diagnostic],
) -> Vec<Diagnostic> {
    of_jobs(jobs, checked, findings, |job, workflow| misfits_of(job, workflow, job.schedule.is_some()))
}

fn of_jobs<'j>(
    jobs: impl Iterator<Item = &'j Job>,
    checked: &Checked,
    findings: &[Diagnostic],
    misfits: impl Fn(&Job, &Workflow) -> Vec<Diagnostic>,
) -> Vec<Diagnostic> {
    let wrong = findings.iter().filter(|finding| finding.is_error()).filter_map(|finding| Some(finding.span()?.source));
    let wrong: HashSet<SourceId> = wrong.collect();
    // Of a file that is only imported, the functions are checked and not the workflows.
    let files = checked.modules.all.iter().filter(|module| module.is_root && !module.source.is_built_in());
    let files: HashMap<PathBuf, &Module> =
        files.filter_map(|module| Some((Path::new(&*module.source.name).canonicalize().ok()?, module))).collect();
    let of_job = |job: &'j Job| match workflow_for(job, checked, &files, &wrong) {
        Ok(workflow) => workflow.map(|workflow| misfits(job, workflow)).unwrap_or_default(),
        Err(finding) => vec![*finding],
    };
    jobs.flat_map(of_job).collect()
}

/// The workflow that a job names; none where its file was not checked, or is not right.
fn workflow_for<'c>(
    job: &Job,
    checked: &'c Checked,
    files: &HashMap<PathBuf, &Module>,
    wrong: &HashSet<SourceId>,
) -> Result<Option<&'c Workflow>, Box<Diagnostic>> {
    let Ok(path) = job.workflow.canonicalize() else { return Err(Box::new(no_file(job))) };
    let Some(module) = files.get(&path).filter(|module| !wrong.contains(&module.source.id)) else {
        return Ok(None);
    };
    let own = |workflow: &&Arc<Workflow>| workflow.span.source == module.source.id;
    let own: Vec<&Arc<Workflow>> = checked.program.workflows.iter().filter(own).collect();
    let name = job.workflow_name.as_ref();
    match workflow_among(&own, name.map(|name| &*name.node), &shown_path(&job.workflow)) {
        Ok(workflow) => Ok(Some(workflow)),
        Err((message, help)) => {
            let span = name.map_or(job.workflow_span, |name| name.span);
            Err(Box::new(Diagnostic { help, ..Diagnostic::new(&codes::VF701, span, message) }))
        }
    }
}

/// The finding for a job whose file is not there; the files beside where it should be may hold the one that was meant.
fn no_file(job: &Job) -> Diagnostic {
    let message = format!("the job `{}` names a file that is not there: `{}`", job.id, shown_path(&job.workflow));
    let finding = Diagnostic::new(&codes::VF701, job.workflow_span, message);
    let folder = job.workflow.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = std::fs::read_dir(folder).ok();
    let names = folder.into_iter().flatten().flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let is_flow = |name: &String| Path::new(name).extension().is_some_and(|extension| extension == "flow");
    let flows: Vec<String> = names.filter(is_flow).collect();
    let written = job.workflow.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let near = did_you_mean(written, flows.iter().map(String::as_str));
    finding.help(near.unwrap_or_else(|| "a path is relative to the folder of the configuration".to_owned()))
}

fn misfits_of(job: &Job, workflow: &Workflow, wants_all: bool) -> Vec<Diagnostic> {
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
    unknown.chain(missing).chain(mistyped(job, workflow)).chain(deprecated(job, workflow)).collect()
}

/// Values that are none of their parameters' types. What a variable gives is another one elsewhere, and may be a secret; what
/// stands for a time is read when the run begins.
fn mistyped<'j>(job: &'j Job, workflow: &'j Workflow) -> impl Iterator<Item = Diagnostic> + 'j {
    let is_time =
        |name: &str| [SINCE, UNTIL].iter().any(|time| named(workflow, time).is_some_and(|it| &*it.name == name));
    let plain = job.params.iter().filter(move |(name, given)| !given.substituted && !given.is_secret && !is_time(name));
    plain.filter_map(|(name, given)| {
        let param = workflow.params.iter().find(|param| param.name == *name)?;
        let error = plan::misfit(param, &given::of_job(given))?;
        let message = format!("the parameter `{name}`: {}", error.message);
        let mut finding = Diagnostic::new(&codes::VF701, given.span, message).label(param.span, "declared here");
        finding.help = error.help;
        Some(finding)
    })
}

/// A connection of the workflow that the job's environment lacks or has of another kind; where the job names none, that
/// every environment does.
fn lacking(config: &Config, job: &Job, wanted: &ConnectionUse) -> Option<Diagnostic> {
    let own = job.environment.as_ref().map(|environment| &*environment.node);
    let environments: Vec<&str> =
        config.environment_names().filter(|name| own.is_none_or(|own| own == *name)).collect();
    let kinds = |environment: &&str| {
        let outline = config.outlines(environment).into_iter().find(|outline| outline.name == wanted.name);
        outline.map(|outline| Store::find(&outline.kind).map(Store::kind))
    };
    let found: Vec<_> = environments.iter().map(kinds).collect();
    let fits = |kind: &Option<Option<_>>| match kind {
        Some(Some(kind)) => ConnectionKind::fits(*kind, wanted.kind),
        Some(None) => true,
        None => false,
    };
    if found.is_empty() || found.iter().any(fits) {
        return None;
    }
    let none = match own {
        Some(own) => format!("the environment `{own}` has no such connection"),
        None => "no environment has such a connection".to_owned(),
    };
    let message = format!("the job `{}` wants `{}: {}`, and {none}", job.id, wanted.name, wanted.kind.name());
    Some(Diagnostic::new(&codes::VF701, job.workflow_span, message).label(wanted.span, "wanted here"))
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
