//! Paths of a trend into the future: at each step it may change its rate, as often and as much as in the past. After
//! Prophet's vectorised sampler, which is an approximation of its model.

use super::super::Growth;
use super::fitted::Parameters;
use super::random::{Random, laplace};
use super::sums::{mean, pairwise};

/// The times after the history.
pub(super) struct Future<'a> {
    pub(super) t: &'a [f64],
    pub(super) cap: &'a [f64],
    /// The mean step of the history, for a future of one step.
    pub(super) history_step: f64,
}

/// What is known of a trend's changes.
pub(super) struct Shifts<'a> {
    pub(super) growth: Growth,
    pub(super) parameters: &'a Parameters,
    pub(super) changes: &'a [f64],
}

impl Shifts<'_> {
    /// How the scaled trend deviates on each of so many paths, a path after another.
    pub(super) fn paths(&self, future: &Future<'_>, random: &mut Random, samples: usize) -> Vec<f64> {
        let step = step(future);
        let mut paths = self.rate_changes(random, samples, future.t.len(), step);
        if self.growth == Growth::Logistic {
            self.saturate(future, step, &mut paths);
            return paths;
        }
        for path in paths.chunks_exact_mut(future.t.len()) {
            let (mut rate, mut level) = (0.0, 0.0);
            for value in path {
                rate += *value;
                level += rate;
                *value = level * step;
            }
        }
        paths
    }

    /// Where and by how much rates change; each change is spread over two steps.
    fn rate_changes(&self, random: &mut Random, samples: usize, steps: usize, step: f64) -> Vec<f64> {
        let likelihood = self.changes.len() as f64 * step;
        let sizes: Vec<f64> = self.parameters.delta.iter().map(|delta| delta.abs()).collect();
        let size = mean(&sizes) + 1e-8;
        let mut changes: Vec<f64> =
            (0..samples * steps).map(|_| f64::from(u8::from(random.uniform() < likelihood))).collect();
        for change in &mut changes {
            // All are drawn, but the logarithms are needed of few.
            let uniform = random.laplace_uniform();
            if *change != 0.0 {
                *change = laplace(size, uniform);
            }
        }
        for path in changes.chunks_exact_mut(steps) {
            let mut before: f64 = 0.0;
            for change in path {
                (before, *change) = (*change, before.midpoint(*change));
            }
        }
        changes
    }

    /// Rate changes to deviations of a saturating trend. The offset must follow every change of the rate since the beginning of
    /// the history, which is taken in steps of the future's length.
    fn saturate(&self, future: &Future<'_>, step: f64, paths: &mut [f64]) {
        let past = self.past(step);
        let count = future.t.len();
        let mut totals = vec![0.0; count];
        let samples = paths.len() / count.max(1);
        for path in paths.chunks_exact_mut(count) {
            let mut curve = past;
            let rows = path.iter_mut().zip(future.t).zip(future.cap).zip(&mut totals);
            for (((value, t), cap), total) in rows {
                let (rate, offset) = curve.change(*t, *value);
                *value = cap / (1.0 + (-rate * (t - offset)).exp());
                *total += *value;
            }
        }
        for path in paths.chunks_exact_mut(count) {
            for (value, total) in path.iter_mut().zip(&totals) {
                *value -= total / samples as f64;
            }
        }
    }

    /// The curve at the end of the history.
    fn past(&self, step: f64) -> Curve {
        let count = ((1.0 + step) / step).ceil().clamp(0.0, 1e7) as usize;
        let time = |place: usize| place as f64 * step;
        let mut changes = vec![0.0; count];
        for (change, delta) in self.changes.iter().zip(&self.parameters.delta) {
            let first = (0..count).collect::<Vec<_>>().partition_point(|place| time(*place) <= *change);
            if let Some(slot) = changes.get_mut(first) {
                *slot = *delta;
            }
        }
        let (k, m) = (self.parameters.k, self.parameters.m);
        let mut curve = Curve { k, m, total: 0.0, last_rate: k, gammas: 0.0 };
        for (place, change) in changes.iter().enumerate() {
            curve.change(time(place), *change);
        }
        curve
    }
}

/// The mean step of the future, or of the history if the future has but one.
fn step(future: &Future<'_>) -> f64 {
    let steps: Vec<f64> = future.t.iter().zip(future.t.iter().skip(1)).map(|(from, to)| to - from).collect();
    if steps.is_empty() { future.history_step } else { pairwise(&steps) / steps.len() as f64 }
}

/// A saturating curve on its way.
#[derive(Debug, Clone, Copy)]
struct Curve {
    k: f64,
    m: f64,
    /// The changes of the rate so far.
    total: f64,
    /// The rate after the last change.
    last_rate: f64,
    /// The changes of the offset so far.
    gammas: f64,
}

impl Curve {
    /// Takes a change of the rate at a time; gives rate and offset after it.
    fn change(&mut self, t: f64, change: f64) -> (f64, f64) {
        self.total += change;
        // As in the reference, a rate of exactly 0 counts as none.
        let rate = if change == 0.0 || self.total + self.k == 0.0 { self.last_rate } else { self.total + self.k };
        self.gammas += (t - self.m - self.gammas) * (1.0 - self.last_rate / rate);
        self.last_rate = rate;
        (self.total + self.k, self.gammas + self.m)
    }
}
