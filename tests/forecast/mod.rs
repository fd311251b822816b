//! Forecasts from outside: what an enemy would feed them, and what they say of it.

mod refused;
mod wild;

use vmflow::forecast::{Observations, Settings};

const DAY_S: i64 = 86_400;

/// A daily series.
fn daily(y: Vec<f64>) -> Observations {
    Observations::new((0..y.len()).map(|day| i64::try_from(day).unwrap() * DAY_S).collect(), y)
}

/// Settings whose search is short.
fn short() -> Settings {
    let mut settings = Settings::default();
    settings.fit.iterations = 15;
    settings.uncertainty_samples = 50;
    settings
}
