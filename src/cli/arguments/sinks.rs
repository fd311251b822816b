//! `vmflow sinks`: its arguments.

use clap::Args;

use super::{ConfigArguments, ListFormat};

/// `vmflow sinks`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  vmflow sinks
  vmflow sinks --env prod --tell")]
pub(crate) struct SinksArguments {
    #[command(flatten)]
    pub(crate) config: ConfigArguments,
    /// Tell them first what waits for them
    #[arg(long)]
    pub(crate) tell: bool,
    /// How to print
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    pub(crate) format: ListFormat,
}
