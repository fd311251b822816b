//! A run on record, to be gone through once more: its program as it was, with the parameters that it had.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use indexmap::IndexMap;

use super::history::History;
use super::prepare::{self, Refusal};
use super::project::Project;
use super::recorded::{self, Recorded, now, params};
use crate::check::program::{Program, Workflow};
use crate::external::Interpreters;
use crate::lookback::{Course, Retrace, Where, go_through};
use crate::plan::{self, GivenArgument, Plan};
use crate::run::{EventKind, RunEvent, RunOptions};
use crate::store::{RunRow, Status, StepRow};
use crate::value::Type;

/// What stands for a parameter that is not on record.
const HIDDEN: &str = "•••";

/// A run on record.
pub(super) struct Past {
    pub(super) run: RunRow,
    pub(super) program: Arc<Program>,
    pub(super) workflow: Arc<Workflow>,
    /// The file that the run was asked for with.
    pub(super) file: PathBuf,
    pub(super) rows: Vec<StepRow>,
    /// The steps that took their values from what earlier runs had kept.
    pub(super) cached: HashSet<Where>,
    /// The parameters that are not on record.
    pub(super) withheld: HashSet<String>,
    pub(super) options: RunOptions,
}

impl Past {
    /// Reads what is on record of a run, and checks its program again.
    pub(super) fn of(history: &History, which: &str, project: &mut Project) -> Result<Self, Refusal> {
        let told = |(exit, message)| Refusal { exit, message };
        let run = history.find(which).map_err(told)?;
        let program = recorded::program(history, &run)?;
        let Recorded { checked, workflow, file } = recorded::checked(&program, history, &run, project)?;
        let id = run.begin.id;
        let rows = history.ask(history.store.steps(id)).map_err(told)?;
        let events = history.ask(history.store.events(id)).map_err(told)?;
        let cached = events.iter().filter_map(|event| cached(&event.body)).collect();
        let withheld = params(&run).1;
        let options = RunOptions {
            id,
            now: now(&run)?,
            job: run.begin.job.as_deref().map(Arc::from),
            environment: run.begin.environment.as_str().into(),
            timeout_ms: None,
            // None is asked: what programs gave is on record.
            interpreters: Interpreters::default(),
        };
        Ok(Self { run, program: checked.program, workflow, file, rows, cached, withheld, options })
    }

    /// A workflow with the parameters of the run.
    pub(super) fn plan(&self, program: &Arc<Program>, workflow: &Arc<Workflow>) -> Result<Plan, Refusal> {
        let (kept, withheld) = params(&self.run);
        let mut given: IndexMap<Arc<str>, GivenArgument> = IndexMap::new();
        for param in workflow.params.iter().filter(|param| withheld.contains(&*param.name)) {
            if !matches!(param.ty.required(), Type::Secret | Type::Text) {
                let why = "is not on record, because it held a secret, and nothing can stand for it";
                return Err(prepare::usage(format!("the parameter `{}` {why}", param.name)));
            }
            given.insert(param.name.clone(), GivenArgument::Text(HIDDEN.to_owned()));
        }
        plan::bind_again(program.clone(), workflow.clone(), &kept, &given)
            .map_err(|errors| prepare::usage(prepare::refused_text(&errors)))
    }

    /// What is on record, in the place of the world.
    pub(super) fn retrace(&self, history: &History) -> Result<Retrace, Refusal> {
        let without = match self.run.status {
            Status::Running => "it is not on record yet: the run goes on",
            Status::Crashed => "it is not on record: the run broke off before it was done",
            Status::Failed | Status::Cancelled => "it is not on record: the run ended before it was done",
            Status::Success | Status::Partial => "it is not on record",
        };
        let retrace = Retrace::of(history.store.clone(), self.run.begin.id, without);
        history.runtime.block_on(retrace).map_err(|error| prepare::environment_fault(error.to_string()))
    }

    /// Goes through the run as it was.
    pub(super) fn go_through(&self, history: &History, retrace: &Arc<Retrace>) -> Result<Course, Refusal> {
        let plan = self.plan(&self.program, &self.workflow)?;
        Ok(history.runtime.block_on(go_through(plan, self.options.clone(), retrace.clone())))
    }
}

/// The step that an event says took its value from what an earlier run kept.
fn cached(event: &str) -> Option<Where> {
    let event: RunEvent = serde_json::from_str(event).ok()?;
    match event.kind {
        EventKind::StepFinished { step, cached: true, .. } => Some((step.path.join("."), step.item)),
        _ => None,
    }
}
