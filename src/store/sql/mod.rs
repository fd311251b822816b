//! A run store in SQL: what both databases have in common, which is nearly all. The statements stand here once, in words
//! that both understand; where they differ ([`words`], [`home`]) each has its own.
//!
//! A connection is taken out while it is used and put back when it is known to be outside any transaction. What fails, or is
//! dropped half-way, closes it, and the database undoes what was not committed.

mod home;
mod link;
mod outputs;
mod prune;
mod read;
mod told;
mod words;
mod write;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::MutexGuard;
use uuid::Uuid;

pub(super) use self::home::{Home, LeaseLeft, Owner};
pub(super) use self::link::Link;
use self::outputs::Body;
pub(super) use self::outputs::LARGE;
use self::write::{Appended, Begun, LeaseMs};
use super::{
    Begin, Claim, EffectRow, Entry, EventRow, Finished, Kept, Program, Pruned, RunRow, RunStore, Selection, Settled,
    SinkRow, Status, StepRow, Stop, StoreError,
};
use crate::lifecycle::Turn;

/// A store, wherever it is.
#[derive(Debug)]
pub struct SqlStore<H> {
    pub(super) home: H,
    /// For all but the beat, each opened at its first use.
    main: Slot,
    /// The beat waits for no large value that is just being written.
    beat: Slot,
    /// How many commits each run of ours has had, and whether the last of them may be there without our knowing.
    commits: Mutex<HashMap<Uuid, Commits>>,
}

type Slot = tokio::sync::Mutex<Option<Link>>;

#[derive(Debug, Clone, Copy, Default)]
struct Commits {
    done: i64,
    is_unsure: bool,
}

/// A connection while somebody uses it.
struct Open<'a> {
    slot: MutexGuard<'a, Option<Link>>,
    link: Link,
}

impl Open<'_> {
    /// Puts the connection back: nothing is under way on it.
    fn keep(mut self) {
        *self.slot = Some(self.link);
    }
}

#[allow(private_bounds, reason = "nobody outside makes a third kind of store")]
impl<H: Home> SqlStore<H> {
    pub(super) fn new(home: H) -> Self {
        Self { home, main: Slot::default(), beat: Slot::default(), commits: Mutex::default() }
    }

    async fn open<'a>(&'a self, slot: &'a Slot) -> Result<Open<'a>, StoreError> {
        let mut slot = slot.lock().await;
        let link = match slot.take() {
            Some(link) => link,
            None => self.home.connect().await?,
        };
        Ok(Open { slot, link })
    }

