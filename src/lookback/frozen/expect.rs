//! What a test came to, as what it expects.

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

/// Each with the ways of saying it, the one that says most first. The last one can always be said.
pub(super) fn all(subject: &Subject<'_>, observed: &Observed) -> Vec<Vec<String>> {
    let status = observed.outcome.status.name();
    let recorded = subject.run.status.name();
    let comment = if status == recorded { String::new() } else { format!("# the run itself ended {recorded}\n") };
    let mut expected = vec![vec![format!("{comment}expect run.status == \"{status}\"\n")]];
    for (name, value) in &observed.outcome.outputs {
        if is_hidden(subject, name) {
            let hidden = format!("# the output `{name}` has the name of a step, which a test sees in its place\n");
            expected.push(vec![hidden]);
        } else {
            expected.push(output(subject, name, value));
        }
    }
    expected.extend(writes(subject, &observed.writes));
    expected
}

/// Whether a step has an output's name and is another thing: a test sees the step.
fn is_hidden(subject: &Subject<'_>, name: &str) -> bool {
    let step = subject.workflow.body.steps.iter().find(|step| step.slot.is_some() && *step.name == *name);
    let output = subject.workflow.outputs.iter().find(|output| *output.name == *name);
    let (Some(step), Some(output)) = (step, output) else { return false };
    !matches!(output.value.kind, ExprKind::Slot { up: 0, index } if step.slot == Some(index))
}

fn output(subject: &Subject<'_>, name: &str, value: &Value) -> Vec<String> {
    let before = subject.run.result.as_ref().and_then(|result| result.get("outputs")?.get(name));
    let is_other = subject.mask.is_none() && before.is_some_and(|before| *before != to_json(value));
    let comment = match before {
        Some(before) if is_other => format!("# {} in the run\n", shown(before)),
        _ => String::new(),
    };
    of(name, value).map(|line| format!("{comment}{line}\n")).collect()
}

fn shown(json: &Json) -> String {
    crate::value::cut(&json.to_string(), 100)
}

/// That something has a value, or as many items; or why neither is said.
fn of(name: &str, value: &Value) -> impl Iterator<Item = String> {
    if let Value::Outcomes(outcomes) = value {
        let (ok, failed) = (outcomes.ok.len(), outcomes.failed.len());
        let counts = format!("expect {name}.ok.count == {ok} and {name}.failed.count == {failed}");
        return None.into_iter().chain([counts]);
    }
    let (whole, why) = match literal(value) {
        Ok(text) if text.len() <= LONGEST => {
            let what = format!("nothing that can be expected here: {}", brief(value));
            (Some(format!("expect {name} == {text}")), what)
        }
        Ok(_) => (None, format!("too large to be expected here: {}", brief(value))),
        Err(why) => (None, why),
    };
    let count = match value {
        Value::Map(map) => Some(map.len()),
        _ => Sequence::of(value).map(|items| items.len()),
    };
    let less = match count {
        Some(count) => format!("expect {name}.count == {count}"),
        None => format!("# `{name}` is {why}"),
    };
    whole.into_iter().chain([less])
}

/// What was written, by where it went.
fn writes(subject: &Subject<'_>, writes: &Value) -> Vec<Vec<String>> {
    let mut by_target: IndexMap<(String, Option<String>), Vec<Value>> = IndexMap::new();
    for entry in Sequence::of(writes).iter().flat_map(|items| items.iter().collect::<Vec<_>>()) {
        let Value::Record(entry) = entry else { continue };
        let text = |name: &str| entry.get(name).and_then(Value::as_text).map(ToString::to_string);
        let (Some(connection), Some(written)) = (text("connection"), entry.get("written")) else { continue };
        by_target.entry((connection, text("name"))).or_default().push(written.clone());
    }
    let ways = |((connection, name), written): ((String, Option<String>), Vec<Value>)| {
        let used = subject.workflow.connections.iter().find(|used| *used.name == *connection);
        let chosen = match used.map_or("", |used| used.kind.family()) {
            "sql" => "table",
            "metrics" => "metric",
            _ => "path",
        };
        let target = name.map(|name| format!(", {chosen}: {}", quoted(&name))).unwrap_or_default();
        let all = format!("writes({connection}{target})");
        let count = written.len();
        let whole = literal(&Value::list(written)).ok();
        let whole = whole.filter(|text| count <= MOST_WRITES && text.len() <= LONGEST);
        let whole = whole.map(|whole| format!("expect {all} == {whole}\n"));
        whole.into_iter().chain([format!("expect {all}.count == {count}\n")]).collect()
    };
    by_target.into_iter().map(ways).collect()
}
