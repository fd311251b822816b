//! What is on record of how a run began: its program, its parameters, its instant.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Value as Json;

use super::history::History;
use super::prepare::{self, Refusal};
use super::project::{Checked, Project, workflow_of};
use super::{Exit, snapshots};
use crate::check::program::Workflow;
use crate::store::{Program, RunRow};
use crate::value::{Timestamp, Value, from_kept};

/// The program of a run, checked again.
pub(super) struct Recorded {
    pub(super) checked: Checked,
    pub(super) workflow: Arc<Workflow>,
    /// The file that the run was asked for with.
    pub(super) file: PathBuf,
}

/// The texts of a run's program, all of them.
pub(super) fn program(history: &History, run: &RunRow) -> Result<Program, Refusal> {
    let found = history.ask(history.store.program(&run.begin.program_hash));
    let found = found.map_err(|(exit, message)| Refusal { exit, message })?;
    let program = found.ok_or_else(|| prepare::usage("the program of this run is not on record"))?;
    if !program.is_whole {
        return Err(prepare::usage("the text of this run's program held a secret, so it is not on record"));
    }
    Ok(program)
}

/// Checks those texts as they were, whatever the files hold now.
pub(super) fn checked(
    program: &Program,
    history: &History,
    run: &RunRow,
    project: &mut Project,
) -> Result<Recorded, Refusal> {
    let surroundings = snapshots::surroundings(&history.config, &run.begin.environment, None);
    let surroundings = surroundings.map_err(prepare::environment_fault)?;
    let mut files = program.files.iter().map(|text| (PathBuf::from(&text.path), text.text.clone()));
    let root = files.next().ok_or_else(|| prepare::usage("the program of this run is not on record"))?;
    let file = root.0.clone();
    let checked = project.check_texts(vec![root], &surroundings, &mut |path| text(program, path));
    if project.has_errors() {
        let message = "the program of this run does not pass the checks of this version of vmflow".to_owned();
        return Err(Refusal { exit: Exit::Failed, message });
    }
    let workflow = workflow_of(&checked.program, Some(&run.begin.workflow), &file).map_err(prepare::usage)?;
    Ok(Recorded { checked, workflow, file })
}

/// The text of a file as it was when the run began.
fn text(program: &Program, path: &Path) -> Result<String, String> {
    let path = path.display().to_string();
    let mut all = program.files.iter().chain(&program.programs);
    all.find(|text| text.path == path).map(|text| text.text.clone()).ok_or_else(|| "it is not on record".to_owned())
}

/// Its `run.now`.
pub(super) fn now(run: &RunRow) -> Result<Timestamp, Refusal> {
    match from_kept(&run.begin.now) {
        Some(Value::Timestamp(now)) => Ok(now),
        _ => Err(prepare::environment_fault("the instant of this run is not on record")),
    }
}

/// The parameters on record, and the names of those that are not.
pub(super) fn params(run: &RunRow) -> (IndexMap<Arc<str>, Value>, HashSet<String>) {
    let params = &run.begin.params;
    let kept = params.get("kept").and_then(Json::as_object).into_iter().flatten();
    let kept = kept.filter_map(|(name, json)| Some((Arc::from(name.as_str()), from_kept(json)?))).collect();
    let withheld = params.get("withheld").and_then(Json::as_array).into_iter().flatten();
    (kept, withheld.filter_map(|name| name.as_str().map(str::to_owned)).collect())
}
