//! `vmflow init`: its arguments.

use std::path::PathBuf;

use clap::Args;

/// `vmflow init`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  vmflow init
  vmflow init rates && cd rates && vmflow run example

It writes vmflow.yaml, a workflow with its test, a schema, .gitignore and README.md, and overwrites nothing.")]
pub(crate) struct InitArguments {
    /// Where to; made if it is not there
    #[arg(value_name = "DIR", default_value = ".")]
    pub(crate) directory: PathBuf,
}
