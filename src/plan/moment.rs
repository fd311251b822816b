//! Times as people say them: `-7d`, `now`, `yesterday`, `2026-03-29`, `2026-03-29T06:00@Europe/London`.

use chrono::{
    DateTime, Datelike, Days, LocalResult, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc,
};
use chrono_tz::Tz;

use super::literal;
use crate::diagnostic::closest;
use crate::value::{Timestamp, Value, first_at, local_clock};

/// Where a time stands that the clocks show twice: the range between two such is never shorter than was meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The first of the two instants.
    Since,
    /// The last of them.
    Until,
}

/// What was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// An instant, and the zone in which it has a day.
    At(Timestamp, Tz),
    /// A day in a zone.
    Day(NaiveDate, Tz),
}

/// What is wrong with a time, and what to write.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) message: String,
    pub(super) help: String,
}

const FORMS: &str = "write `-7d`, `-12h`, `now`, `today`, `yesterday`, `2026-03-29`, `2026-03-29T06:00Z` or, with a zone, `today@Europe/London`";

impl Moment {
    /// The instant; of a day its first.
    pub(super) fn instant(self) -> Option<Timestamp> {
        match self {
            Self::At(at, _) => Some(at),
            Self::Day(day, zone) => first_at(day.and_time(NaiveTime::MIN), zone),
        }
    }

    /// The day.
    pub(super) fn day(self) -> Option<NaiveDate> {
        match self {
            Self::At(at, zone) => local_clock(at.naive_utc(), zone).map(|clock| clock.date()),
            Self::Day(day, _) => Some(day),
        }
    }

    /// As a text: an instant in UTC, or a day.
    pub(super) fn text(self) -> String {
        match self {
            Self::At(at, _) => Value::Timestamp(at).to_string(),
            Self::Day(day, _) => day.to_string(),
        }
    }
}

/// Reads a time, taken from `now`; in `zone` unless it names one. `Ok(None)` when it is none at all.
pub(super) fn moment(text: &str, now: Timestamp, zone: Tz, end: End) -> Result<Option<Moment>, Wrong> {
    let text = text.trim();
    let (said, own) = match text.rsplit_once('@') {
        Some((said, name)) => (said.trim(), Some(named_zone(name.trim())?)),
        None => (text, None),
    };
    let zone = own.unwrap_or(zone);
    let read = match said.to_ascii_lowercase().as_str() {
        "now" => Some(Moment::At(now, zone)),
        "today" => Some(day_before(now, zone, 0)?),
        "yesterday" => Some(day_before(now, zone, 1)?),
        _ => None,
    };
    let read = match read {
        Some(read) => Some(read),
        None => match (offset(said)?, literal::date(said)) {
            (Some(offset), _) => Some(Moment::At(offset.from(now, zone, end)?, zone)),
            (None, Some(day)) => Some(Moment::Day(day, zone)),
            (None, None) => instant(said, zone, own)?,
        },
    };
    read.map(within).transpose()
}

/// The message for a text that is no time.
pub(super) fn no_time(text: &str) -> Wrong {
    let shown: String = text.chars().take(40).collect();
    let bare = shown.trim().starts_with(|c: char| c.is_ascii_digit())
        && matches!(offset(&format!("-{}", shown.trim())), Ok(Some(_)));
    let help = if bare { format!("for a time before now write `-{}`", shown.trim()) } else { FORMS.to_owned() };
    Wrong { message: format!("`{shown}` is no time"), help }
}

fn named_zone(name: &str) -> Result<Tz, Wrong> {
    name.parse().map_err(|_| {
        let near = closest(name, chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()));
        let help = near.map_or("write a name such as `Europe/London` or `UTC`".to_owned(), |near| {
            format!("did you mean `{near}`?")
        });
        Wrong { message: format!("no time zone `{name}`"), help }
    })
}

/// Years of four digits are all that texts of dates can hold.
fn within(moment: Moment) -> Result<Moment, Wrong> {
    let is_near = |at: Timestamp| (1..=9999).contains(&at.year());
    moment.instant().filter(|at| is_near(*at)).map(|_| moment).ok_or_else(too_far)
}

