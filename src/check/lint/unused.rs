//! Loops and branches whose results nobody takes.

use super::Facts;
use crate::check::program::{Action, Block};
use crate::check::walk;
use crate::diagnostic::{Diagnostic, codes};
use crate::source::Span;

/// VF103: a loop, transaction or branch without a name that yields, and a loop that does nothing at all.
pub(super) fn lost_results(facts: &Facts<'_>, findings: &mut Vec<Diagnostic>) {
    walk::program_steps(facts.program, &mut |site| {
        let step = site.step;
        if step.slot.is_some() {
            return;
        }
        match &step.action {
            Action::ForEach(each) if each.block.steps.is_empty() && each.block.result.is_none() => {
                findings.push(idle(step.span));
            }
            Action::ForEach(each) => findings.extend(lost(&each.block, "loop", "for each …")),
            Action::Transaction { block, .. } => findings.extend(lost(block, "transaction", "do transaction …")),
            Action::When { arms, otherwise } => {
                let mut blocks = arms.iter().map(|(_, block)| block).chain(otherwise);
                findings.extend(blocks.find_map(|block| lost(block, "branch", "when …")));
            }
            Action::Expression(_) | Action::Check { .. } => {}
        }
    });
}

fn lost(block: &Block, what: &str, form: &str) -> Option<Diagnostic> {
    let result = block.result.as_ref()?;
    let finding = Diagnostic::new(&codes::VF103, result.span, format!("nothing takes what this {what} yields"));
    Some(finding.help(format!("give it a name, `name = {form}`, or leave `yield` out")))
}

fn idle(span: Span) -> Diagnostic {
    let head = span.slice(0, "for each".len());
    Diagnostic::new(&codes::VF103, head, "this loop has no steps, so it does nothing").help("remove the loop")
}
