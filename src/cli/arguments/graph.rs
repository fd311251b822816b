//! `vmflow graph`: its arguments.

use clap::{Args, ValueEnum};

use super::StoreArguments;

/// `vmflow graph`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  vmflow graph workflows/extractor.flow --format mermaid
  vmflow graph rates/copy
  vmflow graph --run last")]
pub(crate) struct GraphArguments {
    /// A file (`FILE` or `FILE:WORKFLOW`), or a job: its id, or `PACKAGE/JOB`
    #[arg(value_name = "FILE|JOB", required_unless_present = "run")]
    pub(crate) file: Option<String>,
    /// Mark how each step went in a recorded run; without a file the workflow is drawn as it was then
    #[arg(long, value_name = "RUN")]
    pub(crate) run: Option<String>,
    #[command(flatten)]
    pub(crate) store: StoreArguments,
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
    /// One document.
    Json,
}
