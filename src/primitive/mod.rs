//! The built-in steps and functions, each declared in one place.
//!
//! A primitive is a struct with its name, summary, effect, parameters, examples and the function
//! that runs it. [`Spec`] is the same as plain data; the checker, `vmflow doc`, `explain` and the
//! interpreter all read that one slice, [`registry`], and none of them knows a primitive by name.
//!
//! To add one: write it in its family's file and add a line to that family's `SPECS`. Nothing
//! else; a primitive that is not registered is dead code, which CI refuses.

mod arguments;
mod attempt;
mod by_day;
mod calendars;
mod context;
mod dates;
mod digest;
mod errors;
mod files;
mod forecast;
mod foreseen;
mod http;
mod lists;
mod local;
mod log;
mod maps;
mod metrics;
mod numbers;
mod outcomes;
mod policy;
mod property;
mod record;
mod recorded;
mod refined;
mod regexes;
pub mod registry;
mod samples;
mod spec;
mod sql;
mod statistics;
mod text;

#[cfg(test)]
mod tests;

pub use arguments::{Arguments, Param, RawArguments};
pub use attempt::Attempts;
pub use context::{Connections, Context, OpenTransaction};
pub use forecast::{Made, made};
pub use foreseen::Foreseen;
pub use property::Property;
pub use recorded::{WRITES, recorded};
pub(crate) use spec::Columns;
pub use spec::{Effect, Effectful, Example, Form, Heavy, Known, Primitive, Pure, Run, Spec, Stated};

pub(crate) use arguments::args;
