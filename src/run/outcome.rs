//! What a run gives back.

use std::sync::Arc;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use super::fault::Fault;
use crate::plan::BindError;
use crate::source::Span;
use crate::value::{ErrorKind, StepError, Timestamp, Value, to_json};

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Everything went well.
    Success,
    /// Items of a loop with `on failure continue` failed; all else went well.
    Partial,
    /// A step failed, or the parameters were refused.
    Failed,
    /// It was interrupted.
    Cancelled,
}

impl RunStatus {
    /// The word in results and in `run.status`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Partial => "partial",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepStatus {
    /// Well.
    Success,
    /// A loop some of whose items failed under `on failure continue`.
    Partial,
    /// It failed, and `on failure` gave a value in its stead.
    Recovered,
    /// It failed.
    Failed,
    /// It was stopped.
    Cancelled,
    /// In a plan: its value is known only after the run.
    Unknown,
    /// It never started.
    Skipped,
}

impl StepStatus {
    /// The word in results.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Partial => "partial",
            Self::Recovered => "recovered",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Unknown => "unknown",
            Self::Skipped => "skipped",
        }
    }
}

/// A failure as events and steps carry it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorReport {
    /// The family of failure.
    pub kind: String,
    /// What happened.
    pub message: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl From<&StepError> for ErrorReport {
    fn from(error: &StepError) -> Self {
        Self { kind: error.kind.name().to_owned(), message: error.message.clone(), help: error.help.clone() }
    }
}

/// Why a run failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunError {
    /// The step, after the steps around it; empty when it was none.
    pub step: Vec<String>,
    /// The items of the loops around it.
    pub item: Option<String>,
    /// The family of failure.
    pub kind: ErrorKind,
    /// What happened.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// How many attempts the step made.
    pub attempts: u32,
    /// The smallest expression that failed.
    pub span: Option<Span>,
}

impl From<&Fault> for RunError {
    fn from(fault: &Fault) -> Self {
        Self {
            step: fault.path.iter().rev().map(ToString::to_string).collect(),
            item: fault.item.clone(),
            kind: fault.error.kind,
            message: fault.error.message.clone(),
            help: fault.error.help.clone(),
            attempts: fault.attempts,
            span: fault.span,
        }
    }
}

impl RunError {
    fn to_json(&self) -> Json {
        let step = (!self.step.is_empty()).then(|| self.step.join("."));
        json!({ "step": step, "item": self.item, "kind": self.kind.name(), "message": self.message, "help": self.help })
    }
}

/// How many items a loop walked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Items {
    /// All.
    pub total: u64,
    /// Those that went well.
    pub ok: u64,
    /// Those that failed.
    pub failed: u64,
}

/// How a step of the workflow went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepReport {
    /// Its name.
    pub name: Arc<str>,
    /// How it ended.
    pub status: StepStatus,
    /// How many attempts it made; 0 when it never started or its value was kept.
    pub attempts: u32,
    /// Whether its value is one that an earlier run kept.
    pub cached: bool,
    /// Whether its value is that of an earlier attempt at the run.
    pub recorded: bool,
    /// When it started.
    pub started_at: Option<Timestamp>,
    /// How long it took.
    pub duration_ms: u64,
    /// Why it failed.
    pub error: Option<ErrorReport>,
    /// The items, when it is a loop.
    pub items: Option<Items>,
}

impl StepReport {
    fn to_json(&self) -> Json {
        let mut json = json!({
            "name": &*self.name,
            "status": self.status.name(),
            "attempts": self.attempts,
            "started_at": self.started_at.map(instant),
            "duration_ms": self.duration_ms,
        });
        if let (Some(fields), true) = (json.as_object_mut(), self.cached) {
            fields.insert("cached".to_owned(), json!(true));
        }
        if let (Some(fields), true) = (json.as_object_mut(), self.recorded) {
            fields.insert("recorded".to_owned(), json!(true));
        }
        if let (Some(fields), Some(error)) = (json.as_object_mut(), &self.error) {
            fields.insert("error".to_owned(), json!(error));
        }
        if let (Some(fields), Some(items)) = (json.as_object_mut(), self.items) {
            fields.insert("items".to_owned(), json!({ "total": items.total, "ok": items.ok, "failed": items.failed }));
        }
        json
    }
}

/// Something that did not stop the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunWarning {
    /// The step, after the steps around it, joined with dots.
    pub step: Option<String>,
    /// The items of the loops around it.
    pub item: Option<String>,
    /// What.
    pub message: String,
}

