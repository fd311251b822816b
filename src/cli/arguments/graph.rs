//! `vmflow graph`: its arguments.

use clap::{Args, ValueEnum};

/// `vmflow graph`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  vmflow graph workflows/extractor.flow --format mermaid
  vmflow graph rates/copy")]
pub(crate) struct GraphArguments {
    /// A file (`FILE` or `FILE:WORKFLOW`), or a job: its id, or `PACKAGE/JOB`
    #[arg(value_name = "FILE|JOB")]
    pub(crate) file: String,
    /// How to draw
    #[arg(long, value_enum, default_value_t = GraphFormat::Text)]
    pub(crate) format: GraphFormat,
}

/// How a graph is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum GraphFormat {
    /// Lines for a terminal.
    Text,
    /// Mermaid.
    Mermaid,
    /// Graphviz.
    Dot,
}
