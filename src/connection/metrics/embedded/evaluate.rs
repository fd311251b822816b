//! Values of an expression at an instant, as VictoriaMetrics gives them.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::stream::TryStreamExt;

use super::find::Stored;
use super::store::Store;
use crate::connection::metrics::early::refuse_early;
use crate::query::promql::{Aggregate, Fold, Grouping, Matcher, SubsetExpr};
use crate::value::{ErrorKind, Labels, Sample, Series, StepError};

/// One sample per series; series without a value, or whose value is NaN, are left out.
pub(super) async fn evaluate(store: &Store, expression: &SubsetExpr, at_ms: i64) -> Result<Vec<Sample>, StepError> {
    let mut samples = Evaluation { store, at_ms }.run(expression).await?;
    samples.retain(|sample| !sample.value.is_nan());
    Ok(samples)
}

/// Series that an expression made equal, by dropping names, are an error on a server too.
pub(super) fn refuse_duplicates(sorted: &[Sample]) -> Result<(), StepError> {
    let twice = sorted.windows(2).find_map(|pair| match pair {
        [a, b] if (&a.name, &a.labels) == (&b.name, &b.labels) => Some(a),
        _ => None,
    });
    let Some(sample) = twice else { return Ok(()) };
    let message = format!("duplicate output series {}{}", sample.name, sample.labels);
    Err(StepError::new(ErrorKind::Query, message).help(
        "match one metric, add `keep_metric_names`, or fold them, as in `max by (__name__) (… keep_metric_names)`",
    ))
}

struct Evaluation<'a> {
    store: &'a Store,
    at_ms: i64,
}

impl<'a> Evaluation<'a> {
    /// Recursion as deep as the expression, which the reader bounds.
    fn run(&'a self, expression: &'a SubsetExpr) -> BoxFuture<'a, Result<Vec<Sample>, StepError>> {
        Box::pin(async move {
            match expression {
                SubsetExpr::Number(value) => Ok(vec![self.number(*value)]),
                SubsetExpr::Fold { fold, matchers, range_ms, offset_ms, keeps_name } => {
                    self.folded(*fold, matchers, *range_ms, *offset_ms, *keeps_name).await
                }
                SubsetExpr::Aggregate { aggregate, grouping, of } => {
                    Ok(self.aggregated(*aggregate, grouping.as_ref(), self.run(of).await?))
                }
                SubsetExpr::Binary { operator, is_bool, left, right } => {
                    let is_series = [!left.is_number(), !right.is_number()];
                    let sides = [self.run(left).await?, self.run(right).await?];
                    Ok(joined(operator, *is_bool, is_series, sides))
                }
            }
        })
    }

    fn number(&self, value: f64) -> Sample {
        Sample { name: "".into(), labels: Labels::default(), value, at_ms: self.at_ms }
    }

    async fn folded(
        &self,
        fold: Fold,
        matchers: &[Matcher],
        range_ms: i64,
        offset_ms: i64,
        keeps_name: bool,
    ) -> Result<Vec<Sample>, StepError> {
        // The window excludes its start and includes its end; pages do the reverse.
        let to = self.at_ms.saturating_sub(offset_ms).saturating_add(1);
        let from = to.saturating_sub(range_ms);
        refuse_early(from)?;
        let series = self.store.find(matchers).await?;
        let found = match fold {
            Fold::First | Fold::Last | Fold::FirstTime | Fold::LastTime => self.edges(fold, series, from, to).await?,
            _ => self.over_points(fold, series, from, to).await?,
        };
        let sample = |(name, labels, value)| {
            let name = if keeps_name { name } else { "".into() };
            Sample { name, labels, value, at_ms: self.at_ms }
        };
        Ok(found.into_iter().map(sample).collect())
    }

    async fn edges(&self, fold: Fold, series: Vec<Stored>, from: i64, to: i64) -> Result<Vec<Found>, StepError> {
        let last = matches!(fold, Fold::Last | Fold::LastTime);
        let is_time = matches!(fold, Fold::FirstTime | Fold::LastTime);
        let edges = self.store.edges(&series, from, to, last).await?;
        let found = series.into_iter().zip(edges).filter_map(|(stored, edge)| {
            let (at_ms, value) = edge?;
            Some((stored.name, stored.labels, if is_time { at_ms as f64 / 1e3 } else { value }))
        });
        Ok(found.collect())
    }

    async fn over_points(&self, fold: Fold, series: Vec<Stored>, from: i64, to: i64) -> Result<Vec<Found>, StepError> {
        let mut found: Vec<(Found, u64)> = Vec::new();
        let mut pieces = self.store.points(series, from, to);
        while let Some(Series { name, labels, points }) = pieces.try_next().await? {
            // Pieces of a series follow one another.
            if found.last().is_none_or(|((last, of, _), _)| (last, of) != (&name, &labels)) {
                found.push(((name, labels, 0.0), 0));
            }
            if let Some(((_, _, value), count)) = found.last_mut() {
                (*value, *count) = folded(fold, &points.values, *value, *count);
            }
        }
        let finish = |((name, labels, value), count): (Found, u64)| match fold {
            Fold::Count => (name, labels, count as f64),
            Fold::Average => (name, labels, value / count as f64),
            _ => (name, labels, value),
        };
        Ok(found.into_iter().map(finish).collect())
    }

    fn aggregated(&self, aggregate: Aggregate, grouping: Option<&Grouping>, samples: Vec<Sample>) -> Vec<Sample> {
        let mut groups: BTreeMap<(Arc<str>, Labels), (f64, u64)> = BTreeMap::new();
        for sample in samples.into_iter().filter(|sample| !sample.value.is_nan()) {
            let value = sample.value;
            let group = groups.entry(group(sample, grouping)).or_insert((value, 0));
            group.0 = match aggregate {
                _ if group.1 == 0 => value,
                Aggregate::Min => group.0.min(value),
                Aggregate::Max => group.0.max(value),
                Aggregate::Sum | Aggregate::Average => group.0 + value,
                Aggregate::Count => group.0,
            };
            group.1 += 1;
        }
        let finish = |(value, count): (f64, u64)| match aggregate {
            Aggregate::Count => count as f64,
            Aggregate::Average => value / count as f64,
            _ => value,
        };
        let sample = |((name, labels), folded)| Sample { name, labels, value: finish(folded), at_ms: self.at_ms };
        groups.into_iter().map(sample).collect()
    }
}

