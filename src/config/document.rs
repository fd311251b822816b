//! The file as a whole.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::environment::{self, ConnectionOutline, Environment};
use super::job::{self, Job};
use super::mask::MaskWords;
use super::origin::{self, Setting};
use super::reading::{Reading, list, meant, renamed, suggest};
use super::runs::{Runs, runs};
use super::secret::Secret;
use super::variables::Variables;
use super::yaml::{self, Content, Entry, Field, Mapping, Node, field, fields};
use crate::diagnostic::{Diagnostic, Severity, codes};
use crate::source::{Source, Span, Spanned};

/// The keys of the file.
const KEYS: &[&str] = &["default_environment", "environments", "jobs", "packages", "mask", "runs"];

/// The variables that name an environment, the first one set winning; the second is the predecessor's.
const ENVIRONMENT_VARIABLES: [&str; 2] = ["VMFLOW_ENV", "VM_JOBS_ENVIRONMENT"];

/// The help for a key that belongs into an environment.
fn of_environments(key: &str) -> Option<String> {
    let known = environment::KEYS;
    let key = renamed(key, known).or_else(|| known.iter().copied().find(|known| *known == key))?;
    Some(format!("it stands in an environment: `environments: {{ local: {{ {key}: … }} }}`"))
}

/// The environment of a project that has none.
const ONLY_ENVIRONMENT: &str = "local";

/// A configuration, read but not yet substituted.
#[derive(Debug, Clone)]
pub struct Config {
    source: Source,
    variables: Variables,
    directory: PathBuf,
    words: MaskWords,
    default_environment: Option<Spanned<Arc<str>>>,
    environments: Mapping,
    environments_span: Span,
    jobs: Mapping,
    jobs_span: Span,
    runs: Option<Entry>,
    packages: Vec<Spanned<PathBuf>>,
}

impl Config {
    pub(super) fn read(source: &Source, variables: &Variables) -> (Self, Vec<Diagnostic>) {
        let (node, mut findings) = yaml::read(source);
        let directory = Path::new(&*source.name).parent().map(Path::to_path_buf).unwrap_or_default();
        let top = source.span().before();
        let mut config = Self {
            source: source.clone(),
            variables: variables.clone(),
            directory,
            words: MaskWords::default(),
            default_environment: None,
            environments: Mapping::new(),
            environments_span: top,
            jobs: Mapping::new(),
            jobs_span: top,
            runs: None,
            packages: Vec::new(),
        };
        if !node.is_null() {
            findings.extend(config.take_in(&node));
        }
        (config, findings)
    }

    /// Reads the top level.
    fn take_in(&mut self, node: &Node) -> Vec<Diagnostic> {
        let this = self.clone();
        let mut reading = this.reading(false);
        let top = Field { key: "vmflow.yaml", key_span: node.span, node };
        let Some(map) = reading.map(top) else { return reading.findings };
        reading.check_keys_or(map, KEYS, "a configuration", of_environments);
        if let Some(mask) = field(map, "mask") {
            let words = reading.items(mask, "a list of words");
            self.words = MaskWords::with(words.into_iter().filter_map(|word| reading.name(word)));
        }
        if let Some(field) = named(map, "environments") {
            self.environments_span = field.key_span;
            self.environments = reading.map(field).cloned().unwrap_or_default();
            self.jobs = jobs_among(&mut reading, &mut self.environments);
        }
        if let Some(field) = field(map, "default_environment") {
            let name = reading.name(field);
            self.default_environment = name.map(|name| Spanned::new(name, field.node.span));
        }
        if let Some(field) = named(map, "jobs") {
            self.jobs_span = field.key_span;
            self.jobs = jobs(&mut reading, field);
        }
        self.runs = map.get("runs").cloned();
        if let Some(field) = field(map, "packages") {
            let items = reading.items(field, "a list of folders").into_iter();
            self.packages = items.filter_map(|item| Some(Spanned::new(reading.path(item)?, item.node.span))).collect();
        }
        let mut findings = reading.findings;
        let mut lenient = this.reading(true);
        self.read_runs(&mut lenient);
        findings.extend(lenient.findings);
        findings.extend(self.unknown_default());
        findings
    }

