//! A test of a workflow that is a run on record: what the run had read is given, and what came of it is expected.
//!
//! What is expected is what the test itself comes to, so that it passes as it is written: of values that were shortened or
//! masked, and of answers to writes that are not on record, something else may follow than did in the run. Where it does,
//! a comment says what the run had.

mod expect;
mod given;
mod literal;
mod mask;

use std::fmt::Write;
use std::sync::Arc;

use indexmap::IndexMap;

pub use mask::Mask;

use super::{Course, Where};
use crate::check::program::{Program, Workflow};
use crate::source::Sources;
use crate::store::RunRow;
use crate::testing::Observed;
use crate::value::{Points, Timestamp, Value};

/// The largest test that is written, in bytes.
const LARGEST: usize = 1 << 20;

/// A run that a test is made of.
pub struct Subject<'a> {
    /// The program as it is today.
    pub program: &'a Program,
    /// The workflow that is tested.
    pub workflow: &'a Workflow,
    /// The texts of the program.
    pub sources: &'a Sources,
    /// The run.
    pub run: &'a RunRow,
    /// What going through it gave.
    pub course: &'a Course,
    /// The parameters on record.
    pub params: &'a IndexMap<Arc<str>, Value>,
    /// Hides texts, if they are to be hidden.
    pub mask: Option<&'a Mask>,
}

/// The text of a test without what it expects; why there cannot be one.
pub fn givens(subject: &Subject<'_>) -> Result<String, String> {
    let name = &subject.workflow.name;
    let mut text = format!("at {}\n", Value::Timestamp(now(subject)));
    let set = set(subject)?;
    if !set.is_empty() {
        let _ = writeln!(text, "set {{ {} }}", set.join(", "));
    }
    text.push('\n');
    for given in given::all(subject)? {
        text.push_str(&given);
    }
    let id = subject.run.begin.id.to_string();
    let title = format!("{name} as it ran on {} ({})", now(subject).date_naive(), id.get(..13).unwrap_or(&id));
    if text.len() > LARGEST {
        let sizes = format!("{} KiB, and {} KiB at most are written", text.len() >> 10, LARGEST >> 10);
        return Err(format!("what this run had read would make a test of {sizes}"));
    }
    Ok(format!("test {title:?} of {name} {{\n{text}"))
}

/// What is expected of a test that came to this: how it ended, its outputs and its writes. Each has several ways of saying
/// it, the one that says most first. Not every literal passes the checks: the items of its lists may have several types.
pub fn expectations(subject: &Subject<'_>, observed: &Observed) -> Vec<Vec<String>> {
    expect::all(subject, observed)
}

fn now(subject: &Subject<'_>) -> Timestamp {
    subject.course.now
}

/// The parameters on record that the workflow still has.
fn set(subject: &Subject<'_>) -> Result<Vec<String>, String> {
    let known = |name: &Arc<str>| subject.workflow.params.iter().any(|param| param.name == *name);
    let params = subject.params.iter().filter(|(name, value)| known(name) && !matches!(value, Value::Secret(_)));
    let pair = |(name, value): (&Arc<str>, &Value)| {
        let value = literal::typed_literal(&hidden(subject, value))
            .map_err(|why| format!("the parameter `{name}` is {why}"))?;
        Ok(format!("{name}: {value}"))
    };
    params.map(pair).collect()
}

fn hidden(subject: &Subject<'_>, value: &Value) -> Value {
    subject.mask.map_or_else(|| value.clone(), |mask| mask.value(value))
}

/// The values that a step gave, by the items of the loops around it.
fn places<'a>(course: &'a Course, path: &'a str) -> impl Iterator<Item = Where> + 'a {
    let asked = course.seen.asked.values().filter(move |asked| asked.place.path.join(".") == path);
    asked.map(|asked| (asked.place.path.join("."), asked.place.item.clone()))
}

/// Points from their records.
fn points(items: &[Value]) -> Arc<Points> {
    let mut points = Points::default();
    for item in items {
        let Value::Record(point) = item else { continue };
        if let (Some(Value::Timestamp(at)), Some(Value::Float(value))) = (point.get("at"), point.get("value")) {
            points.at_ms.push(at.timestamp_millis());
            points.values.push(*value);
        }
    }
    Arc::new(points)
}
