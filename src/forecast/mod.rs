//! Forecasts of one series, computed from plain columns of numbers. Pure: no clock but a stopwatch for limits, no store, no calendar.
//!
//! [`Model`] is the model of Prophet: a trend with changepoints, seasonalities, holidays and regressors, fitted as Python's
//! Prophet 1.5.0 fits it, by the same steps in the same order of floating-point operations. `docs/forecast.md` says what is
//! computed and from which sources.
//!
//! ```
//! use vmflow::forecast::{Future, Model, Observations, Settings};
//!
//! let day = 86_400;
//! let at_s: Vec<i64> = (0..60).map(|i| i * day).collect();
//! let y = (0..60).map(|i| 10.0 + 0.5 * f64::from(i) + f64::from(i % 7)).collect();
//! let model = Model::fit(&Observations::new(at_s, y), &Settings::default()).unwrap();
//! let forecast = model.predict(&Future::at((60..74).map(|i| i * day).collect())).unwrap();
//! assert_eq!(forecast.yhat.len(), 14);
//! ```

mod error;
mod input;
mod output;
mod prophet;
mod settings;

pub use error::ForecastError;
pub use input::{Future, Observations};
pub use output::{Changepoint, Component, Forecast, Stop, Summary};
pub use prophet::Model;
pub use settings::{
    Algorithm, Fit, Growth, Holiday, Mode, Regressor, Scaling, Seasonal, Seasonality, Settings, Standardize,
};
