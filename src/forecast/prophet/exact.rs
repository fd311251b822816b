//! The parameters of the highest density itself, where they can be computed: models whose parts all add. Prophet's own searches stop
//! before it, so the numbers are others.
//!
//! For a given noise the density is that of a regression in which the changes of the rate pay for their size and everything else
//! for its square. Its optimum is found by adding and dropping changes until none would gain: the active sets of Osborne, Presnell
//! and Turlach (2000). For given parameters the best noise is a root of a quadratic equation. The two take turns.

#![allow(clippy::indexing_slicing)]
// All indices run over the number of parameters, with which every vector and matrix is made.

use super::super::{ForecastError, Growth, Mode};
use super::limit::Limit;
use super::problem::Problem;

/// The inverse of the prior variance of rate and offset.
const OF_ENDS: f64 = 1.0 / 25.0;
/// The noise is found when it changes by less than this share.
const SETTLED: f64 = 1e-10;
/// Noise below this is none: the series is met exactly, and the density has no top.
const NO_NOISE: f64 = 1e-6;
/// How many turns there may be.
const MOST_TURNS: usize = 5_000;
/// What a change must gain beyond its price, as a share of it, to be let in.
const GAIN: f64 = 1e-9;

/// The regression: what a row's columns come to with each other and with the values.
struct Regression {
    size: usize,
    /// The products of the columns, row by row.
    products: Vec<f64>,
    values: Vec<f64>,
    total: f64,
    rows: f64,
    /// What the square of each parameter costs, halved.
    squares: Vec<f64>,
    /// What the size of each costs; 0 for all but the changes of the rate.
    sizes: Vec<f64>,
}

/// The optimum, and after how many turns it was found; refuses models that do not only add.
pub(super) fn optimum(problem: &Problem, limit: &Limit) -> Result<(Vec<f64>, usize), ForecastError> {
    let wrong = |reason: &str| Err(ForecastError::Setting { name: "solver", reason: reason.to_owned() });
    if problem.growth == Growth::Logistic {
        return wrong("is exact for linear and flat growth only");
    }
    if problem.has_mode(Mode::Multiplicative) {
        return wrong("is exact for what adds only: a part that multiplies the trend has no such optimum");
    }
    let regression = Regression::of(problem);
    let (mut at, mut noise) = (vec![0.0; regression.size], 1.0_f64);
    for turn in 1..=MOST_TURNS {
        limit.check(turn)?;
        if !regression.solve(&mut at, 1.0 / (noise * noise)) {
            return Err(not_found("its columns cannot be told from each other"));
        }
        let before = std::mem::replace(&mut noise, regression.noise(&at));
        if noise < NO_NOISE {
            return Err(not_found("the series is met without any noise"));
        }
        if (noise - before).abs() <= SETTLED * noise {
            let place = 2 + problem.changes.len();
            at.insert(place, noise.ln());
            return Ok((at, turn));
        }
    }
    Err(not_found("the noise does not settle"))
}

fn not_found(reason: &str) -> ForecastError {
    ForecastError::NotFitted { reason: format!("{reason}, so there is no optimum to compute") }
}

impl Regression {
    fn of(problem: &Problem) -> Self {
        let (rows, changes) = (problem.t.len(), problem.changes.len());
        let trend: Vec<Vec<f64>> = if problem.growth == Growth::Flat {
            vec![vec![0.0; rows]; changes]
        } else {
            problem.changes.iter().map(|change| problem.t.iter().map(|t| (t - change).max(0.0)).collect()).collect()
        };
        let rate = if problem.growth == Growth::Flat { vec![0.0; rows] } else { problem.t.clone() };
        let used = problem.columns.iter().zip(&problem.modes);
        let others = used.map(|(column, mode)| if mode.is_some() { column.clone() } else { vec![0.0; rows] });
        let columns: Vec<Vec<f64>> = [rate, vec![1.0; rows]].into_iter().chain(trend).chain(others).collect();
        let along = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let precisions = problem.inverse_priors.iter().map(|inverse| inverse * inverse);
        let ends = [OF_ENDS; 2].into_iter();
        Self {
            size: columns.len(),
            products: columns.iter().flat_map(|a| columns.iter().map(|b| along(a, b)).collect::<Vec<_>>()).collect(),
            values: columns.iter().map(|column| along(column, &problem.y)).collect(),
            total: along(&problem.y, &problem.y),
            rows: rows as f64,
            squares: ends.chain(vec![0.0; changes]).chain(precisions.clone()).collect(),
            sizes: [0.0; 2]
                .into_iter()
                .chain(vec![problem.inverse_tau; changes])
                .chain(precisions.map(|_| 0.0))
                .collect(),
        }
    }

    /// What the regression gives at a place, times the parameters.
    fn image(&self, row: usize, at: &[f64]) -> f64 {
        self.products[row * self.size..][..self.size].iter().zip(at).map(|(product, at)| product * at).sum()
    }

