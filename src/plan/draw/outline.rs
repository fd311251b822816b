//! What all pictures show: the steps with their effects, groups inside groups, what waits for what.

use std::sync::Arc;

use super::outcome::{Mark, Marks};
use crate::check::program::{Action, Block, Expr, ExprKind, ForEach, OnFailure, Parallel, Policy, Step, Workflow};
use crate::check::walk;
use crate::primitive::Effect;
use crate::value::Value;

/// A connection.
pub(super) struct Door {
    pub(super) id: String,
    pub(super) label: String,
}

/// A step.
pub(super) struct Node {
    pub(super) id: String,
    pub(super) name: Arc<str>,
    /// `for each, 4 at once`; empty for a plain step.
    pub(super) detail: String,
    pub(super) effect: Effect,
    /// The steps of the same group that it waits for, by index.
    pub(super) after: Vec<usize>,
    /// The connections it uses itself, by index.
    pub(super) doors: Vec<usize>,
    /// Inner blocks.
    pub(super) groups: Vec<Group>,
    /// Its name after those of the steps around it, joined with dots.
    pub(super) path: String,
    /// How it went in the run that is drawn.
    pub(super) mark: Option<Mark>,
}

/// Steps that stand together.
pub(super) struct Group {
    pub(super) id: String,
    /// Empty when the step's own name says it.
    pub(super) label: &'static str,
    pub(super) nodes: Vec<Node>,
}

/// A workflow, ready to be drawn.
pub(super) struct Outline {
    pub(super) name: Arc<str>,
    pub(super) params: Vec<String>,
    pub(super) doors: Vec<Door>,
    /// The body, then `failed` and `finally` where there are any.
    pub(super) groups: Vec<Group>,
}

struct Sketcher<'a> {
    workflow: &'a Workflow,
    marks: &'a Marks,
}

impl Outline {
    pub(super) fn of(workflow: &Workflow, marks: &Marks) -> Self {
        let sketcher = Sketcher { workflow, marks };
        let blocks = [("", Some(&workflow.body), 0), ("failed", workflow.failed.as_ref(), 1)];
        let blocks = blocks.into_iter().chain([("finally", workflow.finally.as_ref(), 1)]);
        let group = |(label, block, depth): (&'static str, Option<&Block>, usize)| {
            let path = if label.is_empty() { String::new() } else { format!("{label}.") };
            Some(sketcher.group(block?, (if label.is_empty() { "s" } else { label }, &path), label, depth))
        };
        let doors = workflow.connections.iter().enumerate().map(|(at, connection)| Door {
            id: format!("c{at}"),
            label: format!("{}: {}", connection.name, connection.kind.name()),
        });
        Self {
            name: workflow.name.clone(),
            params: workflow.params.iter().map(|param| format!("{}: {}", param.name, param.ty)).collect(),
            doors: doors.collect(),
            groups: blocks.filter_map(group).collect(),
        }
    }
}

impl Sketcher<'_> {
    /// `depth` is how many scopes lie between the block and the workflow's body.
    fn group(&self, block: &Block, (id, path): (&str, &str), label: &'static str, depth: usize) -> Group {
        let nodes = block.steps.iter().enumerate();
        let nodes = nodes.map(|(at, step)| self.node(step, format!("{id}_{at}"), path, depth)).collect();
        Group { id: id.to_owned(), label, nodes }
    }

    fn node(&self, step: &Step, id: String, path: &str, depth: usize) -> Node {
        let (path, inner) = (format!("{path}{}", step.name), inner_blocks(step).into_iter().enumerate());
        let below = format!("{path}.");
        let groups =
            inner.map(|(at, (label, block))| self.group(block, (&format!("{id}g{at}"), &below), label, depth + 1));
        Node {
            groups: groups.collect(),
            id,
            name: step.name.clone(),
            detail: detail(step),
            effect: step.effect,
            after: step.upstream.clone(),
            doors: self.doors(step, depth),
            mark: self.marks.get(&path).cloned(),
            path,
        }
    }

    fn doors(&self, step: &Step, depth: usize) -> Vec<usize> {
        let mut doors = Vec::new();
        for expr in own_expressions(step) {
            walk::visit(expr, &mut |expr| {
                let ExprKind::Slot { up, index } = &expr.kind else { return };
                if *up == depth {
                    doors.extend(self.workflow.connections.iter().position(|c| c.slot == *index));
                }
            });
        }
        doors.sort_unstable();
        doors.dedup();
        doors
    }
}

fn inner_blocks(step: &Step) -> Vec<(&'static str, &Block)> {
    let mut blocks: Vec<(&'static str, &Block)> = match &step.action {
        Action::Expression(_) | Action::Check { .. } => Vec::new(),
        Action::Transaction { block, .. } => vec![("", block)],
        Action::ForEach(each) => vec![("", &each.block)],
        Action::When { arms, otherwise } => {
            let label = |at: usize| if at == 0 { "when" } else { "else when" };
            let arms = arms.iter().enumerate().map(|(at, (_, block))| (label(at), block));
            arms.chain(otherwise.iter().map(|block| ("else", block))).collect()
        }
    };
    if let OnFailure::Block(block) = &step.on_failure {
        blocks.push(("on failure", block));
    }
    blocks
}

/// The expressions of a step itself, not those of its inner blocks.
fn own_expressions(step: &Step) -> Vec<&Expr> {
    let Policy { timeout, retry, backoff, rate, key, cache } = &step.policy;
    let mut own: Vec<&Expr> = [timeout, retry, backoff, rate, key, cache].into_iter().flatten().collect();
    match &step.action {
        Action::Expression(expr) => own.push(expr),
        Action::Transaction { connection, .. } => own.push(connection),
        Action::ForEach(each) => own.push(&each.over),
        Action::When { arms, .. } => own.extend(arms.iter().map(|(condition, _)| condition)),
        Action::Check { condition, message, .. } => own.extend(std::iter::once(condition).chain(message)),
    }
    if let OnFailure::Use(expr) = &step.on_failure {
        own.push(expr);
    }
    own
}

fn detail(step: &Step) -> String {
    match &step.action {
        Action::Expression(_) | Action::When { .. } => String::new(),
        // Its name says whether it is required or expected.
        Action::Check { text, .. } => text.to_string(),
        Action::Transaction { .. } => "transaction".to_owned(),
        Action::ForEach(each) => walk_detail(each),
    }
}

fn walk_detail(each: &ForEach) -> String {
    let pace = match &each.parallel {
        Parallel::No => "one by one".to_owned(),
        Parallel::Pool(_) => "as many at once as the pool has".to_owned(),
        Parallel::Count(count) => match &count.kind {
            ExprKind::Literal(Value::Int(n)) => format!("{n} at once"),
            _ => "several at once".to_owned(),
        },
    };
    format!("for each, {pace}{}", if each.continues { ", goes on after a failure" } else { "" })
}
