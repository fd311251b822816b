//! `series.by_day`: one point a day.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::NaiveDate;
use chrono_tz::Tz;

use super::dates::{first_instant, local_date};
use super::{Example, Form, Primitive, Pure, Spec, args};
use crate::calendar::Calendar;
use crate::value::{ErrorKind, Points, Reflect, ReflectError, Series, StepError, Type, Value, Zone, timestamp};

pub(super) static SPECS: &[Spec] = &[Spec::pure::<ByDay>()];

/// What becomes of the points of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    First,
    Last,
    Min,
    Max,
    Mean,
    Sum,
    Count,
}

impl How {
    const ALL: [(&'static str, Self); 7] = [
        ("last", Self::Last),
        ("first", Self::First),
        ("min", Self::Min),
        ("max", Self::Max),
        ("mean", Self::Mean),
        ("sum", Self::Sum),
        ("count", Self::Count),
    ];

    /// The value of a day from its values in order of time, of which there is one at least.
    fn of(self, values: &[f64]) -> f64 {
        let edge = |value: Option<&f64>| value.copied().unwrap_or(f64::NAN);
        let sum = || values.iter().sum::<f64>();
        match self {
            Self::First => edge(values.first()),
            Self::Last => edge(values.last()),
            Self::Min => values.iter().copied().fold(f64::INFINITY, f64::min),
            Self::Max => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            Self::Mean => sum() / values.len() as f64,
            Self::Sum => sum(),
            Self::Count => values.len() as f64,
        }
    }
}

impl Reflect for How {
    fn ty() -> Type {
        Type::literals(Self::ALL.map(|(name, _)| name))
    }
    fn from_value(value: Value) -> Result<Self, ReflectError> {
        let name = value.as_text().cloned();
        let found = name.and_then(|name| Self::ALL.iter().find(|(known, _)| *known == &*name));
        found.map(|(_, how)| *how).ok_or_else(|| ReflectError::Type { wanted: Self::ty(), found: value.kind() })
    }
    fn into_value(self) -> Value {
        Value::text(Self::ALL.iter().find(|(_, how)| *how == self).map_or("last", |(name, _)| name))
    }
}

struct ByDay;
args! {
    struct ByDayArgs {
        /// The series.
        series: Arc<Series>,
        /// What becomes of the points of a day: the last of them, their mean, …; points without a value (NaN) do not count.
        how: How = How::Last,
        /// The zone whose days they are; left out, the calendar's, or UTC.
        zone: Option<Zone>,
        /// The calendar; points of days on which it is closed are left out.
        on: Option<Arc<Calendar>>,
    }
}
impl Primitive for ByDay {
    type Args = ByDayArgs;
    type Output = Arc<Series>;
    const NAME: &'static str = "series.by_day";
    const FORM: Form = Form::Method;
    const SUMMARY: &'static str =
        "The series with one point a day, at the day's midnight; days without points stay without.";
    const EXAMPLES: &'static [Example] = &[Example {
        source: r#"series("nav", points: [{ at: 2025-01-31T06:00Z, value: 1.0 }, { at: 2025-01-31T18:00Z, value: 2.0 }]).by_day("mean").points"#,
        gives: "[{ at: 2025-01-31T00:00:00Z, value: 1.5 }]",
    }];
}
impl Pure for ByDay {
    fn run(args: ByDayArgs) -> Result<Arc<Series>, StepError> {
        let zone = zone(args.zone, args.on.as_deref())?;
        let points = Points::in_order(args.series.points.clone());
        let mut days: BTreeMap<NaiveDate, Vec<f64>> = BTreeMap::new();
        for (at_ms, value) in points.at_ms.iter().zip(&points.values).filter(|(_, value)| !value.is_nan()) {
            days.entry(local_date(timestamp(*at_ms), zone)?).or_default().push(*value);
        }
        let mut binned = Points::default();
        for (day, values) in days.into_iter().filter(|(day, _)| args.on.as_ref().is_none_or(|on| on.is_open(*day))) {
            binned.at_ms.push(first_instant(day, zone)?.timestamp_millis());
            binned.values.push(args.how.of(&values));
        }
        let Series { name, labels, .. } = &*args.series;
        Ok(Arc::new(Series { name: name.clone(), labels: labels.clone(), points: Arc::new(binned) }))
    }
}

/// Days of one zone on the calendar of another would be other days.
fn zone(given: Option<Zone>, on: Option<&Calendar>) -> Result<Tz, StepError> {
    match (given, on.map(Calendar::zone)) {
        (Some(Zone(zone)), Some(own)) if zone != own => {
            let message = format!("the days of the calendar are those of {own}, not of {zone}");
            Err(StepError::new(ErrorKind::Data, message).help("leave `zone` out, or give the calendar that zone"))
        }
        (Some(Zone(zone)), _) => Ok(zone),
        (None, own) => Ok(own.unwrap_or(Tz::UTC)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Labels;

    fn run(
        points: &[(&str, f64)],
        how: How,
        zone: Option<Tz>,
        on: Option<Calendar>,
    ) -> Result<Vec<(String, f64)>, StepError> {
        let at = |text: &str| text.parse::<crate::value::Timestamp>().unwrap().timestamp_millis();
        let (at_ms, values) = points.iter().map(|(text, value)| (at(text), *value)).unzip();
        let series =
            Arc::new(Series { name: "m".into(), labels: Labels::default(), points: Points { at_ms, values }.into() });
        let binned = ByDay::run(ByDayArgs { series, how, zone: zone.map(Zone), on: on.map(Arc::new) })?;
        let pairs = binned.points.at_ms.iter().zip(&binned.points.values);
        Ok(pairs.map(|(at_ms, value)| (Value::Timestamp(timestamp(*at_ms)).to_string(), *value)).collect())
    }

    #[test]
    fn each_way_of_putting_a_day_together() {
        let points = [("2025-01-31T01:00:00Z", 1.0), ("2025-01-31T23:59:59Z", 5.0), ("2025-01-31T12:00:00Z", f64::NAN)];
        for (how, wanted) in How::ALL.iter().map(|(_, how)| how).zip([5.0, 1.0, 1.0, 5.0, 3.0, 6.0, 2.0]) {
            assert_eq!(run(&points, *how, None, None).unwrap(), [("2025-01-31T00:00:00Z".to_owned(), wanted)]);
        }
    }

    #[test]
    fn the_zone_decides_the_day_and_the_calendar_which_count() {
        let points = [("2025-01-31T23:30:00Z", 1.0), ("2025-02-03T12:00:00Z", 2.0)];
        let tokyo = run(&points, How::Last, Some(Tz::Asia__Tokyo), None).unwrap();
        assert_eq!(tokyo[0], ("2025-01-31T15:00:00Z".to_owned(), 1.0));
        let open = Calendar::weekdays(Tz::Asia__Tokyo);
        assert_eq!(run(&points, How::Last, None, Some(open.clone())).unwrap().len(), 1);
        let error = run(&points, How::Last, Some(Tz::UTC), Some(open)).unwrap_err();
        assert_eq!(error.message, "the days of the calendar are those of Asia/Tokyo, not of UTC");
    }
}
