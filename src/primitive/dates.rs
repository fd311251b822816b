//! Dates and instants: between the two always stands a zone.

use std::sync::Arc;

use chrono::{DateTime, Datelike, Days, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc, Weekday};
use chrono_tz::Tz;

use super::numbers::shown;
use super::refined::{DateFormat, TimestampFormat};
use super::{Example, Form, Primitive, Property, Pure, Spec, args};
use crate::value::{ErrorKind, StepError, Timestamp, Type, Value, Zone, first_at, local_clock};

pub(super) static SPECS: &[Spec] = &[
    Spec::pure::<Midnight>(),
    Spec::pure::<EndOf>(),
    Spec::pure::<DateOf>(),
    Spec::pure::<ParseDate>(),
    Spec::pure::<ParseTimestamp>(),
    Spec::pure::<FromUnix>(),
    Spec::pure::<ToUnix>(),
];

/// A property whose value is read off one kind of value.
macro_rules! property {
    ($family:literal . $name:ident : $ty:expr, $docs:literal, $($pattern:pat => $get:expr),+) => {
        Property {
            family: $family,
            name: stringify!($name),
            docs: $docs,
            ty: $ty,
            get: |value| match value {
                $($pattern => Some($get),)+
                _ => None,
            },
        }
    };
}

pub(super) static PROPERTIES: &[Property] = &[
    property!("date".year: |_| Type::Int, "The year.", Value::Date(day) => Value::Int(day.year().into())),
    property!("date".month: |_| Type::Int, "The month, 1 to 12.", Value::Date(day) => Value::Int(day.month().into())),
    property!("date".day: |_| Type::Int, "The day of the month, 1 to 31.", Value::Date(day) => Value::Int(day.day().into())),
    property!("date".quarter: |_| Type::Int, "The quarter of the year, 1 to 4.", Value::Date(day) => Value::Int(day.quarter().into())),
    property!(
        "date".week: |_| Type::Int,
        "The ISO week, 1 to 53; the first days of January may lie in the last week of the year before.",
        Value::Date(day) => Value::Int(day.iso_week().week().into())
    ),
    property!(
        "date".weekday: |_| Type::literals(WEEKDAYS),
        "The day of the week, `\"monday\"` to `\"sunday\"`.",
        Value::Date(day) => Value::text(weekday(day.weekday()))
    ),
    property!(
        "range".start: bound,
        "The first day, or the first instant.",
        Value::DateRange(start, _) => Value::Date(*start),
        Value::TimeRange(start, _) => Value::Timestamp(*start)
    ),
    property!(
        "range".end: bound,
        "The last day, which belongs to the range; or the instant at which it ends, which does not.",
        Value::DateRange(_, end) => Value::Date(*end),
        Value::TimeRange(_, end) => Value::Timestamp(*end)
    ),
    property!("period".months: |_| Type::Int, "Its months, years included.", Value::Period(period) => Value::Int(period.months.into())),
    property!("period".days: |_| Type::Int, "Its days, weeks included; months are not turned into days.", Value::Period(period) => Value::Int(period.days.into())),
    property!("duration".seconds: |_| Type::Float, "How many seconds it lasts.", Value::Duration(ms) => Value::Float(*ms as f64 / 1000.0)),
];

fn bound(range: &Type) -> Type {
    match range {
        Type::Range(of) => (**of).clone(),
        _ => Type::Error,
    }
}

const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

const fn weekday(day: Weekday) -> &'static str {
    match day {
        Weekday::Mon => "monday",
        Weekday::Tue => "tuesday",
        Weekday::Wed => "wednesday",
        Weekday::Thu => "thursday",
        Weekday::Fri => "friday",
        Weekday::Sat => "saturday",
        Weekday::Sun => "sunday",
    }
}

/// The instants that `from_unix` gives: years 0001 to 9999, as milliseconds since 1970.
const FIRST_MS: f64 = -62_135_596_800_000.0;
const LAST_MS: f64 = 253_402_300_799_999.0;

