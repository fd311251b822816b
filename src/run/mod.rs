//! Runs a plan: steps in the order of the data, each within its limits, and an account of all of it.
//!
//! ```text
//! run ── start        connections and parameters get their values; what is refused here never ran
//!     ── block        the body's steps, as their upstream steps end
//!         ── attempt  limits of a step: timeout, retry, pace, key
//!             ── step     what it does: an expression, a branch, a check, …
//!             ── foreach  … a loop
//!             ── transaction
//!         ── eval     expressions; only what waits for the world is asynchronous
//!     ── outcome      outputs, then `failed { … }`, then `finally { … }`
//! ```
//!
//! **Stopping.** [`Interrupt::cancel`] once: nothing new starts, reads stop, writes under way end by
//! themselves, an open transaction is rolled back, `finally` runs for at most 30 seconds. Twice: everything stops at once.

mod aftermath;
mod asked;
mod attempt;
mod block;
mod cache;
mod digest;
mod eval;
mod evaluate;
mod event;
mod execute;
mod external;
mod fault;
mod foreach;
mod frame;
mod identity;
mod journal;
mod order;
mod outcome;
mod outline;
mod policy;
mod preview;
mod record;
mod replay;
mod scope;
mod start;
mod step;
mod summary;
mod tally;
#[cfg(test)]
pub(crate) mod tests;
mod transaction;
mod world;

use std::future::Future;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::connection::Clock;
use crate::external::Interpreters;
use crate::plan::Plan;
use crate::primitive::Connections;
use crate::value::Timestamp;

pub use aftermath::Aftermath;
pub use cache::Keeping;
pub(crate) use eval::{Env, Locals, Walk, eval};
pub use evaluate::evaluate;
pub use event::{EventKind, EventSink, RunEvent, StepPlace};
pub use outcome::{
    ErrorReport, ItemFailure, Items, RunError, RunOutcome, RunStatus, RunWarning, StepReport, StepStatus,
};
pub use outline::TARGETS;
pub use preview::{Noted, Notes, Preview, Rank, Write, written_by};
pub use record::{Came, End, Found, Recorded, Records};
pub use replay::{Answer, Asked, Called, Replay};
pub(crate) use scope::Scope;
pub use tally::Tried;
pub(crate) use world::World;

/// The stack of a worker thread. Evaluation recurses as deep as an expression nests, and the parser lets chains of
/// a thousand operators through; tokio's own 2 MiB are too few for that. The limits on depth need less than half of this
/// in a debug build, and what is not touched costs nothing.
pub const STACK: usize = 32 * 1024 * 1024;

/// The runtime that runs need: several threads with stacks for deep expressions.
pub fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().thread_stack_size(STACK).enable_all().build()
}

/// How a run is stopped from outside; clones stop the same run.
#[derive(Debug, Clone, Default)]
pub struct Interrupt {
    cancel: CancellationToken,
    abort: CancellationToken,
}

impl Interrupt {
    /// Asks the run to stop; the second time, makes it.
    pub fn cancel(&self) {
        if self.cancel.is_cancelled() {
            self.abort.cancel();
        }
        self.cancel.cancel();
    }
}

/// What a run reaches.
#[derive(Clone)]
pub struct Services {
    /// The open connections, by the names that the workflow uses.
    pub connections: Connections,
    /// The clock, for waiting and for how long things took.
    pub clock: Arc<dyn Clock>,
    /// How the run is stopped.
    pub interrupt: Interrupt,
    /// Where steps with a `cache` keep what they read; without it they always read.
    pub keeping: Option<Keeping>,
    /// Takes note of what each write would do; with it, none is made.
    pub preview: Option<Arc<Preview>>,
    /// Takes down what happens, so that the run can be finished later.
    pub records: Option<Arc<dyn Records>>,
}

/// What a run is told about itself.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// `run.id`.
    pub id: uuid::Uuid,
    /// `run.now`.
    pub now: Timestamp,
    /// `run.job`; without a job the workflow's name stands in.
    pub job: Option<Arc<str>>,
    /// `run.env`.
    pub environment: Arc<str>,
    /// The longest the steps may take altogether, in milliseconds.
    pub timeout_ms: Option<u64>,
    /// What runs external programs.
    pub interpreters: Interpreters,
}

/// Runs a plan. Never fails: whatever goes wrong is in the outcome. Must be called on [`runtime`].
pub async fn run(plan: Plan, services: Services, options: RunOptions, events: Arc<dyn EventSink>) -> RunOutcome {
    execute::run(plan, services, options, events).await.0
}

/// [`run`], and the values that it leaves, unless it never began.
pub async fn run_and_keep(
    plan: Plan,
    services: Services,
    options: RunOptions,
    events: Arc<dyn EventSink>,
) -> (RunOutcome, Option<Aftermath>) {
    execute::run(plan, services, options, events).await
}

/// Runs futures on this thread alone, one after the other: the same futures take their turns in the same order each
/// time. The thread must have been started with [`STACK`].
pub fn in_turns<T>(work: impl Future<Output = T>) -> std::io::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(runtime.block_on(work))
}
