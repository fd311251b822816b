//! `vmflow fmt`.

use std::io::Read;
use std::path::Path;

use indexmap::IndexSet;

use super::arguments::FmtArguments;
use super::project::{Project, read_text, refuse};
use super::terminal::Terminal;
use super::{Exit, diff, files};
use crate::format::{self, Trouble};

/// What became of a file.
enum Fate {
    /// It is as it should be.
    Unchanged,
    /// It was, or would be, changed.
    Changed,
    /// It stays as it is, which was told.
    Refused(Exit),
}

pub(super) fn fmt(command: &FmtArguments, terminal: &Terminal) -> Exit {
    let mut paths = IndexSet::new();
    for path in &command.paths {
        match files::under(path) {
            Ok(found) => paths.extend(found),
            Err(message) => return refuse(terminal, Exit::Usage, &message),
        }
    }
    if paths.is_empty() {
        let named: Vec<String> = command.paths.iter().map(|path| path.display().to_string()).collect();
        let message = format!("there is no .flow file under {}", named.join(", "));
        return refuse(terminal, Exit::Usage, &message);
    }
    let fates: Vec<Fate> = paths.iter().map(|path| one(command, terminal, path)).collect();
    conclude(command, terminal, &fates)
}

/// The gravest of what happened, and a line that counts.
fn conclude(command: &FmtArguments, terminal: &Terminal, fates: &[Fate]) -> Exit {
    let previews = command.check || command.diff;
    let changed = fates.iter().filter(|fate| matches!(fate, Fate::Changed)).count();
    if terminal.verbosity >= 0 && changed > 0 {
        let (what, files) =
            (if previews { "would change" } else { "changed" }, if changed == 1 { "file" } else { "files" });
        terminal.tell(&format!("{changed} {files} of {} {what}", fates.len()));
    }
    let exits = fates.iter().map(|fate| match fate {
        Fate::Refused(exit) => *exit,
        Fate::Changed if previews => Exit::Failed,
        Fate::Changed | Fate::Unchanged => Exit::Ok,
    });
    exits.max_by_key(|exit| exit.code()).unwrap_or(Exit::Ok)
}

fn one(command: &FmtArguments, terminal: &Terminal, path: &Path) -> Fate {
    let is_stdin = path.as_os_str() == "-";
    let name = if is_stdin { &command.stdin_filename } else { path };
    let refused = |exit, message: String| Fate::Refused(refuse(terminal, exit, &message));
    let text = match if is_stdin { read_stdin() } else { read_text(path) } {
        Ok(text) => text,
        Err(why) => return refused(Exit::Usage, format!("cannot read `{}`: {why}", path.display())),
    };
    let mut project = Project::default();
    let source = project.sources.add(name.display().to_string(), text);
    let formatted = match format::format(&source) {
        Ok(formatted) => formatted,
        Err(Trouble::Syntax(findings)) => {
            project.findings = findings;
            project.tell(terminal);
            return Fate::Refused(Exit::Failed);
        }
        Err(Trouble::Bug(what)) => {
            let name = name.display();
            return refused(
                Exit::Bug,
                format!("`{name}` stays as it is: formatting it, {what}; this is a bug of vmflow's"),
            );
        }
    };
    let changes = *formatted != *source.text;
    if changes && command.diff {
        terminal.print(&diff::unified(&source.name, &source.text, &formatted, terminal.color_out));
    } else if changes && command.check {
        terminal.print(&format!("{}\n", source.name));
    } else if is_stdin && !command.diff && !command.check {
        terminal.print(&formatted);
    } else if changes && let Err(error) = files::replace(path, &formatted) {
        return refused(Exit::Environment, format!("cannot write `{}`: {error}", path.display()));
    }
    if changes { Fate::Changed } else { Fate::Unchanged }
}

fn read_stdin() -> Result<String, String> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(|error| error.to_string())?;
    Ok(text)
}