    /// Within the time that a call may take.
    fn call<'a, T: Send + 'a>(&'a self, work: impl Future<Output = Result<T, StoreError>> + Send + 'a) -> Kept<'a, T> {
        let Some(patience) = self.home.patience() else { return Box::pin(work) };
        Box::pin(async move {
            let late = || Err(StoreError::Unknown(format!("the run store did not answer within {patience:?}")));
            tokio::time::timeout(patience, work).await.unwrap_or_else(|_| late())
        })
    }

    fn lease_ms(&self) -> LeaseMs {
        self.home.lease().map(|lease| i64::try_from(lease.as_millis()).unwrap_or(i64::MAX))
    }

    fn commits(&self) -> std::sync::MutexGuard<'_, HashMap<Uuid, Commits>> {
        self.commits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a run goes on, its owner may be gone.
    fn standing(&self, (row, left): (RunRow, LeaseLeft)) -> RunRow {
        if row.status != Status::Running {
            return row;
        }
        match self.home.owner(row.begin.id, left) {
            Owner::Alive => row,
            Owner::Gone => RunRow { status: Status::Crashed, ..row },
            Owner::None => RunRow { status: Status::Crashed, is_broken_off: true, ..row },
        }
    }

    async fn write_begin(&self, run: &Begin) -> Result<(), StoreError> {
        let mut open = self.open(&self.main).await?;
        let fault = |error: sqlx::Error| self.home.fault(&error);
        let is_unsure = self.commits().get(&run.id).is_some_and(|commits| commits.is_unsure);
        if !is_unsure || !write::has_begun(&mut open.link, run).await.map_err(fault)? {
            let begun = write::begin(&mut open.link, run, self.lease_ms()).await.map_err(fault);
            let begun = begun.inspect_err(|error| {
                if matches!(error, StoreError::Unknown(_)) {
                    self.commits().insert(run.id, Commits { done: 0, is_unsure: true });
                }
            })?;
            if let Begun::Taken(other) = begun {
                open.keep();
                return Err(StoreError::Taken(other.parse().unwrap_or_default()));
            }
        }
        self.commits().insert(run.id, Commits::default());
        open.keep();
        Ok(())
    }

    async fn write(&self, run: Uuid, epoch: u32, entries: &[Entry], end: Option<&Finished>) -> Result<(), StoreError> {
        self.home.put(entries)?;
        let mut open = self.open(&self.main).await?;
        let commits = self.commits().get(&run).copied();
        let unsure = commits.filter(|commits| commits.is_unsure).map(|commits| commits.done + 1);
        let begun = |is_unsure| {
            if let Some(commits) = self.commits().get_mut(&run) {
                commits.is_unsure = is_unsure;
            }
        };
        begun(true);
        let appended = write::append(&mut open.link, (run, epoch), entries, end, (self.lease_ms(), unsure)).await;
        match appended.map_err(|error| self.home.fault(&error))? {
            Appended::Done(number) => {
                self.commits().insert(run, Commits { done: number, is_unsure: false });
                open.keep();
                Ok(())
            }
            Appended::Lost => {
                begun(false);
                open.keep();
                Err(StoreError::Lost)
            }
        }
    }

    async fn take_over(&self, run: Uuid, worker: &str, from: &[Status]) -> Result<Claim, StoreError> {
        let mut open = self.open(&self.main).await?;
        let fault = |error: sqlx::Error| self.home.fault(&error);
        let Some(found) = read::standing(&mut open.link, run).await.map_err(fault)? else {
            open.keep();
            return Ok(Claim::Unknown);
        };
        let claim = self.may_take(run, &found, from)?;
        if let Some(refused) = claim {
            open.keep();
            return Ok(refused);
        }
        let claimed = write::claim(&mut open.link, (run, found.epoch), worker, found.status, self.lease_ms()).await;
        match claimed.map_err(fault).inspect_err(|_| self.home.release(run))? {
            Some(epoch) => {
                self.commits().insert(run, Commits::default());
                open.keep();
                Ok(Claim::Granted(epoch))
            }
            // Somebody was faster.
            None => {
                self.home.release(run);
                open.keep();
                Ok(Claim::Busy { owner: found.worker, for_ms: self.lease_ms() })
            }
        }
    }

    /// Why a run cannot be taken over. Where it can, it is ours as far as this machine knows.
    fn may_take(&self, run: Uuid, found: &read::Standing, from: &[Status]) -> Result<Option<Claim>, StoreError> {
        if found.status != Status::Running && !from.contains(&found.status) {
            return Ok(Some(Claim::Refused(found.status)));
        }
        Ok(match self.home.take(run, found.status, found.left)? {
            Owner::Alive => Some(Claim::Busy { owner: found.worker.clone(), for_ms: found.left }),
            Owner::None => Some(Claim::BrokenOff),
            Owner::Gone if found.status == Status::Running && !from.contains(&Status::Crashed) => {
                self.home.release(run);
                Some(Claim::Refused(Status::Crashed))
            }
            Owner::Gone => None,
        })
    }
}

/// A call that is one function on a connection.
macro_rules! ask {
    ($self:ident, $link:ident => $work:expr) => {
        $self.call(async move {
            let mut open = $self.open(&$self.main).await?;
            let $link = &mut open.link;
            let done = $work.await.map_err(|error| $self.home.fault(&error))?;
            open.keep();
            Ok(done)
        })
    };
}

impl<H: Home> RunStore for SqlStore<H> {
    fn lease(&self) -> Option<Duration> {
        self.home.lease()
    }

    fn begin<'a>(&'a self, run: &'a Begin) -> Kept<'a, ()> {
        self.call(async move {
            self.home.begin(run.id)?;
            self.write_begin(run).await.inspect_err(|_| self.home.end(run.id))
        })
    }

    fn append<'a>(&'a self, run: Uuid, epoch: u32, entries: &'a [Entry]) -> Kept<'a, ()> {
        Box::pin(self.write(run, epoch, entries, None))
    }

