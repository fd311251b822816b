//! Columns checked, sorted by time and scaled: what both fitting and forecasting begin with.

use super::super::table::in_range;
use super::super::{
    ForecastError, Future, Growth, Observations, Regressor, Scaling, Seasonality, Settings, Standardize,
};
use super::sums::{mean, pairwise};

/// What scales a series: learnt from the history, used on the future as well.
#[derive(Debug, Clone)]
pub(super) struct Scales {
    /// The first time.
    pub(super) start_s: i64,
    /// The length of the history in seconds.
    pub(super) span_s: i64,
    /// What is subtracted from `y` unless there is a column of floors.
    pub(super) floor: f64,
    /// What `y` is divided by.
    pub(super) y: f64,
    /// Whether floors are a column.
    pub(super) floors: bool,
    /// Mean and standard deviation of each regressor.
    pub(super) regressors: Vec<(f64, f64)>,
    /// Whether all values are the same.
    pub(super) constant: bool,
}

impl Scales {
    /// A time as a share of the history.
    pub(super) fn time(&self, at_s: i64) -> f64 {
        (at_s - self.start_s) as f64 / self.span_s as f64
    }
}

/// Rows in the order of time, scaled.
#[derive(Debug, Clone)]
pub(super) struct Rows {
    pub(super) at_s: Vec<i64>,
    /// The time as a share of the history.
    pub(super) t: Vec<f64>,
    pub(super) floor: Vec<f64>,
    /// The scaled cap; empty unless growth is logistic.
    pub(super) cap: Vec<f64>,
    /// The standardised regressors, in the order of the settings.
    pub(super) regressors: Vec<Vec<f64>>,
    /// The condition of each seasonality of the settings, in their order, if it has one.
    pub(super) conditions: Vec<Option<Vec<bool>>>,
}

/// A column with its name.
type Named<T> = (String, Vec<T>);

/// Columns as they were given, sorted by time, not scaled.
struct Columns {
    at_s: Vec<i64>,
    cap: Option<Vec<f64>>,
    floor: Option<Vec<f64>>,
    regressors: Vec<Vec<f64>>,
    conditions: Vec<Option<Vec<bool>>>,
}

/// The history: its rows, its scaled values, its scales.
pub(super) fn history(
    observations: &Observations,
    settings: &Settings,
) -> Result<(Rows, Vec<f64>, Scales), ForecastError> {
    let Observations { at_s, y, .. } = observations;
    length("y", y.len(), at_s.len())?;
    if let Some((at, _)) = at_s.iter().zip(y).find(|(_, y)| y.is_infinite()) {
        return Err(ForecastError::Infinite { column: "y".to_owned(), at_s: *at });
    }
    let kept: Vec<usize> = y.iter().enumerate().filter(|(_, y)| !y.is_nan()).map(|(row, _)| row).collect();
    if kept.len() < 2 {
        return Err(ForecastError::TooFewPoints { found: kept.len(), needed: 2 });
    }
    let order = sorted(at_s, kept)?;
    let optional = (observations.cap.as_ref(), observations.floor.as_ref());
    let named = (&*observations.regressors, &*observations.conditions);
    let columns = columns(at_s, &order, optional, named, settings, false)?;
    let y = pick(y, &order);
    let scales = scales(&columns, &y, settings)?;
    let rows = scale(columns, &scales, settings)?;
    let scaled: Vec<f64> = y.iter().zip(&rows.floor).map(|(y, floor)| (y - floor) / scales.y).collect();
    if scaled.iter().any(|y| !y.is_finite()) {
        return Err(ForecastError::OutOfRange {
            what: "the values of `y` lie too far apart to compute with".to_owned(),
        });
    }
    Ok((rows, scaled, scales))
}

