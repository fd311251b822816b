//! How a step is tried again and how often it may run; the values of `with { backoff:, rate: }`.

use super::record::record;
use super::refined::{Positive, Wait};
use super::{Example, Form, Primitive, Pure, Spec, args};
use crate::value::{Milliseconds, StepError};

pub(super) static SPECS: &[Spec] = &[
    Spec::pure::<Exponential>(),
    Spec::pure::<Constant>(),
    Spec::pure::<PerSecond>(),
    Spec::pure::<PerMinute>(),
    Spec::pure::<PerHour>(),
];

record! {
    /// How long to wait between attempts.
    struct Backoff {
        /// Before the second attempt.
        initial: Milliseconds,
        /// What each wait is multiplied with to give the next.
        factor: f64,
        /// No wait is longer.
        max: Option<Milliseconds>,
    }
}

record! {
    /// How often a step may begin.
    struct Rate {
        /// So many times
        count: i64,
        /// in this time.
        per: Milliseconds,
    }
}

struct Exponential;
args! {
    struct ExponentialArgs {
        /// How long to wait before the second attempt; each wait after it is twice as long.
        initial: Wait,
        /// The longest wait.
        max: Option<Wait>,
    }
}
impl Primitive for Exponential {
    type Args = ExponentialArgs;
    type Output = Backoff;
    const NAME: &'static str = "policy.exponential";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "Waits twice as long before each further attempt.";
    const EXAMPLES: &'static [Example] =
        &[Example { source: "exponential(1s, max: 30s)", gives: "{ initial: 1s, factor: 2, max: 30s }" }];
}
impl Pure for Exponential {
    fn run(args: ExponentialArgs) -> Result<Backoff, StepError> {
        Ok(Backoff { initial: args.initial.0, factor: 2.0, max: args.max.map(|max| max.0) })
    }
}

struct Constant;
args! {
    struct ConstantArgs {
        /// How long to wait before each further attempt.
        delay: Wait,
    }
}
impl Primitive for Constant {
    type Args = ConstantArgs;
    type Output = Backoff;
    const NAME: &'static str = "policy.constant";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "Waits equally long before each further attempt.";
    const EXAMPLES: &'static [Example] =
        &[Example { source: "constant(5s)", gives: "{ initial: 5s, factor: 1, max: none }" }];
}
impl Pure for Constant {
    fn run(args: ConstantArgs) -> Result<Backoff, StepError> {
        Ok(Backoff { initial: args.delay.0, factor: 1.0, max: None })
    }
}

args! {
    struct RateArgs {
        /// How many times.
        count: Positive,
    }
}

struct PerSecond;
impl Primitive for PerSecond {
    type Args = RateArgs;
    type Output = Rate;
    const NAME: &'static str = "policy.per_second";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "At most so many times in a second.";
    const EXAMPLES: &'static [Example] = &[Example { source: "per_second(5)", gives: "{ count: 5, per: 1s }" }];
}
impl Pure for PerSecond {
    fn run(args: RateArgs) -> Result<Rate, StepError> {
        Ok(Rate { count: args.count.0, per: Milliseconds(1000) })
    }
}

struct PerMinute;
impl Primitive for PerMinute {
    type Args = RateArgs;
    type Output = Rate;
    const NAME: &'static str = "policy.per_minute";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "At most so many times in a minute.";
    const EXAMPLES: &'static [Example] = &[Example { source: "per_minute(10)", gives: "{ count: 10, per: 1m }" }];
}
impl Pure for PerMinute {
    fn run(args: RateArgs) -> Result<Rate, StepError> {
        Ok(Rate { count: args.count.0, per: Milliseconds(60_000) })
    }
}

struct PerHour;
impl Primitive for PerHour {
    type Args = RateArgs;
    type Output = Rate;
    const NAME: &'static str = "policy.per_hour";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "At most so many times in an hour.";
    const EXAMPLES: &'static [Example] = &[Example { source: "per_hour(100)", gives: "{ count: 100, per: 1h }" }];
}
impl Pure for PerHour {
    fn run(args: RateArgs) -> Result<Rate, StepError> {
        Ok(Rate { count: args.count.0, per: Milliseconds(3_600_000) })
    }
}
