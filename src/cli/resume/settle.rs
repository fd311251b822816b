//! What somebody says of writes of which nobody knew whether they happened: `--done` and `--redo`.

use serde_json::Value as Json;

use crate::check::program::{Block, ExprKind, Step, Workflow};
use crate::check::walk;
use crate::cli::Exit;
use crate::cli::history::Refused;
use crate::store::{Settled, StepRow, StepState, hash_of};
use crate::value::{Type, from_json, to_kept};

/// Reads what was said; each must mean one write that is open.
pub(super) fn settled(
    steps: &[StepRow],
    done: &[String],
    redo: &[String],
    workflow: &Workflow,
) -> Result<Vec<Settled>, Refused> {
    let done = done.iter().map(|text| happened(steps, text, workflow));
    let redo = redo.iter().map(|key| {
        let step = open(steps, key)?;
        Ok(Settled { key: step.key.clone(), has_happened: false, output: None })
    });
    done.chain(redo).collect()
}

fn happened(steps: &[StepRow], text: &str, workflow: &Workflow) -> Result<Settled, Refused> {
    let (key, value) = match text.split_once('=') {
        Some((key, value)) => (key, Some(value)),
        None => (text, None),
    };
    let step = open(steps, key)?;
    let path: Vec<&str> = step.path.split('.').collect();
    let found = step_at(&workflow.body, &path);
    let ty = found.map_or(Type::Json, |(_, step)| step.ty.clone());
    let wrong = |why: String| (Exit::Usage, format!("`--done {text}`: {why}"));
    let output = match value {
        Some(value) => typed(value, &ty).map_err(wrong)?,
        None if found.is_some_and(|(block, step)| !is_used(workflow, block, step)) => {
            typed("null", &Type::None).map_err(wrong)?
        }
        None => {
            return Err(wrong(format!(
                "later steps look at its value; say what it gave: `--done '{key}=…'`, a `{ty}` as JSON"
            )));
        }
    };
    Ok(Settled { key: step.key.clone(), has_happened: true, output: Some(output) })
}

/// Whether anything looks at the value of a step that stands in a block.
fn is_used(workflow: &Workflow, block: &Block, step: &Step) -> bool {
    let Some(slot) = step.slot else { return false };
    let is_body = std::ptr::eq(block, std::ptr::from_ref(&workflow.body));
    let afterwards = workflow.failed.iter().chain(&workflow.finally);
    let outputs = workflow.outputs.iter().any(|output| output.needs.contains(&slot));
    looks_at(block, slot, 0) || (is_body && (outputs || afterwards.into_iter().any(|block| looks_at(block, slot, 1))))
}

/// Whether a block, or one inside it, looks at a slot of the block so many blocks out.
fn looks_at(block: &Block, slot: usize, depth: usize) -> bool {
    let mut found = false;
    let mut look = |expr| {
        walk::visit(expr, &mut |expr| {
            found |= matches!(expr.kind, ExprKind::Slot { up, index } if up == depth && index == slot);
        });
    };
    block.steps.iter().for_each(|step| walk::step_expressions(step, &mut look));
    block.result.iter().for_each(&mut look);
    found || block.steps.iter().flat_map(walk::inner_blocks).any(|inner| looks_at(inner, slot, depth + 1))
}

fn typed(text: &str, ty: &Type) -> Result<(String, String), String> {
    let json: Json = serde_json::from_str(text).map_err(|error| format!("`{text}` is no JSON: {error}"))?;
    let value = from_json(&json, ty, "").map_err(|error| error.message)?;
    let json = to_kept(&value).ok_or("such a value cannot be recorded")?.to_string();
    Ok((hash_of(&json), json))
}

/// The open write that is meant by its key, or by its path when only one has that.
fn open<'a>(steps: &'a [StepRow], key: &str) -> Result<&'a StepRow, Refused> {
    // A write that is done can be said to be made again, too: with a value that was not recorded it is in the way.
    let open: Vec<&StepRow> = steps.iter().filter(|step| step.kind == "write").collect();
    let exact = open.iter().find(|step| step.key == key);
    let unsettled = |step: &&&StepRow| step.state == StepState::Announced && step.path == key;
    let named: Vec<&&StepRow> = open.iter().filter(unsettled).collect();
    match (exact, named.as_slice()) {
        (Some(step), _) => Ok(step),
        (None, [step]) => Ok(step),
        (None, []) => {
            Err((Exit::Usage, format!("no write `{key}` is open in this run; `vmflow runs show` names those that are")))
        }
        (None, several) => {
            let keys: Vec<String> = several.iter().map(|step| format!("`{}`", step.key)).collect();
            Err((Exit::Usage, format!("`{key}` was made for several items; say which: {}", keys.join(", "))))
        }
    }
}

/// The step at a path, with the block it stands in.
fn step_at<'a>(block: &'a Block, path: &[&str]) -> Option<(&'a Block, &'a Step)> {
    let (first, rest) = path.split_first()?;
    let mut steps = block.steps.iter().filter(|step| &*step.name == *first);
    if rest.is_empty() {
        return Some((block, steps.next()?));
    }
    steps.flat_map(walk::inner_blocks).find_map(|inner| step_at(inner, rest))
}
