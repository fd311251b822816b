//! `vmflow test`: its arguments.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::StoreArguments;

/// `vmflow test`.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  vmflow test workflows
  vmflow test new workflows/extractor.flow --from-run last
  vmflow test -k \"only days\" --coverage
  vmflow test --format junit > tests.xml

Tests reach no server and need no configuration.

Exit codes: 0 all passed, 1 tests failed or files have errors, 2 bad usage, or no test at all."
)]
pub(crate) struct TestArguments {
    #[command(subcommand)]
    pub(crate) command: Option<TestCommand>,
    #[command(flatten)]
    pub(crate) run: TestRun,
}

/// What else there is to do with tests.
#[derive(Debug, Subcommand)]
pub(crate) enum TestCommand {
    /// Write a test that is a recorded run: what it read is given, what came of it is expected
    New(TestNew),
}

/// `vmflow test new`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  vmflow test new workflows/extractor.flow --from-run last
  vmflow test new workflows/extractor.flow --from-run 01a20206-3870 --mask

Exit codes: 0 written, and it passes; 2 no test can be made of this run, and why; 4 the store of runs or the file is at fault.")]
pub(crate) struct TestNew {
    /// The workflow (`FILE` or `FILE:WORKFLOW`)
    #[arg(value_name = "FLOW")]
    pub(crate) flow: String,
    /// The run: its id, as much of its beginning as tells it from the others, or `last`
    #[arg(long, value_name = "RUN")]
    pub(crate) from_run: String,
    /// Put other texts of the same shape in the place of those that were read
    #[arg(long)]
    pub(crate) mask: bool,
    /// The file; what is there already stays, and it is added below [default: `tests/WORKFLOW_RUN_test.flow` beside FLOW]
    #[arg(long = "in", value_name = "FILE")]
    pub(crate) into: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) store: StoreArguments,
}

/// Which tests are run, and how.
#[derive(Debug, Args)]
pub(crate) struct TestRun {
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
