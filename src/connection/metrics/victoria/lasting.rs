//! Making samples last: a server keeps them in memory for some seconds after it gives them back to readers, and a crash
//! loses them.
//!
//! Seen on 1.79.5: killed up to eight seconds after it had answered, it came back without them, `force_flush` or not. A
//! snapshot writes all of memory to the disk first. It is deleted at once.

use reqwest::Method;
use serde::Deserialize;

use super::VictoriaMetrics;
use crate::connection::metrics::batch::Batch;
use crate::connection::metrics::writing;
use crate::connection::transport;
use crate::value::{ErrorKind, StepError};

/// How samples are made to outlive a crash of the server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Durability {
    /// By a snapshot, which is deleted at once.
    #[default]
    Snapshot,
    /// By waiting until the server has surely written them, and looking again.
    Wait,
    /// Not: a crash within seconds loses them.
    Off,
}

/// How long a server may keep samples in memory only, in milliseconds; 8 s were seen.
const IN_MEMORY_MS: u64 = 12_000;

/// The largest answer about snapshots, in bytes.
const LARGEST: usize = 1024 * 1024;

const REFUSED: &str = "allow it, or set the connection's `durable: wait`, which waits 12 s after each write, or \
                       `durable: off`: then a crash of the server within seconds after a write loses samples";

#[derive(Deserialize)]
struct Made {
    snapshot: String,
}

impl VictoriaMetrics {
    /// Refuses to write, while nothing is sent yet, to a server that makes no snapshots for us.
    pub(super) async fn may_make_lasting(&self) -> Result<(), StepError> {
        if self.durability != Durability::Snapshot {
            return Ok(());
        }
        self.snapshots.get_or_try_init(|| async { self.snapshot("list", None).await.map(drop) }).await.copied()
    }

    /// Returns when a crash of the server loses nothing of what it has now.
    pub(super) async fn make_lasting(&self, batch: &Batch) -> Result<(), StepError> {
        match self.durability {
            Durability::Off => Ok(()),
            Durability::Wait => {
                self.clock.sleep(IN_MEMORY_MS).await;
                writing::check(self, batch).await.map_err(|error| error.context("looking again after 12 s"))
            }
            Durability::Snapshot => self.make_snapshot().await,
        }
    }

    /// One snapshot serves all who wait for one when it begins.
    pub(super) async fn make_snapshot(&self) -> Result<(), StepError> {
        let mine = self.wanted_snapshots.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1;
        let mut served = self.served_snapshots.lock().await;
        if *served >= mine {
            return Ok(());
        }
        let all = self.wanted_snapshots.load(std::sync::atomic::Ordering::SeqCst);
        let body = self.snapshot("create", None).await?;
        let made: Made = serde_json::from_slice(&body).map_err(|error| {
            let message = format!("{} made no snapshot: {error}", self.shown);
            StepError::new(ErrorKind::Write, message).help(REFUSED)
        })?;
        self.snapshot("delete", Some(&made.snapshot)).await?;
        *served = all;
        Ok(())
    }

    async fn snapshot(&self, what: &str, name: Option<&str>) -> Result<Vec<u8>, StepError> {
        let mut url = transport::join(&self.write_url, &format!("snapshot/{what}"));
        if let Some(name) = name {
            url.query_pairs_mut().append_pair("snapshot", name);
        }
        let refused = |error: StepError| match error.kind {
            ErrorKind::Query | ErrorKind::Configuration => {
                let error = StepError { kind: ErrorKind::Configuration, ..error };
                error.context("no snapshot, which makes samples outlive a crash of the server").help(REFUSED)
            }
            _ if what == "list" => error.context("before writing"),
            _ => error.context("making samples last"),
        };
        let sent = self.transport.send(&self.shown, self.transport.request(Method::GET, url)).await;
        self.transport.body(&self.shown, sent.map_err(refused)?, LARGEST).await
    }
}
