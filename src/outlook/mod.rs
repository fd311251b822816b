//! Forecasts of a series on a business calendar: history by day, models, the days ahead, how good a model was.
//!
//! [`History`] is a series binned by the calendar's days, gaps filled on it. A [`Method`] fits it and gives a [`Fitted`],
//! which forecasts days as an [`Outlook`]. The models are `crate::forecast`'s; this is what they have to do with days. All of it
//! is pure; what must not take for ever asks a [`Patience`].

mod backtest;
mod history;
mod method;
mod outliers;
mod prophet;
mod refusal;
mod week;

pub use backtest::{Backtest, Measure, Score, backtest};
pub use history::{Gaps, History};
pub use method::{Fitted, Method, Outlook, Shift};
pub use outliers::{Outlier, outliers};
pub use prophet::{Known, Prophet, seconds};
pub use refusal::{Patience, Refusal};
