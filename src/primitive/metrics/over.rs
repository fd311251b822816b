//! Reading over a range: values at steps, which series, labels and values there are, the newest instants of days.

use std::sync::Arc;

use chrono::NaiveDate;
use chrono_tz::Tz;
use futures_util::future::BoxFuture;

use super::first_ms;
use crate::connection::metrics::Steps;
use crate::primitive::dates::first_instant;
use crate::primitive::record::record;
use crate::primitive::{Context, Effect, Effectful, Example, Form, Primitive, Spec, args};
use crate::query::promql::valid_label_name;
use crate::value::{
    ErrorKind, Labels, MetricsConnection, Milliseconds, Promql, Series, StepError, Timestamp, Zone, timestamp,
};

pub(in crate::primitive) static SPECS: &[Spec] = &[
    Spec::effectful::<Range>(),
    Spec::effectful::<FindSeries>(),
    Spec::effectful::<LabelNames>(),
    Spec::effectful::<LabelValues>(),
    Spec::effectful::<Newest>(),
    Spec::effectful::<KeepsUntil>(),
];

/// A read, which may be tried again.
macro_rules! read {
    ($name:ident, |$args:ident, $context:ident| $run:expr) => {
        impl Effectful for $name {
            const EFFECT: Effect = Effect::Read;
            const IDEMPOTENT: bool = true;
            fn run($args: Self::Args, $context: &Context) -> BoxFuture<'_, Result<Self::Output, StepError>> {
                Box::pin(async move { $run })
            }
        }
    };
}

struct Range;
args! {
    struct RangeArgs {
        /// The store.
        connection: MetricsConnection,
        /// The expression.
        query: Promql,
        /// From when until when; the end is excluded.
        over: (Timestamp, Timestamp),
        /// From one evaluation to the next, the first being at the start.
        step: Milliseconds,
    }
}
impl Primitive for Range {
    type Args = RangeArgs;
    type Output = Vec<Arc<Series>>;
    const NAME: &'static str = "metrics.range";
    const FORM: Form = Form::Method;
    const SUMMARY: &'static str = "The values of an expression at every step of a range, a series for each.";
    const EXAMPLES: &'static [Example] = &[Example {
        source: r#"vm.range(promql"""sum(rate(requests[5m]))""", over: 2025-01-31T00:00Z until 2025-02-01T00:00Z, step: 5m)"#,
        gives: "",
    }];
}
read!(Range, |args, context| {
    let store = context.metrics(&args.connection.0)?;
    let steps = Steps { from_ms: first_ms(args.over.0), to_ms: first_ms(args.over.1), step_ms: args.step.0 };
    Ok(store.range(&args.query.0, steps).await?.into_iter().map(Arc::new).collect())
});

record! {
    /// A series without its points.
    struct Identity {
        /// The metric's name.
        name: Arc<str>,
        /// The labels, without the name.
        labels: Labels,
        /// Both as one text.
        id: Arc<str>,
    }
}

struct FindSeries;
args! {
    struct FindSeriesArgs {
        /// The store.
        connection: MetricsConnection,
        /// A selector, such as `{job="apex"}`.
        query: Promql,
        /// From when until when; the end is excluded.
        over: (Timestamp, Timestamp),
    }
}
impl Primitive for FindSeries {
    type Args = FindSeriesArgs;
    type Output = Vec<Identity>;
    const NAME: &'static str = "metrics.series";
    const FORM: Form = Form::Method;
    const SUMMARY: &'static str = "The series that a selector matches and that have points in a range.";
    const EXAMPLES: &'static [Example] = &[Example {
        source: r#"vm.series(promql"""{job="apex"}""", over: 2025-01-31T00:00Z until 2025-02-01T00:00Z)"#,
        gives: "",
    }];
}
read!(FindSeries, |args, context| {
    let store = context.metrics(&args.connection.0)?;
    let mut found = store.series(&args.query.0, first_ms(args.over.0), first_ms(args.over.1)).await?;
    found.sort_unstable();
    let identity = |(name, labels): (Arc<str>, Labels)| Identity { id: format!("{name}{labels}").into(), name, labels };
    Ok(found.into_iter().map(identity).collect())
});

struct LabelNames;
args! {
    struct LabelNamesArgs {
        /// The store.
        connection: MetricsConnection,
        /// From when until when; the end is excluded. A server answers by whole days (UTC).
        over: (Timestamp, Timestamp),
    }
}
impl Primitive for LabelNames {
    type Args = LabelNamesArgs;
    type Output = Vec<Arc<str>>;
    const NAME: &'static str = "metrics.labels";
    const FORM: Form = Form::Method;
    const SUMMARY: &'static str = "The names of the labels that series have in a range, in order.";
    const EXAMPLES: &'static [Example] =
        &[Example { source: "vm.labels(over: 2025-01-31T00:00Z until 2025-02-01T00:00Z)", gives: "" }];
}
read!(LabelNames, |args, context| {
    let store = context.metrics(&args.connection.0)?;
    let mut names = store.labels(first_ms(args.over.0), first_ms(args.over.1)).await?;
    names.retain(|name| &**name != "__name__");
    names.sort_unstable();
    Ok(names)
});

