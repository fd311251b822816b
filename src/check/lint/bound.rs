//! Loops over as many items as the world happens to hold.

use std::collections::HashSet;

use super::Facts;
use super::repeat::has_word;
use crate::check::program::{Action, BinaryOperator as Op, Block, Expr, ExprKind, ForEach, FunctionBody, Step};
use crate::check::walk;
use crate::diagnostic::{Diagnostic, codes};
use crate::primitive::Effect;

/// VF804: requests to an HTTP source for each item of something that was read, with no bound on how many.
pub(super) fn unbounded(facts: &Facts<'_>, findings: &mut Vec<Diagnostic>) {
    let mut search = Search { facts, outside: Vec::new(), findings };
    for workflow in &facts.program.workflows {
        search.block(&workflow.body);
    }
    for function in &facts.program.functions {
        if let FunctionBody::Block(block) = &function.body {
            search.block(block);
        }
    }
}

struct Search<'f, 'a> {
    facts: &'f Facts<'a>,
    /// The slots whose size nobody bounds, by block, outermost first.
    outside: Vec<HashSet<usize>>,
    findings: &'f mut Vec<Diagnostic>,
}

impl Search<'_, '_> {
    fn block(&mut self, block: &Block) {
        self.outside.push(HashSet::new());
        for step in &block.steps {
            self.step(step);
            for inner in walk::inner_blocks(step) {
                self.block(inner);
            }
        }
        self.outside.pop();
    }

    fn step(&mut self, step: &Step) {
        match &step.action {
            Action::Expression(expr) if step.effect < Effect::Write && self.is_outside(expr) => {
                if let Some(slots) = self.outside.last_mut() {
                    slots.extend(step.slot);
                }
            }
            Action::Check { is_expect: false, condition, .. } => self.bounded(condition),
            Action::ForEach(each) if self.is_outside(&each.over) => self.requests(each),
            _ => {}
        }
    }

    /// Whether a value is as large as what was read.
    fn is_outside(&self, expr: &Expr) -> bool {
        let (mut is_outside, mut is_bounded) = (false, false);
        walk::visit(expr, &mut |expr| match &expr.kind {
            ExprKind::Slot { up, index } => {
                let level = self.outside.len().checked_sub(up + 1);
                is_outside |=
                    level.and_then(|level| self.outside.get(level)).is_some_and(|slots| slots.contains(index));
            }
            ExprKind::Primitive(spec, _) => {
                is_outside |= spec.effect == Effect::Read;
                is_bounded |= spec.verb() == "take";
            }
            ExprKind::Sql(template, _) => is_bounded |= has_word(template, "limit") || has_word(template, "fetch"),
            _ => {}
        });
        is_outside && !is_bounded
    }

    /// `require rows.count < 1000` bounds what it looks at.
    fn bounded(&mut self, condition: &Expr) {
        if let ExprKind::Binary(Op::Less | Op::LessOrEqual, counted, _)
        | ExprKind::Binary(Op::Greater | Op::GreaterOrEqual, _, counted) = &condition.kind
            && let ExprKind::Property { of, .. } = &counted.kind
            && let ExprKind::Slot { up, index } = of.kind
            && let Some(level) = self.outside.len().checked_sub(up + 1)
            && let Some(slots) = self.outside.get_mut(level)
        {
            slots.remove(&index);
        }
    }

    fn requests(&mut self, each: &ForEach) {
        let mut request = None;
        walk::block_expressions(&each.block, &mut |expr| {
            if let ExprKind::Primitive(spec, _) = &expr.kind
                && spec.family() == "http"
            {
                request = request.or(Some(expr));
            }
        });
        let Some(request) = request else { return };
        let over = self.facts.short(each.over.span);
        let message = format!("{over} has as many items as was read, and each makes a request");
        let finding = Diagnostic::new(&codes::VF804, each.over.span, message)
            .label(super::callee(self.facts, request), "once for each item")
            .help("bound it before the loop: `require items.count <= 1000`, or walk `items.take(1000)`");
        self.findings.push(finding);
    }
}
