//! `vmflow new`: its arguments.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `vmflow new`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  vmflow new workflow daily_rates
  vmflow new step newest_value --in lib/metrics.flow
  vmflow new test workflows/extractor.flow")]
pub(crate) struct NewArguments {
    #[command(subcommand)]
    pub(crate) what: NewCommand,
}

/// What can be begun.
#[derive(Debug, Subcommand)]
pub(crate) enum NewCommand {
    /// Write a workflow that runs, to go on from
    #[command(after_help = "Example:
  vmflow new workflow daily_rates")]
    Workflow(NewItem),
    /// Write a step that workflows can import
    #[command(after_help = "Example:
  vmflow new step newest_value --in lib/metrics.flow")]
    Step(NewItem),
    /// Write a test of a workflow, with a value for each parameter and each read
    #[command(after_help = "Example:
  vmflow new test workflows/extractor.flow")]
    Test(NewTest),
}

/// A workflow or a step.
#[derive(Debug, Args)]
pub(crate) struct NewItem {
    /// Its name, in lower case with `_`
    pub(crate) name: String,
    /// The file; what is there already stays, and it is added below [default: `workflows/NAME.flow`, `lib/NAME.flow`]
    #[arg(long = "in", value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

/// A test.
#[derive(Debug, Args)]
pub(crate) struct NewTest {
    /// The workflow (`FILE` or `FILE:WORKFLOW`)
    #[arg(value_name = "FLOW")]
    pub(crate) flow: String,
    /// The file; what is there already stays, and it is added below [default: `tests/WORKFLOW_test.flow` beside FLOW]
    #[arg(long = "in", value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}
