//! `vmflow --help`: the commands in groups, which clap has for arguments only.

use std::fmt::Write;

use clap::{Command, CommandFactory};

use super::Arguments;

/// Every command, in the order of a day's work.
const GROUPS: [(&str, &[&str]); 5] = [
    ("Begin", &["init", "new"]),
    ("Write", &["check", "fmt", "test", "explain", "doc", "eval", "graph"]),
    ("Run", &["plan", "plot", "run", "backfill", "resume", "retry", "cancel", "jobs"]),
    ("Look back", &["runs", "logs", "why", "replay", "sinks"]),
    ("Set up", &["config", "schema", "completions", "man"]),
];

/// The grammar of the command line: what it takes and how it says so. The tests of its documentation read it.
pub fn command() -> Command {
    let command = Arguments::command();
    let template = format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n{}\n\u{1b}[1m\u{1b}[4mOptions:\u{1b}[0m\n{{options}}{{after-help}}",
        groups(&command)
    );
    command.help_template(template)
}

fn groups(command: &Command) -> String {
    let width = GROUPS.iter().flat_map(|(_, names)| names.iter()).map(|name| name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for (title, names) in GROUPS {
        let _ = writeln!(text, "\n\u{1b}[1m\u{1b}[4m{title}:\u{1b}[0m");
        for found in names.iter().filter_map(|name| command.find_subcommand(name)) {
            let about = found.get_about().map(ToString::to_string).unwrap_or_default();
            let _ = writeln!(text, "  \u{1b}[1m{:width$}\u{1b}[0m  {about}", found.get_name());
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_command_stands_in_one_group() {
        let grouped: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        let known: BTreeSet<String> = command().get_subcommands().map(|it| it.get_name().to_owned()).collect();
        assert_eq!(grouped.iter().map(ToString::to_string).collect::<BTreeSet<_>>(), known);
        assert_eq!(grouped.len(), known.len(), "a command stands in two groups");
    }
}
