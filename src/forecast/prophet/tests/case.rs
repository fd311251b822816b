//! The reference cases: a file for each with what was asked and what Prophet gave, and the series it names.

use std::path::PathBuf;

use serde_json::Value;

use crate::forecast::{
    Algorithm, Future, Growth, Holiday, Mode, Observations, Regressor, Scaling, Seasonal, Seasonality, Settings,
    Standardize, Start,
};

/// Unoptimised, the long searches would take minutes: these cases hold one of each kind.
const QUICK: &[&str] = &[
    "n_bfgs",
    "n_conditional",
    "n_country_us",
    "n_cp_weekend",
    "n_dups_unsorted",
    "n_flat_mult",
    "n_flat_newton",
    "n_history_size2",
    "n_hol_mult",
    "n_init",
    "n_jacobian",
    "n_logistic_one_cp",
    "n_logistic_reg_newton",
    "n_many_cp",
    "n_monthly",
    "n_newton5",
    "n_one_cp",
    "n_one_step",
    "n_three_digits",
    "n_two_cp_odd",
    "r01_sp500_750__cps001",
    "s01_trend_cp__flat",
    "s01_trend_cp__noweekly",
    "s01_trend_cp__usercp",
    "s02_500__iter50",
    "s03_gaps__default",
    "s04_short30__default",
    "s06_const__default",
];

fn data() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/forecast/data")
}

/// The cases: all of them if the code is optimised.
pub(super) fn cases() -> impl Iterator<Item = Case> {
    let mut names: Vec<String> = std::fs::read_dir(data().join("cases"))
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    assert!(names.len() > 60 && QUICK.iter().all(|quick| names.iter().any(|name| name == quick)));
    names.into_iter().filter(|name| !cfg!(debug_assertions) || QUICK.contains(&name.as_str())).map(Case::read)
}

/// A case.
pub(super) struct Case {
    pub(super) name: String,
    told: Value,
    series: String,
}

/// What Prophet gave for rows of the past.
pub(super) struct History {
    pub(super) at_s: Vec<i64>,
    columns: Value,
}

impl History {
    pub(super) fn column(&self, name: &str) -> Vec<f64> {
        numbers(&self.columns[name])
    }
}

impl Case {
    /// The case of a name.
    pub(super) fn read(name: String) -> Self {
        let text = std::fs::read_to_string(data().join(format!("cases/{name}.json"))).unwrap();
        let told: Value = serde_json::from_str(&text).unwrap();
        let series = data().join(format!("series/{}.csv", told["series"].as_str().unwrap()));
        Self { name, series: std::fs::read_to_string(series).unwrap(), told }
    }

    pub(super) fn algorithm(&self) -> Option<Algorithm> {
        self.told["algorithm"].as_str().map(algorithm)
    }

    pub(super) fn iterations(&self) -> Option<usize> {
        self.told["iterations"].as_u64().map(|iterations| usize::try_from(iterations).unwrap())
    }

    /// The parameters with all their digits: rate, offset, changes, noise, coefficients.
    pub(super) fn parameters(&self) -> Vec<f64> {
        let told = &self.told["parameters"];
        let one = |name: &str| vec![told[name].as_f64().unwrap()];
        [one("k"), one("m"), numbers(&told["delta"]), one("sigma"), numbers(&told["beta"])].concat()
    }

    pub(super) fn y_scale(&self) -> f64 {
        self.told["y_scale"].as_f64().unwrap()
    }

    pub(super) fn column(&self, name: &str) -> Vec<f64> {
        numbers(&self.told["forecast"][name])
    }

    /// The names of the components that Prophet gave.
    pub(super) fn components(&self) -> Vec<String> {
        let bounds = ["yhat", "trend"].iter().flat_map(|of| [format!("{of}_lower"), format!("{of}_upper")]);
        let other: Vec<String> = ["yhat".to_owned(), "trend".to_owned()].into_iter().chain(bounds).collect();
        self.told["forecast"].as_object().unwrap().keys().filter(|name| !other.contains(name)).cloned().collect()
    }

    /// The widths of the interval by 20,000 samples.
    pub(super) fn widths(&self) -> Option<Vec<f64>> {
        self.told["widths_20k"].as_array().map(|_| numbers(&self.told["widths_20k"]))
    }

