//! How periods compare: where every calendar agrees.

use std::cmp::Ordering;

use chrono::{Datelike, NaiveDate};

use crate::value::{ErrorKind, Period, StepError};

/// After so many months the calendar begins anew …
const CYCLE: i64 = 4800;

/// … which are this many days.
const CYCLE_DAYS: i64 = 146_097;

/// How far from the mean a run of months may be, in days: no closer look is needed beyond.
const MOST_OFF: i64 = 5;

/// Whether two periods compare as `wanted` on whatever day they begin: `1mo <= 31d` and `1y < 400d` hold, and `1mo < 30d`
/// has no answer.
pub(super) fn compare(a: Period, b: Period, wanted: fn(Ordering) -> bool) -> Result<bool, StepError> {
    let months = i64::from(a.months) - i64::from(b.months);
    let days = i64::from(a.days) - i64::from(b.days);
    let mean = months * CYCLE_DAYS / CYCLE;
    let (mut least, mut most) = (mean - MOST_OFF, mean + MOST_OFF);
    if (least..=most).contains(&-days) {
        (least, most) = length(months);
    }
    let (least, most) = (wanted((least + days).cmp(&0)), wanted((most + days).cmp(&0)));
    if least == most {
        return Ok(least);
    }
    Err(StepError::new(ErrorKind::Data, format!("`{a}` may be shorter or longer than `{b}`"))
        .help("compare days with days, or months with months"))
}

/// The fewest and the most days that so many months in a row have. From the last days of a month it is as many days to
/// the end of another as from its own end, so the first days show all.
fn length(months: i64) -> (i64, i64) {
    let (cycles, rest) = (months.div_euclid(CYCLE), months.rem_euclid(CYCLE));
    let runs = || (0..CYCLE).map(|from| first_day(from + rest) - first_day(from));
    let of_cycles = cycles * CYCLE_DAYS;
    (of_cycles + runs().min().unwrap_or_default(), of_cycles + runs().max().unwrap_or_default())
}

/// The number of a month's first day, for months counted from the year 2000.
fn first_day(month: i64) -> i64 {
    let (year, month) = (i32::try_from(2000 + month / 12), u32::try_from(month % 12 + 1));
    let day = year.ok().zip(month.ok()).and_then(|(year, month)| NaiveDate::from_ymd_opt(year, month, 1));
    day.map_or(0, |day| i64::from(day.num_days_from_ce()))
}

#[cfg(test)]
mod tests {
    use chrono::Months;

    use super::*;

    #[test]
    fn months_are_as_long_as_the_calendar_makes_them() {
        let start = NaiveDate::from_ymd_opt(1900, 1, 1).unwrap();
        let starts: Vec<NaiveDate> = start.iter_days().take_while(|day| day.year() <= 2110).collect();
        for months in 0..=48 {
            let days = |day: &NaiveDate| (*day + Months::new(months) - *day).num_days();
            let (least, most) = (starts.iter().map(days).min().unwrap(), starts.iter().map(days).max().unwrap());
            assert_eq!(length(months.into()), (least, most), "{months}");
            assert_eq!(length(-i64::from(months)), (-most, -least), "{months}");
        }
        assert_eq!(length(CYCLE * 3), (CYCLE_DAYS * 3, CYCLE_DAYS * 3));
    }

    #[test]
    fn no_run_of_months_is_far_from_the_mean() {
        for months in (0..CYCLE).step_by(17) {
            let mean = months * CYCLE_DAYS / CYCLE;
            let (least, most) = length(months);
            assert!(mean - MOST_OFF <= least && most <= mean + MOST_OFF, "{months}: {least} to {most}");
        }
    }
}
