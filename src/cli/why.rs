//! `vmflow why`: where a value of a recorded run came from.

mod human;
mod json;

use std::sync::Arc;

use super::Exit;
use super::arguments::{ListFormat, WhyArguments};
use super::history::History;
use super::past::Past;
use super::prepare::{self, Refusal};
use super::project::Project;
use super::terminal::Terminal;
use crate::config::Variables;
use crate::lookback;

pub(super) fn why(command: &WhyArguments, terminal: &Terminal, variables: &Variables) -> Exit {
    let history = match History::open(&command.which.store, variables, &mut Project::default(), terminal) {
        Ok(history) => history,
        Err(exit) => return exit,
    };
    let mut project = Project::default();
    match told(command, &history, &mut project, terminal) {
        Ok(text) => {
            terminal.print(&text);
            Exit::Ok
        }
        Err(refusal) => refusal.tell_of_past(&project, terminal),
    }
}

fn told(
    command: &WhyArguments,
    history: &History,
    project: &mut Project,
    terminal: &Terminal,
) -> Result<String, Refusal> {
    let past = Past::of(history, &command.which.run, project)?;
    let retrace = Arc::new(past.retrace(history)?);
    let course = past.go_through(history, &retrace)?;
    let seen = lookback::Past {
        program: &past.program,
        workflow: &past.workflow,
        course: &course,
        rows: &past.rows,
        cached: &past.cached,
        withheld: &past.withheld,
        epoch: past.run.epoch,
    };
    let named = lookback::find(&seen, &command.name).map_err(|refusal| prepare::usage(refusal.0))?;
    let lineage = lookback::of(&named, command.depth.unwrap_or(usize::MAX), &command.having);
    let lineage = lineage.map_err(|refusal| prepare::usage(refusal.0))?;
    Ok(match command.format {
        ListFormat::Human => human::tree(&lineage, &past.run, &project.sources, terminal.color_out),
        ListFormat::Json => format!("{:#}\n", json::document(&lineage, &past.run, &project.sources)),
    })
}
