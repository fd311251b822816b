//! What the simple models share: rows in the order of time, and forecasts without parts.

use super::input::{Future, Observations};
use super::output::{Component, Forecast};
use super::{ForecastError, Mode};

/// Times farther from 1970 than this, in seconds, are a mistake in the unit.
pub(super) const FARTHEST_S: i64 = 1_000_000_000_000;

/// A point of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Row {
    pub(super) at_s: i64,
    pub(super) y: f64,
}

/// The rows of a series in the order of time, those without a value as well; of several at one time the last.
pub(super) fn rows(observations: &Observations) -> Result<Vec<Row>, ForecastError> {
    let Observations { at_s, y, .. } = observations;
    if y.len() != at_s.len() {
        return Err(ForecastError::Length { column: "y".to_owned(), found: y.len(), wanted: at_s.len() });
    }
    in_range(at_s)?;
    let mut rows: Vec<Row> = at_s.iter().zip(y).map(|(at_s, y)| Row { at_s: *at_s, y: *y }).collect();
    if let Some(row) = rows.iter().find(|row| row.y.is_infinite()) {
        return Err(ForecastError::Infinite { column: "y".to_owned(), at_s: row.at_s });
    }
    rows.sort_by_key(|row| row.at_s);
    rows.reverse();
    rows.dedup_by_key(|row| row.at_s);
    rows.reverse();
    Ok(rows)
}

/// Times to forecast, ascending.
pub(super) fn times(future: &Future) -> Result<Vec<i64>, ForecastError> {
    if future.at_s.is_empty() {
        return Err(ForecastError::NoTimes);
    }
    in_range(&future.at_s)?;
    let mut times = future.at_s.clone();
    times.sort_unstable();
    Ok(times)
}

/// Whether times are in seconds.
pub(super) fn in_range(at_s: &[i64]) -> Result<(), ForecastError> {
    match at_s.iter().find(|at_s| !(-FARTHEST_S..=FARTHEST_S).contains(*at_s)) {
        None => Ok(()),
        Some(at_s) => {
            Err(ForecastError::OutOfRange { what: format!("the time {at_s} is not one in seconds since 1970") })
        }
    }
}

/// Whether an interval can be this wide.
pub(super) fn width(interval_width: f64) -> Result<(), ForecastError> {
    if interval_width > 0.0 && interval_width < 1.0 {
        return Ok(());
    }
    let reason = "must lie between 0 and 1, both excluded".to_owned();
    Err(ForecastError::Setting { name: "interval_width", reason })
}

/// A forecast of values and how far their bounds are off to both sides.
pub(super) fn forecast(at_s: Vec<i64>, rows: &[(f64, f64)]) -> Result<Forecast, ForecastError> {
    bounded(at_s, rows.iter().map(|(yhat, reach)| [*yhat, yhat - reach, yhat + reach]))
}

/// A forecast of values with their bounds; its trend is the forecast, and it has no other parts.
pub(super) fn bounded(at_s: Vec<i64>, rows: impl Iterator<Item = [f64; 3]>) -> Result<Forecast, ForecastError> {
    let mut forecast = Forecast { at_s, ..Forecast::default() };
    for [yhat, lower, upper] in rows {
        if !(yhat.is_finite() && lower.is_finite() && upper.is_finite()) {
            return Err(ForecastError::OutOfRange {
                what: "the forecast lies beyond what numbers can hold".to_owned(),
            });
        }
        forecast.yhat.push(yhat);
        forecast.yhat_lower.push(lower);
        forecast.yhat_upper.push(upper);
    }
    forecast.trend.clone_from(&forecast.yhat);
    forecast.trend_lower.clone_from(&forecast.yhat_lower);
    forecast.trend_upper.clone_from(&forecast.yhat_upper);
    let none = |name: &str, mode| Component { name: name.to_owned(), mode, values: vec![0.0; forecast.yhat.len()] };
    let components = vec![none("additive_terms", Mode::Additive), none("multiplicative_terms", Mode::Multiplicative)];
    Ok(Forecast { components, ..forecast })
}
