//! The trend of a fitted model, as Prophet's Python side computes it.

use super::super::Growth;
use super::fitted::Parameters;
use super::sums::pairwise;

/// The scaled trend at some times; `cap` is empty unless growth is logistic.
pub(super) fn trend(growth: Growth, parameters: &Parameters, changes: &[f64], t: &[f64], cap: &[f64]) -> Vec<f64> {
    match growth {
        Growth::Linear => linear(parameters, changes, t),
        Growth::Logistic => logistic(parameters, changes, t, cap),
        Growth::Flat => vec![parameters.m; t.len()],
    }
}

fn linear(parameters: &Parameters, changes: &[f64], t: &[f64]) -> Vec<f64> {
    let levels: Vec<(f64, f64)> = (0..=changes.len())
        .map(|count| {
            let behind = |place: usize, value: f64| if place < count { value } else { 0.0 };
            let deltas = parameters.delta.iter().enumerate().map(|(place, delta)| behind(place, *delta));
            let rates: Vec<f64> = deltas.collect();
            let moves: Vec<f64> = rates.iter().zip(changes).map(|(rate, change)| rate * -change).collect();
            (pairwise(&rates) + parameters.k, pairwise(&moves) + parameters.m)
        })
        .collect();
    let at = |t: &f64| {
        let (rate, offset) = levels.get(changes.partition_point(|change| change <= t)).copied().unwrap_or_default();
        rate * t + offset
    };
    t.iter().map(at).collect()
}

/// The changes of the offset that keep a saturating curve without jumps, one for each change of the rate.
pub(super) fn offsets(parameters: &Parameters, changes: &[f64]) -> Vec<f64> {
    let mut offset = parameters.m;
    let (mut total, mut before) = (0.0, parameters.k);
    let gammas = changes.iter().zip(&parameters.delta).map(|(change, delta)| {
        total += delta;
        let rate = total + parameters.k;
        let gamma = (change - offset) * (1.0 - before / rate);
        before = rate;
        offset += gamma;
        gamma
    });
    gammas.collect()
}

fn logistic(parameters: &Parameters, changes: &[f64], t: &[f64], cap: &[f64]) -> Vec<f64> {
    let gammas = offsets(parameters, changes);
    let mut levels = vec![(parameters.k, parameters.m)];
    let (mut rate, mut offset) = (parameters.k, parameters.m);
    levels.extend(parameters.delta.iter().zip(&gammas).map(|(delta, gamma)| {
        rate += delta;
        offset += gamma;
        (rate, offset)
    }));
    let at = |(t, cap): (&f64, &f64)| {
        let (rate, offset) = levels.get(changes.partition_point(|change| change <= t)).copied().unwrap_or_default();
        cap / (1.0 + (-rate * (t - offset)).exp())
    };
    t.iter().zip(cap).map(at).collect()
}