fn too_far() -> Wrong {
    Wrong { message: "that is beyond the years 1 to 9999".to_owned(), help: "write a time that is nearer".to_owned() }
}

fn day_before(now: Timestamp, zone: Tz, days: u64) -> Result<Moment, Wrong> {
    let today = local_clock(now.naive_utc(), zone).map(|clock| clock.date());
    let day = today.and_then(|today| today.checked_sub_days(Days::new(days)));
    day.map(|day| Moment::Day(day, zone)).ok_or_else(too_far)
}

/// An instant with a zone or an offset of its own, or the time of a clock in `zone`. `own` is the zone behind `@`.
fn instant(text: &str, zone: Tz, own: Option<Tz>) -> Result<Option<Moment>, Wrong> {
    if let Some(local) = literal::local_time(text) {
        return on_clock(local, zone).map(Some);
    }
    if let Some((local, name)) = text.strip_suffix(']').and_then(|text| text.split_once('[')) {
        let Some(local) = literal::local_time(local) else { return Ok(None) };
        let zone = named_zone(name)?;
        return match own {
            Some(_) => Err(two_zones(text)),
            None => on_clock(local, zone).map(Some),
        };
    }
    match literal::timestamp(text) {
        Some(_) if own.is_some() => Err(two_zones(text)),
        at => Ok(at.map(|at| Moment::At(at, zone))),
    }
}

fn two_zones(text: &str) -> Wrong {
    let message = format!("`{text}` says where its clock is, and so does what stands behind `@`");
    Wrong { message, help: "leave one of them out".to_owned() }
}

/// The instant at which a clock shows `local`. One that it skips or shows twice is refused: somebody wrote it out, and which
/// instant is meant cannot be known.
fn on_clock(local: NaiveDateTime, zone: Tz) -> Result<Moment, Wrong> {
    match zone.from_local_datetime(&local) {
        LocalResult::Single(at) => Ok(Moment::At(at.with_timezone(&Utc), zone)),
        LocalResult::Ambiguous(first, last) => {
            let message = format!("the clocks of {zone} show {local} twice");
            Err(Wrong { message, help: format!("write `{}` or `{}`", offset_form(first), offset_form(last)) })
        }
        LocalResult::None => {
            let message = format!("the clocks of {zone} never show {local}: they jump over it");
            let after = first_at(local, zone).map(|at| offset_form(at.with_timezone(&zone)));
            let help = after.map_or_else(|| FORMS.to_owned(), |after| format!("they jump to `{after}`"));
            Err(Wrong { message, help })
        }
    }
}

fn offset_form(at: DateTime<Tz>) -> String {
    at.format("%Y-%m-%dT%H:%M%:z").to_string()
}

/// So much before or after now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Offset {
    is_before: bool,
    months: u32,
    days: u64,
    ms: i64,
}

/// `-7d`, `-1d12h`, `+2w`. `None` without a sign, or when what follows is no amount with a unit.
fn offset(text: &str) -> Result<Option<Offset>, Wrong> {
    let (is_before, amounts) = match (text.strip_prefix('-'), text.strip_prefix('+')) {
        (Some(amounts), _) => (true, amounts),
        (None, Some(amounts)) => (false, amounts),
        (None, None) => return Ok(None),
    };
    let Some(parts) = literal::parts(amounts) else { return Ok(None) };
    let mut offset = Offset { is_before, months: 0, days: 0, ms: 0 };
    for (amount, unit) in parts {
        match offset.and(amount, unit) {
            Ok(Some(sum)) => offset = sum,
            Ok(None) => return Err(too_far()),
            Err(()) => {
                let message = format!("`{unit}` in `{text}` is no unit");
                let help = "the units are `s`, `m` (minutes), `h`, `d`, `w`, `mo` (months) and `y`".to_owned();
                return Err(Wrong { message, help });
            }
        }
    }
    Ok(Some(offset))
}

