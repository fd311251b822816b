//! The log density of the model and its derivatives, in Stan's order of operations: the last bit of each decides where the
//! search stops.

use super::super::{Growth, Mode};
use super::logistic::Logistic;
use super::matrix::{Block, Matrix, ROWS, Running, blocks, gather};
use super::parameters::{Parts, PartsMut};
use super::problem::Problem;
use super::steps::{State, Steps};
use super::sums::{dot, redux, squares};

/// The inverse of the prior scale of the rate and of the offset.
const INVERSE_ENDS: f64 = 1.0 / 5.0;
/// The inverse of the prior scale of the noise.
const INVERSE_NOISE: f64 = 1.0 / 0.5;

/// What is minimised: the negative log density, with room for what its evaluation needs.
pub(super) struct Objective<'p> {
    problem: &'p Problem,
    pub(super) evaluations: usize,
    additive: Matrix,
    multiplicative: Matrix,
    steps: Steps,
    t: Vec<Block>,
    y: Vec<Block>,
    room: Room,
}

/// Vectors of one entry per row (in blocks), per column or per changepoint.
#[derive(Default)]
struct Room {
    trend: Vec<Block>,
    residual: Vec<Block>,
    /// Derivatives by the trend.
    weight: Vec<Block>,
    /// The same times the time.
    weighted_t: Vec<Block>,
    /// The derivatives by rate and offset, begun with their priors.
    ends: [f64; 2],
    /// The sum of the squared residuals.
    square: f64,
    own_a: Vec<f64>,
    own_m: Vec<f64>,
    sums_a: Vec<[f64; 2]>,
    sums_m: Vec<[f64; 2]>,
    state: State,
    steps: Vec<[f64; 2]>,
    logistic: Logistic,
}

impl<'p> Objective<'p> {
    pub(super) fn new(problem: &'p Problem) -> Self {
        let zeros = vec![[0.0; ROWS]; problem.t.len().div_ceil(ROWS)];
        let room = Room { trend: zeros.clone(), residual: zeros.clone(), ..Room::default() };
        let room = Room { weighted_t: zeros.clone(), weight: zeros, ..room };
        Self {
            problem,
            evaluations: 0,
            additive: Matrix::new(problem, Mode::Additive),
            multiplicative: Matrix::new(problem, Mode::Multiplicative),
            steps: Steps::new(&problem.starts, problem.t.len()),
            t: blocks(&problem.t),
            y: blocks(&problem.y),
            room,
        }
    }

    /// The negative log density; none where it is not a number or the noise is none.
    pub(super) fn value(&mut self, at: &[f64]) -> Option<f64> {
        self.pass(at, false)
    }

    /// The negative log density and its derivatives; none where one of them is not a number.
    pub(super) fn value_and_gradient(&mut self, at: &[f64], gradient: &mut [f64]) -> Option<f64> {
        let value = self.pass(at, true)?;
        self.derive(at, gradient);
        for slot in gradient.iter_mut() {
            *slot = -*slot;
        }
        gradient.iter().all(|slot| slot.is_finite()).then_some(value)
    }

    /// The residuals' last values, each divided by the noise.
    fn residual(&self) -> &[f64] {
        rows(&self.room.residual, self.problem.t.len())
    }

    /// The trend's last values.
    fn trend(&self) -> &[f64] {
        rows(&self.room.trend, self.problem.t.len())
    }

    fn pass(&mut self, at: &[f64], derive: bool) -> Option<f64> {
        self.evaluations += 1;
        let parts = Parts::of(at, self.problem.changes.len());
        let sigma = parts.log_sigma.exp();
        if !(sigma > 0.0 && sigma.is_finite()) {
            return None;
        }
        self.fill_trend(&parts);
        self.room.ends = [parts.k, parts.m].map(|end| -(INVERSE_ENDS * (end * INVERSE_ENDS)));
        self.additive.pick(parts.beta, &mut self.room.own_a);
        self.multiplicative.pick(parts.beta, &mut self.room.own_m);
        if self.multiplicative.is_empty() {
            self.pass_additive(1.0 / sigma, derive);
        } else {
            self.pass_mixed(1.0 / sigma, derive);
        }
        self.room.square = squares(self.residual());
        let value = self.log_density(&parts, sigma);
        value.is_finite().then_some(-value)
    }

