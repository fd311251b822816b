//! What is recorded of a run so that it can be finished later, and how a later attempt uses it.
//!
//! Recorded are the steps that wait for the world, each by itself, also within loops: all else follows from them, and is
//! computed again. A transaction is one step. What a step gave is taken again only where its code and all that it looks at
//! are the same; the names of the steps around it and the loop items in them say which step it is.
//!
//! A write that made twice would leave more than made once is announced before it is made. When only the announcement
//! is found, nobody knows whether it happened, and the run does not go on until somebody says.

use std::future::Future;
use std::sync::{Arc, OnceLock};

use futures_util::future::BoxFuture;
use indexmap::IndexMap;
use tokio::task::spawn_blocking;

use super::eval::Site;
use super::event::{EventKind, StepPlace};
use super::fault::{Fault, Ran};
use super::frame::Frame;
use super::identity::Identity;
use super::outcome::ErrorReport;
use super::replay::{self, Asked, Replay};
use super::tally::{Tally, Tried};
use crate::abort::{self, Point};
use crate::check::program::Step;
use crate::primitive::Effect;
use crate::value::{ErrorKind, Fingerprint, StepError, Timestamp, Value};

/// The most that a value which is computed again anyway may hold to be recorded for people to look at.
const MOST_SHOWN: usize = 1000;

/// The most that any value may hold to be recorded: writing down more would take longer than reading it again.
const MOST_KEPT: usize = 2_000_000;

/// The most that a value may hold for what stands for it to be worked out at once.
const MOST_AT_ONCE: usize = 10_000;

/// Takes down what a run does, and gives back what an earlier attempt at the same run did.
pub trait Records: Send + Sync {
    /// The run begins, with these parameters. Comes back at once, but for a run that somebody else may have begun: then it
    /// has been stopped, or is ours.
    fn began<'a>(&'a self, params: &IndexMap<Arc<str>, Value>) -> BoxFuture<'a, ()>;
    /// Comes back once the run itself is on record, or cannot be: no run that has written is unknown afterwards.
    fn on_record(&self) -> BoxFuture<'_, ()>;
    /// What an earlier attempt did under a key.
    fn found<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Option<Found>>;
    /// A write is about to be made that must not be made twice. Comes back once that is on record, or cannot be.
    /// `false`: it may not be made now, because somebody may come who does not know of it and makes it again.
    fn announce(&self, step: Recorded) -> BoxFuture<'_, bool>;
    /// A step, or an item of a loop, is over.
    fn ended(&self, step: Recorded);
    /// Answers for the world, where a run is only gone through once more.
    fn replay(&self) -> Option<&dyn Replay> {
        None
    }
}

/// A step as it is recorded.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// Tells it from all others of the run: the names of the steps, with what stands for the loop items.
    pub key: String,
    /// Where it stands, for people.
    pub place: StepPlace,
    /// What it does to the world; `None` for an item of a loop.
    pub effect: Option<Effect>,
    /// Stands for its code.
    pub code: String,
    /// Stands for all that it looks at.
    pub input: String,
    /// How it ended; an announced write has not.
    pub end: End,
    /// How many attempts it made.
    pub attempts: u32,
    /// Those that were followed by another, in order.
    pub tried: Vec<Tried>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended, or was announced.
    pub at: Timestamp,
}

/// How a recorded step ended.
#[derive(Debug, Clone)]
pub enum End {
    /// Not yet: whether it happened is not known.
    Announced,
    /// Well, with this value; `None` when it is too large to be kept, or there is none.
    Well(Option<Value>),
    /// Badly.
    Failed(ErrorReport),
}

/// What an earlier attempt did.
#[derive(Debug, Clone)]
pub struct Found {
    /// Stands for the code that ran.
    pub code: String,
    /// Stands for what it looked at.
    pub input: String,
    /// What came of it.
    pub came: Came,
}

/// What came of a step.
#[derive(Debug, Clone)]
pub enum Came {
    /// Its value.
    Value(Value),
    /// It is done; its value could not be kept, which is why.
    Done(String),
    /// It did not happen, or may happen again.
    Nothing,
    /// Nobody knows whether it happened.
    Unknown,
}

/// What is worth recording of a step.
pub(super) struct Entry<'a> {
    pub(super) frame: &'a Frame,
    step: &'a Step,
    records: &'a Arc<dyn Records>,
    identity: Arc<Identity>,
    key: String,
    /// What stands for all that the step looks at, where somebody asked.
    input: OnceLock<String>,
    /// Whether making it twice is no worse than once.
    is_safe: bool,
}

