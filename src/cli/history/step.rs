//! `vmflow runs show RUN STEP`: a step of a run, with each attempt that it made.

use std::fmt::Write;

use serde_json::{Value as Json, json};

use super::Refused;
use super::show::{mark, step_json, word};
use super::time::instant;
use crate::cli::Exit;
use crate::cli::arguments::ListFormat;
use crate::cli::terminal::Terminal;
use crate::diagnostic::did_you_mean;
use crate::store::{Attempt, StepRow};
use crate::value::Value;

/// The step and those inside it; of a loop each item.
pub(super) fn show(name: &str, steps: &[StepRow], format: ListFormat, terminal: &Terminal) -> Result<String, Refused> {
    let inside = format!("{name}.");
    let meant = |step: &&StepRow| step.path == name || step.key == name || step.path.starts_with(&inside);
    let found: Vec<&StepRow> = steps.iter().filter(meant).collect();
    if found.is_empty() {
        let hint = did_you_mean(name, steps.iter().map(|step| &*step.path)).map(|hint| format!("; {hint}"));
        let why = format!("no step `{name}` is on record of this run{}", hint.unwrap_or_default());
        return Err((Exit::Usage, why));
    }
    Ok(match format {
        ListFormat::Json => {
            let steps: Vec<Json> = found.into_iter().map(step_json).collect();
            format!("{:#}\n", json!({ "steps": steps }))
        }
        ListFormat::Human => found.into_iter().map(|step| human(step, terminal)).collect::<Vec<_>>().concat(),
    })
}

pub(super) fn attempt_json(attempt: &Attempt) -> Json {
    json!({
        "number": attempt.number, "started_at": instant(attempt.started_at), "ended_at": instant(attempt.ended_at),
        "error": attempt.error, "wait_ms": attempt.wait_ms,
    })
}

fn human(step: &StepRow, terminal: &Terminal) -> String {
    let item = step.item.as_ref().map(|item| format!(", {item}")).unwrap_or_default();
    let mut text = format!("{} {}{item}: {}\n", mark(word(step), terminal), step.path, word(step));
    for attempt in step.all_attempts() {
        let took = attempt.ended_at - attempt.started_at;
        let _ = write!(text, "    attempt {} at {}, {took} ms", attempt.number, instant(attempt.started_at));
        if let Some(error) = &attempt.error {
            let field = |name: &str| error.get(name).and_then(Json::as_str).unwrap_or_default();
            let _ = write!(text, ": {}: {}", field("kind"), field("message"));
        }
        if let Some(wait_ms) = attempt.wait_ms {
            let _ = write!(text, "; again after {}", Value::Duration(i64::try_from(wait_ms).unwrap_or(i64::MAX)));
        }
        text.push('\n');
    }
    text
}