/// The rows to forecast.
pub(super) fn future(future: &Future, scales: &Scales, settings: &Settings) -> Result<Rows, ForecastError> {
    if future.at_s.is_empty() {
        return Err(ForecastError::NoTimes);
    }
    let order = sorted(&future.at_s, (0..future.at_s.len()).collect())?;
    let optional = (future.cap.as_ref(), future.floor.as_ref());
    let named = (&*future.regressors, &*future.conditions);
    let columns = columns(&future.at_s, &order, optional, named, settings, true)?;
    if scales.floors && columns.floor.is_none() {
        return Err(ForecastError::NoColumn { kind: "column", name: "floor".to_owned(), future: true });
    }
    scale(columns, scales, settings)
}

fn length(column: &str, found: usize, wanted: usize) -> Result<(), ForecastError> {
    if found == wanted { Ok(()) } else { Err(ForecastError::Length { column: column.to_owned(), found, wanted }) }
}

/// Rows in the order of time; those of the same time keep theirs.
fn sorted(at_s: &[i64], mut rows: Vec<usize>) -> Result<Vec<usize>, ForecastError> {
    in_range(at_s)?;
    rows.sort_by_key(|row| at_s.get(*row).copied());
    Ok(rows)
}

fn pick<T: Copy>(column: &[T], order: &[usize]) -> Vec<T> {
    order.iter().filter_map(|row| column.get(*row).copied()).collect()
}

/// A column of numbers without gaps.
fn numbers(name: &str, column: &[f64], at_s: &[i64], order: &[usize]) -> Result<Vec<f64>, ForecastError> {
    length(name, column.len(), at_s.len())?;
    let picked = pick(column, order);
    let bad = pick(at_s, order).into_iter().zip(&picked).find(|(_, value)| !value.is_finite());
    match bad {
        None => Ok(picked),
        Some((at_s, value)) if value.is_nan() => Err(ForecastError::Missing { column: name.to_owned(), at_s }),
        Some((at_s, _)) => Err(ForecastError::Infinite { column: name.to_owned(), at_s }),
    }
}

/// The columns that the settings need.
fn columns(
    at_s: &[i64],
    order: &[usize],
    (cap, floor): (Option<&Vec<f64>>, Option<&Vec<f64>>),
    (regressors, conditions): (&[Named<f64>], &[Named<bool>]),
    settings: &Settings,
    future: bool,
) -> Result<Columns, ForecastError> {
    let logistic = settings.growth == Growth::Logistic;
    let optional = |name: &str, column: Option<&Vec<f64>>| {
        column.filter(|_| logistic).map(|column| numbers(name, column, at_s, order)).transpose()
    };
    let missing = |kind, name: &str| ForecastError::NoColumn { kind, name: name.to_owned(), future };
    let cap = optional("cap", cap)?;
    if logistic && cap.is_none() {
        return Err(missing("column", "cap"));
    }
    let regressor = |wanted: &Regressor| {
        let named = regressors.iter().find(|(name, _)| *name == wanted.name);
        let (name, column) = named.ok_or_else(|| missing("regressor", &wanted.name))?;
        numbers(name, column, at_s, order)
    };
    let condition = |wanted: &Seasonality| {
        let Some(wanted) = &wanted.condition else { return Ok(None) };
        let named = conditions.iter().find(|(name, _)| name == wanted);
        let (name, column) = named.ok_or_else(|| missing("condition", wanted))?;
        length(name, column.len(), at_s.len())?;
        Ok(Some(pick(column, order)))
    };
    Ok(Columns {
        at_s: pick(at_s, order),
        cap,
        floor: optional("floor", floor)?,
        regressors: settings.regressors.iter().map(regressor).collect::<Result<_, _>>()?,
        conditions: settings.seasonalities.iter().map(condition).collect::<Result<_, ForecastError>>()?,
    })
}

fn least(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(f64::INFINITY, f64::min)
}

fn most(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(f64::NEG_INFINITY, f64::max)
}

