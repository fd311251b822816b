//! Forecasts from outside: what an enemy would feed them, and what they say of it.

mod refused;
mod wild;

use vmflow::forecast::{Future, Model, Observations, Settings};

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

#[test]
fn a_few_columns_are_all_that_a_forecast_needs() {
    let day = 86_400;
    let at_s: Vec<i64> = (0..120).map(|i| i * day).collect();
    let y = (0..120).map(|i| 10.0 + 0.5 * f64::from(i) + f64::from(i % 7)).collect();
    let model = Model::fit(&Observations::new(at_s, y), &Settings::default()).unwrap();
    let forecast = model.predict(&Future::at((120..134).map(|i| i * day).collect())).unwrap();
    let wrong = forecast
        .yhat
        .iter()
        .zip(120..)
        .filter(|(yhat, i)| (*yhat - (10.0 + 0.5 * f64::from(*i) + f64::from(i % 7))).abs() > 0.5);
    assert_eq!((forecast.yhat.len(), wrong.count()), (14, 0), "{:?}", forecast.yhat);
}
