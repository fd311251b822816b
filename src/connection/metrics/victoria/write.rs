//! Writing: what is not there yet is sent, then everything is read back.

use std::sync::Arc;

use chrono::Duration;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use reqwest::Method;

use super::VictoriaMetrics;
use super::verify::{Findings, Found, is_open};
use crate::connection::metrics::batch::{self, Batch, SeriesBatch};
use crate::connection::metrics::remote_write::{self, Part};
use crate::connection::{Written, transport};
use crate::value::{ErrorKind, Sample, StepError};

/// How long samples may take to become visible, in milliseconds; without a flush, 1 to 6 s were seen.
const PATIENCE_MS: i64 = 15_000;
/// The waits between looks, in milliseconds; the last one repeats.
const WAITS_MS: [u64; 6] = [20, 50, 100, 250, 500, 1000];

impl VictoriaMetrics {
    /// Writes samples and reads them back.
    pub(super) async fn store(&self, samples: &[Arc<Sample>]) -> Result<Written, StepError> {
        let latest = self.clock.now().timestamp_millis().saturating_add(self.future_retention_ms);
        let Batch { series, repeated } = batch::prepare(samples, Some(latest))?;
        let nothing: Findings = series.iter().map(|one| vec![Found::Absent; one.at_ms.len()]).collect();
        let before = self.find(&series, &nothing).await.map_err(|error| error.context("before writing"))?;
        let requests = remote_write::requests(&series, |index| to_send(&before, index));
        let sent: usize = requests.iter().flatten().map(|part| part.points.len()).sum();
        let total: usize = series.iter().map(|one| one.at_ms.len()).sum();
        if requests.is_empty() {
            self.complain(&series, &before)?;
        } else {
            self.send_all(&series, &requests).await?;
            self.read_back(&series, before).await?;
        }
        Ok(Written { written: sent as u64, unchanged: (total - sent) as u64 + repeated })
    }

    async fn send_all(&self, series: &[SeriesBatch], requests: &[Vec<Part>]) -> Result<(), StepError> {
        let sends: Vec<_> = requests.iter().map(|parts| self.send(series, parts)).collect();
        stream::iter(sends).buffer_unordered(self.pool).try_collect::<Vec<()>>().await.map(|_| ())
    }

    async fn send(&self, series: &[SeriesBatch], parts: &[Part]) -> Result<(), StepError> {
        let body = remote_write::encode(series, parts)
            .map_err(|why| StepError::new(ErrorKind::Internal, format!("samples cannot be encoded: {why}")))?;
        let request = self
            .transport
            .request(Method::POST, transport::join(&self.write_url, "api/v1/write"))
            .header("content-type", "application/x-protobuf")
            .header("content-encoding", "snappy")
            .header("x-prometheus-remote-write-version", "0.1.0")
            .body(body);
        let who = format!("VictoriaMetrics at {}", transport::masked_url(&self.write_url));
        let sent = self.transport.send(&who, request).await;
        sent.map(|_| ()).map_err(|error| match error.kind {
            ErrorKind::Query => StepError { kind: ErrorKind::Write, ..error }.context("write"),
            _ => error.context("write"),
        })
    }

    /// Looks until everything is there or patience ends.
    async fn read_back(&self, series: &[SeriesBatch], mut found: Findings) -> Result<(), StepError> {
        let deadline = self.clock.now() + Duration::milliseconds(PATIENCE_MS);
        self.flush().await;
        for attempt in 0_usize.. {
            found = self.find(series, &found).await.map_err(|error| error.context("reading back what was written"))?;
            let is_complete = !found.iter().flatten().any(is_open);
            if is_complete || self.clock.now() >= deadline {
                break;
            }
            let wait = WAITS_MS.get(attempt).or(WAITS_MS.last()).copied().unwrap_or(1000);
            self.clock.sleep(wait).await;
        }
        self.complain(series, &found)
    }

    /// Asks for new samples to be made visible now. A server may refuse that; they are visible later then.
    async fn flush(&self) {
        let url = transport::join(&self.write_url, "internal/force_flush");
        let _ = self.transport.send(&self.shown, self.transport.request(Method::GET, url)).await;
    }

    /// An error for the samples that the server does not have as they were given.
    fn complain(&self, series: &[SeriesBatch], found: &Findings) -> Result<(), StepError> {
        let total: usize = found.iter().map(Vec::len).sum();
        let wrong = |is_wrong: Test| {
            let mut all = series.iter().zip(found).flat_map(|(one, found)| {
                let points = one.at_ms.iter().zip(&one.values).zip(found);
                points
                    .filter(move |(_, found)| is_wrong(found))
                    .map(move |((at_ms, value), found)| (one, *at_ms, *value, *found))
            });
            all.next().map(|first| (1 + all.count(), first))
        };
        let message = |(count, (one, at_ms, value, found)): (usize, (&SeriesBatch, i64, f64, Found))| {
            let first = batch::place(&one.id(), at_ms);
            match found {
                Found::Other(other) => format!(
                    "{} has another value for {count} of {total} samples; first: {first} is {other} instead of {value}",
                    self.shown
                ),
                Found::Both(other) => format!(
                    "{} keeps both the old and the new value of {count} of {total} samples; first: {first} is {other} and {value}",
                    self.shown
                ),
                _ => {
                    format!("{} answered 204 but does not have {count} of {total} samples; first: {first}", self.shown)
                }
            }
        };
        let cases: [(Test, &str); 3] = [
            (|found| *found == Found::Absent, LOST),
            (|found| matches!(found, Found::Other(_)), CHANGED),
            (|found| matches!(found, Found::Both(_)), DOUBLED),
        ];
        for (case, help) in cases {
            if let Some(first) = wrong(case) {
                return Err(StepError::new(ErrorKind::Write, message(first)).help(help));
            }
        }
        Ok(())
    }
}

const LOST: &str = "it drops without a word what is older than its -retentionPeriod (1 month unless set) or further \
                    ahead than it keeps, and what its relabelling or deduplication interval removes";
const CHANGED: &str = "either another writer writes the same series, or one series holds values of too different sizes: \
                       the server keeps about twelve digits beside the largest value";
const DOUBLED: &str = "start the server with -dedup.minScrapeInterval=1ms, so that a value written again replaces the old \
                       one, or delete the series before writing it anew";

/// Whether something that was found is wrong in one way.
type Test = fn(&Found) -> bool;

/// The points to send: those that the server does not have, or has with another value only.
fn to_send(found: &Findings, index: usize) -> Vec<usize> {
    let points = found.get(index).map(Vec::as_slice).unwrap_or_default();
    let open = points.iter().enumerate().filter(|(_, found)| matches!(found, Found::Absent | Found::Other(_)));
    open.map(|(at, _)| at).collect()
}
