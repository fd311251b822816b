//! What a test came to, as what it expects.

use std::fmt::Write;

use indexmap::IndexMap;
use serde_json::Value as Json;

use super::Subject;
use super::literal::{literal, quoted};
use crate::check::program::ExprKind;
use crate::lookback::brief;
use crate::testing::Observed;
use crate::value::{Sequence, Value, to_json};

/// The longest value that is expected as a whole, in bytes, and the most writes.
const LONGEST: usize = 2000;
const MOST_WRITES: usize = 20;

pub(super) fn all(subject: &Subject<'_>, observed: &Observed) -> String {
    let mut text = String::new();
    let status = observed.outcome.status.name();
    let recorded = subject.run.status.name();
    if status != recorded {
        let _ = writeln!(text, "# the run itself ended {recorded}");
    }
    let _ = writeln!(text, "expect run.status == \"{status}\"");
    for (name, value) in &observed.outcome.outputs {
        if is_hidden(subject, name) {
            let _ = writeln!(text, "# the output `{name}` has the name of a step, which a test sees in its place");
        } else {
            text.push_str(&output(subject, name, value));
        }
    }
    text.push_str(&writes(subject, &observed.writes));
    text
}

/// Whether a step has an output's name and is another thing: a test sees the step.
fn is_hidden(subject: &Subject<'_>, name: &str) -> bool {
    let step = subject.workflow.body.steps.iter().find(|step| step.slot.is_some() && *step.name == *name);
    let output = subject.workflow.outputs.iter().find(|output| *output.name == *name);
    let (Some(step), Some(output)) = (step, output) else { return false };
    !matches!(output.value.kind, ExprKind::Slot { up: 0, index } if step.slot == Some(index))
}

fn output(subject: &Subject<'_>, name: &str, value: &Value) -> String {
    let before = subject.run.result.as_ref().and_then(|result| result.get("outputs")?.get(name));
    let is_other = subject.mask.is_none() && before.is_some_and(|before| *before != to_json(value));
    let comment = match before {
        Some(before) if is_other => format!("# {} in the run\n", shown(before)),
        _ => String::new(),
    };
    match of(name, value) {
        Ok(line) => format!("{comment}{line}\n"),
        Err(why) => format!("# `{name}` is {why}\n"),
    }
}

fn shown(json: &Json) -> String {
    crate::value::cut(&json.to_string(), 100)
}

/// That something has a value, or as many items.
fn of(name: &str, value: &Value) -> Result<String, String> {
    if let Value::Outcomes(outcomes) = value {
        let (ok, failed) = (outcomes.ok.len(), outcomes.failed.len());
        return Ok(format!("expect {name}.ok.count == {ok} and {name}.failed.count == {failed}"));
    }
    match (literal(value), Sequence::of(value)) {
        (Ok(text), _) if text.len() <= LONGEST => Ok(format!("expect {name} == {text}")),
        (_, Some(items)) => Ok(format!("expect {name}.count == {}", items.len())),
        (Ok(_), None) => Err(format!("too large to be expected here: {}", brief(value))),
        (Err(why), None) => Err(why),
    }
}

/// What was written, by where it went.
fn writes(subject: &Subject<'_>, writes: &Value) -> String {
    let mut by_target: IndexMap<(String, Option<String>), Vec<Value>> = IndexMap::new();
    for entry in Sequence::of(writes).iter().flat_map(|items| items.iter().collect::<Vec<_>>()) {
        let Value::Record(entry) = entry else { continue };
        let text = |name: &str| entry.get(name).and_then(Value::as_text).map(ToString::to_string);
        let (Some(connection), Some(written)) = (text("connection"), entry.get("written")) else { continue };
        by_target.entry((connection, text("name"))).or_default().push(written.clone());
    }
    let mut text = String::new();
    for ((connection, name), written) in by_target {
        let used = subject.workflow.connections.iter().find(|used| *used.name == *connection);
        let chosen = match used.map_or("", |used| used.kind.family()) {
            "sql" => "table",
            "metrics" => "metric",
            _ => "path",
        };
        let target = name.map(|name| format!(", {chosen}: {}", quoted(&name))).unwrap_or_default();
        let all = format!("writes({connection}{target})");
        let list = Value::list(written);
        let count = Sequence::of(&list).map_or(0, |items| items.len());
        let whole = literal(&list).ok().filter(|text| count <= MOST_WRITES && text.len() <= LONGEST);
        let _ = match whole {
            Some(whole) => writeln!(text, "expect {all} == {whole}"),
            None => writeln!(text, "expect {all}.count == {count}"),
        };
    }
    text
}
