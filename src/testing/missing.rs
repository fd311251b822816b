//! Reads that nothing was given for: which step is to be given, and what to write.

use std::sync::Arc;

use super::Failure;
use super::template::template;
use super::watch::NotGiven;
use crate::check::program::{Action, Block, Step, Workflow};
use crate::check::walk;

/// The failures of the steps that would have read, each step once.
pub(super) fn failures(workflow: &Workflow, not_given: &[NotGiven]) -> Vec<Failure> {
    let mut told: Vec<Failure> = Vec::new();
    for read in not_given {
        // What fails because of a step inside has nothing to be given itself.
        let is_around = |inner: &NotGiven| inner.path.len() > read.path.len() && inner.path.starts_with(&read.path);
        if not_given.iter().any(is_around) {
            continue;
        }
        let Some((path, step)) = step_of(workflow, &read.path) else { continue };
        let failure = failure(&path, step, &read.message);
        if told.iter().all(|before| before.place != failure.place) {
            told.push(failure);
        }
    }
    told
}

fn failure(path: &[Arc<str>], step: &Step, message: &str) -> Failure {
    let Some(place) = step.slot.map(|_| step.span.slice(0, step.name.len())) else {
        let help = "bind what it reads to a name, `rows = …`, so that a test can give it".to_owned();
        let message = format!("{message}, and `{}` reads and has no name", step.name);
        return Failure { help: Some(help), ..Failure::new(step.span, message) };
    };
    let path = path.join(".");
    let message = format!("{message}, and nothing is given for `{path}`");
    let value = template(&step.ty);
    let help = format!("add to the test, with values that suit it:\n\ngiven {path} = {value}");
    let inner = matches!(step.action, Action::ForEach(_) | Action::When { .. });
    let notes = inner.then(|| {
        "what a loop walks or a branch asks is part of it: read it in a step before, and give that".to_owned()
    });
    Failure { notes: notes.into_iter().collect(), help: Some(help), ..Failure::new(place, message) }
}

/// The innermost step of the workflow on the way that an event tells, and the path to give it by. Steps of functions
/// are no steps of the workflow's: there the step that calls is the one to give.
fn step_of<'a>(workflow: &'a Workflow, way: &[String]) -> Option<(Vec<Arc<str>>, &'a Step)> {
    let handler = match way.first().map(String::as_str) {
        Some("failed") => workflow.failed.as_ref(),
        Some("finally") => workflow.finally.as_ref(),
        _ => None,
    };
    let (mut blocks, rest): (Vec<&Block>, &[String]) = match handler {
        Some(block) => (vec![block], way.get(1..).unwrap_or_default()),
        None => (vec![&workflow.body], way),
    };
    let mut path = Vec::new();
    let mut found = None;
    for name in rest {
        let mut steps = blocks.iter().flat_map(|block| &block.steps);
        let Some(step) = steps.find(|step| *step.name == **name) else { break };
        if step.slot.is_some() {
            path.push(step.name.clone());
        }
        found = Some(step);
        blocks = walk::inner_blocks(step);
    }
    found.map(|step| (path, step))
}