    fn unknown_default(&self) -> Option<Diagnostic> {
        let default = self.default_environment.as_ref()?;
        if self.environments.contains_key(&default.node) {
            return None;
        }
        let message = format!("no environment `{}`", default.node);
        Some(Diagnostic::new(&codes::VF701, default.span, message).help(self.environments_help(&default.node)))
    }

    fn environments_help(&self, name: &str) -> String {
        suggest(name, self.environment_names(), "environments")
    }

    pub(super) fn reading(&self, lenient: bool) -> Reading<'_> {
        Reading {
            source: &self.source,
            variables: &self.variables,
            words: &self.words,
            directory: &self.directory,
            lenient,
            findings: Vec::new(),
            secrets: Vec::new(),
        }
    }

    /// The text that spans of this configuration point into.
    pub const fn source(&self) -> &Source {
        &self.source
    }

    /// What paths in the configuration are relative to.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Where runs are recorded; `None` when none are to be. The error says what is wrong with that, or missing.
    pub fn runs(&self) -> Result<Option<Runs>, Vec<Diagnostic>> {
        let mut reading = self.reading(false);
        let read = self.read_runs(&mut reading);
        // What is only doubtful was told when the file was read.
        finish(read, reading.findings).map(|(runs, _)| runs)
    }

    #[allow(clippy::option_option, reason = "a setting is wrong, off or given: three cases")]
    fn read_runs(&self, reading: &mut Reading<'_>) -> Option<Option<Runs>> {
        let default = self.directory.join(".vmflow").join("runs.db");
        let Some(entry) = &self.runs else { return Some(Some(Runs::File(default))) };
        runs(reading, Field { key: "runs", key_span: entry.key_span, node: &entry.value }, default)
    }

    /// The words that make a key sensitive in this project.
    pub const fn mask_words(&self) -> &MaskWords {
        &self.words
    }

    /// The names of all environments, in the file's order.
    pub fn environment_names(&self) -> impl Iterator<Item = &str> + Clone {
        self.environments.keys().map(|name| &**name)
    }

    /// The ids of all jobs, in the file's order.
    pub fn job_ids(&self) -> impl Iterator<Item = &str> + Clone {
        self.jobs.keys().map(|id| &**id)
    }

    /// The folders that are named as packages, in the file's order, with where each is named.
    pub fn packages(&self) -> &[Spanned<PathBuf>] {
        &self.packages
    }

    /// Which environment to use: `flag` (`--env`), else `VMFLOW_ENV`, else `VM_JOBS_ENVIRONMENT`, else the
    /// job's own, else `default_environment`. A project without any environment has an empty `local`.
    ///
    /// The error names the environments there are.
    pub fn choose_environment(&self, flag: Option<&str>, job: Option<&Job>) -> Result<Arc<str>, Vec<Diagnostic>> {
        let top = self.environments_span;
        let variable = || ENVIRONMENT_VARIABLES.iter().find_map(|name| Some((self.variables.set(name)?, *name)));
        let outside = flag.map(|flag| (flag, "--env")).or_else(variable);
        let inside = || job.and_then(|job| job.environment.as_ref()).or(self.default_environment.as_ref());
        let (name, span, origin) = match (outside, inside()) {
            (Some((name, origin)), _) => (name, top, format!(", which `{origin}` asks for")),
            (None, Some(name)) => (&*name.node, name.span, String::new()),
            (None, None) if self.environments.is_empty() => return Ok(Arc::from(ONLY_ENVIRONMENT)),
            (None, None) => {
                let finding = Diagnostic::new(&codes::VF701, top, "no environment is chosen");
                let all = list(self.environment_names());
                let help = format!("give `--env NAME`, or set `default_environment`; environments: {all}");
                return Err(vec![finding.help(help)]);
            }
        };
        if self.has_environment(name) {
            return Ok(Arc::from(name));
        }
        let finding = Diagnostic::new(&codes::VF701, span, format!("no environment `{name}`{origin}"));
        Err(vec![finding.help(self.environments_help(name))])
    }

    fn has_environment(&self, name: &str) -> bool {
        self.environments.contains_key(name) || (self.environments.is_empty() && name == ONLY_ENVIRONMENT)
    }

    /// The environment `name`: what it extends merged in, its variables filled in, everything typed. The
    /// error holds all that is wrong and all that is missing.
    pub fn environment(&self, name: &str) -> Result<Environment, Vec<Diagnostic>> {
        self.environment_for(name, &|_| true)
    }

    /// The same with those connections alone whose names are `wanted`: what the others lack, a variable
    /// say, does not matter.
    pub fn environment_for(&self, name: &str, wanted: &dyn Fn(&str) -> bool) -> Result<Environment, Vec<Diagnostic>> {
        let mut reading = self.reading(false);
        let read = self.read_environment(&mut reading, name, wanted);
        match finish(read, reading.findings) {
            Ok((environment, warnings)) => {
                let secrets = reading.secrets.into_iter().map(Secret::new).collect();
                Ok(Environment { warnings, secrets, ..environment })
            }
            Err(findings) => Err(findings),
        }
    }

    /// What the file tells of the connections of the environment `name`, without its variables.
    pub fn outlines(&self, name: &str) -> Vec<ConnectionOutline> {
        let mut reading = self.reading(true);
        environment::merged(&mut reading, &self.environments, name)
            .and_then(|node| environment::outlines(&node))
            .unwrap_or_default()
    }

    /// Every setting of the environment `name`, masked, with where it comes from. A variable that is not set is no error here.
    pub fn settings(&self, name: &str) -> Result<Vec<Setting>, Vec<Diagnostic>> {
        if !self.environments.contains_key(name) && self.has_environment(name) {
            return Ok(Vec::new());
        }
        let mut reading = self.reading(true);
        match environment::merged(&mut reading, &self.environments, name) {
            Some(node) => Ok(origin::settings(&mut reading, &node, &self.environments)),
            None => Err(reading.findings),
        }
    }

    fn read_environment(
        &self,
        reading: &mut Reading<'_>,
        name: &str,
        wanted: &dyn Fn(&str) -> bool,
    ) -> Option<Environment> {
        if !self.environments.contains_key(name) {
            if self.has_environment(name) {
                return environment::environment(reading, name, &Mapping::new(), wanted);
            }
            reading.report(self.environments_span, format!("no environment `{name}`"), self.environments_help(name));
            return None;
        }
        let node = environment::merged(reading, &self.environments, name)?;
        environment::environment(reading, name, node.as_map()?, wanted)
    }

    /// The job `id`, its variables filled in, everything typed. The error holds all that is wrong.
    pub fn job(&self, id: &str) -> Result<Job, Vec<Diagnostic>> {
        let Some(field) = field(&self.jobs, id) else {
            let finding = Diagnostic::new(&codes::VF701, self.jobs_span, format!("no job `{id}`"));
            return Err(vec![finding.help(suggest(id, self.job_ids(), "jobs"))]);
        };
        let mut reading = self.reading(false);
        let read = self.read_job(&mut reading, field);
        let (job, warnings) = finish(read, reading.findings)?;
        Ok(Job { warnings, ..job })
    }

    fn read_job(&self, reading: &mut Reading<'_>, field: Field<'_>) -> Option<Job> {
        let known: Vec<&str> = self.job_ids().collect();
        let job = job::job(reading, field, &known);
        self.in_an_environment(reading, job)
    }

    /// The job, if there is the environment that it names.
    pub(super) fn in_an_environment(&self, reading: &mut Reading<'_>, job: Option<Job>) -> Option<Job> {
        if let Some(environment) = job.as_ref().and_then(|job| job.environment.as_ref())
            && !self.has_environment(&environment.node)
        {
            let help = self.environments_help(&environment.node);
            reading.report(environment.span, format!("no environment `{}`", environment.node), help);
            return None;
        }
        job
    }

    /// Everything that is wrong in any environment and any job, as far as that can be told without the
    /// variables that are not set here.
    pub fn check(&self) -> Vec<Diagnostic> {
        let mut reading = self.reading(true);
        for name in self.environment_names() {
            let _ = self.read_environment(&mut reading, name, &|_| true);
        }
        let jobs: Vec<Job> = fields(&self.jobs).filter_map(|field| self.read_job(&mut reading, field)).collect();
        reading.findings.extend(waiting_in_circles(&jobs));
        let mut findings = reading.findings;
        crate::diagnostic::sort(&mut findings);
        findings
    }
}