    pub(super) fn history(&self) -> Option<History> {
        let columns = self.told["history"].clone();
        columns["ds"].as_array()?;
        Some(History { at_s: times(&columns["ds"]), columns })
    }

    pub(super) fn observations(&self) -> Observations {
        let mut lines = self.series.lines();
        let names: Vec<&str> = lines.next().unwrap().split(',').collect();
        let rows: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
        let mut observations = Observations::default();
        for (place, name) in names.iter().enumerate() {
            let cells = rows.iter().map(|row| row[place]);
            let number = |cell: &str| if cell.is_empty() { f64::NAN } else { cell.parse().unwrap() };
            match *name {
                "ds" => observations.at_s = cells.map(seconds).collect(),
                "y" => observations.y = cells.map(number).collect(),
                "cap" => observations.cap = Some(cells.map(number).collect()),
                "floor" => observations.floor = Some(cells.map(number).collect()),
                name if rows[0][place].parse::<bool>().is_ok() => {
                    observations.conditions.push((name.to_owned(), cells.map(|cell| cell == "true").collect()));
                }
                name => observations.regressors.push((name.to_owned(), cells.map(number).collect())),
            }
        }
        if let Some(cap) = self.told["cap"].as_f64() {
            observations.cap = Some(vec![cap; observations.y.len()]);
        }
        observations
    }

    pub(super) fn future(&self) -> Future {
        let mut future = Future::default();
        for (name, values) in self.told["future"].as_object().unwrap() {
            match name.as_str() {
                "ds" => future.at_s = times(values),
                "cap" => future.cap = Some(numbers(values)),
                "floor" => future.floor = Some(numbers(values)),
                name if values[0].is_boolean() => {
                    let values = values.as_array().unwrap().iter().map(|value| value.as_bool().unwrap()).collect();
                    future.conditions.push((name.to_owned(), values));
                }
                name => future.regressors.push((name.to_owned(), numbers(values))),
            }
        }
        future
    }

    /// Prophet's arguments as settings, with the seed that the reference was drawn with.
    pub(super) fn settings(&self) -> Settings {
        let mut settings = Settings { seed: Some(0), ..Settings::default() };
        for (name, value) in self.told["settings"].as_object().unwrap() {
            set(&mut settings, name, value);
        }
        for (name, value) in self.told["more"].as_object().into_iter().flatten() {
            match name.as_str() {
                "fit" => {
                    for (name, value) in value.as_object().unwrap() {
                        set_fit(&mut settings, name, value);
                    }
                }
                "seasonalities" => settings.seasonalities = value.as_array().unwrap().iter().map(seasonality).collect(),
                "regressors" => settings.regressors = value.as_array().unwrap().iter().map(regressor).collect(),
                // Its days are on file: which they are is another library's knowledge.
                "country" => {
                    settings.holidays.extend(self.told["country_days"].as_array().unwrap().iter().map(holiday));
                }
                name => panic!("unknown {name}"),
            }
        }
        settings
    }
}

fn set(settings: &mut Settings, name: &str, value: &Value) {
    let number = || value.as_f64().unwrap();
    match name {
        "growth" => {
            settings.growth = match value.as_str().unwrap() {
                "linear" => Growth::Linear,
                "logistic" => Growth::Logistic,
                _ => Growth::Flat,
            }
        }
        "changepoints" => settings.changepoints = Some(times(value)),
        "n_changepoints" => settings.n_changepoints = count(value),
        "changepoint_range" => settings.changepoint_range = number(),
        "changepoint_prior_scale" => settings.changepoint_prior_scale = number(),
        "seasonality_prior_scale" => settings.seasonality_prior_scale = number(),
        "holidays_prior_scale" => settings.holidays_prior_scale = number(),
        "seasonality_mode" => settings.seasonality_mode = mode(value).unwrap(),
        "holidays_mode" => settings.holidays_mode = mode(value),
        "yearly_seasonality" => settings.yearly_seasonality = seasonal(value),
        "weekly_seasonality" => settings.weekly_seasonality = seasonal(value),
        "daily_seasonality" => settings.daily_seasonality = seasonal(value),
        "scaling" => settings.scaling = if value == "minmax" { Scaling::MinMax } else { Scaling::AbsMax },
        "interval_width" => settings.interval_width = number(),
        "uncertainty_samples" => settings.uncertainty_samples = count(value),
        "holidays" => settings.holidays = value.as_array().unwrap().iter().map(holiday).collect(),
        name => panic!("unknown {name}"),
    }
}

