//! `vmflow schema`: its arguments.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{ConfigArguments, ListFormat};

/// `vmflow schema`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  vmflow schema pull --env prod
  vmflow schema pull --connection db --also reporting
  vmflow schema diff --env prod --format json

Exit codes: 0 done, nothing differs, 1 something differs, 2 bad usage, 4 the environment is at fault.")]
pub(crate) struct SchemaArguments {
    #[command(subcommand)]
    pub(crate) command: SchemaCommand,
}

/// What to do with the snapshots.
#[derive(Debug, Subcommand)]
pub(crate) enum SchemaCommand {
    /// Write what the databases hold into snapshots, for `check` to read
    #[command(after_help = "Example:
  vmflow schema pull --env prod")]
    Pull(SchemaScope),
    /// Compare the snapshots with the databases
    #[command(after_help = "Example:
  vmflow schema diff --env prod --format json")]
    Diff {
        #[command(flatten)]
        scope: SchemaScope,
        /// How to print
        #[arg(long, value_enum, default_value_t = ListFormat::Human)]
        format: ListFormat,
    },
}

/// Which databases, and where their snapshots are.
#[derive(Debug, Args)]
pub(crate) struct SchemaScope {
    #[command(flatten)]
    pub(crate) config: ConfigArguments,
    /// Only this connection [default: every SQL connection of the environment]
    #[arg(long, value_name = "NAME")]
    pub(crate) connection: Option<String>,
    /// A schema of the database that is not on the search path; may be given several times
    #[arg(long, value_name = "SCHEMA")]
    pub(crate) also: Vec<String>,
    #[command(flatten)]
    pub(crate) folder: SnapshotArguments,
}

/// Where snapshots are.
#[derive(Debug, Args)]
pub(crate) struct SnapshotArguments {
    /// The folder of the snapshots of databases [default: `schema` beside the configuration]
    #[arg(long = "schema", value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
}
