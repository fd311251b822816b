//! Writing to a server that does not say what it kept: what is not there yet is sent, then everything is read back.

mod selector;
mod verify;

use std::future::ready;

use chrono::Duration;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};

pub(super) use self::selector::{exact_selector, selector};
use self::verify::{Finding, Findings};
pub(super) use self::verify::{Found, groups};
use super::batch::{Batch, place};
use super::encode::{Part, requests};
use crate::connection::{Answer, Clock, Written};
use crate::value::{ErrorKind, Series, StepError};

/// How long samples may take to become visible, in milliseconds; without a flush, 1 to 6 s were seen.
const PATIENCE_MS: i64 = 15_000;
/// The waits between looks, in milliseconds; the last one repeats.
const WAITS_MS: [u64; 6] = [20, 50, 100, 250, 500, 1000];

/// Whether an instant that was written twice is given once, as queries do, or as often as it is stored, which costs a
/// server half as much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Duplicates {
    Merged,
    Shown,
}

/// A server that is written to, and asked what it has.
pub(super) trait Server: Send + Sync {
    /// Its kind and address, for messages.
    fn shown(&self) -> &str;
    /// How many requests may be under way at once.
    fn width(&self) -> usize;
    /// The machine's time.
    fn clock(&self) -> &dyn Clock;
    /// Whether labels stand in a request once for each sample.
    fn repeats_labels(&self) -> bool {
        false
    }
    /// Whether it drops samples of equal instants only, so that [`Duplicates::Shown`] shows what queries see.
    fn replaces_equal_instants_only(&self) -> BoxFuture<'_, bool>;
    /// What it has of these series in `from_ms..to_ms`, and perhaps of others.
    fn stored<'a>(
        &'a self,
        series: &[&Series],
        from_ms: i64,
        to_ms: i64,
        duplicates: Duplicates,
    ) -> BoxStream<'a, Result<Series, StepError>>;
    /// Sends parts of series.
    fn send<'a>(&'a self, series: &'a [Series], parts: &'a [Part]) -> Answer<'a, ()>;
    /// Has what was sent made visible now, if that can be had.
    fn settle(&self) -> Answer<'_, ()> {
        Box::pin(ready(Ok(())))
    }
    /// Why samples are not there as they were given, and what to do.
    fn help(&self, wrong: Found) -> &'static str;
}

/// Sends the samples that the server does not have, and reads them back.
pub(super) async fn write(server: &dyn Server, batch: &Batch) -> Result<Written, StepError> {
    let (series, total) = (&batch.series, batch.len());
    let mut found = verify::find(server, series).await.map_err(|error| error.context("before writing"))?;
    let wanted = |index: usize| found.get(index).map(Finding::to_send).unwrap_or_default();
    let requests = requests(series, wanted, server.repeats_labels());
    let sent: usize = requests.iter().flatten().map(Part::len).sum();
    if requests.is_empty() {
        complain(server, series, &found)?;
    } else {
        send_all(server, series, requests).await?;
        read_back(server, series, &mut found).await?;
    }
    Ok(Written { written: sent as u64, unchanged: (total - sent) as u64 + batch.repeated })
}

/// Whether the server still has all of it: an error when not.
pub(super) async fn check(server: &dyn Server, batch: &Batch) -> Result<(), StepError> {
    let found = verify::find(server, &batch.series).await?;
    complain(server, &batch.series, &found)
}

/// Requests are encoded as they are sent, so that memory holds as many of them as are under way.
async fn send_all(server: &dyn Server, series: &[Series], requests: Vec<Vec<Part>>) -> Result<(), StepError> {
    let sends = stream::iter(requests).map(|parts| async move {
        server.send(series, &parts).await.map_err(|error| match error.kind {
            ErrorKind::Query => StepError { kind: ErrorKind::Write, ..error }.context("write"),
            _ => error.context("write"),
        })
    });
    sends.buffer_unordered(server.width()).try_for_each(|()| ready(Ok(()))).await
}

/// Looks until everything is there or patience ends.
async fn read_back(server: &dyn Server, series: &[Series], found: &mut Findings) -> Result<(), StepError> {
    let deadline = server.clock().now() + Duration::milliseconds(PATIENCE_MS);
    server.settle().await?;
    for attempt in 0_usize.. {
        let looked = verify::look(server, series, found).await;
        looked.map_err(|error| error.context("reading back what was written"))?;
        if !found.iter().any(Finding::is_open) || server.clock().now() >= deadline {
            break;
        }
        let wait = WAITS_MS.get(attempt).or(WAITS_MS.last()).copied().unwrap_or(1000);
        server.clock().sleep(wait).await;
    }
    complain(server, series, found)
}

/// An error for the samples that the server does not have as they were given.
fn complain(server: &dyn Server, series: &[Series], found: &Findings) -> Result<(), StepError> {
    let total: usize = found.iter().map(|one| one.points.len()).sum();
    for wrong in [Found::Absent, Found::Other, Found::Both] {
        let is_wrong = |found: &&Found| **found == wrong;
        let count: usize = found.iter().map(|one| one.points.iter().filter(is_wrong).count()).sum();
        let first = series.iter().zip(found).find_map(|(one, found)| {
            let at = found.points.iter().position(|found| *found == wrong)?;
            Some((place(&one.id(), *one.points.at_ms.get(at)?), instead(one, at, found)))
        });
        let (Some((first, instead)), who) = (first, server.shown()) else { continue };
        let message = match wrong {
            Found::Absent => format!("{who} answered 204 but does not have {count} of {total} samples"),
            Found::Both => format!("{who} keeps both the old and the new value of {count} of {total} samples"),
            _ => format!("{who} has another value for {count} of {total} samples"),
        };
        let message = format!("{message}; first: {first}{instead}");
        return Err(StepError::new(ErrorKind::Write, message).help(server.help(wrong)));
    }
    Ok(())
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
