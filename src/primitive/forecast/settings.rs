//! Settings from a table or from the configuration: JSON by our names or by those of Prophet's own arguments.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use super::options::Options;
use crate::diagnostic::did_you_mean;
use crate::forecast::{EtsSettings, Growth, NaiveSettings};
use crate::outlook::Method;
use crate::value::{ErrorKind, Reflect, StepError, Type, from_json, to_json};

/// Prophet's names and ours, where they differ.
const RENAMED: [(&str, &str); 6] = [
    ("seasonality_mode", "mode"),
    ("interval_width", "interval"),
    ("uncertainty_samples", "samples"),
    ("iter", "iterations"),
    ("inits", "init"),
    ("extra_seasonalities", "seasonalities"),
];

/// More of Prophet's names that are read.
const THEIRS: [&str; 5] =
    ["yearly_seasonality", "weekly_seasonality", "daily_seasonality", "seasonality_mode", "interval_width"];

/// What Prophet's `fit` takes besides, and what to do instead.
const NOT_OF_FIT: [(&str, &str); 9] = [
    ("seed", "a fit draws nothing; `seed` beside `fit` is the interval's"),
    ("timeout", "say it of the step: `with { timeout: 1m }`"),
    ("require_converged", "leave it out: a search that fails is followed by Newton's method, or is an error"),
    ("output_dir", CONSOLE),
    ("refresh", CONSOLE),
    ("save_iterations", CONSOLE),
    ("save_profile", CONSOLE),
    ("show_console", CONSOLE),
    ("time_fmt", CONSOLE),
];
const CONSOLE: &str = "leave it out: it is about the files and the console of another program, and changes no result";

/// Settings of a fit that are found among the others, as the fit takes them.
const OF_FIT: [&str; 3] = ["iterations", "algorithm", "init_alpha"];

fn wrong(message: impl Into<String>) -> StepError {
    StepError::new(ErrorKind::Data, message)
}

fn ours(name: &str) -> &str {
    RENAMED.iter().find(|(theirs, _)| *theirs == name).map_or(name, |(_, ours)| ours)
}

/// Reads settings; every name must be known.
pub(super) fn options(json: &Json) -> Result<Options, StepError> {
    let Json::Object(given) = json else {
        return Err(wrong(format!("`settings` is a JSON object, found `{json}`"))
            .help("write them as `{\"yearly_seasonality\": true}`"));
    };
    let mut own = Map::new();
    let mut fit = Map::new();
    for (name, value) in given.iter().filter(|(_, value)| !value.is_null()) {
        match (ours(name), value) {
            ("fit", Json::Object(fields)) => {
                fit.extend(fields.iter().map(|(name, value)| (ours(name).to_owned(), value.clone())));
            }
            (name, value) if OF_FIT.contains(&name) => drop(fit.insert(name.to_owned(), value.clone())),
            ("yearly_seasonality" | "yearly", value) => seasonality(&mut own, "yearly", value)?,
            ("weekly_seasonality" | "weekly", value) => seasonality(&mut own, "weekly", value)?,
            ("daily_seasonality" | "daily", value) => seasonality(&mut own, "daily", value)?,
            (name, value) => drop(own.insert(name.to_owned(), value.clone())),
        }
    }
    if let Some(Json::String(algorithm)) = fit.get_mut("algorithm") {
        *algorithm = algorithm.to_ascii_lowercase();
    }
    if !fit.is_empty() {
        own.insert("fit".to_owned(), Json::Object(fit));
    }
    read(&own)
}

/// `true`, `false`, `"auto"`, or the terms of the Fourier series.
fn seasonality(own: &mut Map<String, Json>, name: &str, value: &Json) -> Result<(), StepError> {
    match value {
        Json::Bool(_) => drop(own.insert(name.to_owned(), value.clone())),
        Json::String(auto) if auto == "auto" => {}
        Json::Number(order) if order.as_i64() == Some(0) => drop(own.insert(name.to_owned(), json!(false))),
        Json::Number(_) => {
            let orders = own.entry("fourier").or_insert_with(|| json!({}));
            if let Json::Object(orders) = orders {
                orders.insert(name.to_owned(), value.clone());
            }
        }
        other => {
            let message = format!("settings.{name}: expected true, false, \"auto\" or a number of terms, got {other}");
            return Err(wrong(message));
        }
    }
    Ok(())
}

