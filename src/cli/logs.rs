//! The log of a run: its events as lines on stderr, through `tracing`.

use serde_json::{Value as Json, to_value};
use tracing::Level;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use uuid::Uuid;

use super::terminal::Terminal;
use crate::config::Redactor;
use crate::run::{EventKind, RunEvent, StepPlace, StepStatus};

/// What the workflow itself says with `log`.
const OWN_WORDS: &str = "workflow";

/// What shows, and what of the workflow's own words. Without flags warnings, errors and those words show; `-v` tells of
/// every step and what it asks.
const fn levels(terminal: &Terminal) -> (LevelFilter, LevelFilter) {
    match terminal.verbosity {
        ..=-2 => (LevelFilter::ERROR, LevelFilter::ERROR),
        -1 => (LevelFilter::WARN, LevelFilter::WARN),
        0 => (LevelFilter::WARN, LevelFilter::INFO),
        1 => (LevelFilter::INFO, LevelFilter::INFO),
        _ => (LevelFilter::DEBUG, LevelFilter::DEBUG),
    }
}

fn shown(event: &EventKind, terminal: &Terminal) -> LevelFilter {
    let (level, own_words) = levels(terminal);
    if matches!(event, EventKind::Logged { .. }) { own_words } else { level }
}

/// The event with its level and its line beside the ids of the run and the step, as it was told.
fn object(event: &RunEvent, run: Uuid, level: Level, text: &str) -> Json {
    let mut object = to_value(event).unwrap_or_default();
    if let Some(object) = object.as_object_mut() {
        object.insert("level".to_owned(), level.as_str().into());
        object.insert("run".to_owned(), run.to_string().into());
        object.insert("message".to_owned(), text.into());
        if let Some(path) = object.shift_remove("path").and_then(|path| path.as_array().cloned()) {
            let names: Vec<&str> = path.iter().filter_map(Json::as_str).collect();
            object.insert("step".to_owned(), names.join(".").into());
        }
    }
    object
}

/// Sends log lines to stderr.
pub(super) fn init(terminal: &Terminal) {
    let (level, own_words) = levels(terminal);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(terminal.color_err)
        .with_target(false)
        .with_filter(
            // The driver's own warnings of slow statements are not what the workflow's author asked to hear.
            Targets::new().with_default(level).with_target(OWN_WORDS, own_words).with_target("sqlx", LevelFilter::OFF),
        );
    // A second initialisation keeps the first; nothing depends on it.
    let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry().with(lines));
}

/// One event of a run as a line of the log.
pub(super) fn log(event: &RunEvent, run: Uuid, redactor: &Redactor, terminal: &Terminal) {
    let Some((level, text)) = line(&event.kind) else { return };
    if terminal.logs_json {
        if level <= shown(&event.kind, terminal) {
            terminal.write(&redactor.redact_json(&object(event, run, level, &text)).to_string());
        }
        return;
    }
    let text = redactor.redact(&text);
    if matches!(event.kind, EventKind::Logged { .. }) {
        return tracing::info!(target: OWN_WORDS, "{text}");
    }
    match level {
        Level::ERROR => tracing::error!("{text}"),
        Level::WARN => tracing::warn!("{text}"),
        Level::INFO => tracing::info!("{text}"),
        _ => tracing::debug!("{text}"),
    }
}

/// The level and the text of an event; `None` for what only a progress display shows.
pub(super) fn line(event: &EventKind) -> Option<(Level, String)> {
    Some(match event {
        EventKind::RunStarted { run_id, workflow, .. } => (Level::INFO, format!("{workflow}: run {run_id} started")),
        EventKind::StepStarted { step } => (Level::DEBUG, format!("{}: started", place(step))),
        EventKind::AttemptFailed { step, attempt, error, retry_in_ms } => (
            Level::WARN,
            format!("{}: attempt {attempt} failed, next in {retry_in_ms} ms: {}", place(step), error.message),
        ),
        EventKind::StepFinished { step, cached: true, .. } => (Level::INFO, format!("{}: cached", place(step))),
        EventKind::StepFinished { step, recorded: true, .. } => (Level::INFO, format!("{}: on record", place(step))),
        EventKind::StepFinished { step, status, duration_ms, error, .. } => {
            finished(step, *status, *duration_ms, error.as_ref().map(|e| e.message.as_str()))
        }
        EventKind::Redone { step, why } => (Level::WARN, format!("{}: done again: {why}", place(step))),
        EventKind::LoopProgress { .. } => return None,
        EventKind::Asked { step, asked } => (Level::INFO, format!("{}: {asked}", place(step))),
        EventKind::Warning { step, message } => (Level::WARN, format!("{}: {message}", place(step))),
        EventKind::Logged { step, line } | EventKind::Said { step, line } => {
            (Level::INFO, format!("{}: {line}", place(step)))
        }
        EventKind::RunFinished { status, message, duration_ms } => {
            (Level::INFO, format!("run ended {} after {duration_ms} ms: {message}", status.name()))
        }
    })
}

fn finished(step: &StepPlace, status: StepStatus, duration_ms: u64, error: Option<&str>) -> (Level, String) {
    let text = format!("{}: {} after {duration_ms} ms", place(step), status.name());
    match (status, error) {
        (StepStatus::Failed, Some(error)) => (Level::ERROR, format!("{text}: {error}")),
        (StepStatus::Partial | StepStatus::Recovered, Some(error)) => (Level::WARN, format!("{text}: {error}")),
        _ => (Level::INFO, text),
    }
}

fn place(step: &StepPlace) -> String {
    let path = step.path.join(".");
    match &step.item {
        Some(item) => format!("{path}[{item}]"),
        None => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_step_is_an_error_line_with_its_item() {
        let step = StepPlace { path: vec!["copied".into(), "stored".into()], item: Some("2025-01-09".into()) };
        let (level, text) = finished(&step, StepStatus::Failed, 12, Some("connection refused"));
        assert_eq!(
            (level, text.as_str()),
            (Level::ERROR, "copied.stored[2025-01-09]: failed after 12 ms: connection refused")
        );
    }
}
