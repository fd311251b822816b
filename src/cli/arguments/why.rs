//! `vmflow why`: its arguments.

use clap::Args;

use super::{ListFormat, WhichRun};

/// `vmflow why`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  vmflow why last days_copied
  vmflow why last 'copied[2026-10-30].rows'
  vmflow why 01a20206-3870 newest --depth 1 --format json

Exit codes: 0 told, 2 there is no such run, step or output, or its program is not on record, 4 the store of runs is at fault.")]
pub(crate) struct WhyArguments {
    #[command(flatten)]
    pub(crate) which: WhichRun,
    /// A step, an output or a parameter; `loop[item].step` in a loop; a part of a value: `rows[0].day`
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// How many steps to go back [default: all]
    #[arg(long, value_name = "COUNT")]
    pub(crate) depth: Option<usize>,
    /// How to print
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    pub(crate) format: ListFormat,
}