fn read(own: &Map<String, Json>) -> Result<Options, StepError> {
    let ty = Options::ty();
    known(own, &ty, "settings")?;
    let value = from_json(&Json::Object(own.clone()), &ty, "settings")?;
    Options::from_value(value).map_err(|error| wrong(format!("settings: {error}")))
}

/// Refuses names that nobody knows, also of records inside.
fn known(given: &Map<String, Json>, ty: &Type, place: &str) -> Result<(), StepError> {
    let Type::Record(record) = ty else { return Ok(()) };
    for (name, value) in given {
        let Some(inner) = record.get(name) else {
            let error = wrong(format!("{place}: there is no setting `{name}`"));
            if let Some((_, instead)) = NOT_OF_FIT.iter().find(|(of_fit, _)| place == "settings.fit" && of_fit == name)
            {
                return Err(error.help(*instead));
            }
            let theirs = THEIRS.iter().copied().filter(|_| place == "settings");
            let hint = did_you_mean(name, record.names().chain(theirs));
            return Err(match hint {
                Some(hint) => error.help(hint),
                None => error.help("`vmflow doc forecast.prophet` lists them"),
            });
        };
        if let (Json::Object(fields), inner @ Type::Record(_)) = (value, &inner.required()) {
            known(fields, inner, &format!("{place}.{name}"))?;
        }
    }
    Ok(())
}

/// What a model was made with, as JSON: Prophet's options read back as they are.
pub(super) fn to_settings(method: &Method, options: Options) -> Json {
    match method {
        Method::Prophet(_) => to_json(&options.into_value()),
        Method::Ets(ets) => json!({ "season_length": ets.season_length, "interval": ets.interval_width }),
        Method::Naive(naive) => json!({ "season_days": naive.season_s / 86_400, "interval": naive.interval_width }),
    }
}

/// The model that was made with these settings.
pub(super) fn method(model: &str, settings: &Json) -> Result<Method, StepError> {
    match model {
        "prophet" => Ok(Method::Prophet(Box::new(options(settings)?.prophet()))),
        "ets" => {
            let season = settings.get("season_length").and_then(Json::as_u64).and_then(|n| usize::try_from(n).ok());
            let made = season.zip(share(settings)).map(|(season_length, interval_width)| {
                Method::Ets(EtsSettings { season_length, interval_width, ..EtsSettings::default() })
            });
            made.ok_or_else(|| wrong("these are no settings of an `ets` model"))
        }
        "naive" => {
            let season = settings.get("season_days").and_then(Json::as_i64).and_then(|days| days.checked_mul(86_400));
            let made = season.zip(share(settings));
            let made = made.map(|(season_s, interval_width)| Method::Naive(NaiveSettings { season_s, interval_width }));
            made.ok_or_else(|| wrong("these are no settings of a `naive` model"))
        }
        other => Err(wrong(format!("there is no model `{other}`"))),
    }
}

fn share(settings: &Json) -> Option<f64> {
    settings.get("interval")?.as_f64()
}

