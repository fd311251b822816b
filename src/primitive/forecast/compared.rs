//! `forecast.backtest` and `forecast.best`.

use std::sync::Arc;

use super::choice::{From1To1k, Horizon, InnerShare, Repeats, Week};
use super::model::{ModelRecord, ScoreRow, Task, int, patiently};
use super::options::Options;
use super::simple::{INTERVAL, ets, naive};
use super::{prophet, settings};
use crate::calendar::Calendar;
use crate::outlook::{Backtest, History, Measure, Method, Score, backtest};
use crate::primitive::{Attempts, Example, Form, Heavy, Primitive, args};
use crate::value::{BusinessDays, ErrorKind, Reflect, ReflectError, Series, StepError, Type, Value};

/// The models that are compared, at least one.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Names(Vec<Name>);

/// A model by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Name {
    Prophet,
    Ets,
    Naive,
}

impl Name {
    const ALL: [(&'static str, Self); 3] = [("prophet", Self::Prophet), ("ets", Self::Ets), ("naive", Self::Naive)];
}

impl Reflect for Names {
    fn ty() -> Type {
        Type::list(Type::literals(Name::ALL.map(|(name, _)| name)))
    }
    fn from_value(value: Value) -> Result<Self, ReflectError> {
        let texts = Vec::<Arc<str>>::from_value(value)?;
        let known = |text: &Arc<str>| {
            let found = Name::ALL.iter().find(|(name, _)| *name == &**text).map(|(_, name)| *name);
            found.ok_or_else(|| ReflectError::Type { wanted: Self::ty(), found: "text" })
        };
        let names: Vec<Name> = texts.iter().map(known).collect::<Result<_, _>>()?;
        if names.is_empty() {
            return Err(ReflectError::Value("expected at least one model, found `[]`".to_owned()));
        }
        Ok(Self(names))
    }
    fn into_value(self) -> Value {
        let text = |name: Name| Name::ALL.iter().find(|(_, known)| *known == name).map_or("", |(text, _)| text);
        Value::list(self.0.into_iter().map(|name| Value::text(text(name))).collect())
    }
}

/// Declares the arguments of a comparison, with what is particular to it behind them.
macro_rules! comparison {
    ($name:ident { $($(#[doc = $doc:literal])+ $field:ident : $ty:ty = $default:expr),* $(,)? }) => {
        args! {
            pub(super) struct $name {
                /// The series, by business day as `forecast.prophet` has it.
                series: Arc<Series>,
                /// The calendar.
                on: Arc<Calendar>,
                /// How many business days to forecast.
                horizon: Horizon = Horizon(BusinessDays(20)),
                /// The models to compare.
                models: Names = Names(vec![Name::Prophet, Name::Ets, Name::Naive]),
                /// From how many days of the history to forecast, at most.
                windows: From1To1k = From1To1k(5),
                /// How many business days lie between these.
                step: Horizon = Horizon(BusinessDays(20)),
                /// How much of the future the intervals hold.
                interval: InnerShare = InnerShare(INTERVAL),
                /// Prophet's options, by the names that `forecast.prophet` has for them.
                prophet: Options = Options::default(),
                $($(#[doc = $doc])+ $field: $ty = $default,)*
                /// Prophet's settings that come before these, as `forecast.prophet` has them.
                settings: Vec<Option<Arc<serde_json::Value>>> = Vec::new()
            }
        }
        impl $name {
            fn comparison<'a>(&'a self, attempts: &'a Attempts) -> Result<Comparison<'a>, StepError> {
                let given = Options { interval: self.prophet.interval.clone().or(Some(self.interval.clone())), ..self.prophet.clone() };
                let options = settings::over(&self.settings, given)?;
                let task = Task { series: &self.series, on: &self.on, horizon: self.horizon.days(), attempts };
                let history = task.history(&options)?;
                let how = Backtest {
                    horizon: self.horizon.days(),
                    windows: usize::try_from(self.windows.0).unwrap_or(1),
                    step: self.step.days(),
                };
                Ok(Comparison { task, history, options, how, models: &self.models, interval: self.interval.0 })
            }
        }
    };
}

comparison!(BacktestArgs {});
comparison!(BestArgs {
    /// What a model is judged by.
    by: Measure = Measure::Mae,
});

/// A model, and how good it was or why nobody knows.
type Tested = (Method, Result<Score, StepError>);

/// Models that are compared on one series.
struct Comparison<'a> {
    task: Task<'a>,
    history: History,
    options: Options,
    how: Backtest,
    models: &'a Names,
    interval: f64,
}

impl Comparison<'_> {
    fn method(&self, name: Name) -> Method {
        let interval = self.interval;
        match name {
            Name::Prophet => prophet::method(&self.options),
            Name::Ets => ets(Week::Week, interval, &self.history),
            Name::Naive => naive(Repeats::Week, interval),
        }
    }

    /// Tests every model; one that cannot be fitted says so in its row. Only the end of the time ends all.
    fn scores(&self) -> Result<Vec<Tested>, StepError> {
        let test = |name: &Name| {
            let method = self.method(*name);
            let score = patiently(self.task.attempts, |patience| backtest(&method, &self.history, self.how, patience));
            match (score, self.task.attempts.must_end()) {
                (Err(_), Some(ended)) => Err(ended),
                (score, _) => Ok((method, score)),
            }
        };
        self.models.0.iter().map(test).collect()
    }
}

fn row(method: &Method, score: &Result<Score, StepError>) -> ScoreRow {
    let (found, error) = match score {
        Ok(score) => (Some(score), None),
        Err(error) => (None, Some(error.message.as_str().into())),
    };
    ScoreRow {
        model: method.name().into(),
        windows: found.map_or(0, |score| int(score.windows)),
        points: found.map_or(0, |score| int(score.errors.points)),
        mae: found.map(|score| score.errors.mae),
        mape: found.and_then(|score| score.errors.mape),
        smape: found.map(|score| score.errors.smape),
        coverage: found.map(|score| score.errors.coverage),
        error,
    }
}

pub(super) struct ForecastBacktest;
impl Primitive for ForecastBacktest {
    type Args = BacktestArgs;
    type Output = Vec<ScoreRow>;
    const NAME: &'static str = "forecast.backtest";
    const FORM: Form = Form::Namespace;
    const SUMMARY: &'static str = "How good models would have been: each forecasts from days of the history, and is compared with the days that came.";
    const EXAMPLES: &'static [Example] = &[Example {
        source: r#"forecast.backtest(series("nav", points: [{ at: midnight(d, "UTC"), value: 7.0 } for d in calendars.weekdays().days(2025-01-01 through 2025-03-31)]), on: calendars.weekdays(), horizon: 5bd, models: ["naive"])[0].mae"#,
        gives: "0",
    }];
}
impl Heavy for ForecastBacktest {
    fn run(args: BacktestArgs, attempts: &Attempts) -> Result<Vec<ScoreRow>, StepError> {
        let scores = args.comparison(attempts)?.scores()?;
        Ok(scores.iter().map(|(method, score)| row(method, score)).collect())
    }
}

pub(super) struct ForecastBest;
impl Primitive for ForecastBest {
    type Args = BestArgs;
    type Output = ModelRecord;
    const NAME: &'static str = "forecast.best";
    const FORM: Form = Form::Namespace;
    const SUMMARY: &'static str =
        "Forecasts by the model that was best in a back-test; its `scores` say how good each of them was.";
    const EXAMPLES: &'static [Example] = &[Example {
        source: r#"forecast.best(series("nav", points: [{ at: midnight(d, "UTC"), value: 7.0 } for d in calendars.weekdays().days(2025-01-01 through 2025-03-31)]), on: calendars.weekdays(), horizon: 5bd, models: ["naive"]).model"#,
        gives: "naive",
    }];
}
impl Heavy for ForecastBest {
    fn run(args: BestArgs, attempts: &Attempts) -> Result<ModelRecord, StepError> {
        let comparison = args.comparison(attempts)?;
        let scores = comparison.scores()?;
        let judged = |(_, score): &&Tested| score.as_ref().map_or(f64::INFINITY, |s| s.of(args.by));
        let tested = scores.iter().filter(|(_, score)| score.is_ok());
        let Some((method, _)) = tested.min_by(|a, b| judged(a).total_cmp(&judged(b))) else {
            return Err(none_tested(&scores));
        };
        let model = comparison.task.model(method, &comparison.history, comparison.options.clone())?;
        Ok(ModelRecord { scores: scores.iter().map(|(method, score)| row(method, score)).collect(), ..model })
    }
}

fn none_tested(scores: &[Tested]) -> StepError {
    let why = scores.iter().find_map(|(_, score)| score.as_ref().err().cloned());
    let nothing = || StepError::new(ErrorKind::Data, "no model could be tested");
    why.map_or_else(nothing, |error| error.context("no model could be tested"))
}
