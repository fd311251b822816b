//! What running steps share: the run, and for each block its scope, place and limits.

use std::collections::{HashMap, HashSet};
use std::ptr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::cache::Keeping;
use super::eval::Site;
use super::identity::Identity;
use super::journal::Journal;
use super::policy::{Limits, Sites};
use super::preview::{Preview, Rank, begin};
use super::record::Records;
use super::scope::{Held, Scope};
use super::world::World;
use crate::check::program::Step;
use crate::external::Interpreters;
use crate::primitive::{Attempts, Context, Effect, OpenTransaction};
use crate::source::Span;
use crate::value::Fingerprint;

/// How many levels of evaluation a block inside another counts for, by the stack that running it takes.
const BLOCK_DEPTH: usize = 10;

/// What a whole run shares.
pub(crate) struct RunState {
    /// Functions and facts.
    pub(crate) world: World,
    /// What has happened so far.
    pub(crate) journal: Journal,
    /// `defaults { … }`.
    pub(crate) defaults: Limits,
    /// What steps remember between attempts and loop items: paces and keys.
    pub(crate) sites: Sites,
    /// What runs external programs.
    pub(crate) interpreters: Interpreters,
    /// Where what is read is kept for later runs.
    pub(crate) keeping: Option<Keeping>,
    /// Takes note of writes instead of letting them happen.
    pub(crate) preview: Option<Arc<Preview>>,
    /// Takes down what happens.
    pub(crate) records: Option<Arc<dyn Records>>,
    /// What steps are, by where they stand in the program.
    pub(crate) identities: Mutex<HashMap<usize, Arc<Identity>>>,
    /// How often a block was called from one place with the same arguments.
    pub(crate) calls: Mutex<HashMap<String, u32>>,
}

impl RunState {
    /// What a step is, worked out once.
    pub(crate) fn identity(&self, step: &Step) -> Arc<Identity> {
        let mut known = self.identities.lock().unwrap_or_else(PoisonError::into_inner);
        let of = || Arc::new(Identity::of(step, &self.world.program));
        known.entry(ptr::from_ref(step).addr()).or_insert_with(of).clone()
    }

    /// The number of a call among those that look alike, from 1.
    fn call(&self, key: String) -> u32 {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let count = calls.entry(key).or_default();
        *count += 1;
        *count
    }
}

/// The steps and the loop item around a block.
#[derive(Debug)]
pub(crate) struct Place {
    parent: Option<Arc<Place>>,
    step: Arc<str>,
    item: Option<Arc<str>>,
    /// What tells the item, or the call, from others, when that is recorded.
    key: Option<Arc<str>>,
    /// Where the step begins, and which item of a loop this is.
    rank: (u32, usize),
    is_transaction: bool,
}

/// Where a block runs. Cloning it is a handful of counters.
#[derive(Clone)]
pub(crate) struct Frame {
    /// The run.
    pub(crate) run: Arc<RunState>,
    /// The block's values.
    pub(crate) scope: Arc<Scope>,
    /// The steps around it; nothing for the workflow's own blocks.
    pub(crate) place: Option<Arc<Place>>,
    /// The connections, and the transaction around the block.
    pub(crate) context: Arc<Context>,
    /// No new step starts, and reads stop.
    pub(crate) halt: CancellationToken,
    /// Everything stops at once, writes under way included.
    pub(crate) abort: CancellationToken,
    /// How deep the block stands in others, in levels of evaluation.
    pub(crate) depth: usize,
    /// In a plan: the steps that write before what runs here.
    pub(crate) behind: Option<Arc<Behind>>,
}

/// Steps that a run would have had write before something reads.
#[derive(Debug)]
pub(crate) struct Behind {
    /// Those before the steps around it.
    outer: Option<Arc<Behind>>,
    /// Where they stand, and whether `after:` says that what they do is looked at, through whatever connection.
    steps: Vec<(Rank, bool)>,
}

