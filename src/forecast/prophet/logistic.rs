//! The saturating trend, with its derivatives taken backwards in Stan's order.

use fearless_simd::{Level, Simd, dispatch, f64x4, prelude::*};

use super::exp::exponentials;
use super::lanes::{Quad, load};
use super::parameters::{Parts, PartsMut};
use super::problem::Problem;
use super::steps::Steps;

/// What the backward pass needs of the forward one.
#[derive(Default)]
pub(super) struct Logistic {
    /// The rate on each stretch: one more than changepoints.
    rates: Vec<f64>,
    /// The offset's change at each changepoint.
    gamma: Vec<f64>,
    /// The offset before each changepoint.
    before: Vec<f64>,
    /// On each row the rate,
    rate: Vec<f64>,
    /// the distance to the offset,
    distance: Vec<f64>,
    /// and the share of the cap.
    share: Vec<f64>,
}

impl Logistic {
    /// The trend: on each stretch a rate and an offset such that the curve has no jumps.
    pub(super) fn trend(&mut self, level: Level, problem: &Problem, steps: &Steps, parts: &Parts<'_>, out: &mut [f64]) {
        self.offsets(problem, parts);
        let rates = steps.levels(parts.delta.iter().copied()).map(|change| parts.k + change);
        let offsets = steps.levels(self.gamma.iter().copied()).map(|change| parts.m + change);
        let levels = rates.zip(offsets).zip(steps.stretches());
        self.distance.clear();
        self.distance.extend_from_slice(&problem.t);
        self.rate.resize(problem.t.len(), 0.0);
        let (mut rows, mut distances) = (&mut *self.rate, &mut *self.distance);
        for ((rate, offset), count) in levels {
            let (Some((now, later)), Some((these, others))) =
                (rows.split_at_mut_checked(count), distances.split_at_mut_checked(count))
            else {
                break;
            };
            now.fill(rate);
            for distance in these {
                *distance -= offset;
            }
            (rows, distances) = (later, others);
        }
        self.share.clear();
        self.share.extend(self.rate.iter().zip(&self.distance).map(|(rate, distance)| -(rate * distance)));
        exponentials(level, &mut self.share);
        dispatch!(level, simd => saturate(simd, &mut self.share, &problem.cap, out));
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

    /// Derivatives by each row's rate and offset, from `weight`, those by the trend; adds them to those of rate and offset.
    pub(super) fn weigh(&self, problem: &Problem, weight: &[f64], pairs: &mut [Quad], out: &mut PartsMut<'_>) {
        let given = weight.iter().zip(&problem.cap).zip(&self.rate).zip(self.distance.iter().zip(&self.share));
        let mut rows = given.map(|(((weight, cap), rate), (distance, share))| {
            let by_share = cap * weight;
            let by_exponent = by_share * share * (1.0 - share);
            [by_exponent * distance, -(by_exponent * rate)]
        });
        let (mut k, mut m) = (*out.k, *out.m);
        for pair in pairs {
            let Some([a, b]) = rows.next() else { break };
            (k, m) = (k + a, m + b);
            let [next_a, next_b] = rows.next().unwrap_or_default();
            (k, m) = (k + next_a, m + next_b);
            *pair = [a, next_a, b, next_b];
        }
        (*out.k, *out.m) = (k, m);
    }

    /// Adds the derivatives by the changes; `sums` are those of each changepoint's rows.
    pub(super) fn derive(&self, problem: &Problem, sums: &[[f64; 2]], parts: &Parts<'_>, out: &mut PartsMut<'_>) {
        for (slot, [of_rate, _]) in out.delta.iter_mut().zip(sums) {
            *slot += of_rate;
        }
        self.derive_offsets(problem, sums, parts, out);
    }

    /// Backwards through the offsets' changes: last changepoint first.
    fn derive_offsets(&self, problem: &Problem, sums: &[[f64; 2]], parts: &Parts<'_>, out: &mut PartsMut<'_>) {
        let mut by_rates = vec![0.0; parts.delta.len()];
        let mut by_offset = 0.0;
        let mut by_first_rate = 0.0;
        let sums = sums.iter().map(|[_, of_offset]| *of_offset);
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

/// The exponentials to shares of the cap, and the trend.
#[inline(always)]
#[allow(clippy::inline_always, reason = "only what is inlined is compiled for the registers at hand")]
fn saturate<S: Simd>(simd: S, shares: &mut [f64], cap: &[f64], out: &mut [f64]) {
    let one = f64x4::splat(simd, 1.0);
    let (shares, rest) = shares.as_chunks_mut::<4>();
    let ((caps, rest_of_cap), (outs, rest_of_out)) = (cap.as_chunks::<4>(), out.as_chunks_mut::<4>());
    for ((share, cap), out) in shares.iter_mut().zip(caps).zip(&mut *outs) {
        let value = one / (one + load(simd, share));
        *share = value.into();
        *out = (load(simd, cap) * value).into();
    }
    // The trend's column is longer than the others.
    let rest_of_out = outs.get_mut(shares.len()).map_or(rest_of_out, |next| &mut next[..]);
    for ((share, cap), out) in rest.iter_mut().zip(rest_of_cap).zip(rest_of_out) {
        *share = 1.0 / (1.0 + *share);
        *out = cap * *share;
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
