//! Stan's L-BFGS and BFGS: steps by a few remembered changes of the gradient or by all of them, and the tests of convergence in
//! their order.

use std::collections::VecDeque;

use super::super::{Algorithm, Fit, Stop};
use super::bfgs::Full;
use super::limit::{Limit, TimeUp};
use super::line_search::{Point, guess, search};
use super::objective::Objective;
use super::sums::{dot, squares};

/// Where the search ended.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) at: Vec<f64>,
    pub(super) iterations: usize,
    /// None if no step could be found that improves.
    pub(super) stop: Option<Stop>,
}

/// A remembered step: how point and gradient changed.
#[derive(Debug, Clone)]
struct Change {
    inverse_product: f64,
    gradient: Vec<f64>,
    point: Vec<f64>,
}

/// The approximation of the curvature.
enum Curvature {
    Few(Memory),
    Full(Full),
}

impl Curvature {
    fn update(&mut self, gradient: Vec<f64>, point: Vec<f64>, forget: bool) -> f64 {
        match self {
            Self::Few(memory) => memory.update(gradient, point, forget),
            Self::Full(full) => full.update(&gradient, &point, forget),
        }
    }

    fn direction(&self, gradient: &[f64], out: &mut Vec<f64>) {
        match self {
            Self::Few(memory) => memory.direction(gradient, out),
            Self::Full(full) => full.direction(gradient, out),
        }
    }
}

/// The last few steps.
struct Memory {
    changes: VecDeque<Change>,
    size: usize,
    scale: f64,
}

impl Memory {
    /// Remembers a step, alone if all else is to be forgotten; gives the scale of the first curvature then.
    fn update(&mut self, gradient: Vec<f64>, point: Vec<f64>, forget: bool) -> f64 {
        let product = dot(&gradient, &point);
        let square = squares(&gradient);
        if forget {
            self.changes.clear();
        } else if self.changes.len() >= self.size {
            self.changes.pop_front();
        }
        self.scale = product / square;
        self.changes.push_back(Change { inverse_product: 1.0 / product, gradient, point });
        if forget { square / product } else { 1.0 }
    }

    /// The direction of the next step.
    fn direction(&self, gradient: &[f64], out: &mut Vec<f64>) {
        out.clear();
        out.extend(gradient.iter().map(|slope| -slope));
        let mut shares = Vec::with_capacity(self.changes.len());
        for change in self.changes.iter().rev() {
            let share = change.inverse_product * dot(&change.point, out);
            for (out, of) in out.iter_mut().zip(&change.gradient) {
                *out -= share * of;
            }
            shares.push(share);
        }
        for out in out.iter_mut() {
            *out *= self.scale;
        }
        for (change, share) in self.changes.iter().zip(shares.iter().rev()) {
            let back = change.inverse_product * dot(&change.gradient, out);
            let share = share - back;
            for (out, of) in out.iter_mut().zip(&change.point) {
                *out += share * of;
            }
        }
    }
}

/// What came of a step.
enum Outcome {
    GoOn,
    Done(Stop),
    /// There is no step that improves.
    Stuck,
}

/// What the search holds from step to step.
struct State {
    now: Point,
    before: Point,
    direction: Vec<f64>,
    last_direction: Vec<f64>,
    last_step: f64,
    curvature: Curvature,
}

