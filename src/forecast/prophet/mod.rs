//! Prophet's model: prepared, fitted, used.

use super::{Changepoint, Forecast, ForecastError, Future, Observations, Settings, Summary};

/// A fitted model.
#[derive(Debug, Clone)]
pub struct Model {
    summary: Summary,
    changepoints: Vec<Changepoint>,
}

impl Model {
    /// Fits the model to a series.
    pub fn fit(observations: &Observations, _settings: &Settings) -> Result<Self, ForecastError> {
        let found = observations.y.iter().filter(|y| !y.is_nan()).count();
        if found < 2 {
            return Err(ForecastError::TooFewPoints { found, needed: 2 });
        }
        Err(ForecastError::NotFitted { reason: "no optimiser is there yet".to_owned() })
    }

    /// The forecast of some times.
    pub fn predict(&self, future: &Future) -> Result<Forecast, ForecastError> {
        if future.at_s.is_empty() {
            return Err(ForecastError::NoTimes);
        }
        Err(ForecastError::NotFitted { reason: "no optimiser is there yet".to_owned() })
    }

    /// Where the trend may change, in order, and by how much it does.
    pub fn changepoints(&self) -> &[Changepoint] {
        &self.changepoints
    }

    /// How the fit went.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }
}
