//! `vmflow plan`: its arguments.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Wanted;

/// `vmflow plan`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  vmflow plan workflows/extractor.flow --at 2026-10-30T18:00Z
  vmflow plan apex_extractor --env prod -o plan.json
  vmflow run --plan plan.json
  vmflow plan workflows/extractor.flow --offline

Exit codes: 0 planned, 1 the run would fail, 2 bad usage or parameter, 3 the run would end partial, 4 the environment is at fault, 6 there are changes (with --detailed-exitcode), 130/143 interrupted.")]
pub(crate) struct PlanArguments {
    #[command(flatten)]
    pub(crate) wanted: Wanted,
    /// Read nothing: show only which writes the workflow may make
    #[arg(long)]
    pub(crate) offline: bool,
    /// Save the plan, for `vmflow run --plan`
    #[arg(short, long, value_name = "FILE", conflicts_with = "offline")]
    pub(crate) output: Option<PathBuf>,
    /// End with 0 when nothing would change, and with 6 when something would
    #[arg(long)]
    pub(crate) detailed_exitcode: bool,
    /// How to print the plan [default: human on a terminal, json elsewhere]
    #[arg(long, value_enum)]
    pub(crate) format: Option<PlanFormat>,
}

/// How a plan prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PlanFormat {
    /// For people.
    Human,
    /// One document, as it is saved.
    Json,
}
