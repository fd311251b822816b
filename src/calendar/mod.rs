//! Business days: which days are open, and how to count in them. Pure.
//!
//! A [`Calendar`] is a value: a zone, what it goes by (weekdays, a [`Market`]'s rules, two calendars
//! at once), and the days that somebody closed or opened by name.

mod holidays;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

pub use holidays::Market;

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, Utc, Weekday};
use chrono_tz::Tz;

/// The farthest a search for an open day goes, in calendar days.
const LONGEST_CLOSURE: u64 = 366;

/// The most days that a range may list.
pub const LONGEST_RANGE: i64 = 200 * 366;

/// Which days are business days, and in which zone they begin.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Calendar {
    zone: Tz,
    base: Base,
    /// Days that are closed whatever the base says.
    closed: BTreeSet<NaiveDate>,
    /// Days that are open whatever the base says.
    opened: BTreeSet<NaiveDate>,
}

/// What a calendar goes by on the days that nobody named.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Base {
    /// Monday to Friday.
    Weekdays,
    /// Monday to Friday without a market's holidays.
    Market(Market),
    /// Open when both are.
    Joint(Arc<Calendar>, Arc<Calendar>),
}

impl Calendar {
    fn new(zone: Tz, base: Base) -> Self {
        Self { zone, base, closed: BTreeSet::new(), opened: BTreeSet::new() }
    }

    /// Monday to Friday, no holidays.
    pub fn weekdays(zone: Tz) -> Self {
        Self::new(zone, Base::Weekdays)
    }

    /// Monday to Friday without a market's holidays.
    pub fn market(market: Market, zone: Tz) -> Self {
        Self::new(zone, Base::Market(market))
    }

    /// Open on the days on which both are, in the zone of the first.
    pub fn joint(first: Arc<Self>, second: Arc<Self>) -> Self {
        Self::new(first.zone, Base::Joint(first, second))
    }

    /// This calendar, closed on some more days.
    #[must_use]
    pub fn closed_on(mut self, days: impl IntoIterator<Item = NaiveDate>) -> Self {
        for day in days {
            self.opened.remove(&day);
            self.closed.insert(day);
        }
        self
    }

    /// This calendar, open on some days on which it was closed.
    #[must_use]
    pub fn open_on(mut self, days: impl IntoIterator<Item = NaiveDate>) -> Self {
        for day in days {
            self.closed.remove(&day);
            self.opened.insert(day);
        }
        self
    }

    /// The zone in which its days begin.
    pub const fn zone(&self) -> Tz {
        self.zone
    }

    /// The first day for which it knows whether it is open; `None` when it knows all days.
    pub fn known_from(&self) -> Option<NaiveDate> {
        match &self.base {
            Base::Weekdays => None,
            Base::Market(market) => NaiveDate::from_ymd_opt(market.first_year(), 1, 1),
            Base::Joint(first, second) => first.known_from().max(second.known_from()),
        }
    }

    /// Why nothing can be said of a day: it lies before the first that is known.
    pub fn refusal(&self, day: NaiveDate) -> Option<String> {
        let first = self.known_from().filter(|first| day < *first)?;
        Some(format!("this calendar knows its holidays from {first} on, and {day} lies before"))
    }

    /// Whether `day` is a business day.
    pub fn is_open(&self, day: NaiveDate) -> bool {
        if self.opened.contains(&day) || self.closed.contains(&day) {
            return self.opened.contains(&day);
        }
        let is_weekday = !matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
        match &self.base {
            Base::Weekdays => is_weekday,
            Base::Market(market) => is_weekday && !market.is_holiday(day),
            Base::Joint(first, second) => first.is_open(day) && second.is_open(day),
        }
    }

    /// The first business day after `day`.
    pub fn next(&self, day: NaiveDate) -> Option<NaiveDate> {
        (1..=LONGEST_CLOSURE).filter_map(|n| day.checked_add_days(Days::new(n))).find(|day| self.is_open(*day))
    }

    /// The last business day before `day`.
    pub fn previous(&self, day: NaiveDate) -> Option<NaiveDate> {
        let found =
            (1..=LONGEST_CLOSURE).filter_map(|n| day.checked_sub_days(Days::new(n))).find(|day| self.is_open(*day));
        found.filter(|day| self.known_from().is_none_or(|first| *day >= first))
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

/// Unambiguous, because digests are made of it.
impl fmt::Display for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.base {
            Base::Weekdays => f.write_str("weekdays")?,
            Base::Market(market) => f.write_str(market.name())?,
            Base::Joint(first, second) => write!(f, "[{first} and {second}]")?,
        }
        let listed = |days: &BTreeSet<NaiveDate>| days.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        if !self.closed.is_empty() {
            write!(f, ", closed on {}", listed(&self.closed))?;
        }
        if !self.opened.is_empty() {
            write!(f, ", open on {}", listed(&self.opened))?;
        }
        write!(f, " ({})", self.zone)
    }
}

