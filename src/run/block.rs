//! Running a block: its steps as their upstream steps end, at the same time where nothing orders them.
//!
//! The steps of a workflow's body run on tasks of their own, so that they use all cores and a defect in
//! one is a failure of that step. Inner blocks run within the task of their step: a task for
//! each step of each loop item would cost more than most of those steps.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio_util::task::AbortOnDropHandle;

use super::eval::Site;
use super::fault::{Fault, Ran};
use super::frame::Frame;
use super::order::{Order, Schedule};
use super::step;
use crate::check::program::{Block, Workflow};
use crate::value::{ErrorKind, StepError, Value};

/// A step that was started.
enum Started<'a> {
    /// It is over already.
    Over(Ran<()>),
    /// It goes on.
    Running(BoxFuture<'a, Ran<()>>),
}

/// Runs an inner block in its frame and gives the value of its `yield`.
pub(crate) fn run<'a>(block: &'a Block, frame: &'a Frame) -> BoxFuture<'a, Ran<Value>> {
    Box::pin(async move { run_in_order(block, &Order::of(&block.steps), frame).await })
}

/// [`run`] with an order that was worked out before.
pub(crate) async fn run_in_order(block: &Block, order: &Order, frame: &Frame) -> Ran<Value> {
    schedule(order, frame, |at| match block.steps.get(at) {
        Some(step) => match (step::run_at_once(frame, step, at), frame.behind(&block.steps, step)) {
            (Some(result), _) => Started::Over(result),
            (None, None) => Started::Running(Box::pin(step::run(frame, step, at))),
            (None, Some(frame)) => Started::Running(Box::pin(async move { step::run(&frame, step, at).await })),
        },
        None => Started::Over(Err(defect("a step waits for one that does not exist"))),
    })
    .await?;
    match &block.result {
        Some(result) => {
            frame.run.journal.visit(result.span);
            let name: Arc<str> = Arc::from("yield");
            Site { frame, step: &name, span: result.span }.value(result).await
        }
        None => Ok(Value::None),
    }
}

/// Runs the body of a workflow.
pub(crate) async fn run_body(workflow: &Arc<Workflow>, frame: &Frame) -> Ran<()> {
    let order = Order::of(&workflow.body.steps);
    schedule(&order, frame, |at| Started::Running(Box::pin(on_own_task(workflow.clone(), frame.clone(), at)))).await
}

async fn on_own_task(workflow: Arc<Workflow>, frame: Frame, at: usize) -> Ran<()> {
    let task = {
        let (workflow, frame) = (workflow.clone(), frame.clone());
        tokio::spawn(async move {
            match workflow.body.steps.get(at) {
                Some(step) => {
                    let behind = frame.behind(&workflow.body.steps, step);
                    step::run(behind.as_ref().unwrap_or(&frame), step, at).await
                }
                None => Err(defect("a step waits for one that does not exist")),
            }
        })
    };
    match AbortOnDropHandle::new(task).await {
        Ok(result) => result,
        Err(_) => Err(workflow.body.steps.get(at).map_or_else(panicked, |step| step::report_panic(&frame, step, at))),
    }
}

/// The failure of what panicked.
pub(crate) fn panicked() -> Box<Fault> {
    let error =
        StepError::new(ErrorKind::Internal, "vmflow failed here; this is a defect of vmflow, not of the workflow");
    Fault::new(error.help("report it with the workflow and what stands on stderr"))
}

fn defect(message: &str) -> Box<Fault> {
    Fault::new(StepError::new(ErrorKind::Internal, message))
}

/// Starts what is ready until all is over. After a failure nothing new starts, and what is under way
/// ends by itself: a write is never dropped half-way. The first failure is the block's. Inside a
/// transaction the steps take turns, in the order of the file: there is one session for all. So they do in a plan of one,
/// where a read that comes after a write has to be told from one that comes before.
async fn schedule<'a>(order: &Order, frame: &Frame, start: impl Fn(usize) -> Started<'a>) -> Ran<()> {
    let mut schedule = Schedule::new(order);
    let mut running = FuturesUnordered::new();
    let mut failure = None;
    let takes_turns = frame.is_in_transaction() || frame.is_of_transaction();
    loop {
        while failure.is_none() && (running.is_empty() || !takes_turns) {
            let Some(at) = schedule.next() else { break };
            if frame.halt.is_cancelled() {
                failure = Some(Fault::cancelled());
                break;
            }
            match start(at) {
                Started::Over(result) => settle(at, result, &mut schedule, &mut failure),
                Started::Running(step) => running.push(async move { (at, step.await) }),
            }
        }
        let Some((at, result)) = running.next().await else { break };
        settle(at, result, &mut schedule, &mut failure);
    }
    match failure {
        Some(fault) => Err(fault),
        None if schedule.is_over() => Ok(()),
        None => Err(defect("the steps wait for each other")),
    }
}

fn settle(at: usize, result: Ran<()>, schedule: &mut Schedule<'_>, failure: &mut Option<Box<Fault>>) {
    match result {
        Ok(()) => schedule.done(at),
        Err(fault) => {
            failure.get_or_insert(fault);
        }
    }
}
