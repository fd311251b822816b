//! What has happened so far: events out, and what the outcome will need.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::event::{EventKind, EventSink, RunEvent, StepPlace};
use super::frame::Frame;
use super::outcome::{ItemFailure, RunWarning, StepReport};
use crate::connection::Clock;
use crate::source::Span;
use crate::value::{StepError, Timestamp, Value};

/// Warnings kept; a check that fails for every item of a long loop says nothing new after that.
const MOST_WARNINGS: usize = 1000;

/// The story of a run.
pub(crate) struct Journal {
    sink: Arc<dyn EventSink>,
    clock: Arc<dyn Clock>,
    is_partial: AtomicBool,
    has_written: AtomicBool,
    is_unsettled: AtomicBool,
    notes: Mutex<Notes>,
}

#[derive(Default)]
struct Notes {
    steps: Vec<(usize, StepReport)>,
    warnings: Vec<RunWarning>,
    warnings_left_out: usize,
    failures: Vec<ItemFailure>,
}

impl Journal {
    pub(crate) fn new(sink: Arc<dyn EventSink>, clock: Arc<dyn Clock>) -> Self {
        Self {
            sink,
            clock,
            is_partial: AtomicBool::new(false),
            has_written: AtomicBool::new(false),
            is_unsettled: AtomicBool::new(false),
            notes: Mutex::default(),
        }
    }

    /// The instant it is.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Tells what happened.
    pub(crate) fn emit(&self, kind: EventKind) {
        self.sink.emit(RunEvent { at: self.clock.now(), kind });
    }

    /// Tells what a step asks, if anybody wants to hear of it.
    pub(crate) fn ask(&self, question: impl FnOnce() -> EventKind) {
        if self.sink.wants_questions() {
            self.emit(question());
        }
    }

    /// Tells that the run came here.
    pub(crate) fn visit(&self, place: Span) {
        self.sink.visit(place);
    }

    /// Tells what a step gave.
    pub(crate) fn gave(&self, place: &dyn Fn() -> StepPlace, value: &Value) {
        self.sink.gave(place, value);
    }

    /// Tells and keeps a warning.
    pub(crate) fn warn(&self, frame: &Frame, step: &str, message: String) {
        let place = StepPlace { path: frame.path(step), item: frame.item() };
        self.keep_warning(&place, &message);
        self.emit(EventKind::Warning { step: place, message });
    }

    /// Keeps a warning about what has been told already.
    pub(crate) fn keep_warning(&self, place: &StepPlace, message: &str) {
        let warning =
            RunWarning { step: Some(place.path.join(".")), item: place.item.clone(), message: message.to_owned() };
        let mut notes = self.notes();
        if notes.warnings.len() < MOST_WARNINGS {
            notes.warnings.push(warning);
        } else {
            notes.warnings_left_out += 1;
        }
    }

    /// Keeps the report of a step of the workflow's body, by its index there.
    pub(crate) fn report(&self, at: usize, report: StepReport) {
        self.notes().steps.push((at, report));
    }

    /// Keeps an item that failed while others go on.
    pub(crate) fn item_failed(&self, frame: &Frame, step: &str, item: String, error: StepError) {
        self.is_partial.store(true, Ordering::Relaxed);
        self.notes().failures.push(ItemFailure { step: frame.path(step), item, error });
    }

    /// Whether items failed while others went on.
    pub(crate) fn is_partial(&self) -> bool {
        self.is_partial.load(Ordering::Relaxed)
    }

    /// Remembers that a write lasts.
    pub(crate) fn note_write(&self) {
        self.has_written.store(true, Ordering::Relaxed);
    }

    /// Whether any write lasts.
    pub(crate) fn has_written(&self) -> bool {
        self.has_written.load(Ordering::Relaxed)
    }

    /// Remembers that a write is in the way of which nobody knows whether it happened.
    pub(crate) fn note_unsettled(&self) {
        self.is_unsettled.store(true, Ordering::Relaxed);
    }

    /// Whether there is such a write.
    pub(crate) fn is_unsettled(&self) -> bool {
        self.is_unsettled.load(Ordering::Relaxed)
    }

    /// The reports of the body's steps, in the order they ended, with their indices.
    pub(crate) fn take_steps(&self) -> Vec<(usize, StepReport)> {
        std::mem::take(&mut self.notes().steps)
    }

    /// The failed items.
    pub(crate) fn failures(&self) -> Vec<ItemFailure> {
        self.notes().failures.clone()
    }

    /// The warnings, and one that counts those that were left out.
    pub(crate) fn take_warnings(&self) -> Vec<RunWarning> {
        let mut notes = self.notes();
        let mut warnings = std::mem::take(&mut notes.warnings);
        if notes.warnings_left_out > 0 {
            let message = format!("{} more warnings were left out", notes.warnings_left_out);
            warnings.push(RunWarning { step: None, item: None, message });
        }
        warnings
    }

    /// A panic elsewhere does not make the notes wrong: each change is one push.
    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
