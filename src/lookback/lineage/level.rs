//! The blocks around an expression: what its slots stand for.

use std::sync::Arc;

use crate::check::program::{Block, Expr, ForEach, Step, Workflow};
use crate::lookback::Where;

/// A block, as it ran once.
#[derive(Debug, Clone)]
pub(super) struct Level<'a> {
    /// The block around it; none for the body and for blocks of functions, which see their arguments only.
    pub(super) outer: Option<Arc<Level<'a>>>,
    pub(super) block: &'a Block,
    pub(super) what: What<'a>,
    /// The names of the steps around it.
    pub(super) path: Vec<String>,
    /// The items of the loops around it.
    pub(super) item: Option<String>,
    /// The names of the steps around it, loops with their items.
    pub(super) shown: Vec<String>,
}

/// What the first slots of a block are.
#[derive(Debug, Clone)]
pub(super) enum What<'a> {
    /// The workflow's parameters, calendars and connections.
    Body(&'a Workflow),
    /// The item of a loop.
    Item(&'a ForEach),
    /// Arguments, which stand in the block of the call.
    Call(&'a [Expr], Arc<Level<'a>>),
    /// None.
    Plain,
}

/// What a slot stands for.
pub(super) enum Slot<'a> {
    /// A step, in the block where it stands.
    Step(&'a Step, Arc<Level<'a>>),
    /// A slot of the body that is no step's.
    Body(&'a Workflow, usize),
    /// The item of a loop: the level of the item.
    Item(Arc<Level<'a>>),
    /// An argument, in the block of the call.
    Argument(&'a Expr, Arc<Level<'a>>),
}

impl<'a> Level<'a> {
    pub(super) fn body(workflow: &'a Workflow) -> Arc<Self> {
        let (what, path) = (What::Body(workflow), Vec::new());
        Arc::new(Self { outer: None, block: &workflow.body, what, path, item: None, shown: Vec::new() })
    }

    /// A block that stands in a step of this one, or in `failed` and `finally` by that name.
    pub(super) fn inside(self: &Arc<Self>, name: &str, block: &'a Block) -> Arc<Self> {
        Arc::new(Self {
            outer: Some(self.clone()),
            block,
            what: What::Plain,
            path: self.path_of(name),
            item: self.item.clone(),
            shown: self.shown.iter().cloned().chain([name.to_owned()]).collect(),
        })
    }

    /// An item of a loop of this block; `item` names those of the loops around it, too.
    pub(super) fn of_item(self: &Arc<Self>, name: &str, each: &'a ForEach, item: &str) -> Arc<Self> {
        let inside = self.inside(name, &each.block);
        let own = self.item.as_deref().and_then(|outer| item.strip_prefix(outer)?.strip_prefix(" / ")).unwrap_or(item);
        let shown = self.shown.iter().cloned().chain([format!("{name}[{own}]")]).collect();
        Arc::new(Self { what: What::Item(each), item: Some(item.to_owned()), shown, ..(*inside).clone() })
    }

    /// The block of a function that a step of this one calls.
    pub(super) fn of_call(self: &Arc<Self>, name: &str, block: &'a Block, arguments: &'a [Expr]) -> Arc<Self> {
        let inside = self.inside(name, block);
        Arc::new(Self { outer: None, what: What::Call(arguments, self.clone()), ..(*inside).clone() })
    }

    pub(super) fn path_of(&self, name: &str) -> Vec<String> {
        self.path.iter().cloned().chain([name.to_owned()]).collect()
    }

    /// What a step of this block is called.
    pub(super) fn name_of(&self, name: &str) -> String {
        self.shown.iter().map(String::as_str).chain([name]).collect::<Vec<_>>().join(".")
    }

    /// Where a step of this block stands.
    pub(super) fn place(&self, name: &str) -> Where {
        (self.path_of(name).join("."), self.item.clone())
    }

    pub(super) fn slot(self: &Arc<Self>, up: usize, index: usize) -> Option<Slot<'a>> {
        let mut level = self;
        for _ in 0..up {
            level = level.outer.as_ref()?;
        }
        if let Some(step) = level.block.steps.iter().find(|step| step.slot == Some(index)) {
            return Some(Slot::Step(step, level.clone()));
        }
        match &level.what {
            What::Body(workflow) => Some(Slot::Body(workflow, index)),
            What::Item(_) => Some(Slot::Item(level.clone())),
            What::Call(arguments, from) => Some(Slot::Argument(arguments.get(index)?, from.clone())),
            What::Plain => None,
        }
    }
}
