//! `forecast.prophet`.

use super::model::{ModelRecord, Task};
use super::options::{Options, ProphetArgs};
use crate::outlook::Method;
use crate::primitive::{Arguments, Attempts, Example, Form, Heavy, Known, Primitive};
use crate::value::{StepError, Type, Value};

pub(super) struct ForecastProphet;

impl Primitive for ForecastProphet {
    type Args = ProphetArgs;
    type Output = ModelRecord;
    const NAME: &'static str = "forecast.prophet";
    const FORM: Form = Form::Namespace;
    const SUMMARY: &'static str = "Fits Prophet's model to a series by business day, as Python's Prophet does, and forecasts the next business days.";
    const EXAMPLES: &'static [Example] = &[Example {
        source: r#"forecast.prophet(series("nav", points: [{ at: midnight(d, "UTC"), value: d.day * 1.0 } for d in calendars.weekdays().days(2025-01-01 through 2025-03-31)]), on: calendars.weekdays(), horizon: 2bd, weekly: false).predictions.count"#,
        gives: "2",
    }];

    fn infer(call: Known<'_>) -> Option<Result<Type, String>> {
        let at = |name: &str| ProphetArgs::PARAMS.iter().position(|param| param.name == name);
        let is_given = |name: &str| at(name).and_then(|at| call.types.get(at)).is_some_and(Option::is_some);
        let growth = call.literals.get(at("growth")?)?.as_ref().and_then(Value::as_text).map(|text| &**text);
        match growth {
            _ if is_given("settings") => None,
            Some("logistic") if !is_given("cap") => {
                Some(Err("logistic growth needs `cap`; say what the series can reach at most: `cap: 100.0`".to_owned()))
            }
            Some("linear" | "flat") if is_given("cap") || is_given("floor") => {
                Some(Err("`cap` and `floor` are for logistic growth; leave them out".to_owned()))
            }
            _ => None,
        }
    }
}

impl Heavy for ForecastProphet {
    fn run(args: ProphetArgs, attempts: &Attempts) -> Result<ModelRecord, StepError> {
        let (series, on, horizon, options) = args.parts()?;
        let task = Task { series: &series, on: &on, horizon: horizon.days(), attempts };
        let history = task.history(&options)?;
        task.model(&method(&options), &history, options)
    }
}

/// Prophet with these options.
pub(super) fn method(options: &Options) -> Method {
    Method::Prophet(Box::new(options.prophet()))
}
