//! `vmflow jobs`: its arguments.

use clap::Args;

use super::{ConfigArguments, ListFormat};

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
