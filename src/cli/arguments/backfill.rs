//! `vmflow backfill`: its arguments.

use chrono::{NaiveDate, NaiveTime};
use clap::Args;

use super::{ConfigArguments, ListFormat};

/// `vmflow backfill`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  vmflow backfill apex_extractor --from 2026-10-01 --to 2026-10-30 --plan
  vmflow backfill apex_extractor --from 2026-10-01 --to 2026-10-30 --on target

The same command once more goes on: days that went well are left alone, days that did not are taken up again.

Exit codes: 0 every day went well, 1 a day failed, 2 bad usage, 3 a day ended partial, 130/143 interrupted.")]
pub(crate) struct BackfillArguments {
    /// A file (`FILE` or `FILE:WORKFLOW`), or the id of a job
    #[arg(value_name = "FILE|JOB")]
    pub(crate) target: String,
    /// The first day
    #[arg(long, value_name = "DATE")]
    pub(crate) from: NaiveDate,
    /// The last day
    #[arg(long, value_name = "DATE")]
    pub(crate) to: NaiveDate,
    /// The business days: `weekdays`, `target`, `england`, `united_states`, or an expression that gives a calendar
    #[arg(long, value_name = "CALENDAR", default_value = "weekdays")]
    pub(crate) on: String,
    /// The time of each day, in the calendar's zone, that its run takes for now
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "18:00")]
    pub(crate) time: NaiveTime,
    /// How many days at once
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) max_parallel: u16,
    /// Say what would be run, and run nothing
    #[arg(long)]
    pub(crate) plan: bool,
    /// A parameter; may be given several times
    #[arg(short, long = "param", value_name = "NAME=VALUE")]
    pub(crate) params: Vec<String>,
    #[command(flatten)]
    pub(crate) config: ConfigArguments,
    /// Run in a protected environment
    #[arg(long)]
    pub(crate) yes: bool,
    /// How to print
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    pub(crate) format: ListFormat,
}

fn time(text: &str) -> Result<NaiveTime, String> {
    NaiveTime::parse_from_str(text, "%H:%M").map_err(|_| "write a time such as `18:00`".to_owned())
}
