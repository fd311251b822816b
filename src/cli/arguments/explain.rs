//! `vmflow explain`: its arguments.

use clap::Args;

/// `vmflow explain`.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  vmflow explain VF202")]
pub(crate) struct ExplainArguments {
    /// The code, such as VF202
    #[arg(required_unless_present = "list")]
    pub(crate) code: Option<String>,
    /// List all codes
    #[arg(long)]
    pub(crate) list: bool,
}
