//! Dates, times and timestamps, checked against the calendar and the clocks of a zone.

use chrono::{DateTime, FixedOffset, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;

use super::super::ast::Literal;
use super::literals::Impossible;
use crate::diagnostic::closest;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// `2025-01-31`.
pub(super) fn date(text: &str) -> Result<NaiveDate, Impossible<NaiveDate>> {
    let mut parts = text.split('-');
    let mut part = || parts.next().unwrap_or("");
    let (year_text, month_text, day_text) = (part(), part(), part());
    let number = |text: &str| text.parse::<u32>().unwrap_or(0);
    let (year, month, day) = (year_text.parse::<i32>().unwrap_or(0), number(month_text), number(day_text));
    let found = NaiveDate::from_ymd_opt(year, month, day);
    if month_text.len() == 2
        && day_text.len() == 2
        && let Some(found) = found
    {
        return Ok(found);
    }
    if let Some(found) = found {
        return Err(Impossible::new(found, format!("`{text}` is no date: months and days have two digits"))
            .instead(found.to_string()));
    }
    let name = usize::try_from(month).ok().and_then(|month| MONTHS.get(month.checked_sub(1)?));
    let Some(name) = name else {
        return Err(Impossible::new(
            NaiveDate::default(),
            format!("`{text}` is no date: there is no month {month_text}"),
        )
        .help("a date is written year-month-day: `2025-01-31`"));
    };
    let last = (28..=31).rev().find_map(|day| NaiveDate::from_ymd_opt(year, month, day)).unwrap_or_default();
    let days = last.format("%d");
    Err(Impossible::new(last, format!("`{text}` does not exist: {name} {year} has {days} days"))
        .help(format!("write a day that exists; the last of the month is `{last}`")))
}

/// `06:00`, `06:00:30`.
pub(super) fn time(text: &str) -> Result<NaiveTime, Impossible<NaiveTime>> {
    let mut parts = text.split(':');
    let hour: u32 = parts.next().and_then(|part| part.parse().ok()).unwrap_or(0);
    let minute: u32 = parts.next().and_then(|part| part.parse().ok()).unwrap_or(0);
    let seconds = parts.next().unwrap_or("0");
    let (second, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
    let second: u32 = second.parse().unwrap_or(0);
    let nanos: u32 = format!("{fraction:0<9}").get(..9).and_then(|digits| digits.parse().ok()).unwrap_or(0);
    let wrong = if hour > 23 {
        "hours go from 00 to 23"
    } else if minute > 59 {
        "minutes go from 00 to 59"
    } else {
        "seconds go from 00 to 59"
    };
    NaiveTime::from_hms_nano_opt(hour, minute, second, nanos).ok_or_else(|| {
        Impossible::new(NaiveTime::MIN, format!("`{text}` is no time: {wrong}"))
            .help("write one like `06:00` or `18:30`")
    })
}

/// `2025-01-31T06:00Z`, `…+01:00`, `…[Europe/London]`.
pub(super) fn timestamp(text: &str) -> Result<DateTime<Utc>, Impossible<DateTime<Utc>>> {
    let (day_text, rest) = text.split_once(['T', 't']).unwrap_or((text, ""));
    let zone_at = rest.find(['Z', 'z', '+', '-', '[']).unwrap_or(rest.len());
    let (time_text, zone) = rest.split_at(zone_at);
    let day = date(day_text).map_err(at_midnight)?;
    if !is_clock(time_text) {
        let message = format!("`{text}` is no timestamp: its time is written `06:00` or `06:00:00`");
        return Err(Impossible::new(midnight(day), message));
    }
    let clock = time(time_text).map_err(|wrong| wrong.stand_in_with(|_| midnight(day)))?;
    let zone_start = text.len() - zone.len();
    located(text, day.and_time(clock), zone)
        .map_err(|wrong| if zone.is_empty() { wrong } else { wrong.part(zone_start..text.len()) })
}

fn is_clock(text: &str) -> bool {
    let whole = text.split('.').next().unwrap_or("");
    let parts = whole.split(':').collect::<Vec<_>>();
    (2..=3).contains(&parts.len()) && parts.iter().all(|part| part.len() == 2)
}

fn midnight(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc()
}

fn at_midnight(wrong: Impossible<NaiveDate>) -> Impossible<DateTime<Utc>> {
    wrong.stand_in_with(midnight)
}

type Located = Result<DateTime<Utc>, Impossible<DateTime<Utc>>>;

fn located(text: &str, local: NaiveDateTime, zone: &str) -> Located {
    match zone.chars().next() {
        Some('Z') => Ok(local.and_utc()),
        Some('z') => {
            Err(Impossible::new(local.and_utc(), "the zone `Z` is a capital letter").instead(text.to_uppercase()))
        }
        Some('[') => in_zone(local, zone.trim_matches(['[', ']'])),
        Some(_) => at_offset(local, zone),
        None => Err(Impossible::new(local.and_utc(), format!("`{text}` names no zone, so it is no instant"))
            .help(format!("write `{text}Z` for UTC, or name a zone: `{text}[Europe/London]`"))),
    }
}

fn at_offset(local: NaiveDateTime, zone: &str) -> Located {
    let number = |from, to| zone.get(from..to).and_then(|digits: &str| digits.parse::<i32>().ok()).unwrap_or(99);
    let (hours, minutes) = (number(1, 3), number(4, 6));
    let seconds = (hours * 60 + minutes) * 60 * if zone.starts_with('-') { -1 } else { 1 };
    let offset = FixedOffset::east_opt(seconds).filter(|_| hours <= 14 && minutes < 60);
    match offset.and_then(|offset| offset.from_local_datetime(&local).single()) {
        Some(at) => Ok(at.to_utc()),
        None => Err(Impossible::new(local.and_utc(), format!("there is no offset `{zone}`"))
            .help("offsets go from -12:00 to +14:00")),
    }
}

fn in_zone(local: NaiveDateTime, name: &str) -> Located {
    let Ok(zone) = name.parse::<Tz>() else {
        let near = closest(name, chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()));
        let help = near.map_or_else(
            || "zones are named as `Europe/London`, or `UTC`".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        return Err(Impossible::new(local.and_utc(), format!("there is no zone `{name}`")).help(help));
    };
    match zone.from_local_datetime(&local) {
        LocalResult::Single(at) => Ok(at.to_utc()),
        LocalResult::Ambiguous(first, second) => {
            let message = format!("{local} comes twice in {name}: the clocks go back");
            let written = |at: DateTime<Tz>| at.format("%Y-%m-%dT%H:%M:%S%:z").to_string();
            let help = format!("say which with an offset: `{}` or `{}`", written(first), written(second));
            Err(Impossible::new(first.to_utc(), message).help(help))
        }
        LocalResult::None => {
            let message = format!("{local} does not exist in {name}: the clocks go forward over it");
            Err(Impossible::new(local.and_utc(), message)
                .help("take a time outside of the gap, or write it in UTC, with `Z`"))
        }
    }
}

/// Dates and times as literals of the tree.
pub(super) fn literal<T>(
    parsed: Result<T, Impossible<T>>,
    wrap: fn(T) -> Literal,
) -> Result<Literal, Impossible<Literal>> {
    match parsed {
        Ok(value) => Ok(wrap(value)),
        Err(wrong) => Err(wrong.stand_in_with(wrap)),
    }
}