/// A value with its warnings, or all findings when there is an error among them.
pub(super) fn finish<T>(read: Option<T>, findings: Vec<Diagnostic>) -> Result<(T, Vec<Diagnostic>), Vec<Diagnostic>> {
    match read {
        Some(value) if findings.iter().all(|finding| finding.severity != Severity::Error) => Ok((value, findings)),
        _ => Err(findings),
    }
}

/// The field `key`, or the one that was written for it, which is told as such.
fn named<'n>(map: &'n Mapping, key: &str) -> Option<Field<'n>> {
    let is_meant = |field: &Field<'_>| !KEYS.contains(&field.key) && meant(field.key, &[key]).is_some();
    field(map, key).or_else(|| fields(map).find(is_meant))
}

/// Takes the jobs out of the environments, where they stand when the line `jobs:` is missing: one finding.
fn jobs_among(reading: &mut Reading<'_>, environments: &mut Mapping) -> Mapping {
    let is_job = |entry: &Entry| {
        let has = |key| entry.value.as_map().is_some_and(|map| field(map, key).is_some());
        has("workflow") && !has("connections") && !has("extends")
    };
    let (jobs, rest): (Mapping, Mapping) =
        std::mem::take(environments).into_iter().partition(|(_, entry)| is_job(entry));
    *environments = rest;
    if let Some(first) = fields(&jobs).next() {
        let message = format!("the job `{}` stands among the environments", first.key);
        reading.report(first.key_span, message, "write the line `jobs:` above the jobs");
    }
    jobs
}

