//! `vmflow completions`: generated from the arguments.

use clap::CommandFactory;

use super::Exit;
use super::arguments::{Arguments, CompletionsArguments};
use super::terminal::Terminal;

pub(super) fn completions(command: &CompletionsArguments, terminal: &Terminal) -> Exit {
    // Not to stdout directly: the generator panics when the reader has gone away.
    let mut script = Vec::new();
    clap_complete::generate(command.shell, &mut Arguments::command(), "vmflow", &mut script);
    terminal.print(&String::from_utf8_lossy(&script));
    Exit::Ok
}
