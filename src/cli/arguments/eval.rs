//! `vmflow eval`: its arguments.

use std::path::PathBuf;

use clap::Args;

use super::ListFormat;

/// `vmflow eval`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  vmflow eval '2025-01-31 + 1mo'
  vmflow eval 'date_of(run.now, \"Europe/London\")' --at 2026-10-30T18:00Z
  vmflow eval 'f\"{day:%d/%m/%Y}\"' -p day=2025-01-31
  vmflow eval 'markets.is_open(2025-01-31)' --import lib/markets.flow --type

Exit codes: 0 done, 1 the expression is wrong or failed, 2 bad usage.")]
pub(crate) struct EvalArguments {
    /// The expression; `-` reads it from stdin
    #[arg(value_name = "EXPR", allow_hyphen_values = true)]
    pub(crate) expression: String,
    /// A name for the expression to use; a literal as in a workflow, anything else is a text; may be given several times
    #[arg(short, long = "param", value_name = "NAME=VALUE")]
    pub(crate) params: Vec<String>,
    /// The instant that `run.now` is, such as 2026-10-30T18:00Z [default: now]
    #[arg(long, value_name = "TIMESTAMP")]
    pub(crate) at: Option<String>,
    /// A file whose functions it calls; `std.*` needs no import; may be given several times
    #[arg(long = "import", value_name = "FILE")]
    pub(crate) imports: Vec<PathBuf>,
    /// Print the type, and evaluate nothing
    #[arg(long = "type")]
    pub(crate) only_type: bool,
    /// How to print
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    pub(crate) format: ListFormat,
}