    /// The best noise for these parameters: `4·noise⁴ + rows·noise² = squares`, of a noise whose own prior is normal with 0.5.
    fn noise(&self, at: &[f64]) -> f64 {
        let fitted: f64 =
            at.iter().enumerate().map(|(row, value)| value * (self.image(row, at) - 2.0 * self.values[row])).sum();
        let squares = (self.total + fitted).max(0.0);
        (2.0 * squares / (self.rows + (self.rows * self.rows + 16.0 * squares).sqrt())).sqrt()
    }

    /// The slope of what is minimised, but for what sizes cost.
    fn slope(&self, place: usize, at: &[f64], weight: f64) -> f64 {
        weight * (self.image(place, at) - self.values[place]) + self.squares[place] * at[place]
    }

    /// The best parameters for a noise, from those for another; whether they could be computed.
    fn solve(&self, at: &mut [f64], weight: f64) -> bool {
        let mut signs: Vec<f64> = at.iter().map(|value| if *value == 0.0 { 0.0 } else { value.signum() }).collect();
        let mut added = None;
        // Each round gains, so no set of changes comes twice; rounding is what the bound is for.
        for _ in 0..20 * self.size + 100 {
            loop {
                let active: Vec<usize> =
                    (0..self.size).filter(|place| self.sizes[*place] == 0.0 || signs[*place] != 0.0).collect();
                let Some(wanted) = self.wanted(&active, &signs, weight) else { return false };
                let Some(dropped) = step(at, &signs, &active, &wanted, &self.sizes) else { break };
                (signs[dropped], at[dropped]) = (0.0, 0.0);
                if added.take() == Some(dropped) {
                    // What it would gain is less than rounding.
                    return true;
                }
            }
            let closed = (0..self.size).filter(|place| self.sizes[*place] > 0.0 && signs[*place] == 0.0);
            let gains = closed.map(|place| (place, self.slope(place, at, weight)));
            let share = |(place, slope): &(usize, f64)| slope.abs() / self.sizes[*place];
            let best = gains.max_by(|a, b| share(a).total_cmp(&share(b)));
            let Some((place, slope)) = best.filter(|best| share(best) > 1.0 + GAIN) else { return true };
            signs[place] = -slope.signum();
            added = Some(place);
        }
        true
    }

    /// Where the density is highest if only these parameters are let in, and sizes cost by these signs: a system of equations.
    fn wanted(&self, active: &[usize], signs: &[f64], weight: f64) -> Option<Vec<f64>> {
        let mut rows: Vec<Vec<f64>> = Vec::with_capacity(active.len());
        let mut right: Vec<f64> = Vec::with_capacity(active.len());
        for (n, place) in active.iter().enumerate() {
            let mut row: Vec<f64> =
                active[..=n].iter().map(|other| weight * self.products[place * self.size + other]).collect();
            row[n] += self.squares[*place];
            // Cholesky's triangle, a row at a time, and the first half of the solution with it.
            for k in 0..n {
                let sum: f64 = row[..k].iter().zip(&rows[k]).map(|(a, b)| a * b).sum();
                row[k] = (row[k] - sum) / rows[k][k];
            }
            let rest = row[n] - row[..n].iter().map(|value| value * value).sum::<f64>();
            // A rate that nothing depends on has its own price, so nothing may be left with none.
            if rest <= f64::EPSILON * row[n] {
                return None;
            }
            row[n] = rest.sqrt();
            let sum: f64 = row[..n].iter().zip(&right).map(|(a, b)| a * b).sum();
            right.push((weight * self.values[*place] - self.sizes[*place] * signs[*place] - sum) / row[n]);
            rows.push(row);
        }
        for n in (0..right.len()).rev() {
            let sum: f64 = (n + 1..right.len()).map(|k| rows[k][n] * right[k]).sum();
            right[n] = (right[n] - sum) / rows[n][n];
        }
        Some(right)
    }
}

/// Moves towards what is wanted, as far as no change of the rate turns its sign; the one that would, if there is one.
fn step(at: &mut [f64], signs: &[f64], active: &[usize], wanted: &[f64], sizes: &[f64]) -> Option<usize> {
    let turning = active.iter().zip(wanted);
    let turning = turning.filter(|(place, wanted)| sizes[**place] > 0.0 && **wanted * signs[**place] <= 0.0);
    let share = |now: f64, wanted: f64| if now == 0.0 { 0.0 } else { now / (now - wanted) };
    let shares = turning.map(|(place, wanted)| (*place, share(at[*place], *wanted)));
    let first = shares.min_by(|(_, share), (_, other)| share.total_cmp(other));
    let share = first.map_or(1.0, |(_, share)| share);
    for (place, wanted) in active.iter().zip(wanted) {
        at[*place] += share * (wanted - at[*place]);
    }
    first.map(|(place, _)| place)
}
