//! From a run to the store: taken in without making the run wait, written in groups.
//!
//! A step that is over is sent to a task of its own, which gathers for two milliseconds, or 64 entries, and commits what
//! there is; while it does, more gathers. Values become JSON there, not where the run goes on. Entries are committed in
//! the order in which they came, so that what a step worked on is on record whenever the step is.
//!
//! Only two things wait for a commit: a write that must not be made twice, until its announcement is on record, and the
//! end of the run.
//!
//! **When the store cannot be written** the run goes on without it. That is told once, and the record is marked as broken
//! off, so that nobody takes the run over later and does again what is not on record.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use indexmap::IndexMap;
use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use super::{Begin, Entry, EventRow, Finished, Recalled, RunStore, StepRow, StepState, StoreError, Story};
use crate::abort::{self, Point};
use crate::lifecycle::Told;
use crate::primitive::Effect;
use crate::run::{End, Found, Recorded, Records, RunEvent};
use crate::value::{Value, hex, to_kept};

/// How long, and how many entries, are gathered before a commit.
const GATHERING: Duration = Duration::from_millis(2);
const GROUP: usize = 64;

/// The most entries of one commit, when they come faster than the disk takes them.
const LARGEST_GROUP: usize = 4096;

/// Is told a line for people when the record breaks off.
pub type Warn = Arc<dyn Fn(&str) + Send + Sync>;

/// Takes secrets out of a text.
pub type Mask = Arc<dyn Fn(&str) -> String + Send + Sync>;

enum Message {
    Begin(Box<Begin>),
    Step(Box<Recorded>),
    Announced(Box<Recorded>, oneshot::Sender<()>),
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
}

impl Recorder {
    /// Of a run that begins; `begin` still lacks its parameters.
    pub fn of_new(store: Arc<dyn RunStore>, begin: Begin, mask: Mask, warn: Warn, on: &Handle) -> Self {
        let run = begin.id;
        Self { begin: Mutex::new(Some(Box::new(begin))), ..Self::start(store, (run, 1), None, mask, warn, on) }
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
        let writer = Writer { store, run, epoch, mask: mask.clone(), warn, tell_begun, is_begun, is_broken: false };
        on.spawn(writer.work(receiver));
        Self { sender, begin: Mutex::default(), recalled, mask, events: AtomicU64::new(0), story: None, begun }
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
    fn began(&self, params: &IndexMap<Arc<str>, Value>) {
        let begin = self.begin.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut begin) = begin {
            begin.params = kept_params(params, &self.mask);
            begin.told = self.story.as_ref().and_then(|story| serde_json::to_string(&story.begun(&begin)).ok());
            self.send(Message::Begin(begin));
        }
    }

    fn on_record(&self) -> BoxFuture<'_, ()> {
        let mut begun = self.begun.clone();
        Box::pin(async move {
            // A writer that is gone will not say so any more.
            let _ = begun.wait_for(|is_begun| *is_begun).await;
        })
    }

    fn found<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Option<Found>> {
        match &self.recalled {
            Some(recalled) => Box::pin(recalled.found(key)),
            None => Box::pin(std::future::ready(None)),
        }
    }

    fn announce(&self, step: Recorded) -> BoxFuture<'_, ()> {
        let (done, wait) = oneshot::channel();
        self.send(Message::Announced(Box::new(step), done));
        Box::pin(async move {
            let _ = wait.await;
        })
    }

    fn ended(&self, step: Recorded) {
        self.send(Message::Step(Box::new(step)));
    }
}

/// Parameters as they are kept, and the names of those that are not: secrets, and what holds one.
fn kept_params(params: &IndexMap<Arc<str>, Value>, mask: &Mask) -> Json {
    let (mut kept, mut withheld) = (Map::new(), Vec::new());
    for (name, value) in params {
        match to_kept(value).filter(|json| is_free_of_secrets(&json.to_string(), mask)) {
            Some(json) => drop(kept.insert(name.to_string(), json)),
            None => withheld.push(name.to_string()),
        }
    }
    json!({ "kept": kept, "withheld": withheld })
}

fn is_free_of_secrets(text: &str, mask: &Mask) -> bool {
    mask(text) == text
}

/// Writes what a recorder takes in.
struct Writer {
    store: Arc<dyn RunStore>,
    run: Uuid,
    epoch: u32,
    mask: Mask,
    warn: Warn,
    tell_begun: watch::Sender<bool>,
    is_begun: bool,
    is_broken: bool,
}

impl Writer {
    async fn work(mut self, mut receiver: mpsc::UnboundedReceiver<Message>) {
        while let Some(first) = receiver.recv().await {
            let group = gather(first, &mut receiver).await;
            let is_last = self.write(group).await;
            if is_last {
                break;
            }
        }
    }

