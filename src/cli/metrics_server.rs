//! From a configured server of metrics to a client of it.

use std::sync::Arc;

use super::connect::authorization;
use crate::config::{self, ConnectionConfig};
use crate::connection::metrics::influx::{InfluxDb, InfluxOptions};
use crate::connection::metrics::prometheus::{Prometheus, PrometheusOptions};
use crate::connection::metrics::victoria::{Durability, VictoriaMetrics, VictoriaOptions, WriteProtocol};
use crate::connection::{Clock, Metrics};

/// A client; nothing is sent.
pub(super) fn metrics_server(kind: &ConnectionConfig, clock: &Arc<dyn Clock>) -> Result<Arc<dyn Metrics>, String> {
    match kind {
        ConnectionConfig::VictoriaMetrics {
            read_url,
            write_url,
            login,
            timeout_ms,
            pool,
            future_retention_ms,
            write,
            durable,
            ca,
        } => {
            let options = VictoriaOptions {
                read_url: read_url.expose().to_owned(),
                write_url: write_url.expose().to_owned(),
                authorization: login.as_ref().map(authorization).unwrap_or_default(),
                timeout_ms: *timeout_ms,
                pool: *pool,
                future_retention_ms: i64::try_from(*future_retention_ms).unwrap_or(i64::MAX),
                verify: true,
                ca: ca.clone(),
                protocol: protocol(*write),
                durability: durability(*durable),
                compresses: !kind.is_local(),
            };
            let store = VictoriaMetrics::new(&options, clock.clone()).map_err(|error| error.to_string())?;
            Ok(Arc::new(store))
        }
        ConnectionConfig::Prometheus { url, login, timeout_ms, pool, ca } => {
            let options = PrometheusOptions {
                url: url.expose().to_owned(),
                authorization: login.as_ref().map(authorization).unwrap_or_default(),
                timeout_ms: *timeout_ms,
                pool: *pool,
                verify: true,
                ca: ca.clone(),
            };
            let store = Prometheus::new(&options, clock.clone()).map_err(|error| error.to_string())?;
            Ok(Arc::new(store))
        }
        ConnectionConfig::InfluxDb { url, database, login, timeout_ms, pool, ca } => {
            let options = InfluxOptions {
                url: url.expose().to_owned(),
                database: database.to_string(),
                authorization: login.as_ref().map(authorization).unwrap_or_default(),
                timeout_ms: *timeout_ms,
                pool: *pool,
                verify: true,
                ca: ca.clone(),
                compresses: !kind.is_local(),
            };
            let store = InfluxDb::new(&options, clock.clone()).map_err(|error| error.to_string())?;
            Ok(Arc::new(store))
        }
        other => Err(format!("`{}` is no server of metrics", other.name())),
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
