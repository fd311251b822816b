//! The parameters of the highest density, by the algorithm that Prophet would take.

use super::super::{Algorithm, Fit, ForecastError, Growth, Stop, Summary};
use super::exact;
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
    let points = problem.t.len();
    if problem.growth != Growth::Logistic && *is_constant {
        let parameters = constant(problem);
        let sigma = parameters.sigma * y_scale;
        let (iterations, evaluations) = (0, 0);
        let (algorithm, stop, fell_back) = (None, Stop::Constant, false);
        let summary = Summary { points, algorithm, iterations, evaluations, stop, fell_back, y_scale, sigma };
        return Ok((parameters, summary));
    }
    let Optimum { vector, algorithm, iterations, evaluations, stop, fell_back } =
        if fit.exact { exact(problem, fit)? } else { search(problem, fit)? };
    let parameters = Parameters::written(&vector, problem.changes.len(), fit.sig_figs);
    let sigma = parameters.sigma * y_scale;
    Ok((parameters, Summary { points, algorithm, iterations, evaluations, stop, fell_back, y_scale, sigma }))
}

/// What a search found.
#[derive(Debug)]
pub(super) struct Optimum {
    /// The parameters with all their digits.
    pub(super) vector: Vec<f64>,
    algorithm: Option<Algorithm>,
    pub(super) iterations: usize,
    evaluations: usize,
    stop: Stop,
    fell_back: bool,
}

/// The parameters of a series that never changes: where a search would begin, and hardly any noise.
fn constant(problem: &Problem) -> Parameters {
    let initial = problem.initial();
    let parts = Parts::of(&initial, problem.changes.len());
    Parameters { k: parts.k, m: parts.m, delta: parts.delta.to_vec(), sigma: 1e-9, beta: parts.beta.to_vec() }
}

/// The optimum itself.
fn exact(problem: &Problem, fit: &Fit) -> Result<Optimum, ForecastError> {
    let (vector, iterations) = exact::optimum(problem, &Limit::begin(fit.max_wall_ms))?;
    Ok(Optimum { vector, algorithm: None, iterations, evaluations: 0, stop: Stop::Optimum, fell_back: false })
}

/// Searches by the algorithm that is asked for, or by the one that fits, and by Newton's if that fails.
pub(super) fn search(problem: &Problem, fit: &Fit) -> Result<Optimum, ForecastError> {
    let usual = if problem.t.len() < FEW_POINTS { Algorithm::Newton } else { Algorithm::Lbfgs };
    let first = fit.algorithm.unwrap_or(usual);
    let limit = Limit::begin(fit.max_wall_ms);
    let mut objective = Objective::new(problem, fit.jacobian);
    let initial = problem.start(&fit.init)?;
    let mut run = |algorithm| match algorithm {
        Algorithm::Lbfgs | Algorithm::Bfgs => {
            lbfgs::minimise(&mut objective, initial.clone(), (fit, algorithm), &limit)
        }
        Algorithm::Newton => newton::minimise(&mut objective, initial.clone(), fit, &limit),
    };
    let mut found = run(first)?;
    let failed = !matches!(&found, Some(Found { stop: Some(_), .. }));
    let fell_back = failed && first != Algorithm::Newton && fit.newton_fallback;
    if fell_back {
        found = run(Algorithm::Newton)?;
    }
    let algorithm = if fell_back { Algorithm::Newton } else { first };
    match found {
        Some(Found { at: vector, iterations, stop: Some(stop) }) => {
            let evaluations = objective.evaluations;
            let algorithm = Some(algorithm);
            Ok(Optimum { vector, algorithm, iterations, evaluations, stop, fell_back })
        }
        Some(_) => Err(not_fitted("the line search found no step that improves")),
        None => Err(not_fitted("there is no density at the first point")),
    }
}

fn not_fitted(reason: &str) -> ForecastError {
    ForecastError::NotFitted { reason: reason.to_owned() }
}
