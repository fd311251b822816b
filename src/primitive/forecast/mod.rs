//! Forecasts of series on a business calendar.
//!
//! Every model gives the same record; what it says is what `crate::outlook` computes.

mod anomalies;
mod choice;
mod compared;
mod model;
mod options;
mod prophet;
mod settings;
mod simple;

use super::Spec;

pub use model::{Made, made};

pub(super) static SPECS: &[Spec] = &[
    Spec::heavy::<prophet::ForecastProphet>(),
    Spec::heavy::<simple::ForecastEts>(),
    Spec::heavy::<simple::ForecastNaive>(),
    Spec::heavy::<compared::ForecastBacktest>(),
    Spec::heavy::<compared::ForecastBest>(),
    Spec::pure::<anomalies::ForecastColumn>(),
    Spec::pure::<anomalies::ForecastAnomalies>(),
    Spec::heavy::<anomalies::ForecastOutliers>(),
];
