//! Reads over a range in terms of the others, for stores that have nothing better.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::TryStreamExt;
use futures_util::stream::{self, StreamExt};

use super::{Merged, Steps};
use crate::connection::Metrics;
use crate::query::promql::{escape_label, read_finished};
use crate::value::{Labels, Sample, Series, StepError, timestamp};

/// What identifies a series.
pub(in crate::connection) type SeriesId = (Arc<str>, Labels);

/// An expression at each step by itself.
pub(in crate::connection) async fn range<M: Metrics + ?Sized>(
    store: &M,
    query: &str,
    steps: Steps,
) -> Result<Vec<Series>, StepError> {
    steps.check(read_finished(query).ok().as_ref(), u64::MAX)?;
    let mut instants =
        stream::iter(steps.instants()).map(|at_ms| store.instant(query, timestamp(at_ms))).buffered(store.pool_size());
    let mut merged = Merged::default();
    while let Some(samples) = instants.try_next().await? {
        for series in Series::gathered(&samples) {
            merged.add(series);
        }
    }
    Ok(merged.finish())
}

/// The series with points in `from_ms..to_ms`: those that have a last one there.
pub(in crate::connection) async fn series<M: Metrics + ?Sized>(
    store: &M,
    selector: &str,
    from_ms: i64,
    to_ms: i64,
) -> Result<Vec<SeriesId>, StepError> {
    let Some(window) = window(selector, from_ms, to_ms) else { return Ok(Vec::new()) };
    let samples = store.instant(&format!("last_over_time({window})"), timestamp(to_ms - 1)).await?;
    Ok(samples.into_iter().map(|sample| (sample.name, sample.labels)).collect())
}

/// The names of labels, without the metric's own.
pub(in crate::connection) async fn labels<M: Metrics + ?Sized>(
    store: &M,
    from_ms: i64,
    to_ms: i64,
) -> Result<Vec<Arc<str>>, StepError> {
    let all = store.series("{__name__!=\"\"}", from_ms, to_ms).await?;
    let names: BTreeSet<&Arc<str>> = all.iter().flat_map(|(_, labels)| labels.iter().map(|(name, _)| name)).collect();
    Ok(names.into_iter().cloned().collect())
}

/// The values of a label; those of `__name__` are the metrics' names.
pub(in crate::connection) async fn label_values<M: Metrics + ?Sized>(
    store: &M,
    label: &str,
    selector: Option<&str>,
    from_ms: i64,
    to_ms: i64,
) -> Result<Vec<Arc<str>>, StepError> {
    let every = format!("{{{}!=\"\"}}", escape_label(label));
    let Some(window) = window(selector.unwrap_or(&every), from_ms, to_ms) else { return Ok(Vec::new()) };
    let query = format!("count(last_over_time({window})) by ({})", escape_label(label));
    let samples = store.instant(&query, timestamp(to_ms - 1)).await?;
    let value = |sample: &Sample| {
        if label == "__name__" { Some(sample.name.clone()) } else { sample.labels.get(label).cloned() }
    };
    let values: BTreeSet<Arc<str>> = samples.iter().filter_map(value).filter(|value| !value.is_empty()).collect();
    Ok(values.into_iter().collect())
}

/// The names of labels in the series that a selector matches, or the values of one: by looking at every series.
pub(in crate::connection) async fn indexed<M: Metrics + ?Sized>(
    store: &M,
    label: Option<&str>,
    selector: &str,
    from_ms: i64,
    to_ms: i64,
) -> Result<Vec<Arc<str>>, StepError> {
    let series = store.series(selector, from_ms, to_ms).await?;
    let names: BTreeSet<&Arc<str>> = match label {
        None => series.iter().flat_map(|(_, labels)| labels.iter().map(|(name, _)| name)).collect(),
        Some("__name__") => series.iter().map(|(name, _)| name).collect(),
        Some(label) => series.iter().filter_map(|(_, labels)| labels.get(label)).collect(),
    };
    Ok(names.into_iter().cloned().collect())
}

/// For each window, the newest instant of its points: by looking at every one.
pub(in crate::connection) async fn newest<M: Metrics + ?Sized>(
    store: &M,
    selector: &str,
    windows: &[(i64, i64)],
) -> Result<Vec<Option<i64>>, StepError> {
    let mut found = Vec::with_capacity(windows.len());
    for (from_ms, to_ms) in windows {
        let mut pieces = store.export(selector, *from_ms, *to_ms);
        let mut newest = None;
        while let Some(piece) = pieces.try_next().await? {
            newest = newest.max(piece.points.at_ms.iter().copied().max());
        }
        found.push(newest);
    }
    Ok(found)
}

/// The points of a selector in `from_ms..to_ms`, for an evaluation a millisecond before the end: a window excludes its
/// start and includes its end. `None` for an empty range.
fn window(selector: &str, from_ms: i64, to_ms: i64) -> Option<String> {
    // On a line of its own: the selector may end in a comment.
    (from_ms < to_ms).then(|| format!("{selector}\n[{}ms]", to_ms.saturating_sub(from_ms)))
}
