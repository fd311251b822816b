//! The value of an expression by itself.

use super::RunOptions;
use super::eval::{Env, Locals, eval};
use super::fault::Ran;
use super::outcome::RunError;
use super::scope::Scope;
use super::world::World;
use crate::check::program::Formula;
use crate::value::Value;

/// What stands in for the workflow's name.
const NAME: &str = "eval";

/// Evaluates a formula. The stack must be as deep as that of [`super::runtime`]'s threads.
pub fn evaluate(formula: &Formula, options: &RunOptions) -> Result<Value, RunError> {
    let world = World::new(formula.program.clone(), NAME.into(), options);
    let scope = Scope::new(0, None);
    value(formula, Env::new(&world, &scope)).map_err(|fault| RunError::from(&*fault))
}

fn value(formula: &Formula, env: Env<'_>) -> Ran<Value> {
    let mut locals = Locals::default();
    for (at, given) in formula.given.iter().enumerate() {
        let value = eval(given, env, &mut locals)?;
        locals.set(at, value);
    }
    eval(&formula.expr, env, &mut locals)
}
