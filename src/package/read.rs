//! Reading a package: its manifest, its files, and of both its jobs.

use std::collections::{BTreeMap, HashSet};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::folders::{manifest, name};
use super::{Loaded, Package, PackagedJob, files};
use crate::check::modules::{self, Module, Modules, Reader};
use crate::config::{Config, Home, Job, Manifest, Named, waiting_in_circles};
use crate::diagnostic::{Diagnostic, codes, did_you_mean};
use crate::source::{Source, Sources, Span};
use crate::syntax::ast::{ItemKind, WorkflowItemKind};

/// Reads the package in `folder` with its files and what they import.
pub fn load(folder: &Path, config: &Config, sources: &mut Sources, read: Reader<'_>) -> Loaded {
    load_those(folder, None, config, sources, read, &|_, _| true)
}

/// The same with only those files that a job of the package, called `job` in it, can be in: the others are not parsed,
/// and jobs in them are missing. A job that is not found so may be found by [`load`].
pub fn load_for(job: &str, folder: &Path, config: &Config, sources: &mut Sources, read: Reader<'_>) -> Loaded {
    let manifest = manifest(folder, config, sources, read);
    let named = manifest.0.target(config, job).ok().flatten().map(|named| plain(&named.path));
    let is_wanted = |path: &Path, text: &str| named.as_deref() == Some(&*plain(path)) || mentions(text, job);
    load_those(folder, Some(manifest), config, sources, read, &is_wanted)
}

/// Whether a text says `workflow NAME` anywhere, be it in a comment.
fn mentions(text: &str, name: &str) -> bool {
    let is_sign = |sign: char| sign.is_alphanumeric() || sign == '_';
    text.match_indices("workflow").any(|(at, word)| {
        let behind = text.get(at + word.len()..).unwrap_or_default();
        behind.trim_start().strip_prefix(name).is_some_and(|rest| !rest.starts_with(is_sign))
    })
}

fn load_those(
    folder: &Path,
    told: Option<Told>,
    config: &Config,
    sources: &mut Sources,
    read: Reader<'_>,
    is_wanted: &dyn Fn(&Path, &str) -> bool,
) -> Loaded {
    let files::Files { found, mut refused } = files::under(folder);
    let (mut texts, mut is_all) = (Vec::new(), true);
    for path in found {
        match read(&path) {
            Ok(text) if is_wanted(&path, &text) => texts.push((path, text)),
            Ok(_) => is_all = false,
            Err(why) => refused.push((path, why)),
        }
    }
    let (modules, unread) = modules::load(texts, sources, read);
    // What is wrong is told in the order of reading: a manifest's faults behind the files'.
    let told = told.unwrap_or_else(|| manifest(folder, config, sources, read));
    let package = package(folder, told, &modules, (refused, is_all), config, sources);
    Loaded { package, modules, unread }
}

impl Package {
    /// The package in `folder`, if `modules` hold all of its files.
    pub fn of(
        folder: &Path,
        modules: &Modules,
        config: &Config,
        sources: &mut Sources,
        read: Reader<'_>,
    ) -> Option<Self> {
        let files::Files { found, refused } = files::under(folder);
        let known: HashSet<&Path> = own(folder, modules).filter_map(Module::path).collect();
        let has_all = found.iter().all(|path| known.contains(path.as_path()));
        has_all.then(|| {
            let manifest = manifest(folder, config, sources, read);
            package(folder, manifest, modules, (refused, true), config, sources)
        })
    }
}

/// A manifest with its text and what is wrong with it.
type Told = (Manifest, Source, Vec<Diagnostic>);

