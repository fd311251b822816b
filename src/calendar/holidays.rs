//! Holidays that follow rules: which days a market's year leaves out, worked out and not looked up.
//!
//! Each rule is one that is published, with the exceptions that were proclaimed; the tests hold it
//! against published lists.

use chrono::{Datelike, Days, NaiveDate, Weekday};
use chrono_tz::Tz;

/// A calendar with published rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Market {
    /// The closing days of TARGET, the euro's settlement system, as the European Central Bank decided on
    /// 14 December 2000 for the years from 2002 on.
    Target,
    /// The bank holidays of England and Wales: the Banking and Financial Dealings Act 1971, and proclamations.
    England,
    /// The federal holidays of the United States: 5 U.S.C. 6103 and Executive Order 11582.
    UnitedStates,
}

impl Market {
    /// The word in a workflow.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Target => "target",
            Self::England => "england",
            Self::UnitedStates => "united_states",
        }
    }

    /// The zone that the market lives in.
    pub const fn zone(self) -> Tz {
        match self {
            Self::Target => Tz::Europe__Berlin,
            Self::England => Tz::Europe__London,
            Self::UnitedStates => Tz::America__New_York,
        }
    }

    /// The first year for which the rules and their exceptions are known.
    pub const fn first_year(self) -> i32 {
        match self {
            Self::Target => 2002,
            Self::England => 1999,
            Self::UnitedStates => 1986,
        }
    }

    /// Whether `day` is a holiday. Weekends are not looked at.
    pub(super) fn is_holiday(self, day: NaiveDate) -> bool {
        match self {
            Self::Target => is_target_holiday(day),
            Self::England => is_english_holiday(day),
            Self::UnitedStates => is_federal_holiday(day),
        }
    }
}

/// Easter Sunday in the Gregorian calendar: the Sunday after the full moon of spring (the method of Meeus,
/// Jones and Butcher).
pub(super) fn easter(year: i32) -> Option<NaiveDate> {
    let (golden, century, of_century) = (year % 19, year / 100, year % 100);
    let shift = (century - (century + 8) / 25 + 1) / 3;
    let moon = (19 * golden + century - century / 4 - shift + 15) % 30;
    let weekday = (32 + 2 * (century % 4) + 2 * (of_century / 4) - moon - of_century % 4) % 7;
    let late = (golden + 11 * moon + 22 * weekday) / 451;
    let days = moon + weekday - 7 * late + 114;
    NaiveDate::from_ymd_opt(year, u32::try_from(days / 31).ok()?, u32::try_from(days % 31 + 1).ok()?)
}

/// Good Friday and Easter Monday.
fn is_easter(day: NaiveDate) -> bool {
    // Easter falls between 22 March and 25 April: most days need no arithmetic.
    (3..=4).contains(&day.month())
        && easter(day.year()).is_some_and(|sunday| matches!((day - sunday).num_days(), -2 | 1))
}

fn is_target_holiday(day: NaiveDate) -> bool {
    matches!((day.month(), day.day()), (1 | 5, 1) | (12, 25 | 26)) || is_easter(day)
}

/// Holidays in England for once, or moved to for once: the turn of the millennium, the jubilees of 2002, 2012 and
/// 2022, a wedding, the end of the war 75 years before, a funeral, a coronation.
const PROCLAIMED: [(i32, u32, u32); 11] = [
    (1999, 12, 31),
    (2002, 6, 3),
    (2002, 6, 4),
    (2011, 4, 29),
    (2012, 6, 4),
    (2012, 6, 5),
    (2020, 5, 8),
    (2022, 6, 2),
    (2022, 6, 3),
    (2022, 9, 19),
    (2023, 5, 8),
];

/// The Mondays in May from which a holiday was moved.
const MOVED: [(i32, u32, u32); 4] = [(2002, 5, 27), (2012, 5, 28), (2020, 5, 4), (2022, 5, 30)];

fn is_english_holiday(day: NaiveDate) -> bool {
    let date = (day.year(), day.month(), day.day());
    if PROCLAIMED.contains(&date) || MOVED.contains(&date) {
        return PROCLAIMED.contains(&date);
    }
    match (date.1, day.weekday()) {
        (5, Weekday::Mon) => day.day() <= 7 || is_last(day),
        (8, Weekday::Mon) => is_last(day),
        (1, weekday) => substituted(day.day(), weekday, 1),
        (12, weekday) => substituted(day.day(), weekday, 25) || is_boxing_day(day.day(), weekday),
        _ => is_easter(day),
    }
}

/// Whether a day stands for the holiday of the `of`th: itself on a working day, the Monday after a weekend.
fn substituted(day: u32, weekday: Weekday, of: u32) -> bool {
    let is_weekend = matches!(weekday, Weekday::Sat | Weekday::Sun);
    (day == of && !is_weekend) || (weekday == Weekday::Mon && (of + 1..=of + 2).contains(&day))
}

/// The 26th; on a Saturday the Monday after, on a Sunday the Tuesday, because Christmas takes the Monday.
fn is_boxing_day(day: u32, weekday: Weekday) -> bool {
    match weekday {
        Weekday::Sat | Weekday::Sun => false,
        // Christmas on a Sunday moves to the Tuesday behind Boxing Day.
        Weekday::Mon => day == 26 || day == 28,
        Weekday::Tue => matches!(day, 26..=28),
        _ => day == 26,
    }
}

/// Whether no later day of the month has this weekday.
fn is_last(day: NaiveDate) -> bool {
    day.checked_add_days(Days::new(7)).is_none_or(|later| later.month() != day.month())
}

/// The `n`th of its weekday in the month, from 1.
const fn nth(day: u32) -> u32 {
    day.div_ceil(7)
}

