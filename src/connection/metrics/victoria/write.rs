//! Writing: by the connection's protocol, made lasting when it is there.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use reqwest::Method;

use super::VictoriaMetrics;
use crate::connection::metrics::batch;
use crate::connection::metrics::encode::Body;
use crate::connection::metrics::writing::{self, Ask, Encoder, Found, Looked, Server, Take};
use crate::connection::{Answer, Clock, Written, transport};
use crate::value::{Series, StepError};

impl VictoriaMetrics {
    /// Writes series, reads them back and makes them last.
    pub(super) async fn store(&self, given: &[Series]) -> Result<Written, StepError> {
        let latest = self.clock.now().timestamp_millis().saturating_add(self.future_retention_ms);
        let batch = batch::prepare(given, Some(latest))?;
        if batch.series.is_empty() {
            return Ok(Written { written: 0, unchanged: batch.repeated });
        }
        self.protocol.check(&batch.series)?;
        self.may_make_lasting().await?;
        let written = writing::write(self, &batch).await?;
        self.moments.pass();
        self.make_lasting(&batch).await?;
        Ok(written)
    }

    async fn send_body(&self, body: Body) -> Result<(), StepError> {
        let (path, query) = self.protocol.path();
        let mut url = transport::join(&self.write_url, path);
        url.set_query(query);
        let mut request = body.request(&self.transport, url);
        if self.protocol == super::WriteProtocol::RemoteWrite {
            request = request.header("x-prometheus-remote-write-version", "0.1.0");
        }
        let who = format!("VictoriaMetrics at {}", transport::masked_url(&self.write_url));
        self.transport.send(&who, request).await.map(drop)
    }

    /// Asks for new samples to be made visible now. A server may refuse that; they are visible later then.
    pub(super) async fn flush(&self) {
        let url = transport::join(&self.write_url, "internal/force_flush");
        let _ = self.transport.send(&self.shown, self.transport.request(Method::GET, url)).await;
    }
}

impl Server for VictoriaMetrics {
    fn shown(&self) -> &str {
        &self.shown
    }

    fn width(&self) -> usize {
        self.pool
    }

    fn clock(&self) -> &dyn Clock {
        Arc::as_ref(&self.clock)
    }

    fn repeats_labels(&self) -> bool {
        self.protocol.repeats_labels()
    }

    fn replaces_equal_instants_only(&self) -> BoxFuture<'_, bool> {
        Box::pin(async move { self.flags().await.replace_equal_instants_only() })
    }

    fn look<'a>(&'a self, ask: Ask<'a>, take: &'a mut Take<'a>) -> Answer<'a, Looked> {
        Box::pin(self.look_up(ask, take))
    }

    fn encoder(&self) -> Encoder {
        let (protocol, compresses) = (self.protocol, self.compresses);
        Arc::new(move |parts| protocol.body(parts, compresses))
    }

    fn send(&self, body: Body) -> Answer<'_, ()> {
        Box::pin(self.send_body(body))
    }

    fn settle(&self) -> Answer<'_, ()> {
        Box::pin(async move {
            self.flush().await;
            Ok(())
        })
    }

    fn help(&self, wrong: Found) -> &'static str {
        match wrong {
            Found::Both => DOUBLED,
            Found::Other => CHANGED,
            Found::Absent | Found::Same => LOST,
        }
    }
}

const LOST: &str = "it drops without a word what is older than its -retentionPeriod (1 month unless set) or further \
                    ahead than it keeps, and what its relabelling or deduplication interval removes";
const CHANGED: &str = "either another writer writes the same series, or one series holds values of too different sizes: \
                       the server keeps about twelve digits beside the largest value";
const DOUBLED: &str = "start the server with -dedup.minScrapeInterval=1ms, so that a value written again replaces the old \
                       one, or delete the series before writing it anew";
