//! What a run tells while it goes on.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::outcome::{ErrorReport, RunStatus, StepStatus};
use crate::source::Span;
use crate::value::Value;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunEvent {
    /// When; in JSON as RFC 3339.
    #[serde(with = "rfc3339")]
    pub at: DateTime<Utc>,
    /// What.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// Which step, and which loop item of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepPlace {
    /// The step's name after those of the steps around it: `["copied", "stored"]`.
    pub path: Vec<String>,
    /// The items of the loops around it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
}

/// The kinds of event. Steps inside a loop's body tell only how a read or a write ended, so that a long
/// loop stays readable; a loop tells its progress about a hundred times.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum EventKind {
    /// The run started; parameters were accepted.
    RunStarted {
        /// The run's id.
        run_id: String,
        /// The workflow's name.
        workflow: String,
        /// The shown steps, in the order of the file.
        steps: Vec<String>,
    },
    /// A step started.
    StepStarted {
        /// Which.
        #[serde(flatten)]
        step: StepPlace,
    },
    /// An attempt failed, and another one follows.
    AttemptFailed {
        /// Which step.
        #[serde(flatten)]
        step: StepPlace,
        /// Which attempt, from 1.
        attempt: u32,
        /// Why.
        error: ErrorReport,
        /// How long until the next attempt, in milliseconds.
        retry_in_ms: u64,
    },
    /// A step ended.
    StepFinished {
        /// Which.
        #[serde(flatten)]
        step: StepPlace,
        /// How.
        status: StepStatus,
        /// How many attempts it made.
        attempts: u32,
        /// Whether its value is one that an earlier run kept.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        cached: bool,
        /// Whether its value is that of an earlier attempt at the run.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        recorded: bool,
        /// How long it took.
        duration_ms: u64,
        /// Why it failed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<ErrorReport>,
    },
    /// A step is done again that an earlier attempt at the run had come to.
    Redone {
        /// Which.
        #[serde(flatten)]
        step: StepPlace,
        /// Why what is on record of it does not do.
        why: String,
    },
    /// A loop went on.
    LoopProgress {
        /// Which.
        #[serde(flatten)]
        step: StepPlace,
        /// Items that are over, well or not.
        done: u64,
        /// All items.
        total: u64,
        /// Items that failed.
        failed: u64,
    },
    /// Something that does not stop the run.
    Warning {
        /// Which step.
        #[serde(flatten)]
        step: StepPlace,
        /// What.
        message: String,
    },
    /// A step asks something of a connection. Told only to those who [want to hear of it](EventSink::wants_questions).
    Asked {
        /// Which step.
        #[serde(flatten)]
        step: StepPlace,
        /// What, in a line, shortened.
        asked: String,
    },
    /// The workflow said something with `log`.
    Logged {
        /// Which step.
        #[serde(flatten)]
        step: StepPlace,
        /// A line.
        line: String,
    },
    /// An external program said something on stderr.
    Said {
        /// Which step.
        #[serde(flatten)]
        step: StepPlace,
        /// A line.
        line: String,
    },
    /// The run ended.
    RunFinished {
        /// How.
        status: RunStatus,
        /// In a sentence.
        message: String,
        /// How long it took.
        duration_ms: u64,
    },
}

mod rfc3339 {
    use chrono::{DateTime, SecondsFormat, Utc};
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(at: &DateTime<Utc>, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&at.to_rfc3339_opts(SecondsFormat::Millis, true))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<DateTime<Utc>, D::Error> {
        let text = String::deserialize(from)?;
        DateTime::parse_from_rfc3339(&text).map(|at| at.with_timezone(&Utc)).map_err(de::Error::custom)
    }
}

/// Takes events in. Called from many tasks; must not block.
pub trait EventSink: Send + Sync {
    /// Takes an event.
    fn emit(&self, event: RunEvent);

    /// Takes note that a step began, that a block came to its `yield`, that a value stood in for a failure, that one side of
    /// an `if` was taken, or the default behind `??`: what tests are measured by.
    fn visit(&self, _place: Span) {}

    /// Whether [`EventKind::Asked`] is to be told: a text for each call would be made for nobody otherwise.
    fn wants_questions(&self) -> bool {
        false
    }

    /// Takes note of what a step gave, of inner steps too. Asking for the place makes it.
    fn gave(&self, _place: &dyn Fn() -> StepPlace, _value: &Value) {}
}

/// A function that takes events.
impl<F: Fn(RunEvent) + Send + Sync> EventSink for F {
    fn emit(&self, event: RunEvent) {
        self(event);
    }
}
