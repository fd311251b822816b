//! Cron texts: five fields, read to the sets of values that they stand for.

use std::ops::Range;

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc, Weekday};
use chrono_tz::Tz;

use crate::value::first_at;

/// When a schedule is due, in the local time of its zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cron {
    minutes: u64,
    hours: u64,
    /// The days of the month, and perhaps [`LAST_DAY`].
    days: u64,
    months: u64,
    /// Sunday is 0; above [`PICKED`] the first to the last of a month, for each of the seven.
    weekdays: u64,
    /// Whether the field of days, or that of weekdays, begins with `*`. If neither does, either is enough.
    any_day: bool,
    any_weekday: bool,
}

/// What is wrong with a cron text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    /// The bytes of the text that are.
    pub(super) at: Range<usize>,
    pub(super) message: String,
    pub(super) help: String,
}

/// One of the five fields.
struct Unit {
    name: &'static str,
    least: u32,
    most: u32,
    words: &'static [&'static str],
}

const MONTHS: &[&str] = &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: &[&str] = &["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const UNITS: [Unit; 5] = [
    Unit { name: "minute", least: 0, most: 59, words: &[] },
    Unit { name: "hour", least: 0, most: 23, words: &[] },
    Unit { name: "day of the month", least: 1, most: 31, words: &[] },
    Unit { name: "month", least: 1, most: 12, words: MONTHS },
    // 7 is Sunday too.
    Unit { name: "day of the week", least: 0, most: 7, words: WEEKDAYS },
];

/// Words that stand for a whole text.
const NICKNAMES: [(&str, &str); 7] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];

/// The bit for `L`, the last day of a month.
const LAST_DAY: u64 = 1 << 63;

/// The first bit for `1#2` and `5L`; there are [`PICKS`] for each weekday.
const PICKED: u32 = 8;
const PICKS: u32 = 6;

/// No rule is due more rarely than 29 February on one weekday, which a century without a leap day makes 40 years.
const FARTHEST_DAYS: u64 = 41 * 366;

const FIVE: &str = "write minute, hour, day, month and weekday, such as `0 6 * * 1-5`";

/// Reads a cron text.
pub(super) fn parse(text: &str) -> Result<Cron, Wrong> {
    let nickname = NICKNAMES.iter().find(|(name, _)| text.trim().eq_ignore_ascii_case(name));
    let text = nickname.map_or(text, |(_, fields)| fields);
    let fields: Vec<(usize, &str)> = fields(text).collect();
    let [minute, hour, day, month, weekday] = fields.as_slice() else {
        let help =
            if fields.len() == 6 { "leave the seconds out: the first of five fields is the minute" } else { FIVE };
        let message = format!("a cron text has five fields, and this has {}", fields.len());
        return Err(Wrong { at: 0..text.len(), message, help: help.to_owned() });
    };
    let [minutes, hours, days, months, weekdays] = &UNITS;
    let sundays = field(*weekday, weekdays)?;
    let cron = Cron {
        minutes: field(*minute, minutes)?,
        hours: field(*hour, hours)?,
        days: field(*day, days)?,
        months: field(*month, months)?,
        weekdays: sundays & !0xff | (sundays | (sundays & 0xff) >> 7) & 0x7f,
        any_day: day.1.starts_with(['*', '?']),
        any_weekday: weekday.1.starts_with(['*', '?']),
    };
    if cron.any_weekday && !cron.has_a_day() {
        let message = "no month of these has such a day, so it is never due".to_owned();
        let at = day.0..month.0 + month.1.len();
        return Err(Wrong { at, message, help: "write a day that the month has".to_owned() });
    }
    Ok(cron)
}

fn fields(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split_whitespace().map(move |field| (field.as_ptr() as usize - text.as_ptr() as usize, field))
}

/// The values of a field, as bits.
fn field((start, text): (usize, &str), unit: &Unit) -> Result<u64, Wrong> {
    let mut bits = 0;
    let mut at = start;
    for item in text.split(',') {
        bits |= item_bits(item, unit).map_err(|(message, help)| Wrong { at: at..at + item.len(), message, help })?;
        at += item.len() + 1;
    }
    Ok(bits)
}

