//! Writing: what is not there yet is sent, then everything is read back.

use std::future::ready;

use chrono::Duration;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use reqwest::Method;

use super::VictoriaMetrics;
use super::verify::{Finding, Findings, Found};
use crate::connection::metrics::batch::{self, place};
use crate::connection::metrics::encode::{self, Part};
use crate::connection::{Written, transport};
use crate::value::{ErrorKind, Series, StepError};

/// How long samples may take to become visible, in milliseconds; without a flush, 1 to 6 s were seen.
const PATIENCE_MS: i64 = 15_000;
/// The waits between looks, in milliseconds; the last one repeats.
const WAITS_MS: [u64; 6] = [20, 50, 100, 250, 500, 1000];

impl VictoriaMetrics {
    /// Writes series and reads them back.
    pub(super) async fn store(&self, given: &[Series]) -> Result<Written, StepError> {
        let latest = self.clock.now().timestamp_millis().saturating_add(self.future_retention_ms);
        let batch = batch::prepare(given, Some(latest))?;
        let (series, total) = (&batch.series, batch.len());
        let mut found = self.find(series).await.map_err(|error| error.context("before writing"))?;
        let wanted = |index: usize| found.get(index).map(Finding::to_send).unwrap_or_default();
        let requests = encode::requests(series, wanted, false);
        let sent: usize = requests.iter().flatten().map(Part::len).sum();
        if requests.is_empty() {
            self.complain(series, &found)?;
        } else {
            self.send_all(series, requests).await?;
            self.read_back(series, &mut found).await?;
        }
        Ok(Written { written: sent as u64, unchanged: (total - sent) as u64 + batch.repeated })
    }

    /// Requests are encoded as they are sent, so that memory holds as many of them as are under way.
    async fn send_all(&self, series: &[Series], requests: Vec<Vec<Part>>) -> Result<(), StepError> {
        let sends = stream::iter(requests).map(|parts| async move { self.send(series, &parts).await });
        sends.buffer_unordered(self.pool).try_for_each(|()| ready(Ok(()))).await
    }

    async fn send(&self, series: &[Series], parts: &[Part]) -> Result<(), StepError> {
        let body = encode::encode(series, parts)
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
    async fn read_back(&self, series: &[Series], found: &mut Findings) -> Result<(), StepError> {
        let deadline = self.clock.now() + Duration::milliseconds(PATIENCE_MS);
        self.flush().await;
        for attempt in 0_usize.. {
            self.look(series, found).await.map_err(|error| error.context("reading back what was written"))?;
            if !found.iter().any(Finding::is_open) || self.clock.now() >= deadline {
                break;
            }
            let wait = WAITS_MS.get(attempt).or(WAITS_MS.last()).copied().unwrap_or(1000);
            self.clock.sleep(wait).await;
        }
        self.complain(series, found)
    }

    /// Asks for new samples to be made visible now. A server may refuse that; they are visible later then.
    async fn flush(&self) {
        let url = transport::join(&self.write_url, "internal/force_flush");
        let _ = self.transport.send(&self.shown, self.transport.request(Method::GET, url)).await;
    }

    /// An error for the samples that the server does not have as they were given.
    fn complain(&self, series: &[Series], found: &Findings) -> Result<(), StepError> {
        let total: usize = found.iter().map(|one| one.points.len()).sum();
        for (wrong, help) in [(Found::Absent, LOST), (Found::Other, CHANGED), (Found::Both, DOUBLED)] {
            let is_wrong = |found: &&Found| **found == wrong;
            let count: usize = found.iter().map(|one| one.points.iter().filter(is_wrong).count()).sum();
            let first = series.iter().zip(found).find_map(|(one, found)| {
                let at = found.points.iter().position(|found| *found == wrong)?;
                Some((place(&one.id(), *one.points.at_ms.get(at)?), instead(one, at, found)))
            });
            let Some((first, instead)) = first else { continue };
            let message = match wrong {
                Found::Absent => format!("{} answered 204 but does not have {count} of {total} samples", self.shown),
                Found::Both => {
                    format!("{} keeps both the old and the new value of {count} of {total} samples", self.shown)
                }
                _ => format!("{} has another value for {count} of {total} samples", self.shown),
            };
            let message = format!("{message}; first: {first}{instead}");
            return Err(StepError::new(ErrorKind::Write, message).help(help));
        }
        Ok(())
    }
}

/// ` is 1 instead of 2` of a point for which another value was found.
fn instead(one: &Series, at: usize, found: &Finding) -> String {
    let known = found.other.filter(|(place, _)| *place == at).map(|(_, value)| value);
    match (known, one.points.values.get(at)) {
        (Some(other), Some(ours)) if found.points.get(at) == Some(&Found::Both) => format!(" is {other} and {ours}"),
        (Some(other), Some(ours)) => format!(" is {other} instead of {ours}"),
        _ => String::new(),
    }
}

const LOST: &str = "it drops without a word what is older than its -retentionPeriod (1 month unless set) or further \
                    ahead than it keeps, and what its relabelling or deduplication interval removes";
const CHANGED: &str = "either another writer writes the same series, or one series holds values of too different sizes: \
                       the server keeps about twelve digits beside the largest value";
const DOUBLED: &str = "start the server with -dedup.minScrapeInterval=1ms, so that a value written again replaces the old \
                       one, or delete the series before writing it anew";
