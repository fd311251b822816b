//! The run store: what every run was given, did and came to, so that it can be looked at and finished later.
//!
//! ```text
//! run ──▶ Recorder ──▶ RunStore (SQLite, PostgreSQL) ──▶ history, resume
//!         in memory     many entries, one commit
//! ```
//!
//! [`Recorder`] takes what happens without making the run wait and writes it in groups; [`RunStore`] is what keeps it,
//! behind one trait. A run belongs to whoever holds its lease, and each owner has an epoch of its own: what a former owner
//! writes late is refused ([`StoreError::Lost`]).

#[cfg(test)]
mod conformance;
mod model;
mod outbox;
mod postgres;
mod recalled;
mod recorder;
mod selection;
mod sql;
mod sqlite;
mod state;
mod story;

use std::time::Duration;

use futures_util::future::BoxFuture;
use uuid::Uuid;

use crate::lifecycle::Turn;
pub use model::{
    Attempt, Begin, Claim, EffectRow, Entry, EventRow, Finished, Program, Pruned, RunRow, Settled, SinkRow, StepRow,
    StepState, Stop, Text,
};
pub use outbox::StoreOutbox;
pub use postgres::PostgresStore;
pub use recalled::{Recalled, value_of};
pub use recorder::{Mask, Recorder, Warn, hash_of};
pub use selection::Selection;
pub use sqlite::SqliteStore;
pub use state::{Status, may_become};
pub use story::Story;

/// What a store gives.
pub type Kept<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// Why a store does not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreError {
    /// Somebody else has taken the run over, or it has ended: nothing was written.
    Lost,
    /// This run of the same back-fill has the day: nothing was written.
    Taken(Uuid),
    /// The store is at fault; a line for people.
    Fault(String),
    /// It cannot be reached just now, and nothing was done; a line for people.
    Away(String),
    /// It went away meanwhile; what was asked may have been done, or may not. A line for people.
    Unknown(String),
}

impl std::fmt::Display for StoreError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Lost => f.write_str("the run belongs to somebody else by now"),
            Self::Taken(run) => write!(f, "the run {run} has this day of the back-fill"),
            Self::Fault(why) | Self::Away(why) | Self::Unknown(why) => f.write_str(why),
        }
    }
}

/// Keeps runs. Each call is one transaction: it happens wholly or not at all, and is on the disk when it comes back.
/// Instants are the store's own, so that machines whose clocks differ agree on whose lease is over.
pub trait RunStore: Send + Sync {
    /// How long a run stays its owner's who is not heard of; `None` where the machine knows who is there.
    fn lease(&self) -> Option<Duration>;

    /// Puts a run on record, as running and belonging to its worker. Its epoch is 1. After [`StoreError::Unknown`] it may be
    /// called again. Of the runs of a back-fill one only has each instant: any other is [`StoreError::Taken`].
    fn begin<'a>(&'a self, run: &'a Begin) -> Kept<'a, ()>;

    /// Adds entries to a run that the caller owns with this epoch, and prolongs the lease. After
    /// [`StoreError::Unknown`] the same entries may be given once more: they are added once.
    fn append<'a>(&'a self, run: Uuid, epoch: u32, entries: &'a [Entry]) -> Kept<'a, ()>;

    /// Ends a run that the caller owns, with the last entries.
    fn finish<'a>(&'a self, run: Uuid, epoch: u32, entries: &'a [Entry], end: &'a Finished) -> Kept<'a, ()>;

    /// Takes over a run that has one of these states, or whose owner is gone.
    fn claim<'a>(&'a self, run: Uuid, worker: &'a str, from: &'a [Status]) -> Kept<'a, Claim>;

    /// Says that the caller is there, and prolongs the lease when it is time to. Tells whether somebody asks the run to stop.
    fn beat(&self, run: Uuid, epoch: u32) -> Kept<'_, bool>;

    /// Asks a run that goes on to stop; whoever runs it hears of it with the next beat.
    fn ask_to_stop(&self, run: Uuid) -> Kept<'_, Stop>;

    /// Ends the record of a run that goes on: nothing more can be written. Where the machine knows who is there, it is never
    /// taken over; where only a lease says so, it can be once that is over.
    fn abandon(&self, run: Uuid);

    /// Says what became of writes of which that was not known, of a run that the caller owns with this epoch.
    fn settle<'a>(&'a self, run: Uuid, epoch: u32, settled: &'a [Settled]) -> Kept<'a, ()>;

    /// The runs, newest first.
    fn runs<'a>(&'a self, selection: &'a Selection) -> Kept<'a, Vec<RunRow>>;

    /// The text of a program; `None` where no run of it is kept.
    fn program<'a>(&'a self, hash: &'a str) -> Kept<'a, Option<Program>>;

    /// What is recorded of the steps of a run, in the order in which they ended.
    fn steps(&self, run: Uuid) -> Kept<'_, Vec<StepRow>>;

    /// The writes that were announced, with what is known of them.
    fn effects(&self, run: Uuid) -> Kept<'_, Vec<EffectRow>>;

    /// A value by what stands for it, as JSON.
    fn output<'a>(&'a self, hash: &'a str) -> Kept<'a, Option<String>>;

    /// What a run told, in order.
    fn events(&self, run: Uuid) -> Kept<'_, Vec<EventRow>>;

    /// Removes runs that are over and started before an instant (in milliseconds), the newest `keep` of them excepted.
    fn prune(&self, before_ms: i64, keep: u32, is_trial: bool) -> Kept<'_, Pruned>;

    /// The turn to tell a sink; `None` while another process has it.
    fn turn<'a>(&'a self, sink: &'a str) -> Kept<'a, Option<Turn>>;

    /// Up to `most` events that a sink has not been told, oldest first: each with its place, as JSON.
    fn waiting<'a>(&'a self, sink: &'a str, most: usize) -> Kept<'a, Vec<(i64, String)>>;

    /// A sink was told all up to this place, or never will be: `dropped` of them, the last of them for this reason.
    fn passed<'a>(&'a self, sink: &'a str, sequence: i64, dropped: u64, why: Option<&'a str>) -> Kept<'a, ()>;

    /// A sink could not be told.
    fn failed<'a>(&'a self, sink: &'a str, why: &'a str) -> Kept<'a, ()>;

    /// How these sinks stand.
    fn standing<'a>(&'a self, sinks: &'a [&'a str]) -> Kept<'a, Vec<SinkRow>>;

    /// Removes the events that all of these sinks were told.
    fn forget<'a>(&'a self, sinks: &'a [&'a str]) -> Kept<'a, ()>;
}
