//! Where a block's values live: slots that are written once, and the scope around them.

use std::sync::{Arc, OnceLock};

use super::fault::{Fault, Ran};
use crate::value::{Fingerprint, StepError, Value};

/// What a slot holds.
#[derive(Debug, Clone)]
pub(crate) enum Held {
    /// A value.
    Value(Value),
    /// In a plan: nothing yet, and what a step that looks at it is told.
    Unknown(StepError),
}

impl Held {
    /// What a step gave; a failure stays one.
    pub(crate) fn of(result: Ran<Value>) -> Ran<Self> {
        match result {
            Ok(value) => Ok(Self::Value(value)),
            Err(fault) if fault.is_unknown() => Ok(Self::Unknown(fault.error)),
            Err(fault) => Err(fault),
        }
    }

    /// The value, or why there is none yet.
    pub(crate) fn get(&self) -> Result<&Value, Box<Fault>> {
        match self {
            Self::Value(value) => Ok(value),
            Self::Unknown(error) => Err(Fault::new(error.clone())),
        }
    }
}

/// The slots of one execution of a block. Shared by the block's steps and its inner blocks; nothing is copied.
#[derive(Debug)]
pub(crate) struct Scope {
    slots: Box<[OnceLock<Held>]>,
    /// What stands for the slots' values, where somebody asked.
    fingerprints: OnceLock<Box<[OnceLock<String>]>>,
    parent: Option<Arc<Scope>>,
}

impl Scope {
    /// Empty slots inside `parent`.
    pub(crate) fn new(slots: usize, parent: Option<Arc<Self>>) -> Self {
        Self { slots: empty(slots), fingerprints: OnceLock::new(), parent }
    }

    /// A copy in which the values that never came are `none`.
    pub(crate) fn as_it_ended(&self) -> Self {
        let held = |slot: &OnceLock<Held>| slot.get().cloned().unwrap_or(Held::Value(Value::None));
        let slots = self.slots.iter().map(|slot| OnceLock::from(held(slot))).collect();
        Self { slots, fingerprints: OnceLock::new(), parent: self.parent.clone() }
    }

    /// The value of a slot `up` scopes out; `None` while its step has not finished, and where it is not known yet.
    pub(crate) fn get(&self, up: usize, index: usize) -> Option<&Value> {
        match self.held(up, index)? {
            Held::Value(value) => Some(value),
            Held::Unknown(_) => None,
        }
    }

    /// What a slot `up` scopes out holds; `None` while its step has not finished.
    pub(crate) fn held(&self, up: usize, index: usize) -> Option<&Held> {
        self.out(up)?.slots.get(index)?.get()
    }

    /// What stands for the value of a slot `up` scopes out, worked out once; `None` where there is no value.
    pub(crate) fn fingerprint(&self, up: usize, index: usize) -> Option<&str> {
        let value = self.get(up, index)?;
        let scope = self.out(up)?;
        let all = scope.fingerprints.get_or_init(|| empty(scope.slots.len()));
        let of = || {
            let mut one = Fingerprint::default();
            one.value(value);
            one.finish()
        };
        all.get(index).map(|one| one.get_or_init(of).as_str())
    }

    fn out(&self, up: usize) -> Option<&Self> {
        let mut scope = self;
        for _ in 0..up {
            scope = scope.parent.as_deref()?;
        }
        Some(scope)
    }

    /// Fills a slot. The checker gives every slot one step, so a second value cannot come.
    pub(crate) fn set(&self, index: usize, value: Value) {
        self.hold(index, Held::Value(value));
    }

    /// [`Scope::set`] for what may not be known yet.
    pub(crate) fn hold(&self, index: usize, held: Held) {
        if let Some(slot) = self.slots.get(index) {
            let is_first = slot.set(held).is_ok();
            debug_assert!(is_first, "slot {index} was filled twice");
        }
    }
}

fn empty<T>(slots: usize) -> Box<[OnceLock<T>]> {
    (0..slots).map(|_| OnceLock::new()).collect()
}
