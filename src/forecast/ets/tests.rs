//! The figures are those of statsmodels 0.15.0: `ETSModel(y, …).loglike(params)`, `.smooth(params).forecast(7)` and `.fit().llf`.
//! For factors of the season it departs from the book, and takes the new level where the book takes the expected one: likelihood and
//! next value are those of the book's equations there, computed with numpy.

use super::*;

/// A business week's pattern on a slope, with ripples.
fn values() -> Vec<f64> {
    let pattern = [5.0, -3.0, 8.0, -6.0, -4.0];
    let value = |i: usize| {
        let at = i as f64;
        100.0 + 0.8 * at + pattern[i % 5] * (1.0 + 0.01 * at) + 3.0 * (at * 12.9898).sin()
    };
    (0..60).map(value).collect()
}

fn series() -> Observations {
    Observations::new((0..60).map(|day| day * 86_400).collect(), values())
}

struct Known {
    error: Error,
    trend: Trend,
    season: Season,
    log_likelihood: f64,
    next: f64,
    seventh: f64,
    /// The likelihood that statsmodels reaches.
    fitted: f64,
}

const fn known(form: (Error, Trend, Season), figures: [f64; 4]) -> Known {
    let [log_likelihood, next, seventh, fitted] = figures;
    Known { error: form.0, trend: form.1, season: form.2, log_likelihood, next, seventh, fitted }
}

const KNOWN: [Known; 13] = {
    use Error::{Additive as A, Multiplicative as M};
    [
        known(
            (A, Trend::None, Season::None),
            [-215.400_415_920_359_96, 141.546_940_901_251_36, 141.546_940_901_251_36, -214.857_378],
        ),
        known(
            (A, Trend::Additive, Season::None),
            [-216.940_454_433_392_4, 141.886_399_426_548_14, 139.803_854_827_825_23, -205.377_334],
        ),
        known(
            (A, Trend::Damped, Season::None),
            [-216.202_240_862_481_12, 141.841_694_223_353_33, 140.737_328_948_539_8, -207.255_144],
        ),
        known(
            (A, Trend::None, Season::Additive),
            [-174.842_608_225_038_42, 150.510_213_186_841_84, 139.281_778_193_145_5, -117.650_845],
        ),
        known(
            (A, Trend::Additive, Season::Additive),
            [-174.118_047_066_248_5, 151.540_629_767_017_55, 143.321_845_094_643_44, -79.076_169],
        ),
        known(
            (A, Trend::Damped, Season::Additive),
            [-171.794_260_017_230_13, 151.467_197_164_791_92, 142.223_847_340_602_96, -77.855_662],
        ),
        known(
            (M, Trend::None, Season::None),
            [-214.774_838_419_278_98, 141.546_940_901_251_36, 141.546_940_901_251_36, -214.223_253],
        ),
        known(
            (M, Trend::Additive, Season::None),
            [-215.865_058_719_162_16, 141.886_399_426_548_14, 139.803_854_827_825_23, -204.435_307],
        ),
        known(
            (M, Trend::Damped, Season::None),
            [-215.261_340_111_057_1, 141.841_694_223_353_33, 140.737_328_948_539_8, -206.452_725],
        ),
        known(
            (M, Trend::Additive, Season::Additive),
            [-178.545_721_840_658_42, 151.540_629_767_017_55, 143.321_845_094_643_44, -105.369_465],
        ),
        known(
            (M, Trend::None, Season::Multiplicative),
            [-178.406_305_826_402_05, 151.265_117_214_523_23, f64::NAN, -98.858_251],
        ),
        known(
            (M, Trend::Additive, Season::Multiplicative),
            [-178.343_537_087_441_18, 152.345_059_908_060_1, f64::NAN, -83.100_155],
        ),
        known(
            (M, Trend::Damped, Season::Multiplicative),
            [-176.437_644_153_017_06, 152.285_547_819_597_64, f64::NAN, -56.077_942],
        ),
    ]
};

impl Known {
    fn form(&self) -> Form {
        Form { error: self.error, trend: self.trend, season: self.season }
    }

    fn smoothing(&self) -> Smoothing {
        let slope = if self.trend == Trend::None { 0.0 } else { 0.1 };
        let damping = match self.trend {
            Trend::None => 0.0,
            Trend::Additive => 1.0,
            Trend::Damped => 0.9,
        };
        Smoothing { level: 0.3, slope, season: if self.season == Season::None { 0.0 } else { 0.2 }, damping }
    }

