//! What one expression binds on its way, and how deep it is.

use crate::run::fault::{Fault, Ran};
use crate::source::Span;
use crate::value::{ErrorKind, StepError, Value};

/// How deep evaluation may nest, function calls included. With the stacks of [`crate::run::runtime`]
/// this leaves twelve KiB for each level, twice what a debug build takes.
const DEEPEST: usize = 2500;

/// The locals of an expression.
#[derive(Debug, Default)]
pub(crate) struct Locals {
    values: Vec<Value>,
    depth: usize,
}

impl Locals {
    /// No locals yet, so many levels deep.
    pub(crate) fn at(depth: usize) -> Self {
        Self { values: Vec::new(), depth }
    }

    /// How deep it is.
    pub(crate) fn depth(&self) -> usize {
        self.depth
    }

    /// The locals of a called function: its arguments, at the caller's depth.
    pub(crate) fn of_call(&self, arguments: Vec<Value>) -> Self {
        Self { values: arguments, depth: self.depth }
    }

    /// The value of a local.
    pub(crate) fn get(&self, index: usize) -> Result<Value, StepError> {
        let unbound = || StepError::new(ErrorKind::Internal, format!("local {index} is not bound"));
        self.values.get(index).cloned().ok_or_else(unbound)
    }

    /// Binds a local.
    pub(crate) fn set(&mut self, index: usize, value: Value) {
        if self.values.len() <= index {
            self.values.resize(index + 1, Value::None);
        }
        if let Some(local) = self.values.get_mut(index) {
            *local = value;
        }
    }

    /// Goes so many levels down; [`Locals::leave`] comes back up.
    pub(crate) fn enter(&mut self, levels: usize, span: Span) -> Ran<()> {
        if self.depth >= DEEPEST {
            let error =
                StepError::new(ErrorKind::Data, format!("the expression nests more than {DEEPEST} levels deep"));
            return Err(Fault::at(error.help("split it into steps"), span));
        }
        self.depth += levels;
        Ok(())
    }

    /// Comes back up.
    pub(crate) fn leave(&mut self, levels: usize) {
        self.depth -= levels;
    }
}
