//! `vmflow replay`: the file of today with what a run on record had read; what would come out otherwise.

mod human;
mod json;

use std::path::Path;
use std::sync::Arc;

use super::arguments::{ListFormat, ReplayArguments};
use super::history::History;
use super::past::Past;
use super::prepare::{self, Refusal};
use super::project::{Checked, Project, read_text, workflow_of};
use super::terminal::Terminal;
use super::{Exit, snapshots};
use crate::config::Variables;
use crate::lookback::{Comparison, go_through};

/// What a replay with differences exits with, as a plan with changes does.
const DIFFERS: u8 = 6;

/// Why there is nothing on record of a step.
const NEW: &str = "it is new in the file, so nothing is on record of it";

pub(super) fn replay(command: &ReplayArguments, terminal: &Terminal, variables: &Variables) -> Exit {
    let history = match History::open(&command.which.store, variables, &mut Project::default(), terminal) {
        Ok(history) => history,
        Err(exit) => return exit,
    };
    let mut project = Project::default();
    match compared(command, &history, &mut project) {
        Ok((past, comparison)) => {
            terminal.print(&match command.format {
                ListFormat::Human => human::text(&comparison, &past.run, terminal.color_out),
                ListFormat::Json => format!("{:#}\n", json::document(&comparison, &past.run)),
            });
            if comparison.is_same() { Exit::Ok } else { Exit::Code(DIFFERS) }
        }
        Err(refusal) => refusal.tell_of_past(&project, terminal),
    }
}

fn compared(
    command: &ReplayArguments,
    history: &History,
    project: &mut Project,
) -> Result<(Past, Comparison), Refusal> {
    let past = Past::of(history, &command.which.run, project)?;
    let retrace = Arc::new(past.retrace(history)?);
    let before = past.go_through(history, &retrace)?;
    *project = Project::default();
    let file = command.file.as_deref().unwrap_or(&past.file);
    let checked = today(file, &past, history, project)?;
    let workflow = workflow_of(&checked.program, Some(&past.workflow.name), file).map_err(prepare::usage)?;
    let plan = past.plan(&checked.program, &workflow)?;
    let retrace = Arc::new(retrace.for_another(NEW));
    let after = history.runtime.block_on(go_through(plan, past.options.clone(), retrace));
    let outputs = past.run.result.as_ref().and_then(|result| result.get("outputs"));
    let comparison = Comparison::of((past.run.status.name(), outputs), &before, &after);
    Ok((past, comparison))
}

/// The program as its files have it.
fn today(file: &Path, past: &Past, history: &History, project: &mut Project) -> Result<Checked, Refusal> {
    let moved = if file == past.file { "; when it was moved, `--file FILE` says where it is" } else { "" };
    let text = read_text(file);
    let text = text.map_err(|why| prepare::usage(format!("cannot read `{}`: {why}{moved}", file.display())))?;
    let surroundings = snapshots::surroundings(&history.config, &past.run.begin.environment, None);
    let surroundings = surroundings.map_err(prepare::environment_fault)?;
    let checked = project.check(vec![(file.to_path_buf(), text)], &surroundings);
    if project.has_errors() {
        let message = format!("`{}` does not pass its checks; nothing was replayed", file.display());
        return Err(Refusal { exit: Exit::Failed, message });
    }
    Ok(checked)
}