fn is_federal_holiday(day: NaiveDate) -> bool {
    match (day.month(), day.weekday(), nth(day.day())) {
        // Martin Luther King, Washington, Labor Day, Columbus, Thanksgiving.
        (1 | 2, Weekday::Mon, 3) | (9, Weekday::Mon, 1) | (10, Weekday::Mon, 2) | (11, Weekday::Thu, 4) => true,
        (5, Weekday::Mon, _) => is_last(day),
        _ => is_observed(day),
    }
}

/// A holiday of a fixed date, or the Friday before one on a Saturday, or the Monday after one on a Sunday.
fn is_observed(day: NaiveDate) -> bool {
    let stands_for = match day.weekday() {
        Weekday::Fri => day.succ_opt().filter(|saturday| is_fixed(*saturday)),
        Weekday::Mon => day.pred_opt().filter(|sunday| is_fixed(*sunday)),
        _ => None,
    };
    is_fixed(day) || stands_for.is_some()
}

/// New Year, Juneteenth, Independence Day, Veterans Day, Christmas.
fn is_fixed(day: NaiveDate) -> bool {
    match (day.month(), day.day()) {
        (1, 1) | (7, 4) | (11, 11) | (12, 25) => true,
        (6, 19) => day.year() >= 2021,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The weekdays of a year that are holidays, as `MM-DD`.
    fn holidays(market: Market, year: i32) -> String {
        let first = NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
        let days = first.iter_days().take_while(|day| day.year() == year);
        let is_weekday = |day: &NaiveDate| !matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
        let listed: Vec<String> = days
            .filter(is_weekday)
            .filter(|day| market.is_holiday(*day))
            .map(|day| day.format("%m-%d").to_string())
            .collect();
        listed.join(" ")
    }

    /// <https://www.ecb.europa.eu/press/pr/date/2000/html/pr001214_4.en.html>, weekdays only.
    #[test]
    fn target_closes_as_the_central_bank_says() {
        for (year, days) in [
            (2002, "01-01 03-29 04-01 05-01 12-25 12-26"),
            (2024, "01-01 03-29 04-01 05-01 12-25 12-26"),
            (2025, "01-01 04-18 04-21 05-01 12-25 12-26"),
            (2026, "01-01 04-03 04-06 05-01 12-25"),
            (2027, "01-01 03-26 03-29"),
            (2038, "01-01 04-23 04-26"),
        ] {
            assert_eq!(holidays(Market::Target, year), days, "{year}");
        }
    }

    /// <https://www.gov.uk/bank-holidays> and its earlier versions.
    #[test]
    fn england_closes_as_its_government_lists() {
        for (year, days) in [
            (1999, "01-01 04-02 04-05 05-03 05-31 08-30 12-27 12-28 12-31"),
            (2000, "01-03 04-21 04-24 05-01 05-29 08-28 12-25 12-26"),
            (2002, "01-01 03-29 04-01 05-06 06-03 06-04 08-26 12-25 12-26"),
            (2011, "01-03 04-22 04-25 04-29 05-02 05-30 08-29 12-26 12-27"),
            (2012, "01-02 04-06 04-09 05-07 06-04 06-05 08-27 12-25 12-26"),
            (2020, "01-01 04-10 04-13 05-08 05-25 08-31 12-25 12-28"),
            (2021, "01-01 04-02 04-05 05-03 05-31 08-30 12-27 12-28"),
            (2022, "01-03 04-15 04-18 05-02 06-02 06-03 08-29 09-19 12-26 12-27"),
            (2023, "01-02 04-07 04-10 05-01 05-08 05-29 08-28 12-25 12-26"),
            (2024, "01-01 03-29 04-01 05-06 05-27 08-26 12-25 12-26"),
            (2025, "01-01 04-18 04-21 05-05 05-26 08-25 12-25 12-26"),
            (2026, "01-01 04-03 04-06 05-04 05-25 08-31 12-25 12-28"),
            (2027, "01-01 03-26 03-29 05-03 05-31 08-30 12-27 12-28"),
        ] {
            assert_eq!(holidays(Market::England, year), days, "{year}");
        }
    }

    /// <https://www.opm.gov/policy-data-oversight/pay-leave/federal-holidays/>.
    #[test]
    fn the_united_states_close_as_their_government_lists() {
        for (year, days) in [
            (2010, "01-01 01-18 02-15 05-31 07-05 09-06 10-11 11-11 11-25 12-24 12-31"),
            (2020, "01-01 01-20 02-17 05-25 07-03 09-07 10-12 11-11 11-26 12-25"),
            (2021, "01-01 01-18 02-15 05-31 06-18 07-05 09-06 10-11 11-11 11-25 12-24 12-31"),
            (2022, "01-17 02-21 05-30 06-20 07-04 09-05 10-10 11-11 11-24 12-26"),
            (2023, "01-02 01-16 02-20 05-29 06-19 07-04 09-04 10-09 11-10 11-23 12-25"),
            (2024, "01-01 01-15 02-19 05-27 06-19 07-04 09-02 10-14 11-11 11-28 12-25"),
            (2026, "01-01 01-19 02-16 05-25 06-19 07-03 09-07 10-12 11-11 11-26 12-25"),
        ] {
            assert_eq!(holidays(Market::UnitedStates, year), days, "{year}");
        }
    }

    #[test]
    fn easter_is_where_it_is() {
        for day in ["1818-03-22", "1943-04-25", "2000-04-23", "2008-03-23", "2038-04-25", "2285-03-22"] {
            let day: NaiveDate = day.parse().unwrap();
            assert_eq!(easter(day.year()), Some(day));
        }
    }
}
