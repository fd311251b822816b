//! Business days: which days are open, and how to count in them. Pure.
//!
//! A [`Calendar`] is a value: a zone, the weekdays on which it is closed, and holidays. The
//! weekday calendar of today has no holidays; a market's calendar will be the same value with some.

use std::collections::BTreeSet;
use std::fmt;

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, Utc, Weekday};
use chrono_tz::Tz;

/// The farthest a search for an open day goes, in calendar days.
const LONGEST_CLOSURE: u64 = 366;

/// The most days that a range may list.
pub const LONGEST_RANGE: i64 = 200 * 366;

/// Which days are business days, and in which zone they begin.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Calendar {
    name: String,
    zone: Tz,
    weekend: Vec<Weekday>,
    holidays: BTreeSet<NaiveDate>,
}

impl Calendar {
    /// Monday to Friday, no holidays.
    pub fn weekdays(zone: Tz) -> Self {
        Self { name: "weekdays".to_owned(), zone, weekend: vec![Weekday::Sat, Weekday::Sun], holidays: BTreeSet::new() }
    }

    /// The zone in which its days begin.
    pub const fn zone(&self) -> Tz {
        self.zone
    }

    /// Whether `day` is a business day.
    pub fn is_open(&self, day: NaiveDate) -> bool {
        !self.weekend.contains(&day.weekday()) && !self.holidays.contains(&day)
    }

    /// The first business day after `day`.
    pub fn next(&self, day: NaiveDate) -> Option<NaiveDate> {
        (1..=LONGEST_CLOSURE).filter_map(|n| day.checked_add_days(Days::new(n))).find(|day| self.is_open(*day))
    }

    /// The last business day before `day`.
    pub fn previous(&self, day: NaiveDate) -> Option<NaiveDate> {
        (1..=LONGEST_CLOSURE).filter_map(|n| day.checked_sub_days(Days::new(n))).find(|day| self.is_open(*day))
    }

    /// `day` moved by `count` business days; negative moves back. Zero from a closed day stays there.
    pub fn add(&self, day: NaiveDate, count: i64) -> Option<NaiveDate> {
        if count.abs() > LONGEST_RANGE {
            return None;
        }
        let step = |day| if count < 0 { self.previous(day) } else { self.next(day) };
        (0..count.abs()).try_fold(day, |day, _| step(day))
    }

    /// The business days from `from` through `to`, both included. Callers bound the range by [`LONGEST_RANGE`].
    pub fn days(&self, from: NaiveDate, to: NaiveDate) -> Vec<NaiveDate> {
        from.iter_days().take_while(|day| *day <= to).filter(|day| self.is_open(*day)).collect()
    }

    /// The business day that a run at `now` answers for: today once `cutoff` has come on a business
    /// day, else the business day before. The clock is read in the calendar's zone.
    pub fn business_date(&self, now: DateTime<Utc>, cutoff: NaiveTime) -> Option<NaiveDate> {
        let local = now.with_timezone(&self.zone).naive_local();
        let today = local.date();
        if self.is_open(today) && local.time() >= cutoff { Some(today) } else { self.previous(today) }
    }
}

impl fmt::Display for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.zone)
    }
}

impl PartialOrd for Calendar {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Calendar {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (&self.name, self.zone.name(), &self.holidays).cmp(&(&other.name, other.zone.name(), &other.holidays))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn the_business_date_is_the_predecessors_rule() {
        let utc = Calendar::weekdays(Tz::UTC);
        let cutoff = NaiveTime::from_hms_opt(6, 0, 0).unwrap();
        let cases = [
            ("2026-11-22T03:00:00Z", "2026-11-20"), // Sunday
            ("2026-11-21T23:00:00Z", "2026-11-20"), // Saturday
            ("2026-11-23T05:59:59Z", "2026-11-20"), // Monday before the cutoff
            ("2026-11-23T06:00:00Z", "2026-11-23"), // Monday at the cutoff
            ("2026-11-25T00:00:00Z", "2026-11-24"), // Wednesday at midnight
        ];
        for (now, expected) in cases {
            assert_eq!(utc.business_date(at(now), cutoff), Some(day(expected)), "{now}");
        }
    }

    #[test]
    fn the_zone_decides_which_day_it_is() {
        let tokyo = Calendar::weekdays(Tz::Asia__Tokyo);
        let midnight = NaiveTime::MIN;
        assert_eq!(tokyo.business_date(at("2026-11-24T16:00:00Z"), midnight), Some(day("2026-11-25")));
    }

    #[test]
    fn business_days_skip_weekends_both_ways() {
        let utc = Calendar::weekdays(Tz::UTC);
        assert_eq!(utc.add(day("2026-11-20"), 1), Some(day("2026-11-23")));
        assert_eq!(utc.add(day("2026-11-23"), -1), Some(day("2026-11-20")));
        assert_eq!(utc.add(day("2026-11-20"), i64::MAX), None);
        assert_eq!(utc.days(day("2026-11-20"), day("2026-11-24")).len(), 3);
    }
}
