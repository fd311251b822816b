//! What one expression binds on its way, and how deep it is.

use crate::run::fault::{Fault, Ran};
use crate::source::Span;
use crate::value::{ErrorKind, Sequence, StepError, Value};

/// How deep evaluation may nest, function calls included. With the stacks of [`crate::run::runtime`]
/// this leaves twelve KiB for each level, twice what a debug build takes.
const DEEPEST: usize = 2500;

/// How many expressions are evaluated between two looks at whether to go on; a power of two.
const BETWEEN_LOOKS: u32 = 256;

/// How many evaluated expressions make a long computation: some milliseconds.
pub(super) const LONG: u32 = 1 << 14;

/// What a local holds.
#[derive(Debug)]
enum Bound {
    /// A value.
    Value(Value),
    /// An item of what is walked, by its place: most items are asked for a field or two, and none is made for that.
    Item(Sequence, usize),
}

/// The locals of an expression.
#[derive(Debug, Default)]
pub(crate) struct Locals {
    values: Vec<Bound>,
    depth: usize,
    /// How many expressions were evaluated.
    evaluated: u32,
}

impl Locals {
    /// No locals yet, so many levels deep.
    pub(crate) fn at(depth: usize) -> Self {
        Self { depth, ..Self::default() }
    }

    /// How deep it is.
    pub(crate) fn depth(&self) -> usize {
        self.depth
    }

    /// The locals of a called function: its arguments, at the caller's depth.
    pub(crate) fn of_call(&self, arguments: Vec<Value>) -> Self {
        Self { values: arguments.into_iter().map(Bound::Value).collect(), depth: self.depth, evaluated: self.evaluated }
    }

    /// Counts what a called function evaluated.
    pub(crate) fn after_call(&mut self, inner: &Self) {
        self.evaluated = inner.evaluated;
    }

    /// Counts an expression; whether it is time to look if the computation is to go on.
    pub(super) fn count(&mut self) -> bool {
        self.evaluated = self.evaluated.wrapping_add(1);
        self.evaluated & (BETWEEN_LOOKS - 1) == 0
    }

    /// Whether it has been a long computation so far.
    pub(super) fn is_long(&self) -> bool {
        self.evaluated >= LONG
    }

    /// The value of a local.
    pub(crate) fn get(&self, index: usize) -> Result<Value, StepError> {
        let unbound = || StepError::new(ErrorKind::Internal, format!("local {index} is not bound"));
        let value = self.values.get(index).and_then(|bound| match bound {
            Bound::Value(value) => Some(value.clone()),
            Bound::Item(items, at) => items.get(*at),
        });
        value.ok_or_else(unbound)
    }

    /// A field of a local that is a record; `None` when it is none or has no such field.
    pub(crate) fn field(&self, index: usize, name: &str) -> Option<Value> {
        match self.values.get(index)? {
            Bound::Value(Value::Record(record)) => record.get(name).cloned(),
            Bound::Value(_) => None,
            Bound::Item(items, at) => items.field(*at, name),
        }
    }

    /// Binds a local.
    pub(crate) fn set(&mut self, index: usize, value: Value) {
        self.bind(index, Bound::Value(value));
    }

    /// Binds a local to an item.
    pub(crate) fn set_item(&mut self, index: usize, items: &Sequence, at: usize) {
        match self.values.get_mut(index) {
            Some(Bound::Item(held, place)) if held.is_same(items) => *place = at,
            _ => self.bind(index, Bound::Item(items.clone(), at)),
        }
    }

    fn bind(&mut self, index: usize, bound: Bound) {
        if self.values.len() <= index {
            self.values.resize_with(index + 1, || Bound::Value(Value::None));
        }
        if let Some(local) = self.values.get_mut(index) {
            *local = bound;
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
