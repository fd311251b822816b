//! Prophet's settings, declared once: as arguments of `forecast.prophet`, and as the record that other primitives take.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::NaiveDate;

use super::choice::{
    AboveZero, Around, Digits, Finite, From1To1k, Horizon, InnerShare, Iterations, NoChains, Order, Seed, Solver,
    UpTo10k, WholeShare,
};
use super::settings::over;
use crate::calendar::Calendar;
use crate::forecast::{
    Algorithm, Fit, Growth, Holiday, Mode, Regressor, Scaling, Seasonal, Seasonality, Settings, Standardize, Start,
};
use crate::outlook::{Gaps, Known, Prophet, seconds};
use crate::primitive::args;
use crate::value::{BusinessDays, MapValue, Reflect, ReflectError, Series, StepError, Type, Value};

/// Declares a record all of whose fields may be left out.
macro_rules! partial {
    ($(#[$meta:meta])* struct $name:ident { $($(#[doc = $doc:literal])+ $field:ident : $ty:ty),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Default)]
        pub(super) struct $name { $($(#[doc = $doc])+ pub(super) $field: Option<$ty>),* }
        impl Reflect for $name {
            fn ty() -> Type {
                Type::Record(crate::value::RecordType::new([$((stringify!($field), <$ty as Reflect>::ty().optional())),*]))
            }
            fn from_value(value: Value) -> Result<Self, ReflectError> {
                let Value::Record(record) = &value else {
                    return Err(ReflectError::Type { wanted: Self::ty(), found: value.kind() });
                };
                Ok(Self { $($field: named(record.get(stringify!($field)), stringify!($field))?),* })
            }
            fn into_value(self) -> Value {
                let fields = [$((stringify!($field), self.$field.into_value())),*];
                Value::record(fields.into_iter().filter(|(_, value)| !value.is_none()))
            }
        }
        impl $name {
            /// These, and those of `other` where these say nothing.
            #[must_use]
            #[allow(dead_code, reason = "not every record is put over another")]
            pub(super) fn or(self, other: Self) -> Self {
                Self { $($field: self.$field.or(other.$field)),* }
            }
        }
    };
}

/// A field of a record, its name told when it does not fit.
pub(super) fn named<R: Reflect>(value: Option<&Value>, name: &str) -> Result<R, ReflectError> {
    R::from_value(value.cloned().unwrap_or(Value::None)).map_err(|error| match error {
        ReflectError::Value(why) => ReflectError::Value(match why.split_once(", found") {
            Some((wanted, found)) => format!("{wanted} as `{name}`, found{found}"),
            None => why,
        }),
        other @ ReflectError::Type { .. } => other,
    })
}

/// Declares the options of Prophet as a record, and the arguments of the primitive with them.
macro_rules! options {
    ($($(#[doc = $doc:literal])+ $field:ident : $ty:ty),* $(,)?) => {
        partial! {
            /// Prophet's settings.
            struct Options { $($(#[doc = $doc])+ $field: $ty),* }
        }
        args! {
            pub(super) struct ProphetArgs {
                /// The series. The last point of a day counts; points on days on which the calendar is closed do not.
                series: Arc<Series>,
                /// The calendar: its days make the history, gaps are filled on it, and the forecast is for its next days.
                on: Arc<Calendar>,
                /// How many business days to forecast, from the one after the last day of the history on.
                horizon: Horizon = Horizon(BusinessDays(20)),
                $($(#[doc = $doc])+ $field: Option<$ty>,)*
                /// Settings that come before all of these, the first of them before the second, by these names or by Prophet's own, such as `{"yearly_seasonality": 12}`: a series' own from a table, a job's from the configuration.
                settings: Vec<Option<Arc<serde_json::Value>>> = Vec::new()
            }
        }
        impl ProphetArgs {
            /// The series, the calendar, the horizon, and the options with the settings over them.
            pub(super) fn parts(self) -> Result<(Arc<Series>, Arc<Calendar>, Horizon, Options), StepError> {
                let given = Options { $($field: self.$field),* };
                Ok((self.series, self.on, self.horizon, over(&self.settings, given)?))
            }
        }
    };
}

options! {
    /// The form of the trend: `"logistic"` saturates at `cap`, `"flat"` is none. Left out, `"linear"`.
    growth: Growth,
    /// What the series can reach at most, for logistic growth.
    cap: Finite,
    /// What the series can fall to, for logistic growth. Left out, 0.
    floor: Finite,
    /// Whether the year repeats. Left out, it does when the history is two years long.
    yearly: bool,
    /// Whether the week repeats. Left out, it does when the history is two weeks long.
    weekly: bool,
    /// Whether the day repeats; of daily data it cannot. Left out, it does not.
    daily: bool,
    /// How quickly these may change: the terms of their Fourier series. Left out, `{ yearly: 10, weekly: 3, daily: 4 }`.
    fourier: Orders,
    /// Whether seasonalities add to the trend or are a share of it. Left out, `"additive"`.
    mode: Mode,
    /// More seasonalities, such as `[{ name: "monthly", period: 30.5, order: 5 }]`.
    seasonalities: Vec<SeasonalityOption>,
    /// Days that stand out, a record for each, those of the future included; a `name` that stands on many days is one holiday.
    holidays: Vec<HolidayOption>,
    /// Whether holidays add or multiply. Left out, as `mode`.
    holidays_mode: Mode,
    /// Values that the series depends on, for each day of the history and of the horizon.
    regressors: Vec<RegressorOption>,
    /// The days on which the trend may change. Left out, `n_changepoints` of them are spread over the history.
    changepoints: Vec<NaiveDate>,
    /// How many changepoints to spread. Left out, 25.
    n_changepoints: UpTo10k,
    /// Over which first share of the history to spread them. Left out, 0.8.
    changepoint_range: WholeShare,
    /// How readily the trend changes. Left out, 0.05.
    changepoint_prior_scale: AboveZero,
    /// How strong seasonalities may be. Left out, 10.
    seasonality_prior_scale: AboveZero,
    /// How strong holidays and regressors may be. Left out, 10.
    holidays_prior_scale: AboveZero,
    /// How much of the future the interval holds. Left out, 0.8.
    interval: InnerShare,
    /// How many futures the interval is drawn from; 0 draws none, and the bounds are the forecast. Left out, 1000.
    samples: UpTo10k,
    /// With a seed the interval is drawn as Python's is after `numpy.random.seed(…)`. Left out, it is computed, the same each time.
    seed: Seed,
    /// What values are divided by: their greatest, or their range. Left out, `"absmax"`.
    scaling: Scaling,
    /// How the fit is found.
    fit: FitOption,
    /// `"prophet"` searches as Prophet does; `"exact"` computes the optimum, which is another one: for linear and flat growth and what adds. Left out, `"prophet"`.
    solver: Solver,
    /// What becomes of business days without a value: `"interpolate"` fills them, `"leave"` leaves them out. Left out, they are filled.
    gaps: Gaps,
    /// Not offered: the model is fitted, not sampled.
    mcmc_samples: NoChains,
}

partial! {
    /// The terms of the built-in seasonalities.
    struct Orders {
        /// Of the year.
        yearly: Order,
        /// Of the week.
        weekly: Order,
        /// Of the day.
        daily: Order,
    }
}

partial! {
    /// How the fit is found.
    struct FitOption {
        /// The most iterations.
        iterations: Iterations,
        /// The algorithm.
        algorithm: Algorithm,
        /// The first step of a line search.
        init_alpha: AboveZero,
        /// The least change of the objective.
        tol_obj: AboveZero,
        /// The same, relative.
        tol_rel_obj: AboveZero,
        /// The least gradient.
        tol_grad: AboveZero,
        /// The same, relative.
        tol_rel_grad: AboveZero,
        /// The least move.
        tol_param: AboveZero,
        /// Steps that are remembered.
        history_size: From1To1k,
        /// Whether the noise's logarithm has the density, as Stan's `jacobian` says.
        jacobian: bool,
        /// Where the search begins.
        init: InitOption,
        /// The digits of the parameters that are forecast with.
        sig_figs: Digits,
        /// Whether Newton's method follows when the algorithm fails.
        newton_fallback: bool,
    }
}

partial! {
    /// Parameters to begin with, in Prophet's scaled units; what is left out is as always.
    struct InitOption {
        /// The rate of the trend.
        k: f64,
        /// Its offset.
        m: f64,
        /// The noise.
        sigma_obs: AboveZero,
        /// The changes of the rate, one for each changepoint.
        delta: Vec<f64>,
        /// The coefficients, one for each column.
        beta: Vec<f64>,
    }
}

/// Declares a record some of whose fields must be there.
macro_rules! entry {
    ($(#[$meta:meta])* struct $name:ident { $($(#[doc = $doc:literal])+ $field:ident : $ty:ty),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq)]
        pub(super) struct $name { $($(#[doc = $doc])+ pub(super) $field: $ty),* }
        impl Reflect for $name {
            fn ty() -> Type {
                Type::Record(crate::value::RecordType::new([$((stringify!($field), <$ty as Reflect>::ty())),*]))
            }
            fn from_value(value: Value) -> Result<Self, ReflectError> {
                let Value::Record(record) = &value else {
                    return Err(ReflectError::Type { wanted: Self::ty(), found: value.kind() });
                };
                Ok(Self { $($field: named(record.get(stringify!($field)), stringify!($field))?),* })
            }
            fn into_value(self) -> Value {
                let fields = [$((stringify!($field), self.$field.into_value())),*];
                Value::record(fields.into_iter().filter(|(_, value)| !value.is_none()))
            }
        }
    };
}

entry! {
    /// A seasonality of one's own.
    struct SeasonalityOption {
        /// Its name, and its column's.
        name: Arc<str>,
        /// Its period in days.
        period: AboveZero,
        /// The terms of its Fourier series.
        order: Order,
        /// How strong it may be.
        prior_scale: Option<AboveZero>,
        /// Whether it adds or multiplies.
        mode: Option<Mode>,
        /// The days on which it holds; always when left out.
        days: Option<Vec<NaiveDate>>,
    }
}

entry! {
    /// A day that stands out.
    struct HolidayOption {
        /// The holiday's name, and its column's.
        name: Arc<str>,
        /// The day.
        day: NaiveDate,
        /// How many days before it stand out too.
        before: Option<Around>,
        /// How many days after it do.
        after: Option<Around>,
        /// How strong it may be.
        prior_scale: Option<AboveZero>,
    }
}

entry! {
    /// What the series depends on.
    struct RegressorOption {
        /// Its name, and its column's.
        name: Arc<str>,
        /// Its value for each day.
        values: ByDay,
        /// How strong it may be.
        prior_scale: Option<AboveZero>,
        /// Whether it adds or multiplies.
        mode: Option<Mode>,
        /// Whether it is brought to mean 0 and deviation 1; left out, unless it is 0 and 1 only.
        standardize: Option<bool>,
    }
}

/// `map<date, float>`.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct ByDay(pub(super) BTreeMap<NaiveDate, f64>);

impl Reflect for ByDay {
    fn ty() -> Type {
        Type::map(Type::Date, Type::Float)
    }
    fn from_value(value: Value) -> Result<Self, ReflectError> {
        let Value::Map(map) = &value else {
            return Err(ReflectError::Type { wanted: Self::ty(), found: value.kind() });
        };
        let pair =
            |(day, value): (&Value, &Value)| Ok((NaiveDate::from_value(day.clone())?, f64::from_value(value.clone())?));
        map.iter().map(pair).collect::<Result<_, ReflectError>>().map(Self)
    }
    fn into_value(self) -> Value {
        let pairs = self.0.into_iter().map(|(day, value)| (Value::Date(day), Value::Float(value)));
        Value::Map(Arc::new(pairs.collect::<MapValue>()))
    }
}

fn count(n: i64) -> usize {
    usize::try_from(n).unwrap_or(0)
}

fn seasonal(wanted: Option<bool>, order: Option<&Order>) -> Seasonal {
    match (wanted, order) {
        (Some(false), _) => Seasonal::Off,
        (_, Some(order)) => Seasonal::Order(count(order.0)),
        (Some(true), None) => Seasonal::On,
        (None, None) => Seasonal::Auto,
    }
}

impl Options {
    /// What becomes of gaps.
    pub(super) fn gaps(&self) -> Gaps {
        self.gaps.unwrap_or_default()
    }

    /// The model's settings, and what is known of the days.
    pub(super) fn prophet(&self) -> Prophet {
        let options = self.clone();
        let orders = options.fourier.clone().unwrap_or_default();
        let usual = Settings::default();
        let number = |value: Option<AboveZero>, usual: f64| value.map_or(usual, |value| value.0);
        let settings = Settings {
            growth: options.growth.unwrap_or_default(),
            changepoints: options.changepoints.map(|days| days.into_iter().map(seconds).collect()),
            n_changepoints: options.n_changepoints.map_or(usual.n_changepoints, |n| count(n.0)),
            changepoint_range: options.changepoint_range.map_or(usual.changepoint_range, |share| share.0),
            changepoint_prior_scale: number(options.changepoint_prior_scale, usual.changepoint_prior_scale),
            yearly_seasonality: seasonal(options.yearly, orders.yearly.as_ref()),
            weekly_seasonality: seasonal(options.weekly, orders.weekly.as_ref()),
            daily_seasonality: seasonal(options.daily, orders.daily.as_ref()),
            seasonalities: options.seasonalities.iter().flatten().map(SeasonalityOption::setting).collect(),
            seasonality_mode: options.mode.unwrap_or_default(),
            seasonality_prior_scale: number(options.seasonality_prior_scale, usual.seasonality_prior_scale),
            holidays: options.holidays.iter().flatten().map(HolidayOption::setting).collect(),
            holidays_mode: options.holidays_mode,
            holidays_prior_scale: number(options.holidays_prior_scale, usual.holidays_prior_scale),
            regressors: options.regressors.iter().flatten().map(RegressorOption::setting).collect(),
            interval_width: options.interval.map_or(usual.interval_width, |share| share.0),
            uncertainty_samples: options.samples.map_or(usual.uncertainty_samples, |n| count(n.0)),
            seed: options.seed.and_then(|seed| u32::try_from(seed.0).ok()),
            scaling: options.scaling.unwrap_or_default(),
            mcmc_samples: 0,
            fit: Fit { exact: options.solver == Some(Solver::Exact), ..options.fit.unwrap_or_default().setting() },
        };
        Prophet { settings, known: self.known() }
    }

    fn known(&self) -> Known {
        let is_logistic = self.growth == Some(Growth::Logistic);
        let condition = |one: &SeasonalityOption| {
            Some((condition_name(&one.name), one.days.as_ref()?.iter().copied().collect::<BTreeSet<NaiveDate>>()))
        };
        let values = |one: &RegressorOption| (one.name.to_string(), one.values.0.clone());
        Known {
            cap: self.cap.as_ref().map(|cap| cap.0).filter(|_| is_logistic),
            floor: self.floor.as_ref().map(|floor| floor.0).filter(|_| is_logistic),
            regressors: self.regressors.iter().flatten().map(values).collect(),
            conditions: self.seasonalities.iter().flatten().filter_map(condition).collect(),
        }
    }
}

fn condition_name(seasonality: &str) -> String {
    format!("is_{seasonality}")
}

impl SeasonalityOption {
    fn setting(&self) -> Seasonality {
        Seasonality {
            name: self.name.to_string(),
            period_days: self.period.0,
            fourier_order: count(self.order.0),
            prior_scale: self.prior_scale.as_ref().map(|scale| scale.0),
            mode: self.mode,
            condition: self.days.as_ref().map(|_| condition_name(&self.name)),
        }
    }
}

impl HolidayOption {
    fn setting(&self) -> Holiday {
        Holiday {
            name: self.name.to_string(),
            days: vec![seconds(self.day) / 86_400],
            lower_window: -self.before.as_ref().map_or(0, |days| days.0),
            upper_window: self.after.as_ref().map_or(0, |days| days.0),
            prior_scale: self.prior_scale.as_ref().map(|scale| scale.0),
        }
    }
}

impl RegressorOption {
    fn setting(&self) -> Regressor {
        Regressor {
            name: self.name.to_string(),
            prior_scale: self.prior_scale.as_ref().map(|scale| scale.0),
            standardize: match self.standardize {
                None => Standardize::Auto,
                Some(true) => Standardize::Yes,
                Some(false) => Standardize::No,
            },
            mode: self.mode,
        }
    }
}

impl FitOption {
    fn setting(self) -> Fit {
        let usual = Fit::default();
        let number = |value: Option<AboveZero>, usual: f64| value.map_or(usual, |value| value.0);
        Fit {
            algorithm: self.algorithm,
            iterations: self.iterations.map_or(usual.iterations, |n| count(n.0)),
            init_alpha: number(self.init_alpha, usual.init_alpha),
            tol_obj: number(self.tol_obj, usual.tol_obj),
            tol_rel_obj: number(self.tol_rel_obj, usual.tol_rel_obj),
            tol_grad: number(self.tol_grad, usual.tol_grad),
            tol_rel_grad: number(self.tol_rel_grad, usual.tol_rel_grad),
            tol_param: number(self.tol_param, usual.tol_param),
            history_size: self.history_size.map_or(usual.history_size, |n| count(n.0)),
            jacobian: self.jacobian.unwrap_or(usual.jacobian),
            init: self.init.unwrap_or_default().setting(),
            sig_figs: self.sig_figs.map_or(usual.sig_figs, |digits| count(digits.0)),
            exact: usual.exact,
            newton_fallback: self.newton_fallback.unwrap_or(usual.newton_fallback),
            max_wall_ms: None,
        }
    }
}

impl InitOption {
    fn setting(self) -> Start {
        let Self { k, m, sigma_obs, delta, beta } = self;
        Start { k, m, sigma_obs: sigma_obs.map(|noise| noise.0), delta, beta }
    }
}
