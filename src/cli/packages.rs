//! The packages of a project, and their jobs by name.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::arguments::ConfigArguments;
use super::history::History;
use super::prepare::{Refusal, environment_fault, find_job, is_file, usage};
use super::project::{Checked, Project, read_named, split_target};
use super::{Exit, jobs};
use crate::check::modules::Module;
use crate::check::{self, Surroundings};
use crate::config::{Config, Home, Job, Variables, is_package_name};
use crate::diagnostic::{self, Diagnostic, did_you_mean};
use crate::package::{self, Loaded, Package};

/// A package that has been looked at as a whole.
pub(super) struct Seen {
    /// The package.
    pub(super) package: Package,
    /// All that is wrong with it, in order of place.
    pub(super) findings: Vec<Diagnostic>,
}

impl Seen {
    /// Whether something keeps a job of it from running.
    pub(super) fn is_broken(&self) -> bool {
        self.findings.iter().any(Diagnostic::is_error)
    }
}

/// The folders of all packages; what is wrong with where they are looked for is among the project's findings.
pub(super) fn folders(config: &Config, project: &mut Project) -> Vec<PathBuf> {
    let (folders, findings) = package::folders(config);
    project.findings.extend(findings);
    folders
}

/// What the package in a folder is called.
pub(super) fn name_of(folder: &Path, config: &Config, project: &mut Project) -> Arc<str> {
    package::name_of(folder, config, &mut project.sources, &mut read_named)
}

fn load(folder: &Path, config: &Config, project: &mut Project) -> Loaded {
    package::load(folder, config, &mut project.sources, &mut read_named)
}

/// Reads a package and checks its files, each for itself: what they say of the databases of an environment is left to
/// `vmflow check`.
pub(super) fn look(folder: &Path, config: &Config, project: &mut Project) -> Seen {
    let Loaded { mut package, modules, unread } = load(folder, config, project);
    let mut findings = std::mem::take(&mut package.findings);
    findings.extend(unread);
    let (program, wrong) = check::check(&modules, &Surroundings::default());
    findings.extend(wrong);
    let checked = Checked { program: Arc::new(program), modules };
    let of_package = package.jobs.iter().filter_map(|job| job.job.as_ref());
    findings.extend(jobs::misfits_of_package(of_package, &checked, &findings));
    diagnostic::sort(&mut findings);
    Seen { package, findings }
}

/// What is wrong with the packages that checked files belong to, beside what is wrong with the files themselves; with
/// `history` also what their last runs tell.
pub(super) fn faults(
    config: &Config,
    checked: &Checked,
    history: Option<&History>,
    project: &mut Project,
) -> Vec<Diagnostic> {
    let (folders, mut findings) = package::folders(config);
    let paths = checked.modules.all.iter().filter(|module| module.is_root).filter_map(Module::path);
    let paths: Vec<PathBuf> = paths.filter_map(|path| path.canonicalize().ok()).collect();
    let is_touched =
        |folder: &PathBuf| folder.canonicalize().is_ok_and(|folder| paths.iter().any(|path| path.starts_with(&folder)));
    for folder in folders.into_iter().filter(is_touched) {
        let made = Package::of(&folder, &checked.modules, config, &mut project.sources, &mut read_named);
        let mut package = made.unwrap_or_else(|| load(&folder, config, project).package);
        findings.append(&mut package.findings);
        let jobs = || package.jobs.iter().filter_map(|job| job.job.as_ref());
        findings.extend(jobs::misfits_of_package(jobs(), checked, &project.findings));
        findings.extend(history.map(|history| jobs::overlaps(jobs(), history)).unwrap_or_default());
    }
    findings
}

/// The names that several packages have, with the folders of all of them.
pub(super) fn same_names<'n>(named: impl Iterator<Item = (&'n str, &'n Path)> + Clone) -> Vec<(String, Vec<PathBuf>)> {
    let mut found: Vec<(String, Vec<PathBuf>)> = Vec::new();
    for (name, folder) in named {
        match found.iter_mut().find(|(known, _)| known == name) {
            Some((_, folders)) => folders.push(folder.to_path_buf()),
            None => found.push((name.to_owned(), vec![folder.to_path_buf()])),
        }
    }
    found.retain(|(_, folders)| folders.len() > 1);
    found
}

/// What to say of a name that several packages have.
pub(super) fn several(name: &str, folders: &[PathBuf]) -> String {
    let folders: Vec<String> = folders.iter().map(|folder| format!("`{}`", folder.display())).collect();
    format!("several packages are called `{name}`: {}", folders.join(" and "))
}

/// The one package of that name; `None` without any.
pub(super) fn find(config: &Config, name: &str, project: &mut Project) -> Result<Option<PathBuf>, Refusal> {
    let (folders, _) = package::folders(config);
    let named: Vec<PathBuf> = folders.into_iter().filter(|folder| *name_of(folder, config, project) == *name).collect();
    match named.as_slice() {
        [] => Ok(None),
        [folder] => Ok(Some(folder.clone())),
        all => {
            let help = "give one of them another name in its `package.yaml`";
            Err(environment_fault(format!("{}; {help}", several(name, all))))
        }
    }
}

