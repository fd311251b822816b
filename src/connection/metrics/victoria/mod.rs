//! A VictoriaMetrics server, single or cluster.
//!
//! What this server does that a client must know, all seen on 1.79.5: it answers 204 for samples it
//! drops (too old, more than two days ahead, too many labels), so a write is read back; a query that
//! ends exactly at midnight UTC overlooks series that begin there; cached answers are stale after a
//! back-fill, so every query says `nocache=1`; it keeps about twelve digits.

mod flags;
mod preview;
mod read;
pub(super) mod verify;
mod write;

use std::sync::Arc;

use futures_util::stream::BoxStream;
use reqwest::Url;
use tokio::sync::OnceCell;

use self::flags::Flags;
use self::read::Duplicates;
use super::base_url;
use crate::connection::preview::Change;
use crate::connection::transport::{self, Authorization, Transport, TransportOptions};
use crate::connection::{Answer, Clock, Metrics, Written};
use crate::value::{Sample, Series, StepError, Timestamp};

/// How far ahead of now a server keeps samples unless told otherwise: two days.
pub const FUTURE_RETENTION_MS: i64 = 2 * 86_400_000;

/// How to reach a server.
#[derive(Debug, Clone)]
pub struct VictoriaOptions {
    /// Where queries go, without `/api/v1/…`: `https://host/select/0/prometheus`.
    pub read_url: String,
    /// Where samples go, without `/api/v1/…`: `https://host/insert/0/prometheus`.
    pub write_url: String,
    /// Credentials for both.
    pub authorization: Authorization,
    /// How long a request may take, in milliseconds; of an export, each piece of the answer.
    pub timeout_ms: u64,
    /// How many requests may be under way at once.
    pub pool: usize,
    /// How far ahead of now the server keeps samples, in milliseconds; see [`FUTURE_RETENTION_MS`].
    pub future_retention_ms: i64,
    /// Whether the server's certificate is verified.
    pub verify: bool,
}

/// A live server.
pub struct VictoriaMetrics {
    transport: Transport,
    clock: Arc<dyn Clock>,
    read_url: Url,
    write_url: Url,
    shown: String,
    pool: usize,
    future_retention_ms: i64,
    /// What it was started with, once that was asked for.
    flags: OnceCell<Flags>,
}

impl VictoriaMetrics {
    /// Prepares a client; nothing is sent. The clock is the machine's, not the run's: it says what the
    /// server keeps. Fails, as `Configuration`, when an address is impossible.
    pub fn new(options: &VictoriaOptions, clock: Arc<dyn Clock>) -> Result<Self, StepError> {
        let read_url = base_url("read_url", &options.read_url)?;
        let write_url = base_url("write_url", &options.write_url)?;
        let transport = Transport::new(&TransportOptions {
            authorization: options.authorization.clone(),
            headers: Vec::new(),
            timeout_ms: options.timeout_ms,
            pool: options.pool,
            verify: options.verify,
        })?;
        let shown = format!("VictoriaMetrics at {}", transport::masked_url(&read_url));
        let (pool, future_retention_ms) = (options.pool.max(1), options.future_retention_ms);
        let flags = OnceCell::new();
        Ok(Self { transport, clock, read_url, write_url, shown, pool, future_retention_ms, flags })
    }
}

impl Metrics for VictoriaMetrics {
    fn pool_size(&self) -> usize {
        self.pool
    }

    fn instant<'a>(&'a self, query: &'a str, at: Timestamp) -> Answer<'a, Vec<Sample>> {
        Box::pin(self.value_at(query, at.timestamp_millis()))
    }

    fn export<'a>(&'a self, selector: &'a str, from_ms: i64, to_ms: i64) -> BoxStream<'a, Result<Series, StepError>> {
        self.points(selector.to_owned(), from_ms, to_ms, Duplicates::Merged)
    }

    fn write<'a>(&'a self, series: &'a [Series]) -> Answer<'a, Written> {
        Box::pin(self.store(series))
    }

    fn preview<'a>(&'a self, series: &'a [Series]) -> Answer<'a, Change> {
        Box::pin(self.foresee(series))
    }
}
