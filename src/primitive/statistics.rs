//! Numbers of a whole list: running sums, quantiles, spread.

use super::numbers::{add, empty};
use super::{Example, Form, Primitive, Pure, Spec, args};
use crate::value::{Number, Reflect, ReflectError, StepError, Type, Value};

pub(super) static SPECS: &[Spec] =
    &[Spec::pure::<RunningSum>(), Spec::pure::<Median>(), Spec::pure::<Quantile>(), Spec::pure::<Stdev>()];

struct RunningSum;
args! {
    struct RunningSumArgs {
        /// The numbers.
        items: Vec<Number>,
    }
}
impl Primitive for RunningSum {
    type Args = RunningSumArgs;
    type Output = Vec<Number>;
    const NAME: &'static str = "statistics.running_sum";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "For each number of a list the sum up to it.";
    const EXAMPLES: &'static [Example] = &[Example { source: "running_sum([1, 2, 3])", gives: "[1, 3, 6]" }];
}
impl Pure for RunningSum {
    fn run(args: RunningSumArgs) -> Result<Vec<Number>, StepError> {
        let mut sums: Vec<Number> = Vec::with_capacity(args.items.len());
        for item in args.items {
            let sum = match sums.last() {
                Some(before) => Number(add(&before.0, &item.0)?),
                None => item,
            };
            sums.push(sum);
        }
        Ok(sums)
    }
}

args! {
    struct FloatsArgs {
        /// The numbers; NaN among them gives NaN.
        items: Vec<f64>,
    }
}

/// A share from 0 to 1.
#[derive(Debug, Clone, Copy)]
struct Share(f64);
impl Reflect for Share {
    fn ty() -> Type {
        Type::Float
    }
    fn from_value(value: Value) -> Result<Self, ReflectError> {
        let share = f64::from_value(value)?;
        let is_share = (0.0..=1.0).contains(&share);
        is_share.then_some(Self(share)).ok_or_else(|| {
            ReflectError::Value(format!("expected a share from 0 to 1, found `{share}`; write 95 percent as `0.95`"))
        })
    }
    fn into_value(self) -> Value {
        Value::Float(self.0)
    }
}

/// The value below which a share of the numbers lies, between two of them in proportion.
fn quantile(mut items: Vec<f64>, share: f64) -> Option<f64> {
    if items.iter().any(|x| x.is_nan()) {
        return Some(f64::NAN);
    }
    items.sort_by(f64::total_cmp);
    let place = share * items.len().checked_sub(1)? as f64;
    // The place lies within the list, whose length is far below what a float holds exactly.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let below = place.floor() as usize;
    let (low, high) = (*items.get(below)?, *items.get(below + 1).or(items.get(below))?);
    // Of two equal infinities the difference is no number.
    Some(if low.total_cmp(&high).is_eq() { low } else { low + (high - low) * place.fract() })
}

struct Median;
impl Primitive for Median {
    type Args = FloatsArgs;
    type Output = f64;
    const NAME: &'static str = "statistics.median";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str =
        "The middle of the sorted numbers, or the mean of the two in the middle; an empty list fails.";
    const EXAMPLES: &'static [Example] = &[Example { source: "median([3, 1, 2, 10])", gives: "2.5" }];
}
impl Pure for Median {
    fn run(args: FloatsArgs) -> Result<f64, StepError> {
        quantile(args.items, 0.5).ok_or_else(|| empty("median"))
    }
}

struct Quantile;
args! {
    struct QuantileArgs {
        /// The numbers; NaN among them gives NaN.
        items: Vec<f64>,
        /// The share, from 0 to 1.
        share: Share,
    }
}
impl Primitive for Quantile {
    type Args = QuantileArgs;
    type Output = f64;
    const NAME: &'static str = "statistics.quantile";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str =
        "The value below which a share of the numbers lies, between two of them in proportion; an empty list fails.";
    const EXAMPLES: &'static [Example] = &[Example { source: "quantile([1, 2, 3, 4], share: 0.25)", gives: "1.75" }];
}
impl Pure for Quantile {
    fn run(args: QuantileArgs) -> Result<f64, StepError> {
        quantile(args.items, args.share.0).ok_or_else(|| empty("quantile"))
    }
}

struct Stdev;
impl Primitive for Stdev {
    type Args = FloatsArgs;
    type Output = f64;
    const NAME: &'static str = "statistics.stdev";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str =
        "The standard deviation of a sample, dividing by one less than the count; fewer than two numbers fail.";
    const EXAMPLES: &'static [Example] = &[Example { source: "stdev([1, 3])", gives: "1.4142135623730951" }];
}
impl Pure for Stdev {
    fn run(args: FloatsArgs) -> Result<f64, StepError> {
        if args.items.len() < 2 {
            return Err(empty("stdev").help("it needs two numbers at least: `if xs.count > 1 then stdev(xs) else …`"));
        }
        let count = args.items.len() as f64;
        let mean = args.items.iter().sum::<f64>() / count;
        let squares: f64 = args.items.iter().map(|x| (x - mean).powi(2)).sum();
        Ok((squares / (count - 1.0)).sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_reach_both_ends() {
        let of = |share| quantile(vec![4.0, 1.0, 3.0, 2.0], share);
        assert_eq!((of(0.0), of(1.0), of(0.5)), (Some(1.0), Some(4.0), Some(2.5)));
        assert_eq!(quantile(vec![], 0.5), None);
        assert_eq!(quantile(vec![7.0], 0.9), Some(7.0));
        assert!(quantile(vec![1.0, f64::NAN], 0.0).is_some_and(f64::is_nan));
        assert_eq!(quantile(vec![f64::INFINITY; 2], 0.5), Some(f64::INFINITY));
        assert!(Share::from_value(Value::Int(95)).is_err());
    }

    #[test]
    fn a_running_sum_of_nothing_is_empty_and_overflow_fails() {
        assert_eq!(RunningSum::run(RunningSumArgs { items: vec![] }).unwrap(), []);
        let items = [i64::MAX, 1].map(|n| Number(Value::Int(n))).to_vec();
        assert!(RunningSum::run(RunningSumArgs { items }).is_err());
    }
}