    /// Commits a group; tells whether the run is over.
    async fn write(&mut self, group: Vec<Message>) -> bool {
        let (mut begin, mut end, mut waiting, mut steps) = (None, None, Vec::new(), Vec::new());
        let mut is_last = false;
        for message in group {
            match message {
                Message::Begin(run) => begin = Some(run),
                Message::Step(step) => steps.push(Raw::Step(step)),
                Message::Event(seq, event) => steps.push(Raw::Event(seq, event)),
                Message::Told(told) => steps.push(Raw::Told(told)),
                Message::Announced(step, done) => {
                    steps.push(Raw::Step(step));
                    waiting.push(done);
                }
                Message::Finish(finished, done) => {
                    (end, is_last) = (Some(finished), true);
                    waiting.push(done);
                }
            }
        }
        if !self.is_broken
            && let Err(error) = self.commit(begin, steps, end).await
        {
            self.break_off(&error);
        }
        for done in waiting {
            // Who does not wait any more was stopped.
            let _ = done.send(());
        }
        is_last
    }

    async fn commit(
        &mut self,
        begin: Option<Box<Begin>>,
        raw: Vec<Raw>,
        end: Option<Box<Finished>>,
    ) -> Result<(), StoreError> {
        if let Some(begin) = begin {
            abort::at(Point::J0);
            self.store.begin(&masked_begin(*begin, &self.mask)).await?;
            self.is_begun = true;
            self.tell_begun.send_replace(true);
            abort::at(Point::J1);
        }
        if !self.is_begun {
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
                self.store.finish(self.run, self.epoch, &entries, &end).await?;
                abort::at(Point::J7);
            }
            None if entries.is_empty() => {}
            None => {
                self.store.append(self.run, self.epoch, &entries).await?;
                abort::at(Point::J6);
            }
        }
        Ok(())
    }

    fn break_off(&mut self, error: &StoreError) {
        self.is_broken = true;
        self.tell_begun.send_replace(true);
        self.store.abandon(self.run);
        let so_far = if self.is_begun { "the record of this run breaks off here" } else { "this run is not recorded" };
        (self.warn)(&format!("{so_far}, and it cannot be resumed: {error}"));
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

enum Raw {
    Step(Box<Recorded>),
    Event(u64, Box<RunEvent>),
    Told(Box<Told>),
}

impl Raw {
    fn entries(self, mask: &Mask, epoch: u32) -> Vec<Entry> {
        match self {
            Self::Event(seq, event) => {
                let body = mask(&serde_json::to_string(&event).unwrap_or_default());
                vec![Entry::Event(EventRow { seq, epoch, body })]
            }
            Self::Told(told) => serde_json::to_string(&told).map(|body| Entry::Told(mask(&body))).into_iter().collect(),
            Self::Step(step) => step_entries(*step, mask, epoch),
        }
    }
}

fn step_entries(step: Recorded, mask: &Mask, epoch: u32) -> Vec<Entry> {
    let started_at = step.started_at.timestamp_millis();
    let mut row = StepRow {
        key: step.key,
        path: step.place.path.join("."),
        item: step.place.item.map(|item| mask(&item)),
        kind: kind(step.effect).to_owned(),
        state: StepState::Done,
        code: step.code,
        input: step.input,
        output: None,
        withheld: None,
        error: None,
        attempts: step.attempts,
        started_at,
        duration_ms: (step.at.timestamp_millis() - started_at).max(0),
        epoch,
    };
    let value = match step.end {
        End::Announced => {
            row.state = StepState::Announced;
            return vec![Entry::Announced(row)];
        }
        End::Failed(error) => {
            row.state = StepState::Failed;
            row.error = serde_json::from_str(&mask(&json!(error).to_string())).ok();
            return vec![Entry::Step(row)];
        }
        End::Well(value) => value,
    };
    match kept(value.as_ref(), mask) {
        Ok((hash, json)) => {
            row.output = Some(hash.clone());
            vec![Entry::Output { hash, json }, Entry::Step(row)]
        }
        Err(why) => {
            row.withheld = step.effect.is_some().then(|| why.to_owned());
            vec![Entry::Step(row)]
        }
    }
}

const fn kind(effect: Option<Effect>) -> &'static str {
    match effect {
        Some(Effect::Pure) => "pure",
        Some(Effect::Read) => "read",
        Some(Effect::Write) => "write",
        None => "item",
    }
}

/// A value as it is kept, with what stands for it; or why it is not.
fn kept(value: Option<&Value>, mask: &Mask) -> Result<(String, String), &'static str> {
    let value = value.ok_or("its value is too large to be kept")?;
    let json = to_kept(value).ok_or("its value is of a kind that is not kept")?.to_string();
    if !is_free_of_secrets(&json, mask) {
        return Err("its value holds a secret");
    }
    Ok((hash_of(&json), json))
}

/// What stands for a text.
pub fn hash_of(text: &str) -> String {
    hex(&Sha256::digest(text))
}

fn masked_begin(begin: Begin, mask: &Mask) -> Begin {
    let mut program = begin.program;
    for text in program.files.iter_mut().chain(&mut program.programs) {
        let masked = mask(&text.text);
        program.is_whole &= masked == text.text;
        text.text = masked;
    }
    let (target, told) = (mask(&begin.target), begin.told.as_deref().map(|told| mask(told)));
    Begin { target, program, told, ..begin }
}

fn masked_end(end: &Finished, mask: &Mask) -> Finished {
    let result = serde_json::from_str(&mask(&end.result.to_string())).unwrap_or_default();
    let told = end.told.as_deref().map(|told| mask(told));
    Finished { status: end.status, message: mask(&end.message), result, at: end.at, told }
}

#[cfg(test)]
mod tests;
