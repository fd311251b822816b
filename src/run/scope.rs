//! Where a block's values live: slots that are written once, and the scope around them.

use std::sync::{Arc, OnceLock};

use crate::value::Value;

/// The slots of one execution of a block. Shared by the block's steps and its inner blocks; nothing is copied.
#[derive(Debug)]
pub(crate) struct Scope {
    slots: Box<[OnceLock<Value>]>,
    parent: Option<Arc<Scope>>,
}

impl Scope {
    /// Empty slots inside `parent`.
    pub(crate) fn new(slots: usize, parent: Option<Arc<Self>>) -> Self {
        Self { slots: (0..slots).map(|_| OnceLock::new()).collect(), parent }
    }

    /// The value of a slot `up` scopes out; `None` while its step has not finished.
    pub(crate) fn get(&self, up: usize, index: usize) -> Option<&Value> {
        let mut scope = self;
        for _ in 0..up {
            scope = scope.parent.as_deref()?;
        }
        scope.slots.get(index)?.get()
    }

    /// Fills a slot. The checker gives every slot one step, so a second value cannot come.
    pub(crate) fn set(&self, index: usize, value: Value) {
        if let Some(slot) = self.slots.get(index) {
            let is_first = slot.set(value).is_ok();
            debug_assert!(is_first, "slot {index} was filled twice");
        }
    }
}
