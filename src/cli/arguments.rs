//! The arguments of every command.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Declarative workflows over SQL, VictoriaMetrics and HTTP.
#[derive(Debug, Parser)]
#[command(name = "vmflow", version, propagate_version = true, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Arguments that every command takes.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// When to use colour
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    pub(crate) color: Color,
    /// Tell more on stderr; twice for everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Tell less on stderr; twice for errors only
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) quiet: u8,
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
    /// Find what is wrong in workflow files, before any run
    Check(CheckArguments),
    /// Say what a check means, with a failing and a passing example
    Explain(ExplainArguments),
    /// Draw the steps of a workflow and what they wait for
    Graph(GraphArguments),
    /// List the jobs of the configuration
    Jobs(JobsArguments),
    /// Print a completion script for a shell
    Completions(CompletionsArguments),
}

/// Which configuration and which environment of it.
#[derive(Debug, Args)]
pub(crate) struct ConfigArguments {
    /// The configuration file [default: vmflow.yaml, upward from the workflow or here]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The environment [default: `$VMFLOW_ENV`, `$VM_JOBS_ENVIRONMENT`, then the file's `default_environment`]
    #[arg(long, value_name = "NAME")]
    pub(crate) env: Option<String>,
}

/// `vmflow run`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  vmflow run workflows/extractor.flow --at 2026-10-30T18:00Z
  vmflow run workflows/extractor.flow -p lookback=60d --format json
  vmflow run apex_extractor --env prod --yes

Exit codes: 0 success, 1 failed, 2 bad usage or parameter, 3 partial, 4 the environment is at fault (nothing was written), 130/143 interrupted.")]
pub(crate) struct RunArguments {
    /// A file (`FILE` or `FILE:WORKFLOW`), or the id of a job
    #[arg(value_name = "FILE|JOB")]
    pub(crate) target: Option<String>,
    #[command(flatten)]
    pub(crate) config: ConfigArguments,
    /// The job to run; the same as naming it
    #[arg(long, value_name = "ID", conflicts_with = "target")]
    pub(crate) job_id: Option<String>,
    /// List the jobs and end
    #[arg(long)]
    pub(crate) list_jobs: bool,
    /// A parameter; may be given several times
    #[arg(short, long = "param", value_name = "NAME=VALUE")]
    pub(crate) params: Vec<String>,
    /// Parameters from a JSON file; `-p` goes before it
    #[arg(long = "params", value_name = "FILE.json")]
    pub(crate) params_file: Option<PathBuf>,
    /// The instant the run takes for now, such as 2026-10-30T18:00Z
    #[arg(long, value_name = "TIMESTAMP")]
    pub(crate) at: Option<String>,
    /// Run in a protected environment
    #[arg(long)]
    pub(crate) yes: bool,
    /// How to print the result [default: human on a terminal, json elsewhere]
    #[arg(long, value_enum)]
    pub(crate) format: Option<RunFormat>,
}

/// How a run prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RunFormat {
    /// For people.
    Human,
    /// One document at the end.
    Json,
    /// An event a line, the result last.
    Jsonl,
}

/// `vmflow check`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  vmflow check
  vmflow check workflows stdlib --format short
  cat new.flow | vmflow check - --stdin-filename workflows/new.flow

Exit codes: 0 nothing wrong (warnings may be there), 1 errors, 2 bad usage.")]
pub(crate) struct CheckArguments {
    /// Files and directories; `-` reads stdin
    #[arg(value_name = "PATH", default_value = ".")]
    pub(crate) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) config: ConfigArguments,
    /// How to print findings
    #[arg(long, value_enum, default_value_t = CheckFormat::Human)]
    pub(crate) format: CheckFormat,
    /// Treat warnings as errors
    #[arg(long, value_name = "warnings", value_parser = ["warnings"])]
    pub(crate) deny: Option<String>,
    /// The name that stdin's text has in findings
    #[arg(long, value_name = "FILE", default_value = "stdin.flow")]
    pub(crate) stdin_filename: PathBuf,
}

/// How findings print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CheckFormat {
    /// With the source around each.
    Human,
    /// A line each.
    Short,
    /// One document.
    Json,
}

/// `vmflow explain`.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  vmflow explain VF202")]
pub(crate) struct ExplainArguments {
    /// The code, such as VF202
    #[arg(required_unless_present = "list")]
    pub(crate) code: Option<String>,
    /// List all codes
    #[arg(long)]
    pub(crate) list: bool,
}

/// `vmflow graph`.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  vmflow graph workflows/extractor.flow --format mermaid")]
pub(crate) struct GraphArguments {
    /// A file (`FILE` or `FILE:WORKFLOW`)
    #[arg(value_name = "FILE")]
    pub(crate) file: String,
    /// How to draw
    #[arg(long, value_enum, default_value_t = GraphFormat::Text)]
    pub(crate) format: GraphFormat,
}

/// How a graph is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum GraphFormat {
    /// Lines for a terminal.
    Text,
    /// Mermaid.
    Mermaid,
    /// Graphviz.
    Dot,
}

/// `vmflow jobs`.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  vmflow jobs --format json")]
pub(crate) struct JobsArguments {
    #[command(flatten)]
    pub(crate) config: ConfigArguments,
    /// How to print
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    pub(crate) format: ListFormat,
}

/// How a listing prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListFormat {
    /// For people.
    Human,
    /// One document.
    Json,
}

/// `vmflow completions`.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  vmflow completions bash > ~/.local/share/bash-completion/completions/vmflow")]
pub(crate) struct CompletionsArguments {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}
