//! A VictoriaMetrics server, single or cluster.
//!
//! What this server does that a client must know, all seen on 1.79.5: it answers 204 for samples it
//! drops (too old, more than two days ahead, too many labels), so a write is read back; a query that
//! ends exactly at midnight UTC overlooks series that begin there; cached answers are stale after a
//! back-fill, so every query says `nocache=1`; it keeps about twelve digits.

mod copy;
mod export;
mod flags;
mod lasting;
mod lines;
mod native;
mod preview;
mod range;
mod read;
mod write;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};

use futures_util::stream::BoxStream;
use reqwest::Url;
use tokio::sync::{Mutex, OnceCell};

use self::export::Moments;
use self::flags::Flags;
pub use self::lasting::Durability;
pub use super::encode::WriteProtocol;
use super::{Native, Steps, base_url, over};
use crate::connection::metrics::ServerOptions;
use crate::connection::preview::Change;
use crate::connection::transport::{self, Transport};
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
    /// How both are asked.
    pub server: ServerOptions,
    /// How far ahead of now the server keeps samples, in milliseconds; see [`FUTURE_RETENTION_MS`].
    pub future_retention_ms: i64,
    /// How samples are sent.
    pub protocol: WriteProtocol,
    /// How samples are made to outlive a crash of the server.
    pub durability: Durability,
    /// Whether requests are compressed whose protocol does not do so itself: costs both sides time, saves the wire.
    pub compresses: bool,
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
    protocol: WriteProtocol,
    durability: Durability,
    compresses: bool,
    /// Set when the server makes snapshots for us.
    snapshots: OnceCell<()>,
    wanted_snapshots: AtomicU64,
    served_snapshots: Mutex<u64>,
    /// What it was started with, once that was asked for.
    flags: OnceCell<Flags>,
    /// Whether its own form of series is understood, as far as is known.
    reads_blocks: AtomicBool,
    moments: Moments,
}

impl VictoriaMetrics {
    /// Prepares a client; nothing is sent. The clock is the machine's, not the run's: it says what the
    /// server keeps. Fails, as `Configuration`, when an address is impossible.
    pub fn new(options: &VictoriaOptions, clock: Arc<dyn Clock>) -> Result<Self, StepError> {
        let read_url = base_url("read_url", &options.read_url)?;
        let write_url = base_url("write_url", &options.write_url)?;
        let transport = options.server.transport()?;
        let shown = format!("VictoriaMetrics at {}", transport::masked_url(&read_url));
        Ok(Self {
            transport,
            clock,
            read_url,
            write_url,
            shown,
            pool: options.server.pool.max(1),
            future_retention_ms: options.future_retention_ms,
            protocol: options.protocol,
            durability: options.durability,
            compresses: options.compresses,
            snapshots: OnceCell::new(),
            wanted_snapshots: AtomicU64::new(0),
            served_snapshots: Mutex::new(0),
            flags: OnceCell::new(),
            reads_blocks: AtomicBool::new(true),
            moments: Moments::new(),
        })
    }
}

impl Metrics for VictoriaMetrics {
    fn pool_size(&self) -> usize {
        self.pool
    }

    fn keeps_until_ms(&self) -> Option<i64> {
        Some(self.clock.now().timestamp_millis().saturating_add(self.future_retention_ms))
    }

    fn instant<'a>(&'a self, query: &'a str, at: Timestamp) -> Answer<'a, Vec<Sample>> {
        Box::pin(self.value_at(query, at.timestamp_millis()))
    }

    fn export<'a>(&'a self, selector: &'a str, from_ms: i64, to_ms: i64) -> BoxStream<'a, Result<Series, StepError>> {
        self.points(selector.to_owned(), from_ms, to_ms)
    }

    fn range<'a>(&'a self, query: &'a str, steps: Steps) -> Answer<'a, Vec<Series>> {
        Box::pin(self.values_over(query, steps))
    }

    fn labels(&self, from_ms: i64, to_ms: i64) -> Answer<'_, Vec<Arc<str>>> {
        Box::pin(self.label_names(from_ms, to_ms))
    }

    fn label_values<'a>(
        &'a self,
        label: &'a str,
        selector: Option<&'a str>,
        from_ms: i64,
        to_ms: i64,
    ) -> Answer<'a, Vec<Arc<str>>> {
        match selector {
            Some(_) => Box::pin(over::label_values(self, label, selector, from_ms, to_ms)),
            None => Box::pin(self.values_of(label, from_ms, to_ms)),
        }
    }

    fn indexed<'a>(
        &'a self,
        label: Option<&'a str>,
        selector: &'a str,
        from_ms: i64,
        to_ms: i64,
    ) -> Answer<'a, Vec<Arc<str>>> {
        Box::pin(self.names_in(label, selector, from_ms, to_ms))
    }

    fn newest<'a>(&'a self, selector: &'a str, windows: &'a [(i64, i64)]) -> Answer<'a, Vec<Option<i64>>> {
        Box::pin(self.newest_in(selector, windows))
    }

    fn native(&self) -> Option<&dyn Native> {
        Some(self)
    }

    fn copy<'a>(&'a self, from: &'a dyn Metrics, selector: &'a str, from_ms: i64, to_ms: i64) -> Answer<'a, u64> {
        Box::pin(self.copy_from(from, selector, from_ms, to_ms))
    }

    fn write<'a>(&'a self, series: &'a [Series]) -> Answer<'a, Written> {
        Box::pin(self.store(series))
    }

    fn preview<'a>(&'a self, series: &'a [Series]) -> Answer<'a, Change> {
        Box::pin(self.foresee(series))
    }
}
