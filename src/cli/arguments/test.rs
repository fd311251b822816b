//! `vmflow test`: its arguments.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// `vmflow test`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  vmflow test workflows
  vmflow test -k \"only days\" --coverage
  vmflow test --format junit > tests.xml

Tests reach no server and need no configuration.

Exit codes: 0 all passed, 1 tests failed or files have errors, 2 bad usage, or no test at all.")]
pub(crate) struct TestArguments {
    /// Files, directories to search for `.flow` files, packages, and their jobs (`PACKAGE/JOB`)
    #[arg(value_name = "PATH", default_value = ".")]
    pub(crate) paths: Vec<PathBuf>,
    /// Only the tests whose titles hold this text
    #[arg(short = 'k', value_name = "TEXT")]
    pub(crate) filter: Option<String>,
    /// How to print the results
    #[arg(long, value_enum, default_value_t = TestFormat::Human)]
    pub(crate) format: TestFormat,
    /// Tell which steps and branches the tests came to
    #[arg(long)]
    pub(crate) coverage: bool,
}

/// How the results of tests print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TestFormat {
    /// For people.
    Human,
    /// One document.
    Json,
    /// XML for CI servers.
    Junit,
}
