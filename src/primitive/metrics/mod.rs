//! Stores of metrics: reading expressions and raw points, writing samples.

use std::sync::Arc;

use futures_util::TryStreamExt;
use futures_util::future::BoxFuture;

use super::samples::check_names;
use super::{Context, Effect, Effectful, Example, Foreseen, Form, Known, Primitive, Pure, Spec, args};
use crate::connection::metrics::Merged;
use crate::query::promql;
use crate::value::{
    ErrorKind, Labels, MetricsConnection, Promql, Sample, Sequence, Series, StepError, Timestamp, Type, Value,
    timestamp,
};

mod over;

pub(super) use over::SPECS as OVER;

pub(super) static SPECS: &[Spec] = &[
    Spec::effectful::<Instant>(),
    Spec::effectful::<Export>(),
    Spec::effectful::<Write>(),
    Spec::effectful::<Copy>(),
    Spec::pure::<Selector>(),
];

struct Instant;
args! {
    struct InstantArgs {
        /// The store.
        connection: MetricsConnection,
        /// The expression.
        query: Promql,
        /// The instant to evaluate it at.
        at: Timestamp,
    }
}
impl Primitive for Instant {
    type Args = InstantArgs;
    type Output = Vec<Arc<Sample>>;
    const NAME: &'static str = "metrics.instant";
    const FORM: Form = Form::Method;
    const SUMMARY: &'static str = "The value of an expression at an instant, a sample for each series.";
    const EXAMPLES: &'static [Example] =
        &[Example { source: r#"vm.instant(promql"""max by (day) (nav)""", at: 2025-01-31T00:00Z)"#, gives: "" }];
}
impl Effectful for Instant {
    const EFFECT: Effect = Effect::Read;
    const IDEMPOTENT: bool = true;
    fn run(args: InstantArgs, context: &Context) -> BoxFuture<'_, Result<Vec<Arc<Sample>>, StepError>> {
        Box::pin(async move {
            let store = context.metrics(&args.connection.0)?;
            let samples = store.instant(&args.query.0, args.at).await?;
            Ok(samples.into_iter().map(Arc::new).collect())
        })
    }
}

struct Export;
args! {
    struct ExportArgs {
        /// The store.
        connection: MetricsConnection,
        /// A selector, such as `{job="apex"}`.
        query: Promql,
        /// From when until when; the end is excluded.
        over: (Timestamp, Timestamp),
    }
}
impl Primitive for Export {
    type Args = ExportArgs;
    type Output = Vec<Arc<Series>>;
    const NAME: &'static str = "metrics.export";
    const FORM: Form = Form::Method;
    const SUMMARY: &'static str =
        "The raw points of every series that a selector matches, as they were written, series by name and labels.";
    const EXAMPLES: &'static [Example] = &[Example {
        source: r#"vm.export(promql"""{job="apex"}""", over: 2025-01-31T00:00Z until 2025-02-01T00:00Z)"#,
        gives: "",
    }];
}
impl Effectful for Export {
    const EFFECT: Effect = Effect::Read;
    const IDEMPOTENT: bool = true;
    fn run(args: ExportArgs, context: &Context) -> BoxFuture<'_, Result<Vec<Arc<Series>>, StepError>> {
        Box::pin(async move {
            let store = context.metrics(&args.connection.0)?;
            let (from_ms, to_ms) = (first_ms(args.over.0), first_ms(args.over.1));
            if from_ms >= to_ms {
                return Ok(Vec::new());
            }
            let mut pieces = store.export(&args.query.0, from_ms, to_ms);
            let mut merged = Merged::default();
            while let Some(piece) = pieces.try_next().await? {
                merged.add(piece);
            }
            Ok(merged.finish().into_iter().map(Arc::new).collect())
        })
    }
}

/// The first whole millisecond that is not before an instant: right for a start, which belongs to
/// the range, and for an end, which does not.
fn first_ms(at: Timestamp) -> i64 {
    let ms = at.timestamp_millis();
    if timestamp(ms) < at { ms + 1 } else { ms }
}

struct Write;
args! {
    struct WriteArgs {
        /// The store.
        connection: MetricsConnection,
        /// Samples, or series with all their points, as `export` gives them; none at all is no write.
        samples: Sequence,
    }
}
impl Primitive for Write {
    type Args = WriteArgs;
    type Output = i64;
    const NAME: &'static str = "metrics.write";
    const FORM: Form = Form::Method;
    const SUMMARY: &'static str =
        "Writes samples, makes sure that the store has them all, and gives how many there were.";
    const EXAMPLES: &'static [Example] =
        &[Example { source: r#"vm.write([sample("nav", value: 101.5, at: 2025-01-31T00:00Z)])"#, gives: "" }];
    fn infer(call: Known<'_>) -> Option<Result<Type, String>> {
        let item = call.types.get(1)?.as_ref()?.item()?;
        let is_right = item.fits(&Type::Sample).is_ok() || item.fits(&Type::Series).is_ok();
        let why = || format!("`samples` is a list of `{item}`, not of samples or series; build them with `sample(…)`");
        (!is_right).then(|| Err(why()))
    }
}
impl Effectful for Write {
    const EFFECT: Effect = Effect::Write;
    const IDEMPOTENT: bool = true;
    /// Counts samples that the store held already too: a repeated attempt gives the same number as the first.
    fn run(args: WriteArgs, context: &Context) -> BoxFuture<'_, Result<i64, StepError>> {
        Box::pin(async move {
            let store = context.metrics(&args.connection.0)?;
            if args.samples.is_empty() {
                return Ok(0);
            }
            let written = store.write(&in_columns(&args.samples)?).await?;
            Ok(i64::try_from(written.written.saturating_add(written.unchanged)).unwrap_or(i64::MAX))
        })
    }
    fn preview(args: WriteArgs, context: &Context) -> BoxFuture<'_, Result<Foreseen, StepError>> {
        Box::pin(async move {
            if args.samples.is_empty() {
                return Ok(Foreseen::nothing(0_i64));
            }
            context.metrics(&args.connection.0)?.preview(&in_columns(&args.samples)?).await.map(Foreseen::Change)
        })
    }
}

