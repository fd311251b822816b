//! `vmflow resume`, `vmflow retry` and `vmflow cancel`: their arguments.

use clap::Args;

use super::{RunFormat, WhichRun};

/// `vmflow resume`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  vmflow resume last
  vmflow resume 01a20206-3870 --done notified
  vmflow resume 01a20206-3870 --redo notified

Exit codes: as those of `vmflow run`; 2 when the run cannot be taken up.")]
pub(crate) struct ResumeArguments {
    #[command(flatten)]
    pub(crate) which: WhichRun,
    #[command(flatten)]
    pub(crate) again: AgainArguments,
    /// This write happened before the run broke off; `KEY=VALUE` says what it gave, as JSON
    #[arg(long, value_name = "KEY[=VALUE]")]
    pub(crate) done: Vec<String>,
    /// This write did not happen, or may be made again
    #[arg(long, value_name = "KEY")]
    pub(crate) redo: Vec<String>,
}

/// `vmflow retry`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  vmflow retry last --failed-items
  vmflow retry 01a20206-3870 --from rows

Exit codes: as those of `vmflow run`; 2 when the run cannot be taken up.")]
pub(crate) struct RetryArguments {
    #[command(flatten)]
    pub(crate) which: WhichRun,
    #[command(flatten)]
    pub(crate) again: AgainArguments,
    /// Do this step and all that follow from it again, even if they went well
    #[arg(long, value_name = "STEP", required_unless_present = "failed_items", conflicts_with = "failed_items")]
    pub(crate) from: Option<String>,
    /// Do the items of loops again that failed, and what failed otherwise
    #[arg(long)]
    pub(crate) failed_items: bool,
}

/// `vmflow cancel`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  vmflow cancel last
  vmflow cancel 01a20206-3870

Exit codes: 0 when the run was asked to stop; 2 when it is over, or broke off.")]
pub(crate) struct CancelArguments {
    #[command(flatten)]
    pub(crate) which: WhichRun,
}

/// How a run is taken up again.
#[derive(Debug, Clone, Args)]
pub(crate) struct AgainArguments {
    /// A parameter that is not on record, because it is a secret; may be given several times
    #[arg(short, long = "param", value_name = "NAME=VALUE")]
    pub(crate) params: Vec<String>,
    /// Go on in a protected environment, with connections that lead elsewhere by now, or by making writes again
    #[arg(long)]
    pub(crate) yes: bool,
    /// How to print the result [default: human on a terminal, json elsewhere]
    #[arg(long, value_enum)]
    pub(crate) format: Option<RunFormat>,
}