/// Settings, earlier ones before later ones, and options that were given as arguments where none of them says anything.
pub(super) fn over(settings: &[Option<Arc<Json>>], given: Options) -> Result<Options, StepError> {
    let said = settings.iter().flatten().map(|json| options(json));
    let said = said.collect::<Result<Vec<_>, _>>()?;
    let options = said.into_iter().fold(Options::default(), Options::or).or(given);
    match (options.growth, &options.cap, &options.floor) {
        (Some(Growth::Logistic), None, _) => {
            Err(wrong("logistic growth needs `cap`").help("say what the series can reach at most: `cap: 100.0`"))
        }
        (Some(Growth::Logistic), ..) | (_, None, None) => Ok(options),
        _ => {
            Err(wrong("`cap` and `floor` are for logistic growth")
                .help("add `growth: \"logistic\"`, or leave them out"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::{Algorithm, Mode, Seasonal};

    #[test]
    fn both_spellings_are_read_and_come_back() {
        let theirs = json!({
            "yearly_seasonality": 12, "weekly_seasonality": false, "daily_seasonality": "auto", "seasonality_mode": "multiplicative",
            "interval_width": 0.9, "algorithm": "Newton", "holidays": null,
            "fit": { "iter": 500, "jacobian": true, "inits": { "k": 0.5, "delta": [0.0, 0.25] }, "sig_figs": 6 },
            "changepoints": ["2025-01-31"],
        });
        let read = options(&theirs).unwrap();
        let settings = read.prophet().settings;
        assert_eq!(settings.yearly_seasonality, Seasonal::Order(12));
        assert_eq!(settings.weekly_seasonality, Seasonal::Off);
        assert_eq!(settings.daily_seasonality, Seasonal::Auto);
        assert_eq!(
            (settings.seasonality_mode, settings.fit.algorithm),
            (Mode::Multiplicative, Some(Algorithm::Newton))
        );
        assert_eq!((settings.fit.iterations, settings.changepoints.unwrap().len()), (500, 1));
        assert_eq!((settings.fit.jacobian, settings.fit.sig_figs), (true, 6));
        assert_eq!((settings.fit.init.k, settings.fit.init.delta), (Some(0.5), Some(vec![0.0, 0.25])));
        assert_eq!(
            options(&to_settings(&crate::primitive::forecast::prophet::method(&read), read.clone())).unwrap(),
            read
        );
    }

    #[test]
    fn the_optimum_is_for_those_who_ask() {
        let fit = |json: Json| options(&json).unwrap().prophet().settings.fit;
        assert!(fit(json!({ "solver": "exact", "fit": { "sig_figs": 6 } })).exact);
        assert!(!fit(json!({ "solver": "prophet" })).exact && !fit(json!({})).exact);
    }

    #[test]
    fn every_model_is_made_again_from_its_settings() {
        let methods = [
            Method::Ets(EtsSettings { season_length: 5, interval_width: 0.9, ..EtsSettings::default() }),
            Method::Naive(NaiveSettings { season_s: 364 * 86_400, interval_width: 0.5 }),
        ];
        for made in methods {
            let settings = to_settings(&made, Options::default());
            assert_eq!(method(made.name(), &settings).unwrap(), made);
        }
        assert!(method("arima", &json!({})).is_err() && method("ets", &json!({})).is_err());
    }

    #[test]
    fn what_is_no_setting_is_told() {
        let refused =
            |json: Json| options(&json).map(drop).map_err(|error| (error.message, error.help.unwrap_or_default()));
        let (message, help) = refused(json!({ "yearly_seasonalty": true })).unwrap_err();
        assert_eq!(message, "settings: there is no setting `yearly_seasonalty`");
        assert!(help.contains("yearly"), "{help}");
        let (message, _) = refused(json!({ "fit": { "iterationz": 1 } })).unwrap_err();
        assert_eq!(message, "settings.fit: there is no setting `iterationz`");
        let (message, help) = refused(json!({ "fit": { "refresh": 10 } })).unwrap_err();
        assert!(message.contains("`refresh`") && help.starts_with("leave it out"), "{message} {help}");
        let (message, _) = refused(json!({ "fit": { "inits": { "k": 1.0, "delte": [] } } })).unwrap_err();
        assert_eq!(message, "settings.fit.init: there is no setting `delte`");
        let (message, _) = refused(json!({ "interval": 95 })).unwrap_err();
        assert!(message.contains("expected a share between 0 and 1 as `interval`"), "{message}");
        assert!(refused(json!({ "mcmc_samples": 300 })).unwrap_err().0.contains("not sampled"));
        assert!(refused(json!([1])).is_err() && refused(json!({ "yearly": "often" })).is_err());
    }
}
