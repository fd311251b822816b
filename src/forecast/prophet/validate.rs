//! Settings that cannot be fitted, refused before anything is computed.

use std::collections::BTreeSet;

use super::super::{Algorithm, Fit, ForecastError, Seasonal, Settings, Start};

/// Names that the forecast uses itself.
const RESERVED: &[&str] = &[
    "trend",
    "additive_terms",
    "daily",
    "weekly",
    "yearly",
    "holidays",
    "zeros",
    "extra_regressors_additive",
    "yhat",
    "extra_regressors_multiplicative",
    "multiplicative_terms",
    "ds",
    "y",
    "cap",
    "floor",
    "y_scaled",
    "cap_scaled",
];

/// The seasonalities that are built in, which one of the same name replaces.
const BUILT_IN: &[&str] = &["daily", "weekly", "yearly"];

/// More columns than this fill memory before they fit anything.
const MOST_COLUMNS: usize = 10_000;

fn wrong(name: &'static str, reason: impl Into<String>) -> ForecastError {
    ForecastError::Setting { name, reason: reason.into() }
}

/// Whether a model of these settings can be fitted.
pub(super) fn settings(settings: &Settings) -> Result<(), ForecastError> {
    if settings.mcmc_samples > 0 {
        let reason =
            "must be 0: the posterior is not sampled, its best parameters are computed as Prophet does by default";
        return Err(wrong("mcmc_samples", reason));
    }
    if !(0.0..=1.0).contains(&settings.changepoint_range) {
        return Err(wrong("changepoint_range", "must lie between 0 and 1"));
    }
    if !(settings.interval_width > 0.0 && settings.interval_width < 1.0) {
        return Err(wrong("interval_width", "must lie between 0 and 1, both excluded"));
    }
    priors(settings)?;
    columns(settings)?;
    names(settings)?;
    fit(&settings.fit)
}

fn positive(name: &'static str, value: f64) -> Result<(), ForecastError> {
    // Its square must be a number too.
    if (1e-100..=1e100).contains(&value) { Ok(()) } else { Err(wrong(name, format!("must be positive, not {value}"))) }
}

fn priors(settings: &Settings) -> Result<(), ForecastError> {
    positive("changepoint_prior_scale", settings.changepoint_prior_scale)?;
    positive("seasonality_prior_scale", settings.seasonality_prior_scale)?;
    positive("holidays_prior_scale", settings.holidays_prior_scale)?;
    let own = settings.seasonalities.iter().map(|seasonality| seasonality.prior_scale);
    let own = own.chain(settings.holidays.iter().map(|holiday| holiday.prior_scale));
    let mut own = own.chain(settings.regressors.iter().map(|regressor| regressor.prior_scale)).flatten();
    own.try_for_each(|scale| positive("prior_scale", scale))
}

fn columns(settings: &Settings) -> Result<(), ForecastError> {
    let built_in = [settings.yearly_seasonality, settings.weekly_seasonality, settings.daily_seasonality];
    let orders = built_in.iter().map(|seasonal| if let Seasonal::Order(order) = seasonal { *order } else { 0 });
    let mut count = orders.fold(0_usize, usize::saturating_add).saturating_mul(2);
    for seasonality in &settings.seasonalities {
        if seasonality.fourier_order == 0 {
            return Err(wrong("fourier_order", "must be at least 1"));
        }
        positive("period", seasonality.period_days)?;
        count = count.saturating_add(seasonality.fourier_order.saturating_mul(2));
    }
    for holiday in &settings.holidays {
        if holiday.lower_window > 0 {
            return Err(wrong("lower_window", "must be 0 or less"));
        }
        if holiday.upper_window < 0 {
            return Err(wrong("upper_window", "must be 0 or more"));
        }
        let days = holiday.upper_window.saturating_sub(holiday.lower_window).saturating_add(1);
        count = count.saturating_add(usize::try_from(days).unwrap_or(usize::MAX));
    }
    let points = settings.changepoints.as_ref().map_or(settings.n_changepoints, Vec::len);
    if count.saturating_add(settings.regressors.len()) > MOST_COLUMNS || points > MOST_COLUMNS {
        return Err(wrong("settings", format!("ask for more than {MOST_COLUMNS} columns or changepoints")));
    }
    Ok(())
}

