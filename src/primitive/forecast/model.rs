//! The record that every model gives.

use std::sync::Arc;

use chrono::NaiveDate;

use super::options::Options;
use super::settings::to_settings;
use crate::calendar::Calendar;
use crate::forecast::{Errors, Outcome};
use crate::outlook::{Fitted, History, Method, Outlook, Patience, Refusal};
use crate::primitive::Attempts;
use crate::primitive::record::record;
use crate::value::{ErrorKind, MapValue, Reflect, ReflectError, Sequence, Series, StepError, Type, Value};

/// Columns of one day by name, `map<text, float>`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Columns(pub(super) Vec<(Arc<str>, f64)>);

impl Reflect for Columns {
    fn ty() -> Type {
        Type::map(Type::Text, Type::Float)
    }
    fn from_value(value: Value) -> Result<Self, ReflectError> {
        let Value::Map(map) = &value else {
            return Err(ReflectError::Type { wanted: Self::ty(), found: value.kind() });
        };
        let pair =
            |(name, value): (&Value, &Value)| Ok((Arc::from_value(name.clone())?, f64::from_value(value.clone())?));
        map.iter().map(pair).collect::<Result<_, ReflectError>>().map(Self)
    }
    fn into_value(self) -> Value {
        let pairs = self.0.into_iter().map(|(name, value)| (Value::Text(name), Value::Float(value)));
        Value::Map(Arc::new(pairs.collect::<MapValue>()))
    }
}

record! {
    /// What is expected of a day.
    pub(super) struct Prediction {
        /// The day.
        day: NaiveDate,
        /// The forecast.
        yhat: f64,
        /// The interval's lower bound.
        lower: f64,
        /// The interval's upper bound.
        upper: f64,
        /// The trend alone.
        trend: f64,
        /// Every column, by Prophet's name for it.
        columns: Columns,
    }
}

record! {
    /// A day on which the trend may change.
    pub(super) struct Changepoint {
        /// The day.
        day: NaiveDate,
        /// By how much its rate changes, in scaled units.
        delta: f64,
    }
}

record! {
    /// A day of the history.
    pub(super) struct Observed {
        /// The day.
        day: NaiveDate,
        /// Its value.
        value: f64,
        /// Whether it was filled in.
        filled: bool,
    }
}

record! {
    /// How good a model was in a back-test.
    pub(super) struct ScoreRow {
        /// The model.
        model: Arc<str>,
        /// From how many days it forecast.
        windows: i64,
        /// How many forecasts were compared.
        points: i64,
        /// The mean absolute error.
        mae: Option<f64>,
        /// As a share of the value.
        mape: Option<f64>,
        /// As a share of the mean of value and forecast.
        smape: Option<f64>,
        /// The share of values within the interval.
        coverage: Option<f64>,
        /// Why it could not be tested.
        error: Option<Arc<str>>,
    }
}

record! {
    /// A fitted model and its forecast.
    pub(super) struct ModelRecord {
        /// `prophet`, `ets` or `naive`.
        model: Arc<str>,
        /// The series' name and labels.
        series: Arc<str>,
        /// The first day of the history.
        first_day: NaiveDate,
        /// The last day of the history.
        last_day: NaiveDate,
        /// Days of the history with a value of their own.
        points: i64,
        /// Business days without one, which were filled.
        filled: i64,
        /// Days with points that were left out because the calendar is closed on them.
        closed: i64,
        /// The forecast, a record for each day.
        predictions: Vec<Prediction>,
        /// The mean absolute error within the history, as a share of the value; values of zero do not count.
        mape: Option<f64>,
        /// What the model does not explain of the history: the root of its mean square.
        sigma: f64,
        /// Where the trend may change.
        changepoints: Vec<Changepoint>,
        /// How the fit went.
        fit: Arc<str>,
        /// How the models were compared, when several were.
        scores: Vec<ScoreRow>,
        /// The history as the model saw it.
        history: Vec<Observed>,
        /// What it was made with; the same settings on the same history give the same model.
        settings: Arc<serde_json::Value>,
    }
}