/// Searches from a point, by BFGS or by L-BFGS; none if there is no density at it.
pub(super) fn minimise(
    objective: &mut Objective<'_>,
    initial: Vec<f64>,
    (fit, algorithm): (&Fit, Algorithm),
    limit: &Limit,
) -> Result<Option<Found>, TimeUp> {
    let mut gradient = vec![0.0; initial.len()];
    let Some(value) = objective.value_and_gradient(&initial, &mut gradient) else { return Ok(None) };
    let direction = gradient.iter().map(|slope| -slope).collect();
    let curvature = match algorithm {
        Algorithm::Bfgs => Curvature::Full(Full::new(initial.len())),
        _ => Curvature::Few(Memory { changes: VecDeque::new(), size: fit.history_size, scale: 1.0 }),
    };
    let now = Point { at: initial, value, gradient };
    let before = now.clone();
    let mut state = State { now, before, direction, last_direction: Vec::new(), last_step: 0.0, curvature };
    let mut iterations = 0;
    loop {
        iterations += 1;
        limit.check(iterations)?;
        let stop = match state.step(objective, fit, iterations) {
            Outcome::GoOn => continue,
            Outcome::Done(stop) => Some(stop),
            Outcome::Stuck => None,
        };
        return Ok(Some(Found { at: state.now.at, iterations, stop }));
    }
}

impl State {
    /// One step.
    fn step(&mut self, objective: &mut Objective<'_>, fit: &Fit, iteration: usize) -> Outcome {
        let Some(forget) = self.advance(objective, fit, iteration) else { return Outcome::Stuck };
        std::mem::swap(&mut self.now, &mut self.before);
        std::mem::swap(&mut self.direction, &mut self.last_direction);
        let moved: Vec<f64> = self.now.at.iter().zip(&self.before.at).map(|(now, before)| now - before).collect();
        let turned = self.now.gradient.iter().zip(&self.before.gradient).map(|(now, before)| now - before).collect();
        let gradient_norm = squares(&self.now.gradient).sqrt();
        let step_norm = squares(&moved).sqrt();
        let scale = self.curvature.update(turned, moved, forget);
        if forget {
            for along in &mut self.last_direction {
                *along /= scale;
            }
            self.last_step *= scale;
        }
        self.curvature.direction(&self.now.gradient, &mut self.direction);
        self.converged(fit, iteration, gradient_norm, step_norm).map_or(Outcome::GoOn, Outcome::Done)
    }

    /// Finds the next point, into `before`; whether what was remembered is to be forgotten.
    fn advance(&mut self, objective: &mut Objective<'_>, fit: &Fit, iteration: usize) -> Option<bool> {
        let begins = iteration == 1;
        let first = if begins { fit.init_alpha } else { self.guess() };
        if begins {
            self.steepest();
        }
        if let Some(step) = search(objective, &self.now, &self.direction, first, &mut self.before) {
            self.last_step = step;
            return Some(begins);
        }
        if begins {
            return None;
        }
        self.steepest();
        self.last_step = search(objective, &self.now, &self.direction, fit.init_alpha, &mut self.before)?;
        Some(true)
    }

    fn steepest(&mut self) {
        self.direction.clear();
        self.direction.extend(self.now.gradient.iter().map(|slope| -slope));
    }

    fn guess(&self) -> f64 {
        let slope = dot(&self.before.gradient, &self.last_direction);
        let slope_now = dot(&self.now.gradient, &self.last_direction);
        guess(slope, self.last_step, self.now.value - self.before.value, slope_now)
    }

    fn converged(&self, fit: &Fit, iteration: usize, gradient_norm: f64, step_norm: f64) -> Option<Stop> {
        let (value, before) = (self.now.value, self.before.value);
        let change = (before - value).abs();
        let scale = value.abs().max(1.0);
        let relative_change = change / before.abs().max(scale);
        let relative_gradient = -dot(&self.direction, &self.now.gradient) / scale;
        if change < fit.tol_obj {
            Some(Stop::Objective)
        } else if gradient_norm < fit.tol_grad {
            Some(Stop::Gradient)
        } else if step_norm < fit.tol_param {
            Some(Stop::Parameters)
        } else if iteration >= fit.iterations {
            Some(Stop::Iterations)
        } else if relative_change < fit.tol_rel_obj * f64::EPSILON {
            Some(Stop::RelativeObjective)
        } else if relative_gradient < fit.tol_rel_grad * f64::EPSILON {
            Some(Stop::RelativeGradient)
        } else {
            None
        }
    }
}
