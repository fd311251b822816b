//! Samples that a store drops, that overwrite each other, or that it cannot hold for long.

use std::collections::HashMap;
use std::sync::Arc;

use super::ahead::{Around, StepValues};
use super::{Facts, Place, expressions, places};
use crate::check::program::{
    BinaryOperator, Block, Comprehension, Expr, ExprKind, Fragment, Program, RunField, Workflow,
};
use crate::check::surroundings::Store;
use crate::check::walk;
use crate::diagnostic::{Diagnostic, codes};
use crate::primitive::{Effect, Spec};
use crate::value::{ConnectionKind, Type, Value};

/// The arguments of a `sample(…)`.
struct BuiltSample<'a> {
    name: &'a Expr,
    at: &'a Expr,
    labels: Option<&'a Expr>,
    /// The comprehensions around it in its expression.
    comprehensions: Vec<&'a Comprehension>,
}

/// The samples that an expression builds.
fn built<'a>(expr: &'a Expr) -> Vec<BuiltSample<'a>> {
    let mut around: HashMap<*const Expr, Vec<&'a Comprehension>> = HashMap::new();
    let mut found: Vec<&'a Expr> = Vec::new();
    walk::visit(expr, &mut |expr| match &expr.kind {
        ExprKind::ListComprehension(item, comprehension) => walk::visit(item, &mut |inner| {
            if is_sample(inner) {
                around.entry(std::ptr::from_ref(inner)).or_default().push(comprehension);
            }
        }),
        _ if is_sample(expr) => found.push(expr),
        _ => {}
    });
    let of = |sample: &'a Expr| {
        let ExprKind::Primitive(spec, arguments) = &sample.kind else { return None };
        let comprehensions = around.remove(&std::ptr::from_ref(sample)).unwrap_or_default();
        let argument = |name| argument(spec, arguments, name);
        Some(BuiltSample { name: argument("name")?, at: argument("at")?, labels: argument("labels"), comprehensions })
    };
    found.into_iter().filter_map(of).collect()
}

fn is_sample(expr: &Expr) -> bool {
    matches!(&expr.kind, ExprKind::Primitive(spec, _) if spec.name == "metrics.sample")
}

fn argument<'a>(spec: &Spec, arguments: &'a [Option<Expr>], name: &str) -> Option<&'a Expr> {
    let at = spec.params.iter().position(|param| param.name == name)?;
    arguments.get(at)?.as_ref()
}

/// VF510: samples further ahead of now than every store that the workflow may write to keeps.
pub(in crate::check::lint) fn beyond_the_future(facts: &Facts<'_>, findings: &mut Vec<Diagnostic>) {
    for workflow in &facts.program.workflows {
        let Some((name, kept_ms)) = longest_future(facts, workflow) else { continue };
        let values = &StepValues::of(workflow);
        places(workflow, &mut |place| {
            for sample in built(place.expr) {
                let (blocks, loops, comprehensions) = (place.blocks, place.loops, &*sample.comprehensions);
                let around = Around { workflow, values, blocks, loops, comprehensions };
                let Some(ahead) = around.ahead(sample.at).filter(|ahead| *ahead > kept_ms) else { continue };
                let (kept, ahead) = (days(kept_ms), days(ahead));
                let message = format!(
                    "this comes to at least {ahead} ahead of now, and `{name}` keeps samples up to {kept} ahead"
                );
                let help = "start the server with a longer `-futureRetention`, and say so in `future_retention`";
                findings.push(Diagnostic::new(&codes::VF510, sample.at.span, message).help(help));
            }
        });
    }
}

/// The metrics connection of a workflow that keeps samples furthest ahead; `None` when one has no limit or none is known.
fn longest_future<'f>(facts: &'f Facts<'_>, workflow: &'f Workflow) -> Option<(&'f Arc<str>, i64)> {
    let metrics = workflow.connections.iter().filter(|used| used.kind == ConnectionKind::Metrics);
    let kept = metrics.map(|used| {
        let facts = facts.surroundings.connections.get(&used.name)?;
        let limit = (facts.store == Store::VictoriaMetrics).then_some(facts.future_retention_ms)?;
        Some((&used.name, limit?))
    });
    kept.collect::<Option<Vec<_>>>()?.into_iter().max_by_key(|(_, kept)| *kept)
}

/// Whole days, or hours below one.
fn days(ms: i64) -> String {
    let hours = ms / 3_600_000;
    if hours % 24 == 0 || hours > 72 { format!("{}d", hours / 24) } else { format!("{hours}h") }
}

/// VF511: a label that has another value in every run makes a series in every run.
pub(in crate::check::lint) fn unbounded_labels(facts: &Facts<'_>, findings: &mut Vec<Diagnostic>) {
    expressions(facts.program, &mut |expr| {
        let Some(labels) = labels_of(facts.program, expr) else { return };
        for (name, value) in literal_labels(labels) {
            let Some(what) = unbounded(value) else { continue };
            let message = format!("the label `{name}` would hold {what}, so every run makes a series of its own");
            let help = "leave it out, or put it where rows are kept; labels have few values";
            findings.push(Diagnostic::new(&codes::VF511, value.span, message).help(help));
        }
    });
}

