//! `forecast.ets` and `forecast.naive`.

use std::sync::Arc;

use super::choice::{Horizon, InnerShare, Repeats, Week};
use super::model::{ModelRecord, Task};
use super::options::Options;
use crate::calendar::Calendar;
use crate::forecast::{EtsSettings, NaiveSettings};
use crate::outlook::{Gaps, History, Method};
use crate::primitive::{Attempts, Example, Form, Heavy, Primitive, args};
use crate::value::{BusinessDays, Series, StepError};

/// The interval when none is stated, as Prophet has it.
pub(super) const INTERVAL: f64 = 0.8;

/// Exponential smoothing; a week has as many rows as the history has weekdays.
pub(super) fn ets(season: Week, interval: f64, history: &History) -> Method {
    let season_length = if season == Week::Week { history.weekdays() } else { 1 };
    Method::Ets(EtsSettings { season_length, interval_width: interval, ..EtsSettings::default() })
}

/// What was, comes again.
pub(super) fn naive(season: Repeats, interval: f64) -> Method {
    let days = match season {
        Repeats::Day => 1,
        Repeats::Week => 7,
        Repeats::Year => 364,
    };
    Method::Naive(NaiveSettings { season_s: days * 86_400, interval_width: interval })
}

/// The model of a method that has no settings besides.
fn made(task: &Task<'_>, gaps: Gaps, method: impl FnOnce(&History) -> Method) -> Result<ModelRecord, StepError> {
    let options = Options { gaps: Some(gaps), ..Options::default() };
    let history = task.history(&options)?;
    task.model(&method(&history), &history, options)
}

pub(super) struct ForecastEts;
args! {
    pub(super) struct EtsArgs {
        /// The series, by business day as `forecast.prophet` has it.
        series: Arc<Series>,
        /// The calendar.
        on: Arc<Calendar>,
        /// How many business days to forecast.
        horizon: Horizon = Horizon(BusinessDays(20)),
        /// Whether weekdays differ; the form that fits best may find that they do not.
        season: Week = Week::Week,
        /// How much of the future the interval holds.
        interval: InnerShare = InnerShare(INTERVAL),
        /// What becomes of business days without a value.
        gaps: Gaps = Gaps::Interpolate,
    }
}
impl Primitive for ForecastEts {
    type Args = EtsArgs;
    type Output = ModelRecord;
    const NAME: &'static str = "forecast.ets";
    const FORM: Form = Form::Namespace;
    const SUMMARY: &'static str = "Forecasts a series by exponential smoothing of its level, its trend and its week; the form is the one that fits best.";
    const EXAMPLES: &'static [Example] = &[Example {
        source: r#"forecast.ets(series("nav", points: [{ at: midnight(d, "UTC"), value: 7.0 } for d in calendars.weekdays().days(2025-01-01 through 2025-03-31)]), on: calendars.weekdays(), horizon: 2bd).predictions[1].day"#,
        gives: "2025-04-02",
    }];
}
impl Heavy for ForecastEts {
    fn run(args: EtsArgs, attempts: &Attempts) -> Result<ModelRecord, StepError> {
        let task = Task { series: &args.series, on: &args.on, horizon: args.horizon.days(), attempts };
        made(&task, args.gaps, |history| ets(args.season, args.interval.0, history))
    }
}

pub(super) struct ForecastNaive;
args! {
    pub(super) struct NaiveArgs {
        /// The series, by business day as `forecast.prophet` has it.
        series: Arc<Series>,
        /// The calendar.
        on: Arc<Calendar>,
        /// How many business days to forecast.
        horizon: Horizon = Horizon(BusinessDays(20)),
        /// What repeats: the value of the same weekday a week before, that of 52 weeks before, or the last one.
        season: Repeats = Repeats::Week,
        /// How much of the future the interval holds.
        interval: InnerShare = InnerShare(INTERVAL),
        /// What becomes of business days without a value.
        gaps: Gaps = Gaps::Interpolate,
    }
}
impl Primitive for ForecastNaive {
    type Args = NaiveArgs;
    type Output = ModelRecord;
    const NAME: &'static str = "forecast.naive";
    const FORM: Form = Form::Namespace;
    const SUMMARY: &'static str =
        "Forecasts that what was, comes again: the forecast that every other one has to beat.";
    const EXAMPLES: &'static [Example] = &[Example {
        source: r#"forecast.naive(series("nav", points: [{ at: midnight(d, "UTC"), value: d.day * 1.0 } for d in calendars.weekdays().days(2025-01-06 through 2025-01-17)]), on: calendars.weekdays(), horizon: 1bd).predictions[0].yhat"#,
        gives: "13",
    }];
}
impl Heavy for ForecastNaive {
    fn run(args: NaiveArgs, attempts: &Attempts) -> Result<ModelRecord, StepError> {
        let task = Task { series: &args.series, on: &args.on, horizon: args.horizon.days(), attempts };
        made(&task, args.gaps, |_| naive(args.season, args.interval.0))
    }
}
