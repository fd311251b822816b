//! `vmflow completions`: generated from the arguments.

use clap::CommandFactory;

use super::Exit;
use super::arguments::{Arguments, CompletionsArguments};

pub(super) fn completions(command: &CompletionsArguments) -> Exit {
    clap_complete::generate(command.shell, &mut Arguments::command(), "vmflow", &mut std::io::stdout());
    Exit::Ok
}
