//! What the clock on a wall shows in a zone, and when it shows it.

use chrono::{NaiveDateTime, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use super::Timestamp;

/// The clock on the wall of `zone` at an instant. chrono's own conversion panics at the ends of time.
pub fn local_clock(at: NaiveDateTime, zone: Tz) -> Option<NaiveDateTime> {
    at.checked_add_offset(zone.offset_from_utc_datetime(&at).fix())
}

/// The first instant at which the clock of `zone` shows `wanted`, or where clocks jump over it the instant of the jump.
/// `None` at the ends of time.
pub fn first_at(wanted: NaiveDateTime, zone: Tz) -> Option<Timestamp> {
    let shown = zone.from_local_datetime(&wanted).earliest();
    shown.map(|at| at.with_timezone(&Utc)).or_else(|| jump_over(wanted, zone))
}

/// The first second at which the clock of `zone` shows `wanted` or later, for a `wanted` that it never
/// shows. No zone is more than 26 hours from UTC even on the day it changed sides of the date line.
fn jump_over(wanted: NaiveDateTime, zone: Tz) -> Option<Timestamp> {
    let reach = TimeDelta::hours(26);
    let start = wanted.checked_sub_signed(reach)?;
    let has_come =
        |second: i64| Some(local_clock(start.checked_add_signed(TimeDelta::seconds(second))?, zone)? >= wanted);
    let (mut before, mut after) = (0, 2 * reach.num_seconds());
    while after - before > 1 {
        let middle = i64::midpoint(before, after);
        if has_come(middle)? { after = middle } else { before = middle }
    }
    Some(start.checked_add_signed(TimeDelta::seconds(after))?.and_utc())
}
