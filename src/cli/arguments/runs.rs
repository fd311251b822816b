//! `vmflow runs` and `vmflow logs`: their arguments.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::ListFormat;
use crate::store::Status;

/// Which store of runs.
#[derive(Debug, Clone, Args)]
pub(crate) struct StoreArguments {
    /// The configuration file [default: vmflow.yaml, upward from here]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// A run.
#[derive(Debug, Clone, Args)]
pub(crate) struct WhichRun {
    /// The run: its id, as much of its beginning as tells it from the others, or `last`
    #[arg(value_name = "RUN")]
    pub(crate) run: String,
    #[command(flatten)]
    pub(crate) store: StoreArguments,
}

/// `vmflow runs`.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  vmflow runs --last 7d --status failed,crashed
  vmflow runs show last
  vmflow runs prune --older-than 90d --keep 100"
)]
pub(crate) struct RunsArguments {
    #[command(subcommand)]
    pub(crate) command: Option<RunsCommand>,
    #[command(flatten)]
    pub(crate) list: RunsList,
}

/// Which runs are listed.
#[derive(Debug, Args)]
pub(crate) struct RunsList {
    /// Only runs that started within this time, such as 7d or 12h
    #[arg(long, value_name = "TIME")]
    pub(crate) last: Option<String>,
    /// Only runs that stand like this
    #[arg(long, value_enum, value_delimiter = ',', value_name = "STATUS")]
    pub(crate) status: Vec<RunsStatus>,
    /// Only runs of this job, or of the workflow with this name
    #[arg(long, value_name = "NAME")]
    pub(crate) job: Option<String>,
    /// At most so many
    #[arg(long, value_name = "COUNT", default_value_t = 20)]
    pub(crate) limit: u32,
    #[command(flatten)]
    pub(crate) store: StoreArguments,
    /// How to print
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    pub(crate) format: ListFormat,
}

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RunsStatus {
    /// Somebody runs it.
    Running,
    /// It ended well.
    Success,
    /// Items of loops failed.
    Partial,
    /// A step failed.
    Failed,
    /// It was stopped.
    Cancelled,
    /// It broke off, or waits for a word on a write.
    Crashed,
}

impl From<RunsStatus> for Status {
    fn from(status: RunsStatus) -> Self {
        match status {
            RunsStatus::Running => Self::Running,
            RunsStatus::Success => Self::Success,
            RunsStatus::Partial => Self::Partial,
            RunsStatus::Failed => Self::Failed,
            RunsStatus::Cancelled => Self::Cancelled,
            RunsStatus::Crashed => Self::Crashed,
        }
    }
}

/// What to do with runs.
#[derive(Debug, Subcommand)]
pub(crate) enum RunsCommand {
    /// Show a run: what it was given, did and came to
    Show(RunsShow),
    /// Remove the records of old runs
    Prune(RunsPrune),
}

/// `vmflow runs show`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  vmflow runs show last
  vmflow runs show last copied.stored
  vmflow runs show 01a20206-3870 --format json")]
pub(crate) struct RunsShow {
    #[command(flatten)]
    pub(crate) which: WhichRun,
    /// Only this step and those inside it, with each attempt
    #[arg(value_name = "STEP")]
    pub(crate) step: Option<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    pub(crate) format: ListFormat,
}

/// `vmflow runs prune`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  vmflow runs prune --older-than 90d --dry-run
  vmflow runs prune --older-than 30d --keep 100")]
pub(crate) struct RunsPrune {
    /// Only runs that started longer ago than this, such as 90d
    #[arg(long, value_name = "TIME")]
    pub(crate) older_than: String,
    /// The newest so many stay, however old they are
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    pub(crate) keep: u32,
    /// Say what would be removed, and remove nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) store: StoreArguments,
    /// How to print
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    pub(crate) format: ListFormat,
}

/// `vmflow logs`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  vmflow logs last
  vmflow logs 01a20206-3870 copied.stored
  vmflow logs last --format json")]
pub(crate) struct LogsArguments {
    #[command(flatten)]
    pub(crate) which: WhichRun,
    /// Only what this step and those inside it told
    #[arg(value_name = "STEP")]
    pub(crate) step: Option<String>,
    /// How to print: lines for people, or the events as JSON, one a line
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    pub(crate) format: ListFormat,
}
