//! Going through a program with answers from the record, and what each of its steps gave.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::retrace::{Retrace, Seen};
use crate::check::program::RunField;
use crate::plan::Plan;
use crate::run::{
    self, ErrorReport, EventKind, EventSink, Interrupt, Preview, RunEvent, RunOptions, RunOutcome, Services, StepPlace,
    StepStatus,
};
use crate::testing::{StillClock, nowhere};
use crate::value::{Timestamp, Value};

/// Where a step stands: its name after those of the steps around it, joined with dots, and the loop items around it.
pub type Where = (String, Option<String>);

/// How a step stood when the run had been gone through.
#[derive(Debug, Clone, Default)]
pub struct Stand {
    /// What it gave; nothing when it failed, did not run, or is not on record.
    pub value: Option<Value>,
    /// How it ended.
    pub status: Option<StepStatus>,
    /// Why it failed.
    pub error: Option<ErrorReport>,
}

/// A run that was gone through.
pub struct Course {
    /// How it went. A step that is not on record has the status `unknown`.
    pub outcome: RunOutcome,
    /// `run.now`.
    pub(super) now: Timestamp,
    /// The names of the workflow's outputs.
    pub(super) workflow_outputs: Vec<Arc<str>>,
    /// The facts of the run.
    pub(super) facts: Vec<(RunField, Value)>,
    pub(super) stands: HashMap<Where, Stand>,
    pub(super) seen: Seen,
}

impl Course {
    /// How a step stood.
    pub fn stand(&self, at: &Where) -> Option<&Stand> {
        self.stands.get(at)
    }

    /// What all steps gave, those in loops and transactions too.
    pub fn values(&self) -> impl Iterator<Item = (&Where, &Value)> {
        self.stands.iter().filter_map(|(at, stand)| Some((at, stand.value.as_ref()?)))
    }

    /// Why a step has no value: what is not on record of it.
    pub fn not_known(&self, at: &Where) -> Option<&str> {
        let mut all = self.seen.not_known.iter();
        all.find(|(asked, _)| is_at(&asked.place, at)).map(|(_, why)| why.as_str())
    }

    /// The items that a loop walked, each after those of the loops around it.
    pub fn items<'a>(&'a self, of: &'a Where) -> impl Iterator<Item = &'a str> {
        let is_inside = |item: &str| match &of.1 {
            Some(outer) => item.strip_prefix(outer.as_str()).is_some_and(|rest| rest.starts_with(" / ")),
            None => true,
        };
        let walked = self.seen.items.iter().filter(|(place, ..)| place.path.join(".") == of.0);
        walked.filter_map(|(place, ..)| place.item.as_deref()).filter(move |item| is_inside(item))
    }

    /// The value of an item that a loop walked; of a map a record of the key and the value.
    pub fn item(&self, at: &Where) -> Option<Value> {
        let (_, first, second) = self.seen.items.iter().find(|(place, ..)| is_at(place, at))?;
        Some(match second {
            Some(value) => Value::record([("key", first.clone()), ("value", value.clone())]),
            None => first.clone(),
        })
    }

    /// What a step asked of the world, or would write, in the order of the file.
    pub fn calls<'a>(&'a self, at: &'a Where) -> impl Iterator<Item = &'a run::Noted<run::Called>> {
        self.seen.calls.iter().filter(move |call| call.step.join(".") == at.0 && call.item == at.1)
    }
}

fn is_at(place: &StepPlace, at: &Where) -> bool {
    place.path.join(".") == at.0 && place.item == at.1
}

/// Goes through a plan; `retrace` answers for the world. Must be called on [`run::runtime`].
pub async fn go_through(plan: Plan, options: RunOptions, retrace: Arc<Retrace>) -> Course {
    let services = Services {
        connections: nowhere(&plan.workflow),
        clock: Arc::new(StillClock::at(options.now)),
        interrupt: Interrupt::default(),
        keeping: None,
        // With it, nothing is written and a transaction is not begun.
        preview: Some(Arc::new(Preview::default())),
        records: Some(retrace.clone()),
    };
    let watch = Arc::new(Watch::default());
    let workflow = plan.workflow.name.clone();
    let workflow_outputs = plan.workflow.outputs.iter().map(|output| output.name.clone()).collect();
    let told = options.clone();
    let outcome = run::run(plan, services, options, watch.clone()).await;
    let text = |text: &str| Value::text(text);
    let facts = vec![
        (RunField::Now, Value::Timestamp(told.now)),
        (RunField::Id, text(&told.id.to_string())),
        (RunField::Job, text(told.job.as_ref().unwrap_or(&workflow))),
        (RunField::Env, text(&told.environment)),
        (RunField::Workflow, text(&workflow)),
        (RunField::Status, text(outcome.status.name())),
    ];
    let stands = std::mem::take(&mut *watch.0.lock().unwrap_or_else(PoisonError::into_inner));
    Course { outcome, now: told.now, workflow_outputs, facts, stands, seen: retrace.take() }
}

/// Keeps what steps gave and how they ended.
#[derive(Default)]
struct Watch(Mutex<HashMap<Where, Stand>>);

impl Watch {
    fn at(&self, place: StepPlace, change: impl FnOnce(&mut Stand)) {
        let mut stands = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(stands.entry((place.path.join("."), place.item)).or_default());
    }
}

impl EventSink for Watch {
    fn emit(&self, event: RunEvent) {
        if let EventKind::StepFinished { step, status, error, .. } = event.kind {
            self.at(step, |stand| {
                stand.status = Some(status);
                stand.error = error;
            });
        }
    }

    fn gave(&self, place: &dyn Fn() -> StepPlace, value: &Value) {
        self.at(place(), |stand| stand.value = Some(value.clone()));
    }
}
