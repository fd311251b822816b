//! `after: [name]`: the edges that the data does not show.

use std::collections::{HashMap, HashSet};

use super::Checker;
use super::program::Step;
use super::scope::{Role, Scope};
use crate::diagnostic::{Diagnostic, codes, nearest};
use crate::source::Span;
use crate::syntax::ast::{self, ExprKind};

/// How many steps are looked at to find that one waits for another anyway.
const FARTHEST: usize = 500;

/// A step that another names in `after:`, by its slot.
#[derive(Debug, Clone, Copy)]
pub(super) struct After {
    pub(super) slot: usize,
    pub(super) span: Span,
}

impl Checker<'_> {
    /// Reads a list of steps of the same block.
    pub(super) fn after(&mut self, scope: &mut Scope, value: &ast::Expr) {
        let ExprKind::List(names) = &value.kind else {
            self.report(
                Diagnostic::new(&codes::VF201, value.span, "`after` takes a list of steps")
                    .help("write `after: [name]`"),
            );
            return;
        };
        for name in names {
            if !note(scope, name) {
                self.not_beside(scope, name);
            }
        }
    }

    fn not_beside(&mut self, scope: &Scope, name: &ast::Expr) {
        let finding = Diagnostic::new(&codes::VF101, name.span, "`after` names steps of the same block")
            .help("write `after: [name]`, with the name of a step beside this one");
        let written = self.text(name.span);
        let known = scope.blocks.last().into_iter().flat_map(|block| block.names.keys()).map(|name| &**name);
        let near = nearest(&written, known);
        let finding = if near.is_empty() { finding } else { self.suggest(finding, &written, near, name.span) };
        self.report(finding);
    }

    /// VF803: an `after:` of a step below, or of one that is waited for anyway. `edges` holds what each step
    /// waits for without its `after:`, `after` the same of the `after:`s.
    pub(super) fn needless_after(&mut self, steps: &[&Step], edges: &[Vec<usize>], after: &[Vec<(usize, Span)>]) {
        for (at, wanted) in after.iter().enumerate() {
            for (target, span) in wanted {
                let (Some(step), Some(other)) = (steps.get(at), steps.get(*target)) else { continue };
                let (message, help) = if *target > at {
                    let message = format!("`{}` waits for `{}`, which stands below it", step.name, other.name);
                    (message, format!("move `{}` below `{}`", step.name, other.name))
                } else {
                    let Some(first) = way(edges, after, at, *target) else { continue };
                    let by_way = steps.get(first).filter(|_| first != *target);
                    let by_way = by_way.map(|by| format!(", by way of `{}`", by.name)).unwrap_or_default();
                    let message = format!("`{}` waits for `{}` anyway{by_way}", step.name, other.name);
                    (message, format!("leave `{}` out of `after`", other.name))
                };
                self.warn(Diagnostic::new(&codes::VF803, *span, message).help(help));
            }
        }
    }
}

/// Notes that a step is waited for; `false` when the name is none of this block's.
fn note(scope: &mut Scope, name: &ast::Expr) -> bool {
    let ExprKind::Name(written) = &name.kind else { return false };
    let Some(block) = scope.blocks.last_mut() else { return false };
    let Some(binding) = block.names.get_mut(written) else { return false };
    binding.is_used = true;
    if binding.role == Role::Step {
        block.after.push(After { slot: binding.slot, span: name.span });
    }
    true
}

/// The first step on a way from one step up to another that does not begin with its `after:`.
fn way(edges: &[Vec<usize>], after: &[Vec<(usize, Span)>], from: usize, to: usize) -> Option<usize> {
    let mut came_from: HashMap<usize, usize> = HashMap::new();
    let mut seen = HashSet::from([from]);
    let mut waiting: Vec<usize> = edges.get(from)?.clone();
    came_from.extend(waiting.iter().map(|first| (*first, *first)));
    while let Some(at) = waiting.pop() {
        let first = *came_from.get(&at)?;
        if at == to {
            return Some(first);
        }
        if !seen.insert(at) || seen.len() > FARTHEST {
            continue;
        }
        let more = edges.get(at).into_iter().flatten().copied();
        for next in more.chain(after.get(at).into_iter().flatten().map(|(next, _)| *next)) {
            came_from.entry(next).or_insert_with(|| {
                waiting.push(next);
                first
            });
        }
    }
    None
}
