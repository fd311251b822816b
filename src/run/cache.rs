//! Values that outlive a run: `with { cache: … }`.
//!
//! A value is given again while it is younger than the step says, by the clocks of the runs (`run.now`): a run that
//! looks back never sees what a later one kept. Its key holds all that it follows from but the world: the texts of the
//! program, the environment, the step, and what the step's expression looks at.

use std::collections::HashSet;
use std::future::Future;
use std::sync::Arc;

use chrono::TimeDelta;

use super::fault::Ran;
use super::frame::Frame;
use super::tally::Tally;
use crate::check::program::{Action, Expr, ExprKind, FunctionBody, FunctionId, Program, RunField, Step};
use crate::check::walk;
use crate::connection::cache::{Cache, Entry};
use crate::value::{Fingerprint, StepError, Timestamp, Value, from_kept, to_kept_text};

/// Where values are kept, and for what.
#[derive(Clone)]
pub struct Keeping {
    /// The place.
    pub cache: Arc<dyn Cache>,
    /// What stands for the texts of the program and for where its connections lead: another one shares no values.
    pub origin: Arc<str>,
}

/// The value that an earlier run kept not longer than `age_ms` ago, or else what `read` gives, which is kept.
pub(crate) async fn kept_or(
    frame: &Frame,
    step: &Step,
    age_ms: u64,
    tally: &Tally,
    read: impl Future<Output = Ran<Value>>,
) -> Ran<Value> {
    let (Some(keeping), Action::Expression(expr)) = (&frame.run.keeping, &step.action) else { return read.await };
    if frame.is_in_transaction() {
        // What a transaction sees is its own.
        return read.await;
    }
    let place = Kept { frame, step, keeping, key: key(frame, step, expr, &keeping.origin), age_ms };
    if let Some(value) = place.find().await {
        tally.take_from_cache();
        return Ok(value);
    }
    let value = read.await?;
    place.keep(&value).await;
    Ok(value)
}

/// The place of a step's value.
struct Kept<'a> {
    frame: &'a Frame,
    step: &'a Step,
    keeping: &'a Keeping,
    key: String,
    age_ms: u64,
}

impl Kept<'_> {
    async fn find(&self) -> Option<Value> {
        let entry = match self.keeping.cache.get(&self.key).await {
            Ok(entry) => entry?,
            Err(error) => {
                self.warn(&format!("{}; it is read anew", error.message));
                return None;
            }
        };
        let now = self.frame.run.world.now;
        if now < entry.written_at || now >= self.end(entry.written_at) {
            return None;
        }
        let value = serde_json::from_str(&entry.value).ok().as_ref().and_then(from_kept);
        if value.is_none() {
            self.warn("what was kept for this step is no value; it is read anew");
        }
        value
    }

    async fn keep(&self, value: &Value) {
        if self.frame.run.preview.is_some() {
            return;
        }
        let Some(value) = to_kept_text(value) else {
            self.warn("its value is not kept: it holds what cannot be, or nests too deep");
            return;
        };
        let written_at = self.frame.run.world.now;
        let entry = Entry { written_at, until: self.end(written_at), value };
        if let Err(StepError { message, .. }) = self.keeping.cache.put(&self.key, entry).await {
            self.warn(&format!("its value is not kept: {message}"));
        }
    }

    /// When a value that was written then is too old.
    fn end(&self, written_at: Timestamp) -> Timestamp {
        let age = i64::try_from(self.age_ms).ok().and_then(TimeDelta::try_milliseconds);
        age.and_then(|age| written_at.checked_add_signed(age)).unwrap_or(Timestamp::MAX_UTC)
    }

    fn warn(&self, message: &str) {
        self.frame.run.journal.warn(self.frame, &self.step.name, message.to_owned());
    }
}

/// The key of a step's value.
fn key(frame: &Frame, step: &Step, expr: &Expr, origin: &str) -> String {
    let mut all = Fingerprint::default();
    let world = &frame.run.world;
    let looks = Looks::of(expr, &world.program);
    for text in [env!("CARGO_PKG_VERSION"), origin, &world.environment, &world.workflow] {
        all.text(text);
    }
    all.text(&format!("{:?} {:?}", frame.path(&step.name), step.span));
    for field in looks.facts {
        all.text(&format!("{field:?}"));
        match world.fact(field) {
            Ok(value) => all.value(&value),
            Err(error) => all.text(&error.message),
        }
    }
    for (up, index) in looks.slots {
        all.text(&format!("{up} {index}"));
        all.text(frame.scope.fingerprint(up, index).unwrap_or_default());
    }
    all.finish()
}

/// What an expression looks at, in the order in which it does, and the functions that it calls with all that they call.
#[derive(Default)]
struct Looks {
    slots: Vec<(usize, usize)>,
    facts: Vec<RunField>,
    called: HashSet<FunctionId>,
    waiting: Vec<FunctionId>,
}

impl Looks {
    fn of(expr: &Expr, program: &Program) -> Self {
        let mut looks = Self::default();
        walk::visit(expr, &mut |expr| {
            if let ExprKind::Slot { up, index } = expr.kind {
                looks.slots.push((up, index));
            }
            looks.at(expr);
        });
        let mut seen = HashSet::new();
        looks.slots.retain(|slot| seen.insert(*slot));
        while let Some(id) = looks.waiting.pop() {
            // Slots of a function's block are its own.
            match program.functions.get(id.0).map(|function| &function.body) {
                Some(FunctionBody::Expression(body)) => walk::visit(body, &mut |expr| looks.at(expr)),
                Some(FunctionBody::Block(block)) => walk::block_expressions(block, &mut |expr| looks.at(expr)),
                Some(FunctionBody::External(_)) | None => {}
            }
        }
        looks
    }

    fn at(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Run(field) => self.facts.push(*field),
            ExprKind::Function(id, _) if self.called.insert(*id) => self.waiting.push(*id),
            _ => {}
        }
    }
}
