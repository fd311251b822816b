//! `vmflow fmt`.

use std::path::Path;

use super::arguments::FmtArguments;
use super::project::{Project, read_stdin, refuse, text_of};
use super::replace::replace;
use super::terminal::Terminal;
use super::walk::{self, Walked};
use super::{Exit, diff};
use crate::format::{self, Trouble};

pub(super) fn fmt(command: &FmtArguments, terminal: &Terminal) -> Exit {
    let walked: Vec<Walked> = command.paths.iter().map(|path| walk::under(path)).collect();
    let unread = walked.iter().flat_map(|walked| &walked.unread).map(|why| refuse(terminal, Exit::Usage, why));
    let unread = unread.reduce(Exit::worst);
    let paths = walk::once(walked.into_iter().flat_map(|walked| walked.files).collect());
    if paths.is_empty() {
        return unread.unwrap_or_else(|| refuse(terminal, Exit::Usage, &walk::none_under(&command.paths)));
    }
    let outcomes: Vec<Result<bool, Exit>> = paths.iter().map(|path| one(command, terminal, path)).collect();
    conclude(command, terminal, &outcomes).worst(unread.unwrap_or(Exit::Ok))
}

/// Counts what changed, or would, and gives the gravest of what happened.
fn conclude(command: &FmtArguments, terminal: &Terminal, outcomes: &[Result<bool, Exit>]) -> Exit {
    let previews = command.check || command.diff;
    let changed = outcomes.iter().filter(|outcome| matches!(outcome, Ok(true))).count();
    if terminal.verbosity >= 0 && changed > 0 {
        let what = if previews { "would change" } else { "changed" };
        let files = if outcomes.len() == 1 { "file" } else { "files" };
        terminal.tell(&format!("{changed} of {} {files} {what}", outcomes.len()));
    }
    let exits = outcomes.iter().map(|outcome| match outcome {
        Err(exit) => *exit,
        Ok(true) if previews => Exit::Failed,
        Ok(_) => Exit::Ok,
    });
    exits.reduce(Exit::worst).unwrap_or(Exit::Ok)
}

/// Formats one file: whether that changes it, or how grave it is that it stays as it is, which was told.
fn one(command: &FmtArguments, terminal: &Terminal, path: &Path) -> Result<bool, Exit> {
    let is_stdin = path.as_os_str() == "-";
    let text = if is_stdin { read_stdin() } else { text_of(path) }
        .map_err(|message| refuse(terminal, Exit::Usage, &message))?;
    let mut project = Project::default();
    let name = if is_stdin { &command.stdin_filename } else { path };
    let source = project.sources.add(name.display().to_string(), text);
    let formatted = format::format(&source).map_err(|trouble| explain(trouble, project, terminal, name))?;

    let changes = *formatted != *source.text;
    if command.diff {
        terminal.print(&diff::unified(&source.name, &source.text, &formatted, terminal.color_out));
    } else if command.check && changes {
        terminal.print(&format!("{}\n", source.name));
    } else if is_stdin && !command.check {
        terminal.print(&formatted);
        return Ok(false);
    } else if changes && !command.check {
        replace(path, &source.text, &formatted).map_err(|why| refuse(terminal, Exit::Environment, &why))?;
    }
    Ok(changes)
}

/// Tells why a file stays as it is.
fn explain(trouble: Trouble, mut project: Project, terminal: &Terminal, name: &Path) -> Exit {
    match trouble {
        Trouble::Syntax(findings) => {
            project.findings = findings;
            project.tell(terminal);
            Exit::Failed
        }
        Trouble::TooLarge(size) => {
            let message = format!("`{}` stays as it is: it would grow to {size} bytes; split it", name.display());
            refuse(terminal, Exit::Failed, &message)
        }
        Trouble::Bug(what) => {
            let message = format!("`{}` stays as it is: {what}, which is a bug of vmflow's", name.display());
            refuse(terminal, Exit::Bug, &message)
        }
    }
}
