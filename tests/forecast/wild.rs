//! Two hundred series that nobody would wish for: each gives a forecast of numbers, or an error that says why not.

use vmflow::forecast::{Forecast, ForecastError, Future, Growth, Mode, Model, Observations, Scaling, Settings};

use super::{DAY_S, short};

/// A small generator, so that a failure can be repeated.
struct Dice(u64);

impl Dice {
    fn throw(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, sides: u64) -> u64 {
        self.throw() % sides
    }

    fn unit(&mut self) -> f64 {
        f64::from(u32::try_from(self.throw() >> 32).unwrap()) / f64::from(u32::MAX)
    }
}

fn value(dice: &mut Dice, kind: u64, row: usize) -> f64 {
    let noise = dice.unit() - 0.5;
    match kind {
        0 => 5.0,
        1 => noise * 1e300,
        2 => noise * 1e-300,
        3 => -1e9 + noise,
        4 if dice.below(3) == 0 => f64::NAN,
        5 => f64::from(u8::from(dice.below(20) == 0)),
        6 => (row as f64).exp().min(1e200),
        7 if dice.below(90) == 0 => f64::INFINITY,
        8 => f64::from_bits(dice.throw()),
        9 => 1e15 + (row % 7) as f64,
        10 => (row as f64 - 20.0) * 1e-320,
        _ => row as f64 + 10.0 * noise,
    }
}

fn series(dice: &mut Dice) -> Observations {
    let rows = [0, 1, 2, 2, 3, 5, 14, 40, 110, 130][usize::try_from(dice.below(10)).unwrap()];
    let (kind, spacing) = (dice.below(13), dice.below(5));
    let mut observations = Observations::default();
    for row in 0..rows {
        let step = i64::try_from(row).unwrap();
        observations.at_s.push(match spacing {
            0 => step * DAY_S,
            1 => step * 3_600,
            2 => i64::try_from(dice.below(1_000_000_000)).unwrap() - 500_000_000,
            3 => step / 3 * DAY_S,
            _ => -step,
        });
        observations.y.push(value(dice, kind, row));
    }
    observations.cap = Some(vec![if dice.below(2) == 0 { 100.0 } else { 1e301 }; rows]);
    observations
}

fn settings(dice: &mut Dice) -> Settings {
    let mut settings = short();
    settings.growth =
        [Growth::Linear, Growth::Linear, Growth::Logistic, Growth::Flat][usize::try_from(dice.below(4)).unwrap()];
    settings.seasonality_mode = [Mode::Additive, Mode::Multiplicative][usize::try_from(dice.below(2)).unwrap()];
    settings.scaling = [Scaling::AbsMax, Scaling::MinMax][usize::try_from(dice.below(2)).unwrap()];
    settings.seed = [None, Some(7)][usize::try_from(dice.below(2)).unwrap()];
    settings.n_changepoints = usize::try_from(dice.below(8)).unwrap();
    settings
}

fn columns(forecast: &Forecast) -> impl Iterator<Item = &Vec<f64>> {
    let bounds = [&forecast.yhat_lower, &forecast.yhat_upper, &forecast.trend_lower, &forecast.trend_upper];
    let parts = forecast.components.iter().map(|component| &component.values);
    [&forecast.yhat, &forecast.trend].into_iter().chain(bounds).chain(parts)
}

#[test]
fn wild_series_give_numbers_or_a_reason() {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let (mut forecasts, mut refused) = (0, 0);
    for turn in 0..200 {
        let (observations, settings) = (series(&mut dice), settings(&mut dice));
        let last = observations.at_s.iter().copied().max().unwrap_or(0);
        let mut future = Future::at((1..6).map(|step| last + step * DAY_S).collect());
        future.cap = Some(vec![1e302; 5]);
        let result = Model::fit(&observations, &settings).and_then(|model| model.predict(&future));
        match result {
            Ok(forecast) => {
                forecasts += 1;
                for column in columns(&forecast) {
                    assert_eq!(column.len(), 5);
                    assert!(column.iter().all(|value| value.is_finite()), "{turn}: {forecast:?}");
                }
            }
            Err(error) => {
                refused += 1;
                assert!(
                    !matches!(error, ForecastError::Length { .. } | ForecastError::NoColumn { .. }),
                    "{turn}: {error}"
                );
            }
        }
    }
    assert!(forecasts > 80 && refused > 20, "{forecasts} forecasts, {refused} refused");
}
