//! Where a step stands in a workflow, found by its path.

use std::sync::Arc;

use crate::check::program::{Block, Step, Workflow};
use crate::check::walk::inside;

/// A step, and the blocks around it.
#[derive(Clone)]
pub(super) struct Place<'a> {
    /// The blocks from the body down to the step's own, each with its step that holds the next or is the one meant. The
    /// body has none on the way into `failed` and `finally`.
    pub(super) chain: Vec<(&'a Block, Option<&'a Step>)>,
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
type Way<'a> = (Vec<(&'a Block, Option<&'a Step>)>, &'a Block);

/// The steps that a path means: several when branches bind the same name.
pub(super) fn find<'a>(workflow: &'a Workflow, path: &[impl AsRef<str>]) -> Result<Vec<Place<'a>>, Lost<'a>> {
    let handlers = workflow.failed.iter().chain(&workflow.finally);
    let mut ways: Vec<Way<'a>> = vec![(Vec::new(), &workflow.body)];
    ways.extend(handlers.map(|block| (vec![(&workflow.body, None)], block)));
    let mut found: Vec<Place<'a>> = Vec::new();
    for (part, name) in path.iter().enumerate() {
        let within = found.first().map(|place| place.step);
        let mut members = Vec::new();
        ways.iter().for_each(|way| collect(way, Some(name.as_ref()), &mut members));
        if members.is_empty() {
            ways.iter().for_each(|way| collect(way, None, &mut members));
            let mut known: Vec<Arc<str>> = members.iter().map(|place| place.step.name.clone()).collect();
            known.dedup();
            return Err(Lost { part, within, known });
        }
        found = members;
        ways = found.iter().flat_map(|place| inside(place.step).map(|block| (place.chain.clone(), block))).collect();
    }
    Ok(found)
}

/// The named steps of a block, and of the blocks of its unnamed steps.
fn collect<'a>((chain, block): &Way<'a>, name: Option<&str>, found: &mut Vec<Place<'a>>) {
    for step in &block.steps {
        let on_the_way = || [chain.as_slice(), &[(*block, Some(step))]].concat();
        if step.slot.is_none() {
            inside(step).for_each(|inner| collect(&(on_the_way(), inner), name, found));
        } else if name.is_none_or(|name| &*step.name == name) {
            found.push(Place { chain: on_the_way(), step });
        }
    }
}
