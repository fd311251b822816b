//! The second derivatives of the objective. Stan takes differences of the gradient; here they are derived, but for the prior
//! of the changes, whose kink at 0 only differences see, and for the saturating trend.

use super::super::{Growth, Mode};
use super::eigen::Symmetric;
use super::objective::{Objective, sign};
use super::parameters::Parts;
use super::problem::Problem;
use super::sums::dot;

/// The distance of Stan's differences.
const STEP: f64 = 1e-3;
/// How far each of them is, and its share of the derivative.
const DIFFERENCES: [(f64, f64); 4] =
    [(-2.0 * STEP, 1.0 / 12.0), (-STEP, -2.0 / 3.0), (STEP, 2.0 / 3.0), (2.0 * STEP, -1.0 / 12.0)];

/// The matrix of second derivatives, with what of it need not be computed anew.
pub(super) struct Curvature {
    /// How each row changes with each parameter of the trend: rate, offset, changes.
    trend: Vec<Vec<f64>>,
    /// The products of the columns, as long as none is multiplicative.
    products: Option<Symmetric>,
    /// Where in the vector the columns are.
    places: Vec<usize>,
    changes: usize,
}

impl Curvature {
    pub(super) fn new(problem: &Problem) -> Self {
        let changes = problem.changes.len();
        let ones = vec![1.0; problem.t.len()];
        let zeros = vec![0.0; problem.t.len()];
        let mut trend = match problem.growth {
            Growth::Flat => vec![zeros.clone(), ones],
            Growth::Linear | Growth::Logistic => vec![problem.t.clone(), ones],
        };
        trend.extend(problem.changes.iter().zip(&problem.starts).map(|(change, start)| match problem.growth {
            Growth::Flat => zeros.clone(),
            Growth::Linear | Growth::Logistic => {
                let rows = problem.t.iter().enumerate();
                rows.map(|(row, t)| if row >= *start { t - change } else { 0.0 }).collect()
            }
        }));
        let places = (0..problem.dimension()).filter(|place| *place != changes + 2).collect();
        let mut curvature = Self { trend, products: None, places, changes };
        if problem.growth != Growth::Logistic && !problem.has_mode(Mode::Multiplicative) {
            let columns: Vec<&[f64]> = curvature.trend.iter().chain(&problem.columns).map(Vec::as_slice).collect();
            curvature.products = Some(products(&columns));
        }
        curvature
    }

    /// The second derivatives at a point that was just evaluated.
    pub(super) fn at(&mut self, objective: &mut Objective<'_>, at: &[f64]) -> Option<Symmetric> {
        if objective.problem.growth == Growth::Logistic {
            by_differences(objective, at)
        } else {
            Some(self.derived(objective, at))
        }
    }

    fn derived(&self, objective: &Objective<'_>, at: &[f64]) -> Symmetric {
        let problem = objective.problem;
        let parts = Parts::of(at, self.changes);
        let inverse = 1.0 / parts.log_sigma.exp();
        let residual = objective.residual();
        let mut matrix = Symmetric::zeros(problem.dimension());
        let sigma_place = self.changes + 2;
        match &self.products {
            Some(products) => {
                let columns = self.trend.iter().chain(&problem.columns);
                for (place, column) in self.places.iter().zip(columns) {
                    matrix.set(*place, sigma_place, 2.0 * inverse * dot(residual, column));
                }
                self.place(products, inverse * inverse, &mut matrix);
            }
            None => self.mixed(objective, &parts, inverse, &mut matrix),
        }
        priors(problem, &parts, residual, &mut matrix);
        matrix
    }

    fn place(&self, products: &Symmetric, factor: f64, matrix: &mut Symmetric) {
        for (i, row) in self.places.iter().enumerate() {
            for (j, column) in self.places.iter().enumerate().take(i + 1) {
                matrix.set(*row, *column, products.get(i, j) * factor);
            }
        }
    }

