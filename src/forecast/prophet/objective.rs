//! The log density of the model and its derivatives, in Stan's order of operations: the last bit of each decides where the
//! search stops.

use fearless_simd::{Level, Simd, dispatch};

use super::super::{Growth, Mode};
use super::lanes::{Block, Pairs, Quad, ROWS, Running, gather, multiply, residuals, scale, weigh};
use super::logistic::Logistic;
use super::matrix::{Matrix, blocks};
use super::parameters::{Parts, PartsMut};
use super::problem::Problem;
use super::steps::Steps;
use super::sums::{dot, fours, redux};

/// The inverse of the prior scale of the rate and of the offset.
const INVERSE_ENDS: f64 = 1.0 / 5.0;
/// The inverse of the prior scale of the noise.
const INVERSE_NOISE: f64 = 1.0 / 0.5;

/// What is minimised: the negative log density, with room for what its evaluation needs.
pub(super) struct Objective<'p> {
    problem: &'p Problem,
    /// Whether the density is that of the noise's logarithm, which is searched, rather than that of the noise.
    jacobian: bool,
    pub(super) evaluations: usize,
    /// The registers that this machine has.
    level: Level,
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
    /// Derivatives by each row's rate and by its offset.
    pairs: Vec<Pairs>,
    /// The derivatives by rate and offset, begun with their priors.
    ends: [f64; 2],
    /// The sum of the squared residuals.
    square: f64,
    own_a: Vec<f64>,
    own_m: Vec<f64>,
    sums_a: Vec<Quad>,
    sums_m: Vec<Quad>,
    steps: Vec<[f64; 2]>,
    logistic: Logistic,
}

impl<'p> Objective<'p> {
    pub(super) fn new(problem: &'p Problem, jacobian: bool) -> Self {
        Self::on(problem, jacobian, Level::new())
    }

    /// The same with the registers of a level, which changes no bit of what comes out.
    pub(super) fn on(problem: &'p Problem, jacobian: bool, level: Level) -> Self {
        let zeros = vec![[0.0; ROWS]; problem.t.len().div_ceil(ROWS)];
        let pairs = vec![[[0.0; 4]; ROWS / 2]; zeros.len()];
        let room = Room { trend: zeros.clone(), residual: zeros.clone(), weight: zeros, pairs, ..Room::default() };
        Self {
            problem,
            jacobian,
            evaluations: 0,
            level,
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
        dispatch!(self.level, simd => self.pass_rows(simd, 1.0 / sigma, derive));
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
            Growth::Logistic => self.room.logistic.trend(self.level, problem, &self.steps, parts, trend),
            Growth::Flat => trend.iter_mut().zip(&problem.t).for_each(|(out, _)| *out = parts.m),
        }
    }

    /// Residuals and, if wanted, what the derivatives need of them.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "only what is inlined is compiled for the registers at hand")]
    fn pass_rows<S: Simd>(&mut self, simd: S, inverse_sigma: f64, derive: bool) {
        let mut squares = [0.0; 4];
        if self.multiplicative.is_empty() {
            self.pass_additive(simd, inverse_sigma, derive, &mut squares);
        } else {
            self.pass_mixed(simd, inverse_sigma, derive, &mut squares);
        }
        let (_, rest) = self.residual().as_chunks::<4>();
        self.room.square = fours(squares, rest.iter().map(|residual| residual * residual));
    }

    /// With additive columns only.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "as above")]
    fn pass_additive<S: Simd>(&mut self, simd: S, inverse_sigma: f64, derive: bool, squares: &mut Quad) {
        let length = self.problem.t.len();
        let Room { trend, residual, weight, pairs, ends, own_a, sums_a, .. } = &mut self.room;
        self.additive.reset(sums_a);
        let mut columns = self.additive.row_blocks();
        let mut added = [0.0; ROWS];
        let results = residual.iter_mut().zip(weight).zip(pairs);
        let rows = self.y.iter().zip(&self.t).zip(trend).zip(results);
        for (place, (((y, t), trend), ((residual, weight), pairs))) in rows.enumerate() {
            let (columns, in_pairs) = columns.next().unwrap_or_default();
            self.additive.times(simd, columns, own_a, &mut added);
            let count = (length - ROWS * place) / 4;
            residuals(simd, [y, &added, trend], inverse_sigma, residual, (squares, count));
            if derive {
                scale(simd, residual, inverse_sigma, weight);
                weigh(simd, t, weight, pairs);
                gather(simd, in_pairs, weight, sums_a, Some(Running { of: pairs, sums: ends }));
            }
        }
    }

