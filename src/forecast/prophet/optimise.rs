//! The parameters of the highest density, by the algorithm that Prophet would take.

use super::super::{Algorithm, Fit, ForecastError, Growth, Stop, Summary};
use super::fitted::Parameters;
use super::history::Scales;
use super::lbfgs::{self, Found};
use super::limit::Limit;
use super::newton;
use super::objective::Objective;
use super::parameters::Parts;
use super::problem::Problem;

/// Below so many points Newton's method is the better one.
const FEW_POINTS: usize = 100;

/// The parameters, and how they were found.
pub(super) fn optimise(
    problem: &Problem,
    fit: &Fit,
    Scales { y: y_scale, constant: is_constant, .. }: &Scales,
) -> Result<(Parameters, Summary), ForecastError> {
    let y_scale = *y_scale;
    let summary = Summary {
        points: problem.t.len(),
        algorithm: None,
        iterations: 0,
        evaluations: 0,
        stop: Stop::Constant,
        fell_back: false,
        y_scale,
        sigma: 0.0,
    };
    if problem.growth != Growth::Logistic && *is_constant {
        let parameters = constant(problem);
        let sigma = parameters.sigma * y_scale;
        return Ok((parameters, Summary { sigma, ..summary }));
    }
    let (vector, summary) = search(problem, fit, summary)?;
    let parameters = Parameters::written(&vector, problem.changes.len());
    let sigma = parameters.sigma * y_scale;
    Ok((parameters, Summary { sigma, ..summary }))
}

/// The parameters of a series that never changes: where a search would begin, and hardly any noise.
fn constant(problem: &Problem) -> Parameters {
    let initial = problem.initial();
    let parts = Parts::of(&initial, problem.changes.len());
    Parameters { k: parts.k, m: parts.m, delta: parts.delta.to_vec(), sigma: 1e-9, beta: parts.beta.to_vec() }
}

/// The vector of the parameters with all its digits.
pub(super) fn search(problem: &Problem, fit: &Fit, summary: Summary) -> Result<(Vec<f64>, Summary), ForecastError> {
    let usual = if problem.t.len() < FEW_POINTS { Algorithm::Newton } else { Algorithm::Lbfgs };
    let algorithm = fit.algorithm.unwrap_or(usual);
    let limit = Limit::begin(fit.max_wall_ms);
    let mut objective = Objective::new(problem);
    let mut run = |algorithm| {
        let initial = problem.initial();
        match algorithm {
            Algorithm::Lbfgs => lbfgs::minimise(&mut objective, initial, fit, &limit),
            Algorithm::Newton => newton::minimise(&mut objective, initial, fit, &limit),
        }
    };
    let mut found = run(algorithm)?;
    let failed = !matches!(&found, Some(Found { stop: Some(_), .. }));
    let fell_back = failed && algorithm == Algorithm::Lbfgs && fit.newton_fallback;
    if fell_back {
        found = run(Algorithm::Newton)?;
    }
    let algorithm = Some(if fell_back { Algorithm::Newton } else { algorithm });
    match found {
        Some(Found { at, iterations, stop: Some(stop) }) => {
            let evaluations = objective.evaluations;
            Ok((at, Summary { algorithm, iterations, stop, evaluations, fell_back, ..summary }))
        }
        Some(_) => Err(not_fitted("the line search found no step that improves")),
        None => Err(not_fitted("there is no density at the first point")),
    }
}

fn not_fitted(reason: &str) -> ForecastError {
    ForecastError::NotFitted { reason: reason.to_owned() }
}