/// The package of these modules; besides come the files that cannot be part of it, and whether it has no others.
fn package(
    folder: &Path,
    (manifest, source, mut findings): Told,
    modules: &Modules,
    (refused, is_all): (Vec<(PathBuf, String)>, bool),
    config: &Config,
    sources: &mut Sources,
) -> Package {
    let (name, unnamed) = name(&manifest, folder, &source);
    findings.extend(unnamed);
    let is_sound = findings.iter().all(|finding| !finding.is_error());
    let no_part = |(path, why): (PathBuf, String)| {
        let source = sources.add(path.display().to_string(), "");
        let message = format!("`{}` is not part of the package: {why}", path.display());
        Diagnostic::new(&codes::VF701, source.span(), message)
    };
    findings.extend(refused.into_iter().map(no_part));
    let is_whole = is_all && own(folder, modules).all(|module| !module.is_unread);
    let workflows = workflows(folder, modules);
    let mut reading = Reading { manifest: &manifest, config, name: &name, folder, findings };
    let jobs = reading.jobs(&workflows, is_whole);
    Package {
        version: manifest.version.clone(),
        description: manifest.description.clone(),
        findings: reading.findings,
        folder: folder.to_path_buf(),
        name,
        jobs,
        is_sound,
    }
}

/// The package's own files.
fn own<'m>(folder: &'m Path, modules: &'m Modules) -> impl Iterator<Item = &'m Module> {
    let is_own = move |module: &&Module| module.is_root && module.path().is_some_and(|path| path.starts_with(folder));
    modules.all.iter().filter(is_own)
}

/// A workflow as its file has it.
struct Workflow {
    home: Home,
    doc: String,
}

/// The workflows of the package's own files, in the order of these.
fn workflows(folder: &Path, modules: &Modules) -> Vec<Workflow> {
    let mut found = Vec::new();
    for module in own(folder, modules) {
        let path = module.path().map(Path::to_path_buf).unwrap_or_default();
        for item in &module.file.items {
            let ItemKind::Workflow(workflow) = &item.kind else { continue };
            let params = workflow.items.iter().filter_map(|item| match &item.kind {
                WorkflowItemKind::Param(param) => Some(Arc::clone(&param.name.node)),
                _ => None,
            });
            let home = Home {
                path: path.clone(),
                name: Arc::clone(&workflow.name.node),
                span: workflow.name.span,
                params: params.collect(),
            };
            found.push(Workflow { home, doc: item.doc.clone() });
        }
    }
    found
}

struct Reading<'a> {
    manifest: &'a Manifest,
    config: &'a Config,
    name: &'a str,
    folder: &'a Path,
    findings: Vec<Diagnostic>,
}

