//! The story of each run, told to other systems: InfluxDB, BigQuery, OpenTelemetry, a webhook, a file, a store of metrics.
//!
//! What is told stands in the run store's outbox, in order. A [`Teller`] takes it from there to each [`Sink`], as
//! often as it takes: every event arrives at least once, under an id by which a receiver can tell repetitions. A
//! sink that is down keeps nothing waiting but its own events, and no sink changes what a run comes to.

mod bigquery;
mod endpoint;
mod file;
mod influx;
mod metrics;
mod options;
mod otlp;
mod sink;
mod teller;
mod told;
mod webhook;

use std::sync::Arc;

pub use self::bigquery::{BigQueryOptions, Credentials};
pub use self::influx::{InfluxApi, InfluxSinkOptions};
pub use self::metrics::MetricsSinkOptions;
pub use self::options::{SinkKind, SinkOptions};
pub use self::otlp::OtlpOptions;
pub use self::sink::{Refused, Sink, Undelivered};
pub use self::teller::{Outbox, Standing, Teller, Turn, Waiting};
pub use self::told::{Attempted, EndStatus, RunFacts, Told, ToldError, What};
pub use self::webhook::WebhookOptions;
use crate::connection::{Clock, Metrics};
use crate::value::StepError;

/// A sink of these options. Nothing is sent yet; fails, as `Configuration`, when an address or a key is impossible.
pub fn open(options: &SinkOptions, clock: &Arc<dyn Clock>) -> Result<Arc<dyn Sink>, StepError> {
    let name = options.name.clone();
    Ok(match &options.kind {
        SinkKind::Influx(influx) => Arc::new(influx::InfluxSink::new(name, influx)?),
        SinkKind::BigQuery(table) => Arc::new(bigquery::BigQuerySink::new(name, table, clock.clone())?),
        SinkKind::Otlp(collector) => Arc::new(otlp::OtlpSink::new(name, collector)?),
        SinkKind::Webhook(hook) => Arc::new(webhook::WebhookSink::new(name, hook, clock.clone())?),
        SinkKind::File(path) => Arc::new(file::FileSink::new(name, path.clone())),
    })
}

/// A sink that writes into a store of metrics, which may be one that workflows use, too. Nothing is written yet; fails,
/// as `Configuration`, when a name is impossible.
pub fn into_metrics(
    name: Arc<str>,
    store: Arc<dyn Metrics>,
    options: MetricsSinkOptions,
) -> Result<Arc<dyn Sink>, StepError> {
    Ok(Arc::new(metrics::MetricsSink::new(name, store, options)?))
}
