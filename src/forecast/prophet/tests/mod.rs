//! What Python's Prophet 1.5.0 gave for the same series: parameters, forecasts, intervals. `tests/forecast/data` says how.

mod case;
mod plain;

use std::sync::LazyLock;

use case::{Case, cases};

use fearless_simd::Level;

use super::*;
use crate::forecast::Growth;

/// The largest difference of two columns, as a share.
fn apart(ours: &[f64], theirs: &[f64], scale: f64) -> f64 {
    assert_eq!(ours.len(), theirs.len());
    let differences = ours.iter().zip(theirs).map(|(ours, theirs)| (ours - theirs).abs() / scale);
    differences.fold(0.0, |most, difference| if difference > most || difference.is_nan() { difference } else { most })
}

fn within(case: &Case, what: &str, found: f64, limit: f64) {
    assert!(found <= limit, "{}: {what} is off by {found:e}, more than {limit:e}", case.name);
}

/// How far a forecast may be off, as a share of the scale.
const LIMIT: f64 = 1e-12;

#[test]
fn parameters_are_prophet_s_to_the_last_bit() {
    for case in cases().filter(|case| case.algorithm().is_some()) {
        let prepared = prepare(&case.observations(), &case.settings()).unwrap();
        let found = optimise::search(&prepared.problem, &case.settings().fit).unwrap();
        assert_eq!(Some(found.iterations), case.iterations(), "{}", case.name);
        let mut vector = found.vector;
        let sigma = 2 + prepared.problem.changes.len();
        vector[sigma] = vector[sigma].exp();
        assert_eq!(vector, case.parameters(), "{}", case.name);
    }
}

/// Each case with its model and forecast, which several tests look at.
static FITTED: LazyLock<Vec<(Case, Model, Forecast)>> = LazyLock::new(|| {
    let fitted = cases().map(|case| {
        let model = Model::fit(&case.observations(), &case.settings()).unwrap();
        let forecast = model.predict(&case.future()).unwrap();
        (case, model, forecast)
    });
    fitted.collect()
});

#[test]
fn forecasts_are_prophet_s() {
    for (case, model, forecast) in FITTED.iter() {
        assert_eq!(model.summary().y_scale, case.y_scale(), "{}", case.name);
        let scale = case.y_scale();
        within(case, "yhat", apart(&forecast.yhat, &case.column("yhat"), scale), LIMIT);
        within(case, "trend", apart(&forecast.trend, &case.column("trend"), scale), LIMIT);
        let named: Vec<String> = forecast.components.iter().map(|component| component.name.clone()).collect();
        for name in case.components() {
            assert!(named.contains(&name), "{} has no {name}", case.name);
            let component = forecast.component(&name).unwrap();
            let unit = if component.mode == Mode::Additive { scale } else { 1.0 };
            within(case, &name, apart(&component.values, &case.column(&name), unit), LIMIT);
        }
    }
}

#[test]
fn seeded_bounds_are_those_of_numpy() {
    for (case, _, forecast) in FITTED.iter() {
        let (lower, upper) = (case.column("yhat_lower"), case.column("yhat_upper"));
        let width = lower.iter().zip(&upper).map(|(lower, upper)| upper - lower).fold(0.0, f64::max);
        // Two points are met exactly: the width is hardly more than rounding.
        let limit = if case.name.starts_with("s18") { 1e-4 } else { 1e-9 };
        within(case, "yhat_lower", apart(&forecast.yhat_lower, &lower, width), limit);
        within(case, "yhat_upper", apart(&forecast.yhat_upper, &upper, width), limit);
        within(case, "trend_lower", apart(&forecast.trend_lower, &case.column("trend_lower"), width), limit);
        within(case, "trend_upper", apart(&forecast.trend_upper, &case.column("trend_upper"), width), limit);
    }
}

#[test]
fn rows_of_the_past_are_forecast_as_well() {
    let mut compared = 0;
    for case in cases() {
        let Some(history) = case.history() else { continue };
        let model = Model::fit(&case.observations(), &case.settings()).unwrap();
        let times: Vec<i64> = [case.observations().at_s, case.future().at_s].concat();
        let forecast = model.predict(&Future::at(times.clone())).unwrap();
        let places: Vec<usize> =
            history.at_s.iter().map(|at_s| times.iter().position(|time| time == at_s).unwrap()).collect();
        let picked = |column: &[f64]| places.iter().map(|place| column[*place]).collect::<Vec<_>>();
        let columns = [&forecast.yhat, &forecast.yhat_lower, &forecast.yhat_upper, &forecast.trend];
        for (column, name) in columns.into_iter().zip(["yhat", "yhat_lower", "yhat_upper", "trend"]) {
            within(&case, name, apart(&picked(column), &history.column(name), case.y_scale()), 1e-9);
        }
        compared += 1;
    }
    assert!(compared > 0);
}

