//! Rows for a model that counts rows, not days: one for each weekday on which the history ever has a value, so that a holiday does
//! not make a Tuesday of a Wednesday.

use chrono::{Datelike, NaiveDate, Weekday};

use super::History;

/// The weekdays of a history, in order.
pub(super) fn weekdays(history: &History) -> Vec<Weekday> {
    let all = [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];
    all.into_iter().filter(|weekday| history.days.iter().any(|day| day.weekday() == *weekday)).collect()
}

/// Every day between two that is one of these weekdays, both included.
pub(super) fn between(first: NaiveDate, last: NaiveDate, weekdays: &[Weekday]) -> Vec<NaiveDate> {
    let days = first.iter_days().take_while(|day| *day <= last);
    days.filter(|day| weekdays.contains(&day.weekday())).collect()
}

/// The history with a row for each of its weekdays; closed ones have no value.
pub(super) fn whole(history: &History) -> (Vec<NaiveDate>, Vec<f64>) {
    let Some(first) = history.days.first() else { return (Vec::new(), Vec::new()) };
    let days = between(*first, history.last_day(), &weekdays(history));
    let value = |day: &NaiveDate| {
        let place = history.days.binary_search(day).ok();
        place.and_then(|place| history.values.get(place).copied()).unwrap_or(f64::NAN)
    };
    let values = days.iter().map(value).collect();
    (days, values)
}
