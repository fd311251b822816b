//! `vmflow fmt`: its arguments.

use std::path::PathBuf;

use clap::Args;

/// `vmflow fmt`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  vmflow fmt
  vmflow fmt --check workflows
  cat new.flow | vmflow fmt - --stdin-filename workflows/new.flow

Exit codes: 0 done, 1 a file does not parse, or would change (--check, --diff), 2 bad usage, 4 a file cannot be written.")]
pub(crate) struct FmtArguments {
    /// Files and directories; `-` reads stdin and prints to stdout
    #[arg(value_name = "PATH", default_value = ".")]
    pub(crate) paths: Vec<PathBuf>,
    /// Write nothing; name the files that would change
    #[arg(long)]
    pub(crate) check: bool,
    /// Write nothing; show what would change
    #[arg(long)]
    pub(crate) diff: bool,
    /// The name that stdin's text has in findings
    #[arg(long, value_name = "FILE", default_value = "stdin.flow")]
    pub(crate) stdin_filename: PathBuf,
}
