//! Calendars: `calendars.*` builds one, `calendar.*` counts business days in it.

use std::sync::Arc;

use chrono::NaiveDate;
use chrono_tz::Tz;

use super::{Example, Form, Primitive, Property, Pure, Spec, args};
use crate::calendar::{Calendar, LONGEST_RANGE};
use crate::value::{ErrorKind, StepError, Type, Value, Zone};

pub(super) static SPECS: &[Spec] = &[Spec::pure::<Weekdays>(), Spec::pure::<DaysIn>()];

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