    /// With multiplicative columns, and additive ones if there are any.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "as above")]
    fn pass_mixed<S: Simd>(&mut self, simd: S, inverse_sigma: f64, derive: bool, squares: &mut Quad) {
        let length = self.problem.t.len();
        let Room { trend, residual, weight, pairs, ends, own_a, own_m, sums_a, sums_m, .. } = &mut self.room;
        self.additive.reset(sums_a);
        self.multiplicative.reset(sums_m);
        let (mut columns_a, mut columns_m) = (self.additive.row_blocks(), self.multiplicative.row_blocks());
        let (mut added, mut factor) = ([0.0; ROWS], [0.0; ROWS]);
        let (mut scaled, mut mu, mut by_factor) = ([0.0; ROWS], [0.0; ROWS], [0.0; ROWS]);
        let results = residual.iter_mut().zip(weight).zip(pairs);
        let rows = self.y.iter().zip(&self.t).zip(trend).zip(results);
        for (place, (((y, t), trend), ((residual, weight), pairs))) in rows.enumerate() {
            let (a, pairs_a) = columns_a.next().unwrap_or_default();
            let (m, pairs_m) = columns_m.next().unwrap_or_default();
            self.additive.times(simd, a, own_a, &mut added);
            self.multiplicative.times(simd, m, own_m, &mut factor);
            for factor in &mut factor {
                *factor += 1.0;
            }
            multiply(simd, trend, &factor, &mut scaled);
            let count = (length - ROWS * place) / 4;
            residuals(simd, [y, &added, &scaled], inverse_sigma, residual, (squares, count));
            if derive {
                scale(simd, residual, inverse_sigma, &mut mu);
                multiply(simd, &mu, trend, &mut by_factor);
                multiply(simd, &mu, &factor, weight);
                weigh(simd, t, weight, pairs);
                gather(simd, pairs_a, &mu, sums_a, None);
                gather(simd, pairs_m, &by_factor, sums_m, Some(Running { of: pairs, sums: ends }));
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
        let density = (((ends + delta) + normal(sigma * INVERSE_NOISE)) + beta) + likelihood;
        if self.jacobian { density + parts.log_sigma } else { density }
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
        *out.log_sigma = if self.jacobian { noise * sigma + 1.0 } else { noise * sigma };
        self.derive_columns(&parts, inverse, out.beta);
        let [k, m] = [parts.k, parts.m].map(|end| -(INVERSE_ENDS * (end * INVERSE_ENDS)));
        (*out.k, *out.m) = (k, m);
        for (slot, delta) in out.delta.iter_mut().zip(parts.delta) {
            *slot = -(sign(*delta) * self.problem.inverse_tau);
        }
        match self.problem.growth {
            Growth::Linear => self.derive_linear(&mut out),
            Growth::Logistic => {
                let Room { logistic, weight, pairs, steps, .. } = &mut self.room;
                let length = self.problem.t.len();
                logistic.weigh(self.problem, rows(weight, length), pairs.as_flattened_mut(), &mut out);
                let (pairs, last) = halves(pairs, length);
                dispatch!(self.level, simd => self.steps.sums(simd, pairs, last, steps));
                logistic.derive(self.problem, steps, &parts, &mut out);
            }
            Growth::Flat => {
                let weights = rows(&self.room.weight, self.problem.t.len());
                *out.m += weights.iter().sum::<f64>();
            }
        }
    }

    fn derive_linear(&mut self, out: &mut PartsMut<'_>) {
        let problem = self.problem;
        let Room { pairs, ends, steps, .. } = &mut self.room;
        [*out.k, *out.m] = *ends;
        let (pairs, last) = halves(pairs, problem.t.len());
        dispatch!(self.level, simd => self.steps.sums(simd, pairs, last, steps));
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

fn rows(blocks: &[Block], count: usize) -> &[f64] {
    blocks.as_flattened().get(..count).unwrap_or_default()
}

/// The pairs of rows, and the odd last row.
fn halves(pairs: &[Pairs], rows: usize) -> (&[Quad], Option<[f64; 2]>) {
    let pairs = pairs.as_flattened();
    let last = pairs.get(rows / 2).filter(|_| rows % 2 == 1).map(|[a, _, b, _]| [*a, *b]);
    (pairs.get(..rows / 2).unwrap_or_default(), last)
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