/// Does a step's work, unless it is on record that it was done.
pub(crate) async fn recorded(
    frame: &Frame,
    step: &Step,
    at: usize,
    tally: &Tally,
    is_unit: bool,
    work: impl Future<Output = Ran<Value>>,
) -> Ran<Value> {
    let Some(records) = frame.run.records.as_ref().filter(|_| !frame.is_in_transaction()) else { return work.await };
    if step.effect == Effect::Pure || !is_unit {
        let started = frame.run.journal.now();
        let value = work.await?;
        if frame.is_top() && step.slot.is_some() && is_small(&value, &mut MOST_SHOWN.clone()) {
            let key = frame.key(&name(step, at));
            let (identity, input) = (Arc::default(), OnceLock::from(String::new()));
            let shown = Entry { frame, step, records, identity, key, input, is_safe: true };
            let shown = shown.recorded(End::Well(Some(value.clone())), tally, started);
            records.ended(Recorded { effect: Some(Effect::Pure), ..shown });
        }
        return Ok(value);
    }
    let entry = Entry::of(frame, step, at, records);
    let replay = records.replay();
    if replay.is_none()
        && let Some(value) = entry.found().await?
    {
        tally.take_from_record();
        return Ok(value);
    }
    let started = frame.run.journal.now();
    if step.effect == Effect::Write && !entry.is_safe && replay.is_none() {
        let may_be_made = records.announce(entry.recorded(End::Announced, tally, started)).await;
        abort::at(Point::J3);
        if !may_be_made && !frame.abort.is_cancelled() {
            let result = Err(unannounced());
            entry.keep(&result, tally, started);
            return result;
        }
    } else {
        entry.prepare_input();
        if step.effect == Effect::Write {
            records.on_record().await;
        }
    }
    if frame.abort.is_cancelled() {
        // Also in `finally`: whoever has taken the run over makes this write.
        return Err(Fault::cancelled());
    }
    let result = work.await;
    if let Some(replay) = replay {
        return replay::answered(replay, &entry, tally, result).await;
    }
    abort::at(Point::J4);
    entry.keep(&result, tally, started);
    result
}

/// The name of a step within its block; several without one may do the same.
fn name(step: &Step, at: usize) -> String {
    if step.slot.is_some() { step.name.to_string() } else { format!("{}~{at}", step.name) }
}

/// Whether a value holds no more than `left` parts.
fn is_small(value: &Value, left: &mut usize) -> bool {
    let parts = |left: &mut usize, n: usize| {
        *left = left.saturating_sub(n + 1);
        *left > 0
    };
    match value {
        Value::List(items) => parts(left, items.len()) && items.iter().all(|item| is_small(item, left)),
        Value::Column(items) => parts(left, items.len()),
        Value::Points(points) => parts(left, points.len()),
        Value::Table(table) => parts(left, table.rows.saturating_mul(table.columns.len())),
        Value::Map(map) => parts(left, map.len()) && map.values().all(|item| is_small(item, left)),
        Value::Record(record) => record.values.iter().all(|item| is_small(item, left)),
        Value::Series(series) => parts(left, series.points.len()),
        _ => parts(left, 0),
    }
}

impl<'a> Entry<'a> {
    fn of(frame: &'a Frame, step: &'a Step, at: usize, records: &'a Arc<dyn Records>) -> Self {
        let identity = frame.run.identity(step);
        let key = frame.key(&name(step, at));
        let is_safe = !identity.doubles || step.policy.key.is_some();
        Self { frame, step, records, identity, key, input: OnceLock::new(), is_safe }
    }

    fn input(&self) -> String {
        self.input.get_or_init(|| self.fingerprint()).clone()
    }

    fn fingerprint(&self) -> String {
        let mut all = Fingerprint::default();
        for field in &self.identity.facts {
            if let Ok(value) = self.frame.run.world.fact(*field) {
                all.value(&value);
            }
        }
        for (up, index) in &self.identity.slots {
            all.text(self.frame.scope.fingerprint(*up, *index).unwrap_or_default());
        }
        all.finish()
    }

    /// Works out what stands for large values beside the step's own work, on another thread: nobody asks before it is over.
    fn prepare_input(&self) {
        for (up, index) in &self.identity.slots {
            let value = self.frame.scope.get(*up, *index);
            if value.is_some_and(|value| !is_small(value, &mut MOST_AT_ONCE.clone())) {
                let (scope, up, index) = (self.frame.scope.clone(), *up, *index);
                spawn_blocking(move || scope.fingerprint(up, index).map(drop));
            }
        }
    }