impl PartialOrd for Calendar {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Calendar {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.to_string().cmp(&other.to_string())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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

    #[test]
    fn days_are_closed_and_opened_by_name_and_the_last_word_counts() {
        let bridge = day("2026-05-15");
        let closed = Calendar::market(Market::Target, Tz::UTC).closed_on([bridge]).open_on([day("2026-05-16")]);
        assert!(!closed.is_open(bridge) && closed.is_open(day("2026-05-16")) && !closed.is_open(day("2026-05-01")));
        assert_eq!(closed.to_string(), "target, closed on 2026-05-15, open on 2026-05-16 (UTC)");
        assert!(closed.open_on([bridge]).is_open(bridge));
    }

    #[test]
    fn a_joint_calendar_is_open_when_both_are() {
        let [target, england] = [Market::Target, Market::England].map(|m| Arc::new(Calendar::market(m, m.zone())));
        let joint = Calendar::joint(target, england);
        for (closed, is_open) in [("2026-05-01", false), ("2026-05-04", false), ("2026-05-05", true)] {
            assert_eq!(joint.is_open(day(closed)), is_open, "{closed}");
        }
        assert_eq!((joint.zone(), joint.known_from()), (Tz::Europe__Berlin, Some(day("2002-01-01"))));
    }

    fn calendars() -> impl Strategy<Value = Calendar> {
        let base = prop_oneof![
            Just(Calendar::weekdays(Tz::UTC)),
            Just(Calendar::market(Market::Target, Tz::Europe__Berlin)),
            Just(Calendar::market(Market::England, Tz::Europe__London)),
            Just(Calendar::market(Market::UnitedStates, Tz::America__New_York)),
        ];
        let some = || proptest::collection::vec(days(), 0..20);
        (base, some(), some()).prop_map(|(base, closed, opened)| base.closed_on(closed).open_on(opened))
    }

    fn days() -> impl Strategy<Value = NaiveDate> {
        (0_u64..1000).prop_map(|n| day("2024-01-01") + Days::new(n))
    }

    /// Day by day, as one would with a finger on a wall calendar.
    fn walk(calendar: &Calendar, from: NaiveDate, count: i64) -> NaiveDate {
        let mut at = from;
        let mut left = count.abs();
        while left > 0 {
            at = if count > 0 { at.succ_opt().unwrap() } else { at.pred_opt().unwrap() };
            left -= i64::from(calendar.is_open(at));
        }
        at
    }

    proptest! {
        #[test]
        fn counting_agrees_with_a_walk(calendar in calendars(), from in days(), count in -300_i64..300) {
            prop_assert_eq!(calendar.add(from, count), Some(walk(&calendar, from, count)));
            prop_assert_eq!(calendar.next(from), Some(walk(&calendar, from, 1)));
            prop_assert_eq!(calendar.previous(from), Some(walk(&calendar, from, -1)));
            if calendar.is_open(from) {
                prop_assert_eq!(calendar.add(from, count).and_then(|to| calendar.add(to, -count)), Some(from));
            }
        }

        #[test]
        fn a_range_lists_what_is_open(calendar in calendars(), from in days(), to in days()) {
            let listed = calendar.days(from, to);
            let mut at = from;
            let mut naive = Vec::new();
            while at <= to {
                if calendar.is_open(at) { naive.push(at); }
                at = at.succ_opt().unwrap();
            }
            prop_assert_eq!(listed, naive);
        }

        #[test]
        fn the_business_date_is_open_and_no_other_is_nearer(calendar in calendars(), minutes in 0_i64..1_400_000, cutoff in 0_u32..24) {
            let now = at("2024-01-03T00:00:00Z") + chrono::Duration::minutes(minutes);
            let cutoff = NaiveTime::from_hms_opt(cutoff, 0, 0).unwrap();
            let found = calendar.business_date(now, cutoff).unwrap();
            let local = now.with_timezone(&calendar.zone()).naive_local();
            prop_assert!(calendar.is_open(found) && found <= local.date());
            let has_begun = found < local.date() || local.time() >= cutoff;
            prop_assert!(has_begun);
            let later = calendar.next(found).unwrap();
            prop_assert!(later > local.date() || later == local.date() && local.time() < cutoff);
        }
    }
}
