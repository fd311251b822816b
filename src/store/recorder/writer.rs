//! Writes what a recorder takes in, in groups.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, timeout, timeout_at};
use uuid::Uuid;

use super::clock::Moment;
use super::hold::Hold;
use super::rows::{Raw, masked_begin, masked_end};
use super::{Mask, Warn};
use crate::abort::{self, Point};
use crate::lifecycle::Told;
use crate::run::{Recorded, RunEvent};
use crate::store::{Begin, Entry, Finished, Kept, RunStore, StoreError};

/// How long, and how many entries, are gathered before a commit.
const GATHERING: Duration = Duration::from_millis(2);
const GROUP: usize = 64;

/// The most entries of one commit, when they come faster than the disk takes them.
const LARGEST_GROUP: usize = 4096;

/// How long between two tries to reach a store that is away.
const AGAIN: Duration = Duration::from_millis(250);
/// How many entries may wait for it, before memory counts for more than the record.
const MOST_WAITING: usize = 200_000;
/// How much longer a commit may take for each byte of its values.
const SLOWEST: Duration = Duration::from_micros(1);

pub(super) enum Message {
    Begin(Box<Begin>),
    Step(Box<Recorded>),
    /// Hears whether the write may be made.
    Announced(Box<Recorded>, oneshot::Sender<bool>),
    Event(u64, Box<RunEvent>),
    Told(Box<Told>),
    Finish(Box<Finished>, oneshot::Sender<()>),
}

impl Message {
    /// Whether somebody waits for it.
    const fn is_urgent(&self) -> bool {
        matches!(self, Self::Begin(_) | Self::Announced(..) | Self::Finish(..))
    }
}

/// How the record stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Record {
    /// The run is not on record yet.
    Before,
    /// It is.
    Kept,
    /// Nothing more is written. Nobody takes the run over, so it may do whatever it wants.
    Ended,
    /// Nothing more is written, and somebody may take the run over who knows only what is on record.
    Left,
}

/// What is committed together.
#[derive(Default)]
struct Group {
    begin: Option<Box<Begin>>,
    raw: Vec<Raw>,
    end: Option<Box<Finished>>,
    announced: Vec<oneshot::Sender<bool>>,
    finished: Option<oneshot::Sender<()>>,
}

impl Group {
    fn of(messages: Vec<Message>) -> Self {
        let mut group = Self::default();
        for message in messages {
            match message {
                Message::Begin(run) => group.begin = Some(run),
                Message::Step(step) => group.raw.push(Raw::Step(step)),
                Message::Event(seq, event) => group.raw.push(Raw::Event(seq, event)),
                Message::Told(told) => group.raw.push(Raw::Told(told)),
                Message::Announced(step, done) => {
                    group.raw.push(Raw::Step(step));
                    group.announced.push(done);
                }
                Message::Finish(end, done) => (group.end, group.finished) = (Some(end), Some(done)),
            }
        }
        group
    }
}

/// Writes what a recorder takes in.
pub(super) struct Writer {
    store: Arc<dyn RunStore>,
    run: Uuid,
    epoch: u32,
    mask: Mask,
    warn: Warn,
    tell_begun: watch::Sender<bool>,
    hold: Arc<Hold>,
    receiver: mpsc::UnboundedReceiver<Message>,
    record: Record,
}

impl Writer {
    /// Of a run that is on record already, or of one that begins.
    pub(super) fn new(
        store: Arc<dyn RunStore>,
        (run, epoch): (Uuid, u32),
        (mask, warn): (Mask, Warn),
        hold: Arc<Hold>,
        receiver: mpsc::UnboundedReceiver<Message>,
        tell_begun: watch::Sender<bool>,
    ) -> Self {
        let record = if *tell_begun.borrow() { Record::Kept } else { Record::Before };
        Self { store, run, epoch, mask, warn, tell_begun, hold, receiver, record }
    }

    pub(super) async fn work(mut self) {
        while let Some(first) = self.receiver.recv().await {
            let group = Group::of(gather(first, &mut self.receiver).await);
            if self.write(group).await {
                break;
            }
        }
    }

    /// Commits a group; tells whether the run is over.
    async fn write(&mut self, group: Group) -> bool {
        let Group { begin, raw, end, announced, finished } = group;
        if matches!(self.record, Record::Before | Record::Kept)
            && let Err(error) = self.commit(begin, raw, end).await
        {
            self.break_off(&error);
        }
        for done in announced {
            // Who does not wait any more was stopped.
            let _ = done.send(self.record != Record::Left);
        }
        let Some(done) = finished else { return false };
        self.hold.end();
        let _ = done.send(());
        true
    }

