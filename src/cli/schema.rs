//! `vmflow schema`: snapshots of what databases hold, and what became of them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::SecondsFormat;
use serde_json::json;
use tokio::runtime::Runtime;

use super::Exit;
use super::arguments::{ListFormat, SchemaArguments, SchemaCommand, SchemaScope};
use super::connect::describe;
use super::project::{Project, refuse, shown_path};
use super::snapshots;
use super::terminal::Terminal;
use crate::config::{Config, Connection, Variables};
use crate::connection::Clock;
use crate::connection::clock::SystemClock;
use crate::schema::{Change, Difference, Schema, diff};

/// A command that cannot go on: the exit code, and the line for people.
pub(super) type Refused = (Exit, String);

pub(super) fn schema(command: &SchemaArguments, terminal: &Terminal, variables: &Variables) -> Exit {
    let mut project = Project::default();
    let done = match &command.command {
        SchemaCommand::Pull(scope) => pull(scope, terminal, variables, &mut project),
        SchemaCommand::Diff { scope, format } => compare(scope, *format, terminal, variables, &mut project),
    };
    done.unwrap_or_else(|(exit, message)| {
        project.tell(terminal);
        refuse(terminal, exit, &message)
    })
}

fn pull(
    scope: &SchemaScope,
    terminal: &Terminal,
    variables: &Variables,
    project: &mut Project,
) -> Result<Exit, Refused> {
    for (path, live) in live(scope, terminal, variables, project)? {
        let before = snapshots::read(&path).ok().flatten();
        let changes = before.as_ref().map(|before| diff(before, &live));
        let told = match &changes {
            Some(changes) if changes.is_empty() => "nothing changed".to_owned(),
            Some(changes) => format!("{} changed", counted(changes.len(), "thing")),
            None => counted(live.tables.len(), "table"),
        };
        // A snapshot that says the same is left alone, so that nobody commits a new time only.
        if changes.is_none_or(|changes| !changes.is_empty()) {
            write(&path, &live)?;
        }
        terminal.print(&format!("{}: {told}\n", shown_path(&path)));
    }
    Ok(Exit::Ok)
}

fn write(path: &Path, live: &Schema) -> Result<(), Refused> {
    let pulled_at = SystemClock.now().to_rfc3339_opts(SecondsFormat::Secs, true);
    let snapshot = Schema { pulled_at, ..live.clone() };
    let folder = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    folder
        .and_then(|()| std::fs::write(path, snapshot.to_json()))
        .map_err(|error| (Exit::Environment, format!("cannot write `{}`: {error}", path.display())))
}

fn compare(
    scope: &SchemaScope,
    format: ListFormat,
    terminal: &Terminal,
    variables: &Variables,
    project: &mut Project,
) -> Result<Exit, Refused> {
    let mut compared = Vec::new();
    for (path, live) in live(scope, terminal, variables, project)? {
        let snapshot = snapshots::read(&path).map_err(|why| (Exit::Usage, why))?;
        let missing = || (Exit::Usage, format!("there is no `{}`; `vmflow schema pull` writes it", shown_path(&path)));
        compared.push((shown_path(&path), diff(&snapshot.ok_or_else(missing)?, &live)));
    }
    let text = match format {
        ListFormat::Human => compared.iter().map(|(name, changes)| shown(name, changes)).collect(),
        ListFormat::Json => {
            let all = compared.iter().map(|(name, changes)| json!({ "snapshot": name, "differences": changes }));
            format!("{:#}\n", json!({ "snapshots": all.collect::<Vec<_>>() }))
        }
    };
    terminal.print(&text);
    let is_same = compared.iter().all(|(_, changes)| changes.is_empty());
    Ok(if is_same { Exit::Ok } else { Exit::Failed })
}

fn shown(name: &str, changes: &[Difference]) -> String {
    if changes.is_empty() {
        return format!("{name}: the database is as it says\n");
    }
    let line = |change: &Difference| {
        let place =
            change.column.as_ref().map_or(format!("{}:", change.table), |column| format!("{}.{column}", change.table));
        let (sign, what) = match (change.change, &change.before, &change.after) {
            (Change::Added, _, after) => ('+', after.clone().unwrap_or_default()),
            (Change::Removed, before, _) => ('-', before.clone().unwrap_or_default()),
            (Change::Changed, before, after) => (
                '~',
                format!("{} is now {}", before.as_deref().unwrap_or_default(), after.as_deref().unwrap_or_default()),
            ),
        };
        format!("  {sign} {place} {what}").trim_end().to_owned() + "\n"
    };
    format!("{name}: {}\n{}", counted(changes.len(), "difference"), changes.iter().map(line).collect::<String>())
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// What the databases hold now, each with the place of its snapshot.
fn live(
    scope: &SchemaScope,
    terminal: &Terminal,
    variables: &Variables,
    project: &mut Project,
) -> Result<Vec<(PathBuf, Schema)>, Refused> {
    let usage = |message: String| (Exit::Usage, message);
    let config = project.own_config(&scope.config, variables).map_err(usage)?;
    let chosen = config.choose_environment(scope.config.env.as_deref(), None);
    let environment = project.accept(chosen).ok_or_else(|| usage("there is no environment to look at".to_owned()))?;
    let connections = connections(&config, &environment, scope.connection.as_deref(), project)?;
    let folder = snapshots::folder(&config, scope.folder.folder.as_deref());
    let runtime = Runtime::new().map_err(|error| (Exit::Environment, format!("cannot start: {error}")))?;
    let mut found = Vec::new();
    for connection in connections {
        let place = snapshots::place(&folder, &environment, &connection.name);
        let schema = runtime.block_on(describe_now(&connection, &scope.also))?;
        schema.left_out().for_each(|line| terminal.tell(&told(&connection.name, &line)));
        found.push((place, schema));
    }
    Ok(found)
}

/// What is told of a connection, as a line for people.
pub(super) fn told(connection: &str, what: &str) -> String {
    format!("vmflow: the connection `{connection}`: {what}")
}

async fn describe_now(connection: &Connection, also: &[String]) -> Result<Schema, Refused> {
    let fault = |why: String| (Exit::Environment, format!("the connection `{}`: {why}", connection.name));
    let database = describe(connection).map_err(fault)?;
    database.schema(also).await.map_err(|error| fault(error.to_string()))
}

/// The SQL connections that are asked for, or all of them.
pub(super) fn connections(
    config: &Config,
    environment: &str,
    only: Option<&str>,
    project: &mut Project,
) -> Result<Vec<Connection>, Refused> {
    let names = snapshots::databases(config, environment);
    let wanted: Vec<Arc<str>> = match only {
        Some(name) => names.iter().filter(|known| ***known == *name).cloned().collect(),
        None => names.clone(),
    };
    if wanted.is_empty() {
        let named = only.map(|name| format!(" `{name}`")).unwrap_or_default();
        let known = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let known = if known.is_empty() { String::new() } else { format!("; it has {known}") };
        return Err((Exit::Usage, format!("the environment `{environment}` has no SQL connection{named}{known}")));
    }
    let is_wanted = |name: &str| wanted.iter().any(|wanted| **wanted == *name);
    let read = project.accept(config.environment_for(environment, &is_wanted));
    let has_errors = || (Exit::Environment, format!("`{}` has errors", config.source().name));
    Ok(read.ok_or_else(has_errors)?.connections.into_values().collect())
}
