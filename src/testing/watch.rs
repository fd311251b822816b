//! What is seen of a run while it goes on: the places it came to, and the reads that nothing was given for.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::run::{EventKind, EventSink, RunEvent};
use crate::source::Span;

/// Watches one run.
#[derive(Debug)]
pub(super) struct Watch {
    /// What a step says that would have read.
    refusals: HashSet<String>,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    visited: HashSet<Span>,
    not_given: Vec<NotGiven>,
}

/// A step that would have read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NotGiven {
    /// Its name, after those of the steps around it.
    pub(super) path: Vec<String>,
    /// What it said.
    pub(super) message: String,
}

impl Watch {
    /// Nothing was seen yet.
    pub(super) fn new(refusals: HashSet<String>) -> Self {
        Self { refusals, seen: Mutex::default() }
    }

    /// The places that the run came to.
    pub(super) fn visited(&self) -> HashSet<Span> {
        self.seen().visited.clone()
    }

    /// The steps that would have read, the innermost first. Also those whose failure something made up for.
    pub(super) fn not_given(&self) -> Vec<NotGiven> {
        self.seen().not_given.clone()
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EventSink for Watch {
    fn emit(&self, event: RunEvent) {
        let EventKind::StepFinished { step, error: Some(error), .. } = event.kind else { return };
        if self.refusals.contains(&error.message) {
            self.seen().not_given.push(NotGiven { path: step.path, message: error.message });
        }
    }

    fn visit(&self, place: Span) {
        self.seen().visited.insert(place);
    }
}
