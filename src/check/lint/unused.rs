//! Loops and branches whose results nobody takes.

use super::Facts;
use crate::check::program::{Action, ForEach};
use crate::check::walk;
use crate::diagnostic::{Diagnostic, codes};
use crate::source::Span;

/// VF103: a loop without a name that yields, and a loop that does nothing at all.
pub(super) fn lost_results(facts: &Facts<'_>, findings: &mut Vec<Diagnostic>) {
    walk::program_steps(facts.program, &mut |site| {
        let step = site.step;
        let Action::ForEach(each) = &step.action else { return };
        if step.slot.is_none() {
            findings.extend(lost(each, step.span));
        }
    });
}

fn lost(each: &ForEach, span: Span) -> Option<Diagnostic> {
    if let Some(result) = &each.block.result {
        let finding = Diagnostic::new(&codes::VF103, result.span, "nothing takes what this loop yields");
        return Some(finding.help("give the loop a name, `name = for each …`, or leave `yield` out"));
    }
    let head = span.slice(0, "for each".len());
    let finding = Diagnostic::new(&codes::VF103, head, "this loop has no steps, so it does nothing");
    each.block.steps.is_empty().then(|| finding.help("remove the loop"))
}