impl Offset {
    /// With one more part; `None` when that is too much to count, an error for an unknown unit.
    fn and(mut self, amount: i64, unit: &str) -> Result<Option<Self>, ()> {
        let size = match unit {
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" | "mo" => 1,
            "w" => 7,
            "y" => 12,
            _ => return Err(()),
        };
        let Some(more) = amount.checked_mul(size) else { return Ok(None) };
        let fits = match unit {
            "mo" | "y" => {
                u32::try_from(more).ok().and_then(|more| self.months.checked_add(more)).map(|sum| self.months = sum)
            }
            "d" | "w" => {
                u64::try_from(more).ok().and_then(|more| self.days.checked_add(more)).map(|sum| self.days = sum)
            }
            _ => self.ms.checked_add(more).map(|sum| self.ms = sum),
        };
        Ok(fits.map(|()| self))
    }

    /// Days and months are counted on the calendar of `zone`, at the same time of the day; hours and less on the clock.
    fn from(self, now: Timestamp, zone: Tz, end: End) -> Result<Timestamp, Wrong> {
        let day = if self.months == 0 && self.days == 0 { Some(now) } else { self.on_calendar(now, zone, end) };
        let ms = TimeDelta::try_milliseconds(if self.is_before { -self.ms } else { self.ms });
        day.zip(ms).and_then(|(day, ms)| day.checked_add_signed(ms)).ok_or_else(too_far)
    }

