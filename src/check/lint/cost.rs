//! Queries that are asked once for each item, where one would answer for all.

use std::collections::HashSet;

use super::{Facts, argument};
use crate::check::program::{Action, Comprehension, Expr, ExprKind, ForEach};
use crate::check::walk;
use crate::diagnostic::{Diagnostic, codes};
use crate::primitive::Effect;
use crate::query::promql::{HolePosition, MatchSign, PromqlTemplate};
use crate::source::Span;
use crate::value::{Piece, SqlTemplate};

/// VF801: a loop that only reads, with one query whose only use of the item could name all of them.
pub(super) fn query_per_item(facts: &Facts<'_>, findings: &mut Vec<Diagnostic>) {
    walk::program_steps(facts.program, &mut |site| {
        if let Action::ForEach(each) = &site.step.action
            && !each.continues
        {
            findings.extend(in_loop(facts, each));
        }
    });
    for expr in &facts.expressions {
        if let ExprKind::ListComprehension(item, within) = &expr.kind {
            findings.extend(in_comprehension(facts, item, within));
        }
    }
}

/// What an item of a loop is known by inside it.
struct Item {
    slots: HashSet<usize>,
    locals: HashSet<usize>,
}

impl Item {
    fn decides(&self, expr: &Expr) -> bool {
        let mut found = false;
        walk::visit(expr, &mut |expr| {
            found |= match expr.kind {
                ExprKind::Slot { up: 0, index } => self.slots.contains(&index),
                ExprKind::Local(index) => self.locals.contains(&index),
                _ => false,
            };
        });
        found
    }
}

fn in_loop(facts: &Facts<'_>, each: &ForEach) -> Option<Diagnostic> {
    let mut item = Item { slots: HashSet::from([0, usize::from(each.is_map)]), locals: HashSet::new() };
    let mut read = None;
    for step in &each.block.steps {
        match (&step.action, step.effect) {
            (_, Effect::Pure) => {
                let mut is_derived = false;
                walk::step_expressions(step, &mut |expr| is_derived |= item.decides(expr));
                item.slots.extend(step.slot.filter(|_| is_derived));
            }
            (Action::Expression(expr), Effect::Read) if read.is_none() => read = Some(expr),
            _ => return None,
        }
    }
    let is_pure = each.block.result.as_ref().is_none_or(|result| result.effect == Effect::Pure);
    one_for_all(facts, only_call(read.filter(|_| is_pure)?)?, &item, &each.over)
}

fn in_comprehension(facts: &Facts<'_>, item: &Expr, within: &Comprehension) -> Option<Diagnostic> {
    let [one] = within.loops.as_slice() else { return None };
    let locals = HashSet::from([one.first, one.second.unwrap_or(one.first)]);
    one_for_all(facts, only_call(item)?, &Item { slots: HashSet::new(), locals }, &one.over)
}

/// The one call in an expression that looks at the world.
fn only_call(expr: &Expr) -> Option<&Expr> {
    let mut calls = Vec::new();
    walk::visit(expr, &mut |expr| match &expr.kind {
        ExprKind::Primitive(spec, _) if spec.effect > Effect::Pure => calls.push(expr),
        ExprKind::Function(..) if expr.effect > Effect::Pure => calls.push(expr),
        _ => {}
    });
    match calls.as_slice() {
        [call] => Some(call),
        _ => None,
    }
}

/// How one query would answer for all items, when it surely would.
fn one_for_all(facts: &Facts<'_>, call: &Expr, item: &Item, over: &Expr) -> Option<Diagnostic> {
    let ExprKind::Primitive(spec, _) = &call.kind else { return None };
    let query = argument(call, "query").filter(|_| !matches!(over.kind, ExprKind::List(_)))?;
    let when = argument(call, "at").or_else(|| argument(call, "over"));
    let is_timed = when.is_some_and(|when| item.decides(when));
    let help = match (&query.kind, spec.name) {
        (ExprKind::Sql(template, holes), "sql.query") => {
            let column = column_of_item(template, only_hole(holes, item)?)?;
            format!("ask once before the loop, `where {column} in :all`, and look the rows up by `{column}`")
        }
        (ExprKind::Promql(template, holes), "metrics.instant" | "metrics.export") if !is_timed => {
            let label = label_of_item(template, only_hole(holes, item)?)?;
            format!("ask once before the loop, `{{{label}=~$all}}`, and tell the answers apart by `labels.{label}`")
        }
        (ExprKind::Promql(template, holes), "metrics.instant")
            if !holes.iter().any(|hole| item.decides(hole)) && template.is_selector() =>
        {
            "read the points once before the loop: `vm.export(…, over: first until last)`".to_owned()
        }
        _ => return None,
    };
    Some(finding(facts, call.span, over, help))
}

fn finding(facts: &Facts<'_>, span: Span, over: &Expr, help: String) -> Diagnostic {
    let message = "this asks once for each item, and one query can answer for all of them";
    Diagnostic::new(&codes::VF801, span, message)
        .label(over.span, format!("as often as {} has items", facts.short(over.span)))
        .help(help)
}

/// The one hole that depends on the item.
fn only_hole(holes: &[Expr], item: &Item) -> Option<usize> {
    let mut found = holes.iter().enumerate().filter(|(_, hole)| item.decides(hole)).map(|(at, _)| at);
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

/// The column in `column = :item`. A statement that limits its rows means them for each item.
fn column_of_item(template: &SqlTemplate, hole: usize) -> Option<String> {
    let words = ["limit", "offset", "fetch", "top", "distinct", "over", "union", "except", "intersect", "not"];
    let texts = template.pieces.iter().filter_map(|piece| match piece {
        Piece::Text(text) => Some(&**text),
        Piece::Hole(_) => None,
    });
    let is_plain = |text: &str| {
        !text.split(|c: char| !c.is_alphanumeric()).any(|word| words.contains(&word.to_lowercase().as_str()))
    };
    if !texts.clone().all(is_plain) {
        return None;
    }
    let at = template.pieces.iter().position(|piece| *piece == Piece::Hole(hole))?;
    let Piece::Text(before) = template.pieces.get(at.checked_sub(1)?)? else { return None };
    let left = before.trim_end().strip_suffix('=')?.trim_end();
    let name = left.rsplit(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.')).next()?;
    (!name.is_empty()).then(|| name.to_owned())
}

/// The label in `{label=$item}`.
fn label_of_item(template: &PromqlTemplate, hole: usize) -> Option<&str> {
    match &template.holes.get(hole)?.position {
        HolePosition::LabelValue { label, sign: MatchSign::Equal, .. } => Some(label),
        _ => None,
    }
}
