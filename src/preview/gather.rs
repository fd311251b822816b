//! From what a run without writes came to, to a plan.

use std::collections::HashMap;
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Map, Value as Json};

use super::group::groups;
use super::{Failure, Given, Plan, Summary, Told, VERSION};
use crate::check::program::{Program, Workflow};
use crate::run::{ItemFailure, Noted, Notes, Rank, RunError, RunOutcome, RunStatus, RunWarning, Write, written_by};
use crate::value::{Timestamp, Value, to_json};

/// How many failed items are told one by one.
const MOST_FAILURES: usize = 100;

/// What a plan is made of, apart from what the run came to.
#[derive(Debug, Clone)]
pub struct Basis {
    /// What was asked for.
    pub target: String,
    /// The job's id.
    pub job_id: Option<Arc<str>>,
    /// The environment.
    pub environment: Arc<str>,
    /// `run.id`.
    pub run_id: String,
    /// `run.now`.
    pub now: Timestamp,
    /// The arguments of the command line.
    pub given: IndexMap<String, Given>,
    /// A digest of the program and of where its connections lead.
    pub program: String,
}

/// The plan of a workflow from the run without writes.
pub fn gather(basis: Basis, program: &Program, workflow: &Workflow, outcome: &RunOutcome, notes: Notes) -> Plan {
    let reads_before_writes = reads_before_writes(&notes);
    let writes = groups(notes.writes);
    let is_over = outcome.status != RunStatus::Failed && outcome.status != RunStatus::Cancelled;
    let unknown = workflow.outputs.iter().filter(|output| is_over && !outcome.outputs.contains_key(&output.name));
    let failures = outcome.failures.iter().take(MOST_FAILURES).map(item_failure).collect();
    let has_failed = outcome.status == RunStatus::Failed;
    Plan {
        status: outcome.status,
        message: outcome.message.clone(),
        params: object(&outcome.params),
        summary: Summary::of(&writes),
        writes,
        outputs: object(&outcome.outputs),
        unknown_outputs: unknown.map(|output| output.name.to_string()).collect(),
        unknown_checks: once_each(notes.checks.into_iter().map(|noted| (noted.step, noted.what))),
        reads_before_writes,
        if_failed: if has_failed { Vec::new() } else { if_failed(program, workflow) },
        failures,
        failures_left_out: outcome.failures.len().saturating_sub(MOST_FAILURES) as u64,
        error: outcome.error.as_ref().map(failure),
        warnings: outcome.warnings.iter().map(warning).collect(),
        ..empty(basis, workflow)
    }
}

/// The plan of a workflow as its text has it: which writes may happen. Nothing is read.
pub fn outline(basis: Basis, program: &Program, workflow: &Workflow, params: Map<String, Json>) -> Plan {
    let is_failed = |noted: &Noted<Write>| noted.step.first().is_some_and(|first| first == "failed");
    let (failed, writes) = written_by(program, workflow).into_iter().partition::<Vec<_>, _>(is_failed);
    let writes = groups(writes);
    Plan {
        offline: true,
        message: "nothing was read".to_owned(),
        params,
        summary: Summary::of(&writes),
        writes,
        if_failed: groups(failed),
        unknown_outputs: workflow.outputs.iter().map(|output| output.name.to_string()).collect(),
        ..empty(basis, workflow)
    }
}

fn empty(basis: Basis, workflow: &Workflow) -> Plan {
    Plan {
        vmflow_plan: VERSION,
        vmflow: env!("CARGO_PKG_VERSION").to_owned(),
        target: basis.target,
        workflow: workflow.name.to_string(),
        job_id: basis.job_id.map(|id| id.to_string()),
        environment: basis.environment.to_string(),
        run_id: basis.run_id,
        now: basis.now.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true),
        given: basis.given,
        program: basis.program,
        offline: false,
        status: RunStatus::Success,
        message: String::new(),
        params: Map::new(),
        summary: Summary::default(),
        writes: Vec::new(),
        outputs: Map::new(),
        unknown_outputs: Vec::new(),
        unknown_checks: Vec::new(),
        reads_before_writes: Vec::new(),
        if_failed: Vec::new(),
        failures: Vec::new(),
        failures_left_out: 0,
        error: None,
        warnings: Vec::new(),
    }
}

fn if_failed(program: &Program, workflow: &Workflow) -> Vec<super::Group> {
    let is_its = |noted: &Noted<Write>| noted.step.first().is_some_and(|first| first == "failed");
    groups(written_by(program, workflow).into_iter().filter(is_its).collect())
}

fn object(values: &IndexMap<Arc<str>, Value>) -> Map<String, Json> {
    values.iter().map(|(name, value)| (name.to_string(), to_json(value))).collect()
}

/// Reads that come after a write through their connection, which is not made here.
fn reads_before_writes(notes: &Notes) -> Vec<Told> {
    let mut first: HashMap<&str, (&Rank, String)> = HashMap::new();
    for noted in &notes.writes {
        let changes = noted.what.change.counts.changes() > 0 || noted.what.change.unknown.is_some();
        if let Some(connection) = noted.what.connection.as_deref().filter(|_| changes) {
            first.entry(connection).or_insert_with(|| (&noted.rank, noted.step.join(".")));
        }
    }
    let late = notes.reads.iter().filter_map(|read| {
        let (rank, writer) = first.get(read.what.as_str())?;
        let message = format!("it reads `{}` as it was before `{writer}` writes to it", read.what);
        (**rank < read.rank).then(|| (read.step.clone(), message))
    });
    once_each(late)
}

/// Each step once, whatever the number of its loop items.
fn once_each(told: impl Iterator<Item = (Vec<String>, String)>) -> Vec<Told> {
    let told: IndexMap<(String, String), ()> = told.map(|(step, message)| ((step.join("."), message), ())).collect();
    told.into_keys().map(|(step, message)| Told { step, message }).collect()
}

fn item_failure(failed: &ItemFailure) -> Failure {
    Failure {
        step: failed.step.join("."),
        item: Some(failed.item.clone()),
        kind: failed.error.kind.name().to_owned(),
        message: failed.error.message.clone(),
        help: failed.error.help.clone(),
    }
}

fn failure(error: &RunError) -> Failure {
    Failure {
        step: error.step.join("."),
        item: error.item.clone(),
        kind: error.kind.name().to_owned(),
        message: error.message.clone(),
        help: error.help.clone(),
    }
}

fn warning(warning: &RunWarning) -> Told {
    Told { step: warning.step.clone().unwrap_or_default(), message: warning.message.clone() }
}