    async fn commit(
        &mut self,
        begin: Option<Box<Begin>>,
        raw: Vec<Raw>,
        end: Option<Box<Finished>>,
    ) -> Result<(), StoreError> {
        if let Some(begin) = begin {
            abort::at(Point::J0);
            let begin = masked_begin(*begin, &self.mask);
            self.begin(&begin).await?;
            self.record = Record::Kept;
            self.tell_begun.send_replace(true);
            abort::at(Point::J1);
        }
        if self.record == Record::Before {
            return Ok(());
        }
        let (mask, epoch) = (self.mask.clone(), self.epoch);
        // JSON of a large value takes its time, and not that of the tasks that run steps.
        let entries =
            tokio::task::spawn_blocking(move || raw.into_iter().flat_map(|one| one.entries(&mask, epoch)).collect());
        let entries: Vec<Entry> = entries.await.map_err(|_| StoreError::Fault("the record broke down".to_owned()))?;
        match end {
            Some(end) => {
                let end = masked_end(&end, &self.mask);
                self.patiently(&entries, || self.store.finish(self.run, self.epoch, &entries, &end)).await?;
                abort::at(Point::J7);
            }
            None if entries.is_empty() => {}
            None => {
                self.patiently(&entries, || self.store.append(self.run, self.epoch, &entries)).await?;
                abort::at(Point::J6);
            }
        }
        Ok(())
    }

    /// Puts the run on record. A store that is not there is not waited for; one that went away meanwhile may have done it.
    async fn begin(&self, begin: &Begin) -> Result<(), StoreError> {
        // From the first answer on: somebody who fell asleep in the middle (SIGSTOP) finds his time over and the server there.
        let mut until = None;
        let mut is_unsure = false;
        loop {
            let asked = Moment::now();
            let error = match self.store.begin(begin).await {
                Ok(()) => {
                    self.hold.heard(asked);
                    return Ok(());
                }
                Err(error) => error,
            };
            is_unsure |= matches!(error, StoreError::Unknown(_));
            match error {
                StoreError::Away(why) | StoreError::Unknown(why) if is_unsure => {
                    let now = Instant::now();
                    if *until.get_or_insert(now + self.hold.patience().unwrap_or_default()) <= now {
                        return Err(StoreError::Unknown(why));
                    }
                }
                error => return Err(error),
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// Tries a commit again while the store is away: until the run is over, somebody else has it, or too much waits.
    async fn patiently<'a>(&'a self, entries: &[Entry], commit: impl Fn() -> Kept<'a, ()>) -> Result<(), StoreError> {
        let Some(patience) = self.hold.patience() else { return commit().await };
        let bytes = entries.iter().map(|entry| if let Entry::Output { json, .. } = entry { json.len() } else { 0 });
        let bytes = u32::try_from(bytes.sum::<usize>()).unwrap_or(u32::MAX);
        let (longest, waited) = (patience + SLOWEST * bytes, Instant::now() + patience);
        loop {
            let asked = Moment::now();
            let why = match timeout(longest, commit()).await {
                Ok(Ok(())) => {
                    self.hold.heard(asked);
                    return Ok(());
                }
                Ok(Err(StoreError::Away(why) | StoreError::Unknown(why))) => why,
                Ok(Err(error)) => return Err(error),
                Err(_) => format!("the run store did not answer within {longest:?}"),
            };
            // Whoever was asleep meanwhile has not waited for the server yet.
            let has_waited = Moment::now() <= asked + longest + AGAIN;
            if (self.hold.is_late() && has_waited) || self.receiver.len() > MOST_WAITING {
                return Err(StoreError::Unknown(why));
            }
            if has_waited && waited <= Instant::now() && !self.hold.is_away() {
                self.hold.away();
                (self.warn)(&format!("{why}; the run goes on, and is recorded further when the store is back"));
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    fn break_off(&mut self, error: &StoreError) {
        let was_begun = self.record == Record::Kept;
        // A lease runs out by itself, and then the run can be taken up as it is on record.
        let is_left = self.store.lease().is_some() && (was_begun || matches!(error, StoreError::Unknown(_)));
        self.record = if is_left { Record::Left } else { Record::Ended };
        match error {
            StoreError::Lost => self.hold.lose(),
            StoreError::Taken(other) => self.hold.leave_to(*other),
            StoreError::Fault(_) | StoreError::Away(_) | StoreError::Unknown(_) => {
                self.hold.end();
                self.store.abandon(self.run);
                self.tell_of_break(error, was_begun, is_left);
            }
        }
        // Whoever waits for the beginning finds the run stopped by then, when it is not ours.
        self.tell_begun.send_replace(true);
    }

    fn tell_of_break(&self, error: &StoreError, was_begun: bool, is_left: bool) {
        let what = match (was_begun, is_left) {
            (true, true) => {
                "the record of this run breaks off here, and what it does since is done again when it is resumed"
            }
            (true, false) => "the record of this run breaks off here, and it cannot be resumed",
            (false, _) => "this run is not recorded, and it cannot be resumed",
        };
        (self.warn)(&format!("{what}: {error}"));
    }
}

/// Takes what comes within the time, or all that is there already.
async fn gather(first: Message, receiver: &mut mpsc::UnboundedReceiver<Message>) -> Vec<Message> {
    let until = Instant::now() + GATHERING;
    let mut is_urgent = first.is_urgent();
    let mut group = vec![first];
    while !is_urgent && group.len() < GROUP {
        let Ok(Some(next)) = timeout_at(until, receiver.recv()).await else { break };
        is_urgent |= next.is_urgent();
        group.push(next);
    }
    while group.len() < LARGEST_GROUP {
        let Ok(next) = receiver.try_recv() else { break };
        group.push(next);
    }
    group
}
