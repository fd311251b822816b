//! `vmflow doc`: its arguments.

use clap::{Args, ValueEnum};

/// `vmflow doc`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  vmflow doc
  vmflow doc sum vm.write status.publish
  vmflow doc workflows/extractor.flow
  vmflow doc primitives --format markdown > docs/primitives.md")]
pub(crate) struct DocArguments {
    /// A primitive (`sum`, `vm.write`, a family such as `metrics`), a module (`std.status`), something in one
    /// (`status.publish`), a file (`FILE` or `FILE:WORKFLOW`), `primitives` or `std` for all of them [default: an index of everything]
    #[arg(value_name = "NAME|FILE")]
    pub(crate) names: Vec<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t = DocFormat::Human)]
    pub(crate) format: DocFormat,
}

/// How documentation prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DocFormat {
    /// For reading at a terminal.
    Human,
    /// Markdown, as in `docs/`.
    Markdown,
    /// One document.
    Json,
}