impl Behind {
    /// All of them.
    pub(crate) fn steps(&self) -> impl Iterator<Item = &(Rank, bool)> {
        std::iter::successors(Some(self), |behind| behind.outer.as_deref()).flat_map(|behind| &behind.steps)
    }
}

impl Frame {
    /// This frame, one block deeper.
    fn deeper(&self) -> Self {
        Self { depth: self.depth + BLOCK_DEPTH, ..self.clone() }
    }

    /// An inner block of the step at `site`, which stands in this frame, with empty slots.
    pub(crate) fn inner(&self, site: Site<'_>, slots: usize) -> Self {
        self.within(self.place_of(site, None), slots)
    }

    /// The block of a transaction.
    pub(crate) fn of_transaction(&self, site: Site<'_>, slots: usize) -> Self {
        self.within(Place { is_transaction: true, ..self.place_of(site, None) }, slots)
    }

    /// One item of the loop at `site`, the one with this number.
    pub(crate) fn of_item(&self, site: Site<'_>, slots: usize, number: usize, label: Arc<str>) -> Self {
        self.within(self.place_of(site, Some((number, label))), slots)
    }

    /// [`Frame::of_item`], whose steps are recorded under this key.
    pub(crate) fn of_recorded_item(
        &self,
        site: Site<'_>,
        slots: usize,
        (number, label): (usize, Arc<str>),
        key: Arc<str>,
    ) -> Self {
        self.within(Place { key: Some(key), ..self.place_of(site, Some((number, label))) }, slots)
    }

    fn within(&self, place: Place, slots: usize) -> Self {
        let scope = Arc::new(Scope::new(slots, Some(self.scope.clone())));
        Self { scope, place: Some(Arc::new(place)), ..self.deeper() }
    }

    /// The block of a function that the step at `site` calls from `depth`; it sees its arguments only.
    pub(crate) fn of_call(&self, site: Site<'_>, slots: usize, arguments: Vec<Held>, depth: usize) -> Self {
        let key = self.run.records.is_some().then(|| self.call_key(site, &arguments));
        let scope = Scope::new(slots, None);
        arguments.into_iter().enumerate().for_each(|(at, held)| scope.hold(at, held));
        let (scope, place) = (Arc::new(scope), Some(Arc::new(Place { key, ..self.place_of(site, None) })));
        Self { scope, place, depth: depth + BLOCK_DEPTH, ..self.clone() }
    }

    /// In a plan: this frame for a step that comes after writes of the same block; `None` when there are none.
    pub(crate) fn behind(&self, steps: &[Step], step: &Step) -> Option<Self> {
        if self.run.preview.is_none() || step.effect == Effect::Pure || step.upstream.is_empty() {
            return None;
        }
        let (mut found, mut seen) = (Vec::new(), HashSet::new());
        let mut waiting: Vec<(usize, bool)> = Vec::new();
        let next = |step: &Step, is_stated: bool, waiting: &mut Vec<(usize, bool)>| {
            waiting.extend(step.upstream.iter().map(|up| (*up, is_stated || step.after.contains(up))));
        };
        next(step, false, &mut waiting);
        while let Some((at, is_stated)) = waiting.pop() {
            let Some(before) = steps.get(at).filter(|_| seen.insert((at, is_stated))) else { continue };
            if before.effect == Effect::Write {
                found.push((self.rank(before.span), is_stated));
            }
            next(before, is_stated, &mut waiting);
        }
        let behind = Behind { outer: self.behind.clone(), steps: found };
        (!behind.steps.is_empty()).then(|| Self { behind: Some(Arc::new(behind)), ..self.clone() })
    }

    /// This frame inside a transaction.
    pub(crate) fn in_transaction(&self, open: OpenTransaction) -> Self {
        let context = Context { transaction: Some(open), ..(*self.context).clone() };
        Self { context: Arc::new(context), ..self.clone() }
    }

    /// This frame for the attempts of one step.
    pub(crate) fn with_attempts(&self) -> Self {
        self.trying(self.context.attempts.inner(self.halt.clone()))
    }

