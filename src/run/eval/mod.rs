//! Evaluating expressions.
//!
//! A pure expression is evaluated at once, by [`eval`]; only the path from the root to an effectful
//! call is asynchronous, by `evaluate`. What an operator does to values stands once, in
//! `apply.rs` and the folder `operation`; the two evaluators differ in how operands become values, nothing else.

mod apply;
mod cast;
mod columns;
mod comprehension;
mod effectful;
mod locals;
mod pure;
#[cfg(test)]
mod tests;

pub(crate) use comprehension::Walk;
pub(crate) use effectful::Site;
pub(crate) use locals::Locals;
pub(crate) use pure::{Env, eval};
