//! `vmflow run`: its arguments.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Wanted;

/// `vmflow run`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  vmflow run workflows/extractor.flow --at 2026-10-30T18:00Z
  vmflow run workflows/extractor.flow -p lookback=60d --format json
  vmflow run apex_extractor --env prod --yes
  vmflow run rates/copy --account acct1 --since -7d --until now
  vmflow run --plan plan.json

`vmflow run JOB --help` tells of the job and its parameters, each of which is a flag: `--name VALUE`.

Exit codes: 0 success, 1 failed, 2 bad usage or parameter, 3 partial, 4 the environment is at fault (nothing was written), 130/143 interrupted.")]
pub(crate) struct RunArguments {
    #[command(flatten)]
    pub(crate) wanted: Wanted,
    /// Carry out a plan that `vmflow plan -o FILE` saved, if it is still what a run would do
    #[arg(long, value_name = "FILE", conflicts_with_all = ["target", "job_id", "at", "env", "list_jobs"])]
    pub(crate) plan: Option<PathBuf>,
    /// List the jobs and end
    #[arg(long)]
    pub(crate) list_jobs: bool,
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