/// `*`, `5`, `1-5`, `*/15`, `8-18/2`, and `L`, `5L`, `1#2` for the last and the second one.
fn item_bits(item: &str, unit: &Unit) -> Result<u64, (String, String)> {
    let (range, step) = match item.split_once('/') {
        Some((range, step)) => (range, plain(step).filter(|step| *step > 0).ok_or_else(|| bad_step(step))?),
        None => (item, 1),
    };
    if let Some(bit) = picked(item, unit)? {
        return Ok(1 << bit);
    }
    let (first, last) = match (range, range.split_once('-')) {
        ("*" | "?", _) => (unit.least, unit.most.min(if unit.words == WEEKDAYS { 6 } else { 59 })),
        (_, Some((first, last))) => (value(first, unit)?, value(last, unit)?),
        // `5/15` begins there and goes on.
        (one, None) if item.contains('/') => (value(one, unit)?, unit.most),
        (one, None) => (value(one, unit)?, value(one, unit)?),
    };
    if first > last {
        let help = format!("write both parts: `{first}-{},{}-{last}`", unit.most, unit.least);
        return Err((format!("`{range}` runs backwards"), help));
    }
    let values = (first..=last).filter(|value| (value - first) % step == 0);
    Ok(values.fold(0, |bits, value| bits | 1 << value))
}

/// The bit of `L`, of `1#2` and of `5L`, which pick a day of the month; `None` for all else.
fn picked(item: &str, unit: &Unit) -> Result<Option<u32>, (String, String)> {
    if unit.most == 31 && item.eq_ignore_ascii_case("l") {
        return Ok(Some(LAST_DAY.trailing_zeros()));
    }
    let counted = item.split_once('#').and_then(|(day, nth)| Some((day, plain(nth).filter(|n| (1..=5).contains(n))?)));
    let last = item.strip_suffix(['L', 'l']).map(|day| (day, PICKS));
    match counted.or(last).filter(|(day, _)| unit.words == WEEKDAYS && !day.is_empty()) {
        Some((day, nth)) => Ok(Some(PICKED + value(day, unit)? % 7 * PICKS + nth - 1)),
        None => Ok(None),
    }
}

fn bad_step(step: &str) -> (String, String) {
    (format!("`{step}` is no step"), "write a whole number above zero: `*/15`".to_owned())
}

fn value(text: &str, unit: &Unit) -> Result<u32, (String, String)> {
    let lower = text.to_ascii_lowercase();
    let word = unit.words.iter().position(|word| *word == lower).and_then(|at| u32::try_from(at).ok());
    let number = word.map(|at| at + u32::from(unit.words == MONTHS)).or_else(|| plain(text));
    number.filter(|value| (unit.least..=unit.most).contains(value)).ok_or_else(|| {
        let names = match unit.words {
            [first, .., last] => format!(", or `{first}` to `{last}`"),
            _ => String::new(),
        };
        let help = format!("write {} to {}{names}, `*`, or several with `-` and `,`", unit.least, unit.most);
        (format!("`{text}` is no {}", unit.name), help)
    })
}

