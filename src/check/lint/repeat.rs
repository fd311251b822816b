//! Writes that happen twice when a run is repeated.

use super::{Facts, argument};
use crate::check::program::{Action, Block, Expr, ExprKind, FunctionBody, Parallel, Step};
use crate::check::walk;
use crate::diagnostic::{Diagnostic, codes};
use crate::primitive::Effect;
use crate::value::{Piece, SqlTemplate};

/// VF603: a write in a parallel loop that has no key and is not idempotent by nature.
pub(super) fn in_parallel(facts: &Facts<'_>, findings: &mut Vec<Diagnostic>) {
    let mut actions = Actions { facts, adds: vec![None; facts.program.functions.len()] };
    walk::program_steps(facts.program, &mut |site| {
        let Action::ForEach(each) = &site.step.action else { return };
        let is_inner = site.loops.iter().any(|outer| !matches!(outer.parallel, Parallel::No));
        if !matches!(each.parallel, Parallel::No) && !is_inner {
            findings.extend(actions.first_in(&each.block));
        }
    });
}

/// What user-defined actions do, worked out once each.
struct Actions<'f, 'a> {
    facts: &'f Facts<'a>,
    adds: Vec<Option<bool>>,
}

/// Which kind of write would be done a second time.
enum Added<'e> {
    Rows(&'e Expr),
    Request(&'e Expr),
    Called(&'e Expr),
}

impl Actions<'_, '_> {
    fn first_in(&mut self, block: &Block) -> Option<Diagnostic> {
        self.first_step(block).map(|added| self.finding(&added))
    }

    /// The first write that adds something, in a block and the blocks inside it.
    fn first_step<'e>(&mut self, block: &'e Block) -> Option<Added<'e>> {
        block.steps.iter().find_map(|step| self.of_step(step))
    }

    /// A transaction that failed is rolled back, and a key says what identifies a write.
    fn of_step<'e>(&mut self, step: &'e Step) -> Option<Added<'e>> {
        let is_safe = step.idempotent || step.policy.key.is_some() || step.effect < Effect::Write;
        match &step.action {
            _ if is_safe => None,
            Action::Expression(expr) => self.of_expression(expr),
            _ => walk::inner_blocks(step).into_iter().find_map(|block| self.first_step(block)),
        }
    }

    fn of_expression<'e>(&mut self, expr: &'e Expr) -> Option<Added<'e>> {
        let mut found = None;
        walk::visit(expr, &mut |expr| {
            let added = match &expr.kind {
                ExprKind::Primitive(spec, _) if spec.effect == Effect::Write && !spec.idempotent => match spec.family()
                {
                    "sql" => adds_rows(expr).then_some(Added::Rows(expr)),
                    _ => Some(Added::Request(expr)),
                },
                ExprKind::Function(id, _) if expr.effect == Effect::Write => {
                    self.function_adds(id.0).then_some(Added::Called(expr))
                }
                _ => None,
            };
            found = found.take().or(added);
        });
        found
    }

    /// Functions that call themselves are refused; until that is known, they add nothing.
    fn function_adds(&mut self, id: usize) -> bool {
        if let Some(known) = self.adds.get(id).copied().flatten() {
            return known;
        }
        self.note(id, false);
        let facts = self.facts;
        let body = facts.program.functions.get(id).map(|function| &function.body);
        let adds = matches!(body, Some(FunctionBody::Block(block)) if self.first_step(block).is_some());
        self.note(id, adds);
        adds
    }

    fn note(&mut self, id: usize, adds: bool) {
        if let Some(known) = self.adds.get_mut(id) {
            *known = Some(adds);
        }
    }

    fn finding(&self, added: &Added<'_>) -> Diagnostic {
        let (expr, message, help) = match added {
            Added::Rows(expr) => (
                expr,
                "items run side by side, so a run that fails has added some of these rows: run again, it adds them twice",
                "write `upsert` with the `key:` that says which row is which",
            ),
            Added::Request(expr) => (
                expr,
                "items run side by side, so a run that fails has sent some of these: run again, it sends them twice",
                "name what identifies it: `with { key: [item] }`, which also lets it be tried again",
            ),
            Added::Called(expr) => (
                expr,
                "items run side by side, so a run that fails has done some of these writes: run again, it does them twice",
                "let the action `upsert`, or name what identifies the write: `with { key: [item] }`",
            ),
        };
        let place = super::callee(self.facts, expr);
        Diagnostic::new(&codes::VF603, place, message).help(help)
    }
}

/// Whether a statement adds rows: a delete or an update of the same rows does no more the second time.
fn adds_rows(call: &Expr) -> bool {
    match argument(call, "query").map(|query| &query.kind) {
        Some(ExprKind::Sql(template, _)) => has_word(template, "insert") && !has_word(template, "conflict"),
        Some(_) => false,
        None => true,
    }
}

/// Whether a word stands in a statement's text.
pub(super) fn has_word(template: &SqlTemplate, wanted: &str) -> bool {
    template.pieces.iter().any(|piece| match piece {
        Piece::Text(text) => {
            text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word.eq_ignore_ascii_case(wanted))
        }
        Piece::Hole(_) => false,
    })
}
