//! Values with a few names, and numbers with bounds.

use crate::forecast::{Algorithm, Growth, Mode, Scaling};
use crate::outlook::{Gaps, Measure};
use crate::value::{BusinessDays, Reflect, ReflectError, Type, Value};

/// What a naive forecast repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeats {
    Day,
    Week,
    Year,
}

/// How parameters are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Solver {
    Prophet,
    Exact,
}

/// Whether weekdays differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Week {
    None,
    Week,
}

/// Gives an enum its names in the language.
macro_rules! choices {
    ($($ty:ty { $($text:literal => $value:path),* $(,)? })*) => {$(
        impl Reflect for $ty {
            fn ty() -> Type {
                Type::literals([$($text),*])
            }
            fn from_value(value: Value) -> Result<Self, ReflectError> {
                match value.as_text().map(|text| &**text) {
                    $(Some($text) => Ok($value),)*
                    Some(other) => {
                        let known = [$(concat!("`\"", $text, "\"`")),*].join(", ");
                        Err(ReflectError::Value(format!("expected one of {known}, found `{other:?}`")))
                    }
                    None => Err(ReflectError::Type { wanted: Self::ty(), found: value.kind() }),
                }
            }
            fn into_value(self) -> Value {
                Value::text(match self {
                    $($value => $text),*
                })
            }
        }
    )*};
}

choices! {
    Growth { "linear" => Growth::Linear, "logistic" => Growth::Logistic, "flat" => Growth::Flat }
    Mode { "additive" => Mode::Additive, "multiplicative" => Mode::Multiplicative }
    Scaling { "absmax" => Scaling::AbsMax, "minmax" => Scaling::MinMax }
    Algorithm { "lbfgs" => Algorithm::Lbfgs, "bfgs" => Algorithm::Bfgs, "newton" => Algorithm::Newton }
    Solver { "prophet" => Solver::Prophet, "exact" => Solver::Exact }
    Gaps { "interpolate" => Gaps::Interpolate, "leave" => Gaps::Leave }
    Repeats { "none" => Repeats::Day, "week" => Repeats::Week, "year" => Repeats::Year }
    Week { "none" => Week::None, "week" => Week::Week }
    Measure { "mae" => Measure::Mae, "mape" => Measure::Mape, "smape" => Measure::Smape }
}

impl Horizon {
    /// The number of days.
    pub(super) fn days(&self) -> usize {
        usize::try_from(self.0.0).unwrap_or(1)
    }
}

/// Declares numbers with a condition: the inner type, what must hold, what was wanted.
macro_rules! bounded {
    ($($(#[$doc:meta])* $name:ident($inner:ty) if $holds:expr, $wanted:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq)]
        pub(super) struct $name(pub(super) $inner);
        impl Reflect for $name {
            fn ty() -> Type {
                <$inner>::ty()
            }
            fn from_value(value: Value) -> Result<Self, ReflectError> {
                let shown = value.to_string();
                let inner = <$inner>::from_value(value)?;
                let holds: fn(&$inner) -> bool = $holds;
                let wrong = || ReflectError::Value(format!(concat!("expected ", $wanted, ", found `{}`"), shown));
                holds(&inner).then_some(Self(inner)).ok_or_else(wrong)
            }
            fn into_value(self) -> Value {
                self.0.into_value()
            }
        }
    )*};
}

bounded! {
    /// How many business days ahead.
    Horizon(BusinessDays) if |days| (1..=2_600).contains(&days.0), "1 to 2600 business days, such as `20bd`";
    /// How many of something, not absurdly many.
    UpTo10k(i64) if |n| (0..=10_000).contains(n), "a number from 0 to 10000";
    /// At least one, not absurdly many.
    From1To1k(i64) if |n| (1..=1_000).contains(n), "a number from 1 to 1000";
    /// Iterations of an optimiser.
    Iterations(i64) if |n| (1..=1_000_000).contains(n), "a number of iterations from 1 to 1000000";
    /// Significant digits of a number.
    Digits(i64) if |n| (1..=18).contains(n), "a number of digits from 1 to 18";
    /// The terms of a Fourier series.
    Order(i64) if |n| (1..=100).contains(n), "an order from 1 to 100";
    /// Days before or after a holiday.
    Around(i64) if |n| (0..=366).contains(n), "a number of days from 0 to 366";
    /// A seed of numpy's generator.
    Seed(i64) if |n| u32::try_from(*n).is_ok(), "a seed from 0 to 4294967295";
    /// A share without its ends.
    InnerShare(f64) if |x| *x > 0.0 && *x < 1.0, "a share between 0 and 1";
    /// A share with its ends.
    WholeShare(f64) if |x| (0.0..=1.0).contains(x), "a share from 0 to 1";
    /// A scale, a period, a tolerance.
    AboveZero(f64) if |x| *x > 0.0 && x.is_finite(), "a number above 0";
    /// A number that is one.
    Finite(f64) if |x| x.is_finite(), "a finite number";
}

/// Markov chains, of which there are none.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct NoChains;

impl Reflect for NoChains {
    fn ty() -> Type {
        Type::Int
    }
    fn from_value(value: Value) -> Result<Self, ReflectError> {
        match i64::from_value(value)? {
            0 => Ok(Self),
            n => Err(ReflectError::Value(format!(
                "expected `0`, found `{n}`; leave it out: the model is fitted, not sampled by Markov chains, which takes minutes a series"
            ))),
        }
    }
    fn into_value(self) -> Value {
        Value::Int(0)
    }
}