/// A series and its value.
type Found = (Arc<str>, Labels, f64);

/// Folds more values into what `count` of them gave.
fn folded(fold: Fold, values: &[f64], mut value: f64, mut count: u64) -> (f64, u64) {
    for next in values {
        value = match fold {
            _ if count == 0 => *next,
            Fold::Min if *next < value => *next,
            Fold::Max if *next > value => *next,
            Fold::Sum | Fold::Average => value + next,
            _ => value,
        };
        count += 1;
    }
    (value, count)
}

/// The name and labels that a sample's group has.
fn group(sample: Sample, grouping: Option<&Grouping>) -> (Arc<str>, Labels) {
    let Some(grouping) = grouping else { return ("".into(), Labels::default()) };
    let is_listed = |label: &str| grouping.labels.iter().any(|listed| &**listed == label);
    let keeps = |label: &str| is_listed(label) != grouping.without;
    let name = if !grouping.without && is_listed("__name__") { sample.name } else { "".into() };
    let labels = sample.labels.iter().filter(|(label, _)| keeps(label));
    (name, labels.map(|(label, value)| (label.clone(), value.clone())).collect())
}

/// `series op number`, `number op series`, `number op number`.
fn joined(operator: &str, is_bool: bool, is_series: [bool; 2], [left, right]: [Vec<Sample>; 2]) -> Vec<Sample> {
    let one = |side: &[Sample]| side.first().map_or(f64::NAN, |sample| sample.value);
    let (series, number, series_is_left) =
        if is_series[1] { (right, one(&left), false) } else { (left, one(&right), true) };
    let is_comparison = matches!(operator, "==" | "!=" | ">" | "<" | ">=" | "<=");
    let is_filter = is_comparison && !is_bool;
    // Arithmetic leaves out what has no value before it begins, though `1 ^ NaN` and `NaN ^ 0` would be 1. (Two
    // numbers are folded by a server before that.)
    let leaves_out = |value: f64| value.is_nan() && !is_comparison && is_series != [false; 2];
    if leaves_out(number) {
        return Vec::new();
    }
    let apply = |sample: Sample| {
        let (a, b) = if series_is_left { (sample.value, number) } else { (number, sample.value) };
        let name = if is_filter { sample.name } else { "".into() };
        let value = if is_filter {
            if compare(operator, a, b) { sample.value } else { f64::NAN }
        } else {
            compute(operator, a, b)
        };
        Sample { name, value, ..sample }
    };
    series.into_iter().filter(|sample| !leaves_out(sample.value)).map(apply).collect()
}

#[expect(clippy::float_cmp, reason = "what the query says")]
fn compare(operator: &str, a: f64, b: f64) -> bool {
    match operator {
        "==" => a == b,
        "!=" => a != b,
        ">" => a > b,
        "<" => a < b,
        ">=" => a >= b,
        _ => a <= b,
    }
}

fn compute(operator: &str, a: f64, b: f64) -> f64 {
    match operator {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        "/" => a / b,
        "%" => a % b,
        "^" => a.powf(b),
        _ => f64::from(u8::from(compare(operator, a, b))),
    }
}
