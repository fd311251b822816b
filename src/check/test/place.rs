//! Where a step stands in a workflow, found by its path.

use std::sync::Arc;

use crate::check::program::{Action, Block, Expr, Function, FunctionBody, Step, Workflow};
use crate::check::walk;
use crate::source::Span;

/// A step, and the blocks around it.
#[derive(Clone)]
pub(super) struct Place<'a> {
    /// The blocks from the body down to the step's own, each with its step that holds the next or is the one meant. The
    /// body has none on the way into `failed` and `finally`. A function sees nothing of its caller, so there it begins.
    pub(super) chain: Vec<(&'a Block, Option<&'a Step>)>,
    /// The steps on the way that call a function with the rest of the way in it.
    pub(super) through: Vec<Span>,
    /// The step.
    pub(super) step: &'a Step,
}

/// The part of a path that nothing has, and the names that it could have been.
pub(super) struct Lost<'a> {
    /// Which part.
    pub(super) part: usize,
    /// The step before it, if it is not the first.
    pub(super) within: Option<&'a Step>,
    /// The names there.
    pub(super) known: Vec<Arc<str>>,
}

/// A block with the way to it.
struct Way<'a> {
    chain: Vec<(&'a Block, Option<&'a Step>)>,
    through: Vec<Span>,
    block: &'a Block,
}

/// The steps that a path means: several when branches bind the same name.
pub(super) fn find<'a>(
    workflow: &'a Workflow,
    functions: &'a [Arc<Function>],
    path: &[&str],
) -> Result<Vec<Place<'a>>, Lost<'a>> {
    let handlers = workflow.failed.iter().chain(&workflow.finally);
    let way = |chain, block| Way { chain, through: Vec::new(), block };
    let mut ways: Vec<Way<'a>> = vec![way(Vec::new(), &workflow.body)];
    ways.extend(handlers.map(|block| way(vec![(&workflow.body, None)], block)));
    let mut found: Vec<Place<'a>> = Vec::new();
    for (part, name) in path.iter().enumerate() {
        let within = found.first().map(|place| place.step);
        let mut members = Vec::new();
        for way in &ways {
            collect(way, Some(name), &mut members);
        }
        if members.is_empty() {
            for way in &ways {
                collect(way, None, &mut members);
            }
            let mut known: Vec<Arc<str>> = members.iter().map(|place| place.step.name.clone()).collect();
            known.dedup();
            return Err(Lost { part, within, known });
        }
        found = members;
        ways = found.iter().flat_map(|place| further(place, functions)).collect();
    }
    Ok(found)
}

/// The named steps of a block, and of the blocks of its unnamed steps.
fn collect<'a>(way: &Way<'a>, name: Option<&str>, found: &mut Vec<Place<'a>>) {
    for step in &way.block.steps {
        let place = || Place {
            chain: [way.chain.as_slice(), &[(way.block, Some(step))]].concat(),
            through: way.through.clone(),
            step,
        };
        if step.slot.is_none() {
            blocks(&place()).for_each(|inner| collect(&inner, name, found));
        } else if name.is_none_or(|name| &*step.name == name) {
            found.push(place());
        }
    }
}

fn blocks<'a>(place: &Place<'a>) -> impl Iterator<Item = Way<'a>> {
    let (chain, through) = (place.chain.clone(), place.through.clone());
    walk::inner_blocks(place.step).into_iter().map(move |block| Way {
        chain: chain.clone(),
        through: through.clone(),
        block,
    })
}

/// The blocks inside a step, and that of the function that it calls.
fn further<'a>(place: &Place<'a>, functions: &'a [Arc<Function>]) -> Vec<Way<'a>> {
    let called = match &place.step.action {
        Action::Expression(expr) => called(expr, functions),
        _ => None,
    };
    let through = [place.through.as_slice(), &[place.step.span]].concat();
    blocks(place).chain(called.map(|block| Way { chain: Vec::new(), through, block })).collect()
}

/// The block of the one function that an expression calls for its result.
fn called<'a>(expr: &Expr, functions: &'a [Arc<Function>]) -> Option<&'a Block> {
    let function = functions.get(walk::called(expr)?.0)?;
    if let FunctionBody::Block(block) = &function.body { Some(block) } else { None }
}
