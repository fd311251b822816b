//! The command line: arguments in, exit code out, a file per command.
//!
//! Data goes to stdout, everything else to stderr. No command knows how to do the work it asks for.

mod arguments;
mod check;
mod completions;
mod connect;
#[allow(dead_code, reason = "`check --diff` and `fmt --diff` come with the next commits")]
mod diff;
mod explain;
mod graph;
mod jobs;
mod logs;
mod prepare;
mod progress;
mod project;
mod report;
mod run;
mod terminal;
mod test;

use std::process::ExitCode;

use clap::Parser;

use crate::config::Variables;
use arguments::{Arguments, Command};
use terminal::Terminal;

/// The stack that checking and drawing run on. Nesting is bounded by the parser; this bound leaves room to spare.
const STACK_BYTES: usize = 64 << 20;

/// How a command ended. The numbers are documented in `docs/cli.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done, nothing wrong.
    Ok,
    /// Findings, a failed run.
    Failed,
    /// Bad usage or parameter.
    Usage,
    /// The environment is at fault.
    Environment,
    /// A bug of vmflow's.
    Bug,
    /// What a run says.
    Code(u8),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Ok => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Environment => 4,
            Exit::Bug => 5,
            Exit::Code(code) => code,
        })
    }
}

/// Reads the arguments and does what they say.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let variables = Variables::from_process();
    let worker = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(move || dispatch(&arguments, &variables));
    let exit = match worker.map(std::thread::JoinHandle::join) {
        Ok(Ok(exit)) => exit,
        Ok(Err(_)) => {
            eprintln!("vmflow: this is a bug of vmflow's; please report it with the message above");
            Exit::Bug
        }
        Err(error) => {
            eprintln!("vmflow: cannot start a thread: {error}");
            Exit::Environment
        }
    };
    exit.into()
}

fn dispatch(arguments: &Arguments, variables: &Variables) -> Exit {
    let terminal = Terminal::new(&arguments.global, variables);
    match &arguments.command {
        Command::Run(command) => run::run(command, &terminal, variables),
        Command::Check(command) => check::check(command, &terminal, variables),
        Command::Test(command) => test::test(command, &terminal),
        Command::Explain(command) => explain::explain(command, &terminal),
        Command::Graph(command) => graph::graph(command, &terminal),
        Command::Jobs(command) => jobs::jobs(command, &terminal, variables),
        Command::Completions(command) => completions::completions(command, &terminal),
    }
}
