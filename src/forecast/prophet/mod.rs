//! Prophet's model: prepared, fitted, used.

#![allow(
    clippy::float_cmp,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "equality is meant to the last bit here, and places in columns are computed as the reference does"
)]

mod bfgs;
mod changepoints;
mod eigen;
mod exact;
mod exp;
mod features;
mod fitted;
mod hessian;
mod history;
mod interval;
mod lanes;
mod lbfgs;
mod limit;
mod line_search;
mod logistic;
mod matrix;
mod newton;
mod objective;
mod optimise;
mod parameters;
mod problem;
mod random;
mod seasons;
mod shifts;
mod square;
mod steps;
mod sums;
#[cfg(test)]
mod tests;
mod trend;
mod validate;

use std::collections::BTreeMap;

use super::{Changepoint, Component, Forecast, ForecastError, Future, Mode, Observations, Settings, Summary};
pub(super) use interval::percentile;
pub(super) use random::Random;

use features::{Feature, Kind, features};
use fitted::Parameters;
use history::{Rows, Scales};
use interval::{Bounds, Uncertain};
use problem::Problem;
use seasons::Season;

/// A fitted model.
#[derive(Debug, Clone)]
pub struct Model {
    settings: Settings,
    scales: Scales,
    seasons: Vec<Season>,
    /// The times of the changepoints as shares of the history; a single 0 stands for none.
    changes: Vec<f64>,
    changepoints: Vec<Changepoint>,
    parameters: Parameters,
    /// The mean step of the history, as a share of it.
    history_step: f64,
    summary: Summary,
}

impl Model {
    /// Fits the model to a series. Rows without a value are left out.
    pub fn fit(observations: &Observations, settings: &Settings) -> Result<Self, ForecastError> {
        let Prepared { problem, scales, seasons, times, history_step } = prepare(observations, settings)?;
        let (mut parameters, summary) = optimise::optimise(&problem, &settings.fit, &scales)?;
        if times.is_empty() {
            parameters.fold();
        }
        let given = times.iter().zip(&parameters.delta);
        let changepoints = given.map(|(at_s, delta)| Changepoint { at_s: *at_s, delta: *delta }).collect();
        let (settings, changes) = (settings.clone(), problem.changes);
        Ok(Self { settings, scales, seasons, changes, changepoints, parameters, history_step, summary })
    }

    /// The forecast of some times, which may be of the past.
    pub fn predict(&self, future: &Future) -> Result<Forecast, ForecastError> {
        let rows = history::future(future, &self.scales, &self.settings)?;
        let features = features(&rows, &self.seasons, &self.settings)?;
        let scaled = trend::trend(self.settings.growth, &self.parameters, &self.changes, &rows.t, &rows.cap);
        let components = self.components(&features, rows.t.len());
        let added = component(&components, "additive_terms");
        let factor: Vec<f64> = component(&components, "multiplicative_terms").iter().map(|share| 1.0 + share).collect();
        let bounds = self.bounds(&rows, &scaled, added, &factor)?;
        let trend: Vec<f64> =
            scaled.iter().zip(&rows.floor).map(|(trend, floor)| trend * self.scales.y + floor).collect();
        let yhat: Vec<f64> =
            trend.iter().zip(&factor).zip(added).map(|((trend, factor), added)| trend * factor + added).collect();
        let bounds = bounds.unwrap_or_else(|| Bounds {
            yhat_lower: yhat.clone(),
            yhat_upper: yhat.clone(),
            trend_lower: trend.clone(),
            trend_upper: trend.clone(),
        });
        let Bounds { yhat_lower, yhat_upper, trend_lower, trend_upper } = bounds;
        let at_s = rows.at_s;
        let forecast = Forecast { at_s, yhat, yhat_lower, yhat_upper, trend, trend_lower, trend_upper, components };
        finite(forecast)
    }

    /// Where the trend may change, in order, and by how much it does.
    pub fn changepoints(&self) -> &[Changepoint] {
        &self.changepoints
    }