/// The job `PACKAGE/JOB`; `None` when no package is called so. Whatever else is wrong in its package does not matter.
pub(super) fn job(config: &Config, id: &str, project: &mut Project) -> Result<Option<Job>, Refusal> {
    let Some((name, own)) = package::split(id) else { return Ok(None) };
    let Some(folder) = find(config, name, project)? else { return Ok(None) };
    let narrow = package::load_for(own, &folder, config, &mut project.sources, &mut read_named).package;
    if let Some(job) = narrow.job(id).and_then(|found| found.job.clone()).filter(|_| narrow.is_sound) {
        return Ok(Some(job));
    }
    // It is not there, is called otherwise, or waits for another: what is wrong is told of the whole package.
    let Loaded { package, unread, .. } = load(&folder, config, project);
    if !package.is_sound {
        project.findings.extend(package.findings.into_iter().filter(Diagnostic::is_error));
        return Err(environment_fault(format!("the package `{name}` cannot be read")));
    }
    let Some(found) = package.job(id) else {
        project.findings.extend(package.findings.into_iter().chain(unread).filter(Diagnostic::is_error));
        let hint = did_you_mean(id, package.jobs.iter().map(|job| &*job.id));
        let hint = hint.unwrap_or_else(|| format!("`vmflow jobs list {name}` lists what it has"));
        return Err(usage(format!("the package `{name}` has no job `{id}`; {hint}")));
    };
    let Some(job) = found.job.clone() else {
        project.findings.extend(package.findings.into_iter().filter(Diagnostic::is_error));
        return Err(Refusal { exit: Exit::Environment, message: format!("the job `{id}` cannot be read") });
    };
    Ok(Some(job))
}

/// A workflow in a file.
pub(super) struct Place {
    /// The file.
    pub(super) file: PathBuf,
    /// The workflow, when it was named.
    pub(super) workflow: Option<Arc<str>>,
}

/// Where the workflow is that was asked for: `FILE`, `FILE:WORKFLOW`, or a job of the configuration here or above.
pub(super) fn place(target: &str, variables: &Variables, project: &mut Project) -> Result<Place, Refusal> {
    let (file, workflow) = split_target(target);
    if is_file(&file) {
        return Ok(Place { file, workflow: workflow.map(Arc::from) });
    }
    let config = project.config(&ConfigArguments::default(), Path::new("."), variables).map_err(usage)?;
    let Some(config) = config else { return Ok(Place { file, workflow: None }) };
    let job = find_job(&config, target, project)?;
    Ok(Place { file: job.workflow, workflow: job.workflow_name.map(|name| name.node) })
}

/// The files that are meant by a path of `check` or `test` that is none: those of a package, or that of one of its jobs.
/// `None` when no package is called so, or the path is there.
pub(super) fn meant(path: &Path, variables: &Variables) -> Result<Option<Meant>, String> {
    let name = path.to_str().filter(|_| !path.exists() && path.extension().is_none_or(|end| end != "flow"));
    let Some(name) = name else { return Ok(None) };
    let (owner, job) = package::split(name).map_or((name, None), |(package, _)| (package, Some(name)));
    if !is_package_name(owner) {
        return Ok(None);
    }
    let mut project = Project::default();
    let config = project.config(&ConfigArguments::default(), Path::new("."), variables)?;
    let Some(config) = config.filter(|_| !project.has_errors()) else { return Ok(None) };
    let Some(folder) = find(&config, owner, &mut project).map_err(|refusal| refusal.message)? else {
        return Ok(None);
    };
    let Some(id) = job else { return Ok(Some(Meant { folder, home: None })) };
    let package = load(&folder, &config, &mut project).package;
    match package.job(id) {
        Some(job) => Ok(Some(Meant { folder, home: Some(job.home.clone()) })),
        None => {
            let hint = did_you_mean(id, package.jobs.iter().map(|job| &*job.id)).unwrap_or_default();
            Err(format!("the package `{owner}` has no job `{id}`; {hint}"))
        }
    }
}

/// A package that was asked for, or one job of it.
pub(super) struct Meant {
    /// Its folder.
    pub(super) folder: PathBuf,
    /// The workflow of the job.
    pub(super) home: Option<Home>,
}

impl Meant {
    /// The file of the job, or the folder of the package.
    pub(super) fn path(&self) -> &PathBuf {
        self.home.as_ref().map_or(&self.folder, |home| &home.path)
    }
}

/// What to do about the id of a job that there is not: of all ids the near one.
pub(super) fn hint(config: &Config, id: &str, project: &mut Project) -> String {
    let mut ids: Vec<String> = config.job_ids().map(str::to_owned).collect();
    for folder in package::folders(config).0 {
        let package = load(&folder, config, project).package;
        if *package.name == *id.trim_end_matches('/') {
            return format!("`{}` is a package, and `vmflow jobs list {0}` lists its jobs", package.name);
        }
        ids.extend(package.jobs.iter().map(|job| job.id.to_string()));
    }
    let near = did_you_mean(id, ids.iter().map(String::as_str));
    near.unwrap_or_else(|| "`vmflow jobs` lists them".to_owned())
}
