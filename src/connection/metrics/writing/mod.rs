//! Writing to a server that does not say what it kept: what is not there yet is sent, then everything is read back.

mod selector;
mod verify;

use std::collections::HashMap;
use std::future::ready;
use std::sync::Arc;

use chrono::Duration;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use tokio::task::spawn_blocking;

pub(super) use self::selector::{broad_selector, exact_selector, selector};
use self::verify::{Finding, Looker};
pub(super) use self::verify::{Found, groups};
use super::batch::{Batch, place};
use super::encode::{Body, Part, requests};
use crate::connection::{Answer, Clock, Written};
use crate::value::{ErrorKind, Labels, Points, Series, StepError};

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

/// What a server is asked for: its points of these series in `from_ms..to_ms`.
#[derive(Clone, Copy)]
pub(super) struct Ask<'a> {
    pub series: &'a [&'a Series],
    pub from_ms: i64,
    pub to_ms: i64,
    pub duplicates: Duplicates,
    /// Whether they are more than one selector names, so that it is to be one that others pass too.
    pub is_broad: bool,
    /// Whether all of it should be there, as it has been sent.
    pub is_sent: bool,
}

/// Takes points of a series, which is told by its place among those that were asked for.
pub(super) type Take<'a> = dyn FnMut(usize, &Points) + Send + 'a;

/// How far a server got with what it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Looked {
    /// That was all.
    Whole,
    /// Too much else came along: series have to be named.
    TooBroad,
    /// The answer cannot be read; asked again, the server is asked in another way.
    Again,
}

/// How the parts of a request become its body; the work is done beside what is being sent.
pub(super) type Encoder = Arc<dyn Fn(&[Part]) -> Result<Body, StepError> + Send + Sync>;

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
    /// Gives what it has of some series.
    fn look<'a>(&'a self, ask: Ask<'a>, take: &'a mut Take<'a>) -> Answer<'a, Looked>;
    /// How requests to it are encoded.
    fn encoder(&self) -> Encoder;
    /// Sends a request.
    fn send(&self, body: Body) -> Answer<'_, ()>;
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
    let mut looker = Looker::new(server, series);
    looker.look().await.map_err(|error| error.context("before writing"))?;
    let sent: usize = looker.findings.iter().map(Finding::count_to_send).sum();
    if sent > 0 {
        let wanted = |index: usize| looker.findings.get(index).map(Finding::to_send).unwrap_or_default();
        send_all(server, requests(series, wanted, server.repeats_labels())).await?;
        read_back(server, &mut looker).await?;
    }
    complain(server, series, &looker.findings)?;
    Ok(Written { written: sent as u64, unchanged: (total - sent) as u64 + batch.repeated })
}

/// Whether the server still has all of it: an error when not.
pub(super) async fn check(server: &dyn Server, batch: &Batch) -> Result<(), StepError> {
    let mut looker = Looker::new(server, &batch.series);
    looker.look().await?;
    complain(server, &batch.series, &looker.findings)
}

/// Requests are cut and encoded, on other threads, while others are sent; memory holds as many of them as are under way,
/// and as many that are ready to go.
async fn send_all(server: &dyn Server, requests: impl Iterator<Item = Vec<Part>> + Send) -> Result<(), StepError> {
    let width = server.width();
    let bodies = stream::iter(requests).map(|parts| {
        let encode = server.encoder();
        async move { spawn_blocking(move || encode(&parts)).await.map_err(|error| broken(&error))? }
    });
    let sends = bodies.buffered(width).map(|body| async move {
        server.send(body?).await.map_err(|error| match error.kind {
            ErrorKind::Query => StepError { kind: ErrorKind::Write, ..error }.context("write"),
            _ => error.context("write"),
        })
    });
    sends.buffer_unordered(width).try_for_each(|()| ready(Ok(()))).await
}

fn broken(error: &tokio::task::JoinError) -> StepError {
    StepError::new(ErrorKind::Internal, format!("samples cannot be encoded: {error}"))
}

/// Looks until everything is there or patience ends.
async fn read_back(server: &dyn Server, looker: &mut Looker<'_>) -> Result<(), StepError> {
    let deadline = server.clock().now() + Duration::milliseconds(PATIENCE_MS);
    server.settle().await?;
    looker.is_sent = true;
    for attempt in 0_usize.. {
        looker.look().await.map_err(|error| error.context("reading back what was written"))?;
        if !looker.findings.iter().any(Finding::is_open) || server.clock().now() >= deadline {
            break;
        }
        let wait = WAITS_MS.get(attempt).or(WAITS_MS.last()).copied().unwrap_or(1000);
        server.clock().sleep(wait).await;
    }
    Ok(())
}

/// An error for the samples that the server does not have as they were given.
fn complain(server: &dyn Server, series: &[Series], found: &[Finding]) -> Result<(), StepError> {
    if !found.iter().any(Finding::is_open) {
        return Ok(());
    }
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

/// Gives the points of those series of a stream that are asked for; others may come along.
pub(super) async fn take_series(
    mut stored: BoxStream<'_, Result<Series, StepError>>,
    ask: Ask<'_>,
    take: &mut Take<'_>,
) -> Result<Looked, StepError> {
    let places: HashMap<(&str, &Labels), usize> =
        ask.series.iter().enumerate().map(|(at, one)| ((&*one.name, &one.labels), at)).collect();
    while let Some(series) = stored.try_next().await? {
        if let Some(at) = places.get(&(&*series.name, &series.labels)) {
            take(*at, &series.points);
        }
    }
    Ok(Looked::Whole)
}
