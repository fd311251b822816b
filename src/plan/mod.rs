//! From a checked workflow and what was given for its parameters to a plan that can run, and pictures of it.

mod bind;
mod draw;
mod graph;
mod literal;
mod moment;
mod since;

use std::sync::Arc;

use crate::check::program::{Program, Workflow};
use crate::value::Value;

pub use bind::{BindError, GivenArgument, bind, bind_again, misfit};
pub use draw::{Drawing, Mark, Marks, Outcome, draw, draw_run, draw_steps};
pub use graph::graph;
pub use since::{SINCE, UNTIL, named, settle};

/// A workflow with its arguments. Parameters that were not given take their defaults when the run starts, because a
/// default may look at `run.now`.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The functions that the workflow calls.
    pub program: Arc<Program>,
    /// The workflow.
    pub workflow: Arc<Workflow>,
    /// The arguments by parameter; `None` where the default is taken.
    pub arguments: Vec<Option<Value>>,
}
