//! A failure with its place: what went wrong, and which step, item and attempt it happened in.

use std::sync::Arc;

use crate::source::Span;
use crate::value::{ErrorKind, StepError};

/// A failure on its way out of nested blocks; each level adds what it knows.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    /// What went wrong.
    pub(crate) error: StepError,
    /// The smallest expression that failed.
    pub(crate) span: Option<Span>,
    /// The steps around it, innermost first.
    pub(crate) path: Vec<Arc<str>>,
    /// The loop items around it, outermost first.
    pub(crate) item: Option<String>,
    /// How many attempts the innermost step made.
    pub(crate) attempts: u32,
}

/// The result of running something. Boxed, because the good case is the common one.
pub(crate) type Ran<T> = Result<T, Box<Fault>>;

impl Fault {
    /// A failure of the expression at `span`.
    pub(crate) fn at(error: StepError, span: Span) -> Box<Self> {
        Box::new(Self { span: Some(span), ..Self::bare(error) })
    }

    /// A failure that belongs to no expression.
    pub(crate) fn new(error: StepError) -> Box<Self> {
        Box::new(Self::bare(error))
    }

    fn bare(error: StepError) -> Self {
        Self { error, span: None, path: Vec::new(), item: None, attempts: 0 }
    }

    /// The failure of whatever was stopped because the run was.
    pub(crate) fn cancelled() -> Box<Self> {
        Self::new(StepError::new(ErrorKind::Cancelled, "the run was cancelled"))
    }

    /// Whether the run was stopped, which nothing in a workflow handles.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.error.kind == ErrorKind::Cancelled
    }

    /// Whether it is no failure: in a plan, the value follows from what a write will give.
    pub(crate) fn is_unknown(&self) -> bool {
        self.error.kind == ErrorKind::Unknown
    }

    /// Adds the step around it.
    pub(crate) fn within(mut self: Box<Self>, step: &Arc<str>, span: Span, attempts: u32) -> Box<Self> {
        if self.attempts == 0 {
            self.attempts = attempts;
        }
        self.span.get_or_insert(span);
        self.path.push(step.clone());
        self
    }

    /// Adds the loop item around it.
    pub(crate) fn of_item(mut self: Box<Self>, label: &str) -> Box<Self> {
        self.item = Some(match self.item.take() {
            Some(inner) => format!("{label} / {inner}"),
            None => label.to_owned(),
        });
        self
    }
}