/// A loop item that failed under `on failure continue`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemFailure {
    /// The loop, after the steps around it.
    pub step: Vec<String>,
    /// The item.
    pub item: String,
    /// Why.
    pub error: StepError,
}

impl ItemFailure {
    fn to_json(&self) -> Json {
        let StepError { kind, message, help, .. } = &self.error;
        json!({ "step": self.step.join("."), "item": self.item, "kind": kind.name(), "message": message, "help": help })
    }
}

/// What a run gives back.
#[derive(Debug, Clone, PartialEq)]
pub struct RunOutcome {
    /// How it ended.
    pub status: RunStatus,
    /// The same for people, in a sentence.
    pub message: String,
    /// Why it failed.
    pub error: Option<RunError>,
    /// Whether a write of its steps lasts; those of `failed` and `finally` do not count.
    pub has_written: bool,
    /// Whether a write keeps the run from going on of which nobody knows whether it happened.
    pub is_unsettled: bool,
    /// Why the parameters were refused, each; then nothing ran.
    pub refused: Vec<BindError>,
    /// The outputs that could be computed, in the order of the file.
    pub outputs: IndexMap<Arc<str>, Value>,
    /// The parameters in force, in the order of the file.
    pub params: IndexMap<Arc<str>, Value>,
    /// The shown steps, in the order of the file.
    pub steps: Vec<StepReport>,
    /// What did not stop the run.
    pub warnings: Vec<RunWarning>,
    /// The items of loops that failed while others went on.
    pub failures: Vec<ItemFailure>,
    /// When it started.
    pub started_at: Timestamp,
    /// When it ended.
    pub completed_at: Timestamp,
}

/// The outputs that every job may have; they stand beside `custom` in the result's `metrics`.
const COMMON: [&str; 4] = ["items_processed", "items_created", "items_updated", "items_skipped"];

impl RunOutcome {
    /// The exit code of a command that ran this: 0 well, 1 failed, 2 refused, 3 partial, 4 the environment was at
    /// fault from the start, 5 a defect of vmflow, 130 cancelled. A server that goes away after something was
    /// written is a failed run like any other, 1: whoever sees 4 may rely on nothing having happened.
    pub fn exit_code(&self) -> u8 {
        let is_untouched = !self.has_written;
        match (self.status, self.error.as_ref().map(|error| error.kind)) {
            (RunStatus::Success, _) => 0,
            (RunStatus::Partial, _) => 3,
            (RunStatus::Cancelled, _) => 130,
            (RunStatus::Failed, _) if !self.refused.is_empty() => 2,
            (RunStatus::Failed, Some(ErrorKind::Connection | ErrorKind::Configuration)) if is_untouched => 4,
            (RunStatus::Failed, Some(ErrorKind::Internal)) => 5,
            (RunStatus::Failed, _) => 1,
        }
    }

    /// The part of `run --format json` that the run itself knows: all but ids and configuration.
    pub fn to_json(&self) -> Json {
        json!({
            "status": self.status.name(),
            "message": self.message,
            "started_at": instant(self.started_at),
            "completed_at": instant(self.completed_at),
            "duration_ms": millis_between(self.started_at, self.completed_at),
            "params": object(&self.params),
            "metrics": self.metrics(),
            "outputs": object(&self.outputs),
            "steps": self.steps.iter().map(StepReport::to_json).collect::<Vec<_>>(),
            "warnings": self.warnings,
            "failures": self.failures.iter().map(ItemFailure::to_json).collect::<Vec<_>>(),
            "error": self.error.as_ref().map(RunError::to_json),
        })
    }

    fn metrics(&self) -> Json {
        let mut metrics = Map::new();
        for name in COMMON {
            metrics.insert(name.to_owned(), self.outputs.get(name).map_or_else(|| json!(0), to_json));
        }
        let custom = self.outputs.iter().filter(|(name, _)| !COMMON.contains(&&***name));
        let custom: Map<String, Json> = custom.map(|(name, value)| (name.to_string(), to_json(value))).collect();
        metrics.insert("custom".to_owned(), Json::Object(custom));
        Json::Object(metrics)
    }
}

fn object(values: &IndexMap<Arc<str>, Value>) -> Json {
    Json::Object(values.iter().map(|(name, value)| (name.to_string(), to_json(value))).collect())
}

fn instant(at: Timestamp) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

/// Whole milliseconds from one instant to another; 0 when the clock was set back between them.
pub(crate) fn millis_between(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from((to - from).num_milliseconds()).unwrap_or(0)
}
