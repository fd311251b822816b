//! The forecast that every other one has to beat: what was, comes again.

use chrono::{Datelike, Days, NaiveDate};

use super::normal::reach;
use super::{History, Refusal};

/// What repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Season {
    /// Nothing: the last value stays.
    None,
    /// The week: a Tuesday is as the Tuesday before.
    #[default]
    Week,
    /// The year: a day is as 52 weeks before.
    Year,
}

impl Season {
    /// From one day to the day that it repeats, in calendar days.
    const fn days(self) -> u64 {
        match self {
            Self::None => 1,
            Self::Week => 7,
            Self::Year => 364,
        }
    }
}

/// How the naive forecast is made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Naive {
    /// What repeats.
    pub season: Season,
    /// How much of the future the interval holds, in (0, 1).
    pub interval: f64,
}

/// A naive forecast of one series.
#[derive(Debug, Clone)]
pub(super) struct FittedNaive {
    naive: Naive,
    history: History,
    /// The root of the mean square of what one season changes.
    sigma: f64,
}

impl FittedNaive {
    pub(super) fn new(naive: Naive, history: &History) -> Result<Self, Refusal> {
        let mut fitted = Self { naive, history: history.clone(), sigma: 0.0 };
        let errors: Vec<f64> = fitted
            .in_sample()
            .iter()
            .zip(&history.values)
            .filter_map(|(guess, value)| Some(value - (*guess)?))
            .collect();
        if errors.is_empty() {
            let needed = naive.season.days();
            let message = format!("the history has no two days that are {needed} days apart");
            return Err(Refusal::new(message).help("give a longer history, or a shorter `season`"));
        }
        fitted.sigma = (errors.iter().map(|error| error * error).sum::<f64>() / errors.len() as f64).sqrt();
        Ok(fitted)
    }

    /// The last value on or before a day, at the place `end` or before it.
    fn value_at(&self, day: NaiveDate, end: usize) -> Option<f64> {
        let known = self.history.days.get(..end)?;
        let after = known.partition_point(|known| *known <= day);
        self.history.values.get(after.checked_sub(1)?).copied()
    }

    /// What each day of the history would have been forecast as by the days before it; nothing where too few are.
    pub(super) fn in_sample(&self) -> Vec<Option<f64>> {
        let back = Days::new(self.naive.season.days());
        let guess = |(at, day): (usize, &NaiveDate)| self.value_at(day.checked_sub_days(back)?, at);
        self.history.days.iter().enumerate().map(guess).collect()
    }

    /// Values and half the widths of their intervals, for days ahead.
    pub(super) fn ahead(&self, days: &[NaiveDate]) -> Vec<(f64, f64)> {
        let reach = reach(self.naive.interval);
        days.iter()
            .enumerate()
            .map(|(at, day)| {
                let (value, seasons) = self.repeated(*day, at);
                (value, reach * self.sigma * seasons.sqrt())
            })
            .collect()
    }

    /// The value that a day repeats, and how many seasons lie between.
    fn repeated(&self, day: NaiveDate, at: usize) -> (f64, f64) {
        let last = self.history.values.last().copied().unwrap_or(f64::NAN);
        let last_day = self.history.last_day();
        if self.naive.season == Season::None {
            return (last, at as f64 + 1.0);
        }
        let period = i64::try_from(self.naive.season.days()).unwrap_or(7);
        let seasons = (day - last_day).num_days().max(1).div_euclid(period)
            + i64::from((day - last_day).num_days().rem_euclid(period) > 0);
        let back = u64::try_from(seasons * period).unwrap_or(0);
        let wanted = day.checked_sub_days(Days::new(back));
        let value = wanted.and_then(|wanted| self.same_weekday(wanted)).unwrap_or(last);
        (value, seasons as f64)
    }

    /// The last value on a day of the same weekday on or before it, or else the last before it.
    fn same_weekday(&self, day: NaiveDate) -> Option<f64> {
        let end = self.history.days.partition_point(|known| *known <= day);
        let before = self.history.days.get(..end)?.iter().zip(&self.history.values).rev();
        let same = before.take(10).find(|(known, _)| known.weekday() == day.weekday());
        same.map(|(_, value)| *value).or_else(|| self.value_at(day, self.history.days.len()))
    }

    pub(super) fn sigma(&self) -> f64 {
        self.sigma
    }

    pub(super) fn interval(&self) -> f64 {
        self.naive.interval
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;

    use super::*;
    use crate::calendar::Calendar;

    fn history(values: &[f64]) -> (History, Calendar) {
        let open = Calendar::weekdays(Tz::UTC);
        let first: NaiveDate = "2025-01-06".parse().unwrap();
        let days: Vec<NaiveDate> = first.iter_days().filter(|day| open.is_open(*day)).take(values.len()).collect();
        (History { filled: vec![false; days.len()], days, values: values.to_vec(), closed: 0 }, open)
    }

    fn ahead(values: &[f64], season: Season, count: usize) -> Vec<(f64, f64)> {
        let (history, open) = history(values);
        let fitted = FittedNaive::new(Naive { season, interval: 0.8 }, &history).unwrap();
        fitted.ahead(&history.ahead(count, &open).unwrap())
    }

    #[test]
    fn a_week_repeats_itself_and_grows_less_sure() {
        let values = [1.0, 2.0, 3.0, 4.0, 5.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let forecast = ahead(&values, Season::Week, 6);
        let guesses: Vec<f64> = forecast.iter().map(|(value, _)| *value).collect();
        assert_eq!(guesses, [2.0, 3.0, 4.0, 5.0, 6.0, 2.0]);
        // Every week changed by one, so sigma is one.
        assert!((forecast[0].1 - 1.281_551_565).abs() < 1e-6);
        assert!((forecast[5].1 / forecast[0].1 - 2_f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn without_a_season_the_last_value_stays() {
        let forecast = ahead(&[1.0, 3.0, 2.0], Season::None, 4);
        assert!(forecast.iter().all(|(value, _)| (value - 2.0).abs() < f64::EPSILON));
        assert!((forecast[3].1 / forecast[0].1 - 2.0).abs() < 1e-12);
    }

    #[test]
    fn a_history_shorter_than_the_season_is_refused() {
        let (history, _) = history(&[1.0, 2.0]);
        let refused = FittedNaive::new(Naive { season: Season::Year, interval: 0.8 }, &history).unwrap_err();
        assert_eq!(refused.message, "the history has no two days that are 364 days apart");
    }
}