    fn on_calendar(self, now: Timestamp, zone: Tz, end: End) -> Option<Timestamp> {
        let clock = local_clock(now.naive_utc(), zone)?;
        let (months, days) = (Months::new(self.months), Days::new(self.days));
        let moved = if self.is_before {
            clock.checked_sub_months(months)?.checked_sub_days(days)?
        } else {
            clock.checked_add_months(months)?.checked_add_days(days)?
        };
        match zone.from_local_datetime(&moved) {
            LocalResult::Ambiguous(_, last) if end == End::Until => Some(last.with_timezone(&Utc)),
            _ => first_at(moved, zone),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-10-30T18:00:00Z";

    fn read(text: &str, now: &str, zone: Tz, end: End) -> String {
        match moment(text, now.parse().unwrap(), zone, end) {
            Ok(Some(moment)) => moment.text(),
            Ok(None) => "none".to_owned(),
            Err(wrong) => format!("{} | {}", wrong.message, wrong.help),
        }
    }

    fn utc(text: &str) -> String {
        read(text, NOW, Tz::UTC, End::Since)
    }

    #[test]
    fn times_are_counted_from_now() {
        for (text, wanted) in [
            ("now", "2026-10-30T18:00:00Z"),
            ("-7d", "2026-10-23T18:00:00Z"),
            ("-12h", "2026-10-30T06:00:00Z"),
            ("-2w", "2026-10-16T18:00:00Z"),
            ("-90m", "2026-10-30T16:30:00Z"),
            ("-30s", "2026-10-30T17:59:30Z"),
            ("-1mo", "2026-09-30T18:00:00Z"),
            ("-8mo", "2026-02-28T18:00:00Z"),
            ("-1y", "2025-10-30T18:00:00Z"),
            ("-1d12h", "2026-10-29T06:00:00Z"),
            ("+2d", "2026-11-01T18:00:00Z"),
            ("-0d", "2026-10-30T18:00:00Z"),
            (" -7d ", "2026-10-23T18:00:00Z"),
            ("today", "2026-10-30"),
            ("Yesterday", "2026-10-29"),
            ("2026-03-29", "2026-03-29"),
            ("2026-03-29T06:00", "2026-03-29T06:00:00Z"),
            ("2026-03-29 06:00:30", "2026-03-29T06:00:30Z"),
            ("2026-03-29T06:00Z", "2026-03-29T06:00:00Z"),
            ("2026-03-29T06:00+02:00", "2026-03-29T04:00:00Z"),
            ("2026-03-29T06:00[Europe/London]", "2026-03-29T05:00:00Z"),
            ("2026-03-29T06:00@Europe/London", "2026-03-29T05:00:00Z"),
            ("today@Asia/Tokyo", "2026-10-31"),
            ("yesterday@Asia/Tokyo", "2026-10-30"),
            ("v1.2", "none"),
            ("7d", "none"),
            ("-", "none"),
            ("--7d", "none"),
            ("", "none"),
            ("last tuesday", "none"),
            ("2026-02-30", "none"),
        ] {
            assert_eq!(utc(text), wanted, "{text}");
        }
    }

    #[test]
    fn a_mistake_is_told_with_what_to_write() {
        assert_eq!(
            utc("-7x"),
            "`x` in `-7x` is no unit | the units are `s`, `m` (minutes), `h`, `d`, `w`, `mo` (months) and `y`"
        );
        assert_eq!(utc("today@Europe/Londn"), "no time zone `Europe/Londn` | did you mean `Europe/London`?");
        assert_eq!(utc("-99999y"), "that is beyond the years 1 to 9999 | write a time that is nearer");
        for text in ["-9999999999999w", "-9223372036854775807m", "+9000y", "-4294967295mo", "+99999999999d"] {
            assert!(utc(text).starts_with("that is beyond"), "{text}: {}", utc(text));
        }
        assert_eq!(utc("-99999999999999999999d"), "none");
        assert!(utc("2026-03-29T06:00Z@Europe/London").contains("leave one of them out"));
        assert!(utc("2026-03-29T06:00[UTC]@Europe/London").contains("leave one of them out"));
        assert_eq!(no_time("7d").help, "for a time before now write `-7d`");
        assert_eq!(no_time("soon").help, FORMS);
    }

    #[test]
    fn clocks_that_jump_are_answered() {
        let zone = Tz::Europe__London;
        // Seven days before 01:30 on 5 April lies in the hour that is skipped: when the clocks have jumped.
        let gap = |end| read("-7d", "2026-04-05T00:30:00Z", zone, end);
        assert_eq!((gap(End::Since), gap(End::Until)), ("2026-03-29T01:00:00Z".into(), "2026-03-29T01:00:00Z".into()));
        // Seven days before 01:30 on 1 November comes twice: the range is not cut short.
        let twice = |end| read("-7d", "2026-11-01T01:30:00Z", zone, end);
        assert_eq!(
            (twice(End::Since), twice(End::Until)),
            ("2026-10-25T00:30:00Z".into(), "2026-10-25T01:30:00Z".into())
        );
        // A day is not 24 hours on the day of the change.
        assert_eq!(read("-1d", "2026-03-29T12:00:00Z", zone, End::Since), "2026-03-28T13:00:00Z");
        assert_eq!(read("-24h", "2026-03-29T12:00:00Z", zone, End::Since), "2026-03-28T12:00:00Z");
        assert_eq!(
            utc("2026-03-29T01:30@Europe/London"),
            "the clocks of Europe/London never show 2026-03-29 01:30:00: they jump over it | they jump to `2026-03-29T02:00+01:00`"
        );
        assert_eq!(
            utc("2026-10-25T01:30[Europe/London]"),
            "the clocks of Europe/London show 2026-10-25 01:30:00 twice | write `2026-10-25T01:30+01:00` or `2026-10-25T01:30+00:00`"
        );
        // A day that begins with a gap begins after it; one that is skipped as a whole with the next.
        let first = |text: &str| {
            let moment = moment(text, NOW.parse().unwrap(), Tz::UTC, End::Since).unwrap().unwrap();
            moment.instant().unwrap().to_rfc3339()
        };
        assert_eq!(first("2018-11-04@America/Sao_Paulo"), "2018-11-04T03:00:00+00:00");
        assert_eq!(first("2011-12-30@Pacific/Apia"), "2011-12-30T10:00:00+00:00");
        assert_eq!(first("2026-03-29@Europe/London"), "2026-03-29T00:00:00+00:00");
        assert_eq!(first("2026-07-01@Europe/London"), "2026-06-30T23:00:00+00:00");
    }
}
