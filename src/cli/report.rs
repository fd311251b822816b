//! A run's result for people.

use std::fmt::Write;

use crate::run::{RunOutcome, RunStatus, StepReport, StepStatus};
use crate::value::{Sequence, Value};

/// The most loop items that are listed with what went wrong.
const MOST_FAILURES: usize = 20;

/// `✓`, `✗` and their like.
pub(super) fn mark(status: StepStatus, has_color: bool) -> String {
    let (mark, color) = match status {
        StepStatus::Success => ("✓", 32),
        StepStatus::Partial | StepStatus::Recovered => ("!", 33),
        StepStatus::Failed | StepStatus::Cancelled => ("✗", 31),
        StepStatus::Unknown => ("?", 36),
        StepStatus::Skipped => ("-", 2),
    };
    if has_color { format!("\u{1b}[{color}m{mark}\u{1b}[0m") } else { mark.to_owned() }
}

/// The whole report.
pub(super) fn human(outcome: &RunOutcome, title: &str, has_color: bool) -> String {
    let mut text = format!("{title}\n\n");
    for step in &outcome.steps {
        step_line(&mut text, step, has_color);
    }
    if !outcome.outputs.is_empty() {
        text.push('\n');
    }
    let width = outcome.outputs.keys().map(|name| name.chars().count()).max().unwrap_or(0);
    for (name, value) in &outcome.outputs {
        let _ = writeln!(text, "  {name:width$}  {}", shown(value));
    }
    failures(&mut text, outcome);
    for warning in &outcome.warnings {
        let place = warning.step.as_ref().map(|step| format!(" in `{step}`")).unwrap_or_default();
        let _ = writeln!(text, "\n  warning{place}: {}", warning.message);
    }
    if let Some(error) = &outcome.error {
        let place = if error.step.is_empty() { String::new() } else { format!(" in `{}`", error.step.join(".")) };
        let item = error.item.as_ref().map(|item| format!(", item {item}")).unwrap_or_default();
        let _ = writeln!(text, "\n  {} error{place}{item}: {}", error.kind.name(), error.message);
        if let Some(help) = &error.help {
            let _ = writeln!(text, "  help: {help}");
        }
    }
    let _ = writeln!(text, "\n{}: {}", status_word(outcome.status, has_color), outcome.message);
    text
}

fn step_line(text: &mut String, step: &StepReport, has_color: bool) {
    let items = step.items.map(|items| match items.failed {
        0 => format!(", {} items", items.total),
        failed => format!(", {} of {} items failed", failed, items.total),
    });
    let attempts = match step.attempts {
        _ if step.cached => ", cached".to_owned(),
        _ if step.recorded => ", on record".to_owned(),
        0 | 1 => String::new(),
        attempts => format!(", {attempts} attempts"),
    };
    let time =
        if step.status == StepStatus::Skipped { "not reached".to_owned() } else { format!("{} ms", step.duration_ms) };
    let _ = writeln!(
        text,
        "  {} {}  {time}{}{attempts}",
        mark(step.status, has_color),
        step.name,
        items.unwrap_or_default()
    );
}

/// A long list is cut: the whole is in the JSON.
fn shown(value: &Value) -> String {
    match Sequence::of(value) {
        Some(items) if items.len() > 10 => {
            let first: Vec<String> = items.iter().take(10).map(|item| item.to_string()).collect();
            format!("[{}, … {} more]", first.join(", "), items.len() - 10)
        }
        _ => value.to_string(),
    }
}

fn failures(text: &mut String, outcome: &RunOutcome) {
    for failure in outcome.failures.iter().take(MOST_FAILURES) {
        let _ = writeln!(text, "\n  {} failed in `{}`: {}", failure.item, failure.step.join("."), failure.error);
        if let Some(help) = &failure.error.help {
            let _ = writeln!(text, "    help: {help}");
        }
    }
    if outcome.failures.len() > MOST_FAILURES {
        let _ = writeln!(text, "\n  … and {} more", outcome.failures.len() - MOST_FAILURES);
    }
}

fn status_word(status: RunStatus, has_color: bool) -> String {
    let color = match status {
        RunStatus::Success => 32,
        RunStatus::Partial => 33,
        RunStatus::Failed | RunStatus::Cancelled => 31,
    };
    if has_color { format!("\u{1b}[1;{color}m{}\u{1b}[0m", status.name()) } else { status.name().to_owned() }
}
