//! Which seasonalities a model has, and their Fourier terms.

use std::f64::consts::PI;

use super::super::{Mode, Seasonal, Settings};

const DAY_S: i64 = 86_400;

/// A seasonality of the model.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Season {
    pub(super) name: String,
    pub(super) period_days: f64,
    pub(super) order: usize,
    pub(super) prior: f64,
    pub(super) mode: Mode,
    /// Where in the settings' list the condition is that it holds under.
    pub(super) condition: Option<usize>,
}

/// The seasonalities of a model in their order: one's own, then the built-in ones that hold for this history.
pub(super) fn seasons(settings: &Settings, at_s: &[i64]) -> Vec<Season> {
    let mut seasons: Vec<Season> = settings
        .seasonalities
        .iter()
        .enumerate()
        .map(|(place, own)| Season {
            name: own.name.clone(),
            period_days: own.period_days,
            order: own.fourier_order,
            prior: own.prior_scale.unwrap_or(settings.seasonality_prior_scale),
            mode: own.mode.unwrap_or(settings.seasonality_mode),
            condition: own.condition.as_ref().map(|_| place),
        })
        .collect();
    let span = at_s.last().copied().unwrap_or_default() - at_s.first().copied().unwrap_or_default();
    let steps = at_s.iter().zip(at_s.iter().skip(1)).map(|(from, to)| to - from);
    let step = steps.filter(|step| *step != 0).min().unwrap_or(i64::MAX);
    let built_in = [
        ("yearly", 365.25, settings.yearly_seasonality, span >= 730 * DAY_S, 10),
        ("weekly", 7.0, settings.weekly_seasonality, span >= 14 * DAY_S && step < 7 * DAY_S, 3),
        ("daily", 1.0, settings.daily_seasonality, span >= 2 * DAY_S && step < DAY_S, 4),
    ];
    for (name, period_days, wanted, fits, usual) in built_in {
        let own = seasons.iter().position(|season| season.name == name);
        let order = match wanted {
            Seasonal::Auto if fits && own.is_none() => usual,
            Seasonal::Auto | Seasonal::Off => 0,
            Seasonal::On => usual,
            Seasonal::Order(order) => order,
        };
        if order == 0 {
            continue;
        }
        let (prior, mode) = (settings.seasonality_prior_scale, settings.seasonality_mode);
        let season = Season { name: name.to_owned(), period_days, order, prior, mode, condition: None };
        match own.and_then(|place| seasons.get_mut(place)) {
            Some(place) => *place = season,
            None => seasons.push(season),
        }
    }
    seasons
}

/// The Fourier terms of a period: for each order a column of sines and one of cosines.
pub(super) fn fourier(at_s: &[i64], period_days: f64, order: usize) -> Vec<Vec<f64>> {
    let angles: Vec<f64> = at_s.iter().map(|at_s| PI * 2.0 * (*at_s as f64 / DAY_S as f64)).collect();
    let turns = (0..order).map(|i| (i + 1) as f64 / period_days);
    turns
        .flat_map(|turn| {
            let sines = angles.iter().map(|angle| (turn * angle).sin()).collect();
            let cosines = angles.iter().map(|angle| (turn * angle).cos()).collect();
            [sines, cosines]
        })
        .collect()
}
