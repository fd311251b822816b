//! `vmflow man`: its arguments.

use std::path::PathBuf;

use clap::Args;

/// `vmflow man`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  vmflow man | man -l -
  vmflow man --out ~/.local/share/man/man1")]
pub(crate) struct ManArguments {
    /// Write a page for each command into this directory, made if it is not there [default: the first page, to stdout]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}
