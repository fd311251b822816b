//! `vmflow jobs`: its arguments.

use clap::{Args, Subcommand};

use super::{ConfigArguments, ListFormat};

/// `vmflow jobs`.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  vmflow jobs
  vmflow jobs list rates --format json
  vmflow jobs show rates/copy

Exit codes: 0 all well, 1 a job or a package is broken (the others are listed), 2 bad usage, 4 the configuration is at fault."
)]
pub(crate) struct JobsArguments {
    #[command(subcommand)]
    pub(crate) command: Option<JobsCommand>,
    #[command(flatten)]
    pub(crate) list: JobsList,
}

/// What to do with the jobs.
#[derive(Debug, Subcommand)]
pub(crate) enum JobsCommand {
    /// List the jobs: those of the configuration, then those of each package
    #[command(after_help = "Examples:
  vmflow jobs list
  vmflow jobs list rates")]
    List(JobsList),
    /// Show a job: its file, parameters, documentation, schedule
    #[command(after_help = "Examples:
  vmflow jobs show rates/copy
  vmflow jobs show apex_extractor --format json")]
    Show(JobsShow),
}

/// Which jobs to list.
#[derive(Debug, Args)]
pub(crate) struct JobsList {
    /// Only the jobs of this package
    #[arg(value_name = "PACKAGE")]
    pub(crate) package: Option<String>,
    #[command(flatten)]
    pub(crate) config: ConfigArguments,
    /// How to print
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    pub(crate) format: ListFormat,
}

/// Which job to show.
#[derive(Debug, Args)]
pub(crate) struct JobsShow {
    /// The job: `PACKAGE/JOB`, the id of one of the configuration, or a file (`FILE` or `FILE:WORKFLOW`)
    #[arg(value_name = "JOB")]
    pub(crate) job: String,
    #[command(flatten)]
    pub(crate) config: ConfigArguments,
    /// The instant that is taken for now, for the next time it is due
    #[arg(long, value_name = "TIMESTAMP")]
    pub(crate) at: Option<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    pub(crate) format: ListFormat,
}
