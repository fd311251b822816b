//! `vmflow logs`.

use std::fmt::Write;

use serde_json::Value as Json;

use super::time::second;
use super::{History, Refused};
use crate::cli::arguments::{ListFormat, LogsArguments};
use crate::cli::{Exit, logs};
use crate::run::RunEvent;
use crate::store::EventRow;

pub(super) fn log(command: &LogsArguments, history: &History) -> Result<String, Refused> {
    let run = history.find(&command.which.run)?;
    let events = history.ask(history.store.events(run.begin.id))?;
    let mut text = String::new();
    let mut is_known = command.step.is_none();
    let mut epoch = 1;
    for event in &events {
        if !command.step.as_deref().is_none_or(|step| is_of(event, step)) {
            continue;
        }
        is_known = true;
        match command.format {
            ListFormat::Json => {
                let _ = writeln!(text, "{}", event.body);
            }
            ListFormat::Human => {
                if event.epoch != epoch {
                    epoch = event.epoch;
                    let _ = writeln!(text, "-- taken up again, the {epoch}. time that it runs --");
                }
                text.push_str(&line(event).unwrap_or_default());
            }
        }
    }
    if is_known {
        return Ok(text);
    }
    let step = command.step.as_deref().unwrap_or_default();
    Err((
        Exit::Usage,
        format!("no step `{step}` told anything in this run; `vmflow runs show {}` names them", run.begin.id),
    ))
}

/// Whether a step, or one inside it, told an event.
fn is_of(event: &EventRow, step: &str) -> bool {
    let Ok(body) = serde_json::from_str::<Json>(&event.body) else { return false };
    let Some(path) = body.get("path").and_then(Json::as_array) else { return false };
    let path: Vec<&str> = path.iter().filter_map(Json::as_str).collect();
    let path = path.join(".");
    path == step || path.strip_prefix(step).is_some_and(|rest| rest.starts_with('.'))
}

fn line(event: &EventRow) -> Option<String> {
    let event: RunEvent = serde_json::from_str(&event.body).ok()?;
    let (level, text) = logs::line(&event.kind)?;
    Some(format!("{} {level:>5} {text}\n", second(event.at.timestamp_millis())))
}