fn set_fit(settings: &mut Settings, name: &str, value: &Value) {
    let (fit, number) = (&mut settings.fit, || value.as_f64().unwrap());
    match name {
        "iter" => fit.iterations = count(value),
        "algorithm" => fit.algorithm = Some(algorithm(&value.as_str().unwrap().to_lowercase())),
        "history_size" => fit.history_size = count(value),
        "jacobian" => fit.jacobian = value.as_bool().unwrap(),
        "sig_figs" => fit.sig_figs = count(value),
        "init" => {
            let list = |name: &str| value[name].as_array().map(|_| numbers(&value[name]));
            let one = |name: &str| value[name].as_f64();
            let (delta, beta) = (list("delta"), list("beta"));
            fit.init = Start { k: one("k"), m: one("m"), sigma_obs: one("sigma_obs"), delta, beta };
        }
        "init_alpha" => fit.init_alpha = number(),
        "tol_rel_grad" => fit.tol_rel_grad = number(),
        "tol_obj" => fit.tol_obj = number(),
        name => panic!("unknown {name}"),
    }
}

fn algorithm(name: &str) -> Algorithm {
    match name {
        "newton" => Algorithm::Newton,
        "bfgs" => Algorithm::Bfgs,
        _ => Algorithm::Lbfgs,
    }
}

fn mode(value: &Value) -> Option<Mode> {
    let name = value.as_str()?;
    Some(if name == "multiplicative" { Mode::Multiplicative } else { Mode::Additive })
}

fn seasonal(value: &Value) -> Seasonal {
    match value {
        Value::Bool(true) => Seasonal::On,
        Value::Bool(false) => Seasonal::Off,
        Value::Number(_) => Seasonal::Order(count(value)),
        _ => Seasonal::Auto,
    }
}

fn holiday(value: &Value) -> Holiday {
    Holiday {
        name: value["holiday"].as_str().unwrap().to_owned(),
        days: vec![seconds(value["ds"].as_str().unwrap()) / 86_400],
        lower_window: value["lower_window"].as_i64().unwrap_or(0),
        upper_window: value["upper_window"].as_i64().unwrap_or(0),
        prior_scale: value["prior_scale"].as_f64(),
    }
}

fn seasonality(value: &Value) -> Seasonality {
    Seasonality {
        name: value["name"].as_str().unwrap().to_owned(),
        period_days: value["period"].as_f64().unwrap(),
        fourier_order: count(&value["fourier_order"]),
        prior_scale: value["prior_scale"].as_f64(),
        mode: mode(&value["mode"]),
        condition: value["condition_name"].as_str().map(str::to_owned),
    }
}

fn regressor(value: &Value) -> Regressor {
    Regressor {
        name: value["name"].as_str().unwrap().to_owned(),
        prior_scale: value["prior_scale"].as_f64(),
        standardize: match value["standardize"] {
            Value::Bool(true) => Standardize::Yes,
            Value::Bool(false) => Standardize::No,
            _ => Standardize::Auto,
        },
        mode: mode(&value["mode"]),
    }
}

fn count(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

fn numbers(values: &Value) -> Vec<f64> {
    values.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

fn times(values: &Value) -> Vec<i64> {
    values.as_array().unwrap().iter().map(|value| seconds(value.as_str().unwrap())).collect()
}

/// Seconds since 1970 of `2021-05-03` or `2021-05-03T10:00:00`.
fn seconds(text: &str) -> i64 {
    let part = |range: std::ops::Range<usize>| text.get(range).and_then(|part| part.parse::<i64>().ok());
    let (year, month, day) = (part(0..4).unwrap(), part(5..7).unwrap(), part(8..10).unwrap());
    let march = if month > 2 { year } else { year - 1 };
    let days = 365 * march + march.div_euclid(4) - march.div_euclid(100) + march.div_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let of_day = part(11..13).map_or(0, |hour| hour * 3600 + part(14..16).unwrap() * 60 + part(17..19).unwrap());
    (days + of_year - 719_468) * 86_400 + of_day
}
