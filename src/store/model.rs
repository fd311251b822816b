//! What goes into a store and what comes out of it. Instants are milliseconds since 1970.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use uuid::Uuid;

use super::Status;

/// The texts that a run was made from, by what stands for them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Program {
    /// The files, the one that was asked for first.
    pub files: Vec<Text>,
    /// The programs of the user's own that its steps name.
    pub programs: Vec<Text>,
    /// Whether the texts are whole: one that held a secret is not, and cannot be run again.
    pub is_whole: bool,
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// Its path, as it was named.
    pub path: String,
    /// What it held.
    pub text: String,
}

/// A run that begins.
#[derive(Debug, Clone, PartialEq)]
pub struct Begin {
    /// Its id.
    pub id: Uuid,
    /// The workflow's name.
    pub workflow: String,
    /// The job's id.
    pub job: Option<String>,
    /// What was asked for, as it was written.
    pub target: String,
    /// The environment's name.
    pub environment: String,
    /// Stands for where the environment's connections lead, their secrets left out.
    pub connections: String,
    /// Stands for the program.
    pub program_hash: String,
    /// The program.
    pub program: Program,
    /// The parameters in force, each as it is kept; one that is not stands as `null` in a list of its own.
    pub params: Json,
    /// `run.now`, as it is kept.
    pub now: Json,
    /// What started it.
    pub trigger: String,
    /// The back-fill that it belongs to: one run of it has each instant.
    pub batch: Option<Uuid>,
    /// The run that had this instant of the back-fill so far, and whose record broke off.
    pub in_place_of: Option<Uuid>,
    /// Who runs it.
    pub worker: String,
    /// When it started.
    pub started_at: i64,
    /// What sinks are to be told of its start, as JSON.
    pub told: Option<String>,
}

/// Something to be added to a run.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// A step that is over.
    Step(StepRow),
    /// A write that is about to be made.
    Announced(StepRow),
    /// A value.
    Output {
        /// Stands for it.
        hash: String,
        /// As JSON.
        json: String,
    },
    /// Something that was told.
    Event(EventRow),
    /// Something that sinks are to be told, as JSON.
    Told(String),
}

/// The end of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    /// How it ended.
    pub status: Status,
    /// The same in a sentence.
    pub message: String,
    /// The whole result, as `vmflow run --format json` prints it.
    pub result: Json,
    /// When.
    pub at: i64,
    /// What sinks are to be told of it, as JSON.
    pub told: Option<String>,
}

/// How a recorded step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Well.
    Done,
    /// Badly.
    Failed,
    /// It was announced, and nothing more is known.
    Announced,
}

/// A step of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepRow {
    /// Tells it from the others of the run.
    pub key: String,
    /// Its name after those of the steps around it, joined with dots.
    pub path: String,
    /// The items of the loops around it.
    pub item: Option<String>,
    /// `pure`, `read`, `write`; `item` for an item of a loop.
    pub kind: String,
    /// How it ended.
    pub state: StepState,
    /// Stands for its code.
    pub code: String,
    /// Stands for what it looked at.
    pub input: String,
    /// Stands for its value.
    pub output: Option<String>,
    /// Why its value is not kept.
    pub withheld: Option<String>,
    /// Why it failed, as `{ kind, message, help }`.
    pub error: Option<Json>,
    /// How many attempts it made.
    pub attempts: u32,
    /// Each of them, when there were several; one alone is what the rest of the row says.
    #[serde(default)]
    pub tried: Vec<Attempt>,
    /// When it began.
    pub started_at: i64,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
    /// Which attempt at the run it belongs to, from 1.
    pub epoch: u32,
}

/// An attempt of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Which, from 1.
    pub number: u32,
    /// When it began.
    pub started_at: i64,
    /// When it ended.
    pub ended_at: i64,
    /// Why it failed, as `{ kind, message, help }`.
    pub error: Option<Json>,
    /// How long the next one was waited for, in milliseconds.
    pub wait_ms: Option<u64>,
}

impl StepRow {
    /// The attempts, also when there was one; none when it never began.
    pub fn all_attempts(&self) -> Vec<Attempt> {
        if !self.tried.is_empty() || self.attempts == 0 {
            return self.tried.clone();
        }
        let (started_at, ended_at) = (self.started_at, self.started_at + self.duration_ms);
        vec![Attempt { number: 1, started_at, ended_at, error: self.error.clone(), wait_ms: None }]
    }
}

/// What a run told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRow {
    /// Its number within the attempt at the run.
    pub seq: u64,
    /// Which attempt at the run, from 1.
    pub epoch: u32,
    /// The event, as a line of `--format jsonl`.
    pub body: String,
}

/// A write that was announced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EffectRow {
    /// The key of its step.
    pub key: String,
    /// Whether it is known to have happened, or not to have; `None` when nobody knows.
    pub has_happened: Option<bool>,
}

/// What somebody says of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// The key of its step.
    pub key: String,
    /// Whether it happened.
    pub has_happened: bool,
    /// Its value, when it happened: JSON by what stands for it.
    pub output: Option<(String, String)>,
}

/// A run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRow {
    /// As it began.
    pub begin: Begin,
    /// How it stands. One whose owner is gone is `crashed`.
    pub status: Status,
    /// Whether its record broke off while it went on: it cannot be taken up again.
    pub is_broken_off: bool,
    /// Which attempt this is, from 1.
    pub epoch: u32,
    /// The end in a sentence.
    pub message: Option<String>,
    /// The result, when it has ended.
    pub result: Option<Json>,
    /// When it ended.
    pub finished_at: Option<i64>,
}

/// Whether a run was taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// It was, and this is the epoch.
    Granted(u32),
    /// Somebody runs it.
    Busy {
        /// Who.
        owner: String,
        /// How long it stays his if he is not heard of, in milliseconds; `None` where it is known that he is there.
        for_ms: Option<i64>,
    },
    /// It is in another state.
    Refused(Status),
    /// Its record broke off while it ran on: what it did since is not known.
    BrokenOff,
    /// There is no such run.
    Unknown,
}

/// What comes of asking a run to stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// Whoever runs it will hear of it.
    Asked(String),
    /// It is over, or broke off.
    Over(Status),
    /// It goes on without a record, and hears of nothing.
    BrokenOff,
    /// There is no such run.
    Unknown,
}

/// How a sink stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SinkRow {
    /// Its name.
    pub name: String,
    /// How many events wait for it.
    pub waiting: u64,
    /// How many events it will never have: it refused them, or too many waited.
    pub dropped: u64,
    /// Why it could not be told, or why it refused the last that it refused.
    pub why: Option<String>,
    /// Since when it cannot be told.
    pub failing_since: Option<i64>,
}

/// What was removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// So many runs.
    pub runs: u64,
    /// So many values.
    pub outputs: u64,
}
