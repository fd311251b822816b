//! What a pure expression can see besides its scope: the functions, and the facts of the run.

use std::sync::{Arc, OnceLock};

use super::RunOptions;
use super::event::EventSink;
use super::outcome::RunStatus;
use crate::check::program::{Program, RunField};
use crate::source::Span;
use crate::value::{ErrorKind, StepError, Timestamp, Value};

/// The functions and the facts. The facts are frozen when the run starts, so an attempt, a resumed run
/// and a replay see the same ones; only the outcome comes later, once.
#[derive(Debug)]
pub(crate) struct World {
    /// The functions.
    pub(crate) program: Arc<Program>,
    /// `run.now`.
    pub(crate) now: Timestamp,
    /// `run.id`.
    pub(crate) id: Arc<str>,
    /// `run.job`.
    pub(crate) job: Arc<str>,
    /// `run.env`.
    pub(crate) environment: Arc<str>,
    /// `run.workflow`.
    pub(crate) workflow: Arc<str>,
    /// `run.status` and `run.error`, once the body is over.
    pub(crate) ended: OnceLock<(RunStatus, Option<StepError>)>,
    /// Who takes note of the places that expressions come to.
    pub(crate) visitor: Visitor,
}

/// Who takes note of places, if anybody does.
#[derive(Clone, Default)]
pub(crate) struct Visitor(Option<Arc<dyn EventSink>>);

impl Visitor {
    /// The events' own sink.
    pub(crate) fn of(sink: &Arc<dyn EventSink>) -> Self {
        Self(Some(sink.clone()))
    }
}

impl std::fmt::Debug for Visitor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Visitor").field(&self.0.is_some()).finish()
    }
}

impl World {
    /// What a run is told about itself; without a job the workflow's name stands in.
    pub(crate) fn new(program: Arc<Program>, workflow: Arc<str>, options: &RunOptions) -> Self {
        Self {
            program,
            now: options.now,
            id: options.id.to_string().into(),
            job: options.job.clone().unwrap_or_else(|| workflow.clone()),
            environment: options.environment.clone(),
            workflow,
            ended: OnceLock::new(),
            visitor: Visitor::default(),
        }
    }

    /// Tells that one side of an `if` was taken, or the default behind `??`.
    pub(crate) fn visit(&self, place: Span) {
        if let Some(sink) = &self.visitor.0 {
            sink.visit(place);
        }
    }

    /// A fact.
    pub(crate) fn fact(&self, field: RunField) -> Result<Value, StepError> {
        let text = |text: &Arc<str>| Ok(Value::Text(text.clone()));
        match field {
            RunField::Now => Ok(Value::Timestamp(self.now)),
            RunField::Id => text(&self.id),
            RunField::Job => text(&self.job),
            RunField::Env => text(&self.environment),
            RunField::Workflow => text(&self.workflow),
            RunField::Status => self.end().map(|(status, _)| Value::text(status.name())),
            RunField::Error => {
                self.end().map(|(_, error)| error.clone().map_or(Value::None, |e| Value::Error(Arc::new(e))))
            }
        }
    }

    fn end(&self) -> Result<&(RunStatus, Option<StepError>), StepError> {
        self.ended.get().ok_or_else(|| StepError::new(ErrorKind::Missing, "the run has no status before it has ended"))
    }
}
