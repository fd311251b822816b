//! Which places of a workflow the tests' runs came to.

use std::collections::HashSet;
use std::sync::Arc;

use super::Report;
use crate::check::program::{Action, BinaryOperator, Block, Expr, ExprKind, OnFailure, Program, Step, Workflow};
use crate::check::walk;
use crate::primitive::Effect;
use crate::source::Span;

/// What a place is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A step, `require` and `expect` among them.
    Step,
    /// A branch of a `when`.
    Branch,
    /// The body of a loop.
    Loop,
    /// What stands in for a failure.
    OnFailure,
    /// One side of an `if`.
    Choice,
    /// What stands behind `??`.
    Default,
}

impl Kind {
    /// The word in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Step => "step",
            Self::Branch => "branch of",
            Self::Loop => "loop",
            Self::OnFailure => "on failure of",
            Self::Choice => "choice in",
            Self::Default => "default in",
        }
    }
}

/// A place that a run can come to.
#[derive(Debug, Clone)]
pub struct Point {
    /// What it is.
    pub kind: Kind,
    /// The name of the step that it belongs to.
    pub step: Arc<str>,
    /// Where.
    pub place: Span,
    /// Whether some run came to it.
    pub is_covered: bool,
}

/// A workflow and its places.
#[derive(Debug, Clone)]
pub struct Coverage {
    /// The workflow.
    pub workflow: Arc<Workflow>,
    /// Its places, in the order of the file.
    pub points: Vec<Point>,
}

impl Coverage {
    /// How many of its places some run came to.
    pub fn covered(&self) -> usize {
        self.points.iter().filter(|point| point.is_covered).count()
    }
}

/// The workflows of the checked files and those that the tests are of, each once.
pub fn coverage(program: &Program, reports: &[Report]) -> Vec<Coverage> {
    let visited: HashSet<Span> = reports.iter().flat_map(|report| &report.visited).copied().collect();
    let mut known = HashSet::new();
    let workflows = program.workflows.iter().chain(reports.iter().map(|report| &report.test.workflow));
    let workflows = workflows.filter(|workflow| known.insert(workflow.span));
    workflows.map(|workflow| Coverage { workflow: workflow.clone(), points: points(workflow, &visited) }).collect()
}

fn points(workflow: &Workflow, visited: &HashSet<Span>) -> Vec<Point> {
    let mut points = Vec::new();
    walk::workflow_steps(workflow, &mut |site| {
        let step = site.step;
        let mut add = |kind, place, is_covered| points.push(Point { kind, step: step.name.clone(), place, is_covered });
        add(Kind::Step, step.span, visited.contains(&step.span));
        match &step.action {
            Action::When { arms, otherwise } => {
                let blocks = arms.iter().map(|(condition, block)| (Some(condition), block));
                for (condition, block) in blocks.chain(otherwise.iter().map(|block| (None, block))) {
                    if let Some(place) = condition.map(|condition| condition.span).or_else(|| begin(block)) {
                        add(Kind::Branch, place, is_entered(block, visited));
                    }
                }
            }
            Action::ForEach(each) => add(Kind::Loop, each.over.span, is_entered(&each.block, visited)),
            Action::Expression(_) | Action::Transaction { .. } | Action::Check { .. } => {}
        }
        match &step.on_failure {
            OnFailure::Use(value) => add(Kind::OnFailure, value.span, visited.contains(&value.span)),
            OnFailure::Block(block) => {
                if let Some(place) = begin(block) {
                    add(Kind::OnFailure, place, is_entered(block, visited));
                }
            }
            OnFailure::Fail | OnFailure::Skip => {}
        }
        step_choices(step, &mut |kind, place| add(kind, place, visited.contains(&place)));
    });
    for output in &workflow.outputs {
        choices(&output.value, &mut |kind, place| {
            points.push(Point { kind, step: output.name.clone(), place, is_covered: visited.contains(&place) });
        });
    }
    points.sort_by_key(|point| (point.place.source, point.place.start));
    points
}

/// The choices in what a step evaluates itself, and in the `yield`s of its blocks. What reads is left out: no test runs it.
fn step_choices(step: &Step, found: &mut impl FnMut(Kind, Span)) {
    walk::step_expressions(step, &mut |expr| {
        if expr.effect != Effect::Read {
            choices(expr, found);
        }
    });
    walk::inner_blocks(step)
        .into_iter()
        .filter_map(|block| block.result.as_ref())
        .for_each(|expr| choices(expr, found));
}

/// Both sides of each `if` in an expression, and what stands behind each `??`.
fn choices(expr: &Expr, found: &mut impl FnMut(Kind, Span)) {
    walk::visit(expr, &mut |expr| match &expr.kind {
        ExprKind::If(_, then, otherwise) => {
            found(Kind::Choice, then.span);
            found(Kind::Choice, otherwise.span);
        }
        ExprKind::Binary(BinaryOperator::Coalesce, _, right) => found(Kind::Default, right.span),
        _ => {}
    });
}

/// Where a block begins; an empty one is nowhere.
fn begin(block: &Block) -> Option<Span> {
    let result = block.result.iter().map(|result| result.span);
    block.steps.iter().map(|step| step.span).chain(result).min()
}

/// A block was entered when one of its steps began, or when it yielded.
fn is_entered(block: &Block, visited: &HashSet<Span>) -> bool {
    let is_visited = |result: &Expr| visited.contains(&result.span);
    block.steps.iter().any(|step| visited.contains(&step.span)) || block.result.as_ref().is_some_and(is_visited)
}
