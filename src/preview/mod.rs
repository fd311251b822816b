//! Plans: what a run would write, put together from what a run without writes came to.
//!
//! A [`Plan`] is plain data. It is shown, it is saved as JSON of a stated version, and two of them are compared: a run of
//! a saved plan is refused when planning it again gives another one. It holds no secret and a bounded number of
//! examples; digests stand for the rest.

mod compare;
mod gather;
mod group;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

pub use compare::differences;
pub use gather::{Basis, gather, outline};
pub use group::{Group, Item};

use crate::connection::preview::Counts;
use crate::run::RunStatus;

/// The version of the saved form. Another one is refused.
pub const VERSION: u32 = 1;

/// What a run would do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The version of this form.
    pub vmflow_plan: u32,
    /// The program that made it.
    pub vmflow: String,
    /// What was asked for: a file, `FILE:WORKFLOW`, or the id of a job.
    pub target: String,
    /// The workflow's name.
    pub workflow: String,
    /// The job's id.
    pub job_id: Option<String>,
    /// The environment.
    pub environment: String,
    /// `run.id`, also of the run that carries the plan out.
    pub run_id: String,
    /// `run.now`, likewise; RFC 3339.
    pub now: String,
    /// The arguments of the command line, without secrets.
    pub given: IndexMap<String, Given>,
    /// A digest of every text that the program comes from, and of where its connections lead.
    pub program: String,
    /// Whether nothing was read: only the structure is known then.
    pub offline: bool,
    /// How the run would end, as far as reading tells.
    pub status: RunStatus,
    /// The same in a sentence.
    pub message: String,
    /// The parameters in force.
    pub params: Map<String, Json>,
    /// In numbers.
    pub summary: Summary,
    /// The writes, in the order of the file.
    pub writes: Vec<Group>,
    /// The outputs that do not follow from a write.
    pub outputs: Map<String, Json>,
    /// The outputs that are known after the run.
    pub unknown_outputs: Vec<String>,
    /// Checks of which it is not known whether they hold.
    pub unknown_checks: Vec<Told>,
    /// Reads that come after a write to the same connection, and see what was there before it.
    pub reads_before_writes: Vec<Told>,
    /// What runs only if the run fails: the writes of `failed { … }`.
    pub if_failed: Vec<Group>,
    /// Items that would fail while others go on, and how many there are.
    pub failures: Vec<Failure>,
    /// How many more there are.
    pub failures_left_out: u64,
    /// Why the run would fail.
    pub error: Option<Failure>,
    /// What is odd without stopping the run.
    pub warnings: Vec<Told>,
}

/// An argument of the command line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Given {
    /// As written behind `-p name=`.
    Text(String),
    /// From a file of parameters.
    Json(Json),
}

/// A plan in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Rows, samples and requests that would be written.
    pub to_write: u64,
    /// Rows and samples that are there as they are given.
    pub unchanged: u64,
    /// Samples in the place of which another value is stored, which are to be written, rows to insert whose key is taken,
    /// samples that the store would drop.
    pub conflicting: u64,
    /// Writes of which it is not known what they do.
    pub unknown: u64,
}

/// Something about a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The step, after the steps around it, joined with dots.
    pub step: String,
    /// What.
    pub message: String,
}

/// A step that would fail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The step, after the steps around it, joined with dots.
    pub step: String,
    /// The items of the loops around it.
    pub item: Option<String>,
    /// The family of failure.
    pub kind: String,
    /// What happened.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Summary {
    fn of(groups: &[Group]) -> Self {
        let counts = groups.iter().fold(Counts::default(), |sum, group| sum.plus(group.counts));
        Self {
            to_write: counts.changes(),
            unchanged: counts.unchanged,
            conflicting: counts.conflicting + counts.taken + counts.beyond,
            unknown: groups.iter().map(|group| group.unknown).sum(),
        }
    }
}

impl Plan {
    /// Whether a run would leave everything as it is, as far as that is known.
    pub const fn has_changes(&self) -> bool {
        let Summary { to_write, conflicting, unknown, .. } = self.summary;
        to_write + conflicting + unknown > 0
    }

    /// The whole as one JSON document.
    pub fn to_json(&self) -> Json {
        // Its keys are texts, so it has a JSON form.
        serde_json::to_value(self).unwrap_or_default()
    }

    /// Reads a saved plan; the error is one line for people.
    pub fn from_json(text: &str) -> Result<Self, String> {
        let json: Json = serde_json::from_str(text).map_err(|error| format!("it is no JSON: {error}"))?;
        match json.get("vmflow_plan").and_then(Json::as_u64) {
            None => return Err("it is no plan of vmflow's: it has no `vmflow_plan`".to_owned()),
            Some(version) if version != u64::from(VERSION) => {
                return Err(format!(
                    "it is a plan of version {version}, and this vmflow reads version {VERSION}; plan again"
                ));
            }
            Some(_) => {}
        }
        let plan: Self = serde_json::from_value(json).map_err(|error| format!("it is no whole plan: {error}"))?;
        if plan.offline {
            return Err("it was made with `--offline` and knows of no data; plan again without it".to_owned());
        }
        Ok(plan)
    }
}
