//! Looking back: `vmflow runs`, `vmflow logs`, and what else reads the store of runs.

mod list;
mod log;
mod prune;
mod show;
mod sinks;
mod step;
mod time;

use std::sync::Arc;

use tokio::runtime::Runtime;

use super::Exit;
use super::arguments::{LogsArguments, RunsArguments, RunsCommand, StoreArguments};
use super::project::{Project, refuse};
use super::recording;
use super::terminal::Terminal;
use crate::config::{Config, Runs, Variables};
use crate::connection::Clock;
use crate::connection::clock::SystemClock;
use crate::diagnostic::Diagnostic;
use crate::store::{Kept, RunRow, RunStore, Selection};

pub(super) use list::{as_json, last_of_jobs, short, started};
pub(super) use sinks::sinks;

/// How many runs a beginning of an id may stand for that are named.
const NAMED: u32 = 5;

/// Why a command cannot do what it was asked.
pub(super) type Refused = (Exit, String);

/// The runs of a project.
pub(super) struct History {
    pub(super) config: Config,
    pub(super) store: Arc<dyn RunStore>,
    pub(super) runtime: Runtime,
}

impl History {
    /// Opens the store that the configuration names.
    pub(super) fn open(
        arguments: &StoreArguments,
        variables: &Variables,
        project: &mut Project,
        terminal: &Terminal,
    ) -> Result<Self, Exit> {
        let wanted = super::arguments::ConfigArguments { config: arguments.config.clone(), env: None };
        let config = match project.own_config(&wanted, variables) {
            Ok(config) if !project.has_errors() => config,
            Ok(_) => {
                project.tell(terminal);
                return Err(Exit::Environment);
            }
            Err(message) => return Err(refuse(terminal, Exit::Usage, &message)),
        };
        Self::of(config).map_err(|(exit, message)| refuse(terminal, exit, &message))
    }

    /// The runs of a configuration.
    pub(super) fn of(config: Config) -> Result<Self, Refused> {
        let off =
            || (Exit::Usage, "runs are not recorded here: `runs` in vmflow.yaml says `enabled: false`".to_owned());
        let wrong = |findings: Vec<Diagnostic>| {
            let why = findings.first().map_or_else(String::new, |finding| finding.message.clone());
            (Exit::Environment, format!("`runs` in vmflow.yaml: {why}"))
        };
        let runs = config.runs().map_err(wrong)?.ok_or_else(off)?;
        if let Runs::File(path) = &runs
            && !path.exists()
        {
            return Err((Exit::Usage, format!("no run was recorded yet (there is no `{}`)", path.display())));
        }
        let runtime =
            super::super::run::runtime().map_err(|error| (Exit::Environment, format!("cannot start: {error}")))?;
        let store = recording::open(&runs).map_err(|why| (Exit::Environment, why))?;
        Ok(Self { config, store, runtime })
    }

    /// The same store anew, for another runtime: its connections live where they were opened.
    pub(super) fn anew(&self) -> Result<Arc<dyn RunStore>, Refused> {
        let runs = self.config.runs().ok().flatten();
        let off = || (Exit::Usage, "runs are not recorded here".to_owned());
        recording::open(&runs.ok_or_else(off)?).map_err(|why| (Exit::Environment, why))
    }

    /// Waits for the store.
    pub(super) fn ask<T>(&self, answer: Kept<'_, T>) -> Result<T, Refused> {
        self.runtime.block_on(answer).map_err(|error| (Exit::Environment, error.to_string()))
    }

    /// The run that is meant: `last`, or the beginning of an id that only one has.
    pub(super) fn find(&self, which: &str) -> Result<RunRow, Refused> {
        let selection = match which {
            "last" => Selection::newest(1),
            id => {
                let prefix: String = id.chars().filter(|c| *c != '-').collect::<String>().to_lowercase();
                if prefix.is_empty() || !prefix.chars().all(|c| c.is_ascii_hexdigit()) {
                    return Err((Exit::Usage, format!("`{id}` is no id of a run; `vmflow runs` lists them")));
                }
                Selection { prefix: Some(prefix), ..Selection::newest(NAMED) }
            }
        };
        let mut found = self.ask(self.store.runs(&selection))?;
        match (found.pop(), found.len()) {
            (Some(run), 0) => Ok(run),
            (None, _) => Err((Exit::Usage, format!("there is no run `{which}`; `vmflow runs` lists them"))),
            (Some(one), _) => {
                found.push(one);
                let ids: Vec<String> = found.iter().map(|run| format!("`{}`", run.begin.id)).collect();
                Err((Exit::Usage, format!("`{which}` begins the ids of several runs: {}", ids.join(", "))))
            }
        }
    }
}

/// `vmflow runs`.
pub(super) fn runs(command: &RunsArguments, terminal: &Terminal, variables: &Variables) -> Exit {
    let now_ms = SystemClock.now().timestamp_millis();
    let store = match &command.command {
        None => &command.list.store,
        Some(RunsCommand::Show(show)) => &show.which.store,
        Some(RunsCommand::Prune(prune)) => &prune.store,
    };
    let history = match History::open(store, variables, &mut Project::default(), terminal) {
        Ok(history) => history,
        Err(exit) => return exit,
    };
    let printed = match &command.command {
        None => list::list(&command.list, &history, now_ms, terminal),
        Some(RunsCommand::Show(show)) => show::show(show, &history, terminal),
        Some(RunsCommand::Prune(prune)) => prune::prune(prune, &history, now_ms),
    };
    print(printed, terminal)
}

/// `vmflow logs`.
pub(super) fn logs(command: &LogsArguments, terminal: &Terminal, variables: &Variables) -> Exit {
    match History::open(&command.which.store, variables, &mut Project::default(), terminal) {
        Ok(history) => print(log::log(command, &history), terminal),
        Err(exit) => exit,
    }
}

/// Prints what was asked for, or says why it is not to be had.
pub(super) fn print(printed: Result<String, Refused>, terminal: &Terminal) -> Exit {
    match printed {
        Ok(text) => {
            terminal.print(&text);
            Exit::Ok
        }
        Err((exit, message)) => refuse(terminal, exit, &message),
    }
}
