//! How good a model would have been: fitted to the first days of a history, compared with the days that came.

use super::{History, Method, Patience, Refusal};
use crate::forecast::{Errors, Outcome};

/// The fewest days that a model learns from in a back-test.
const FEWEST: usize = 20;

/// How it is tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backtest {
    /// How many business days ahead.
    pub horizon: usize,
    /// From how many days at most.
    pub windows: usize,
    /// How many business days lie between these.
    pub step: usize,
}

/// What a model is judged by; the smaller the better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Measure {
    /// The mean absolute error, in the unit of the series.
    #[default]
    Mae,
    /// The mean absolute error as a share of the value.
    Mape,
    /// The same as a share of the mean of value and forecast, between 0 and 2.
    Smape,
}

/// How good a model was.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Score {
    /// From how many days it forecast.
    pub windows: usize,
    /// How far off it was.
    pub errors: Errors,
}

impl Score {
    /// Its value of a measure; the worst where it has none.
    pub fn of(&self, measure: Measure) -> f64 {
        let value = match measure {
            Measure::Mae => self.errors.mae,
            Measure::Mape => self.errors.mape.unwrap_or(f64::INFINITY),
            Measure::Smape => self.errors.smape,
        };
        if value.is_nan() { f64::INFINITY } else { value }
    }
}

/// Forecasts from the last days of the history that allow it, and compares with the days that came; filled ones do not count.
pub fn backtest(method: &Method, history: &History, how: Backtest, patience: &Patience<'_>) -> Result<Score, Refusal> {
    let mut compared: Vec<Outcome> = Vec::new();
    let mut windows = 0;
    for window in 0..how.windows {
        let back = how.horizon + window * how.step;
        let Some(begin) = history.days.len().checked_sub(back).filter(|begin| *begin >= FEWEST) else { break };
        let fitted = method.fit(&history.first(begin), patience)?;
        let days = history.days.get(begin..begin + how.horizon).unwrap_or_default();
        let outlook = fitted.ahead(days)?;
        let bounds = outlook.column("yhat_lower").iter().zip(outlook.column("yhat_upper"));
        let guesses = outlook.column("yhat").iter().zip(bounds);
        let values = history.values.iter().zip(&history.filled).skip(begin);
        let real = values.zip(guesses).filter(|((_, filled), _)| !**filled);
        compared.extend(real.map(|((y, _), (yhat, (lower, upper)))| Outcome {
            y: *y,
            yhat: *yhat,
            lower: *lower,
            upper: *upper,
        }));
        windows += 1;
    }
    if windows == 0 {
        let (found, needed) = (history.days.len(), FEWEST + how.horizon);
        return Err(Refusal::new(format!("a back-test needs {needed} business days, and the history has {found}"))
            .help("give a longer history or a shorter horizon"));
    }
    let errors = Errors::of(&compared);
    errors
        .map(|errors| Score { windows, errors })
        .ok_or_else(|| Refusal::new("the last days of the history hold no value of their own to compare with"))
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;
    use chrono_tz::Tz;

    use super::*;
    use crate::calendar::Calendar;
    use crate::forecast::NaiveSettings;

    fn history(count: usize) -> History {
        let open = Calendar::weekdays(Tz::UTC);
        let first: NaiveDate = "2024-01-01".parse().unwrap();
        let days: Vec<NaiveDate> = first.iter_days().filter(|day| open.is_open(*day)).take(count).collect();
        let values = (0..count).map(|at| (at / 5) as f64 + 10.0).collect();
        History { filled: vec![false; days.len()], days, values, closed: 0 }
    }

    #[test]
    fn errors_are_those_of_the_days_that_came() {
        let naive = Method::Naive(NaiveSettings::default());
        let how = Backtest { horizon: 5, windows: 3, step: 5 };
        let score = backtest(&naive, &history(100), how, &Patience(&|| None)).unwrap();
        // Each week is one above the week before.
        assert_eq!((score.windows, score.errors.points), (3, 15));
        assert!((score.errors.mae - 1.0).abs() < 1e-12 && (score.errors.coverage - 1.0).abs() < 1e-12);
        assert!(score.errors.mape.unwrap() > 0.03 && score.of(Measure::Smape) > 0.03);
        let refused = backtest(&naive, &history(20), how, &Patience(&|| None)).unwrap_err();
        assert_eq!(refused.message, "a back-test needs 25 business days, and the history has 20");
    }

    #[test]
    fn days_that_were_filled_in_are_not_compared() {
        let mut history = history(100);
        history.filled[99] = true;
        let naive = Method::Naive(NaiveSettings { season_s: 86_400, ..NaiveSettings::default() });
        let how = Backtest { horizon: 5, windows: 1, step: 5 };
        assert_eq!(backtest(&naive, &history, how, &Patience(&|| None)).unwrap().errors.points, 4);
    }
}
