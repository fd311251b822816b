//! Calendars: `calendars.*` builds one, `calendar.*` counts business days in it.

use std::sync::Arc;

use chrono::{NaiveDate, NaiveTime};
use chrono_tz::Tz;

use super::dates::local_date;
use super::{Example, Form, Primitive, Property, Pure, Spec, args};
use crate::calendar::{Calendar, LONGEST_RANGE};
use crate::value::{BusinessDays, ErrorKind, StepError, Timestamp, Type, Value, Zone};

pub(super) static SPECS: &[Spec] = &[
    Spec::pure::<Weekdays>(),
    Spec::pure::<DaysIn>(),
    Spec::pure::<IsOpen>(),
    Spec::pure::<Add>(),
    Spec::pure::<Next>(),
    Spec::pure::<Previous>(),
    Spec::pure::<BusinessDate>(),
];

pub(super) static PROPERTIES: &[Property] = &[Property {
    family: "calendar",
    name: "zone",
    docs: "The zone in which its days begin.",
    ty: |_| Type::Text,
    get: |value| match value {
        Value::Calendar(calendar) => Some(Value::text(calendar.zone().name())),
        _ => None,
    },
}];

/// The error for a day that no calendar reaches.
fn out_of_reach(day: NaiveDate, doing: &str) -> StepError {
    StepError::new(ErrorKind::Arithmetic, format!("there is no business day {doing} {day}"))
}

struct Weekdays;
args! {
    struct WeekdaysArgs {
        /// The zone in which a day begins and ends.
        zone: Zone = Zone(Tz::UTC),
    }
}
impl Primitive for Weekdays {
    type Args = WeekdaysArgs;
    type Output = Arc<Calendar>;
    const NAME: &'static str = "calendars.weekdays";
    const FORM: Form = Form::Namespace;
    const SUMMARY: &'static str = "Monday to Friday, without holidays.";
    const EXAMPLES: &'static [Example] =
        &[Example { source: r#"calendars.weekdays(zone: "UTC").is_open(2025-01-31)"#, gives: "true" }];
}
impl Pure for Weekdays {
    fn run(args: WeekdaysArgs) -> Result<Arc<Calendar>, StepError> {
        Ok(Arc::new(Calendar::weekdays(args.zone.0)))
    }
}

struct DaysIn;
args! {
    struct DaysInArgs {
        /// The calendar.
        calendar: Arc<Calendar>,
        /// First and last day, both included.
        range: (NaiveDate, NaiveDate),
    }
}
impl Primitive for DaysIn {
    type Args = DaysInArgs;
    type Output = Vec<NaiveDate>;
    const NAME: &'static str = "calendar.days";
    const FORM: Form = Form::Method;
    const SUMMARY: &'static str = "The business days of a range, oldest first.";
    const EXAMPLES: &'static [Example] = &[Example {
        source: "calendars.weekdays().days(2025-01-31 through 2025-02-03)",
        gives: "[2025-01-31, 2025-02-03]",
    }];
}
impl Pure for DaysIn {
    fn run(args: DaysInArgs) -> Result<Vec<NaiveDate>, StepError> {
        let (from, to) = args.range;
        if (to - from).num_days() > LONGEST_RANGE {
            return Err(StepError::new(
                ErrorKind::Arithmetic,
                format!("the range {from} through {to} is longer than 200 years"),
            ));
        }
        Ok(args.calendar.days(from, to))
    }
}

args! {
    struct DayArgs {
        /// The calendar.
        calendar: Arc<Calendar>,
        /// The day.
        day: NaiveDate,
    }
}

struct IsOpen;
impl Primitive for IsOpen {
    type Args = DayArgs;
    type Output = bool;
    const NAME: &'static str = "calendar.is_open";
    const FORM: Form = Form::Method;
    const SUMMARY: &'static str = "Whether a day is a business day.";
    const EXAMPLES: &'static [Example] =
        &[Example { source: "calendars.weekdays().is_open(2025-02-01)", gives: "false" }];
}
impl Pure for IsOpen {
    fn run(args: DayArgs) -> Result<bool, StepError> {
        Ok(args.calendar.is_open(args.day))
    }
}

