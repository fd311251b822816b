//! What a run leaves: the values of its steps and the facts, to look at once it is over.

use std::sync::Arc;

use super::eval::{Env, Locals, eval};
use super::frame::{Frame, RunState};
use super::scope::Scope;
use crate::check::program::Expr;
use crate::value::{StepError, Value};

/// The values of a block when nothing runs any more; first those of the workflow's body.
#[derive(Clone)]
pub struct Aftermath {
    run: Arc<RunState>,
    scope: Arc<Scope>,
}

impl Aftermath {
    pub(super) fn of(frame: &Frame) -> Self {
        Self { run: frame.run.clone(), scope: frame.scope.clone() }
    }

    /// A block inside this one, with empty slots.
    #[must_use]
    pub fn inner(&self, slots: usize) -> Self {
        Self { run: self.run.clone(), scope: Arc::new(Scope::new(slots, Some(self.scope.clone()))) }
    }

    /// Gives a slot of the block its value.
    pub fn fill(&self, slot: usize, value: Value) {
        self.scope.set(slot, value);
    }

    /// Whether a slot `up` blocks out has a value: its step ran, and did not fail.
    pub fn has(&self, up: usize, slot: usize) -> bool {
        self.scope.get(up, slot).is_some()
    }

    /// The value of a pure expression that stands in the block.
    pub fn value(&self, expr: &Expr) -> Result<Value, StepError> {
        let env = Env::new(&self.run.world, &self.scope);
        eval(expr, env, &mut Locals::default()).map_err(|fault| fault.error)
    }
}
