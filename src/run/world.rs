//! What a pure expression can see besides its scope: the functions, and the facts of the run.

use std::sync::{Arc, OnceLock};

use super::RunOptions;
use super::outcome::RunStatus;
use crate::check::program::{Program, RunField};
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