impl Reading<'_> {
    /// Every job: a workflow by its own name, and what the manifest adds. Without all files read, a workflow that is not
    /// found may yet be there.
    fn jobs(&mut self, workflows: &[Workflow], is_whole: bool) -> Vec<PackagedJob> {
        let mut homes: BTreeMap<&str, (&Workflow, bool)> = BTreeMap::new();
        for workflow in workflows {
            match homes.get_mut(&*workflow.home.name) {
                None => {
                    homes.insert(&workflow.home.name, (workflow, true));
                }
                Some((first, is_only)) => {
                    *is_only = false;
                    // Of one file the checks tell it.
                    if first.home.path != workflow.home.path {
                        self.findings.push(twice(&workflow.home, &first.home));
                    }
                }
            }
        }
        for (job, span) in self.manifest.jobs() {
            let named = self.manifest.target(self.config, job);
            let found = named.and_then(|named| match named {
                Some(named) => self.named(workflows, &named, homes.get(job).map(|(workflow, _)| &workflow.home)),
                None if homes.contains_key(job) => Ok(None),
                None => Err(if is_whole { vec![self.no_workflow(job, span, workflows)] } else { Vec::new() }),
            });
            match found {
                Ok(None) => {}
                Ok(Some(workflow)) => {
                    homes.entry(job).or_insert((workflow, true));
                }
                Err(findings) => {
                    self.findings.extend(findings);
                }
            }
        }
        let known: Vec<&str> = homes.keys().copied().collect();
        let jobs = homes.iter().map(|(name, (workflow, is_only))| self.job(name, workflow, *is_only, &known));
        let jobs: Vec<(PackagedJob, Vec<Diagnostic>)> = jobs.collect();
        let (jobs, findings): (Vec<PackagedJob>, Vec<Vec<Diagnostic>>) = jobs.into_iter().unzip();
        self.findings.extend(findings.into_iter().flatten());
        let read: Vec<Job> = jobs.iter().filter_map(|job| job.job.clone()).collect();
        self.findings.extend(waiting_in_circles(&read));
        crate::diagnostic::sort(&mut self.findings);
        jobs
    }

    fn job(&self, name: &str, workflow: &Workflow, is_only: bool, known: &[&str]) -> (PackagedJob, Vec<Diagnostic>) {
        let read = self.manifest.job(self.config, self.name, name, &workflow.home, known);
        let (job, findings) = match read {
            Ok(mut job) => {
                let warnings = std::mem::take(&mut job.warnings);
                (Some(job), warnings)
            }
            Err(findings) => (None, findings),
        };
        let job = PackagedJob {
            id: format!("{}/{name}", self.name).into(),
            home: workflow.home.clone(),
            doc: workflow.doc.clone(),
            job: job.filter(|_| is_only),
        };
        (job, findings)
    }

    /// The workflow that a job of the manifest names. `own` is the workflow that has the job's name.
    fn named<'w>(
        &self,
        workflows: &'w [Workflow],
        named: &Named,
        own: Option<&Home>,
    ) -> Result<Option<&'w Workflow>, Vec<Diagnostic>> {
        let refuse = |message: String, help: Option<String>| {
            let mut finding = Diagnostic::new(&codes::VF701, named.span, message);
            finding.help = help;
            Err(vec![finding])
        };
        let path = plain(&named.path);
        let in_file: Vec<&Workflow> = workflows.iter().filter(|workflow| plain(&workflow.home.path) == path).collect();
        let shown = named.path.strip_prefix(self.folder).unwrap_or(&named.path).display();
        let found = match (&named.workflow, in_file.as_slice()) {
            (_, []) => {
                let help = "name one of the package's own files, from its folder on".to_owned();
                return refuse(format!("no file of the package with a workflow is called `{shown}`"), Some(help));
            }
            (Some(name), all) => match all.iter().find(|workflow| workflow.home.name == *name) {
                Some(found) => found,
                None => {
                    let names = all.iter().map(|workflow| &*workflow.home.name);
                    return refuse(format!("`{shown}` has no workflow `{name}`"), did_you_mean(name, names));
                }
            },
            (None, [only]) => only,
            (None, [first, ..]) => {
                let help = format!("write `{shown}:{}`", first.home.name);
                return refuse(format!("`{shown}` holds several workflows"), Some(help));
            }
        };
        match own {
            Some(own) if own.span != found.home.span => {
                let message = format!("the job would hide the workflow `{}`, which is a job by its own name", own.name);
                let finding = Diagnostic::new(&codes::VF102, named.span, message).label(own.span, "this one");
                Err(vec![finding.help("give the job another name")])
            }
            _ => Ok(Some(found)),
        }
    }

    fn no_workflow(&self, job: &str, span: Span, workflows: &[Workflow]) -> Diagnostic {
        let message = format!("no workflow of the package `{}` is called `{job}`", self.name);
        let mut finding = Diagnostic::new(&codes::VF701, span, message);
        let near = did_you_mean(job, workflows.iter().map(|workflow| &*workflow.home.name));
        finding.help = Some(near.unwrap_or_else(|| "name its file: `workflow: file.flow`".to_owned()));
        finding
    }
}

fn twice(second: &Home, first: &Home) -> Diagnostic {
    let message = format!("two workflows of the package are called `{}`", second.name);
    Diagnostic::new(&codes::VF102, second.span, message)
        .label(first.span, "the first")
        .help("give one of them another name: each is a job by its name")
}

/// The path without `.`, so that `./a.flow` is `a.flow`.
fn plain(path: &Path) -> PathBuf {
    path.components().filter(|part| *part != Component::CurDir).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_wanted_when_it_may_hold_the_workflow() {
        for text in ["workflow copy {}", "## doc\nworkflow  copy{", "} workflow\n\tcopy {", "# the workflow copy"] {
            assert!(mentions(text, "copy"), "{text}");
        }
        for text in ["", "workflow", "workflow copy_all {}", "workflow other { use copy: sql }", "workflows copy"] {
            assert!(!mentions(text, "copy"), "{text}");
        }
    }
}