/// Digits alone: `+5` is no number here.
fn plain(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

impl Cron {
    fn has_a_day(&self) -> bool {
        let longest = |month: u32| match month {
            2 => 29,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        let first = self.days.trailing_zeros();
        (1..=12)
            .filter(|month| has(self.months, *month))
            .any(|month| first <= longest(month) || self.days & LAST_DAY != 0)
    }

    /// Whether it is due on Saturdays or Sundays only.
    pub(super) fn is_weekend_only(&self) -> bool {
        let mut working = (1..=5).map(|day| 1 << day | 0b11_1111 << (PICKED + day * PICKS));
        !self.any_weekday && self.any_day && working.all(|bits: u64| self.weekdays & bits == 0)
    }

    /// The one time of day at which it is due; `None` when there are several.
    fn only_time(&self) -> Option<NaiveTime> {
        let is_one = self.minutes.is_power_of_two() && self.hours.is_power_of_two();
        let time = NaiveTime::from_hms_opt(self.hours.trailing_zeros(), self.minutes.trailing_zeros(), 0);
        time.filter(|_| is_one)
    }

    fn is_due_on(&self, date: NaiveDate) -> bool {
        let is_last = |days: u64| date.checked_add_days(Days::new(days)).is_none_or(|on| on.month() != date.month());
        let day = has(self.days, date.day()) || (self.days & LAST_DAY != 0 && is_last(1));
        let sunday = date.weekday().num_days_from_sunday();
        let pick = |nth: u32| has(self.weekdays, PICKED + sunday * PICKS + nth);
        let weekday = has(self.weekdays, sunday) || pick(date.day0() / 7) || (pick(PICKS - 1) && is_last(7));
        let fits = if self.any_day || self.any_weekday { day && weekday } else { day || weekday };
        fits && has(self.months, date.month())
    }

    fn times(&self) -> impl Iterator<Item = NaiveTime> {
        let minutes = self.minutes;
        let hours = (0..24).filter(move |hour| has(self.hours, *hour));
        hours.flat_map(move |hour| {
            let minutes = (0..60).filter(move |minute| has(minutes, *minute));
            minutes.filter_map(move |minute| NaiveTime::from_hms_opt(hour, minute, 0))
        })
    }

    /// The first instant after `now` at which it is due, on a day that `is_open`. A time that the clocks of `zone` skip is
    /// due when they have jumped, one that comes twice the first time.
    pub(super) fn next(
        &self,
        now: DateTime<Utc>,
        zone: Tz,
        is_open: &dyn Fn(NaiveDate) -> bool,
    ) -> Option<DateTime<Utc>> {
        let today = now.with_timezone(&zone).date_naive();
        let days = (0..FARTHEST_DAYS).map_while(|day| today.checked_add_days(Days::new(day)));
        let due = days.filter(|date| self.is_due_on(*date) && is_open(*date));
        let instants = due.flat_map(|date| self.times().filter_map(move |time| first_at(date.and_time(time), zone)));
        instants.into_iter().find(|at| *at > now)
    }

    /// The time of day, when on some day that it is due it does not exist in `zone`: the clocks skip it. With
    /// `weekdays`, only days from Monday to Friday count.
    pub(super) fn skipped_time(&self, zone: Tz, weekdays: bool) -> Option<NaiveTime> {
        let time = self.only_time()?;
        let counts = |date: &NaiveDate| !weekdays || !matches!(date.weekday(), Weekday::Sat | Weekday::Sun);
        let days = (0..YEARS_DAYS).map(|day| FIRST_DAY + TimeDelta::days(day));
        let mut due = days.filter(|date| self.is_due_on(*date)).filter(counts);
        due.any(|date| zone.from_local_datetime(&date.and_time(time)).earliest().is_none()).then_some(time)
    }
}

/// Rules of zones repeat from year to year; these three stand for all.
const FIRST_DAY: NaiveDate = match NaiveDate::from_ymd_opt(2026, 1, 1) {
    Some(day) => day,
    None => NaiveDate::MIN,
};
const YEARS_DAYS: i64 = 3 * 365;

const fn has(bits: u64, value: u32) -> bool {
    bits >> value & 1 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> (String, String) {
        let wrong = parse(text).unwrap_err();
        (text[wrong.at].to_owned(), wrong.message)
    }

    #[test]
    fn what_schedulers_take_is_taken() {
        for text in [
            "0 2 * * *",
            "*/15 8-18 * * mon-fri",
            "0 0 1,15 * ?",
            "5/10 * L * *",
            "0 6 * JAN,Dec 0",
            "0 6 * * 7",
            "0 6 * * 1#2",
            "0 6 * * 5L",
            "@daily",
            " @Hourly ",
            "0  6\t* * 1-5",
            "0 0 29 2 *",
            "0-59/2 * * * *",
            "0 0 31 2 5",
        ] {
            assert!(parse(text).is_ok(), "{text}: {:?}", parse(text));
        }
    }

    #[test]
    fn a_mistake_is_at_its_place() {
        let said = |part: &str, message: &str| (part.to_owned(), message.to_owned());
        assert_eq!(wrong("60 2 * * *"), said("60", "`60` is no minute"));
        assert_eq!(wrong("0 2,24 * * *"), said("24", "`24` is no hour"));
        assert_eq!(wrong("0 2 0 * *"), said("0", "`0` is no day of the month"));
        assert_eq!(wrong("0 2 * jam *"), said("jam", "`jam` is no month"));
        assert_eq!(wrong("0 2 * * 1-8"), said("1-8", "`8` is no day of the week"));
        assert_eq!(wrong("0 22-5 * * *"), said("22-5", "`22-5` runs backwards"));
        assert_eq!(wrong("*/0 * * * *"), said("*/0", "`0` is no step"));
        assert_eq!(wrong("*/x * * * *"), said("*/x", "`x` is no step"));
        assert_eq!(wrong("+5 * * * *"), said("+5", "`+5` is no minute"));
        assert_eq!(wrong("0 2 * *"), said("0 2 * *", "a cron text has five fields, and this has 4"));
        assert_eq!(wrong("0 0 2 * * *"), said("0 0 2 * * *", "a cron text has five fields, and this has 6"));
        assert_eq!(wrong("0 2 30,31 2 *"), said("30,31 2", "no month of these has such a day, so it is never due"));
        assert_eq!(wrong("0 2,, * * *"), said("", "`` is no hour"));
        assert_eq!(wrong("daily"), said("daily", "a cron text has five fields, and this has 1"));
    }

    #[test]
    fn the_next_time_is_known() {
        let next = |text: &str, now: &str, zone: Tz| {
            let at = parse(text).unwrap().next(now.parse().unwrap(), zone, &|_| true);
            at.map_or("never".to_owned(), |at| at.with_timezone(&zone).format("%a %F %R %:z").to_string())
        };
        for (text, now, zone, wanted) in [
            ("0 2 * * *", "2026-10-30T01:59:59Z", Tz::UTC, "Fri 2026-10-30 02:00 +00:00"),
            ("0 2 * * *", "2026-10-30T02:00:00Z", Tz::UTC, "Sat 2026-10-31 02:00 +00:00"),
            ("0 6 L * *", "2026-02-01T00:00:00Z", Tz::UTC, "Sat 2026-02-28 06:00 +00:00"),
            ("0 6 1,L * *", "2026-02-02T00:00:00Z", Tz::UTC, "Sat 2026-02-28 06:00 +00:00"),
            ("0 6 * * 1#2", "2026-10-30T00:00:00Z", Tz::UTC, "Mon 2026-11-09 06:00 +00:00"),
            ("0 6 * * 5L", "2026-10-30T07:00:00Z", Tz::UTC, "Fri 2026-11-27 06:00 +00:00"),
            ("0 6 * * sunL", "2026-10-30T07:00:00Z", Tz::UTC, "Sun 2026-11-29 06:00 +00:00"),
            ("0 6 13 * 5", "2026-10-30T07:00:00Z", Tz::UTC, "Fri 2026-11-06 06:00 +00:00"),
            ("0 0 29 2 *", "2096-03-01T00:00:00Z", Tz::UTC, "Fri 2104-02-29 00:00 +00:00"),
            // 01:30 is skipped, and due when the clocks have jumped.
            ("30 1 * * *", "2026-03-28T12:00:00Z", Tz::Europe__London, "Sun 2026-03-29 02:00 +01:00"),
            // 01:30 comes twice, and is due once.
            ("30 1 * * *", "2026-10-24T12:00:00Z", Tz::Europe__London, "Sun 2026-10-25 01:30 +01:00"),
            ("30 1 * * *", "2026-10-25T00:45:00Z", Tz::Europe__London, "Mon 2026-10-26 01:30 +00:00"),
        ] {
            assert_eq!(next(text, now, zone), wanted, "{text} after {now}");
        }
        let closed = parse("0 6 * * *").unwrap().next("2026-10-30T00:00:00Z".parse().unwrap(), Tz::UTC, &|_| false);
        assert_eq!(closed, None);
    }

    #[test]
    fn nothing_panics() {
        for text in [
            "",
            " ",
            "é é é é é",
            "99999999999999999999 * * * *",
            "1-2-3 * * * *",
            "/ * * * *",
            "- * * * *",
            "# * * * #",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse(&"1,".repeat(100_000)).is_err());
    }

    #[test]
    fn weekends_and_skipped_times_are_known() {
        let is_weekend = |text: &str| parse(text).unwrap().is_weekend_only();
        assert!(is_weekend("0 2 * * 6") && is_weekend("0 2 * * sat,sun") && is_weekend("0 2 * * 7"));
        assert!(is_weekend("0 2 * * 6L") && is_weekend("0 2 * * 0#1") && !is_weekend("0 2 * * 5L"));
        assert!(!is_weekend("0 2 * * *") && !is_weekend("0 2 * * 5-6") && !is_weekend("0 2 1 * 6"));
        let skipped = |text: &str, zone: Tz| parse(text).unwrap().skipped_time(zone, false).is_some();
        assert!(skipped("30 2 * * *", Tz::Europe__Berlin) && skipped("30 1 * * *", Tz::Europe__London));
        assert!(skipped("0 2 * * 0", Tz::America__New_York) && skipped("30 2 * 3 *", Tz::Europe__Berlin));
        for (text, zone) in [
            ("30 2 * * *", Tz::Europe__London),
            ("30 2 * * *", Tz::UTC),
            ("30 2 * * *", Tz::Asia__Tokyo),
            ("30 2 * * 1-5", Tz::Europe__Berlin),
            ("30 2 * 4-12 *", Tz::Europe__Berlin),
            ("*/30 * * * *", Tz::Europe__Berlin),
            ("0 3 * * *", Tz::Europe__Berlin),
        ] {
            assert!(!skipped(text, zone), "{text} {zone}");
        }
        assert!(parse("30 2 * * *").unwrap().skipped_time(Tz::Europe__Berlin, true).is_none());
    }
}
