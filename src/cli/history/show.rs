//! `vmflow runs show`.

use std::fmt::Write;

use serde_json::{Value as Json, json};

use super::list::{as_json, took};
use super::time::instant;
use super::{History, Refused, step};
use crate::cli::arguments::{ListFormat, RunsShow};
use crate::cli::terminal::Terminal;
use crate::store::{RunRow, Status, StepRow, StepState};
use crate::value::{from_kept, to_json};

/// The most loop items and inner steps that are listed for people; the JSON has all.
const MOST: usize = 40;

pub(super) fn show(command: &RunsShow, history: &History, terminal: &Terminal) -> Result<String, Refused> {
    let run = history.find(&command.which.run)?;
    let steps = history.ask(history.store.steps(run.begin.id))?;
    if let Some(step) = &command.step {
        return step::show(step, &steps, command.format, terminal);
    }
    Ok(match command.format {
        ListFormat::Json => format!("{:#}\n", document(&run, &steps)),
        ListFormat::Human => human(&run, &steps, terminal),
    })
}

/// The parameters as they are shown, those that are not kept as dots.
fn params(run: &RunRow) -> serde_json::Map<String, Json> {
    let kept = run.begin.params.get("kept").and_then(Json::as_object).into_iter().flatten();
    let kept = kept.map(|(name, json)| (name.clone(), from_kept(json).map_or(Json::Null, |value| to_json(&value))));
    let withheld = run.begin.params.get("withheld").and_then(Json::as_array).into_iter().flatten();
    let withheld = withheld.filter_map(|name| Some((name.as_str()?.to_owned(), json!("•••"))));
    kept.chain(withheld).collect()
}

fn document(run: &RunRow, steps: &[StepRow]) -> Json {
    let mut document = as_json(run);
    if let Some(fields) = document.as_object_mut() {
        fields.insert("now".to_owned(), from_kept(&run.begin.now).map_or(Json::Null, |now| to_json(&now)));
        fields.insert("params".to_owned(), Json::Object(params(run)));
        fields.insert("worker".to_owned(), json!(run.begin.worker));
        fields.insert("program".to_owned(), json!(run.begin.program_hash));
        fields.insert("recorded".to_owned(), steps.iter().map(step_json).collect());
        fields.insert("result".to_owned(), run.result.clone().unwrap_or_default());
    }
    document
}

pub(super) fn step_json(step: &StepRow) -> Json {
    json!({
        "key": step.key, "step": step.path, "item": step.item, "kind": step.kind, "state": word(step),
        "attempts": step.attempts, "tried": step.all_attempts().iter().map(step::attempt_json).collect::<Vec<_>>(), "started_at": instant(step.started_at), "duration_ms": step.duration_ms,
        "error": step.error, "output": step.output, "withheld": step.withheld, "run_attempt": step.epoch,
    })
}

pub(super) const fn word(step: &StepRow) -> &'static str {
    match step.state {
        StepState::Done => "done",
        StepState::Failed => "failed",
        StepState::Announced => "unknown",
    }
}

fn human(run: &RunRow, steps: &[StepRow], terminal: &Terminal) -> String {
    let begin = &run.begin;
    let now = from_kept(&begin.now).map(|now| now.to_string()).unwrap_or_default();
    let mut text = format!("{} in `{}` at {now}\n\n", begin.workflow, begin.environment);
    let mut fact = |name: &str, value: &str| {
        let _ = writeln!(text, "  {name:9} {value}");
    };
    fact("run", &begin.id.to_string());
    if let Some(job) = &begin.job {
        fact("job", job);
    }
    fact("status", run.status.name());
    fact("started", &format!("{} by {} ({})", instant(begin.started_at), begin.worker, begin.trigger));
    if let Some(finished) = run.finished_at {
        fact("ended", &format!("{}, after {}", instant(finished), took(run)));
    }
    if run.epoch > 1 {
        fact("attempts", &run.epoch.to_string());
    }
    for (name, value) in params(run) {
        fact("param", &format!("{name} = {}", value.as_str().map_or_else(|| value.to_string(), str::to_owned)));
    }
    text.push('\n');
    step_lines(&mut text, run, steps, terminal);
    ending(&mut text, run, steps);
    text
}

/// The workflow's own steps as the result has them; while there is none, what is on record.
fn step_lines(text: &mut String, run: &RunRow, steps: &[StepRow], terminal: &Terminal) {
    let told = run.result.as_ref().and_then(|result| result.get("steps")).and_then(Json::as_array);
    for step in told.into_iter().flatten() {
        let field = |name: &str| step.get(name).and_then(Json::as_str).unwrap_or_default();
        let ms = step.get("duration_ms").and_then(Json::as_u64).unwrap_or(0);
        let time = if field("status") == "skipped" { "not reached".to_owned() } else { format!("{ms} ms") };
        let _ = writeln!(text, "  {} {}  {time}", mark(field("status"), terminal), field("name"));
    }
    let is_listed = |step: &&StepRow| told.is_none() || step.state != StepState::Done;
    let listed: Vec<&StepRow> = steps.iter().filter(is_listed).collect();
    for step in listed.iter().take(MOST) {
        let item = step.item.as_ref().map(|item| format!(", {item}")).unwrap_or_default();
        let error = step.error.as_ref().and_then(|error| error.get("message")).and_then(Json::as_str);
        let error = error.map(|error| format!(": {error}")).unwrap_or_default();
        let _ = writeln!(text, "  {} {}{item}{error}", mark(word(step), terminal), step.path);
    }
    if listed.len() > MOST {
        let _ = writeln!(text, "  … {} more", listed.len() - MOST);
    }
}

pub(super) fn mark(status: &str, terminal: &Terminal) -> String {
    let (mark, color) = match status {
        "success" | "done" => ("✓", 32),
        "partial" | "recovered" => ("!", 33),
        "failed" | "cancelled" => ("✗", 31),
        "unknown" => ("?", 36),
        _ => ("-", 2),
    };
    if terminal.color_out { format!("\u{1b}[{color}m{mark}\u{1b}[0m") } else { mark.to_owned() }
}

fn ending(text: &mut String, run: &RunRow, steps: &[StepRow]) {
    let id = run.begin.id;
    if let Some(message) = &run.message {
        let _ = writeln!(text, "\n{}: {message}", run.status.name());
    }
    let open: Vec<&StepRow> = steps.iter().filter(|step| step.state == StepState::Announced).collect();
    if run.status == Status::Running {
        return;
    }
    if run.is_broken_off {
        let _ = writeln!(
            text,
            "\nits record broke off while it went on; how it ended is not known, and it cannot be taken up again"
        );
        return;
    }
    for step in &open {
        let _ = writeln!(
            text,
            "\n`{}` may have happened before the run broke off; look whether it is there, then",
            step.path
        );
        let _ = writeln!(text, "  vmflow resume {id} --done '{}'    if it is", step.key);
        let _ = writeln!(text, "  vmflow resume {id} --redo '{}'    if it is to be made (again)", step.key);
    }
    match run.status {
        Status::Crashed if open.is_empty() => {
            let _ = writeln!(text, "\nit broke off; `vmflow resume {id}` goes on where it stopped");
        }
        Status::Failed | Status::Cancelled => {
            let _ = writeln!(text, "\n`vmflow resume {id}` goes on where it stopped, with what it had read;");
            let _ = writeln!(text, "`vmflow retry {id} --from STEP` does a step and all that follows from it anew");
        }
        Status::Partial => {
            let _ = writeln!(text, "\n`vmflow retry {id} --failed-items` does those again that failed");
        }
        _ => {}
    }
}