    fn fill_trend(&mut self, parts: &Parts<'_>) {
        let problem = self.problem;
        let trend = self.room.trend.as_flattened_mut();
        match problem.growth {
            Growth::Linear => {
                let rates = self.steps.levels(parts.delta.iter().copied());
                let moves = parts.delta.iter().zip(&problem.changes).map(|(delta, change)| -change * delta);
                let levels =
                    rates.zip(self.steps.levels(moves)).map(|(rate, offset)| (parts.k + rate, parts.m + offset));
                let (mut t, mut trend) = (&*problem.t, trend);
                for ((rate, offset), count) in levels.zip(self.steps.stretches()) {
                    let (Some((now, later)), (out, rest)) = (t.split_at_checked(count), trend.split_at_mut(count))
                    else {
                        return;
                    };
                    for (out, t) in out.iter_mut().zip(now) {
                        *out = rate * t + offset;
                    }
                    (t, trend) = (later, rest);
                }
            }
            Growth::Logistic => self.room.logistic.trend(problem, &self.steps, parts, trend),
            Growth::Flat => trend.iter_mut().zip(&problem.t).for_each(|(out, _)| *out = parts.m),
        }
    }

    /// Residuals and, if wanted, what the derivatives need of them: additive columns only.
    fn pass_additive(&mut self, inverse_sigma: f64, derive: bool) {
        let Room { trend, residual, weight, weighted_t, ends, own_a, sums_a, .. } = &mut self.room;
        reset(sums_a, own_a.len());
        let count = self.y.len();
        let odd = self.problem.t.len() % 2 == 1;
        let mut columns = self.additive.row_blocks();
        let results = residual.iter_mut().zip(weight).zip(weighted_t);
        let rows = self.y.iter().zip(&self.t).zip(trend).zip(results);
        for (place, (((y, t), trend), ((residual, weight), weighted))) in rows.enumerate() {
            let columns = columns.next().unwrap_or_default();
            let added = self.additive.times(columns, own_a);
            for (((out, y), added), trend) in residual.iter_mut().zip(y).zip(added).zip(trend) {
                *out = ((y - added) - *trend) * inverse_sigma;
            }
            if derive {
                for (weight, residual) in weight.iter_mut().zip(&*residual) {
                    *weight = inverse_sigma * residual;
                }
                let of_pairs =
                    if odd && place + 1 == count { without_last(weight, self.problem.t.len()) } else { *weight };
                multiply(weighted, t, weight);
                gather(columns, &of_pairs, sums_a, Some(Running { of: [weighted, weight], sums: ends }));
            }
        }
    }

    /// The same with multiplicative columns, and additive ones if there are any.
    fn pass_mixed(&mut self, inverse_sigma: f64, derive: bool) {
        let Room { trend, residual, weight, weighted_t, ends, own_a, own_m, sums_a, sums_m, .. } = &mut self.room;
        reset(sums_a, own_a.len());
        reset(sums_m, own_m.len());
        let (count, length) = (self.y.len(), self.problem.t.len());
        let cut = |place: usize, block: &Block| {
            if length % 2 == 1 && place + 1 == count { without_last(block, length) } else { *block }
        };
        let (mut columns_a, mut columns_m) = (self.additive.row_blocks(), self.multiplicative.row_blocks());
        let results = residual.iter_mut().zip(weight).zip(weighted_t);
        let rows = self.y.iter().zip(&self.t).zip(trend).zip(results);
        for (place, (((y, t), trend), ((residual, weight), weighted))) in rows.enumerate() {
            let (a, m) = (columns_a.next().unwrap_or_default(), columns_m.next().unwrap_or_default());
            let added = self.additive.times(a, own_a);
            let factor = self.multiplicative.times(m, own_m).map(|share| 1.0 + share);
            let scaled = trend.iter().zip(&factor).map(|(trend, factor)| trend * factor);
            for (((out, y), added), scaled) in residual.iter_mut().zip(y).zip(added).zip(scaled) {
                *out = ((y - added) - scaled) * inverse_sigma;
            }
            if derive {
                let mu = residual.map(|residual| inverse_sigma * residual);
                let mut by_factor = mu;
                for (out, trend) in by_factor.iter_mut().zip(&*trend) {
                    *out *= trend;
                }
                for ((weight, mu), factor) in weight.iter_mut().zip(&mu).zip(&factor) {
                    *weight = mu * factor;
                }
                multiply(weighted, t, weight);
                gather(a, &cut(place, &mu), sums_a, None);
                gather(m, &cut(place, &by_factor), sums_m, Some(Running { of: [weighted, weight], sums: ends }));
            }
        }
    }

    fn log_density(&self, parts: &Parts<'_>, sigma: f64) -> f64 {
        let problem = self.problem;
        let normal = |scaled: f64| -0.5 * (scaled * scaled);
        let delta = -redux(parts.delta.iter().map(|delta| delta.abs() * problem.inverse_tau));
        let scaled = parts.beta.iter().zip(&problem.inverse_priors).map(|(beta, inverse)| beta * inverse);
        let beta = -0.5 * redux(scaled.map(|scaled| scaled * scaled));
        let likelihood = (0.0 - problem.t.len() as f64 * sigma.ln()) - 0.5 * self.room.square;
        let ends = normal(parts.k * INVERSE_ENDS) + normal(parts.m * INVERSE_ENDS);
        (((ends + delta) + normal(sigma * INVERSE_NOISE)) + beta) + likelihood
    }

