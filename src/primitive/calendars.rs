//! Calendars: `calendars.*` builds one, `calendar.*` counts business days in it.

use std::sync::Arc;

use chrono::{NaiveDate, NaiveTime};
use chrono_tz::Tz;

use super::dates::local_date;
use super::{Example, Form, Primitive, Property, Pure, Spec, args};
use crate::calendar::{Calendar, LONGEST_RANGE, Market};
use crate::value::{BusinessDays, ErrorKind, StepError, Timestamp, Type, Value, Zone};

pub(super) static SPECS: &[Spec] = &[
    Spec::pure::<Weekdays>(),
    Spec::pure::<Target>(),
    Spec::pure::<England>(),
    Spec::pure::<UnitedStates>(),
    Spec::pure::<ClosedOn>(),
    Spec::pure::<OpenOn>(),
    Spec::pure::<Joint>(),
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

/// Declares a market's calendar: type, name, the market, what is said of it, an example.
macro_rules! markets {
    ($($name:ident($args:ident) = $verb:literal, $market:expr, $zone:expr, $summary:literal, $example:literal gives $gives:literal;)*) => {$(
        struct $name;
        args! {
            struct $args {
                /// The zone in which a day begins and ends.
                zone: Zone = Zone($zone),
            }
        }
        impl Primitive for $name {
            type Args = $args;
            type Output = Arc<Calendar>;
            const NAME: &'static str = $verb;
            const FORM: Form = Form::Namespace;
            const SUMMARY: &'static str = $summary;
            const EXAMPLES: &'static [Example] = &[Example { source: $example, gives: $gives }];
        }
        impl Pure for $name {
            fn run(args: $args) -> Result<Arc<Calendar>, StepError> {
                Ok(Arc::new(Calendar::market($market, args.zone.0)))
            }
        }
    )*};
}

markets! {
    Target(TargetArgs) = "calendars.target", Market::Target, Market::Target.zone(),
        "Monday to Friday without the closing days of TARGET, the euro's settlement system; known from 2002 on.",
        "calendars.target().next(2025-04-17)" gives "2025-04-22";
    England(EnglandArgs) = "calendars.england", Market::England, Market::England.zone(),
        "Monday to Friday without the bank holidays of England and Wales; known from 1999 on.",
        "calendars.england().is_open(2026-12-28)" gives "false";
    UnitedStates(UnitedStatesArgs) = "calendars.united_states", Market::UnitedStates, Market::UnitedStates.zone(),
        "Monday to Friday without the federal holidays of the United States; known from 1986 on.",
        "calendars.united_states().is_open(2026-07-03)" gives "false";
}

args! {
    struct ListedArgs {
        /// The calendar.
        calendar: Arc<Calendar>,
        /// The days.
        days: Vec<NaiveDate>,
    }
}

struct ClosedOn;
impl Primitive for ClosedOn {
    type Args = ListedArgs;
    type Output = Arc<Calendar>;
    const NAME: &'static str = "calendar.closed_on";
    const FORM: Form = Form::Method;
    const SUMMARY: &'static str =
        "A calendar that is closed on some more days: holidays of a house, or a list of one's own.";
    const EXAMPLES: &'static [Example] =
        &[Example { source: "calendars.weekdays().closed_on([2025-12-24]).is_open(2025-12-24)", gives: "false" }];
}
impl Pure for ClosedOn {
    fn run(args: ListedArgs) -> Result<Arc<Calendar>, StepError> {
        Ok(Arc::new(Arc::unwrap_or_clone(args.calendar).closed_on(args.days)))
    }
}

struct OpenOn;
impl Primitive for OpenOn {
    type Args = ListedArgs;
    type Output = Arc<Calendar>;
    const NAME: &'static str = "calendar.open_on";
    const FORM: Form = Form::Method;
    const SUMMARY: &'static str = "A calendar that is open on some days on which it would be closed.";
    const EXAMPLES: &'static [Example] =
        &[Example { source: "calendars.target().open_on([2025-05-01]).is_open(2025-05-01)", gives: "true" }];
}
impl Pure for OpenOn {
    fn run(args: ListedArgs) -> Result<Arc<Calendar>, StepError> {
        Ok(Arc::new(Arc::unwrap_or_clone(args.calendar).open_on(args.days)))
    }
}

struct Joint;
args! {
    struct JointArgs {
        /// The calendar, whose zone counts.
        calendar: Arc<Calendar>,
        /// The other calendar.
        other: Arc<Calendar>,
    }
}
impl Primitive for Joint {
    type Args = JointArgs;
    type Output = Arc<Calendar>;
    const NAME: &'static str = "calendar.joint";
    const FORM: Form = Form::Method;
    const SUMMARY: &'static str =
        "A calendar that is open on the days on which two are, as for settling between two markets.";
    const EXAMPLES: &'static [Example] =
        &[Example { source: "calendars.target().joint(calendars.england()).next(2026-04-30)", gives: "2026-05-05" }];
}
impl Pure for Joint {
    fn run(args: JointArgs) -> Result<Arc<Calendar>, StepError> {
        Ok(Arc::new(Calendar::joint(args.calendar, args.other)))
    }
}

/// Refuses a day before the calendar's first.
fn known(calendar: &Calendar, day: NaiveDate) -> Result<(), StepError> {
    match calendar.refusal(day) {
        None => Ok(()),
        Some(message) => Err(StepError::new(ErrorKind::Arithmetic, message)),
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
        known(&args.calendar, from)?;
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
        known(&args.calendar, args.day)?;
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
        known(&args.calendar, args.day)?;
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
        known(&args.calendar, args.day)?;
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
        known(&args.calendar, args.day)?;
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
        known(&args.on, today)?;
        args.on.business_date(args.now, args.cutoff).ok_or_else(|| out_of_reach(today, "at or before"))
    }
}
