//! A run that writes nothing: each write is looked at instead of made, and noted here.
//!
//! What a write would give is not known before it is made. The step that writes has no value then, nor has any that looks
//! at it (`Held::Unknown`); all others go on as in a run. Where even whether something is written is not known, because a
//! condition or a list is not, what may be written is noted with the reason.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::eval::Site;
use super::frame::Frame;
use super::outline;
use crate::check::program::{Block, Program, Workflow};
use crate::connection::preview::Change;
use crate::source::Span;
use crate::value::{ErrorKind, StepError};

/// Where something stands in the order of the file: for each block around it, where the step begins and which loop item it
/// is. Blocks of one step never run beside each other, so this orders whatever a run does.
pub type Rank = Vec<(u32, usize)>;

/// Something that a step would do.
#[derive(Debug, Clone, PartialEq)]
pub struct Noted<T> {
    /// Its place in the order of the file.
    pub rank: Rank,
    /// The step, after the steps around it; the first is `failed` or `finally` for steps of those blocks.
    pub step: Vec<String>,
    /// The items of the loops around it.
    pub item: Option<String>,
    /// What.
    pub what: T,
}

/// A write that would be made.
#[derive(Debug, Clone, PartialEq)]
pub struct Write {
    /// What writes: `sql.upsert`, or `external.python` for a program of the user's own.
    pub action: String,
    /// The connection's name.
    pub connection: Option<String>,
    /// The table, the path, the program.
    pub target: Option<String>,
    /// The transaction that it belongs to: the path of its step.
    pub transaction: Option<Vec<String>>,
    /// What it would do.
    pub change: Change,
    /// A digest of all that it would be given; `None` when that is not known.
    pub digest: Option<String>,
    /// Why it is not known whether it is made at all.
    pub only_if: Option<String>,
}

/// Everything that a run without writes came to.
#[derive(Debug, Default)]
pub struct Notes {
    /// The writes, in the order of the file.
    pub writes: Vec<Noted<Write>>,
    /// The connections that were read, in the order of the file.
    pub reads: Vec<Noted<String>>,
    /// Checks of which it is not known whether they hold, as they are written.
    pub checks: Vec<Noted<String>>,
}

/// Takes notes; given to a run, it keeps the run from writing.
#[derive(Debug, Default)]
pub struct Preview(Mutex<Notes>);

impl Preview {
    /// The notes, in the order of the file.
    pub fn take(&self) -> Notes {
        let mut notes = std::mem::take(&mut *self.notes());
        notes.writes.sort_by(|a, b| a.rank.cmp(&b.rank));
        notes.reads.sort_by(|a, b| a.rank.cmp(&b.rank));
        notes.checks.sort_by(|a, b| a.rank.cmp(&b.rank));
        notes
    }

    /// Notes a write.
    pub(super) fn write(&self, site: Site<'_>, write: Write) {
        let transaction = site.frame.transaction();
        self.notes().writes.push(noted(site, Write { transaction, ..write }));
    }

    /// The step whose write a read here would see, had it been made: one that the read comes after, or an earlier one of the
    /// transaction around it.
    pub(super) fn unseen(&self, frame: &Frame, connection: Option<&str>) -> Option<String> {
        let own = frame.transaction_rank();
        let behind: Vec<&(Rank, bool)> = frame.behind.iter().flat_map(|behind| behind.steps()).collect();
        if own.is_none() && behind.is_empty() {
            return None;
        }
        let reaches = |write: &Write| write.connection.is_none() || write.connection.as_deref() == connection;
        let is_seen = |noted: &&Noted<Write>| {
            let is_in = |rank: &Rank| noted.rank.starts_with(rank);
            let is_of_own = own.as_ref().is_some_and(is_in) && reaches(&noted.what);
            is_of_own || behind.iter().any(|(rank, is_stated)| is_in(rank) && (*is_stated || reaches(&noted.what)))
        };
        let notes = self.notes();
        let changes =
            |noted: &&Noted<Write>| noted.what.change.counts.changes() > 0 || noted.what.change.unknown.is_some();
        notes.writes.iter().filter(changes).find(is_seen).map(|noted| noted.step.join("."))
    }

    /// Notes a read.
    pub(super) fn read(&self, site: Site<'_>, connection: &str) {
        self.notes().reads.push(noted(site, connection.to_owned()));
    }

    /// Notes a check of which it is not known whether it holds.
    pub(super) fn check(&self, site: Site<'_>, text: &str) {
        self.notes().checks.push(noted(site, text.to_owned()));
    }

    /// Notes every write of blocks that stand in a step, and of which it is not known whether they run.
    pub(super) fn may_run<'a>(&self, site: Site<'_>, blocks: impl IntoIterator<Item = &'a Block>, why: &StepError) {
        let program = &site.frame.run.world.program;
        let place = noted(site, ());
        for block in blocks {
            let found = outline::of_block(program, &site.frame.scope, block, &place, &why.message);
            self.notes().writes.extend(found.into_iter().map(|mut found| {
                found.what.transaction = found.what.transaction.take().or_else(|| site.frame.transaction());
                found
            }));
        }
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn noted<T>(site: Site<'_>, what: T) -> Noted<T> {
    let (frame, step) = (site.frame, site.step);
    Noted { rank: frame.rank(site.span), step: frame.path(step), item: frame.item(), what }
}

/// What a step is told that looks at what another would write.
pub(super) fn after_the_run(step: &str) -> StepError {
    StepError::new(ErrorKind::Unknown, format!("known after the run: it follows from what `{step}` writes"))
}

/// What a step is told that reads what another would have written before.
pub(super) fn before_the_write(step: &str) -> StepError {
    StepError::new(ErrorKind::Unknown, format!("known after the run: it is read after `{step}` writes"))
}

/// The writes of a workflow as its text has them; nothing is evaluated and nothing read. `failed` and `finally` are
/// the first names of the steps in those blocks.
pub fn written_by(program: &Program, workflow: &Workflow) -> Vec<Noted<Write>> {
    outline::of_workflow(program, workflow)
}

/// Where a step begins, for the order of the file.
pub(super) const fn begin(span: Span) -> u32 {
    span.start
}