    /// With multiplicative columns how a row changes depends on the parameters, and trend and columns act together.
    fn mixed(&self, objective: &Objective<'_>, parts: &Parts<'_>, inverse: f64, matrix: &mut Symmetric) {
        let problem = objective.problem;
        let residual = objective.residual();
        let factor = factors(problem, parts.beta);
        let times = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).collect::<Vec<f64>>();
        let mut columns: Vec<Vec<f64>> = self.trend.iter().map(|column| times(column, &factor)).collect();
        columns.extend(problem.columns.iter().zip(&problem.modes).map(|(column, mode)| match mode {
            Some(Mode::Multiplicative) => times(column, objective.trend()),
            _ => column.clone(),
        }));
        for (place, column) in self.places.iter().zip(&columns) {
            matrix.set(*place, self.changes + 2, 2.0 * inverse * dot(residual, column));
        }
        let slices: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        self.place(&products(&slices), inverse * inverse, matrix);
        let own = problem.columns.iter().zip(&problem.modes).enumerate();
        for (column, (values, _)) in own.filter(|(_, (_, mode))| **mode == Some(Mode::Multiplicative)) {
            let weighted = times(residual, values);
            let row = self.changes + 3 + column;
            for (place, of_trend) in self.places.iter().zip(&self.trend) {
                matrix.add(row, *place, -inverse * dot(&weighted, of_trend));
            }
        }
    }
}

/// What the trend is multiplied by on each row.
fn factors(problem: &Problem, beta: &[f64]) -> Vec<f64> {
    let mut factors = vec![1.0; problem.t.len()];
    let columns = problem.columns.iter().zip(&problem.modes).zip(beta);
    for ((column, _), beta) in columns.filter(|((_, mode), _)| **mode == Some(Mode::Multiplicative)) {
        for (factor, value) in factors.iter_mut().zip(column) {
            *factor += value * beta;
        }
    }
    factors
}

fn products(columns: &[&[f64]]) -> Symmetric {
    let mut products = Symmetric::zeros(columns.len());
    for (i, a) in columns.iter().enumerate() {
        for (j, b) in columns.iter().enumerate().take(i + 1) {
            products.set(i, j, dot(a, b));
        }
    }
    products
}

fn priors(problem: &Problem, parts: &Parts<'_>, residual: &[f64], matrix: &mut Symmetric) {
    let changes = problem.changes.len();
    for end in 0..2 {
        matrix.add(end, end, 1.0 / 25.0);
    }
    for (place, delta) in parts.delta.iter().enumerate() {
        let kink: f64 = DIFFERENCES.iter().map(|(step, share)| share * sign(delta + step)).sum();
        matrix.add(place + 2, place + 2, kink * problem.inverse_tau / STEP);
    }
    let sigma = parts.log_sigma.exp();
    matrix.add(changes + 2, changes + 2, 2.0 * dot(residual, residual) + 8.0 * (sigma * sigma));
    for (place, inverse) in problem.inverse_priors.iter().enumerate() {
        let place = place + changes + 3;
        matrix.add(place, place, inverse * inverse);
    }
}

/// As Stan does it: each parameter moved a little, twice to each side.
fn by_differences(objective: &mut Objective<'_>, at: &[f64]) -> Option<Symmetric> {
    let mut matrix = Symmetric::zeros(at.len());
    let mut moved = at.to_vec();
    let mut gradient = vec![0.0; at.len()];
    for (place, value) in at.iter().enumerate() {
        for (step, share) in DIFFERENCES {
            if let Some(slot) = moved.get_mut(place) {
                *slot = value + step;
            }
            objective.value_and_gradient(&moved, &mut gradient)?;
            for (other, slope) in gradient.iter().enumerate() {
                let half = if other == place { 1.0 } else { 0.5 };
                matrix.add(place, other, half * share * slope / STEP);
            }
        }
        if let Some(slot) = moved.get_mut(place) {
            *slot = *value;
        }
    }
    Some(matrix)
}
