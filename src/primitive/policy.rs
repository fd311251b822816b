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

const MINUTE_MS: i64 = 60_000;

record! {
    /// How long to wait between attempts.
    struct Backoff {
        /// Before the second attempt.
        initial: Milliseconds,
        /// What each wait is multiplied with to give the next.
        factor: f64,
        /// No wait is longer.
        max: Milliseconds,
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
        /// The longest wait; left out, a minute, or `initial` when that is longer.
        max: Option<Wait>,
    }
}
impl Primitive for Exponential {
    type Args = ExponentialArgs;
    type Output = Backoff;
    const NAME: &'static str = "policy.exponential";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "Waits twice as long before each further attempt.";
    const EXAMPLES: &'static [Example] = &[
        Example { source: "exponential(1s, max: 30s)", gives: "{ initial: 1s, factor: 2, max: 30s }" },
        Example { source: "exponential(2s)", gives: "{ initial: 2s, factor: 2, max: 1m }" },
    ];
}
impl Pure for Exponential {
    fn run(args: ExponentialArgs) -> Result<Backoff, StepError> {
        let initial = args.initial.0;
        let max = args.max.map_or(Milliseconds(initial.0.max(MINUTE_MS)), |max| max.0);
        Ok(Backoff { initial, factor: 2.0, max })
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
        &[Example { source: "constant(5s)", gives: "{ initial: 5s, factor: 1, max: 5s }" }];
}
impl Pure for Constant {
    fn run(args: ConstantArgs) -> Result<Backoff, StepError> {
        let delay = args.delay.0;
        Ok(Backoff { initial: delay.clone(), factor: 1.0, max: delay })
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
        Ok(Rate { count: args.count.0, per: Milliseconds(MINUTE_MS) })
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
