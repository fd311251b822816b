//! `vmflow plot`: its arguments.

use std::path::PathBuf;

use clap::Args;

use super::Wanted;

/// `vmflow plot`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  vmflow plot workflows/metrics_forecast.flow --series EURUSD
  vmflow plot apex_forecast --components -o pictures/
  vmflow plot workflows/metrics_forecast.flow --series EURUSD -o eurusd.svg
  vmflow plot last --series EURUSD --components

Instead of a file or a job, a run on record may be named, by its id, at least 8 letters of it, or `last`: its forecasts
are drawn, from what it had read.

Exit codes: 0 drawn, 1 the run would fail or gives no forecast, 2 bad usage or parameter, 3 the run would end partial, 4 the environment is at fault, 130/143 interrupted.")]
pub(crate) struct PlotArguments {
    #[command(flatten)]
    pub(crate) wanted: Wanted,
    /// Only the forecasts of this step, such as `forecast_of.model`
    #[arg(long, value_name = "NAME")]
    pub(crate) step: Option<String>,
    /// Only series whose name and labels hold this text
    #[arg(long, value_name = "TEXT")]
    pub(crate) series: Option<String>,
    /// Also what a forecast is made of: trend, week, year, holidays
    #[arg(long)]
    pub(crate) components: bool,
    /// Write SVG or PNG: to this file, or as SVG into this directory a file for each series
    #[arg(short, long, value_name = "FILE.svg|FILE.png|DIR")]
    pub(crate) output: Option<PathBuf>,
    /// The most forecasts to draw on the terminal
    #[arg(long, value_name = "COUNT", default_value_t = 6)]
    pub(crate) limit: usize,
}
