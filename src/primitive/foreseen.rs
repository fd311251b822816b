//! What a call that writes would do.

use crate::connection::preview::Change;
use crate::value::{Reflect, Value};

/// What became of looking ahead.
#[derive(Debug, Clone)]
pub enum Foreseen {
    /// It would write; what it would give is known only then.
    Change(Change),
    /// It would write nothing, and give this.
    Nothing(Value),
}

impl Foreseen {
    /// Nothing is written, and this is given.
    pub fn nothing(given: impl Reflect) -> Self {
        Self::Nothing(given.into_value())
    }
}
