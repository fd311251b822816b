//! `vmflow completions`: its arguments.

use clap::Args;

/// `vmflow completions`.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  vmflow completions bash > ~/.local/share/bash-completion/completions/vmflow")]
pub(crate) struct CompletionsArguments {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}
