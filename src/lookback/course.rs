//! Going through a program with answers from the record, and what each of its steps gave.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::retrace::{Retrace, Seen, Walked};
use crate::check::program::RunField;
use crate::plan::Plan;
use crate::run::{
    self, ErrorReport, EventKind, EventSink, Interrupt, Preview, RunEvent, RunOptions, RunOutcome, Services, StepPlace,
    StepStatus, World,
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
    /// What its expressions see besides their scope.
    pub(super) world: World,
    /// The names of the workflow's outputs.
    pub(super) workflow_outputs: Vec<Arc<str>>,
    /// The facts of the run.
    pub(super) facts: Vec<(RunField, Value)>,
    pub(super) stands: HashMap<Where, Stand>,
    pub(super) seen: Seen,
    index: Index,
}

/// Where in what was seen each place is: a loop may have walked a hundred thousand items, and each is asked for.
#[derive(Default)]
struct Index {
    calls: HashMap<Where, Vec<usize>>,
    not_known: HashMap<Where, usize>,
    item: HashMap<Where, usize>,
    /// The items of a loop, by its name alone.
    items: HashMap<String, Vec<usize>>,
}

impl Index {
    fn of(seen: &Seen) -> Self {
        let mut index = Self::default();
        for (at, call) in seen.calls.iter().enumerate() {
            index.calls.entry((call.step.join("."), call.item.clone())).or_default().push(at);
        }
        for (at, (asked, _)) in seen.not_known.iter().enumerate() {
            index.not_known.entry(place_of(&asked.place)).or_insert(at);
        }
        for (at, (place, ..)) in seen.items.iter().enumerate() {
            index.items.entry(place.path.join(".")).or_default().push(at);
            index.item.entry(place_of(place)).or_insert(at);
        }
        index
    }
}

fn place_of(place: &StepPlace) -> Where {
    (place.path.join("."), place.item.clone())
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
        let found = self.seen.not_known.get(*self.index.not_known.get(at)?);
        found.map(|(_, why)| why.as_str())
    }

    /// The items that a loop walked, each after those of the loops around it.
    pub fn items<'a>(&'a self, of: &'a Where) -> impl Iterator<Item = &'a str> {
        let is_inside = |item: &str| match &of.1 {
            Some(outer) => item.strip_prefix(outer.as_str()).is_some_and(|rest| rest.starts_with(" / ")),
            None => true,
        };
        self.walked(&of.0).filter_map(|(place, ..)| place.item.as_deref()).filter(move |item| is_inside(item))
    }

    /// The items that a loop walked, by its name after those of the steps around it.
    pub(super) fn walked(&self, path: &str) -> impl Iterator<Item = &Walked> {
        let all = self.index.items.get(path).into_iter().flatten();
        all.filter_map(|at| self.seen.items.get(*at))
    }

    /// The value of an item that a loop walked; of a map a record of the key and the value.
    pub fn item(&self, at: &Where) -> Option<Value> {
        let (_, first, second) = self.seen.items.get(*self.index.item.get(at)?)?;
        Some(match second {
            Some(value) => Value::record([("key", first.clone()), ("value", value.clone())]),
            None => first.clone(),
        })
    }

    /// What a step asked of the world, or would write, in the order of the file.
    pub fn calls<'a>(&'a self, at: &'a Where) -> impl Iterator<Item = &'a run::Noted<run::Called>> {
        let all = self.index.calls.get(at).into_iter().flatten();
        all.filter_map(|at| self.seen.calls.get(*at))
    }
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
    let world = World::new(plan.program.clone(), workflow.clone(), &options);
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
    let seen = retrace.take();
    let index = Index::of(&seen);
    Course { outcome, now: told.now, world, workflow_outputs, facts, stands, seen, index }
}

/// Keeps what steps gave and how they ended.
#[derive(Default)]
struct Watch(Mutex<HashMap<Where, Stand>>);

impl Watch {
    fn at(&self, place: &StepPlace, change: impl FnOnce(&mut Stand)) {
        let mut stands = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(stands.entry(place_of(place)).or_default());
    }
}

impl EventSink for Watch {
    fn emit(&self, event: RunEvent) {
        if let EventKind::StepFinished { step, status, error, .. } = event.kind {
            self.at(&step, |stand| {
                stand.status = Some(status);
                stand.error = error;
            });
        }
    }

    fn gave(&self, place: &dyn Fn() -> StepPlace, value: &Value) {
        self.at(&place(), |stand| stand.value = Some(value.clone()));
    }
}