    /// The derivatives of the log density.
    fn derive(&mut self, at: &[f64], gradient: &mut [f64]) {
        let changes = self.problem.changes.len();
        let parts = Parts::of(at, changes);
        let Some(mut out) = PartsMut::of(gradient, changes) else { return };
        let sigma = parts.log_sigma.exp();
        let inverse = 1.0 / sigma;
        let square = self.room.square;
        let noise = (square - self.problem.t.len() as f64) * inverse + -(INVERSE_NOISE * (sigma * INVERSE_NOISE));
        *out.log_sigma = noise * sigma;
        self.derive_columns(&parts, inverse, out.beta);
        let [k, m] = [parts.k, parts.m].map(|end| -(INVERSE_ENDS * (end * INVERSE_ENDS)));
        (*out.k, *out.m) = (k, m);
        for (slot, delta) in out.delta.iter_mut().zip(parts.delta) {
            *slot = -(sign(*delta) * self.problem.inverse_tau);
        }
        match self.problem.growth {
            Growth::Linear => self.derive_linear(&mut out),
            Growth::Logistic => {
                let room = &mut self.room;
                let weight = rows(&room.weight, self.problem.t.len());
                room.logistic.derive(self.problem, &self.steps, weight, &parts, &mut out);
            }
            Growth::Flat => {
                let weights = rows(&self.room.weight, self.problem.t.len());
                *out.m += weights.iter().sum::<f64>();
            }
        }
    }

    fn derive_linear(&mut self, out: &mut PartsMut<'_>) {
        let problem = self.problem;
        let Room { weight, weighted_t, ends, state, steps, .. } = &mut self.room;
        [*out.k, *out.m] = *ends;
        self.steps.sums(rows(weighted_t, problem.t.len()), rows(weight, problem.t.len()), state, steps);
        for ((slot, [of_rate, of_offset]), change) in out.delta.iter_mut().zip(&*steps).zip(&problem.changes) {
            *slot += of_rate;
            *slot += -change * of_offset;
        }
    }

    /// The likelihood's part first, then the multiplicative one, then the prior's.
    fn derive_columns(&self, parts: &Parts<'_>, inverse_sigma: f64, out: &mut [f64]) {
        out.fill(0.0);
        let problem = self.problem;
        let last = problem.t.len().saturating_sub(1);
        let mu = self.residual().get(last).copied().unwrap_or_default() * inverse_sigma;
        let trend = self.trend().get(last).copied().unwrap_or_default();
        match (&*problem.columns, out.first_mut()) {
            // Eigen sums a product of vectors in another order.
            ([only], Some(slot)) => *slot = self.derive_only(only, inverse_sigma),
            _ => {
                self.additive.scatter(&self.room.sums_a, mu, out);
                self.multiplicative.scatter(&self.room.sums_m, trend * mu, out);
            }
        }
        for ((slot, beta), inverse) in out.iter_mut().zip(parts.beta).zip(&problem.inverse_priors) {
            *slot += -(inverse * (beta * inverse));
        }
    }

    fn derive_only(&self, column: &[f64], inverse_sigma: f64) -> f64 {
        let mu = self.residual().iter().map(|residual| inverse_sigma * residual);
        if self.problem.has_mode(Mode::Multiplicative) {
            column.iter().zip(mu.zip(self.trend())).fold(0.0, |sum, (value, (mu, trend))| sum + value * (trend * mu))
        } else if self.problem.has_mode(Mode::Additive) {
            dot(column, &mu.collect::<Vec<_>>())
        } else {
            0.0
        }
    }
}

fn multiply(out: &mut Block, a: &Block, b: &Block) {
    for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
        *out = a * b;
    }
}

fn rows(blocks: &[Block], count: usize) -> &[f64] {
    blocks.as_flattened().get(..count).unwrap_or_default()
}

fn reset(sums: &mut Vec<[f64; 2]>, count: usize) {
    sums.clear();
    sums.resize(count, [0.0; 2]);
}

/// The last block without the odd last row, which is added by itself.
fn without_last(block: &Block, rows: usize) -> Block {
    let mut cut = *block;
    if let Some(last) = cut.get_mut((rows - 1) % ROWS) {
        *last = 0.0;
    }
    cut
}

/// The sign of a number, 0 for 0.
fn sign(value: f64) -> f64 {
    if value > 0.0 {
        1.0
    } else if value < 0.0 {
        -1.0
    } else {
        0.0
    }
}
