//! `vmflow jobs`, and what jobs have to do with the workflows that they name.

mod list;
mod misfits;
mod overlaps;
mod sheet;
mod show;

use super::Exit;
use super::arguments::{ConfigArguments, JobsArguments, JobsCommand, JobsList};
use super::project::{Project, refuse};
use super::terminal::Terminal;
use crate::config::{Config, Variables};

pub(super) use misfits::{misfits, misfits_of_package};
pub(super) use overlaps::overlaps;
pub(super) use show::help;

pub(super) fn jobs(command: &JobsArguments, terminal: &Terminal, variables: &Variables) -> Exit {
    match &command.command {
        Some(JobsCommand::Show(command)) => show::show(command, terminal, variables),
        Some(JobsCommand::List(command)) => list_of(command, terminal, variables),
        None => list_of(&command.list, terminal, variables),
    }
}

/// `vmflow jobs list`.
pub(super) fn list_of(command: &JobsList, terminal: &Terminal, variables: &Variables) -> Exit {
    let mut project = Project::default();
    match config(&command.config, &mut project, terminal, variables) {
        Ok(config) => list::list(&config, command, &mut project, terminal),
        Err(exit) => exit,
    }
}

/// The configuration, without which there are no jobs.
fn config(
    arguments: &ConfigArguments,
    project: &mut Project,
    terminal: &Terminal,
    variables: &Variables,
) -> Result<Config, Exit> {
    let config = match project.own_config(arguments, variables) {
        Ok(config) => config,
        Err(message) => return Err(refuse(terminal, Exit::Usage, &message)),
    };
    if project.has_errors() {
        project.tell(terminal);
        return Err(Exit::Environment);
    }
    Ok(config)
}