    /// This frame with a halt of its own, inside the one it has, and this much time.
    pub(crate) fn with_own_halt(&self, time: Duration) -> Self {
        let halt = self.halt.child_token();
        let attempts = self.context.attempts.inner(halt.clone()).within(time);
        Self { halt, ..self.trying(attempts) }
    }

    /// This frame with these attempts.
    pub(crate) fn trying(&self, attempts: Attempts) -> Self {
        let context = Context { attempts: Arc::new(attempts), ..(*self.context).clone() };
        Self { context: Arc::new(context), ..self.clone() }
    }

    /// Whether a transaction is open around the block.
    pub(crate) fn is_in_transaction(&self) -> bool {
        self.context.transaction.is_some()
    }

    /// Whether the block is a workflow's own.
    pub(crate) fn is_top(&self) -> bool {
        self.place.is_none()
    }

    /// The names of the steps down to `step`.
    pub(crate) fn path(&self, step: &str) -> Vec<String> {
        let mut path = vec![step.to_owned()];
        path.extend(self.places().map(|place| place.step.to_string()));
        path.reverse();
        path
    }

    /// What tells a step of this block from all others of the run.
    pub(crate) fn key(&self, step: &str) -> String {
        let mut parts: Vec<String> = vec![step.to_owned()];
        parts.extend(self.places().map(|place| match &place.key {
            Some(key) => format!("{}[{key}]", place.step),
            None => place.step.to_string(),
        }));
        parts.reverse();
        parts.join(".")
    }

    fn call_key(&self, site: Site<'_>, arguments: &[Held]) -> Arc<str> {
        let mut all = Fingerprint::default();
        arguments.iter().filter_map(|held| held.get().ok()).for_each(|value| all.value(value));
        let key: String = all.finish().chars().take(12).collect();
        match self.run.call(format!("{}({key})", self.key(site.step))) {
            1 => key.into(),
            nth => format!("{key}.{nth}").into(),
        }
    }

    /// Whether the block stands in `failed { … }` or `finally { … }`.
    pub(crate) fn is_afterwards(&self) -> bool {
        self.places().last().is_some_and(|place| place.rank.0 == u32::MAX)
    }

    /// The loop items around the block, outermost first.
    pub(crate) fn item(&self) -> Option<String> {
        let mut items: Vec<&str> = self.places().filter_map(|place| place.item.as_deref()).collect();
        items.reverse();
        (!items.is_empty()).then(|| items.join(" / "))
    }

    /// The place in the order of the file of what begins at `span`.
    pub(crate) fn rank(&self, span: Span) -> Rank {
        let mut rank = vec![(begin(span), 0)];
        rank.extend(self.places().map(|place| place.rank));
        rank.reverse();
        rank
    }

    /// Whether a transaction stands around the block, also one that is only looked at.
    pub(crate) fn is_of_transaction(&self) -> bool {
        self.places().any(|place| place.is_transaction)
    }

    /// The place in the order of the file of the transaction around the block.
    pub(crate) fn transaction_rank(&self) -> Option<Rank> {
        let depth = self.places().position(|place| place.is_transaction)?;
        let mut rank: Rank = self.places().skip(depth).map(|place| place.rank).collect();
        rank.reverse();
        Some(rank)
    }

    /// The path of the transaction around the block, also of one that is only looked at.
    pub(crate) fn transaction(&self) -> Option<Vec<String>> {
        let depth = self.places().position(|place| place.is_transaction)?;
        let mut path: Vec<String> = self.places().skip(depth).map(|place| place.step.to_string()).collect();
        path.reverse();
        Some(path)
    }

    fn places(&self) -> impl Iterator<Item = &Place> {
        std::iter::successors(self.place.as_deref(), |place| place.parent.as_deref())
    }

    fn place_of(&self, site: Site<'_>, item: Option<(usize, Arc<str>)>) -> Place {
        let (number, item) = item.map_or((0, None), |(number, label)| (number, Some(label)));
        let rank = (begin(site.span), number);
        Place { parent: self.place.clone(), step: site.step.clone(), item, key: None, rank, is_transaction: false }
    }
}
