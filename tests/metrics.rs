//! Stores of metrics: one suite for both, one compared with the other, and a server that fails.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod blocks;
mod conformance;
mod differential;
mod embedded;
mod expressions;
mod faults;
mod generated;
mod gotchas;
mod lasting;
mod lints;
mod live;
mod parser;
mod prometheus;
mod protocols;
mod reads;
mod seed;

use std::sync::Arc;

use futures_util::TryStreamExt;
use vmflow::connection::metrics::embedded::{EmbeddedMetrics, EmbeddedOptions};
use vmflow::connection::{Metrics, Written};
use vmflow::value::{Sample, Series, StepError, Timestamp, timestamp};

/// 2025-01-10T00:00Z.
const MIDNIGHT: i64 = 1_736_467_200_000;
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

fn sample(name: &str, labels: &[(&str, &str)], value: f64, at_ms: i64) -> Arc<Sample> {
    Arc::new(Sample { name: name.into(), labels: labels.iter().copied().collect(), value, at_ms })
}

/// Writing samples, which a workflow gives as such.
trait WriteSamples: Metrics {
    async fn put(&self, samples: &[Arc<Sample>]) -> Result<Written, StepError> {
        self.write(&Series::gathered(samples.iter().map(|sample| &**sample))).await
    }
}

impl<M: Metrics + ?Sized> WriteSamples for M {}

fn at(ms: i64) -> Timestamp {
    timestamp(ms)
}

/// All series of an export, their pieces put together, in order.
pub(crate) async fn export(
    store: &dyn Metrics,
    selector: &str,
    from: i64,
    to: i64,
) -> Result<Vec<(String, Vec<(i64, f64)>)>, StepError> {
    let pieces: Vec<Series> = store.export(selector, from, to).try_collect().await?;
    let mut all = std::collections::BTreeMap::<String, Vec<(i64, f64)>>::new();
    for piece in pieces {
        let points = piece.points.at_ms.iter().copied().zip(piece.points.values.iter().copied());
        all.entry(piece.id()).or_default().extend(points);
    }
    Ok(all.into_iter().collect())
}

/// An embedded store in a directory of its own.
async fn embedded() -> (EmbeddedMetrics, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let options = EmbeddedOptions { path: directory.path().join("metrics"), seed: None };
    (EmbeddedMetrics::open(&options).await.unwrap(), directory)
}
