//! A series by business day.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Offset, TimeZone};
use chrono_tz::Tz;

use super::Refusal;
use crate::calendar::{Calendar, LONGEST_RANGE};

/// What becomes of business days without a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Gaps {
    /// They get one between their neighbours', in proportion.
    #[default]
    Interpolate,
    /// They are left out.
    Leave,
}

/// The business days of a series, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// The days.
    pub days: Vec<NaiveDate>,
    /// A finite value for each.
    pub values: Vec<f64>,
    /// Whether it was filled in, for each.
    pub filled: Vec<bool>,
    /// How many days with points were left out because the calendar is closed on them.
    pub closed: usize,
}

impl History {
    /// Bins points by the calendar's days: the last point of a day counts, points without a value and closed days do not.
    pub fn of(at_ms: &[i64], values: &[f64], on: &Calendar, gaps: Gaps) -> Result<Self, Refusal> {
        let mut by_day: BTreeMap<NaiveDate, (i64, f64)> = BTreeMap::new();
        for (at, value) in at_ms.iter().zip(values).filter(|(_, value)| !value.is_nan()) {
            let day = day_of(*at, on.zone()).ok_or_else(|| Refusal::new("a point lies beyond the calendar"))?;
            let last = by_day.entry(day).or_insert((*at, *value));
            if *at >= last.0 {
                *last = (*at, *value);
            }
        }
        let found = by_day.len();
        by_day.retain(|day, _| on.is_open(*day));
        let closed = found - by_day.len();
        if let Some((day, _)) = by_day.iter().find(|(_, (_, value))| value.is_infinite()) {
            return Err(Refusal::new(format!("the value of {day} is infinite")).help("leave such points out"));
        }
        let (Some(first), Some(last)) = (by_day.keys().next().copied(), by_day.keys().next_back().copied()) else {
            return Err(nothing(closed));
        };
        if let Some(why) = on.refusal(first) {
            return Err(Refusal::new(why).help("begin the history later, or use a calendar without holidays"));
        }
        if (last - first).num_days() > LONGEST_RANGE {
            return Err(Refusal::new("the history is longer than 200 years"));
        }
        let days = match gaps {
            Gaps::Interpolate => on.days(first, last),
            Gaps::Leave => by_day.keys().copied().collect(),
        };
        let known: Vec<Option<f64>> = days.iter().map(|day| by_day.get(day).map(|(_, value)| *value)).collect();
        let filled = known.iter().map(Option::is_none).collect();
        Ok(Self { days, values: between(&known), filled, closed })
    }

    /// How many days have a value of their own.
    pub fn observed(&self) -> usize {
        self.filled.iter().filter(|filled| !**filled).count()
    }

    /// On how many weekdays there ever is a value.
    pub fn weekdays(&self) -> usize {
        super::week::weekdays(self).len().max(1)
    }

    /// The last day; there is one always.
    pub fn last_day(&self) -> NaiveDate {
        self.days.last().copied().unwrap_or_default()
    }

    /// The first `count` days alone.
    #[must_use]
    pub fn first(&self, count: usize) -> Self {
        let days = self.days.iter().take(count).copied().collect();
        let values = self.values.iter().take(count).copied().collect();
        Self { days, values, filled: self.filled.iter().take(count).copied().collect(), closed: self.closed }
    }

    /// The next business days after the last.
    pub fn ahead(&self, count: usize, on: &Calendar) -> Result<Vec<NaiveDate>, Refusal> {
        let next = |day: &NaiveDate| on.next(*day);
        let days: Vec<NaiveDate> = std::iter::successors(on.next(self.last_day()), next).take(count).collect();
        if days.len() < count {
            return Err(Refusal::new(format!("the calendar has no {count} business days after {}", self.last_day())));
        }
        Ok(days)
    }
}

fn nothing(closed: usize) -> Refusal {
    if closed == 0 {
        return Refusal::new("the series has no point with a value");
    }
    Refusal::new(format!("the series has points on {closed} days, and the calendar is closed on all of them"))
        .help("use a calendar that is open on them")
}

/// The day that an instant falls on in a zone. chrono's own conversion panics at the ends of time.
fn day_of(at_ms: i64, zone: Tz) -> Option<NaiveDate> {
    let at = DateTime::from_timestamp_millis(at_ms)?.naive_utc();
    at.checked_add_offset(zone.offset_from_utc_datetime(&at).fix()).map(|clock| clock.date())
}

/// Fills what is missing between two values in proportion to how many days lie between. The ends are known.
fn between(known: &[Option<f64>]) -> Vec<f64> {
    let mut values: Vec<f64> = Vec::with_capacity(known.len());
    let mut before = 0.0;
    for (at, value) in known.iter().enumerate() {
        if let Some(value) = value {
            let gap = at - values.len();
            let step = (value - before) / (gap as f64 + 1.0);
            values.extend((1..=gap).map(|place| before + step * place as f64));
            values.push(*value);
            before = *value;
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_MS: i64 = 86_400_000;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn at(text: &str, ms: i64) -> i64 {
        day(text).and_hms_opt(0, 0, 0).unwrap().and_utc().timestamp_millis() + ms
    }

    #[test]
    fn points_are_binned_by_the_calendars_days_and_gaps_filled_on_it() {
        let open = Calendar::weekdays(Tz::UTC).closed_on([day("2025-01-08")]);
        // Friday twice, Saturday, Monday; Tuesday and the closed Wednesday are missing, and Thursday is one too.
        let at_ms = [
            at("2025-01-03", 60_000),
            at("2025-01-03", DAY_MS - 1),
            at("2025-01-04", 0),
            at("2025-01-06", 123_000),
            at("2025-01-10", 0),
        ];
        let history = History::of(&at_ms, &[9.0, 1.0, 99.0, 2.0, 5.0], &open, Gaps::Interpolate).unwrap();
        let days: Vec<String> = history.days.iter().map(ToString::to_string).collect();
        assert_eq!(days, ["2025-01-03", "2025-01-06", "2025-01-07", "2025-01-09", "2025-01-10"]);
        assert_eq!(history.values, [1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!((history.observed(), history.closed), (3, 1));
        let left = History::of(&at_ms, &[9.0, 1.0, 99.0, 2.0, 5.0], &open, Gaps::Leave).unwrap();
        assert_eq!(left.values, [1.0, 2.0, 5.0]);
        assert_eq!(history.ahead(2, &open).unwrap(), [day("2025-01-13"), day("2025-01-14")]);
    }

    #[test]
    fn what_cannot_be_a_history_is_refused() {
        let open = Calendar::weekdays(Tz::UTC);
        let refused =
            |at_ms: &[i64], values: &[f64]| History::of(at_ms, values, &open, Gaps::Leave).unwrap_err().message;
        assert_eq!(refused(&[], &[]), "the series has no point with a value");
        assert_eq!(refused(&[at("2025-01-03", 0)], &[f64::NAN]), "the series has no point with a value");
        assert!(refused(&[at("2025-01-04", 0)], &[1.0]).contains("closed on all"));
        assert_eq!(refused(&[at("2025-01-03", 0)], &[f64::INFINITY]), "the value of 2025-01-03 is infinite");
        assert!(refused(&[i64::MAX], &[1.0]).contains("beyond"));
    }
}
