//! When a job is due next.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

use crate::calendar::{Calendar, Market};
use crate::config::Schedule;

/// When a schedule is due next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Due {
    /// At this instant, shown by the clock of the schedule's zone.
    At(DateTime<Tz>),
    /// The same if the day is open in its calendar, which is none of the built-in ones and so not known here.
    Perhaps(DateTime<Tz>),
    /// At no time.
    Never,
}

/// When a schedule is due after `now`.
pub fn next_due(schedule: &Schedule, now: DateTime<Utc>) -> Due {
    let name = schedule.calendar.as_ref().map(|name| &*name.node);
    let calendar = name.and_then(|name| named(name, schedule.timezone));
    let is_open = |day: NaiveDate| calendar.as_ref().is_none_or(|calendar| calendar.is_open(day));
    match schedule.next(now, &is_open) {
        Some(at) if name.is_some() && calendar.is_none() => Due::Perhaps(at),
        Some(at) => Due::At(at),
        None => Due::Never,
    }
}

/// A calendar that is built in, by the name that workflows build it with.
fn named(name: &str, zone: Tz) -> Option<Calendar> {
    let market = match name {
        "weekdays" => return Some(Calendar::weekdays(zone)),
        "target" => Market::Target,
        "england" => Market::England,
        "united_states" => Market::UnitedStates,
        _ => return None,
    };
    Some(Calendar::market(market, zone))
}
