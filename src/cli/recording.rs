//! What a run is recorded with: where, from which texts, against which connections.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::execution::{How, Kept, Ready};
use super::prepare::Prepared;
use super::project::{Project, refuse};
use super::terminal::Terminal;
use super::{Exit, connect};
use crate::check::modules::Modules;
use crate::config::{Config, Environment, Redactor, Runs};
use crate::connection::Clock;
use crate::diagnostic::Diagnostic;
use crate::store::{Begin, Mask, PostgresStore, Program, Recorder, RunStore, SqliteStore, Story, Text, Warn, hash_of};
use crate::value::{Value, to_kept};

/// The settings of a connection that say where it leads.
const LEADS: [&str; 8] = ["kind", "path", "url", "read_url", "write_url", "base_url", "host", "database"];

/// What stands for a program and for where its connections lead, and where that is recorded.
pub(super) struct Recording {
    /// Where; what is wrong with that keeps a run from beginning, and a plan from nothing.
    runs: Result<Option<Runs>, Vec<Diagnostic>>,
    program: Program,
    connections: String,
}

impl Recording {
    pub(super) fn of(config: &Config, modules: &Modules, environment: &Environment) -> Self {
        let connections = leads(config.directory(), environment);
        Self { runs: config.runs(), program: texts(modules), connections }
    }

    /// Whether the connections lead where they led a run that was recorded as this.
    pub(super) fn leads_to(&self, recorded: &Begin) -> bool {
        self.connections == recorded.connections
    }

    /// Records a run that begins, and where; `None` when runs are not recorded here. What is wrong has been told.
    pub(super) fn begin(
        &self,
        how: &How,
        prepared: &Prepared,
        id: Uuid,
        clock: &dyn Clock,
        (terminal, ready): (&Terminal, &Ready),
        project: &mut Project,
    ) -> Result<Option<Kept>, Exit> {
        let Some(runs) = project.accept(self.runs.clone()) else {
            project.tell(terminal);
            return Err(Exit::Environment);
        };
        let Some(runs) = runs else { return Ok(None) };
        let store = open(&runs).map_err(|why| refuse(terminal, Exit::Environment, &why))?;
        let begin = Begin {
            id,
            workflow: prepared.plan.workflow.name.to_string(),
            job: prepared.job.as_ref().map(|job| job.id.to_string()),
            target: prepared.target.clone(),
            environment: prepared.environment.name.to_string(),
            connections: self.connections.clone(),
            program_hash: hash_of(&serde_json::to_string(&self.program).unwrap_or_default()),
            program: self.program.clone(),
            params: Json::Null,
            now: to_kept(&Value::Timestamp(prepared.now)).unwrap_or_default(),
            trigger: how.trigger.to_owned(),
            batch: how.batch,
            in_place_of: how.in_place_of,
            worker: worker(),
            started_at: clock.now().timestamp_millis(),
            told: None,
        };
        let story = (!ready.sinks.is_empty()).then(|| Story::of(&begin, 1, how.traceparent.clone()));
        let (mask, warn, on) = (mask(&ready.redactor), warn(*terminal), ready.runtime.handle());
        let recorder = Recorder::of_new(store.clone(), begin, mask, warn, on).telling(story);
        Ok(Some((Arc::new(recorder), store)))
    }
}

/// The store of runs; nothing is touched before its first use.
pub(super) fn open(runs: &Runs) -> Result<Arc<dyn RunStore>, String> {
    Ok(match runs {
        Runs::File(path) => Arc::new(SqliteStore::at(path)),
        Runs::Postgres { address, tls, schema, lease_ms } => {
            let (server, lease) = (connect::server(address, *tls), Duration::from_millis(*lease_ms));
            Arc::new(PostgresStore::in_schema(&server, schema, lease).map_err(|error| error.message)?)
        }
    })
}

/// Who runs it, for people: the machine and the process.
pub(super) fn worker() -> String {
    let uname = rustix::system::uname();
    format!("{}:{}", uname.nodename().to_string_lossy(), std::process::id())
}

/// Takes the environment's secrets out of all that is recorded.
pub(super) fn mask(redactor: &Arc<Redactor>) -> Mask {
    let redactor = redactor.clone();
    Arc::new(move |text| redactor.redact(text).into_owned())
}

/// Tells of a record that broke off as of any warning.
pub(super) fn warn(terminal: Terminal) -> Warn {
    Arc::new(move |line| {
        if terminal.verbosity > -2 {
            terminal.tell(&format!("vmflow: warning: {line}"));
        }
    })
}

/// The texts that a program was made from; the standard library is part of vmflow.
fn texts(modules: &Modules) -> Program {
    let text = |path: &Path, text: &str| Text { path: path.display().to_string(), text: text.to_owned() };
    let roots = modules.all.iter().filter(|module| module.is_root);
    let others = modules.all.iter().filter(|module| !module.is_root);
    let files = roots.chain(others).filter_map(|module| Some(text(module.path()?, &module.source.text)));
    let programs = modules.programs.iter().filter_map(|(path, found)| Some(text(path, found.as_ref().ok()?)));
    let mut programs: Vec<Text> = programs.collect();
    programs.sort_by(|a, b| a.path.cmp(&b.path));
    Program { files: files.collect(), programs, is_whole: true }
}

/// What stands for where the connections lead. Passwords and limits may change while a run waits to go on.
fn leads(directory: &Path, environment: &Environment) -> String {
    let shown = environment.masked_json();
    let place = |value: &Json| match value.as_str().map(Path::new).and_then(|path| path.strip_prefix(directory).ok()) {
        Some(below) => json!(below.display().to_string()),
        None => value.clone(),
    };
    let connections = shown.get("connections").and_then(Json::as_object).into_iter().flatten();
    let connections = connections.map(|(name, settings)| {
        let settings = settings.as_object().into_iter().flatten();
        let leading = settings.filter(|(key, _)| LEADS.contains(&key.as_str()));
        let leading: Map<String, Json> = leading.map(|(key, value)| (key.clone(), place(value))).collect();
        (name.clone(), Json::Object(leading))
    });
    hash_of(&Json::Object(connections.collect()).to_string())
}
