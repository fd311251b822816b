//! Exponential smoothing in state space form: error, trend and season, each additive, multiplicative or none, after Hyndman,
//! Koehler, Ord and Snyder, *Forecasting with Exponential Smoothing* (2008). Likelihood and states are theirs; which form fits is
//! decided by the corrected criterion of Akaike.

mod form;
mod search;
mod simplex;

pub use form::{Error, Form, Season, Trend};

use super::ForecastError;
use super::input::{Future, Observations};
use super::normal::quantile;
use super::output::Forecast;
use super::prophet::{Random, percentile};
use super::table::{self, Row};
use form::{Smoothing, State, run};

/// How an [`Ets`] is chosen.
#[derive(Debug, Clone, PartialEq)]
pub struct EtsSettings {
    /// How many rows a season has: 5 for business days in a week; 1 for none.
    pub season_length: usize,
    /// The form; if not given, the one of the least corrected criterion of Akaike.
    pub form: Option<Form>,
    /// How much of the future the interval holds, in (0, 1).
    pub interval_width: f64,
    /// The paths that the interval of a multiplicative form is taken from.
    pub paths: usize,
}

impl Default for EtsSettings {
    fn default() -> Self {
        Self { season_length: 1, form: None, interval_width: 0.8, paths: 1000 }
    }
}

/// A fitted model.
#[derive(Debug, Clone, PartialEq)]
pub struct Ets {
    settings: EtsSettings,
    form: Form,
    smoothing: Smoothing,
    /// The state after the last row.
    state: State,
    sigma: f64,
    aicc: f64,
    rows: Vec<Row>,
    /// What each row was expected to be before it was seen.
    expected: Vec<f64>,
}

impl Ets {
    /// Fits a series. Rows count as evenly spaced, whatever their times; one without a value leaves the state as expected.
    pub fn fit(observations: &Observations, settings: &EtsSettings) -> Result<Self, ForecastError> {
        table::width(settings.interval_width)?;
        let rows = table::rows(observations)?;
        let values: Vec<f64> = rows.iter().map(|row| row.y).collect();
        let found = search::best(&values, settings)?;
        let traced = run(found.form, &found.smoothing, found.first, &values);
        let (form, smoothing, aicc, sigma) = (found.form, found.smoothing, found.aicc, traced.sigma);
        let settings = settings.clone();
        Ok(Self { settings, form, smoothing, state: traced.state, sigma, aicc, rows, expected: traced.expected })
    }

    /// The form that was chosen.
    pub fn form(&self) -> Form {
        self.form
    }

    /// Its corrected criterion of Akaike: less is better.
    pub fn aicc(&self) -> f64 {
        self.aicc
    }

    /// The forecast of some times: those after the history are the next rows, one after another; those of the history are what was
    /// expected of them.
    pub fn predict(&self, future: &Future) -> Result<Forecast, ForecastError> {
        let times = table::times(future)?;
        let last = self.rows.last().map_or(i64::MIN, |row| row.at_s);
        let steps = times.iter().filter(|at_s| **at_s > last).count();
        let mut ahead = self.ahead(steps).into_iter();
        let reach = self.z() * self.sigma;
        let mut rows = Vec::with_capacity(times.len());
        for at_s in &times {
            if *at_s > last {
                rows.extend(ahead.next());
            } else {
                let yhat = self.past(*at_s)?;
                let reach = if self.form.error == Error::Additive { reach } else { reach * yhat.abs() };
                rows.push([yhat, yhat - reach, yhat + reach]);
            }
        }
        table::bounded(times, rows.into_iter())
    }

    fn z(&self) -> f64 {
        quantile(0.5 + 0.5 * self.settings.interval_width)
    }

    fn past(&self, at_s: i64) -> Result<f64, ForecastError> {
        let place = self.rows.binary_search_by_key(&at_s, |row| row.at_s).ok();
        place.and_then(|place| self.expected.get(place).copied()).ok_or_else(|| ForecastError::OutOfRange {
            what: "a time to forecast lies within the history, but is none of its rows".to_owned(),
        })
    }

    /// The next rows with their bounds.
    fn ahead(&self, steps: usize) -> Vec<[f64; 3]> {
        let mut state = self.state.clone();
        let points: Vec<f64> = (0..steps)
            .map(|_| {
                let point = state.expected(self.form, &self.smoothing);
                state.advance(self.form, &self.smoothing, 0.0);
                point
            })
            .collect();
        if self.form.is_additive() {
            let reaches = self.spreads(steps);
            return points.iter().zip(reaches).map(|(point, reach)| [*point, point - reach, point + reach]).collect();
        }
        self.simulated(&points)
    }

    /// How far the bounds of an additive form are off: errors of the rows between count as much as their effect lasts.
    fn spreads(&self, steps: usize) -> Vec<f64> {
        let mut state = self.state.without_level();
        state.advance(self.form, &self.smoothing, 1.0);
        let mut variance = 1.0;
        let z = self.z();
        let spread = |_| {
            let reach = z * self.sigma * f64::sqrt(variance);
            let effect = state.expected(self.form, &self.smoothing);
            state.advance(self.form, &self.smoothing, 0.0);
            variance += effect * effect;
            reach
        };
        (0..steps).map(spread).collect()
    }

    /// The bounds of a multiplicative form, which have no formula: percentiles of paths, the same each time.
    fn simulated(&self, points: &[f64]) -> Vec<[f64; 3]> {
        let mut random = Random::seeded(0);
        let mut columns: Vec<Vec<f64>> = vec![Vec::with_capacity(self.settings.paths); points.len()];
        for _ in 0..self.settings.paths {
            let mut state = self.state.clone();
            for column in &mut columns {
                let expected = state.expected(self.form, &self.smoothing);
                let unit = if self.form.error == Error::Additive { 1.0 } else { expected };
                let error = unit * self.sigma * random.normal();
                column.push(expected + error);
                state.advance(self.form, &self.smoothing, error);
            }
        }
        let tail = 0.5 - 0.5 * self.settings.interval_width;
        let bounds = columns.iter_mut().zip(points).map(|(column, point)| {
            if column.is_empty() {
                return [*point; 3];
            }
            [*point, percentile(column, tail), percentile(column, 1.0 - tail)]
        });
        bounds.collect()
    }
}

#[cfg(test)]
mod tests;
