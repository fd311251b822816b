//! How far off a forecast may be: trends that change in the future as they did in the past, and noise.

use super::super::normal::{cumulative, density, quantile};
use super::super::{ForecastError, Growth};
use super::fitted::Parameters;
use super::random::Random;
use super::shifts::{Future, Shifts};

/// More numbers than this in one forecast would fill memory before they say anything.
const MOST_DRAWS: usize = 100_000_000;

/// Bounds in the unit of the observations.
#[derive(Debug, Default)]
pub(super) struct Bounds {
    pub(super) yhat_lower: Vec<f64>,
    pub(super) yhat_upper: Vec<f64>,
    pub(super) trend_lower: Vec<f64>,
    pub(super) trend_upper: Vec<f64>,
}

/// A forecast of which the bounds are wanted, row by row.
pub(super) struct Uncertain<'a> {
    pub(super) growth: Growth,
    pub(super) parameters: &'a Parameters,
    pub(super) changes: &'a [f64],
    /// The mean step of the history.
    pub(super) history_step: f64,
    pub(super) t: &'a [f64],
    pub(super) cap: &'a [f64],
    pub(super) floor: &'a [f64],
    /// The scaled trend.
    pub(super) trend: &'a [f64],
    /// What is added to it, in the unit of the observations, and what it is multiplied by.
    pub(super) added: &'a [f64],
    pub(super) factor: &'a [f64],
    pub(super) y_scale: f64,
    pub(super) samples: usize,
    pub(super) width: f64,
}

impl Uncertain<'_> {
    /// The bounds: drawn as Python draws them after a seed, or computed.
    pub(super) fn bounds(&self, seed: Option<u32>) -> Result<Bounds, ForecastError> {
        let rows = if seed.is_some() { self.t.len() } else { self.future_rows() };
        if self.samples.saturating_mul(rows) > MOST_DRAWS {
            let reason = format!("times the {rows} rows to forecast is more than {MOST_DRAWS} draws");
            return Err(ForecastError::Setting { name: "uncertainty_samples", reason });
        }
        Ok(match seed {
            Some(seed) => self.drawn(Random::seeded(seed)),
            None => self.computed(),
        })
    }

    /// Prophet's two percentiles, each as a share.
    fn shares(&self) -> [f64; 2] {
        [100.0 * (1.0 - self.width) / 2.0 / 100.0, 100.0 * (1.0 + self.width) / 2.0 / 100.0]
    }

    fn future_rows(&self) -> usize {
        self.t.len() - self.t.partition_point(|t| *t <= 1.0)
    }

    /// Paths of the scaled trend's deviation, a path after another; none where there is no future.
    fn paths(&self, random: &mut Random, samples: usize) -> Vec<f64> {
        let first = self.t.len() - self.future_rows();
        let (_, t) = self.t.split_at(first);
        if t.is_empty() || self.growth == Growth::Flat {
            return Vec::new();
        }
        let cap = self.cap.get(first..).unwrap_or_default();
        let future = Future { t, cap, history_step: self.history_step };
        let shifts = Shifts { growth: self.growth, parameters: self.parameters, changes: self.changes };
        shifts.paths(&future, random, samples)
    }

    /// The trend of a path on a row, in the unit of the observations.
    fn trend_of(&self, row: usize, deviation: f64) -> f64 {
        let at = |column: &[f64]| column.get(row).copied().unwrap_or_default();
        (at(self.trend) + deviation) * self.y_scale + at(self.floor)
    }

    fn yhat_of(&self, row: usize, trend: f64, noise: f64) -> f64 {
        let at = |column: &[f64]| column.get(row).copied().unwrap_or_default();
        trend * at(self.factor) + at(self.added) + noise
    }

    /// Paths, then noise, in the order of Python's draws; the bounds are percentiles.
    fn drawn(&self, mut random: Random) -> Bounds {
        let rows = self.t.len();
        let paths = self.paths(&mut random, self.samples);
        let sigma = self.parameters.sigma;
        let noise: Vec<f64> =
            (0..self.samples * rows).map(|_| (0.0 + sigma * random.normal()) * self.y_scale).collect();
        let future = if paths.is_empty() { 0 } else { self.future_rows() };
        let mut bounds = Bounds::default();
        for row in 0..rows {
            let noise = noise.iter().skip(row).step_by(rows);
            let mut yhats: Vec<f64> = match row.checked_sub(rows - future) {
                Some(ahead) => {
                    let mut trends: Vec<f64> =
                        paths.iter().skip(ahead).step_by(future).map(|path| self.trend_of(row, *path)).collect();
                    let yhats =
                        trends.iter().zip(noise).map(|(trend, noise)| self.yhat_of(row, *trend, *noise)).collect();
                    bounds.push_trend(self.shares().map(|share| percentile(&mut trends, share)));
                    yhats
                }
                None => {
                    let trend = self.trend_of(row, 0.0);
                    bounds.push_trend([trend; 2]);
                    noise.map(|noise| self.yhat_of(row, trend, *noise)).collect()
                }
            };
            bounds.push_yhat(self.shares().map(|share| percentile(&mut yhats, share)));
        }
        bounds
    }

    /// Without draws of the noise: it is normal around each path, and the same paths are taken each time.
    fn computed(&self) -> Bounds {
        let rows = self.t.len();
        let paths = self.paths(&mut Random::seeded(0), self.samples);
        let future = if paths.is_empty() { 0 } else { self.future_rows() };
        let spread = self.parameters.sigma * self.y_scale;
        let reach = quantile(self.shares()[1]) * spread;
        let mut bounds = Bounds::default();
        for row in 0..rows {
            let Some(ahead) = row.checked_sub(rows - future) else {
                let trend = self.trend_of(row, 0.0);
                bounds.push_trend([trend; 2]);
                bounds.push_yhat([-reach, reach].map(|noise| self.yhat_of(row, trend, noise)));
                continue;
            };
            let mut trends: Vec<f64> =
                paths.iter().skip(ahead).step_by(future).map(|path| self.trend_of(row, *path)).collect();
            bounds.push_trend(self.shares().map(|share| percentile(&mut trends, share)));
            let centres: Vec<f64> = trends.iter().map(|trend| self.yhat_of(row, *trend, 0.0)).collect();
            bounds.push_yhat(self.shares().map(|share| mixture_quantile(&centres, spread, share)));
        }
        bounds
    }
}

