//! What a model gives: forecasts in columns, and what can be said of the fit.

use std::fmt;

use super::settings::{Algorithm, Mode};

/// A forecast, a row for each time that was asked for, in ascending order. Without intervals
/// (`uncertainty_samples: 0`) the bounds are the values themselves.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Forecast {
    /// When, in seconds since 1970.
    pub at_s: Vec<i64>,
    /// The forecast, in the unit of the observations.
    pub yhat: Vec<f64>,
    /// The interval's lower bound.
    pub yhat_lower: Vec<f64>,
    /// The interval's upper bound.
    pub yhat_upper: Vec<f64>,
    /// The trend alone.
    pub trend: Vec<f64>,
    /// The lower bound of the trend: uncertain in the future only, because it may change there.
    pub trend_lower: Vec<f64>,
    /// The upper bound of the trend.
    pub trend_upper: Vec<f64>,
    /// The parts that Prophet shows, by name: each seasonality, holiday and regressor, `holidays`, `extra_regressors_additive`,
    /// `extra_regressors_multiplicative`, and always `additive_terms` and `multiplicative_terms`:
    /// `yhat = trend · (1 + multiplicative_terms) + additive_terms`.
    pub components: Vec<Component>,
}

impl Forecast {
    /// The part of this name.
    pub fn component(&self, name: &str) -> Option<&Component> {
        self.components.iter().find(|component| component.name == name)
    }
}

/// One part of a forecast.
#[derive(Debug, Clone, PartialEq)]
pub struct Component {
    /// Its name.
    pub name: String,
    /// Additive parts are in the unit of the observations, multiplicative ones are a share of the trend.
    pub mode: Mode,
    /// Its value at each time.
    pub values: Vec<f64>,
}

impl Component {
    /// The lower bound, which Prophet gives too: the best parameters are one set, so it is the value itself.
    pub fn lower(&self) -> &[f64] {
        &self.values
    }

    /// The upper bound: the value itself.
    pub fn upper(&self) -> &[f64] {
        &self.values
    }
}

/// A place where the trend may change its rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Changepoint {
    /// When, in seconds since 1970.
    pub at_s: i64,
    /// By how much the rate changes, in scaled units: shares of the scale of `y` per length of the history, as Prophet's
    /// plots threshold it (`|delta| ≥ 0.01`).
    pub delta: f64,
}

/// How a fit went.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Rows with a value that the fit saw.
    pub points: usize,
    /// The algorithm that gave the parameters; none for a constant series and for the optimum itself.
    pub algorithm: Option<Algorithm>,
    /// Its iterations.
    pub iterations: usize,
    /// How often it evaluated the density, the algorithm that failed before it included.
    pub evaluations: usize,
    /// Why it stopped.
    pub stop: Stop,
    /// Whether L-BFGS failed and Newton's method was used instead.
    pub fell_back: bool,
    /// What `y` is divided by.
    pub y_scale: f64,
    /// The noise, in the unit of the observations.
    pub sigma: f64,
}

/// Why a fit stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// All values are equal: nothing was fitted.
    Constant,
    /// The density changed less than `tol_obj`.
    Objective,
    /// The density changed less than `tol_rel_obj` of itself.
    RelativeObjective,
    /// The gradient became shorter than `tol_grad`.
    Gradient,
    /// The gradient became small beside the density: `tol_rel_grad`.
    RelativeGradient,
    /// The parameters moved less than `tol_param`.
    Parameters,
    /// The optimum was computed, not searched for.
    Optimum,
    /// All iterations were used: this may not be the optimum.
    Iterations,
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Constant => "constant series",
            Self::Objective => "converged: the objective no longer changes",
            Self::RelativeObjective => "converged: the objective hardly changes",
            Self::Gradient => "converged: the gradient is zero",
            Self::RelativeGradient => "converged: the gradient is small",
            Self::Parameters => "converged: the parameters no longer move",
            Self::Optimum => "the optimum",
            Self::Iterations => "all iterations were used",
        })
    }
}
