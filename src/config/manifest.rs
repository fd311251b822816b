//! `package.yaml`: what a package is called, and how its workflows run as jobs.
//!
//! It is read as `vmflow.yaml` is, and by the configuration that has found it: variables, words that mask and environments
//! are those of the project.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::document::{Config, finish, jobs};
use super::environment::merge;
use super::job::{self, Job, Target};
use super::reading::{Reading, optional};
use super::yaml::{self, Content, Field, Mapping, Node, field, fields};
use crate::diagnostic::Diagnostic;
use crate::source::{Source, Span, Spanned};

/// The name of the file.
pub const MANIFEST_NAME: &str = "package.yaml";

/// The keys of the file.
const KEYS: &[&str] = &["name", "version", "description", "defaults", "jobs"];

/// What all jobs of a package may share.
const DEFAULT_KEYS: &[&str] = &["enabled", "environment", "params", "labels", "schedule", "timeout"];

/// A time that all jobs share is hardly meant; what else a schedule says may well be.
const DEFAULT_SCHEDULE_KEYS: &[&str] = &["timezone", "calendar", "overlap", "catch_up"];

/// A manifest, read but not yet substituted.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// What the package is called, when it says so.
    pub name: Option<Spanned<Arc<str>>>,
    /// Its version, as written.
    pub version: Option<Arc<str>>,
    /// What it is for.
    pub description: Option<Arc<str>>,
    source: Source,
    directory: PathBuf,
    defaults: Mapping,
    jobs: Mapping,
}

/// The workflow that a job names.
#[derive(Debug, Clone)]
pub struct Named {
    /// The file.
    pub path: PathBuf,
    /// The workflow, when the file holds several.
    pub workflow: Option<Arc<str>>,
    /// Where it is named.
    pub span: Span,
}

/// The workflow that a job is of.
#[derive(Debug, Clone)]
pub struct Home {
    /// The file.
    pub path: PathBuf,
    /// Its name.
    pub name: Arc<str>,
    /// Where its name stands.
    pub span: Span,
    /// Its parameters.
    pub params: Vec<Arc<str>>,
}

/// Whether a text can name a package: letters, digits, `_`, `-` and `.`, beginning with a letter or digit.
pub fn is_package_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}

fn is_job_name(text: &str) -> bool {
    is_package_name(text) && !text.contains('.')
}

impl Manifest {
    /// What stands for the manifest of a package without one. `source` is what its findings would point into.
    pub fn none(source: &Source, directory: &Path) -> Self {
        Self {
            name: None,
            version: None,
            description: None,
            source: source.clone(),
            directory: directory.to_path_buf(),
            defaults: Mapping::new(),
            jobs: Mapping::new(),
        }
    }

    /// Reads the manifest `source` of the package in `directory`. What is wrong with its shape is in the findings.
    pub fn read(source: &Source, directory: &Path, config: &Config) -> (Self, Vec<Diagnostic>) {
        let mut manifest = Self::none(source, directory);
        let (node, mut findings) = yaml::read(source);
        if !node.is_null() {
            findings.extend(manifest.take_in(&node, config));
        }
        (manifest, findings)
    }

    fn take_in(&mut self, node: &Node, config: &Config) -> Vec<Diagnostic> {
        let this = self.clone();
        let mut reading = this.reading(config);
        let top = Field { key: MANIFEST_NAME, key_span: node.span, node };
        let Some(map) = reading.map(top) else { return reading.findings };
        reading.check_keys(map, KEYS, "a package");
        self.name = optional(map, "name", |field| package_name(&mut reading, field)).flatten();
        self.version = optional(map, "version", |field| reading.name(field)).flatten();
        self.description = optional(map, "description", |field| reading.text(field)).flatten();
        if let Some(field) = field(map, "defaults") {
            self.defaults = defaults(&mut reading, field);
        }
        if let Some(field) = field(map, "jobs") {
            self.jobs = jobs(&mut reading, field);
            for field in fields(&self.jobs).filter(|field| !is_job_name(field.key)) {
                let message = format!("`{}` cannot be the name of a job", field.key);
                reading.report(field.key_span, message, "use letters, digits, `_` and `-`");
            }
        }
        reading.findings
    }

