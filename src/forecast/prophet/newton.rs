//! Stan's Newton method: full steps by the curvature with its signs dropped, halved until the density does not fall.

use super::super::{Fit, Stop};
use super::eigen::solve_absolute;
use super::hessian::scaled_hessian;
use super::lbfgs::Found;
use super::limit::{Limit, TimeUp};
use super::objective::Objective;

/// A step that is halved below this is given up. The first is a million times too long, as Stan scales the curvature.
const LEAST_STEP: f64 = 1e-50;
/// A change of the log density that ends the search.
const CONVERGED: f64 = 1e-8;

/// Searches from a point; none if there is no density at it.
pub(super) fn minimise(
    objective: &mut Objective<'_>,
    initial: Vec<f64>,
    fit: &Fit,
    limit: &Limit,
) -> Result<Option<Found>, TimeUp> {
    let mut at = initial;
    let Some(mut value) = objective.value(&at) else { return Ok(None) };
    for iteration in 1..=fit.iterations {
        limit.check(iteration)?;
        let next = step(objective, &mut at, value);
        let change = (next - value).abs();
        value = next;
        // Before the first step Stan's density has the constants that it leaves out later: that change is always a large one.
        if change <= CONVERGED && iteration > 1 {
            return Ok(Some(Found { at, iterations: iteration, stop: Some(Stop::Objective) }));
        }
    }
    Ok(Some(Found { at, iterations: fit.iterations, stop: Some(Stop::Iterations) }))
}

/// One step; gives the value where it leads, which is where it began if nothing is better.
fn step(objective: &mut Objective<'_>, at: &mut Vec<f64>, value: f64) -> f64 {
    let mut gradient = vec![0.0; at.len()];
    if objective.value_and_gradient(at, &mut gradient).is_none() {
        return value;
    }
    let direction = scaled_hessian(objective, at).and_then(|matrix| solve_absolute(matrix, &gradient));
    let Some(direction) = direction else { return value };
    let mut length = 1.0;
    let mut next = vec![0.0; at.len()];
    while length >= LEAST_STEP {
        for ((next, at), along) in next.iter_mut().zip(&*at).zip(&direction) {
            *next = at - length * along;
        }
        if let Some(there) = objective.value(&next).filter(|there| *there <= value) {
            *at = next;
            return there;
        }
        length *= 0.5;
    }
    value
}
