//! The command line: arguments in, exit code out, a file per command.
//!
//! Data goes to stdout, everything else to stderr. No command knows how to do the work it asks for.

mod arguments;
mod backfill;
mod cancel;
mod check;
mod completions;
mod config;
mod connect;
mod diff;
mod doc;
mod eval;
mod execution;
mod explain;
mod files;
mod fmt;
mod frozen;
mod given;
mod graph;
mod history;
mod init;
mod jobs;
mod keeping;
mod live;
mod logs;
mod man;
mod markdown;
mod metrics_server;
mod new;
mod packages;
mod past;
mod perform;
mod plan;
mod plot;
mod prepare;
mod programs;
mod progress;
mod project;
mod recorded;
mod recording;
mod replace;
mod replay;
mod report;
mod resume;
mod run;
mod schema;
mod sinks;
mod skeleton;
mod snapshots;
mod table;
mod telling;
mod terminal;
mod test;
mod walk;
mod why;

use std::process::ExitCode;

use clap::FromArgMatches;

use crate::config::Variables;
use crate::{memory, parallel};
use arguments::{Arguments, Command, split};

pub use arguments::command;
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

impl Exit {
    /// The number.
    const fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Environment => 4,
            Self::Bug => 5,
            Self::Code(code) => code,
        }
    }

    /// The graver of two.
    fn worst(self, other: Self) -> Self {
        if other.code() > self.code() { other } else { self }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Reads the arguments, and does what they say on a thread with a stack for what nests deeply. What the arguments take lies in
/// the first thread's memory, of which the system may have given a large page before the program begins, wanted or not.
pub fn main() -> ExitCode {
    memory::in_small_pages(true);
    let variables = Variables::from_process();
    let done = if let Some(at) = variables.vmflow("COMPLETE").and_then(|at| at.parse().ok()) {
        deep(move || completions::complete(at, std::env::args_os().collect(), &variables))
    } else {
        std::panic::catch_unwind(read).and_then(|arguments| deep(move || dispatch(&arguments, &variables)))
    };
    let exit = done.unwrap_or_else(|_| {
        eprintln!("vmflow: this is a bug of vmflow's; please report it with the message above");
        Exit::Bug
    });
    exit.into()
}

fn read() -> Arguments {
    let grammar = command();
    let arguments::Split { rest, flags, wants_help } = split(std::env::args_os().collect(), &grammar);
    let mut arguments =
        Arguments::from_arg_matches(&grammar.get_matches_from(rest)).unwrap_or_else(|error| error.exit());
    arguments.command.take(flags, wants_help);
    arguments
}

/// Does it where there is room for what nests deeply. Gives the panic if there was one.
fn deep(does: impl FnOnce() -> Exit + Send + 'static) -> std::thread::Result<Exit> {
    let worker = std::thread::Builder::new().stack_size(STACK_BYTES);
    worker.spawn(|| parallel::with_stack(STACK_BYTES, does)).map_or_else(
        |error| {
            eprintln!("vmflow: cannot start a thread: {error}");
            Ok(Exit::Environment)
        },
        std::thread::JoinHandle::join,
    )
}

fn dispatch(arguments: &Arguments, variables: &Variables) -> Exit {
    crate::abort::arm(variables.vmflow("ABORT_AT"));
    let terminal = Terminal::new(&arguments.global, variables);
    let runs = matches!(
        arguments.command,
        Command::Run(_) | Command::Backfill(_) | Command::Resume(_) | Command::Retry(_) | Command::Plan(_)
    );
    if !runs {
        memory::in_small_pages(false);
    }
    let exit = obey(&arguments.command, &terminal, variables);
    if exit.code() == Exit::Ok.code() && terminal::has_lost_output() { Exit::Environment } else { exit }
}

fn obey(command: &Command, terminal: &Terminal, variables: &Variables) -> Exit {
    match command {
        Command::Run(command) => run::run(command, terminal, variables),
        Command::Runs(command) => history::runs(command, terminal, variables),
        Command::Replay(command) => replay::replay(command, terminal, variables),
        Command::Why(command) => why::why(command, terminal, variables),
        Command::Sinks(command) => history::sinks(command, terminal, variables),
        Command::Logs(command) => history::logs(command, terminal, variables),
        Command::Backfill(command) => backfill::backfill(command, terminal, variables),
        Command::Resume(command) => resume::resume(command, terminal, variables),
        Command::Retry(command) => resume::retry(command, terminal, variables),
        Command::Cancel(command) => cancel::cancel(command, terminal, variables),
        Command::Plan(command) => plan::plan(command, terminal, variables),
        Command::Plot(command) => plot::plot(command, terminal, variables),
        Command::Check(command) => check::check(command, terminal, variables),
        Command::Fmt(command) => fmt::fmt(command, terminal),
        Command::Test(command) => test::test(command, terminal, variables),
        Command::Doc(command) => doc::doc(command, terminal),
        Command::Eval(command) => eval::eval(command, terminal),
        Command::Explain(command) => explain::explain(command, terminal),
        Command::Graph(command) => graph::graph(command, terminal, variables),
        Command::Jobs(command) => jobs::jobs(command, terminal, variables),
        Command::Config(command) => config::config(command, terminal, variables),
        Command::Init(command) => init::init(command, terminal),
        Command::New(command) => new::new(command, terminal),
        Command::Man(command) => man::man(command, terminal),
        Command::Schema(command) => schema::schema(command, terminal, variables),
        Command::Completions(command) => completions::completions(command, terminal),
    }
}