    fn reading<'a>(&'a self, config: &'a Config) -> Reading<'a> {
        Reading { source: &self.source, directory: &self.directory, ..config.reading(false) }
    }

    /// The jobs that it tells of, in its order, with where each name stands.
    pub fn jobs(&self) -> impl Iterator<Item = (&str, Span)> + Clone {
        self.jobs.iter().map(|(name, entry)| (&**name, entry.key_span))
    }

    /// The workflow that the job `name` names: the file, the workflow in it if it says so, and where it is named. `None` when
    /// it is of the workflow that is called as it is.
    pub fn target(&self, config: &Config, name: &str) -> Result<Option<Named>, Vec<Diagnostic>> {
        let job = self.jobs.get(name).and_then(|entry| entry.value.as_map());
        let Some(field) = job.and_then(|job| field(job, "workflow")) else { return Ok(None) };
        let mut reading = self.reading(config);
        let target = job::target(&mut reading, field);
        let (target, _) = finish(target, reading.findings)?;
        Ok(Some(Named { path: target.path, workflow: target.name.map(|name| name.node), span: target.span }))
    }

    /// The job `name` of the package `package`, its variables filled in, everything typed. It is of the workflow `home`;
    /// `known` are the names of the package's jobs. The error holds all that is wrong.
    pub fn job(
        &self,
        config: &Config,
        package: &str,
        name: &str,
        home: &Home,
        known: &[&str],
    ) -> Result<Job, Vec<Diagnostic>> {
        let mut reading = self.reading(config);
        let own = self.jobs.get(name);
        let key_span = own.map_or(home.span, |entry| entry.key_span);
        let node = self.with_defaults(own.map(|entry| &entry.value), key_span, home);
        let target = Target {
            path: home.path.clone(),
            name: Some(Spanned::new(Arc::clone(&home.name), home.span)),
            span: home.span,
        };
        let all: Vec<&str> = known.iter().copied().chain(config.job_ids()).collect();
        let field = Field { key: name, key_span, node: &node };
        let job = job::packaged(&mut reading, field, &format!("{package}/{name}"), target, &all);
        let job = config.in_an_environment(&mut reading, job);
        let (mut job, warnings) = finish(job, reading.findings)?;
        for earlier in job.after.iter_mut().filter(|earlier| known.contains(&&*earlier.node)) {
            earlier.node = format!("{package}/{}", earlier.node).into();
        }
        Ok(Job { warnings, ..job })
    }

    /// What a job says, above what all jobs of the package say.
    fn with_defaults(&self, own: Option<&Node>, span: Span, home: &Home) -> Node {
        let mut below = self.defaults.clone();
        let has_schedule = own.and_then(Node::as_map).is_some_and(|own| own.contains_key("schedule"));
        if !has_schedule {
            below.shift_remove("schedule");
        }
        // Not every workflow has the parameters that most of them share.
        if let Some(Content::Map(params)) = below.get_mut("params").map(|entry| &mut entry.value.content) {
            params.retain(|name, _| home.params.contains(name));
        }
        let below = Node { content: Content::Map(below), span };
        match own {
            Some(own) if !own.is_null() => merge(below, own.clone()),
            _ => below,
        }
    }
}

fn package_name(reading: &mut Reading<'_>, field: Field<'_>) -> Option<Spanned<Arc<str>>> {
    let name = reading.name(field)?;
    if !is_package_name(&name) {
        let message = format!("`{name}` cannot be the name of a package");
        reading.report(field.node.span, message, "use letters, digits, `_`, `-` and `.`, such as `rates`");
        return None;
    }
    Some(Spanned::new(name, field.node.span))
}

fn defaults(reading: &mut Reading<'_>, given: Field<'_>) -> Mapping {
    let Some(map) = reading.map(given) else { return Mapping::new() };
    reading.check_keys(map, DEFAULT_KEYS, "what all jobs share");
    if let Some(schedule) = field(map, "schedule").and_then(|field| reading.map(field)) {
        reading.check_keys(schedule, DEFAULT_SCHEDULE_KEYS, "the schedule that all jobs share");
    }
    let mut map = map.clone();
    map.retain(|key, _| DEFAULT_KEYS.contains(&&**key));
    map
}
