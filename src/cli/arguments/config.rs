//! `vmflow config`: its arguments.

use clap::Args;

use super::{ConfigArguments, ListFormat};

/// `vmflow config`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  vmflow config
  vmflow config --env prod --origin")]
pub(crate) struct SettingsArguments {
    #[command(flatten)]
    pub(crate) config: ConfigArguments,
    /// Say of each setting where it comes from: the line, the environment that it is inherited from, the variables
    #[arg(long)]
    pub(crate) origin: bool,
    /// How to print
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    pub(crate) format: ListFormat,
}
