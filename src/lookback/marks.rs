//! How the steps of a run went, for a drawing of its workflow.

use indexmap::IndexMap;
use serde_json::Value as Json;

use super::retrace::error_of;
use crate::check::program::{Step, Workflow};
use crate::check::walk;
use crate::plan::{Mark, Marks, Outcome};
use crate::primitive::Effect;
use crate::store::{RunRow, StepRow, StepState};

/// The longest error in a drawing, in characters.
const LONGEST: usize = 80;

/// The marks of a run: of the workflow's own steps as its result has them, of all others as they are on record.
pub fn marks(workflow: &Workflow, run: &RunRow, rows: &[StepRow]) -> Marks {
    let mut marks = Marks::default();
    for (path, rows) in by_path(rows) {
        marks.extend(of_rows(&rows).map(|mark| (path, mark)));
    }
    let told = run.result.as_ref().and_then(|result| result.get("steps")).and_then(Json::as_array);
    for step in told.into_iter().flatten() {
        let name = step.get("name").and_then(Json::as_str).unwrap_or_default();
        marks.extend(of_report(step).map(|mark| (name.to_owned(), mark)));
    }
    if told.is_none() {
        for step in &workflow.body.steps {
            if step.effect != Effect::Pure && !marks.contains_key(&*step.name) && !has_inner(step, &marks) {
                let words = "not on record".to_owned();
                marks.insert(step.name.to_string(), mark(Outcome::Skipped, words, None, None));
            }
        }
    }
    marks
}

fn has_inner(step: &Step, marks: &Marks) -> bool {
    let before = format!("{}.", step.name);
    !walk::inner_blocks(step).is_empty() && marks.keys().any(|path| path.starts_with(&before))
}

fn mark(outcome: Outcome, words: String, duration_ms: Option<u64>, counts: Option<(u64, u64)>) -> Mark {
    Mark { outcome, words, duration_ms, counts }
}

fn by_path(rows: &[StepRow]) -> IndexMap<String, Vec<&StepRow>> {
    let mut all: IndexMap<String, Vec<&StepRow>> = IndexMap::new();
    for row in rows {
        all.entry(row.path.clone()).or_default().push(row);
    }
    all
}

/// A step that ran so often, or the items of a loop.
fn of_rows(rows: &[&StepRow]) -> Option<Mark> {
    let items: Vec<&&StepRow> = rows.iter().filter(|row| row.kind == "item").collect();
    let is_loop = !items.is_empty();
    let rows: Vec<&StepRow> = if is_loop { items.into_iter().copied().collect() } else { rows.to_vec() };
    let count = |state: StepState| rows.iter().filter(|row| row.state == state).count() as u64;
    let (all, failed, open) = (rows.len() as u64, count(StepState::Failed), count(StepState::Announced));
    let took = rows.iter().map(|row| u64::try_from(row.duration_ms).unwrap_or(0)).sum::<u64>();
    let error = rows.iter().find_map(|row| row.error.as_ref()).map(|error| error_of(Some(error)).message);
    let error = error.map(|error| format!(": {}", crate::value::cut(&error, LONGEST))).unwrap_or_default();
    let is_once = all == 1 && !is_loop && rows.first().is_some_and(|row| row.item.is_none());
    let counts = (!is_once).then_some((all, failed));
    let (outcome, words) = match (failed, open, is_loop) {
        (0, 0, true) => (Outcome::Done, format!("{all} of {all} items")),
        (0, 0, false) if is_once => (Outcome::Done, format!("{took} ms")),
        (0, 0, false) => (Outcome::Done, format!("{all} times, {took} ms together")),
        (0, _, _) => (Outcome::Unknown, "nobody knows whether it happened".to_owned()),
        (_, _, true) => {
            let outcome = if failed < all { Outcome::Partial } else { Outcome::Failed };
            (outcome, format!("{} of {all} items, {failed} failed{error}", all - failed))
        }
        (_, _, false) if is_once => (Outcome::Failed, format!("failed{error}")),
        _ => (Outcome::Failed, format!("{failed} of {all} failed{error}")),
    };
    Some(mark(outcome, words, Some(took), counts)).filter(|_| all > 0)
}

/// A step as the result of the run tells of it.
fn of_report(step: &Json) -> Option<Mark> {
    let text = |name: &str| step.get(name).and_then(Json::as_str);
    let is = |name: &str| step.get(name).and_then(Json::as_bool).unwrap_or(false);
    let took = step.get("duration_ms").and_then(Json::as_u64).unwrap_or(0);
    let error = step.get("error").filter(|error| !error.is_null()).map(|error| error_of(Some(error)).message);
    let error = error.map(|error| format!(": {}", crate::value::cut(&error, LONGEST))).unwrap_or_default();
    let items = step.get("items").and_then(|items| {
        let count = |name: &str| items.get(name).and_then(Json::as_u64);
        Some((count("total")?, count("ok")?, count("failed")?))
    });
    let walked = match items {
        Some((total, ok, 0)) => format!("{ok} of {total} items, "),
        Some((total, ok, failed)) => format!("{ok} of {total} items, {failed} failed, "),
        None => String::new(),
    };
    let whence = match (is("cached"), is("recorded")) {
        (true, _) => ", kept by an earlier run",
        (_, true) => ", recalled from an earlier attempt",
        _ => "",
    };
    let (outcome, words) = match text("status")? {
        "success" => (Outcome::Done, format!("{walked}{took} ms{whence}")),
        "partial" => (Outcome::Partial, format!("{walked}{took} ms{whence}")),
        "recovered" => (Outcome::Recovered, format!("failed, and was made up for{error}")),
        "failed" => (Outcome::Failed, format!("{walked}failed{error}")),
        "cancelled" => (Outcome::Cancelled, format!("{walked}stopped after {took} ms")),
        _ => return Some(mark(Outcome::Skipped, "not reached".to_owned(), None, None)),
    };
    Some(mark(outcome, words, Some(took), items.map(|(total, _, failed)| (total, failed))))
}
