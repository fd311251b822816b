//! The models behind one door, so that they can be compared.

use std::ops::Range;

use super::ets::{Ets, EtsSettings};
use super::input::{Future, Observations};
use super::naive::{NaiveSettings, SeasonalNaive};
use super::output::Forecast;
use super::prophet::Model;
use super::score::Outcome;
use super::{ForecastError, Settings};

/// A kind of model with its settings.
#[derive(Debug, Clone, PartialEq)]
pub enum Method {
    /// Prophet's.
    Prophet(Box<Settings>),
    /// As a season ago.
    SeasonalNaive(NaiveSettings),
    /// Exponential smoothing.
    Ets(EtsSettings),
}

/// A fitted model of any kind.
#[derive(Debug, Clone)]
pub enum Fitted {
    /// Prophet's.
    Prophet(Box<Model>),
    /// As a season ago.
    SeasonalNaive(SeasonalNaive),
    /// Exponential smoothing.
    Ets(Box<Ets>),
}

impl Method {
    /// Fits the model to a series.
    pub fn fit(&self, observations: &Observations) -> Result<Fitted, ForecastError> {
        Ok(match self {
            Self::Prophet(settings) => Fitted::Prophet(Box::new(Model::fit(observations, settings)?)),
            Self::SeasonalNaive(settings) => Fitted::SeasonalNaive(SeasonalNaive::fit(observations, settings)?),
            Self::Ets(settings) => Fitted::Ets(Box::new(Ets::fit(observations, settings)?)),
        })
    }
}

impl Fitted {
    /// The forecast of some times.
    pub fn predict(&self, future: &Future) -> Result<Forecast, ForecastError> {
        match self {
            Self::Prophet(model) => model.predict(future),
            Self::SeasonalNaive(model) => model.predict(future),
            Self::Ets(model) => model.predict(future),
        }
    }
}

/// A turn of a backtest: what is learnt from, and what is forecast, both as rows of a series in the order of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fold {
    /// The rows to learn from.
    pub train: Range<usize>,
    /// The rows to forecast.
    pub test: Range<usize>,
}

/// Forecasts each fold's rows from what was known before them; what came of each row, fold by fold. Times without a value, or
/// that occur more than once, are not forecast.
pub fn backtest(
    observations: &Observations,
    folds: &[Fold],
    method: &Method,
) -> Result<Vec<Vec<Outcome>>, ForecastError> {
    folds.iter().map(|fold| turn(observations, fold, method)).collect()
}

fn turn(observations: &Observations, fold: &Fold, method: &Method) -> Result<Vec<Outcome>, ForecastError> {
    let model = method.fit(&part(observations, &fold.train)?)?;
    let test = part(observations, &fold.test)?;
    let kept: Vec<bool> = test
        .at_s
        .iter()
        .zip(&test.y)
        .map(|(at_s, y)| !y.is_nan() && test.at_s.iter().filter(|other| *other == at_s).count() == 1)
        .collect();
    let test = Observations {
        at_s: keep(&test.at_s, &kept),
        y: keep(&test.y, &kept),
        cap: test.cap.map(|cap| keep(&cap, &kept)),
        floor: test.floor.map(|floor| keep(&floor, &kept)),
        regressors: test.regressors.into_iter().map(|(name, values)| (name, keep(&values, &kept))).collect(),
        conditions: test.conditions.into_iter().map(|(name, values)| (name, keep(&values, &kept))).collect(),
    };
    if test.at_s.is_empty() {
        return Ok(Vec::new());
    }
    let Observations { at_s, y, cap, floor, regressors, conditions } = test;
    let forecast = model.predict(&Future { at_s: at_s.clone(), cap, floor, regressors, conditions })?;
    let mut by_time: Vec<(i64, f64)> = at_s.into_iter().zip(y).collect();
    by_time.sort_by_key(|(at_s, _)| *at_s);
    let bounds = forecast.yhat_lower.iter().zip(&forecast.yhat_upper);
    let found = by_time.into_iter().zip(&forecast.yhat).zip(bounds);
    Ok(found.map(|(((_, y), yhat), (lower, upper))| Outcome { y, yhat: *yhat, lower: *lower, upper: *upper }).collect())
}

fn keep<T: Copy>(values: &[T], kept: &[bool]) -> Vec<T> {
    values.iter().zip(kept).filter(|(_, kept)| **kept).map(|(value, _)| *value).collect()
}

/// Some rows of a column.
fn cut<T: Clone>(name: &str, values: &[T], rows: &Range<usize>, wanted: usize) -> Result<Vec<T>, ForecastError> {
    let whole = (values.len() == wanted).then(|| values.get(rows.clone())).flatten();
    let error = || ForecastError::Length { column: name.to_owned(), found: values.len().min(rows.end), wanted };
    whole.map(<[T]>::to_vec).ok_or_else(error)
}

/// Some rows of a series.
fn part(observations: &Observations, rows: &Range<usize>) -> Result<Observations, ForecastError> {
    let wanted = observations.at_s.len();
    let named = |(name, values): &(String, Vec<f64>)| Ok((name.clone(), cut(name, values, rows, wanted)?));
    let condition = |(name, values): &(String, Vec<bool>)| Ok((name.clone(), cut(name, values, rows, wanted)?));
    let optional =
        |name: &str, values: Option<&Vec<f64>>| values.map(|values| cut(name, values, rows, wanted)).transpose();
    Ok(Observations {
        at_s: cut("times", &observations.at_s, rows, wanted)?,
        y: cut("y", &observations.y, rows, wanted)?,
        cap: optional("cap", observations.cap.as_ref())?,
        floor: optional("floor", observations.floor.as_ref())?,
        regressors: observations.regressors.iter().map(named).collect::<Result<_, ForecastError>>()?,
        conditions: observations.conditions.iter().map(condition).collect::<Result<_, ForecastError>>()?,
    })
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "the figures are exact")]
mod tests {
    use super::*;
    use crate::forecast::Errors;

    #[test]
    fn folds_are_forecast_from_what_was_before() {
        let at_s: Vec<i64> = (0..28).map(|day| day * 86_400).collect();
        let mut y: Vec<f64> = (0..28).map(|day| f64::from(day % 7) + 10.0 * f64::from(day / 7)).collect();
        y[22] = f64::NAN;
        let observations = Observations::new(at_s, y);
        let folds = [Fold { train: 0..14, test: 14..21 }, Fold { train: 0..21, test: 21..28 }];
        let method = Method::SeasonalNaive(NaiveSettings::default());
        let outcomes = backtest(&observations, &folds, &method).unwrap();
        assert_eq!(outcomes.iter().map(Vec::len).collect::<Vec<_>>(), [7, 6]);
        // Each week is ten above the one before, which the naive forecast does not see.
        assert_eq!(Errors::of(&outcomes.concat()).unwrap().mae, 10.0);
        let beyond = Fold { train: 0..14, test: 20..40 };
        assert!(backtest(&observations, &[beyond], &method).is_err());
    }
}