/// A model that some step gave, as it can be fitted again.
#[derive(Debug, Clone)]
pub struct Made {
    /// The series' name and labels.
    pub series: String,
    /// What the model saw.
    pub history: History,
    /// The model, not fitted.
    pub method: Method,
    /// The days of its forecast.
    pub days: Vec<NaiveDate>,
}

/// What the models of a value were made with: a record that `forecast.…` gave, or several of them.
pub fn made(value: &Value) -> Vec<Result<Made, StepError>> {
    match value {
        Value::Record(record) => {
            let is_model =
                ["model", "predictions", "history", "settings"].iter().all(|name| record.get(name).is_some());
            if is_model {
                ModelRecord::from_value(value.clone()).ok().map(|model| again(&model)).into_iter().collect()
            } else {
                Vec::new()
            }
        }
        _ => Sequence::of(value).iter().flat_map(Sequence::iter).flat_map(|item| made(&item)).collect(),
    }
}

fn again(model: &ModelRecord) -> Result<Made, StepError> {
    let closed = usize::try_from(model.closed).unwrap_or(0);
    Ok(Made {
        series: model.series.to_string(),
        method: super::settings::method(&model.model, &model.settings)?,
        history: History {
            days: model.history.iter().map(|seen| seen.day).collect(),
            values: model.history.iter().map(|seen| seen.value).collect(),
            filled: model.history.iter().map(|seen| seen.filled).collect(),
            closed,
        },
        days: model.predictions.iter().map(|p| p.day).collect(),
    })
}

/// A series on a calendar, to be forecast.
pub(super) struct Task<'a> {
    pub(super) series: &'a Series,
    pub(super) on: &'a Calendar,
    pub(super) horizon: usize,
    pub(super) attempts: &'a Attempts,
}

