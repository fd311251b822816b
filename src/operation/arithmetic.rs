//! `+ - * / %` and unary `-`.
//!
//! Nothing wraps, nothing becomes infinite by a division: what has no result is an error that shows
//! the operands. `/` of two ints is a float, as in Python; `%` has the sign of the left side, as in SQL and PromQL.

use std::sync::Arc;

use bigdecimal::{BigDecimal, Zero};

use super::calendar::{add_duration, add_period, days_between, negate_period};
use crate::syntax::ast::BinaryOperator as Op;
use crate::value::{ErrorKind, Period, StepError, Value};

/// Significant digits of a quotient of decimals; more than any currency or index needs.
const QUOTIENT_DIGITS: u64 = 40;

/// The longest number that a message repeats as it is.
const LONGEST_SHOWN: usize = 40;

/// How many digits a message shows of a longer one.
const SHOWN_DIGITS: u64 = 6;

/// The most digits, before or after the point, that a decimal may have in arithmetic. Without a limit
/// `1e999999999 + 1` would fill the memory.
const LONGEST_DECIMAL: i64 = 1000;

fn arithmetic(message: String) -> StepError {
    StepError::new(ErrorKind::Arithmetic, message)
}

fn overflow(op: Op, a: &Value, b: &Value) -> StepError {
    let of = if a.kind() == b.kind() { a.kind() } else { "result" };
    let (a, b) = (short(a), short(b));
    arithmetic(format!("`{a} {} {b}` is too large for {} {of}", op.symbol(), if of == "int" { "an" } else { "a" }))
}

/// A number as a message shows it: what has too many digits to be read, by its magnitude.
fn short(value: &Value) -> String {
    let all = match value {
        // Written out, one of a thousand digits behind the point would be as long.
        Value::Decimal(d) if !is_bounded(d) => d.to_scientific_notation(),
        other => other.to_string(),
    };
    match (value, all.len() > LONGEST_SHOWN) {
        (Value::Float(x), true) => format!("{x:e}"),
        (Value::Decimal(d), true) => d.with_prec(SHOWN_DIGITS).normalized().to_scientific_notation(),
        _ => all,
    }
}

fn by_zero(op: Op, a: &Value, b: &Value) -> StepError {
    arithmetic(format!("`{} {} {}` divides by zero", short(a), op.symbol(), short(b)))
        .help("test the divisor with `if … then … else …`")
}

fn unsuited(op: Op, a: &Value, b: &Value) -> StepError {
    let symbol = op.symbol();
    let error =
        StepError::new(ErrorKind::Data, format!("`{symbol}` does not work on `{}` and `{}`", a.kind(), b.kind()));
    match (a, b) {
        (Value::None, _) | (_, Value::None) => error.help("give a default with `??`"),
        (Value::Timestamp(_), Value::Period(_)) => {
            error.help("days need a zone: take `date_of(…)`, add, and come back with `midnight(…)`")
        }
        (Value::Float(_), Value::Decimal(_)) | (Value::Decimal(_), Value::Float(_)) => {
            error.help("say which it shall be: `x as decimal` or `x as float`")
        }
        (Value::Text(_), _) | (_, Value::Text(_)) => error.help("put values into a text with `f\"{…}\"`"),
        _ => error,
    }
}

/// `-e`.
pub(crate) fn negate(value: &Value) -> Result<Value, StepError> {
    let negated = match value {
        Value::Int(n) => n.checked_neg().map(Value::Int),
        Value::Float(x) => Some(Value::Float(-x)),
        Value::Decimal(d) => Some(Value::Decimal(Arc::new(-(**d).clone()))),
        Value::Duration(ms) => ms.checked_neg().map(Value::Duration),
        Value::BusinessDays(n) => n.checked_neg().map(Value::BusinessDays),
        Value::Period(period) => negate_period(*period).map(Value::Period),
        other => return Err(StepError::new(ErrorKind::Data, format!("`-` does not work on `{}`", other.kind()))),
    };
    negated.ok_or_else(|| arithmetic(format!("`-({value})` is too large")))
}

