//! Arithmetic with dates, instants and calendars.

use chrono::{Days, Months, NaiveDate, TimeDelta};

use crate::value::{ErrorKind, Period, StepError, Timestamp, Value};

fn out_of_range(what: impl std::fmt::Display) -> StepError {
    StepError::new(ErrorKind::Arithmetic, format!("{what} is outside the calendar"))
}

/// `-period`.
pub(super) fn negate_period(period: Period) -> Option<Period> {
    Some(Period { months: period.months.checked_neg()?, days: period.days.checked_neg()? })
}

/// Months first, then days. A day that the month does not have becomes its last one: 31 January and a
/// month is the last of February, as in SQL.
pub(super) fn add_period(date: NaiveDate, period: Period) -> Result<Value, StepError> {
    let months = Months::new(period.months.unsigned_abs());
    let moved = if period.months < 0 { date.checked_sub_months(months) } else { date.checked_add_months(months) };
    let days = Days::new(u64::from(period.days.unsigned_abs()));
    let moved = moved.and_then(|d| if period.days < 0 { d.checked_sub_days(days) } else { d.checked_add_days(days) });
    moved.map(Value::Date).ok_or_else(|| out_of_range(format!("{date} moved by {period}")))
}

/// `date - date`: days.
pub(super) fn days_between(from: NaiveDate, to: NaiveDate) -> Result<Value, StepError> {
    let days = i32::try_from((to - from).num_days()).map_err(|_| out_of_range(format!("{to} - {from}")))?;
    Ok(Value::Period(Period { months: 0, days }))
}

/// `timestamp + duration`.
pub(super) fn add_duration(at: Timestamp, ms: i64) -> Result<Value, StepError> {
    let moved = TimeDelta::try_milliseconds(ms).and_then(|delta| at.checked_add_signed(delta));
    moved
        .map(Value::Timestamp)
        .ok_or_else(|| out_of_range(format!("{} moved by {}", Value::Timestamp(at), Value::Duration(ms))))
}

/// `date ± bdays`: the date, the calendar, the signed count.
pub(crate) fn add_business_days(values: &[Value]) -> Result<Value, StepError> {
    let [Value::Date(day), Value::Calendar(calendar), Value::BusinessDays(count)] = values else {
        let kinds: Vec<&str> = values.iter().map(Value::kind).collect();
        return Err(StepError::new(
            ErrorKind::Data,
            format!("expected `date`, `calendar` and `bdays`, found `{}`", kinds.join("`, `")),
        ));
    };
    if let Some(message) = calendar.refusal(*day) {
        return Err(StepError::new(ErrorKind::Arithmetic, message));
    }
    calendar.add(*day, *count).map(Value::Date).ok_or_else(|| out_of_range(format!("{day} moved by {count}bd")))
}
