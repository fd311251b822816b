//! What cannot be forecast is refused with the reason.

use vmflow::forecast::{
    Algorithm, Fit, ForecastError, Future, Growth, Holiday, Mode, Model, Observations, Regressor, Seasonality, Settings,
};

use super::{DAY_S, daily, short};

fn line() -> Observations {
    daily((0..40_i32).map(|day| f64::from(day) + f64::from(day % 5)).collect())
}

fn refusal(observations: &Observations, settings: &Settings) -> String {
    Model::fit(observations, settings).map(|_| ()).unwrap_err().to_string()
}

#[test]
fn series_without_anything_to_learn_are_refused() {
    let settings = short();
    assert_eq!(refusal(&daily(vec![]), &settings), "0 points with a value, but 2 are needed");
    assert_eq!(refusal(&daily(vec![f64::NAN, 3.0, f64::NAN]), &settings), "1 points with a value, but 2 are needed");
    assert_eq!(refusal(&daily(vec![1.0, f64::INFINITY, 3.0]), &settings), "`y` is infinite at 1970-01-02");
    let once = Observations::new(vec![7_200; 3], vec![1.0, 2.0, 3.0]);
    assert_eq!(refusal(&once, &settings), "all points have the same time, 1970-01-01T02:00:00Z");
    let milliseconds = Observations::new(vec![1_700_000_000_000, 1_700_000_060_000], vec![1.0, 2.0]);
    assert_eq!(refusal(&milliseconds, &settings), "the time 1700000000000 is not one in seconds since 1970");
    let uneven = Observations::new(vec![0, DAY_S], vec![1.0]);
    assert_eq!(refusal(&uneven, &settings), "`y` has 1 values for 2 times");
}

#[test]
fn settings_that_cannot_be_are_refused() {
    let with = |change: fn(&mut Settings)| {
        let mut settings = short();
        change(&mut settings);
        refusal(&line(), &settings)
    };
    assert_eq!(
        with(|settings| settings.mcmc_samples = 300),
        "`mcmc_samples` must be 0: the posterior is not sampled, its best parameters are computed as Prophet does by default"
    );
    assert_eq!(with(|settings| settings.changepoint_range = 1.5), "`changepoint_range` must lie between 0 and 1");
    assert_eq!(
        with(|settings| settings.changepoint_prior_scale = -0.1),
        "`changepoint_prior_scale` must be positive, not -0.1"
    );
    assert_eq!(
        with(|settings| settings.interval_width = 1.0),
        "`interval_width` must lie between 0 and 1, both excluded"
    );
    assert_eq!(
        with(|settings| settings.changepoints = Some(vec![100 * DAY_S])),
        "the changepoint 1970-04-11 lies outside the history"
    );
    assert_eq!(
        with(|settings| settings.growth = Growth::Logistic),
        "the column `cap` is missing from the observations"
    );
    assert_eq!(
        with(|settings| settings.fit = Fit { algorithm: Some(Algorithm::Newton), tol_obj: 1e-3, ..Fit::default() }),
        "`tol_obj` is of the algorithms `lbfgs` and `bfgs`, not of `newton`"
    );
    assert_eq!(
        with(|settings| settings.fit = Fit { algorithm: Some(Algorithm::Bfgs), history_size: 9, ..Fit::default() }),
        "`history_size` is of the algorithm `lbfgs`, not of `bfgs`"
    );
    assert_eq!(
        with(|settings| settings.fit.init.beta = Some(vec![0.5])),
        "`init` has 1 values as `beta`, the model has 6"
    );
    assert_eq!(with(|settings| settings.fit.init.k = Some(f64::NAN)), "`init` has a value that is no number");
    assert_eq!(with(|settings| settings.fit.init.sigma_obs = Some(0.0)), "`sigma_obs` must be positive, not 0");
    let exact = |settings: &mut Settings| {
        settings.fit.exact = true;
        settings.seasonality_mode = Mode::Multiplicative;
    };
    assert_eq!(
        with(exact),
        "`solver` is exact for what adds only: a part that multiplies the trend has no such optimum"
    );
    assert_eq!(with(|settings| settings.fit.sig_figs = 19), "`sig_figs` must lie between 1 and 18");
    let holiday = |name: &str, lower_window, prior_scale| Holiday {
        name: name.to_owned(),
        days: vec![3],
        lower_window,
        upper_window: 0,
        prior_scale,
    };
    let holidays = |holidays: Vec<Holiday>| refusal(&line(), &Settings { holidays, ..short() });
    assert_eq!(holidays(vec![holiday("fair", 1, None)]), "`lower_window` must be 0 or less");
    assert_eq!(
        holidays(vec![holiday("trend", 0, None)]),
        "`holidays` has a name that the forecast uses itself: `trend`"
    );
    assert_eq!(
        holidays(vec![holiday("fair", 0, Some(1.0)), holiday("fair", 0, Some(2.0))]),
        "`prior_scale` has more than one for the holiday `fair`"
    );
    assert_eq!(
        holidays(vec![holiday("fair", -20_000, None)]),
        "`settings` ask for more than 10000 columns or changepoints"
    );
}

#[test]
fn columns_that_are_missing_are_named() {
    let regressors = vec![Regressor { name: "load".to_owned(), ..Regressor::default() }];
    let settings = Settings { regressors, ..short() };
    assert_eq!(refusal(&line(), &settings), "the regressor `load` is missing from the observations");
    let mut observations = line();
    observations.regressors.push(("load".to_owned(), (0..40_i32).map(f64::from).collect()));
    let model = Model::fit(&observations, &settings).unwrap();
    let error = model.predict(&Future::at(vec![50 * DAY_S])).unwrap_err();
    assert_eq!(error.to_string(), "the regressor `load` is missing from the times to forecast");
    observations.regressors[0].1[3] = f64::NAN;
    assert_eq!(refusal(&observations, &settings), "`load` has no value at 1970-01-04");
    let season = Seasonality {
        name: "shift".to_owned(),
        period_days: 7.0,
        fourier_order: 1,
        prior_scale: None,
        mode: None,
        condition: Some("open".to_owned()),
    };
    let settings = Settings { seasonalities: vec![season], ..short() };
    assert_eq!(refusal(&line(), &settings), "the condition `open` is missing from the observations");
}

#[test]
fn a_cap_below_the_floor_is_refused() {
    let mut observations = line();
    observations.cap = Some(vec![50.0; 40]);
    observations.floor = Some(vec![60.0; 40]);
    let settings = Settings { growth: Growth::Logistic, ..short() };
    assert_eq!(refusal(&observations, &settings), "the cap 50 is not above the floor 60 at 1970-01-01");
}

#[test]
fn a_search_that_takes_too_long_is_given_up() {
    let mut settings = short();
    settings.fit.max_wall_ms = Some(0);
    settings.fit.iterations = usize::MAX;
    settings.fit.algorithm = Some(Algorithm::Newton);
    let error = Model::fit(&line(), &settings).map(|_| ()).unwrap_err();
    assert!(matches!(error, ForecastError::TookTooLong { limit_ms: 0, .. }), "{error}");
}

#[test]
fn a_forecast_of_no_times_is_refused() {
    let model = Model::fit(&line(), &short()).unwrap();
    assert_eq!(model.predict(&Future::default()).unwrap_err(), ForecastError::NoTimes);
}
