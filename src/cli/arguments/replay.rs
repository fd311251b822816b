//! `vmflow replay`: its arguments.

use std::path::PathBuf;

use clap::Args;

use super::{ListFormat, WhichRun};

/// `vmflow replay`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  vmflow replay last
  vmflow replay 01a20206-3870 --format json
  vmflow replay last --file workflows/prices/copy.flow

Nothing is read and nothing is written: what the run had read is on record.

Exit codes: 0 all is the same, 6 something is not, or is not known; 1 the file does not pass its checks, 2 there is no such run, or it cannot be replayed, 4 the store of runs is at fault.")]
pub(crate) struct ReplayArguments {
    #[command(flatten)]
    pub(crate) which: WhichRun,
    /// The file of today, where it is another than the run was made from: it was moved, or is a copy
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// How to print
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    pub(crate) format: ListFormat,
}
