//! What is on record of a run, in the place of the world.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;
use indexmap::IndexMap;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::primitive::Effect;
use crate::run::{Answer, Asked, Called, Found, Noted, Recorded, Records, Replay, StepPlace};
use crate::store::{RunStore, StepRow, StepState, StoreError, value_of};
use crate::value::{ErrorKind, StepError, Value};

/// An item that a loop walked: where, with its value, and the value behind a key of a map.
pub(super) type Walked = (StepPlace, Value, Option<Value>);

/// What was seen while a run was gone through.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// What steps asked of the world, or would write.
    pub(super) calls: Vec<Noted<Called>>,
    /// The items of loops.
    pub(super) items: Vec<Walked>,
    /// The steps that reach for the world, by key.
    pub(super) asked: HashMap<String, Asked>,
    /// Why something is not known, by the key of the step.
    pub(super) not_known: Vec<(Asked, String)>,
}

/// Answers for the world from what is on record of a run.
pub struct Retrace {
    store: Arc<dyn RunStore>,
    rows: HashMap<String, StepRow>,
    /// What the steps were when the run was recorded, where the file may be another today.
    basis: Option<HashMap<String, Asked>>,
    /// Why a step is not on record of which there is no row.
    without: String,
    seen: Mutex<Seen>,
}

impl Retrace {
    /// Of the program that the run was made from. `without` says why a step may not be on record.
    pub async fn of(store: Arc<dyn RunStore>, run: Uuid, without: &str) -> Result<Self, StoreError> {
        let rows = store.steps(run).await?.into_iter().map(|row| (row.key.clone(), row)).collect();
        Ok(Self { store, rows, basis: None, without: without.to_owned(), seen: Mutex::default() })
    }

    /// The same record, for another program: what is on record counts for steps only that are what they were in the program
    /// that `self` was gone through with.
    #[must_use]
    pub fn for_another(&self, without: &str) -> Self {
        Self {
            store: self.store.clone(),
            rows: self.rows.clone(),
            basis: Some(self.seen().asked.clone()),
            without: without.to_owned(),
            seen: Mutex::default(),
        }
    }

    /// What was seen.
    pub(super) fn take(&self) -> Seen {
        let mut seen = self.seen();
        let asked = seen.asked.clone();
        let mut taken = std::mem::take(&mut *seen);
        seen.asked = asked;
        taken.calls.sort_by(|a, b| a.rank.cmp(&b.rank));
        taken
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn look(&self, asked: &Asked) -> Answer {
        let Some(row) = self.rows.get(&asked.key) else { return Answer::NotKnown(self.without.clone()) };
        if let Some(why) = self.change(asked) {
            return Answer::NotKnown(why);
        }
        match row.state {
            StepState::Failed => Answer::Failed(error_of(row.error.as_ref())),
            StepState::Announced => Answer::NotKnown("nobody knows whether this write happened".to_owned()),
            StepState::Done => value_of(&*self.store, row).await.map_or_else(Answer::NotKnown, Answer::Value),
        }
    }

    /// What is not as it was when it was recorded.
    fn change(&self, asked: &Asked) -> Option<String> {
        let before = self.basis.as_ref()?.get(&asked.key)?;
        let does = if asked.effect == Effect::Write { "write" } else { "read" };
        if before.code != asked.code {
            return Some(format!("its text has changed, and what it would {does} now is not on record"));
        }
        let changed = before.input != asked.input;
        changed.then(|| format!("what it works on has changed, and what it would {does} now is not on record"))
    }
}

impl Replay for Retrace {
    fn answer(&self, asked: Asked) -> BoxFuture<'_, Answer> {
        Box::pin(async move {
            let answer = self.look(&asked).await;
            let mut seen = self.seen();
            if let Answer::NotKnown(why) = &answer {
                seen.not_known.push((asked.clone(), why.clone()));
            }
            seen.asked.insert(asked.key.clone(), asked);
            answer
        })
    }

    fn called(&self, call: Noted<Called>) {
        self.seen().calls.push(call);
    }

    fn walked(&self, item: StepPlace, first: &Value, second: Option<&Value>) {
        self.seen().items.push((item, first.clone(), second.cloned()));
    }
}

impl Records for Retrace {
    fn began<'a>(&'a self, _params: &IndexMap<Arc<str>, Value>) -> BoxFuture<'a, ()> {
        Box::pin(std::future::ready(()))
    }

    fn on_record(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }

    fn found<'a>(&'a self, _key: &'a str) -> BoxFuture<'a, Option<Found>> {
        Box::pin(std::future::ready(None))
    }

    fn announce(&self, _step: Recorded) -> BoxFuture<'_, bool> {
        Box::pin(std::future::ready(true))
    }

    fn ended(&self, _step: Recorded) {}

    fn replay(&self) -> Option<&dyn Replay> {
        Some(self)
    }
}

/// A failure as it is on record.
pub fn error_of(json: Option<&Json>) -> StepError {
    let text = |name: &str| json.and_then(|json| json.get(name)?.as_str().map(str::to_owned));
    let kind = text("kind").and_then(|kind| ErrorKind::find(&kind)).unwrap_or(ErrorKind::Internal);
    let error = StepError::new(kind, text("message").unwrap_or_else(|| "it failed".to_owned()));
    match text("help") {
        Some(help) => error.help(help),
        None => error,
    }
}
