//! Plans in files.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use uuid::Uuid;

use crate::cli::arguments::{ConfigArguments, Wanted};
use crate::cli::project::read_text;
use crate::plan::GivenArgument;
use crate::preview::{Given, Plan};

/// A plan that was read, with what it says is to be run.
pub(in crate::cli) struct Saved {
    /// The plan.
    pub(in crate::cli) plan: Plan,
    /// The id of its run.
    pub(in crate::cli) id: Uuid,
    /// What is to be run.
    pub(in crate::cli) wanted: Wanted,
}

/// Writes a plan, wholly or not at all. The error is one line for people.
pub(super) fn save(file: &Path, text: &str) -> Result<(), String> {
    let refused = |error: std::io::Error| format!("cannot write `{}`: {error}", file.display());
    let name = file.file_name().ok_or_else(|| format!("`{}` is no name of a file", file.display()))?;
    let beside = file.with_file_name(format!(".{}.{}.tmp", name.to_string_lossy(), std::process::id()));
    let written = std::fs::File::create(&beside)
        .and_then(|mut opened| opened.write_all(text.as_bytes()).and_then(|()| opened.sync_all()))
        .and_then(|()| std::fs::rename(&beside, file));
    written.map_err(|error| {
        // Perhaps there is none; the failure that matters is told.
        let _ = std::fs::remove_file(&beside);
        refused(error)
    })
}

/// Reads a saved plan. The error is one line for people. `more` are the arguments of the command that runs it.
pub(in crate::cli) fn load(file: &Path, more: &Wanted) -> Result<Saved, String> {
    let cannot = |why: String| format!("cannot run the plan `{}`: {why}", file.display());
    let text = read_text(file).map_err(cannot)?;
    let plan = Plan::from_json(&text).map_err(cannot)?;
    let id = plan.run_id.parse().map_err(|_| cannot("its `run_id` is none".to_owned()))?;
    let argument = |given: &Given| match given {
        Given::Text(text) => GivenArgument::Text(text.clone()),
        Given::Json(json) => GivenArgument::Json(json.clone()),
    };
    let saved = plan.given.iter().map(|(name, given)| (Arc::from(name.as_str()), argument(given))).collect();
    let config = ConfigArguments { config: more.config.config.clone(), env: Some(plan.environment.clone()) };
    let (target, job_id) = match &plan.job_id {
        Some(job) => (None, Some(job.clone())),
        None => (Some(plan.target.clone()), None),
    };
    let at = Some(plan.now.clone());
    let wanted = Wanted { target, config, job_id, at, saved, ..more.clone() };
    Ok(Saved { plan, id, wanted })
}
