//! Queries and samples that mean something else than they seem to.

mod ahead;
mod queries;
mod samples;

pub(super) use queries::queries;
pub(super) use samples::{beyond_the_future, same_series_twice, unbounded_labels};

use super::Facts;
use crate::check::program::{Action, Block, Expr, ForEach, FunctionBody, Program, Workflow};
use crate::check::walk;

/// An expression as a step or a `yield` has it.
struct Place<'a, 'p> {
    expr: &'a Expr,
    /// The blocks around it, outermost first.
    blocks: &'p [&'a Block],
    /// The loops around it, outermost first.
    loops: &'p [&'a ForEach],
}

/// Calls `look` for what every step of a workflow evaluates and every inner block yields.
fn places<'a>(workflow: &'a Workflow, look: &mut impl FnMut(&Place<'a, '_>)) {
    walk::workflow_steps(workflow, &mut |site| {
        let (blocks, loops) = (&*site.blocks, &*site.loops);
        walk::step_expressions(site.step, &mut |expr| look(&Place { expr, blocks, loops }));
        let mut results = |block: &'a Block, loops: &[&'a ForEach]| {
            let Some(expr) = &block.result else { return };
            look(&Place { expr, blocks: &[blocks, &[block]].concat(), loops });
        };
        match &site.step.action {
            Action::Expression(_) | Action::Check { .. } => {}
            Action::Transaction { block, .. } => results(block, loops),
            Action::ForEach(each) => results(&each.block, &[loops, &[&**each]].concat()),
            Action::When { arms, otherwise } => {
                arms.iter().map(|(_, block)| block).chain(otherwise).for_each(|block| results(block, loops));
            }
        }
    });
}

/// Calls `look` for every expression of the program and everything inside it.
fn expressions<'a>(program: &'a Program, look: &mut impl FnMut(&'a Expr)) {
    for workflow in &program.workflows {
        places(workflow, &mut |place| walk::visit(place.expr, look));
        let defaults = workflow.params.iter().filter_map(|param| param.default.as_ref());
        let outputs = workflow.outputs.iter().map(|output| &output.value);
        defaults.chain(outputs).for_each(|expr| walk::visit(expr, look));
    }
    for function in &program.functions {
        match &function.body {
            FunctionBody::Expression(expr) => walk::visit(expr, look),
            FunctionBody::Block(block) => {
                block.result.iter().for_each(|expr| walk::visit(expr, look));
                walk::steps(block, &mut |site| {
                    walk::step_expressions(site.step, &mut |expr| walk::visit(expr, look));
                });
            }
            FunctionBody::External(_) => {}
        }
    }
}
