//! How much a workflow asks of its stores at once.

use super::Facts;
use crate::check::program::{ConnectionUse, Expr, ExprKind, ForEach, Parallel, Workflow};
use crate::check::walk::{self, Site};
use crate::diagnostic::{Diagnostic, codes};
use crate::value::Value;

/// VF802: more items at once than the connection that they use lets through.
pub(super) fn parallel_above_pool(facts: &Facts<'_>, findings: &mut Vec<Diagnostic>) {
    for workflow in &facts.program.workflows {
        walk::workflow_steps(workflow, &mut |site| {
            let Some(each) = site.loops.last() else { return };
            let Some((count, written)) = stated(each) else { return };
            walk::step_expressions(site.step, &mut |expr| {
                for used in connections(workflow, site, expr) {
                    let facts = facts.surroundings.connections.get(&used.name);
                    let Some(pool) = facts.and_then(|facts| facts.pool).filter(|pool| *pool < count) else { continue };
                    let message = format!("{count} items at once wait for {pool} connections of `{}`", used.name);
                    let help = "write `in parallel` without a number: it takes the size of the pool";
                    findings.push(Diagnostic::new(&codes::VF802, written.span, message).help(help));
                }
            });
        });
    }
}

fn stated(each: &ForEach) -> Option<(usize, &Expr)> {
    match &each.parallel {
        Parallel::Count(expr) => match expr.kind {
            ExprKind::Literal(Value::Int(count)) => Some((usize::try_from(count).ok()?, expr)),
            _ => None,
        },
        _ => None,
    }
}

/// The workflow's connections that an expression reaches.
fn connections<'a>(workflow: &'a Workflow, site: &Site<'_>, expr: &Expr) -> Vec<&'a ConnectionUse> {
    let mut found = Vec::new();
    walk::visit(expr, &mut |expr| {
        if let ExprKind::Slot { up, index } = expr.kind
            && site.is_outermost(up)
        {
            found.extend(workflow.connections.iter().find(|connection| connection.slot == index));
        }
    });
    found
}
