//! `vmflow run`: its arguments.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::ConfigArguments;

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
