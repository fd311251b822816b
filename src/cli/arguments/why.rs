//! `vmflow why`: its arguments.

use clap::Args;

use super::{ListFormat, WhichRun};

/// `vmflow why`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  vmflow why last days_copied
  vmflow why last 'copied[2026-10-30].rows'
  vmflow why last 'rows[3].value'
  vmflow why last rows --where day=2026-10-30
  vmflow why 01a20206-3870 newest --depth 1 --format json

Exit codes: 0 told, 2 there is no such run, step or output, or its program is not on record, 4 the store of runs is at fault.")]
pub(crate) struct WhyArguments {
    #[command(flatten)]
    pub(crate) which: WhichRun,
    /// A step, an output or a parameter; `loop[item].step` in a loop; a row or a part of a value: `rows[0].day`
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// Only the rows with this text in this field; several must all hold
    #[arg(long = "where", value_name = "FIELD=TEXT", value_parser = pair)]
    pub(crate) having: Vec<(String, String)>,
    /// How many steps to go back [default: all]
    #[arg(long, value_name = "COUNT")]
    pub(crate) depth: Option<usize>,
    /// How to print
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    pub(crate) format: ListFormat,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let wanted = || "write a field and its text: `day=2026-10-30`".to_owned();
    let (field, text) = text.split_once('=').ok_or_else(wanted)?;
    Ok((field.trim().to_owned(), text.to_owned()))
}