/// `a op b` for an arithmetic operator.
pub(super) fn calculate(op: Op, a: Value, b: Value) -> Result<Value, StepError> {
    match (&a, &b) {
        (Value::Int(x), Value::Int(y)) => ints(op, *x, *y),
        (Value::Float(x), Value::Float(y)) => floats(op, *x, *y),
        (Value::Int(x), Value::Float(y)) => floats(op, *x as f64, *y),
        (Value::Float(x), Value::Int(y)) => floats(op, *x, *y as f64),
        (Value::Decimal(x), Value::Decimal(y)) => decimals(op, x, y),
        (Value::Decimal(x), Value::Int(y)) => decimals(op, x, &BigDecimal::from(*y)),
        (Value::Int(x), Value::Decimal(y)) => decimals(op, &BigDecimal::from(*x), y),
        _ => match op {
            Op::Add => add(a, b),
            Op::Subtract => subtract(&a, &b),
            Op::Multiply => multiply(&a, &b),
            Op::Divide => divide(&a, &b),
            _ => Err(unsuited(op, &a, &b)),
        },
    }
}

fn ints(op: Op, a: i64, b: i64) -> Result<Value, StepError> {
    let shown = || (Value::Int(a), Value::Int(b));
    let result = match op {
        Op::Add => a.checked_add(b),
        Op::Subtract => a.checked_sub(b),
        Op::Multiply => a.checked_mul(b),
        Op::Divide => return floats(op, a as f64, b as f64),
        _ if b == 0 => return Err(by_zero(op, &shown().0, &shown().1)),
        _ => Some(a.checked_rem(b).unwrap_or(0)),
    };
    result.map(Value::Int).ok_or_else(|| overflow(op, &shown().0, &shown().1))
}

fn floats(op: Op, a: f64, b: f64) -> Result<Value, StepError> {
    let is_division = matches!(op, Op::Divide | Op::Remainder);
    if is_division && b == 0.0 {
        return Err(by_zero(op, &Value::Float(a), &Value::Float(b)));
    }
    let result = match op {
        Op::Add => a + b,
        Op::Subtract => a - b,
        Op::Multiply => a * b,
        Op::Divide => a / b,
        _ => a % b,
    };
    if result.is_infinite() && a.is_finite() && b.is_finite() {
        return Err(overflow(op, &Value::Float(a), &Value::Float(b)));
    }
    Ok(Value::Float(result))
}

fn decimals(op: Op, a: &BigDecimal, b: &BigDecimal) -> Result<Value, StepError> {
    let shown = |d: &BigDecimal| Value::Decimal(Arc::new(d.clone()));
    if !(is_bounded(a) && is_bounded(b)) {
        return Err(overflow(op, &shown(a), &shown(b)));
    }
    let is_division = matches!(op, Op::Divide | Op::Remainder);
    if is_division && b.is_zero() {
        return Err(by_zero(op, &shown(a), &shown(b)));
    }
    let result = match op {
        Op::Add => a + b,
        Op::Subtract => a - b,
        Op::Multiply => a * b,
        Op::Divide => (a / b).with_prec(QUOTIENT_DIGITS).normalized(),
        _ => a % b,
    };
    if is_bounded(&result) { Ok(Value::Decimal(Arc::new(result))) } else { Err(overflow(op, &shown(a), &shown(b))) }
}

fn is_bounded(d: &BigDecimal) -> bool {
    d.fractional_digit_count().abs() <= LONGEST_DECIMAL && d.digits() <= LONGEST_DECIMAL.unsigned_abs()
}

fn add(a: Value, b: Value) -> Result<Value, StepError> {
    let sum = match (&a, &b) {
        (Value::Text(x), Value::Text(y)) => Some(Value::text(format!("{x}{y}"))),
        (Value::Record(x), Value::Record(y)) => Some(Value::Record(Arc::new(x.merged(y)))),
        (Value::Duration(x), Value::Duration(y)) => x.checked_add(*y).map(Value::Duration),
        (Value::BusinessDays(x), Value::BusinessDays(y)) => x.checked_add(*y).map(Value::BusinessDays),
        (Value::Period(x), Value::Period(y)) => add_periods(*x, *y).map(Value::Period),
        (Value::Date(date), Value::Period(period)) | (Value::Period(period), Value::Date(date)) => {
            return add_period(*date, *period);
        }
        (Value::Timestamp(at), Value::Duration(ms)) | (Value::Duration(ms), Value::Timestamp(at)) => {
            return add_duration(*at, *ms);
        }
        _ => return super::operators::join(a, b).map_err(|(a, b)| unsuited(Op::Add, &a, &b)),
    };
    sum.ok_or_else(|| overflow(Op::Add, &a, &b))
}

