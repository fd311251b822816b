//! The outcome in a sentence.

use super::outcome::{ItemFailure, RunError, RunStatus, StepReport, StepStatus};
use crate::plan::BindError;

/// How many failed items are told one by one.
const TOLD: usize = 3;

/// What ended well, what did not, and why.
pub(super) fn message(
    status: RunStatus,
    error: Option<&RunError>,
    steps: &[StepReport],
    failures: &[ItemFailure],
) -> String {
    match (status, error) {
        (RunStatus::Failed, Some(error)) => failed(error),
        (RunStatus::Failed, None) => "failed".to_owned(),
        (RunStatus::Cancelled, _) => cancelled(steps),
        (RunStatus::Partial, _) => partial(steps, failures),
        (RunStatus::Success, _) => well(steps),
    }
}

/// Why the parameters were refused.
pub(super) fn refused(refused: &[BindError]) -> String {
    refused.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn failed(error: &RunError) -> String {
    let attempts = if error.attempts > 1 { format!(" after {} attempts", error.attempts) } else { String::new() };
    let item = error.item.as_ref().map_or(String::new(), |item| format!(" for {item}"));
    if error.step.is_empty() {
        return error.message.clone();
    }
    format!("`{}` failed{item}{attempts}: {}", error.step.join("."), error.message)
}

fn cancelled(steps: &[StepReport]) -> String {
    let done = steps.iter().filter(|step| matches!(step.status, StepStatus::Success | StepStatus::Partial)).count();
    let stopped = steps.iter().find(|step| step.status == StepStatus::Cancelled);
    let during = stopped.map_or(String::new(), |step| format!(" during `{}`", step.name));
    format!("cancelled{during}; {done} of {} had finished", count(steps.len(), "step"))
}

fn partial(steps: &[StepReport], failures: &[ItemFailure]) -> String {
    let mut parts: Vec<String> = loops(steps).filter(|(_, _, failed)| *failed > 0).map(|(text, ..)| text).collect();
    parts.extend(failures.iter().take(TOLD).map(|failure| format!("{} failed: {}", failure.item, failure.error)));
    if failures.len() > TOLD {
        parts.push(format!("{} more failed", failures.len() - TOLD));
    }
    parts.join("; ")
}

fn well(steps: &[StepReport]) -> String {
    let mut parts: Vec<String> = loops(steps).map(|(text, ..)| text).collect();
    parts.insert(0, format!("{} done", count(steps.len(), "step")));
    parts.join("; ")
}

/// The loops: `` `copied`: 3 of 4 items ``, or `` `copied`: nothing to do ``; all, failed.
fn loops(steps: &[StepReport]) -> impl Iterator<Item = (String, u64, u64)> {
    steps.iter().filter_map(|step| {
        let items = step.items?;
        let told = match items.total {
            0 => "nothing to do".to_owned(),
            total => format!("{} of {total} items", items.ok),
        };
        Some((format!("`{}`: {told}", step.name), items.total, items.failed))
    })
}

fn count(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}
