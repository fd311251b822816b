//! From a configured store of metrics to an open one.

use std::sync::Arc;

use super::connect::authorization;
use crate::config::{self, ConnectionConfig, MetricsServer};
use crate::connection::metrics::ServerOptions;
use crate::connection::metrics::embedded::{EmbeddedMetrics, EmbeddedOptions};
use crate::connection::metrics::influx::{InfluxDb, InfluxOptions};
use crate::connection::metrics::prometheus::{Prometheus, PrometheusOptions};
use crate::connection::metrics::victoria::{Durability, VictoriaMetrics, VictoriaOptions, WriteProtocol};
use crate::connection::{Clock, Metrics};
use crate::value::StepError;

/// A store of metrics, opened; nothing is sent to a server.
pub(super) async fn open_metrics(kind: &ConnectionConfig, clock: &Arc<dyn Clock>) -> Result<Arc<dyn Metrics>, String> {
    let ConnectionConfig::Embedded { path, seed } = kind else { return metrics_server(kind, clock) };
    let options = EmbeddedOptions { path: path.clone(), seed: seed.clone() };
    Ok(Arc::new(EmbeddedMetrics::open(&options).await.map_err(|error| error.to_string())?))
}

/// A client; nothing is sent.
fn metrics_server(kind: &ConnectionConfig, clock: &Arc<dyn Clock>) -> Result<Arc<dyn Metrics>, String> {
    let (clock, text) = (clock.clone(), |error: StepError| error.to_string());
    match kind {
        ConnectionConfig::VictoriaMetrics { read_url, write_url, server, future_retention_ms, write, durable } => {
            let options = VictoriaOptions {
                read_url: read_url.expose().to_owned(),
                write_url: write_url.expose().to_owned(),
                server: asked(server),
                future_retention_ms: i64::try_from(*future_retention_ms).unwrap_or(i64::MAX),
                protocol: protocol(*write),
                durability: durability(*durable),
                compresses: !kind.is_local(),
            };
            Ok(Arc::new(VictoriaMetrics::new(&options, clock).map_err(text)?))
        }
        ConnectionConfig::Prometheus { url, server } => {
            let options = PrometheusOptions { url: url.expose().to_owned(), server: asked(server) };
            Ok(Arc::new(Prometheus::new(&options, clock).map_err(text)?))
        }
        ConnectionConfig::InfluxDb { url, database, server } => {
            let options = InfluxOptions {
                url: url.expose().to_owned(),
                database: database.to_string(),
                server: asked(server),
                compresses: !kind.is_local(),
            };
            Ok(Arc::new(InfluxDb::new(&options, clock).map_err(text)?))
        }
        other => Err(format!("`{}` is no server of metrics", other.name())),
    }
}

fn asked(server: &MetricsServer) -> ServerOptions {
    ServerOptions {
        authorization: server.login.as_ref().map(authorization).unwrap_or_default(),
        timeout_ms: server.timeout_ms,
        pool: server.pool,
        verify: true,
        ca: server.ca.clone(),
    }
}

const fn protocol(protocol: config::WriteProtocol) -> WriteProtocol {
    match protocol {
        config::WriteProtocol::RemoteWrite => WriteProtocol::RemoteWrite,
        config::WriteProtocol::Import => WriteProtocol::Import,
        config::WriteProtocol::PrometheusText => WriteProtocol::PrometheusText,
        config::WriteProtocol::Influx => WriteProtocol::Influx,
        config::WriteProtocol::InfluxV2 => WriteProtocol::InfluxV2,
    }
}

const fn durability(durable: config::Durable) -> Durability {
    match durable {
        config::Durable::Snapshot => Durability::Snapshot,
        config::Durable::Wait => Durability::Wait,
        config::Durable::Off => Durability::Off,
    }
}
