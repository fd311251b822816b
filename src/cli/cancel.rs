//! `vmflow cancel`: a run that goes on is asked to stop, wherever it runs.

use super::Exit;
use super::arguments::CancelArguments;
use super::history::{self, History, Refused};
use super::project::Project;
use super::terminal::Terminal;
use crate::config::Variables;
use crate::store::{RunRow, Status, Stop};

pub(super) fn cancel(command: &CancelArguments, terminal: &Terminal, variables: &Variables) -> Exit {
    let history = match History::open(&command.which.store, variables, &mut Project::default(), terminal) {
        Ok(history) => history,
        Err(exit) => return exit,
    };
    history::print(ask(&history, &command.which.run), terminal)
}

/// Through the store and not by the number of a process: that would mean another one as soon as it is gone.
fn ask(history: &History, which: &str) -> Result<String, Refused> {
    let run = history.find(which)?;
    let id = run.begin.id;
    let why = match history.ask(history.store.ask_to_stop(id))? {
        Stop::Asked(owner) => return Ok(format!("asked {owner} to stop the run {id}\n")),
        Stop::Over(status) => over(&run, status),
        Stop::BrokenOff => {
            let owner = &run.begin.worker;
            format!("the record of this run broke off, so {owner} would not hear of it; stop the process itself there")
        }
        Stop::Unknown => "this run is not on record any more".to_owned(),
    };
    Err((Exit::Usage, why))
}

fn over(run: &RunRow, status: Status) -> String {
    match status {
        Status::Crashed => {
            format!(
                "this run broke off, and nothing of it goes on; `vmflow resume {}` would go on with it",
                run.begin.id
            )
        }
        over => format!("this run is over: {}", over.name()),
    }
}
