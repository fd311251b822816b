//! What a run would come to with another program, held against what it came to: outputs, writes, reads.

use std::collections::HashMap;

use indexmap::IndexMap;
use serde_json::Value as Json;

use super::{Course, Where, brief};
use crate::primitive::Effect;
use crate::run::{Called, Noted, TARGETS};
use crate::testing::difference;
use crate::value::{Record, Sequence, Value, cut, to_json};

/// The most rows of one side that are told.
const MOST: usize = 3;

/// What became of an output.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// It is the same.
    Same,
    /// It is another.
    Other {
        /// What it was, and what it is.
        sides: (String, String),
        /// What tells them apart.
        notes: Vec<String>,
    },
    /// There was none, and there is this one.
    New(String),
    /// There was this one, and there is none.
    Gone(String),
    /// What it is follows from what is not on record.
    NotKnown,
}

/// What became of what was written to one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The connection.
    pub connection: String,
    /// The table, the metric, the path.
    pub target: Option<String>,
    /// What wrote it.
    pub action: String,
    /// How many rows, samples or calls there were, and are.
    pub counts: (usize, usize),
    /// How many only were, and only are.
    pub only: (usize, usize),
    /// Some of those.
    pub examples: (Vec<String>, Vec<String>),
    /// How many writes of today have arguments that are not known.
    pub not_known: usize,
}

impl Written {
    /// Whether it is the same as it was.
    pub const fn is_same(&self) -> bool {
        self.only.0 == 0 && self.only.1 == 0 && self.not_known == 0
    }
}

/// A step that reads, and has nothing on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// The step.
    pub step: String,
    /// The items of the loops around it.
    pub items: Vec<String>,
    /// Why.
    pub why: String,
}

/// What a run came to and would come to.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// How it ended, and would end.
    pub status: (String, String),
    /// Why it would fail.
    pub error: Option<String>,
    /// The outputs.
    pub outputs: IndexMap<String, Change>,
    /// What was, and would be written.
    pub writes: Vec<Written>,
    /// The reads that are not on record.
    pub unread: Vec<Unread>,
}

impl Comparison {
    /// Of a run by its outputs and its status on record, what going through it gave, and what going through today's
    /// program gives.
    pub fn of((status, outputs): (&str, Option<&Json>), before: &Course, after: &Course) -> Self {
        let unread = unread(after);
        let is_known = after.seen.not_known.is_empty();
        let now = after.outcome.status.name();
        // What is not known may be what would fail it.
        let now = if is_known || now == "failed" { now } else { status };
        let error = after.outcome.error.as_ref().map(|error| match error.step.as_slice() {
            [] => error.message.clone(),
            step => format!("`{}`: {}", step.join("."), error.message),
        });
        Self {
            status: (status.to_owned(), now.to_owned()),
            error,
            outputs: self::outputs(outputs, before, after),
            writes: writes(before, after),
            unread,
        }
    }

    /// Whether all is as it was.
    pub fn is_same(&self) -> bool {
        self.status.0 == self.status.1
            && self.outputs.values().all(|change| *change == Change::Same)
            && self.writes.iter().all(Written::is_same)
            && self.unread.is_empty()
    }
}

fn outputs(recorded: Option<&Json>, before: &Course, after: &Course) -> IndexMap<String, Change> {
    let was = |name: &str| {
        let on_record = recorded.and_then(|outputs| outputs.get(name)).cloned();
        on_record.or_else(|| before.outcome.outputs.get(name).filter(|_| recorded.is_none()).map(to_json))
    };
    let mut names: Vec<&str> = before.outcome.outputs.keys().map(|name| &**name).collect();
    names.extend(recorded.and_then(Json::as_object).into_iter().flat_map(|outputs| outputs.keys().map(String::as_str)));
    names.extend(after.workflow_outputs.iter().map(|name| &**name));
    let change = |name: &str| match (was(name), after.outcome.outputs.get(name)) {
        (Some(was), Some(is)) if was == to_json(is) => Change::Same,
        (Some(was), Some(is)) => other(&was, before.outcome.outputs.get(name), is),
        (None, Some(is)) => Change::New(brief(is)),
        (_, None) if is_open(name, after) => Change::NotKnown,
        (Some(was), None) => Change::Gone(shown(&was)),
        (None, None) => Change::Same,
    };
    names.into_iter().map(|name| (name.to_owned(), change(name))).collect()
}

/// Whether the program has an output that has no value, though nothing failed.
fn is_open(name: &str, after: &Course) -> bool {
    after.workflow_outputs.iter().any(|known| **known == *name) && !after.seen.not_known.is_empty()
}

fn other(was: &Json, before: Option<&Value>, is: &Value) -> Change {
    // What is on record as JSON has no types; what going through the run gave has them.
    let typed = before.filter(|before| to_json(before) == *was);
    let notes = typed.map(|before| difference(before, is)).unwrap_or_default();
    Change::Other { sides: (typed.map_or_else(|| shown(was), brief), brief(is)), notes }
}

fn shown(json: &Json) -> String {
    cut(&json.to_string(), 160)
}

