//! `vmflow sinks`: who is told of runs, what waits for each, and what each will never have.

use std::sync::Arc;

use serde_json::json;

use super::time::{instant, second};
use super::{History, Refused};
use crate::cli::Exit;
use crate::cli::arguments::{ListFormat, SinksArguments};
use crate::cli::project::{Project, refuse};
use crate::cli::telling::tell_now;
use crate::cli::terminal::Terminal;
use crate::cli::{sinks, table};
use crate::config::{Environment, Variables};
use crate::connection::Clock;
use crate::connection::clock::SystemClock;
use crate::primitive::Connections;
use crate::store::SinkRow;

pub(in crate::cli) fn sinks(command: &SinksArguments, terminal: &Terminal, variables: &Variables) -> Exit {
    let mut project = Project::default();
    let config = match project.own_config(&command.config, variables) {
        Ok(config) => config,
        Err(message) => return refuse(terminal, Exit::Usage, &message),
    };
    let chosen = project.accept(config.choose_environment(command.config.env.as_deref(), None));
    let environment = chosen.as_ref().and_then(|name| project.accept(config.environment(name)));
    let Some(environment) = environment.filter(|_| !project.has_errors()) else {
        project.tell(terminal);
        return Exit::Environment;
    };
    if environment.sinks.is_empty() {
        terminal.print(&match command.format {
            ListFormat::Json => format!("{:#}\n", json!({ "environment": &*environment.name, "sinks": [] })),
            ListFormat::Human => format!("the environment `{}` has no sinks\n", environment.name),
        });
        return Exit::Ok;
    }
    let shown = History::of(config).and_then(|history| show(command, &history, &environment, terminal));
    match shown {
        Ok((exit, text)) => {
            terminal.print(&text);
            exit
        }
        Err((exit, message)) => refuse(terminal, exit, &message),
    }
}

fn show(
    command: &SinksArguments,
    history: &History,
    environment: &Environment,
    terminal: &Terminal,
) -> Result<(Exit, String), Refused> {
    if command.tell {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let opened = history.runtime.block_on(sinks::open(environment, &Connections::default(), &clock));
        let opened = opened.map_err(|error| (Exit::Environment, error.message))?;
        history.runtime.block_on(tell_now(opened, &history.store, &clock));
    }
    let names: Vec<&str> = environment.sinks.iter().map(|sink| &*sink.name).collect();
    let redactor = environment.redactor();
    let mut rows = history.ask(history.store.standing(&names))?;
    for row in &mut rows {
        row.why = row.why.take().map(|why| redactor.redact(&why).into_owned());
    }
    let is_told = rows.iter().all(|row| row.waiting == 0);
    let exit = if command.tell && !is_told { Exit::Environment } else { Exit::Ok };
    let kinds = environment.sinks.iter().map(|sink| sink.kind.name());
    let text = match command.format {
        ListFormat::Json => {
            let sinks: Vec<_> = rows.iter().zip(kinds).map(|(row, kind)| as_json(row, kind)).collect();
            format!("{:#}\n", json!({ "environment": &*environment.name, "sinks": sinks }))
        }
        ListFormat::Human => {
            let head = ["SINK", "KIND", "WAITING", "DROPPED", "FAILING SINCE", "WHY"].map(str::to_owned).to_vec();
            let rows = rows.iter().zip(kinds).map(|(row, kind)| as_row(row, kind));
            table::aligned(&std::iter::once(head).chain(rows).collect::<Vec<_>>(), terminal.width.max(140))
        }
    };
    Ok((exit, text))
}

fn as_json(row: &SinkRow, kind: &str) -> serde_json::Value {
    json!({
        "name": row.name,
        "kind": kind,
        "waiting": row.waiting,
        "dropped": row.dropped,
        "failing_since": row.failing_since.map(instant),
        "why": row.why,
    })
}

fn as_row(row: &SinkRow, kind: &str) -> Vec<String> {
    let since = row.failing_since.map(second).unwrap_or_default();
    let why = row.why.clone().unwrap_or_default();
    vec![row.name.clone(), kind.to_owned(), row.waiting.to_string(), row.dropped.to_string(), since, why]
}
