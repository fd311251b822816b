//! `vmflow check`: its arguments.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{ConfigArguments, SnapshotArguments};

/// `vmflow check`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  vmflow check
  vmflow check workflows stdlib --format short
  cat new.flow | vmflow check - --stdin-filename workflows/new.flow

Exit codes: 0 nothing wrong (warnings may be there), 1 errors, 2 bad usage.")]
pub(crate) struct CheckArguments {
    /// Files and directories; `-` reads stdin
    #[arg(value_name = "PATH", default_value = ".")]
    pub(crate) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) config: ConfigArguments,
    /// How to print findings
    #[arg(long, value_enum, default_value_t = CheckFormat::Human)]
    pub(crate) format: CheckFormat,
    /// Treat warnings as errors
    #[arg(long, value_name = "warnings", value_parser = ["warnings"])]
    pub(crate) deny: Option<String>,
    #[command(flatten)]
    pub(crate) snapshots: SnapshotArguments,
    /// Ask the databases themselves, instead of the snapshots
    #[arg(long, conflicts_with = "folder")]
    pub(crate) live: bool,
    /// The name that stdin's text has in findings
    #[arg(long, value_name = "FILE", default_value = "stdin.flow")]
    pub(crate) stdin_filename: PathBuf,
}

/// How findings print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CheckFormat {
    /// With the source around each.
    Human,
    /// A line each.
    Short,
    /// One document.
    Json,
}