struct LabelValues;
args! {
    struct LabelValuesArgs {
        /// The store.
        connection: MetricsConnection,
        /// The label; `__name__` stands for the metric's name.
        label: Arc<str>,
        /// From when until when; the end is excluded. Without a selector, a server answers by whole days (UTC).
        over: (Timestamp, Timestamp),
        /// Which series count; left out, all do.
        selector: Option<Promql>,
    }
}
impl Primitive for LabelValues {
    type Args = LabelValuesArgs;
    type Output = Vec<Arc<str>>;
    const NAME: &'static str = "metrics.label_values";
    const FORM: Form = Form::Method;
    const SUMMARY: &'static str = "The values that a label has in a range, in order.";
    const EXAMPLES: &'static [Example] = &[Example {
        source: r#"vm.label_values("auid", over: 2025-01-31T00:00Z until 2025-02-01T00:00Z, selector: promql"""nav""")"#,
        gives: "",
    }];
}
read!(LabelValues, |args, context| {
    let store = context.metrics(&args.connection.0)?;
    if !valid_label_name(&args.label) {
        let message = format!("{:?} cannot be a label", args.label);
        return Err(StepError::new(ErrorKind::Data, message).help("labels hold letters, digits and `_`"));
    }
    let selector = args.selector.as_ref().map(|selector| &*selector.0);
    let (from_ms, to_ms) = (first_ms(args.over.0), first_ms(args.over.1));
    let mut values = store.label_values(&args.label, selector, from_ms, to_ms).await?;
    values.sort_unstable();
    Ok(values)
});

record! {
    /// A day and its newest instant.
    struct NewestOfDay {
        /// The day.
        day: NaiveDate,
        /// When its last point is.
        at: Timestamp,
    }
}

struct Newest;
args! {
    struct NewestArgs {
        /// The store.
        connection: MetricsConnection,
        /// A selector, such as `{job="apex"}`.
        query: Promql,
        /// The days.
        over: (NaiveDate, NaiveDate),
        /// The zone whose days they are.
        zone: Zone = Zone(Tz::UTC),
    }
}
impl Primitive for Newest {
    type Args = NewestArgs;
    type Output = Vec<NewestOfDay>;
    const NAME: &'static str = "metrics.newest";
    const FORM: Form = Form::Method;
    const SUMMARY: &'static str =
        "When the newest point of all series that a selector matches is, for each day that has one.";
    const EXAMPLES: &'static [Example] = &[Example {
        source: r#"vm.newest(promql"""{job="apex"}""", over: 2025-01-01 through 2025-01-31, zone: "Europe/London")"#,
        gives: "",
    }];
}
read!(Newest, |args, context| {
    let store = context.metrics(&args.connection.0)?;
    let days: Vec<NaiveDate> = args.over.0.iter_days().take_while(|day| *day <= args.over.1).collect();
    let windows = days.iter().map(|day| window(*day, args.zone.0)).collect::<Result<Vec<_>, _>>()?;
    let newest = store.newest(&args.query.0, &windows).await?;
    let of_day = |(day, at): (NaiveDate, Option<i64>)| Some(NewestOfDay { day, at: timestamp(at?) });
    Ok(days.into_iter().zip(newest).filter_map(of_day).collect())
});

struct KeepsUntil;
args! {
    struct KeepsUntilArgs {
        /// The store.
        connection: MetricsConnection,
    }
}
impl Primitive for KeepsUntil {
    type Args = KeepsUntilArgs;
    type Output = Option<Timestamp>;
    const NAME: &'static str = "metrics.keeps_until";
    const FORM: Form = Form::Method;
    const SUMMARY: &'static str =
        "The latest instant at which the store keeps samples that are written now; `none` when it has no such limit.";
    const EXAMPLES: &'static [Example] = &[Example { source: "vm.keeps_until()", gives: "" }];
}
read!(KeepsUntil, |args, context| Ok(context.metrics(&args.connection.0)?.keeps_until_ms().map(timestamp)));

/// A day's first instant and the next day's, in milliseconds.
fn window(day: NaiveDate, zone: Tz) -> Result<(i64, i64), StepError> {
    let next = day.succ_opt().unwrap_or(day);
    Ok((first_ms(first_instant(day, zone)?), first_ms(first_instant(next, zone)?)))
}
