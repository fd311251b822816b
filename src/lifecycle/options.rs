//! What a sink is configured with.

use std::path::PathBuf;
use std::sync::Arc;

use super::bigquery::BigQueryOptions;
use super::influx::InfluxSinkOptions;
use super::otlp::OtlpOptions;
use super::webhook::WebhookOptions;

/// One sink.
#[derive(Debug, Clone, PartialEq)]
pub struct SinkOptions {
    /// Its name, under which the run store remembers how far it was told.
    pub name: Arc<str>,
    /// Where it is.
    pub kind: SinkKind,
}

/// The kinds of sink.
#[derive(Debug, Clone, PartialEq)]
pub enum SinkKind {
    /// Points in an `InfluxDB`, or whatever takes its line protocol.
    Influx(InfluxSinkOptions),
    /// Rows in a BigQuery table.
    BigQuery(BigQueryOptions),
    /// Spans, sent to an OpenTelemetry collector.
    Otlp(OtlpOptions),
    /// Signed requests.
    Webhook(WebhookOptions),
    /// Lines of JSON in this file.
    File(PathBuf),
}