#[test]
fn without_a_seed_bounds_are_the_same_each_time_and_as_wide() {
    for case in cases() {
        let Some(widths) = case.widths() else { continue };
        let settings = Settings { seed: None, ..case.settings() };
        let forecast = |()| Model::fit(&case.observations(), &settings).unwrap().predict(&case.future()).unwrap();
        let (first, second) = (forecast(()), forecast(()));
        assert_eq!(first, second, "{}", case.name);
        let ours = first.yhat_upper.iter().zip(&first.yhat_lower).map(|(upper, lower)| upper - lower);
        for (ours, theirs) in ours.zip(widths) {
            assert!((ours / theirs - 1.0).abs() < 0.05, "{}: {ours} for {theirs}", case.name);
        }
    }
}

/// The registers that this machine has, and those that every one has.
fn levels() -> Vec<Level> {
    let mut levels = vec![Level::new(), Level::baseline()];
    #[cfg(target_arch = "x86_64")]
    levels.extend(Level::new().as_avx2().map(Level::Avx2));
    levels
}

/// The fast evaluation gives the bits of one that is written plainly, at points along the way and beside it, whatever registers
/// the machine has.
#[test]
fn the_density_is_that_of_the_plain_one() {
    for case in cases() {
        let prepared = prepare(&case.observations(), &case.settings()).unwrap();
        let problem = &prepared.problem;
        for (turn, level) in (0..4_u32).flat_map(|turn| levels().into_iter().map(move |level| (turn, level))) {
            let mut objective = objective::Objective::on(problem, turn % 2 == 1, level);
            let mut at = problem.initial();
            for (place, value) in at.iter_mut().enumerate() {
                *value += 0.01 * f64::from(turn) * ((place * 37 + 11) % 17) as f64 - 0.05 * f64::from(turn);
            }
            let (mut fast, mut plain) = (vec![0.0; at.len()], vec![0.0; at.len()]);
            let value = objective.value_and_gradient(&at, &mut fast);
            let expected = plain::value_and_gradient(problem, turn % 2 == 1, &at, &mut plain);
            if problem.growth == Growth::Logistic && value.is_none() {
                assert!(!expected.is_finite() || plain.iter().any(|slope| !slope.is_finite()));
                continue;
            }
            assert_eq!(value, Some(expected), "{} {turn}", case.name);
            assert_eq!(fast, plain, "{} {turn}", case.name);
        }
    }
}

/// The optimum is at least as dense as where Prophet's search ends, in every case that only adds, and denser where it can be told.
#[test]
fn the_optimum_is_no_worse_than_prophet_s() {
    let mut denser = 0;
    for case in cases().filter(|case| case.algorithm().is_some() && !case.settings().fit.jacobian) {
        let prepared = prepare(&case.observations(), &case.settings()).unwrap();
        let problem = &prepared.problem;
        let only_adds = problem.growth != Growth::Logistic && !problem.has_mode(Mode::Multiplicative);
        let found = exact::optimum(problem, &limit::Limit::begin(None));
        if !only_adds {
            assert!(found.unwrap_err().to_string().starts_with("`solver` is exact for"), "{}", case.name);
            continue;
        }
        // What has as many columns as points is met exactly: the less noise, the denser, without end.
        if ["n_newton_columns", "s18_two_points__default"].contains(&&*case.name) {
            assert!(found.unwrap_err().to_string().contains("without any noise"), "{}", case.name);
            continue;
        }
        let mut theirs = case.parameters();
        let sigma = 2 + problem.changes.len();
        theirs[sigma] = theirs[sigma].ln();
        let mut objective = objective::Objective::new(problem, false);
        let (ours, turns) = found.unwrap_or_else(|error| panic!("{}: {error}", case.name));
        let (ours, theirs) = (objective.value(&ours).unwrap(), objective.value(&theirs).unwrap());
        assert!(
            ours <= theirs + 1e-9 * theirs.abs(),
            "{}: {ours} after {turns} turns, Prophet has {theirs}",
            case.name
        );
        denser += usize::from(ours < theirs);
    }
    assert!(denser > 5, "{denser}");
}