impl Bounds {
    fn push_trend(&mut self, [lower, upper]: [f64; 2]) {
        self.trend_lower.push(lower);
        self.trend_upper.push(upper);
    }

    fn push_yhat(&mut self, [lower, upper]: [f64; 2]) {
        self.yhat_lower.push(lower);
        self.yhat_upper.push(upper);
    }
}

/// A percentile as numpy interpolates it; the values are reordered.
pub(in super::super) fn percentile(values: &mut [f64], share: f64) -> f64 {
    let place = share * (values.len() as f64 - 1.0);
    let (below, part) = (place.floor(), place - place.floor());
    let below = below as usize;
    if below >= values.len() {
        return f64::NAN;
    }
    let (_, low, above) = values.select_nth_unstable_by(below, f64::total_cmp);
    let low = *low;
    let Some(high) = above.iter().copied().reduce(f64::min) else { return low };
    let difference = high - low;
    if part >= 0.5 { high - difference * (1.0 - part) } else { low + difference * part }
}

/// The quantile of normal noise around centres that are equally likely, by Newton's method within a bracket.
fn mixture_quantile(centres: &[f64], spread: f64, share: f64) -> f64 {
    if spread.is_nan() || spread <= 0.0 {
        return percentile(&mut centres.to_vec(), share);
    }
    let count = centres.len() as f64;
    let least = centres.iter().copied().fold(f64::INFINITY, f64::min);
    let most = centres.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let (mut low, mut high) = (least - 9.0 * spread, most + 9.0 * spread);
    let mean = centres.iter().sum::<f64>() / count;
    let reach = if share < 0.5 { -quantile(1.0 - share) } else { quantile(share) };
    let mut x = mean + reach * spread;
    for _ in 0..100 {
        let (mut below, mut slope) = (0.0, 0.0);
        for centre in centres {
            let z = (x - centre) / spread;
            below += cumulative(z);
            slope += density(z);
        }
        let error = below / count - share;
        if error > 0.0 {
            high = x;
        } else {
            low = x;
        }
        let next = x - error * spread / (slope / count);
        let next = if next > low && next < high { next } else { 0.5 * (low + high) };
        if (next - x).abs() <= 1e-9 * spread {
            return next;
        }
        x = next;
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_interpolated() {
        let mut values = vec![4.0, 1.0, 3.0, 2.0];
        assert_eq!(percentile(&mut values, 0.5), 2.5);
        assert_eq!(percentile(&mut values, 0.0), 1.0);
        assert_eq!(percentile(&mut values, 1.0), 4.0);
        assert!((percentile(&mut values, 0.1) - 1.3).abs() < 1e-15);
    }

    #[test]
    fn a_mixture_of_one_is_normal() {
        assert!((mixture_quantile(&[5.0], 2.0, 0.9) - 7.563_103_131).abs() < 1e-8);
        let two = [0.0, 10.0];
        assert!((mixture_quantile(&two, 1e-3, 0.25)).abs() < 1e-3);
        assert!((mixture_quantile(&two, 1e-3, 0.75) - 10.0).abs() < 1e-3);
    }
}