    pub(super) fn asked(&self) -> Asked {
        let (code, input) = (self.identity.code.clone(), self.input());
        Asked { key: self.key.clone(), place: self.place(), effect: self.step.effect, code, input }
    }

    fn place(&self) -> StepPlace {
        StepPlace { path: self.frame.path(&self.step.name), item: self.frame.item() }
    }

    fn recorded(&self, end: End, tally: &Tally, started_at: Timestamp) -> Recorded {
        Recorded {
            key: self.key.clone(),
            place: self.place(),
            effect: Some(self.step.effect),
            code: self.identity.code.clone(),
            input: self.input(),
            end,
            attempts: tally.attempts(),
            tried: tally.tried(),
            started_at,
            at: self.frame.run.journal.now(),
        }
    }

    fn keep(&self, result: &Ran<Value>, tally: &Tally, started: Timestamp) {
        let end = match result {
            Ok(value) => End::Well(is_small(value, &mut MOST_KEPT.clone()).then(|| value.clone())),
            // What was announced stays so: it may have happened.
            Err(fault) if self.is_left_open(fault) => return,
            Err(fault) => End::Failed(ErrorReport::from(&fault.error)),
        };
        self.records.ended(self.recorded(end, tally, started));
    }

    fn is_left_open(&self, fault: &Fault) -> bool {
        let is_announced = self.step.effect == Effect::Write && !self.is_safe;
        let abort = self.frame.abort.is_cancelled();
        is_announced && (fault.error.kind == ErrorKind::Ambiguous || (fault.is_cancelled() && abort))
    }

    /// The value on record; fails where going on could do something twice.
    async fn found(&self) -> Ran<Option<Value>> {
        if self.frame.is_afterwards() {
            return Ok(None);
        }
        let Some(found) = self.records.found(&self.key).await else { return Ok(None) };
        let change = if found.code != self.identity.code {
            Some("its text has changed".to_owned())
        } else if found.input != self.input() {
            Some("what it works on has changed".to_owned())
        } else {
            None
        };
        match (found.came, change) {
            (Came::Nothing, _) => Ok(None),
            (Came::Value(value), None) => Ok(Some(value)),
            (Came::Done(_), None) if self.step.slot.is_none() => Ok(Some(Value::None)),
            (Came::Unknown, _) if !self.is_safe => Err(self.unsettled("may have happened before the run broke off")),
            (Came::Unknown, _) => {
                self.tell("it was under way when the run broke off, and making it twice is safe");
                Ok(None)
            }
            (Came::Value(_), Some(why)) | (Came::Done(why), _) if self.is_safe => {
                self.tell(&why);
                Ok(None)
            }
            (Came::Value(_), why) => Err(self.unsettled(&format!("has happened, and {}", why.unwrap_or_default()))),
            (Came::Done(why), _) => Err(self.unsettled(&format!("has happened, and {why}"))),
        }
    }

    fn tell(&self, why: &str) {
        self.frame.run.journal.emit(EventKind::Redone { step: self.place(), why: why.to_owned() });
    }

    fn unsettled(&self, how: &str) -> Box<Fault> {
        self.frame.run.journal.note_unsettled();
        let error = StepError::new(ErrorKind::Ambiguous, format!("this write {how}; making it again could double it"));
        let (id, key) = (&self.frame.run.world.id, &self.key);
        Fault::new(error.help(format!(
            "look whether it is there; then `vmflow resume {id} --done '{key}'` if so, and `--redo '{key}'` if it is to be made (again)"
        )))
    }
}

fn unannounced() -> Box<Fault> {
    let why = "the run store is away, which would know that this write was made; made twice, it could double it";
    let error = StepError::new(ErrorKind::Connection, why);
    Fault::new(error.help("`vmflow resume` goes on once the store is back; a `key` makes the write safe to repeat"))
}

/// Records an item of a loop that is over.
pub(crate) fn item_ended(site: Site<'_>, key: &str, label: &str, error: Option<&StepError>, started_at: Timestamp) {
    let frame = site.frame;
    let Some(records) = frame.run.records.as_ref().filter(|_| !frame.is_in_transaction()) else { return };
    let item = frame.item().map_or_else(|| label.to_owned(), |outer| format!("{outer} / {label}"));
    records.ended(Recorded {
        key: format!("{}[{key}]", frame.key(site.step)),
        place: StepPlace { path: frame.path(site.step), item: Some(item) },
        effect: None,
        code: String::new(),
        input: String::new(),
        end: error.map_or(End::Well(None), |error| End::Failed(ErrorReport::from(error))),
        attempts: 1,
        tried: Vec::new(),
        started_at,
        at: frame.run.journal.now(),
    });
}
