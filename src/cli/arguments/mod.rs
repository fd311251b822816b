//! The arguments of every command, a file for each.

mod backfill;
mod check;
mod completions;
mod config;
mod doc;
mod eval;
mod explain;
mod flags;
mod fmt;
mod graph;
mod init;
mod jobs;
mod man;
mod new;
mod overview;
mod plan;
mod plot;
mod replay;
mod resume;
mod run;
mod runs;
mod schema;
mod sinks;
mod test;
mod wanted;
mod why;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use backfill::BackfillArguments;
pub(crate) use check::{CheckArguments, CheckFormat};
pub(crate) use completions::CompletionsArguments;
pub(crate) use config::SettingsArguments;
pub(crate) use doc::{DocArguments, DocFormat};
pub(crate) use eval::EvalArguments;
pub(crate) use explain::ExplainArguments;
pub(crate) use flags::{ParameterFlag, Split, split};
pub(crate) use fmt::FmtArguments;
pub(crate) use graph::{GraphArguments, GraphFormat};
pub(crate) use init::InitArguments;
pub(crate) use jobs::{JobsArguments, JobsCommand, JobsList, JobsShow};
pub(crate) use man::ManArguments;
pub(crate) use new::{NewArguments, NewCommand, NewItem, NewTest};
pub use overview::command;
pub(crate) use plan::{PlanArguments, PlanFormat};
pub(crate) use plot::PlotArguments;
pub(crate) use replay::ReplayArguments;
pub(crate) use resume::{AgainArguments, CancelArguments, ResumeArguments, RetryArguments};
pub(crate) use run::{RunArguments, RunFormat};
pub(crate) use runs::{
    LogsArguments, RunsArguments, RunsCommand, RunsList, RunsPrune, RunsShow, StoreArguments, WhichRun,
};
pub(crate) use schema::{SchemaArguments, SchemaCommand, SchemaScope, SnapshotArguments};
pub(crate) use sinks::SinksArguments;
pub(crate) use test::{TestArguments, TestCommand, TestFormat, TestNew, TestRun};
pub(crate) use wanted::Wanted;
pub(crate) use why::WhyArguments;

/// Declarative workflows over SQL, VictoriaMetrics and HTTP.
#[derive(Debug, Parser)]
#[command(
    name = "vmflow",
    version,
    propagate_version = true,
    arg_required_else_help = true,
    after_help = "Begin with `vmflow init rates`. `vmflow COMMAND --help` says more of each, with examples."
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Arguments that every command takes.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// Colours: `always`, `never`; `auto` heeds `NO_COLOR`
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN", hide_possible_values = true, display_order = 90)]
    pub(crate) color: Color,
    /// Tell more on stderr; twice for everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count, display_order = 91)]
    pub(crate) verbose: u8,
    /// Lines on stderr as `text`, or as `json` for collectors of logs
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text, value_name = "FORMAT", hide_default_value = true, hide_possible_values = true, display_order = 93)]
    pub(crate) log_format: LogFormat,
    /// Tell less on stderr; twice for errors only
    #[arg(short, long, global = true, action = clap::ArgAction::Count, display_order = 92)]
    pub(crate) quiet: u8,
}

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// Lines for people.
    Text,
    /// An object a line, with the ids of the run and the step.
    Json,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a workflow, or a job of the configuration
    Run(RunArguments),
    /// List the runs that were recorded; show one; remove old ones
    Runs(RunsArguments),
    /// Show what a recorded run told
    Logs(LogsArguments),
    /// Show what the file of today would make of what a recorded run had read
    Replay(ReplayArguments),
    /// Show where a value of a recorded run came from
    Why(WhyArguments),
    /// Show who is told of runs, and what waits for each
    Sinks(SinksArguments),
    /// Run a job for each business day of a time, the oldest first
    Backfill(BackfillArguments),
    /// Go on with a run that broke off, where it stopped
    Resume(ResumeArguments),
    /// Do a part of a run again
    Retry(RetryArguments),
    /// Ask a run that goes on to stop, wherever it runs
    Cancel(CancelArguments),
    /// Show what a run would write: all of its reads, none of its writes
    Plan(PlanArguments),
    /// Draw the forecasts that a run would make: on the terminal, as SVG or PNG
    Plot(PlotArguments),
    /// Find what is wrong in workflow files, before any run
    Check(CheckArguments),
    /// Format workflow files
    Fmt(FmtArguments),
    /// Run the tests of workflows, without a server
    Test(TestArguments),
    /// Show the documentation of primitives, of the standard library, of a workflow file
    Doc(DocArguments),
    /// Evaluate an expression of the language
    Eval(EvalArguments),
    /// Say what a check means, with a failing and a passing example
    Explain(ExplainArguments),
    /// Draw the steps of a workflow and what they wait for
    Graph(GraphArguments),
    /// List the jobs, or show one
    Jobs(JobsArguments),
    /// Show the settings of an environment, masked, and where each comes from
    Config(SettingsArguments),
    /// Begin a project that runs at once
    Init(InitArguments),
    /// Begin a workflow, a step or a test
    New(NewArguments),
    /// Write man pages
    Man(ManArguments),
    /// Keep snapshots of what the databases hold, for `check`
    Schema(SchemaArguments),
    /// Print a completion script for a shell
    Completions(CompletionsArguments),
}

impl Command {
    /// Takes the parameters that stood on the command line as flags, and whether help of the target was asked for.
    pub(crate) fn take(&mut self, flags: Vec<ParameterFlag>, wants_help: bool) {
        let wanted = match self {
            Self::Run(command) => &mut command.wanted,
            Self::Plan(command) => &mut command.wanted,
            _ => return,
        };
        wanted.flags = flags;
        wanted.wants_help = wants_help;
    }
}

/// Which configuration and which environment of it.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ConfigArguments {
    /// The configuration file [default: vmflow.yaml, upward from the workflow or here]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The environment [default: `$VMFLOW_ENV`, `$VM_JOBS_ENVIRONMENT`, then the file's `default_environment`]
    #[arg(long, value_name = "NAME")]
    pub(crate) env: Option<String>,
}

/// How a listing prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListFormat {
    /// For people.
    Human,
    /// One document.
    Json,
}