    /// How the fit went.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// The parts of the forecast by name, sorted.
    fn components(&self, features: &[Feature], count: usize) -> Vec<Component> {
        let mut parts: BTreeMap<&str, (Mode, Vec<f64>)> = BTreeMap::new();
        let none = || vec![0.0; count];
        parts.insert("additive_terms", (Mode::Additive, none()));
        parts.insert("multiplicative_terms", (Mode::Multiplicative, none()));
        for (feature, beta) in features.iter().zip(&self.parameters.beta) {
            let Some(mode) = feature.mode else { continue };
            for name in groups(feature, mode) {
                let (_, total) = parts.entry(name).or_insert_with(|| (mode, none()));
                for (total, value) in total.iter_mut().zip(&feature.values) {
                    *total += value * beta;
                }
            }
        }
        let unit = |mode| if mode == Mode::Additive { self.scales.y } else { 1.0 };
        let parts = parts.into_iter().map(|(name, (mode, values))| {
            let values = values.into_iter().map(|value| value * unit(mode)).collect();
            Component { name: name.to_owned(), mode, values }
        });
        parts.collect()
    }

    fn bounds(
        &self,
        rows: &Rows,
        trend: &[f64],
        added: &[f64],
        factor: &[f64],
    ) -> Result<Option<Bounds>, ForecastError> {
        if self.settings.uncertainty_samples == 0 {
            return Ok(None);
        }
        let uncertain = Uncertain {
            growth: self.settings.growth,
            parameters: &self.parameters,
            changes: &self.changes,
            history_step: self.history_step,
            t: &rows.t,
            cap: &rows.cap,
            floor: &rows.floor,
            trend,
            added,
            factor,
            y_scale: self.scales.y,
            samples: self.settings.uncertainty_samples,
            width: self.settings.interval_width,
        };
        uncertain.bounds(self.settings.seed).map(Some)
    }
}

/// A series ready to be fitted.
struct Prepared {
    problem: Problem,
    scales: Scales,
    seasons: Vec<Season>,
    /// The times of the changepoints.
    times: Vec<i64>,
    history_step: f64,
}

/// Checks and scales a series, and builds what is fitted.
fn prepare(observations: &Observations, settings: &Settings) -> Result<Prepared, ForecastError> {
    validate::settings(settings)?;
    let (rows, y, scales) = history::history(observations, settings)?;
    let seasons = seasons::seasons(settings, &rows.at_s);
    let features = features(&rows, &seasons, settings)?;
    let times = changepoints::changepoints(settings, &rows.at_s)?;
    let changes = if times.is_empty() { vec![0.0] } else { times.iter().map(|at_s| scales.time(*at_s)).collect() };
    let history_step = mean_step(&rows.t);
    let trend = (settings.growth, settings.changepoint_prior_scale);
    let problem = Problem::new(trend, (rows.t, y, rows.cap), changes, features);
    Ok(Prepared { problem, scales, seasons, times, history_step })
}

/// The parts that a column counts in.
fn groups(feature: &Feature, mode: Mode) -> impl Iterator<Item = &str> {
    let terms = match mode {
        Mode::Additive => "additive_terms",
        Mode::Multiplicative => "multiplicative_terms",
    };
    let group = match (feature.kind, mode) {
        (Kind::Holiday, _) => Some("holidays"),
        (Kind::Regressor, Mode::Additive) => Some("extra_regressors_additive"),
        (Kind::Regressor, Mode::Multiplicative) => Some("extra_regressors_multiplicative"),
        (Kind::Season | Kind::Zeros, _) => None,
    };
    [Some(&*feature.part), Some(terms), group].into_iter().flatten()
}

fn component<'a>(components: &'a [Component], name: &str) -> &'a [f64] {
    components.iter().find(|component| component.name == name).map_or(&[], |component| &component.values)
}

fn mean_step(t: &[f64]) -> f64 {
    sums::mean(&t.iter().zip(t.iter().skip(1)).map(|(from, to)| to - from).collect::<Vec<_>>())
}

/// A forecast of which every value is a number.
fn finite(forecast: Forecast) -> Result<Forecast, ForecastError> {
    if columns(&forecast).all(|column| column.iter().all(|value| value.is_finite())) {
        return Ok(forecast);
    }
    Err(ForecastError::OutOfRange { what: "the forecast lies beyond what numbers can hold".to_owned() })
}

fn columns(forecast: &Forecast) -> impl Iterator<Item = &Vec<f64>> {
    let bounds = [&forecast.yhat_lower, &forecast.yhat_upper, &forecast.trend_lower, &forecast.trend_upper];
    let parts = forecast.components.iter().map(|component| &component.values);
    [&forecast.yhat, &forecast.trend].into_iter().chain(bounds).chain(parts)
}