/// Every name is used once, and none is the forecast's own.
fn names(settings: &Settings) -> Result<(), ForecastError> {
    let mut seen = BTreeSet::new();
    let mut take = |setting: &'static str, name: &str, reserved: bool| {
        let bound = name.strip_suffix("_lower").or_else(|| name.strip_suffix("_upper")).unwrap_or(name);
        if name.is_empty() || name.contains("_delim_") || (reserved && RESERVED.contains(&bound)) {
            return Err(wrong(setting, format!("has a name that the forecast uses itself: `{name}`")));
        }
        if seen.insert(name.to_owned()) { Ok(()) } else { Err(wrong(setting, format!("uses the name `{name}` again"))) }
    };
    for seasonality in &settings.seasonalities {
        take("seasonalities", &seasonality.name, !BUILT_IN.contains(&seasonality.name.as_str()))?;
    }
    for name in settings.holidays.iter().map(|holiday| &holiday.name).collect::<BTreeSet<_>>() {
        take("holidays", name, true)?;
    }
    for regressor in &settings.regressors {
        take("regressors", &regressor.name, true)?;
    }
    Ok(())
}

fn fit(fit: &Fit) -> Result<(), ForecastError> {
    if fit.iterations == 0 {
        return Err(wrong("iterations", "must be at least 1"));
    }
    if fit.history_size == 0 {
        return Err(wrong("history_size", "must be at least 1"));
    }
    if !(1..=18).contains(&fit.sig_figs) {
        return Err(wrong("sig_figs", "must lie between 1 and 18"));
    }
    positive("init_alpha", fit.init_alpha)?;
    fits_algorithm(fit)?;
    start(&fit.init)?;
    let tolerances = [fit.tol_obj, fit.tol_rel_obj, fit.tol_grad, fit.tol_rel_grad, fit.tol_param];
    if tolerances.iter().all(|tolerance| *tolerance >= 0.0) {
        return Ok(());
    }
    Err(wrong("tolerances", "must be 0 or more"))
}

/// What an algorithm that is asked for would not look at is refused, as Stan refuses it.
fn fits_algorithm(fit: &Fit) -> Result<(), ForecastError> {
    let usual = Fit::default();
    let of_search = [
        ("init_alpha", fit.init_alpha != usual.init_alpha),
        ("tol_obj", fit.tol_obj != usual.tol_obj),
        ("tol_rel_obj", fit.tol_rel_obj != usual.tol_rel_obj),
        ("tol_grad", fit.tol_grad != usual.tol_grad),
        ("tol_rel_grad", fit.tol_rel_grad != usual.tol_rel_grad),
        ("tol_param", fit.tol_param != usual.tol_param),
    ];
    let remembers = fit.history_size != usual.history_size;
    match fit.algorithm {
        Some(Algorithm::Newton) => match of_search.into_iter().find(|(_, given)| *given) {
            Some((name, _)) => Err(wrong(name, "is of the algorithms `lbfgs` and `bfgs`, not of `newton`")),
            None if remembers => Err(wrong("history_size", "is of the algorithm `lbfgs`, not of `newton`")),
            None => Ok(()),
        },
        Some(Algorithm::Bfgs) if remembers => Err(wrong("history_size", "is of the algorithm `lbfgs`, not of `bfgs`")),
        _ => Ok(()),
    }
}

fn start(Start { k, m, sigma_obs, delta, beta }: &Start) -> Result<(), ForecastError> {
    let lists = [delta, beta].into_iter().flatten().flatten();
    if ![k, m].into_iter().flatten().chain(lists).all(|value| value.is_finite()) {
        return Err(wrong("init", "has a value that is no number"));
    }
    sigma_obs.map_or(Ok(()), |noise| positive("sigma_obs", noise))
}