/// Jobs as a map, or as a list whose items have an `id`.
pub(super) fn jobs(reading: &mut Reading<'_>, jobs: Field<'_>) -> Mapping {
    if let Content::Map(map) = &jobs.node.content {
        for named in fields(map) {
            if let Some(id) = named.node.as_map().and_then(|job| field(job, "id")) {
                reading.report(id.key_span, format!("job `{}` has its id as its key", named.key), "remove the `id`");
            }
        }
        return map.clone();
    }
    let mut all = Mapping::new();
    for item in reading.items(jobs, "a map of jobs, or a list of jobs with an `id`") {
        let Some(map) = reading.map(item) else { continue };
        let Some(id) = reading.required(map, "id", item.node.span, "a job in a list") else { continue };
        let Some(name) = reading.name(id) else { continue };
        if all.contains_key(&name) {
            reading.report(id.node.span, format!("job `{name}` is given twice"), "keep one of them");
            continue;
        }
        all.insert(name, Entry { key_span: id.node.span, value: item.node.clone() });
    }
    all
}

/// A finding for each job that waits for itself by way of others.
pub fn waiting_in_circles(jobs: &[Job]) -> Vec<Diagnostic> {
    let places: HashMap<&str, usize> = jobs.iter().enumerate().map(|(at, job)| (&*job.id, at)).collect();
    let mut graph = petgraph::Graph::<&Job, Span>::new();
    let nodes: Vec<_> = jobs.iter().map(|job| graph.add_node(job)).collect();
    for (job, from) in jobs.iter().zip(&nodes) {
        for earlier in &job.after {
            if let Some(to) = places.get(&*earlier.node).and_then(|at| nodes.get(*at)) {
                graph.add_edge(*from, *to, earlier.span);
            }
        }
    }
    let circles = petgraph::algo::kosaraju_scc(&graph).into_iter().filter(|circle| circle.len() > 1);
    circles.filter_map(|circle| circle_finding(&graph, &circle)).collect()
}

fn circle_finding(graph: &petgraph::Graph<&Job, Span>, circle: &[petgraph::graph::NodeIndex]) -> Option<Diagnostic> {
    let mut members: Vec<&Job> = circle.iter().filter_map(|at| graph.node_weight(*at).copied()).collect();
    members.sort_by_key(|job| job.span);
    let ids: Vec<String> = members.iter().map(|job| format!("`{}`", job.id)).collect();
    let first = members.first()?;
    let span = first.after.iter().find(|after| members.iter().any(|job| job.id == after.node))?.span;
    let message = format!("jobs wait for each other: {}", ids.join(", "));
    Some(Diagnostic::new(&codes::VF701, span, message).help("remove one of them from an `after`"))
}
