//! What is different between a saved plan and the one that is made now.

use serde_json::Value as Json;

use super::{Group, Plan};
use crate::connection::preview::Counts;

/// How many differences are told.
const MOST: usize = 20;

/// Each thing that is not as it was when the plan was saved, a line for people; none when a run would do what was planned.
pub fn differences(saved: &Plan, now: &Plan) -> Vec<String> {
    let mut found = Vec::new();
    let mut tell = |what: &str, before: &str, after: &str| {
        if before != after {
            found.push(format!("{what}: {} → {}", shown(before), shown(after)));
        }
    };
    tell("the workflow", &saved.workflow, &now.workflow);
    tell("the environment", &saved.environment, &now.environment);
    tell("`run.now`", &saved.now, &now.now);
    tell("how it ends", saved.status.name(), now.status.name());
    let cause = |plan: &Plan| plan.error.as_ref().map(|error| error.message.clone()).unwrap_or_default();
    tell("why it fails", &cause(saved), &cause(now));
    if saved.program != now.program {
        found.push("the workflow's files, or where its connections lead, have changed".to_owned());
    }
    found.extend(params(saved, now));
    found.extend(writes(&saved.writes, &now.writes));
    if saved.failures != now.failures || saved.failures_left_out != now.failures_left_out {
        let count = |plan: &Plan| plan.failures.len() as u64 + plan.failures_left_out;
        found.push(format!("items that fail: {} → {}", count(saved), count(now)));
    }
    if found.len() > MOST {
        let more = found.len() - MOST;
        found.truncate(MOST);
        found.push(format!("{more} more differences"));
    }
    found
}

fn shown(text: &str) -> String {
    if text.is_empty() { "nothing".to_owned() } else { text.to_owned() }
}

fn params(saved: &Plan, now: &Plan) -> Vec<String> {
    let names = saved.params.keys().chain(now.params.keys().filter(|name| !saved.params.contains_key(*name)));
    let text = |value: Option<&Json>| value.map_or_else(|| "nothing".to_owned(), ToString::to_string);
    let differs = |name: &&String| saved.params.get(*name) != now.params.get(*name);
    let line = |name: &String| {
        format!("parameter `{name}`: {} → {}", text(saved.params.get(name)), text(now.params.get(name)))
    };
    names.filter(differs).map(line).collect()
}

fn writes(saved: &[Group], now: &[Group]) -> Vec<String> {
    let name = |group: &Group| {
        let target = group.target.as_ref().map(|target| format!(" → {target}")).unwrap_or_default();
        format!("`{}`{target}", group.step)
    };
    let mut found = Vec::new();
    let mut left: Vec<&Group> = now.iter().collect();
    for before in saved {
        // Several steps may have one name; they stand in the order of the file.
        let place = left.iter().position(|after| is_same_place(before, after));
        match place.map(|at| left.remove(at)) {
            None => found.push(format!("{}: {} → nothing", name(before), numbers(before))),
            Some(after) if before.digest == after.digest => {}
            Some(after) if before.counts == after.counts && before.unknown == after.unknown => {
                found.push(format!("{}: other values are written ({})", name(before), numbers(before)));
            }
            Some(after) => found.push(format!("{}: {} → {}", name(before), numbers(before), numbers(after))),
        }
    }
    found.extend(left.iter().map(|after| format!("{}: nothing → {}", name(after), numbers(after))));
    found
}

fn is_same_place(a: &Group, b: &Group) -> bool {
    (&a.step, &a.action, &a.connection, &a.target, &a.only_if)
        == (&b.step, &b.action, &b.connection, &b.target, &b.only_if)
}

fn numbers(group: &Group) -> String {
    let Counts { created, updated, unchanged, conflicting, taken, beyond, touched, sent } = group.counts;
    let parts = [
        (created, "created"),
        (updated, "updated"),
        (unchanged, "unchanged"),
        (conflicting, "conflicting"),
        (taken, "taken"),
        (beyond, "beyond what is kept"),
        (touched, "touched"),
        (sent, "sent"),
        (group.unknown, "unknown"),
    ];
    let told: Vec<String> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    if told.is_empty() { "nothing".to_owned() } else { told.join(", ") }
}