fn add_periods(a: Period, b: Period) -> Option<Period> {
    Some(Period { months: a.months.checked_add(b.months)?, days: a.days.checked_add(b.days)? })
}

fn subtract(a: &Value, b: &Value) -> Result<Value, StepError> {
    let difference = match (a, b) {
        (Value::Duration(x), Value::Duration(y)) => x.checked_sub(*y).map(Value::Duration),
        (Value::BusinessDays(x), Value::BusinessDays(y)) => x.checked_sub(*y).map(Value::BusinessDays),
        (Value::Period(x), Value::Period(y)) => negate_period(*y).and_then(|y| add_periods(*x, y)).map(Value::Period),
        (Value::Timestamp(x), Value::Timestamp(y)) => {
            Some(Value::Duration(x.signed_duration_since(*y).num_milliseconds()))
        }
        (Value::Date(x), Value::Date(y)) => return days_between(*y, *x),
        (Value::Date(date), Value::Period(period)) => {
            let back = negate_period(*period).ok_or_else(|| overflow(Op::Subtract, a, b))?;
            return add_period(*date, back);
        }
        (Value::Timestamp(at), Value::Duration(ms)) => {
            let back = ms.checked_neg().ok_or_else(|| overflow(Op::Subtract, a, b))?;
            return add_duration(*at, back);
        }
        _ => return Err(unsuited(Op::Subtract, a, b)),
    };
    difference.ok_or_else(|| overflow(Op::Subtract, a, b))
}

fn multiply(a: &Value, b: &Value) -> Result<Value, StepError> {
    let product = match (a, b) {
        (Value::Duration(ms), Value::Int(n)) | (Value::Int(n), Value::Duration(ms)) => {
            ms.checked_mul(*n).map(Value::Duration)
        }
        (Value::Duration(ms), Value::Float(x)) | (Value::Float(x), Value::Duration(ms)) => milliseconds(*ms as f64 * x),
        (Value::BusinessDays(days), Value::Int(n)) | (Value::Int(n), Value::BusinessDays(days)) => {
            days.checked_mul(*n).map(Value::BusinessDays)
        }
        (Value::Period(period), Value::Int(n)) | (Value::Int(n), Value::Period(period)) => times(*period, *n),
        _ => return Err(unsuited(Op::Multiply, a, b)),
    };
    product.ok_or_else(|| overflow(Op::Multiply, a, b))
}

fn times(period: Period, n: i64) -> Option<Value> {
    let times = |part: i32| i64::from(part).checked_mul(n).and_then(|part| i32::try_from(part).ok());
    Some(Value::Period(Period { months: times(period.months)?, days: times(period.days)? }))
}

fn divide(a: &Value, b: &Value) -> Result<Value, StepError> {
    let divisor = match (a, b) {
        (Value::Duration(_), Value::Int(n) | Value::Duration(n)) => *n as f64,
        (Value::Duration(_), Value::Float(x)) => *x,
        _ => return Err(unsuited(Op::Divide, a, b)),
    };
    let (Value::Duration(ms), false) = (a, divisor == 0.0) else { return Err(by_zero(Op::Divide, a, b)) };
    let quotient = *ms as f64 / divisor;
    if matches!(b, Value::Duration(_)) {
        return Ok(Value::Float(quotient));
    }
    milliseconds(quotient).ok_or_else(|| overflow(Op::Divide, a, b))
}

/// A duration rounded to whole milliseconds.
fn milliseconds(ms: f64) -> Option<Value> {
    // Within the bound the rounded float is exactly an i64.
    #[allow(clippy::cast_possible_truncation)]
    (ms.abs() < 9.0e18).then(|| Value::Duration(ms.round() as i64))
}
