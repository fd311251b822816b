//! What operators do to values: `a + b`, `-a`, `xs[0]`, `r.field`.
//!
//! Pure, from values to a value or an error without a place. The interpreter evaluates with it, and so does the checker what is
//! the same in every run: neither can come to another result than the other.

mod access;
mod arithmetic;
mod calendar;
mod operators;
mod periods;
mod widen;

pub(crate) use access::{field, from_inner_json, index, property};
pub(crate) use arithmetic::negate;
pub(crate) use calendar::add_business_days;
pub(crate) use operators::binary;
pub(crate) use widen::widen;

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
