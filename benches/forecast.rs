//! How much CPU forecasts take; run by `scripts/bench-forecast`.
//!
//!     forecast fit TIMES CASE               a reference case of tests/forecast/data fitted and forecast so many times
//!     forecast many COUNT THREADS CASE      so many series like the case's, on so many threads
//!
//! `fit` prints the forecast as `yhat trend yhat_lower yhat_upper`, a line for each time; whoever starts it measures.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::sync::atomic::{AtomicUsize, Ordering};

use vmflow::forecast::{self, Forecast, Future, Model, Observations, Settings};

#[path = "../src/forecast/prophet/tests/case.rs"]
#[allow(dead_code, reason = "the tests compare what a bench does not look at")]
mod case;
use case::Case;

fn forecast(observations: &Observations, settings: &Settings, future: &Future) -> Forecast {
    Model::fit(observations, settings).unwrap().predict(future).unwrap()
}

fn fit(turns: usize, case: &Case) {
    let (observations, settings, future) = (case.observations(), case.settings(), case.future());
    let mut last = Forecast::default();
    for _ in 0..turns {
        last = forecast(&observations, &settings, &future);
    }
    for row in 0..last.at_s.len() {
        println!("{} {} {} {}", last.yhat[row], last.trend[row], last.yhat_lower[row], last.yhat_upper[row]);
    }
}

/// Many series that differ: the given one, each time with other ripples on it.
fn many(count: usize, threads: usize, case: &Case) {
    let (given, future) = (case.observations(), case.future());
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
        ["fit", turns, name] => fit(turns.parse().unwrap(), &Case::read(name.to_owned())),
        ["many", count, threads, name] => {
            many(count.parse().unwrap(), threads.parse().unwrap(), &Case::read(name.to_owned()));
        }
        _ => println!("scripts/bench-forecast measures with this"),
    }
}
