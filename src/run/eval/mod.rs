//! Evaluating expressions.
//!
//! A pure expression is evaluated at once, by [`eval`]; only the path from the root to an effectful
//! call is asynchronous, by `evaluate`. What an operator does to values stands once, in
//! `apply.rs` and `operators.rs`; the two evaluators differ in how operands become values, nothing else.

mod access;
mod apply;
mod arithmetic;
mod calendar;
mod cast;
mod columns;
mod comprehension;
mod effectful;
mod locals;
mod operators;
mod periods;
mod pure;
#[cfg(test)]
mod tests;

pub(crate) use comprehension::Walk;
pub(crate) use effectful::Site;
pub(crate) use locals::Locals;
pub(crate) use pure::{Env, eval};

use crate::value::{ErrorKind, StepError, Value};

/// The value of a condition. There is no truthiness; the checker says so, this catches values of type `any`.
pub(crate) fn truth(value: &Value) -> Result<bool, StepError> {
    match value {
        Value::Bool(b) => Ok(*b),
        other => {
            Err(StepError::new(ErrorKind::Data, format!("a condition must be a `bool`, found `{}`", other.kind())))
        }
    }
}