struct Copy;
args! {
    struct CopyArgs {
        /// The store that is written to.
        connection: MetricsConnection,
        /// The store that is read from.
        from: MetricsConnection,
        /// A selector, such as `{job="apex"}`.
        query: Promql,
        /// From when until when; the end is excluded.
        over: (Timestamp, Timestamp),
    }
}
impl Primitive for Copy {
    type Args = CopyArgs;
    type Output = i64;
    const NAME: &'static str = "metrics.copy";
    const FORM: Form = Form::Method;
    const SUMMARY: &'static str = "Copies the raw points of every series that a selector matches from another store, and gives how many there are.";
    const EXAMPLES: &'static [Example] = &[Example {
        source: r#"vm.copy(old, promql"""{job="apex"}""", over: 2025-01-01T00:00Z until 2025-02-01T00:00Z)"#,
        gives: "",
    }];
}
impl Effectful for Copy {
    const EFFECT: Effect = Effect::Write;
    const IDEMPOTENT: bool = true;
    fn run(args: CopyArgs, context: &Context) -> BoxFuture<'_, Result<i64, StepError>> {
        Box::pin(async move {
            let (store, from) = (context.metrics(&args.connection.0)?, context.metrics(&args.from.0)?);
            let (from_ms, to_ms) = (first_ms(args.over.0), first_ms(args.over.1));
            let copied = store.copy(&**from, &args.query.0, from_ms, to_ms).await?;
            Ok(i64::try_from(copied).unwrap_or(i64::MAX))
        })
    }
}

/// Samples and series as series, each sample's order kept.
fn in_columns(items: &Sequence) -> Result<Vec<Series>, StepError> {
    if let Sequence::Column(column) = items
        && let Some(samples) = column.samples()
    {
        return Ok(samples.to_series());
    }
    let (mut samples, mut series) = (Vec::new(), Vec::new());
    for item in items.iter() {
        match item {
            Value::Sample(sample) => samples.push(sample),
            Value::Series(one) => series.push((*one).clone()),
            other => {
                let message = format!("argument `samples`: expected samples or series, found `{}`", other.kind());
                return Err(StepError::new(ErrorKind::Data, message));
            }
        }
    }
    let mut gathered = Series::gathered(samples.iter().map(|sample| &**sample));
    gathered.append(&mut series);
    Ok(gathered)
}

struct Selector;
args! {
    struct SelectorArgs {
        /// The store that it is meant for.
        connection: MetricsConnection,
        /// The metric's name; left out, any name matches.
        name: Option<Arc<str>>,
        /// Labels and the values that they must have; a series may have further labels.
        labels: Labels = Labels::default(),
    }
}
impl Primitive for Selector {
    type Args = SelectorArgs;
    type Output = Promql;
    const NAME: &'static str = "metrics.selector";
    const FORM: Form = Form::Method;
    const SUMMARY: &'static str = "A selector for a name and labels that are values, escaped as PromQL wants it.";
    const EXAMPLES: &'static [Example] =
        &[Example { source: r#"vm.selector("nav", labels: { "job": "apex" })"#, gives: "" }];
}
impl Pure for Selector {
    fn run(args: SelectorArgs) -> Result<Promql, StepError> {
        let SelectorArgs { connection, name, labels } = args;
        check_names(name.as_deref().unwrap_or_default(), &labels)?;
        let is_named = name.as_ref().is_some_and(|name| !name.is_empty());
        if !is_named && labels.iter().all(|(_, value)| value.is_empty()) {
            let message =
                format!("a selector without a name and without labels matches every series of `{}`", connection.0);
            return Err(StepError::new(ErrorKind::Data, message).help("state the metric's name or at least one label"));
        }
        Ok(Promql(promql::selector(name.as_deref(), &labels).into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selector_escapes_and_never_matches_everything() {
        let select = |name: Option<&str>, labels: &[(&str, &str)]| {
            let connection = MetricsConnection("vm".into());
            Selector::run(SelectorArgs {
                connection,
                name: name.map(Arc::from),
                labels: labels.iter().copied().collect(),
            })
        };
        let text = select(Some("nav"), &[("job", "a\"b\\c\nd\u{7f}é"), ("env", "")]).unwrap();
        assert_eq!(&*text.0, "{__name__=\"nav\",env=\"\",job=\"a\\\"b\\\\c\\nd\\x7fé\"}");
        assert!(select(None, &[]).unwrap_err().message.contains("matches every series"));
        assert!(select(None, &[("job", "")]).is_err());
        assert!(select(Some("nav} or up"), &[]).is_err());
    }

    #[test]
    fn milliseconds_respect_the_ends_of_a_range() {
        let at: Timestamp = "2025-01-31T00:00:00.0005Z".parse().unwrap();
        assert_eq!(timestamp(first_ms(at)), "2025-01-31T00:00:00.001Z".parse::<Timestamp>().unwrap());
        assert_eq!(first_ms(timestamp(-1)), -1);
    }
}