struct Next;
impl Primitive for Next {
    type Args = DayArgs;
    type Output = NaiveDate;
    const NAME: &'static str = "calendar.next";
    const FORM: Form = Form::Method;
    const SUMMARY: &'static str = "The first business day after a day, which itself never counts.";
    const EXAMPLES: &'static [Example] =
        &[Example { source: "calendars.weekdays().next(2025-01-31)", gives: "2025-02-03" }];
}
impl Pure for Next {
    fn run(args: DayArgs) -> Result<NaiveDate, StepError> {
        args.calendar.next(args.day).ok_or_else(|| out_of_reach(args.day, "within a year after"))
    }
}

struct Previous;
impl Primitive for Previous {
    type Args = DayArgs;
    type Output = NaiveDate;
    const NAME: &'static str = "calendar.previous";
    const FORM: Form = Form::Method;
    const SUMMARY: &'static str = "The last business day before a day, which itself never counts.";
    const EXAMPLES: &'static [Example] =
        &[Example { source: "calendars.weekdays().previous(2025-02-03)", gives: "2025-01-31" }];
}
impl Pure for Previous {
    fn run(args: DayArgs) -> Result<NaiveDate, StepError> {
        args.calendar.previous(args.day).ok_or_else(|| out_of_reach(args.day, "within a year before"))
    }
}

struct Add;
args! {
    struct AddArgs {
        /// The calendar.
        calendar: Arc<Calendar>,
        /// The day to start from. It need not be a business day; the first step then goes to the nearest one.
        day: NaiveDate,
        /// How many business days to go; negative goes back, zero stays.
        count: BusinessDays,
    }
}
impl Primitive for Add {
    type Args = AddArgs;
    type Output = NaiveDate;
    const NAME: &'static str = "calendar.add";
    const FORM: Form = Form::Method;
    const SUMMARY: &'static str = "A day moved by a number of business days.";
    const EXAMPLES: &'static [Example] = &[
        Example { source: "calendars.weekdays().add(2025-01-31, 2bd)", gives: "2025-02-04" },
        Example { source: "calendars.weekdays().add(2025-02-03, -1bd)", gives: "2025-01-31" },
    ];
}
impl Pure for Add {
    fn run(args: AddArgs) -> Result<NaiveDate, StepError> {
        let count = args.count.0;
        let is_near = count.unsigned_abs() <= LONGEST_RANGE.unsigned_abs();
        is_near
            .then(|| args.calendar.add(args.day, count))
            .flatten()
            .ok_or_else(|| out_of_reach(args.day, &format!("{count} business days from")))
    }
}

struct BusinessDate;
args! {
    struct BusinessDateArgs {
        /// The instant to answer for, usually `run.now`.
        now: Timestamp,
        /// The calendar; the clock is read in its zone.
        on: Arc<Calendar>,
        /// The time of day from which a business day counts as begun.
        cutoff: NaiveTime = NaiveTime::from_hms_opt(6, 0, 0).unwrap_or(NaiveTime::MIN),
    }
}
impl Primitive for BusinessDate {
    type Args = BusinessDateArgs;
    type Output = NaiveDate;
    const NAME: &'static str = "calendars.business_date";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "The business day that an instant belongs to: today from the cutoff on, before it and on closed days the business day before.";
    const EXAMPLES: &'static [Example] = &[
        Example {
            source: "business_date(2025-01-31T05:59Z, cutoff: 06:00, on: calendars.weekdays())",
            gives: "2025-01-30",
        },
        Example { source: "business_date(2025-02-02T12:00Z, on: calendars.weekdays())", gives: "2025-01-31" },
    ];
}
impl Pure for BusinessDate {
    fn run(args: BusinessDateArgs) -> Result<NaiveDate, StepError> {
        // Asked first, because the calendar has no answer for an instant at the end of time.
        let today = local_date(args.now, args.on.zone())?;
        args.on.business_date(args.now, args.cutoff).ok_or_else(|| out_of_reach(today, "at or before"))
    }
}
