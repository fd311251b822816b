//! How much CPU forecasts take; run by `scripts/bench-forecast`.
//!
//!     forecast fit TIMES SERIES.csv SETTINGS FUTURE.csv    a series fitted and forecast so many times
//!     forecast many COUNT THREADS SERIES.csv FUTURE.csv    so many default series, on so many threads
//!
//! A series has the columns `ds` (seconds since 1970), `y` and, if growth is logistic, `cap`. Settings are `name=value` with commas
//! between, or `-`. `fit` prints the forecast as `yhat trend yhat_lower yhat_upper`, a line for each time; whoever starts it measures.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::sync::atomic::{AtomicUsize, Ordering};

use vmflow::forecast::{Algorithm, Forecast, Future, Growth, Mode, Model, Observations, Scaling, Seasonal, Settings};

/// The columns of a file of numbers.
fn columns(path: &str) -> Vec<Vec<f64>> {
    let text = std::fs::read_to_string(path).unwrap();
    let mut columns: Vec<Vec<f64>> = Vec::new();
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        columns.resize(cells.len(), Vec::new());
        for (column, cell) in columns.iter_mut().zip(cells) {
            column.push(cell.parse().unwrap_or(f64::NAN));
        }
    }
    columns
}

fn times(column: &[f64]) -> Vec<i64> {
    column.iter().map(|at_s| format!("{at_s:.0}").parse().unwrap()).collect()
}

fn observations(path: &str) -> Observations {
    let columns = columns(path);
    let mut observations = Observations::new(times(&columns[0]), columns[1].clone());
    observations.cap = columns.get(2).cloned();
    observations
}

fn future(path: &str) -> Future {
    let columns = columns(path);
    let mut future = Future::at(times(&columns[0]));
    future.cap = columns.get(1).cloned();
    future
}

fn seasonal(value: &str) -> Seasonal {
    match value {
        "True" => Seasonal::On,
        "False" => Seasonal::Off,
        order => Seasonal::Order(order.parse().unwrap()),
    }
}

fn settings(text: &str) -> Settings {
    let mut settings = Settings { seed: Some(0), ..Settings::default() };
    for (name, value) in text.split(',').filter_map(|pair| pair.split_once('=')) {
        let number = || value.parse::<f64>().unwrap();
        let count = || value.parse::<usize>().unwrap();
        match name {
            "growth" if value == "logistic" => settings.growth = Growth::Logistic,
            "growth" if value == "flat" => settings.growth = Growth::Flat,
            "seasonality_mode" if value == "multiplicative" => settings.seasonality_mode = Mode::Multiplicative,
            "scaling" if value == "minmax" => settings.scaling = Scaling::MinMax,
            "changepoint_prior_scale" => settings.changepoint_prior_scale = number(),
            "seasonality_prior_scale" => settings.seasonality_prior_scale = number(),
            "changepoint_range" => settings.changepoint_range = number(),
            "interval_width" => settings.interval_width = number(),
            "n_changepoints" => settings.n_changepoints = count(),
            "yearly_seasonality" => settings.yearly_seasonality = seasonal(value),
            "weekly_seasonality" => settings.weekly_seasonality = seasonal(value),
            "iter" => settings.fit.iterations = count(),
            "algorithm" if value == "Newton" => settings.fit.algorithm = Some(Algorithm::Newton),
            name => panic!("unknown {name}={value}"),
        }
    }
    settings
}

fn forecast(observations: &Observations, settings: &Settings, future: &Future) -> Forecast {
    Model::fit(observations, settings).unwrap().predict(future).unwrap()
}

fn fit(turns: usize, series: &str, told: &str, ahead: &str) {
    let (observations, settings, future) = (observations(series), settings(told), future(ahead));
    let mut last = Forecast::default();
    for _ in 0..turns {
        last = forecast(&observations, &settings, &future);
    }
    for row in 0..last.at_s.len() {
        println!("{} {} {} {}", last.yhat[row], last.trend[row], last.yhat_lower[row], last.yhat_upper[row]);
    }
}

/// Many series that differ: the given one, each time with other ripples on it.
fn many(count: usize, threads: usize, series: &str, ahead: &str) {
    let (given, future) = (observations(series), future(ahead));
    let scale = given.y.iter().copied().filter(|y| !y.is_nan()).fold(0.0, |most: f64, y| most.max(y.abs()));
    let next = AtomicUsize::new(0);
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                break;
            }
            let mut observations = given.clone();
            for (row, y) in observations.y.iter_mut().enumerate() {
                *y += 0.02 * scale * ((row * (number + 3)) as f64 * 0.618).sin();
            }
            assert_eq!(forecast(&observations, &Settings::default(), &future).at_s.len(), future.at_s.len());
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["fit", turns, series, settings, future] => fit(turns.parse().unwrap(), series, settings, future),
        ["many", count, threads, series, future] => {
            many(count.parse().unwrap(), threads.parse().unwrap(), series, future);
        }
        _ => println!("scripts/bench-forecast measures with this"),
    }
}
