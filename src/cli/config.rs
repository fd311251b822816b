//! `vmflow config`: the settings of an environment, masked, and where each comes from.

use serde_json::json;

use super::Exit;
use super::arguments::{ListFormat, SettingsArguments};
use super::project::{Project, refuse};
use super::table;
use super::terminal::Terminal;
use crate::config::{Config, Filled, Setting, Variables};

pub(super) fn config(command: &SettingsArguments, terminal: &Terminal, variables: &Variables) -> Exit {
    let mut project = Project::default();
    let config = match project.own_config(&command.config, variables) {
        Ok(config) => config,
        Err(message) => return refuse(terminal, Exit::Usage, &message),
    };
    let chosen = project.accept(config.choose_environment(command.config.env.as_deref(), None));
    let settings = chosen.as_ref().and_then(|name| project.accept(config.settings(name)));
    // Who asks for an environment that is not there has misspelt it; anything else is wrong in the file.
    let wrong = if chosen.is_none() && command.config.env.is_some() { Exit::Usage } else { Exit::Environment };
    let (Some(name), Some(settings)) = (chosen, settings.filter(|_| !project.has_errors())) else {
        project.tell(terminal);
        return wrong;
    };
    terminal.print(&match command.format {
        ListFormat::Json => as_json(&config, &name, &settings),
        ListFormat::Human => as_lines(&config, &name, &settings, (command.origin, terminal.width)),
    });
    Exit::Ok
}

fn as_json(config: &Config, environment: &str, settings: &[Setting]) -> String {
    let list: Vec<serde_json::Value> = settings
        .iter()
        .map(|setting| {
            let variables =
                setting.variables.iter().map(|(name, filled)| json!({ "name": name, "is": filled.to_string() }));
            json!({
                "key": setting.key(),
                "value": setting.value,
                "file": &*config.source().name,
                "line": line(config, setting),
                "environment": setting.environment,
                "variables": variables.collect::<Vec<_>>(),
            })
        })
        .collect();
    format!("{:#}\n", json!({ "environment": environment, "settings": list }))
}

fn as_lines(config: &Config, environment: &str, settings: &[Setting], (with_origin, width): (bool, usize)) -> String {
    let rows = settings.iter().map(|setting| {
        let mut row = vec![setting.key(), setting.shown().to_owned()];
        row.extend(with_origin.then(|| origin(config, environment, setting)));
        row
    });
    let rows: Vec<Vec<String>> = rows.collect();
    format!("environment `{environment}`\n\n{}", table::aligned(&rows, width))
}

/// `vmflow.yaml:12, environment `base`, $PG_HOST`.
fn origin(config: &Config, environment: &str, setting: &Setting) -> String {
    let mut parts = vec![format!("{}:{}", config.source().name, line(config, setting))];
    let inherited = setting.environment.as_deref().filter(|name| *name != environment);
    parts.extend(inherited.map(|name| format!("environment `{name}`")));
    parts.extend(setting.variables.iter().map(|(name, filled)| match filled {
        Filled::Set => format!("${name}"),
        Filled::Default => format!("${name} is not set: its default"),
        Filled::Missing => format!("${name} is not set"),
    }));
    parts.join(", ")
}

fn line(config: &Config, setting: &Setting) -> usize {
    config.source().position(setting.span.start).line
}