    fn finish<'a>(&'a self, run: Uuid, epoch: u32, entries: &'a [Entry], end: &'a Finished) -> Kept<'a, ()> {
        Box::pin(async move {
            self.write(run, epoch, entries, Some(end)).await?;
            self.home.end(run);
            self.commits().remove(&run);
            Ok(())
        })
    }

    fn claim<'a>(&'a self, run: Uuid, worker: &'a str, from: &'a [Status]) -> Kept<'a, Claim> {
        self.call(self.take_over(run, worker, from))
    }

    fn beat(&self, run: Uuid, epoch: u32) -> Kept<'_, bool> {
        self.call(async move {
            let mut open = self.open(&self.beat).await?;
            let beat = write::beat(&mut open.link, (run, epoch), self.lease_ms()).await;
            let beat = beat.map_err(|error| self.home.fault(&error))?;
            open.keep();
            beat.ok_or(StoreError::Lost)
        })
    }

    fn ask_to_stop(&self, run: Uuid) -> Kept<'_, Stop> {
        self.call(async move {
            let mut open = self.open(&self.main).await?;
            let fault = |error: sqlx::Error| self.home.fault(&error);
            let found = read::standing(&mut open.link, run).await.map_err(fault)?;
            let stop = match found {
                None => Stop::Unknown,
                Some(found) if found.status != Status::Running => Stop::Over(found.status),
                Some(found) => match self.home.owner(run, found.left) {
                    Owner::Alive => {
                        write::ask_to_stop(&mut open.link, run).await.map_err(fault)?;
                        Stop::Asked(found.worker)
                    }
                    Owner::Gone => Stop::Over(Status::Crashed),
                    Owner::None => Stop::BrokenOff,
                },
            };
            open.keep();
            Ok(stop)
        })
    }

    fn abandon(&self, run: Uuid) {
        self.home.end(run);
    }

    fn settle<'a>(&'a self, run: Uuid, epoch: u32, settled: &'a [Settled]) -> Kept<'a, ()> {
        let done = ask!(self, link => write::settle(link, (run, epoch), settled, self.lease_ms()));
        Box::pin(async move { if done.await? { Ok(()) } else { Err(StoreError::Lost) } })
    }

    fn runs<'a>(&'a self, selection: &'a Selection) -> Kept<'a, Vec<RunRow>> {
        self.call(async move {
            let mut open = self.open(&self.main).await?;
            let found = read::runs(&mut open.link, selection).await.map_err(|error| self.home.fault(&error))?;
            open.keep();
            let wanted = |row: &RunRow| selection.statuses.is_empty() || selection.statuses.contains(&row.status);
            let most = usize::try_from(selection.most).unwrap_or(usize::MAX);
            Ok(found.into_iter().map(|found| self.standing(found)).filter(wanted).take(most).collect())
        })
    }

    fn program<'a>(&'a self, hash: &'a str) -> Kept<'a, Option<Program>> {
        ask!(self, link => read::program(link, hash))
    }

    fn steps(&self, run: Uuid) -> Kept<'_, Vec<StepRow>> {
        ask!(self, link => read::steps(link, run))
    }

    fn effects(&self, run: Uuid) -> Kept<'_, Vec<EffectRow>> {
        ask!(self, link => read::effects(link, run))
    }

    fn output<'a>(&'a self, hash: &'a str) -> Kept<'a, Option<String>> {
        let found = ask!(self, link => outputs::read(link, hash));
        Box::pin(async move {
            match found.await? {
                Some(Body::Here(json)) => Ok(Some(json)),
                Some(Body::Beside) => self.home.beside(hash).map(Some),
                None => Ok(None),
            }
        })
    }

    fn events(&self, run: Uuid) -> Kept<'_, Vec<EventRow>> {
        ask!(self, link => read::events(link, run))
    }

    fn prune(&self, before_ms: i64, keep: u32, is_trial: bool) -> Kept<'_, Pruned> {
        Box::pin(async move {
            let mut open = self.open(&self.main).await?;
            let fault = |error: sqlx::Error| self.home.fault(&error);
            let is_alive = |id, left| self.home.owner(id, left) == Owner::Alive;
            let pruned = prune::prune(&mut open.link, before_ms, keep, is_trial, is_alive).await;
            let (pruned, gone) = pruned.map_err(fault)?;
            for id in gone {
                self.home.end(id);
            }
            if !is_trial {
                let known = outputs::beside(&mut open.link).await.map_err(fault)?;
                self.home.sweep(&known);
            }
            open.keep();
            Ok(pruned)
        })
    }

    fn turn<'a>(&'a self, sink: &'a str) -> Kept<'a, Option<Turn>> {
        self.call(self.home.turn(sink))
    }

    fn waiting<'a>(&'a self, sink: &'a str, most: usize) -> Kept<'a, Vec<(i64, String)>> {
        ask!(self, link => told::waiting(link, sink, most))
    }

    fn passed<'a>(&'a self, sink: &'a str, sequence: i64, dropped: u64, why: Option<&'a str>) -> Kept<'a, ()> {
        ask!(self, link => told::passed(link, sink, sequence, dropped, why))
    }

    fn failed<'a>(&'a self, sink: &'a str, why: &'a str) -> Kept<'a, ()> {
        ask!(self, link => told::failed(link, sink, why))
    }

    fn standing<'a>(&'a self, sinks: &'a [&'a str]) -> Kept<'a, Vec<SinkRow>> {
        ask!(self, link => told::standing(link, sinks))
    }

    fn forget<'a>(&'a self, sinks: &'a [&'a str]) -> Kept<'a, ()> {
        ask!(self, link => told::forget(link, sinks))
    }
}