/// A count as the language has it.
pub(super) fn int(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// A refusal as the failure of the step; one for want of time as the step's own limit says it.
pub(super) fn failure(refusal: Refusal, attempts: &Attempts) -> StepError {
    if let Some(error) = attempts.must_end().filter(|_| refusal.is_late) {
        return error;
    }
    let kind = if refusal.is_late { ErrorKind::Timeout } else { ErrorKind::Data };
    let error = StepError::new(kind, refusal.message);
    match refusal.help {
        Some(help) => error.help(help),
        None => error,
    }
}

/// Calls `work` with what is left of the attempt's time.
pub(super) fn patiently<T>(
    attempts: &Attempts,
    work: impl FnOnce(&Patience<'_>) -> Result<T, Refusal>,
) -> Result<T, StepError> {
    // Rounded up: nothing is left only when nothing is.
    let left = || attempts.time_left().map(|left| u64::try_from(left.as_micros().div_ceil(1000)).unwrap_or(u64::MAX));
    work(&Patience(&left)).map_err(|refusal| failure(refusal, attempts))
}

impl Task<'_> {
    /// The history of the series.
    pub(super) fn history(&self, options: &Options) -> Result<History, StepError> {
        let points = &self.series.points;
        let history = History::of(&points.at_ms, &points.values, self.on, options.gaps());
        history.map_err(|refusal| failure(refusal, self.attempts))
    }

    /// Fits a model and forecasts.
    pub(super) fn model(&self, method: &Method, history: &History, options: Options) -> Result<ModelRecord, StepError> {
        patiently(self.attempts, |patience| {
            let fitted = method.fit(history, patience)?;
            let ahead = fitted.ahead(&history.ahead(self.horizon, self.on)?)?;
            let within = fitted.in_sample(&history.days)?;
            Ok(self.record(method, history, options, (&fitted, &ahead, &within)))
        })
    }

    fn record(
        &self,
        method: &Method,
        history: &History,
        options: Options,
        (fitted, ahead, within): (&Fitted, &Outlook, &Outlook),
    ) -> ModelRecord {
        let changepoint = |shift: crate::outlook::Shift| Changepoint { day: shift.day, delta: shift.delta };
        let days = history.days.iter().zip(&history.values).zip(&history.filled);
        let observed = days.map(|((day, value), filled)| Observed { day: *day, value: *value, filled: *filled });
        ModelRecord {
            model: method.name().into(),
            series: self.series.id().into(),
            first_day: history.days.first().copied().unwrap_or_default(),
            last_day: history.last_day(),
            points: int(history.observed()),
            filled: int(history.days.len() - history.observed()),
            closed: int(history.closed),
            predictions: predictions(ahead),
            mape: within_history(history, within).and_then(|errors| errors.mape),
            sigma: noise(history, within),
            changepoints: fitted.shifts().into_iter().map(changepoint).collect(),
            fit: fitted.told().into(),
            scores: Vec::new(),
            history: observed.collect(),
            settings: Arc::new(to_settings(method, options)),
        }
    }
}

fn predictions(outlook: &Outlook) -> Vec<Prediction> {
    let names: Vec<Arc<str>> = outlook.columns.iter().map(|(name, _)| Arc::from(name.as_str())).collect();
    let at = |name: &str, row: usize| outlook.column(name).get(row).copied().unwrap_or(f64::NAN);
    let prediction = |(row, day): (usize, &NaiveDate)| {
        let columns = names.iter().zip(&outlook.columns);
        let columns = columns.filter_map(|(name, (_, values))| Some((name.clone(), *values.get(row)?)));
        Prediction {
            day: *day,
            yhat: at("yhat", row),
            lower: at("yhat_lower", row),
            upper: at("yhat_upper", row),
            trend: at("trend", row),
            columns: Columns(columns.collect()),
        }
    };
    outlook.days.iter().enumerate().map(prediction).collect()
}

/// Days with a value of their own beside what the model makes of them.
fn outcomes(history: &History, within: &Outlook) -> Vec<Outcome> {
    let bounds = within.column("yhat_lower").iter().zip(within.column("yhat_upper"));
    let known = within.days.iter().zip(within.column("yhat")).zip(bounds);
    let outcome = |((day, yhat), (lower, upper)): ((&NaiveDate, &f64), (&f64, &f64))| {
        let place = history.days.binary_search(day).ok()?;
        let is_own = !*history.filled.get(place)?;
        let y = history.values.get(place).copied()?;
        is_own.then_some(Outcome { y, yhat: *yhat, lower: *lower, upper: *upper })
    };
    known.filter_map(outcome).collect()
}

fn within_history(history: &History, within: &Outlook) -> Option<Errors> {
    Errors::of(&outcomes(history, within))
}

/// The root of the mean square of what the model does not explain.
fn noise(history: &History, within: &Outlook) -> f64 {
    let outcomes = outcomes(history, within);
    let squares: f64 = outcomes.iter().map(|outcome| (outcome.y - outcome.yhat).powi(2)).sum();
    if outcomes.is_empty() { 0.0 } else { (squares / outcomes.len() as f64).sqrt() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_within_the_history_counts_what_was_seen() {
        let days: Vec<NaiveDate> = NaiveDate::default().iter_days().take(4).collect();
        let history = History {
            days: days.clone(),
            values: vec![10.0, 10.0, 10.0, 20.0],
            filled: vec![false, true, false, false],
            closed: 0,
        };
        let yhat = vec![0.0, 9.0, 30.0];
        let column = |name: &str| (name.to_owned(), yhat.clone());
        let columns = vec![column("yhat"), column("yhat_lower"), column("yhat_upper")];
        // The first day was not forecast, the second was filled in.
        let within = Outlook { days: days[1..].to_vec(), columns, parts: Vec::new() };
        assert!((within_history(&history, &within).unwrap().mape.unwrap() - 0.3).abs() < 1e-12);
        assert!((noise(&history, &within) - 50.5_f64.sqrt()).abs() < 1e-12);
        assert!(noise(&history, &Outlook::default()).abs() < 1e-12);
    }
}