fn beyond(what: impl std::fmt::Display) -> StepError {
    StepError::new(ErrorKind::Arithmetic, format!("{what} is beyond the dates that can be counted"))
}

/// The day on the calendar of `zone` at an instant.
pub(super) fn local_date(at: Timestamp, zone: Tz) -> Result<NaiveDate, StepError> {
    local_clock(at.naive_utc(), zone).map(|clock| clock.date()).ok_or_else(|| beyond(Value::Timestamp(at)))
}

/// The first instant of a day: its first 00:00, or where clocks jump over it the instant of the jump.
pub(super) fn first_instant(day: NaiveDate, zone: Tz) -> Result<Timestamp, StepError> {
    first_at(day.and_time(NaiveTime::MIN), zone).ok_or_else(|| beyond(day))
}

args! {
    struct DayInZone {
        /// The day.
        day: NaiveDate,
        /// The zone whose clocks begin the day, such as `"UTC"` or `"Europe/London"`.
        zone: Zone,
    }
}

struct Midnight;
impl Primitive for Midnight {
    type Args = DayInZone;
    type Output = Timestamp;
    const NAME: &'static str = "dates.midnight";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str =
        "The first instant of a day in a zone: 00:00, or the instant after the gap where clocks skip 00:00.";
    const EXAMPLES: &'static [Example] = &[
        Example { source: r#"midnight(2025-07-01, "Europe/London")"#, gives: "2025-06-30T23:00:00Z" },
        Example { source: r#"midnight(2018-11-04, "America/Sao_Paulo")"#, gives: "2018-11-04T03:00:00Z" },
    ];
}
impl Pure for Midnight {
    fn run(args: DayInZone) -> Result<Timestamp, StepError> {
        first_instant(args.day, args.zone.0)
    }
}

struct EndOf;
impl Primitive for EndOf {
    type Args = DayInZone;
    type Output = Timestamp;
    const NAME: &'static str = "dates.end_of";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "The instant at which a day in a zone is over, which is the next day's first; write `midnight(d, z) until end_of(d, z)`.";
    const EXAMPLES: &'static [Example] =
        &[Example { source: r#"end_of(2025-01-31, "UTC")"#, gives: "2025-02-01T00:00:00Z" }];
}
impl Pure for EndOf {
    fn run(args: DayInZone) -> Result<Timestamp, StepError> {
        let next = args.day.checked_add_days(Days::new(1)).ok_or_else(|| beyond(args.day))?;
        first_instant(next, args.zone.0)
    }
}

struct DateOf;
args! {
    struct DateOfArgs {
        /// The instant.
        at: Timestamp,
        /// The zone whose calendar is asked, such as `"UTC"` or `"Europe/London"`.
        zone: Zone,
    }
}
impl Primitive for DateOf {
    type Args = DateOfArgs;
    type Output = NaiveDate;
    const NAME: &'static str = "dates.date_of";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "The day that an instant falls on in a zone.";
    const EXAMPLES: &'static [Example] =
        &[Example { source: r#"date_of(2025-01-31T23:30Z, "Asia/Tokyo")"#, gives: "2025-02-01" }];
}
impl Pure for DateOf {
    fn run(args: DateOfArgs) -> Result<NaiveDate, StepError> {
        local_date(args.at, args.zone.0)
    }
}

/// Whether a year is none that `%Y` made of two digits, nor one beyond those that are written with four.
fn has_four_digits(day: NaiveDate) -> bool {
    (1000..=9999).contains(&day.year())
}

fn short_year(text: &str) -> StepError {
    StepError::new(ErrorKind::Data, format!("{} has no year of four digits", shown(text)))
        .help("`%Y` reads a year of four digits; one of two is `%y`")
}

struct ParseDate;
args! {
    struct ParseDateArgs {
        /// The text, nothing before or after the date.
        text: Arc<str>,
        /// How the date is written, in strftime's letters: `%d/%m/%Y`.
        format: DateFormat,
    }
}
impl Primitive for ParseDate {
    type Args = ParseDateArgs;
    type Output = NaiveDate;
    const NAME: &'static str = "dates.parse_date";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "Reads a date that is written in a known format.";
    const EXAMPLES: &'static [Example] =
        &[Example { source: r#"parse_date("31/01/2025", "%d/%m/%Y")"#, gives: "2025-01-31" }];
}
impl Pure for ParseDate {
    fn run(args: ParseDateArgs) -> Result<NaiveDate, StepError> {
        let unread = |_| {
            let message = format!("{} is not a date in the format `{}`", shown(&args.text), args.format.0);
            StepError::new(ErrorKind::Data, message)
        };
        if args.text.starts_with(char::is_whitespace) {
            return Err(leading_space(&args.text));
        }
        let day = NaiveDate::parse_from_str(&args.text, &args.format.0).map_err(unread)?;
        if has_four_digits(day) { Ok(day) } else { Err(short_year(&args.text)) }
    }
}

/// chrono skips it, and takes nothing behind.
fn leading_space(text: &str) -> StepError {
    StepError::new(ErrorKind::Data, format!("{} begins with white space", shown(text)))
        .help("take it off: `trim(text)`")
}

struct ParseTimestamp;
args! {
    struct ParseTimestampArgs {
        /// The text, nothing before or after the instant.
        text: Arc<str>,
        /// How the instant is written, in strftime's letters: `%Y-%m-%d %H:%M:%S`, with `%.f` for fractions, `%z` for an offset.
        format: TimestampFormat,
        /// The zone whose clocks the text shows, such as `"UTC"` or `"Europe/London"`. Where the format has an offset, that counts.
        zone: Zone,
    }
}
impl Primitive for ParseTimestamp {
    type Args = ParseTimestampArgs;
    type Output = Timestamp;
    const NAME: &'static str = "dates.parse_timestamp";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "Reads an instant that is written in a known format; an hour that the zone's clocks skip or show twice is refused.";
    const EXAMPLES: &'static [Example] = &[
        Example {
            source: r#"parse_timestamp("2025-07-01 06:30:00", "%Y-%m-%d %H:%M:%S", "Europe/London")"#,
            gives: "2025-07-01T05:30:00Z",
        },
        Example {
            source: r#"parse_timestamp("01/Jul/2025:06:30:00 +0200", "%d/%b/%Y:%H:%M:%S %z", "UTC")"#,
            gives: "2025-07-01T04:30:00Z",
        },
    ];
}
impl Pure for ParseTimestamp {
    fn run(args: ParseTimestampArgs) -> Result<Timestamp, StepError> {
        let (text, zone) = (&*args.text, args.zone.0);
        let TimestampFormat { format, lenient, has_offset } = &args.format;
        let refused = |why: String| StepError::new(ErrorKind::Data, format!("{} {why}", shown(text)));
        let unread = |_| refused(format!("is not an instant in the format `{format}`"));
        if text.starts_with(char::is_whitespace) {
            return Err(leading_space(text));
        }
        if *has_offset {
            let at = DateTime::parse_from_str(text, lenient).map_err(unread)?.with_timezone(&Utc);
            return if has_four_digits(at.date_naive()) { Ok(at) } else { Err(short_year(text)) };
        }
        let clock = NaiveDateTime::parse_from_str(text, format).map_err(unread)?;
        if !has_four_digits(clock.date()) {
            return Err(short_year(text));
        }
        match zone.from_local_datetime(&clock) {
            LocalResult::Single(at) => Ok(at.with_timezone(&Utc)),
            LocalResult::None => Err(refused(format!("is an hour that the clocks of {zone} skip"))),
            LocalResult::Ambiguous(..) => Err(refused(format!("is an hour that the clocks of {zone} show twice"))
                .help("only an offset tells which is meant: have it written, and read it with `%z`")),
        }
    }
}

struct FromUnix;
args! {
    struct FromUnixArgs {
        /// Seconds since 1970-01-01T00:00Z, with a fraction if need be; rounded to milliseconds.
        seconds: f64,
    }
}
impl Primitive for FromUnix {
    type Args = FromUnixArgs;
    type Output = Timestamp;
    const NAME: &'static str = "dates.from_unix";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "The instant a number of seconds after 1970-01-01T00:00Z, as metrics give it.";
    const EXAMPLES: &'static [Example] =
        &[Example { source: "from_unix(1736359200.25)", gives: "2025-01-08T18:00:00.250Z" }];
}
impl Pure for FromUnix {
    fn run(args: FromUnixArgs) -> Result<Timestamp, StepError> {
        let ms = (args.seconds * 1000.0).round();
        if !(FIRST_MS..=LAST_MS).contains(&ms) {
            return Err(StepError::new(
                ErrorKind::Arithmetic,
                format!("{} seconds after 1970 is not an instant of the years 1 to 9999", args.seconds),
            )
            .help("seconds are wanted here; a count of milliseconds must be divided by 1000"));
        }
        // Whole and within the bounds above, which an i64 holds exactly.
        #[allow(clippy::cast_possible_truncation)]
        let ms = ms as i64;
        Ok(crate::value::timestamp(ms))
    }
}

struct ToUnix;
args! {
    struct ToUnixArgs {
        /// The instant; what is finer than a millisecond is dropped.
        at: Timestamp,
    }
}
impl Primitive for ToUnix {
    type Args = ToUnixArgs;
    type Output = f64;
    const NAME: &'static str = "dates.to_unix";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "The seconds from 1970-01-01T00:00Z to an instant, as metrics want it.";
    const EXAMPLES: &'static [Example] = &[Example { source: "to_unix(2025-01-08T18:00Z)", gives: "1736359200" }];
}
impl Pure for ToUnix {
    fn run(args: ToUnixArgs) -> Result<f64, StepError> {
        Ok(args.at.timestamp_millis() as f64 / 1000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Reflect;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn midnight(text: &str, zone: Tz) -> String {
        Value::Timestamp(first_instant(day(text), zone).unwrap()).to_string()
    }

    #[test]
    fn a_day_begins_where_the_clocks_say() {
        assert_eq!(midnight("2025-03-30", Tz::Europe__London), "2025-03-30T00:00:00Z");
        assert_eq!(midnight("2025-03-31", Tz::Europe__London), "2025-03-30T23:00:00Z");
        // 00:00 comes twice; the day begins with the first.
        assert_eq!(midnight("2024-11-03", Tz::America__Havana), "2024-11-03T04:00:00Z");
        // 00:00 is skipped; the day begins at 01:00.
        assert_eq!(midnight("2018-11-04", Tz::America__Sao_Paulo), "2018-11-04T03:00:00Z");
        // Clocks jumped by 44 minutes and 30 seconds.
        assert_eq!(midnight("1972-01-07", Tz::Africa__Monrovia), "1972-01-07T00:44:30Z");
        // The whole day is skipped; it begins and ends with the next.
        assert_eq!(midnight("2011-12-30", Tz::Pacific__Apia), "2011-12-30T10:00:00Z");
        assert_eq!(midnight("2011-12-31", Tz::Pacific__Apia), "2011-12-30T10:00:00Z");
    }

    #[test]
    fn an_instant_is_read_by_its_offset_or_by_the_clocks_of_the_zone() {
        let read = |text: &str, format: &str, zone: Tz| {
            let format = TimestampFormat::from_value(Value::text(format)).unwrap();
            let args = ParseTimestampArgs { text: text.into(), format, zone: Zone(zone) };
            ParseTimestamp::run(args).map(|at| Value::Timestamp(at).to_string()).map_err(|error| error.message)
        };
        let london = |text: &str| read(text, "%Y-%m-%d %H:%M", Tz::Europe__London);
        assert_eq!(london("2025-01-31 06:30").unwrap(), "2025-01-31T06:30:00Z");
        assert_eq!(london("2025-07-31 06:30").unwrap(), "2025-07-31T05:30:00Z");
        assert_eq!(
            london("2025-03-30 01:30").unwrap_err(),
            r#""2025-03-30 01:30" is an hour that the clocks of Europe/London skip"#
        );
        assert_eq!(
            london("2025-10-26 01:30").unwrap_err(),
            r#""2025-10-26 01:30" is an hour that the clocks of Europe/London show twice"#
        );
        for bad in
            ["", "2025-01-31", "2025-02-30 06:30", "2025-01-31 06:30:00", "2025-01-31 06:30 ", "99999-01-31 06:30"]
        {
            assert_eq!(london(bad).unwrap_err(), format!("{bad:?} is not an instant in the format `%Y-%m-%d %H:%M`"));
        }
        assert_eq!(london(" 2025-01-31 06:30").unwrap_err(), r#"" 2025-01-31 06:30" begins with white space"#);
        assert_eq!(london("25-01-31 06:30").unwrap_err(), r#""25-01-31 06:30" has no year of four digits"#);
        for offset in ["+02:00", "+0200", "+02", " +02:00"] {
            for letters in ["%z", "%:z"] {
                let read = read(&format!("2025-07-31 06:30{offset}"), &format!("%F %R{letters}"), Tz::Asia__Tokyo);
                assert_eq!(read.unwrap(), "2025-07-31T04:30:00Z", "{offset}");
            }
        }
        assert_eq!(read("2025-07-31T06:30:00Z", "%FT%T%z", Tz::Asia__Tokyo).unwrap(), "2025-07-31T06:30:00Z");
        for offset in ["+99:00", "+2500", "+2400", "EST", ""] {
            let read = read(&format!("2025-07-31 06:30{offset}"), "%F %R%z", Tz::UTC);
            assert!(read.unwrap_err().contains("is not an instant"), "{offset}");
        }
        assert_eq!(read("1736359200", "%s", Tz::Asia__Tokyo).unwrap(), "2025-01-08T18:00:00Z");
        assert_eq!(read("2025-01-31T06:30:00.250", "%FT%T%.f", Tz::UTC).unwrap(), "2025-01-31T06:30:00.250Z");
    }

    #[test]
    fn the_ends_of_time_are_errors() {
        for at in [Timestamp::MIN_UTC, Timestamp::MAX_UTC] {
            for zone in [Tz::Asia__Tokyo, Tz::America__New_York] {
                let _ = local_date(at, zone);
            }
        }
        assert!(local_date(Timestamp::MAX_UTC, Tz::Asia__Tokyo).is_err());
        assert!(EndOf::run(DayInZone { day: NaiveDate::MAX, zone: Zone(Tz::UTC) }).is_err());
        for day in [NaiveDate::MIN, NaiveDate::MAX] {
            let _ = first_instant(day, Tz::Asia__Tokyo);
            let _ = first_instant(day, Tz::America__New_York);
        }
    }

    #[test]
    fn seconds_become_instants_to_the_millisecond() {
        let read = |seconds| FromUnix::run(FromUnixArgs { seconds });
        assert_eq!(read(1_736_359_200.123_4).unwrap().timestamp_millis(), 1_736_359_200_123);
        for bad in [f64::NAN, f64::INFINITY, 1e300, 1_736_359_200_000.0] {
            assert_eq!(read(bad).unwrap_err().kind, ErrorKind::Arithmetic, "{bad}");
        }
        let back = ToUnix::run(ToUnixArgs { at: read(1_736_359_200.123).unwrap() }).unwrap();
        assert!((back - 1_736_359_200.123).abs() < 1e-6);
    }

    #[test]
    fn a_text_that_is_no_date_is_quoted() {
        let parse =
            |text: &str| ParseDate::run(ParseDateArgs { text: text.into(), format: DateFormat("%d/%m/%Y".into()) });
        assert_eq!(parse("31/01/2025").unwrap(), day("2025-01-31"));
        let error = parse("2025-01-31").unwrap_err();
        assert_eq!(error.message, "\"2025-01-31\" is not a date in the format `%d/%m/%Y`");
        assert!(parse("31/02/2025").is_err() && parse("31/01/2025 ").is_err());
    }
}