/// The argument `labels` of a call that has one.
fn labels_of<'a>(program: &'a Program, expr: &'a Expr) -> Option<&'a Expr> {
    match &expr.kind {
        // A selector looks for a label and makes none.
        ExprKind::Primitive(spec, arguments) if spec.name != "metrics.selector" => argument(spec, arguments, "labels"),
        ExprKind::Function(id, arguments) => {
            let function = program.functions.get(id.0).filter(|function| function.effect == Effect::Write)?;
            let at = function.params.iter().position(|param| &*param.name == "labels")?;
            arguments.get(at)
        }
        _ => None,
    }
}

/// The labels that are written out: `base + { job: "a" }` has one.
fn literal_labels(labels: &Expr) -> Vec<(&str, &Expr)> {
    let mut found = Vec::new();
    let mut waiting = vec![labels];
    while let Some(expr) = waiting.pop() {
        match &expr.kind {
            ExprKind::Binary(BinaryOperator::Add, left, right) => waiting.extend([&**left, &**right]),
            ExprKind::Map(pairs) => found.extend(pairs.iter().filter_map(|(key, value)| match &key.kind {
                ExprKind::Literal(Value::Text(name)) => Some((&**name, value)),
                _ => None,
            })),
            _ => {}
        }
    }
    found
}

/// What a value holds that is new in every run, in words.
fn unbounded(value: &Expr) -> Option<&'static str> {
    match &value.kind {
        ExprKind::Run(RunField::Id) => Some("the run's id"),
        ExprKind::Property { of, property, .. } if is_error(of) && property.name == "message" => Some(AN_ERROR),
        ExprKind::Field { of, name, .. } if is_error(of) && &**name == "message" => Some(AN_ERROR),
        ExprKind::Interpolated(fragments) => fragments.iter().find_map(|fragment| match fragment {
            Fragment::Hole(hole, format) if hole.ty == Type::Timestamp => {
                format.as_deref().is_none_or(names_an_instant).then_some("an instant")
            }
            Fragment::Hole(hole, _) => unbounded(hole),
            Fragment::Text(_) => None,
        }),
        ExprKind::Binary(BinaryOperator::Coalesce, left, right) => unbounded(left).or_else(|| unbounded(right)),
        ExprKind::If(_, left, right) => unbounded(left).or_else(|| unbounded(right)),
        _ => None,
    }
}

const AN_ERROR: &str = "the text of an error";

fn is_error(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Run(RunField::Error))
}

/// Whether a format tells both the day and a time of it: a bare hour or a bare day has few values or is meant.
fn names_an_instant(format: &str) -> bool {
    let has = |parts: &[&str]| parts.iter().any(|part| format.contains(part));
    has(&["%s", "%+", "%c"]) || (has(&["%d", "%F", "%j", "%D"]) && has(&["%H", "%I", "%T", "%R", "%M", "%X"]))
}

/// VF512: every item of a loop makes a sample of the same series at the same instant.
pub(in crate::check::lint) fn same_series_twice(facts: &Facts<'_>, findings: &mut Vec<Diagnostic>) {
    for workflow in &facts.program.workflows {
        places(workflow, &mut |place| {
            for sample in built(place.expr).iter().filter(|sample| repeats(place, sample)) {
                let message =
                    "every item makes a sample of this series at this instant, and the last one alone is kept";
                let help = "give it a label of the item, or write one sample for all items";
                findings.push(Diagnostic::new(&codes::VF512, sample.name.span, message).help(help));
            }
        });
    }
}

fn repeats(place: &Place<'_, '_>, sample: &BuiltSample<'_>) -> bool {
    let parts = || [Some(sample.name), Some(sample.at), sample.labels].into_iter().flatten();
    if !sample.comprehensions.is_empty() {
        // A filter may leave one item.
        return sample.comprehensions.iter().all(|it| it.filter.is_none() && has_several(&it.loops[..]))
            && parts().all(|part| is_the_same(part, 0));
    }
    let Some(each) = place.loops.last().filter(|each| is_own_block(place.blocks, &each.block)) else { return false };
    !is_short(&each.over) && parts().all(|part| is_the_same(part, 1))
}

/// Whether the block is that of the innermost loop itself: in a `when`, perhaps one item comes by.
fn is_own_block(blocks: &[&Block], of_loop: &Block) -> bool {
    blocks.last().is_some_and(|block| std::ptr::eq(*block, of_loop))
}

fn has_several(loops: &[crate::check::program::Loop]) -> bool {
    loops.iter().all(|it| !is_short(&it.over))
}

/// Whether a list has one item or none for all that is known.
fn is_short(over: &Expr) -> bool {
    match &over.kind {
        ExprKind::List(items) => items.len() < 2,
        // `take(1)`, `filter`: who knows.
        ExprKind::Primitive(..) | ExprKind::ListComprehension(..) => true,
        _ => false,
    }
}

/// Whether a value is the same for all items: it looks at nothing that lies fewer than `outside` levels out.
fn is_the_same(expr: &Expr, outside: usize) -> bool {
    let mut same = true;
    walk::visit(expr, &mut |expr| {
        same &= match expr.kind {
            ExprKind::Local(_) => false,
            ExprKind::Slot { up, .. } => up >= outside,
            _ => expr.effect == Effect::Pure,
        };
    });
    same
}
