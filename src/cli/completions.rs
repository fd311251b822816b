//! `vmflow completions`: generated from the arguments.

use super::Exit;
use super::arguments::{CompletionsArguments, command as grammar};
use super::terminal::Terminal;

pub(super) fn completions(command: &CompletionsArguments, terminal: &Terminal) -> Exit {
    // Not to stdout directly: the generator panics when the reader has gone away.
    let mut script = Vec::new();
    clap_complete::generate(command.shell, &mut grammar(), "vmflow", &mut script);
    terminal.print(&String::from_utf8_lossy(&script));
    Exit::Ok
}
