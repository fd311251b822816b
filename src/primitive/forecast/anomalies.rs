//! What a forecast is good for: its columns, odd values beside it, odd series of a group.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::NaiveDate;

use super::choice::AboveZero;
use super::model::{Prediction, failure};
use crate::calendar::Calendar;
use crate::diagnostic::did_you_mean;
use crate::forecast::Outcome;
use crate::outlook::{Gaps, History, outliers};
use crate::primitive::record::record;
use crate::primitive::{Attempts, Example, Form, Heavy, Primitive, Pure, args};
use crate::value::{ErrorKind, Series, StepError};

pub(super) struct ForecastColumn;
args! {
    pub(super) struct ColumnArgs {
        /// A day of a forecast.
        prediction: Prediction,
        /// The column by Prophet's name for it, such as `yhat_lower` or `weekly`.
        column: Arc<str>,
    }
}
impl Primitive for ForecastColumn {
    type Args = ColumnArgs;
    type Output = f64;
    const NAME: &'static str = "forecast.column";
    const FORM: Form = Form::Namespace;
    const SUMMARY: &'static str = "A column of one day of a forecast; one that it does not have fails.";
    const EXAMPLES: &'static [Example] = &[Example {
        source: r#"forecast.column({ day: 2025-01-31, yhat: 1.5, lower: 1.0, upper: 2.0, trend: 1.5, columns: { "yhat": 1.5 } }, "yhat")"#,
        gives: "1.5",
    }];
}
impl Pure for ForecastColumn {
    fn run(args: ColumnArgs) -> Result<f64, StepError> {
        let columns = &args.prediction.columns.0;
        let found = columns.iter().find(|(name, _)| *name == args.column);
        found.map(|(_, value)| *value).ok_or_else(|| {
            let error = StepError::new(ErrorKind::Missing, format!("the forecast has no column `{}`", args.column));
            // Bounds of components are those of nobody's forecast; leaving them out leaves what was meant.
            let names = columns.iter().map(|(name, _)| &**name);
            let hint = did_you_mean(&args.column, names.clone()).unwrap_or_else(|| {
                let is_bound = |name: &&str| name.ends_with("_lower") || name.ends_with("_upper");
                let shown: Vec<String> = names.filter(|name| !is_bound(name)).map(|name| format!("`{name}`")).collect();
                format!("it has {}, and the `_lower` and `_upper` of each", shown.join(", "))
            });
            error.help(hint)
        })
    }
}

record! {
    /// A value beside its forecast.
    pub(super) struct Anomaly {
        /// The day.
        day: NaiveDate,
        /// What came.
        value: f64,
        /// What was expected.
        yhat: f64,
        /// The lower bound.
        lower: f64,
        /// The upper bound.
        upper: f64,
        /// How odd it is: above 1 it lies outside of the interval.
        score: f64,
    }
}

pub(super) struct ForecastAnomalies;
args! {
    pub(super) struct AnomaliesArgs {
        /// What came.
        series: Arc<Series>,
        /// What was expected: the `predictions` of a model that did not know it yet.
        predictions: Vec<Prediction>,
        /// The calendar, by whose days the series is taken.
        on: Arc<Calendar>,
    }
}
impl Primitive for ForecastAnomalies {
    type Args = AnomaliesArgs;
    type Output = Vec<Anomaly>;
    const NAME: &'static str = "forecast.anomalies";
    const FORM: Form = Form::Namespace;
    const SUMMARY: &'static str = "How odd the values of the days are that were forecast: the distance from the forecast as a share of the distance to the bound on that side, as vmanomaly has it.";
    const EXAMPLES: &'static [Example] = &[Example {
        source: r#"forecast.anomalies(series("nav", points: [{ at: 2025-01-31T06:00Z, value: 3.0 }]), predictions: [{ day: 2025-01-31, yhat: 1.5, lower: 1.0, upper: 2.0, trend: 1.5, columns: { "yhat": 1.5 } }], on: calendars.weekdays())[0].score"#,
        gives: "3",
    }];
}
impl Pure for ForecastAnomalies {
    fn run(args: AnomaliesArgs) -> Result<Vec<Anomaly>, StepError> {
        let points = &args.series.points;
        if points.is_empty() {
            return Ok(Vec::new());
        }
        let data = |refusal: crate::outlook::Refusal| StepError::new(ErrorKind::Data, refusal.message);
        let history = History::of(&points.at_ms, &points.values, &args.on, Gaps::Leave).map_err(data)?;
        let came: HashMap<NaiveDate, f64> = history.days.iter().copied().zip(history.values.iter().copied()).collect();
        let anomaly = |p: &Prediction| {
            let value = *came.get(&p.day)?;
            let score = Outcome { y: value, yhat: p.yhat, lower: p.lower, upper: p.upper }.anomaly_score();
            Some(Anomaly { day: p.day, value, yhat: p.yhat, lower: p.lower, upper: p.upper, score })
        };
        Ok(args.predictions.iter().filter_map(anomaly).collect())
    }
}

record! {
    /// A value that does not go with those of the other series.
    pub(super) struct OutlierRow {
        /// The name and labels of its series.
        series: Arc<str>,
        /// The day.
        day: NaiveDate,
        /// The value.
        value: f64,
        /// The median of all series that day.
        median: f64,
        /// How many standard deviations lie between, robustly taken.
        score: f64,
    }
}

pub(super) struct ForecastOutliers;
args! {
    pub(super) struct OutliersArgs {
        /// Series that should go together.
        series: Vec<Arc<Series>>,
        /// The calendar, by whose days they are taken.
        on: Arc<Calendar>,
        /// How many standard deviations from the median are too many.
        threshold: AboveZero = AboveZero(3.5),
    }
}
impl Primitive for ForecastOutliers {
    type Args = OutliersArgs;
    type Output = Vec<OutlierRow>;
    const NAME: &'static str = "forecast.outliers";
    const FORM: Form = Form::Namespace;
    const SUMMARY: &'static str = "Values that do not go with those of the other series of a group, by the median and the median absolute deviation of each day.";
    const EXAMPLES: &'static [Example] = &[Example {
        source: r#"[o.series for o in forecast.outliers([series(f"s{n}", points: [{ at: 2025-01-31T00:00Z, value: if n == 4 then 99.0 else n * 1.0 }]) for n in range(6)], on: calendars.weekdays())]"#,
        gives: "[s4{}]",
    }];
}
impl Heavy for ForecastOutliers {
    fn run(args: OutliersArgs, attempts: &Attempts) -> Result<Vec<OutlierRow>, StepError> {
        let mut known: Vec<&Arc<Series>> = Vec::new();
        let mut histories: Vec<History> = Vec::new();
        for series in args.series.iter().filter(|series| series.points.values.iter().any(|value| !value.is_nan())) {
            if let Some(ended) = attempts.must_end() {
                return Err(ended);
            }
            let history = History::of(&series.points.at_ms, &series.points.values, &args.on, Gaps::Leave);
            histories.push(history.map_err(|refusal| failure(refusal, attempts).context(series.id()))?);
            known.push(series);
        }
        let row = |outlier: crate::outlook::Outlier| {
            let series = known.get(outlier.series)?.id().into();
            let crate::outlook::Outlier { day, value, median, score, .. } = outlier;
            Some(OutlierRow { series, day, value, median, score })
        };
        Ok(outliers(&histories, args.threshold.0).into_iter().filter_map(row).collect())
    }
}