    fn first(&self) -> State {
        // statsmodels counts a season's first state backwards from the first row.
        let seasons = match self.season {
            Season::None => vec![],
            Season::Additive => vec![-4.0, -6.0, 8.0, -3.0, 5.0],
            Season::Multiplicative => vec![0.96, 0.94, 1.08, 0.97, 1.05],
        };
        State { level: 101.0, slope: if self.trend == Trend::None { 0.0 } else { 0.7 }, seasons, next: 0 }
    }
}

#[test]
fn likelihood_and_forecasts_are_those_of_statsmodels() {
    for known in KNOWN {
        let (form, smoothing) = (known.form(), known.smoothing());
        let traced = run(form, &smoothing, known.first(), &values());
        assert!((traced.log_likelihood - known.log_likelihood).abs() < 1e-9, "{form}: {}", traced.log_likelihood);
        let mut state = traced.state;
        let ahead: Vec<f64> = (0..7)
            .map(|_| {
                let point = state.expected(form, &smoothing);
                state.advance(form, &smoothing, 0.0);
                point
            })
            .collect();
        let seventh_is_known = known.seventh.is_nan() || (ahead[6] - known.seventh).abs() < 1e-10;
        assert!((ahead[0] - known.next).abs() < 1e-10 && seventh_is_known, "{form}: {ahead:?}");
    }
}

#[test]
fn the_search_reaches_what_statsmodels_reaches() {
    for known in KNOWN {
        let settings = EtsSettings { season_length: 5, form: Some(known.form()), ..EtsSettings::default() };
        let found = search::best(&values(), &settings).unwrap();
        let reached = run(found.form, &found.smoothing, found.first, &values()).log_likelihood;
        assert!(reached > known.fitted - 0.1, "{}: {reached}, not {}", known.form(), known.fitted);
    }
}

#[test]
fn the_form_of_the_least_criterion_is_chosen() {
    let settings = EtsSettings { season_length: 5, ..EtsSettings::default() };
    let model = Ets::fit(&series(), &settings).unwrap();
    let others = KNOWN.map(|known| {
        Ets::fit(&series(), &EtsSettings { form: Some(known.form()), ..settings.clone() }).unwrap().aicc()
    });
    assert!(others.iter().all(|other| model.aicc() <= *other), "{} {}", model.form(), model.aicc());
    let forecast = model.predict(&Future::at((60..70).map(|day| day * 86_400).collect())).unwrap();
    let truth =
        |day: usize| 100.0 + 0.8 * day as f64 + [5.0, -3.0, 8.0, -6.0, -4.0][day % 5] * (1.0 + 0.01 * day as f64);
    for (place, yhat) in forecast.yhat.iter().enumerate() {
        assert!((yhat / truth(60 + place) - 1.0).abs() < 0.1, "{place}: {yhat}");
        assert!(forecast.yhat_lower[place] < *yhat && *yhat < forecast.yhat_upper[place]);
    }
}

#[test]
fn an_additive_form_s_spread_has_its_formula() {
    let form = Form { error: Error::Additive, trend: Trend::None, season: Season::None };
    let model = Ets::fit(&series(), &EtsSettings { form: Some(form), ..EtsSettings::default() }).unwrap();
    let forecast = model.predict(&Future::at((60..64).map(|day| day * 86_400).collect())).unwrap();
    for (ahead, (upper, yhat)) in forecast.yhat_upper.iter().zip(&forecast.yhat).enumerate() {
        let variance = 1.0 + ahead as f64 * model.smoothing.level * model.smoothing.level;
        let wanted = 1.281_551_565_544_6 * model.sigma * variance.sqrt();
        assert!((upper - yhat - wanted).abs() < 1e-9 * wanted, "{ahead}");
    }
}

#[test]
fn gaps_constants_and_short_series_do_no_harm() {
    let mut gappy = series();
    gappy.y[20] = f64::NAN;
    gappy.y[0] = f64::NAN;
    let settings = EtsSettings { season_length: 5, ..EtsSettings::default() };
    let model = Ets::fit(&gappy, &settings).unwrap();
    assert!(
        model.predict(&Future::at(vec![20 * 86_400, 60 * 86_400])).unwrap().yhat.iter().all(|yhat| yhat.is_finite())
    );
    assert!(model.predict(&Future::at(vec![20 * 86_400 + 1])).is_err());
    let constant = Observations::new((0..30).map(|day| day * 86_400).collect(), vec![3.0; 30]);
    let forecast = Ets::fit(&constant, &settings).unwrap().predict(&Future::at(vec![40 * 86_400])).unwrap();
    assert_eq!((forecast.yhat, forecast.yhat_upper), (vec![3.0], vec![3.0]));
    let short = Observations::new(vec![0, 86_400], vec![1.0, 2.0]);
    assert_eq!(Ets::fit(&short, &settings).unwrap_err().to_string(), "2 points with a value, but 3 are needed");
}
