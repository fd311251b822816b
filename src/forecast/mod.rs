//! Forecasts of one series, computed from plain columns of numbers. Pure: no clock but a stopwatch for limits, no store, no calendar.
//!
//! [`Model`] is the model of Prophet: a trend with changepoints, seasonalities, holidays and regressors, fitted as Python's
//! Prophet 1.5.0 fits it, by the same steps in the same order of floating-point operations. `docs/forecast-model.md` says what is
//! computed and from which sources. [`SeasonalNaive`] and [`Ets`] have the same inputs and outputs, so that a [`backtest`] can compare
//! them; [`Errors`], [`Outcome`] and [`robust_z`] say how good a forecast was and how unusual a value is.

mod error;
mod ets;
mod input;
mod method;
mod naive;
mod normal;
mod output;
mod prophet;
mod score;
mod settings;
mod table;

pub use error::ForecastError;
pub use ets::{Error, Ets, EtsSettings, Form, Season, Trend};
pub use input::{Future, Observations};
pub use method::{Fitted, Fold, Method, backtest};
pub use naive::{NaiveSettings, SeasonalNaive};
pub use output::{Changepoint, Component, Forecast, Stop, Summary};
pub use prophet::Model;
pub use score::{Errors, Outcome, robust_z, robust_z_within, weekday};
pub use settings::{
    Algorithm, Fit, Growth, Holiday, Mode, Regressor, Scaling, Seasonal, Seasonality, Settings, Standardize, Start,
};