/// The floor that is subtracted, and the scale.
fn y_scale(columns: &Columns, y: &[f64], scaling: Scaling) -> (f64, f64) {
    let own = y.iter().copied();
    match (&columns.floor, &columns.cap, scaling) {
        (Some(floor), _, Scaling::AbsMax) => (0.0, most(y.iter().zip(floor).map(|(y, floor)| (y - floor).abs()))),
        (Some(floor), Some(cap), Scaling::MinMax) => {
            let floor = least(floor.iter().copied());
            (floor, most(cap.iter().copied()) - floor)
        }
        (_, _, Scaling::AbsMax) => (0.0, most(own.map(f64::abs))),
        (_, _, Scaling::MinMax) => {
            let floor = least(own.clone());
            (floor, most(own) - floor)
        }
    }
}

fn scales(columns: &Columns, y: &[f64], settings: &Settings) -> Result<Scales, ForecastError> {
    let start_s = columns.at_s.first().copied().unwrap_or_default();
    let span_s = columns.at_s.last().copied().unwrap_or_default() - start_s;
    if span_s == 0 {
        return Err(ForecastError::OneTime { at_s: start_s });
    }
    let (floor, scale) = y_scale(columns, y, settings.scaling);
    let scale = if scale == 0.0 { 1.0 } else { scale };
    let regressors = settings.regressors.iter().zip(&columns.regressors);
    let regressors = regressors.map(|(regressor, values)| standard(values, regressor.standardize)).collect();
    let constant = y.iter().all(|value| Some(value) == y.first());
    Ok(Scales { start_s, span_s, floor, y: scale, floors: columns.floor.is_some(), regressors, constant })
}

/// Mean and standard deviation of a regressor, or what leaves it as it is.
fn standard(values: &[f64], standardize: Standardize) -> (f64, f64) {
    let first = values.first().copied().unwrap_or_default();
    let varies = values.iter().any(|value| *value != first);
    let is_binary = values.iter().all(|value| *value == 0.0 || *value == 1.0);
    let wanted = match standardize {
        Standardize::Auto => !is_binary,
        Standardize::Yes => true,
        Standardize::No => false,
    };
    if !(varies && wanted) {
        return (0.0, 1.0);
    }
    let mean = mean(values);
    let squares: Vec<f64> = values.iter().map(|value| (mean - value) * (mean - value)).collect();
    (mean, (pairwise(&squares) / (values.len() as f64 - 1.0)).sqrt())
}

/// The columns scaled.
fn scale(columns: Columns, scales: &Scales, settings: &Settings) -> Result<Rows, ForecastError> {
    let floor = match columns.floor {
        Some(floor) if scales.floors => floor,
        _ => vec![scales.floor; columns.at_s.len()],
    };
    let cap = match columns.cap {
        Some(cap) => above(&cap, &floor, &columns.at_s, scales)?,
        None => Vec::new(),
    };
    let regressors = columns.regressors.into_iter().zip(&scales.regressors);
    let regressors: Vec<Vec<f64>> =
        regressors.map(|(values, (mean, std))| values.iter().map(|value| (value - mean) / std).collect()).collect();
    let named = settings.regressors.iter().zip(&regressors);
    if let Some((regressor, _)) = named.into_iter().find(|(_, values)| values.iter().any(|value| !value.is_finite())) {
        let what = format!("the values of `{}` lie too far apart to compute with", regressor.name);
        return Err(ForecastError::OutOfRange { what });
    }
    let t = columns.at_s.iter().map(|at_s| scales.time(*at_s)).collect();
    Ok(Rows { at_s: columns.at_s, t, floor, cap, regressors, conditions: columns.conditions })
}

/// The caps scaled, each above its floor.
fn above(cap: &[f64], floor: &[f64], at_s: &[i64], scales: &Scales) -> Result<Vec<f64>, ForecastError> {
    for ((cap, floor), at_s) in cap.iter().zip(floor).zip(at_s) {
        if cap <= floor {
            return Err(ForecastError::CapBelowFloor { cap: *cap, floor: *floor, at_s: *at_s });
        }
    }
    Ok(cap.iter().zip(floor).map(|(cap, floor)| (cap - floor) / scales.y).collect())
}
