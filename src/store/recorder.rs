//! From a run to the store: taken in without making the run wait, written in groups.
//!
//! A step that is over is sent to a task of its own, which gathers for two milliseconds, or 64 entries, and commits what
//! there is; while it does, more gathers. Values become JSON there, not where the run goes on. Entries are committed in
//! the order in which they came, so that what a step worked on is on record whenever the step is.
//!
//! Only three things wait for a commit: a write that must not be made twice, until its announcement is on record; the end
//! of the run; and the beginning of a day of a back-fill, which another back-fill may have begun.
//!
//! **When the store cannot be written** the run goes on without it. That is told once, and the record is marked as broken
//! off, so that nobody takes the run over later and does again what is not on record. A server that is away is tried again
//! for as long as the run goes on; meanwhile entries gather, and what must not be made twice is not made: when the lease is
//! over somebody may take the run up who knows only what is on record.

mod clock;
mod hold;
mod rows;
mod writer;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use indexmap::IndexMap;
use sha2::{Digest, Sha256};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use self::clock::Moment;
use self::hold::Hold;
use self::rows::kept_params;
use self::writer::{Message, Writer};
use super::{Begin, Finished, Recalled, RunStore, Story};
use crate::run::{Found, Interrupt, Recorded, Records, RunEvent};
use crate::value::{Value, hex};

/// How much longer than the writer waits for the store anybody waits for the writer.
const SLACK: Duration = Duration::from_secs(2);

/// Is told a line for people when the record breaks off.
pub type Warn = Arc<dyn Fn(&str) + Send + Sync>;

/// Takes secrets out of a text.
pub type Mask = Arc<dyn Fn(&str) -> String + Send + Sync>;

/// Records a run.
pub struct Recorder {
    sender: mpsc::UnboundedSender<Message>,
    begin: Mutex<Option<Box<Begin>>>,
    recalled: Option<Recalled>,
    mask: Mask,
    events: AtomicU64,
    /// What sinks are told; `None` where there are none.
    story: Option<Story>,
    /// Whether the run is on record, or will never be.
    begun: watch::Receiver<bool>,
    /// Whether the run itself waits for that.
    awaits_begin: bool,
    hold: Arc<Hold>,
    _beating: AbortOnDropHandle<()>,
}

impl Recorder {
    /// Of a run that begins; `begin` still lacks its parameters.
    pub fn of_new(store: Arc<dyn RunStore>, begin: Begin, mask: Mask, warn: Warn, on: &Handle) -> Self {
        let (run, awaits_begin) = (begin.id, begin.batch.is_some());
        let begin = Mutex::new(Some(Box::new(begin)));
        Self { begin, awaits_begin, ..Self::start(store, (run, 1), None, mask, warn, on) }
    }

    /// Of a run that goes on, with the epoch that it was claimed with.
    pub fn of_claimed(
        store: Arc<dyn RunStore>,
        (run, epoch): (Uuid, u32),
        recalled: Recalled,
        mask: Mask,
        warn: Warn,
        on: &Handle,
    ) -> Self {
        Self::start(store, (run, epoch), Some(recalled), mask, warn, on)
    }

    fn start(
        store: Arc<dyn RunStore>,
        (run, epoch): (Uuid, u32),
        recalled: Option<Recalled>,
        mask: Mask,
        warn: Warn,
        on: &Handle,
    ) -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        let is_begun = recalled.is_some();
        let (tell_begun, begun) = watch::channel(is_begun);
        let hold = Arc::new(Hold::new(store.clone(), (run, epoch), warn.clone()));
        if is_begun {
            hold.heard(Moment::now());
        }
        let writer = Writer::new(store, (run, epoch), (mask.clone(), warn), hold.clone(), receiver, tell_begun);
        on.spawn(writer.work());
        let beating = AbortOnDropHandle::new(on.spawn(hold.clone().keep()));
        let events = AtomicU64::new(0);
        let (begin, story) = (Mutex::default(), None);
        Self { sender, begin, recalled, mask, events, story, begun, awaits_begin: false, hold, _beating: beating }
    }

    /// Stops the run when somebody asks for that, or has taken it over.
    pub fn guard(&self, interrupt: &Interrupt) {
        self.hold.stops(interrupt);
    }

    /// The run of the same back-fill that has this one's day; this one was stopped before its first step.
    pub fn taken_by(&self) -> Option<Uuid> {
        self.hold.taken_by()
    }

    /// The same, which also keeps for sinks what they are to be told.
    #[must_use]
    pub fn telling(self, story: Option<Story>) -> Self {
        Self { story, ..self }
    }

    /// Takes an event.
    pub fn event(&self, event: &RunEvent) {
        let seq = self.events.fetch_add(1, Ordering::Relaxed);
        self.send(Message::Event(seq, Box::new(event.clone())));
        if let Some(told) = self.story.as_ref().and_then(|story| story.event(event, seq)) {
            self.send(Message::Told(Box::new(told)));
        }
    }

    /// Ends the record; comes back once it is whole, or cannot be.
    pub async fn finish(&self, mut end: Finished) {
        end.told = self.story.as_ref().and_then(|story| serde_json::to_string(&story.ended(&end)).ok());
        let (done, wait) = oneshot::channel();
        self.hold.ends();
        self.send(Message::Finish(Box::new(end), done));
        // The writer answers also when it fails; gone, there is nothing to wait for.
        let _ = wait.await;
    }

    fn send(&self, message: Message) {
        // The writer ends with the record.
        let _ = self.sender.send(message);
    }
}

impl Records for Recorder {
    fn began<'a>(&'a self, params: &IndexMap<Arc<str>, Value>) -> BoxFuture<'a, ()> {
        let begin = self.begin.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut begin) = begin {
            begin.params = kept_params(params, &self.mask);
            begin.told = self.story.as_ref().and_then(|story| serde_json::to_string(&story.begun(&begin)).ok());
            self.send(Message::Begin(begin));
        }
        if self.awaits_begin { self.on_record() } else { Box::pin(std::future::ready(())) }
    }

    fn on_record(&self) -> BoxFuture<'_, ()> {
        let mut begun = self.begun.clone();
        Box::pin(async move {
            // A writer that is gone will not say so any more.
            let _ = begun.wait_for(|is_begun| *is_begun).await;
            self.hold.before_write().await;
        })
    }

    fn found<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Option<Found>> {
        match &self.recalled {
            Some(recalled) => Box::pin(recalled.found(key)),
            None => Box::pin(std::future::ready(None)),
        }
    }

    fn announce(&self, step: Recorded) -> BoxFuture<'_, bool> {
        let (done, wait) = oneshot::channel();
        self.send(Message::Announced(Box::new(step), done));
        Box::pin(async move {
            match self.hold.patience() {
                // A writer that is gone has ended the record, and nobody takes the run over.
                None => wait.await.unwrap_or(true),
                Some(_) if self.hold.is_away() => false,
                Some(patience) => matches!(timeout(patience + SLACK, wait).await, Ok(Ok(true))),
            }
        })
    }

    fn ended(&self, step: Recorded) {
        self.send(Message::Step(Box::new(step)));
    }
}

/// What stands for a text.
pub fn hash_of(text: &str) -> String {
    hex(&Sha256::digest(text))
}

#[cfg(test)]
mod tests;