fn unread(after: &Course) -> Vec<Unread> {
    let mut all: IndexMap<(String, String), Vec<String>> = IndexMap::new();
    for (asked, why) in after.seen.not_known.iter().filter(|(asked, _)| asked.effect == Effect::Read) {
        let items = all.entry((asked.place.path.join("."), why.clone())).or_default();
        items.extend(asked.place.item.clone());
    }
    let mut all: Vec<Unread> = all.into_iter().map(|((step, why), items)| Unread { step, items, why }).collect();
    all.sort_by(|a, b| a.step.cmp(&b.step));
    for unread in &mut all {
        unread.items.sort();
    }
    all
}

type Place = (String, Option<String>, String);

/// What a course writes, a list of rows, samples or calls for each place; and how many are not known.
fn written(course: &Course) -> IndexMap<Place, (Vec<Value>, usize)> {
    let mut all: IndexMap<Place, (Vec<Value>, usize)> = IndexMap::new();
    for call in course.seen.calls.iter().filter(|call| call.what.effect == Effect::Write && !has_failed(call, course)) {
        let (connection, rest) = split(&call.what);
        if rest.iter().any(|(_, value)| value.is_none()) {
            let target = rest.iter().find_map(|(name, value)| target(name, value.as_ref()));
            all.entry((connection, target, call.what.action.clone())).or_default().1 += 1;
            continue;
        }
        for (target, row) in rows(&rest) {
            all.entry((connection.clone(), target, call.what.action.clone())).or_default().0.push(row);
        }
    }
    all
}

/// Whether a write, or the transaction that it belongs to, failed.
fn has_failed(call: &Noted<Called>, course: &Course) -> bool {
    let own: Where = (call.step.join("."), call.item.clone());
    let around = call.what.transaction.as_ref().map(|path| (path.join("."), call.item.clone()));
    let failed = |place: &Where| course.stand(place).is_some_and(|stand| stand.error.is_some());
    failed(&own) || around.as_ref().is_some_and(failed)
}

type Arguments<'a> = Vec<(&'a str, Option<Value>)>;

/// The connection's name, and the other arguments.
fn split(call: &Called) -> (String, Arguments<'_>) {
    let mut connection = String::new();
    let mut rest = Vec::new();
    for (name, value) in &call.arguments {
        match value {
            Some(Value::Connection(_, name)) => connection = name.to_string(),
            other => rest.push((name.as_str(), other.clone())),
        }
    }
    (connection, rest)
}

fn target(name: &str, value: Option<&Value>) -> Option<String> {
    TARGETS.contains(&name).then(|| value.and_then(Value::as_text).map(ToString::to_string)).flatten()
}

/// What a call writes, one by one: rows, samples; all of its arguments where it has none such.
fn rows(arguments: &Arguments<'_>) -> Vec<(Option<String>, Value)> {
    let target = arguments.iter().find_map(|(name, value)| target(name, value.as_ref()));
    let many = arguments.iter().find_map(|(name, value)| {
        let is_many = matches!(*name, "rows" | "samples" | "series");
        value.as_ref().filter(|_| is_many).and_then(Sequence::of)
    });
    match many {
        Some(many) => many.iter().flat_map(|row| one_by_one(target.clone(), row)).collect(),
        None => {
            let named = arguments.iter().filter(|(name, _)| !TARGETS.contains(name));
            let named = named.map(|(name, value)| ((*name).to_owned(), value.clone().unwrap_or(Value::None)));
            vec![(target, Value::Record(std::sync::Arc::new(Record::from_fields(named))))]
        }
    }
}

fn one_by_one(target: Option<String>, row: Value) -> Vec<(Option<String>, Value)> {
    match row {
        Value::Series(series) => {
            let name = Some(series.name.to_string());
            series.samples().map(|sample| (name.clone(), Value::Sample(std::sync::Arc::new(sample)))).collect()
        }
        Value::Sample(sample) => vec![(Some(sample.name.to_string()), Value::Sample(sample))],
        other => vec![(target, other)],
    }
}

fn writes(before: &Course, after: &Course) -> Vec<Written> {
    let (was, mut is) = (written(before), written(after));
    let mut all = Vec::new();
    for (place, (rows, _)) in was {
        let (now, not_known) = is.shift_remove(&place).unwrap_or_default();
        all.push(side_by_side(place, &rows, &now, not_known));
    }
    all.extend(is.into_iter().map(|(place, (now, not_known))| side_by_side(place, &[], &now, not_known)));
    all
}

fn side_by_side((connection, target, action): Place, was: &[Value], is: &[Value], not_known: usize) -> Written {
    let (gone, new) = (without(was, is), without(is, was));
    let examples = |rows: &[&Value]| rows.iter().take(MOST).map(|row| brief(row)).collect();
    Written {
        connection,
        target,
        action,
        counts: (was.len(), is.len()),
        only: (gone.len(), new.len()),
        examples: (examples(&gone), examples(&new)),
        not_known,
    }
}

/// The rows of `a` that `b` does not have, each as often as it has them less.
fn without<'a>(a: &'a [Value], b: &[Value]) -> Vec<&'a Value> {
    let mut left: HashMap<&Value, usize> = HashMap::new();
    for row in b {
        *left.entry(row).or_default() += 1;
    }
    let mut missing = Vec::new();
    for row in a {
        match left.get_mut(row) {
            Some(count) if *count > 0 => *count -= 1,
            _ => missing.push(row),
        }
    }
    missing
}
