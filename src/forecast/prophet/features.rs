//! The columns that are added to the trend or multiply it: seasonalities, holidays, regressors.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{ForecastError, Mode, Settings};
use super::history::Rows;
use super::seasons::{Season, fourier};

const DAY_S: i64 = 86_400;

/// A column of the design matrix.
#[derive(Debug, Clone)]
pub(super) struct Feature {
    /// The part of the forecast that it belongs to.
    pub(super) part: String,
    /// None for the column of zeros that stands for no columns.
    pub(super) mode: Option<Mode>,
    pub(super) kind: Kind,
    pub(super) prior: f64,
    pub(super) values: Vec<f64>,
}

/// What a column comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Season,
    Holiday,
    Regressor,
    Zeros,
}

/// The columns of some rows, in Prophet's order.
pub(super) fn features(rows: &Rows, seasons: &[Season], settings: &Settings) -> Result<Vec<Feature>, ForecastError> {
    let mut features: Vec<Feature> = seasons.iter().flat_map(|season| seasonal(rows, season)).collect();
    features.extend(holidays(rows, settings)?);
    for (regressor, values) in settings.regressors.iter().zip(&rows.regressors) {
        features.push(Feature {
            part: regressor.name.clone(),
            mode: Some(regressor.mode.unwrap_or(settings.seasonality_mode)),
            kind: Kind::Regressor,
            prior: regressor.prior_scale.unwrap_or(settings.holidays_prior_scale),
            values: values.clone(),
        });
    }
    if features.is_empty() {
        let values = vec![0.0; rows.t.len()];
        features.push(Feature { part: "zeros".to_owned(), mode: None, kind: Kind::Zeros, prior: 1.0, values });
    }
    Ok(features)
}

fn seasonal<'a>(rows: &'a Rows, season: &'a Season) -> impl Iterator<Item = Feature> + 'a {
    let holds = season.condition.and_then(|place| rows.conditions.get(place)).and_then(Option::as_ref);
    fourier(&rows.at_s, season.period_days, season.order).into_iter().map(move |mut values| {
        for (value, _) in values.iter_mut().zip(holds.into_iter().flatten()).filter(|(_, holds)| !**holds) {
            *value = 0.0;
        }
        let (part, mode, prior) = (season.name.clone(), Some(season.mode), season.prior);
        Feature { part, mode, kind: Kind::Season, prior, values }
    })
}

/// A column for each holiday and each day of its window, in the order of their names in Prophet: `name_delim_+1`.
fn holidays(rows: &Rows, settings: &Settings) -> Result<Vec<Feature>, ForecastError> {
    let mut priors: BTreeMap<&str, f64> = BTreeMap::new();
    let mut columns: BTreeMap<String, (&str, BTreeSet<i64>)> = BTreeMap::new();
    for holiday in settings.holidays.iter().filter(|holiday| !holiday.days.is_empty()) {
        let prior = holiday.prior_scale.unwrap_or(settings.holidays_prior_scale);
        if *priors.entry(&holiday.name).or_insert(prior) != prior {
            let reason = format!("has more than one for the holiday `{}`", holiday.name);
            return Err(ForecastError::Setting { name: "prior_scale", reason });
        }
        for offset in holiday.lower_window..=holiday.upper_window {
            let sign = if offset >= 0 { '+' } else { '-' };
            let key = format!("{}_delim_{sign}{}", holiday.name, offset.unsigned_abs());
            let (_, days) = columns.entry(key).or_insert_with(|| (&holiday.name, BTreeSet::new()));
            days.extend(holiday.days.iter().map(|day| day.saturating_add(offset)));
        }
    }
    let mode = Some(settings.holidays_mode.unwrap_or(settings.seasonality_mode));
    let days: Vec<i64> = rows.at_s.iter().map(|at_s| at_s.div_euclid(DAY_S)).collect();
    let column = |(name, on): (&str, BTreeSet<i64>)| {
        let prior = priors.get(name).copied().unwrap_or(settings.holidays_prior_scale);
        let values = days.iter().map(|day| f64::from(u8::from(on.contains(day)))).collect();
        Feature { part: name.to_owned(), mode, kind: Kind::Holiday, prior, values }
    };
    Ok(columns.into_values().map(column).collect())
}
