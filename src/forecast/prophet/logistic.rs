//! The saturating trend, with its derivatives taken backwards in Stan's order.

use super::parameters::{Parts, PartsMut};
use super::problem::Problem;
use super::steps::{State, Steps};

/// What the backward pass needs of the forward one.
#[derive(Default)]
pub(super) struct Logistic {
    /// The rate on each stretch: one more than changepoints.
    rates: Vec<f64>,
    /// The offset's change at each changepoint.
    gamma: Vec<f64>,
    /// The offset before each changepoint.
    before: Vec<f64>,
    /// Rate, distance to the offset and share of the cap on each row.
    rows: Vec<[f64; 3]>,
    of_rate: Vec<f64>,
    of_offset: Vec<f64>,
    state: State,
    sums: Vec<[f64; 2]>,
}

impl Logistic {
    /// The trend: on each stretch a rate and an offset such that the curve has no jumps.
    pub(super) fn trend(&mut self, problem: &Problem, steps: &Steps, parts: &Parts<'_>, out: &mut [f64]) {
        self.offsets(problem, parts);
        let rates = steps.levels(parts.delta.iter().copied()).map(|change| parts.k + change);
        let offsets = steps.levels(self.gamma.iter().copied()).map(|change| parts.m + change);
        let levels =
            rates.zip(offsets).zip(steps.stretches()).flat_map(|(level, count)| std::iter::repeat_n(level, count));
        self.rows.clear();
        for (((rate, offset), t), (cap, out)) in levels.zip(&problem.t).zip(problem.cap.iter().zip(out)) {
            let distance = t - offset;
            let share = 1.0 / (1.0 + (-(rate * distance)).exp());
            self.rows.push([rate, distance, share]);
            *out = cap * share;
        }
    }

    fn offsets(&mut self, problem: &Problem, parts: &Parts<'_>) {
        self.rates.clear();
        self.rates.push(parts.k);
        let mut total = 0.0;
        self.rates.extend(parts.delta.iter().map(|delta| {
            total += delta;
            parts.k + total
        }));
        self.gamma.clear();
        self.before.clear();
        let mut offset = parts.m;
        for (change, (rate, next)) in problem.changes.iter().zip(self.rates.iter().zip(self.rates.iter().skip(1))) {
            let gamma = (change - offset) * (1.0 - rate / next);
            self.before.push(offset);
            self.gamma.push(gamma);
            offset += gamma;
        }
    }

    /// Adds the trend's derivatives to those of the priors; `weight` are the derivatives by the trend.
    pub(super) fn derive(
        &mut self,
        problem: &Problem,
        steps: &Steps,
        weight: &[f64],
        parts: &Parts<'_>,
        out: &mut PartsMut<'_>,
    ) {
        self.of_rate.clear();
        self.of_offset.clear();
        for ((weight, cap), [rate, distance, share]) in weight.iter().zip(&problem.cap).zip(&self.rows) {
            let by_share = cap * weight;
            let by_exponent = by_share * share * (1.0 - share);
            self.of_rate.push(by_exponent * distance);
            self.of_offset.push(-(by_exponent * rate));
        }
        *out.k = self.of_rate.iter().fold(*out.k, |sum, value| sum + value);
        *out.m = self.of_offset.iter().fold(*out.m, |sum, value| sum + value);
        steps.sums(&self.of_rate, &self.of_offset, &mut self.state, &mut self.sums);
        for (slot, [of_rate, _]) in out.delta.iter_mut().zip(&self.sums) {
            *slot += of_rate;
        }
        self.derive_offsets(problem, parts, out);
    }

    /// Backwards through the offsets' changes: last changepoint first.
    fn derive_offsets(&mut self, problem: &Problem, parts: &Parts<'_>, out: &mut PartsMut<'_>) {
        let mut by_rates = vec![0.0; parts.delta.len()];
        let mut by_offset = 0.0;
        let mut by_first_rate = 0.0;
        let sums = self.sums.iter().map(|[_, of_offset]| *of_offset);
        let given = problem.changes.iter().zip(&self.before).zip(sums);
        let rates = self.rates.iter().zip(self.rates.iter().skip(1));
        let places: Vec<_> = given.zip(rates).collect();
        let mut later: Option<f64> = None;
        for (place, (((change, before), by_gamma), (rate, next))) in places.iter().enumerate().rev() {
            let by_gamma = by_gamma + by_offset;
            let by_factor = (*change - *before) * by_gamma;
            let by_distance = (1.0 - *rate / *next) * by_gamma;
            if place == 0 {
                // The first offset is the parameter itself, which both parts are added to.
                *out.m += by_offset;
                by_offset = -by_distance;
            } else {
                by_offset += -by_distance;
            }
            let by_ratio = -by_factor;
            // The next stretch's rate was the divided one a turn ago, and divides now.
            let carried = later.take().unwrap_or(0.0);
            if let Some(slot) = by_rates.get_mut(place) {
                *slot = carried - by_ratio * *rate / (*next * *next);
            }
            let by_rate = by_ratio / *next;
            if place == 0 {
                by_first_rate = by_rate;
            } else {
                later = Some(by_rate);
            }
        }
        *out.m += by_offset;
        *out.k += by_first_rate;
        for by_rate in &by_rates {
            *out.k += by_rate;
        }
        backwards(&mut by_rates, out.delta);
    }
}

/// Backwards through running totals: a change counts in every rate after it.
fn backwards(by_rates: &mut [f64], out: &mut [f64]) {
    let mut carried = 0.0;
    for (by_rate, out) in by_rates.iter_mut().zip(out).rev() {
        *by_rate += carried;
        *out += *by_rate;
        carried = *by_rate;
    }
}
