//! Steps that wait for as long as the world takes.

use super::Facts;
use crate::check::program::{Block, ConnectionUse, ExprKind, Step, Workflow};
use crate::check::walk;
use crate::diagnostic::{Diagnostic, codes};

/// VF704: a database that is asked with no timeout. Requests of other kinds have that of their connection.
pub(super) fn without_timeout(facts: &Facts<'_>, findings: &mut Vec<Diagnostic>) {
    for workflow in facts.program.workflows.iter().filter(|workflow| workflow.defaults.timeout.is_none()) {
        for connection in workflow.connections.iter().filter(|connection| connection.kind.family() == "sql") {
            findings.extend(endless(workflow, connection));
        }
    }
}

fn endless(workflow: &Workflow, connection: &ConnectionUse) -> Option<Diagnostic> {
    let step = first_endless(&workflow.body, connection.slot, 0)?;
    let name = &connection.name;
    let message = format!("steps wait for `{name}` for as long as it takes: nothing says when to give up");
    Some(
        Diagnostic::new(&codes::VF704, connection.span, message)
            .label(step.span.slice(0, step.name.len()), "this one, for instance")
            .help("add a line below it:   defaults { timeout: 1m }"),
    )
}

/// The first step that looks at the connection, in a block `up` levels below the one that holds it, and that
/// no timeout ends, neither its own nor one around it.
fn first_endless(block: &Block, slot: usize, up: usize) -> Option<&Step> {
    block.steps.iter().filter(|step| step.policy.timeout.is_none()).find_map(|step| {
        let inner = walk::inner_blocks(step);
        let mut asks = false;
        walk::step_expressions(step, &mut |expr| {
            walk::visit(expr, &mut |expr| {
                asks |= matches!(expr.kind, ExprKind::Slot { up: level, index } if level == up && index == slot);
            });
        });
        let asks = asks.then_some(step).filter(|_| inner.is_empty());
        asks.or_else(|| inner.into_iter().find_map(|block| first_endless(block, slot, up + 1)))
    })
}
