//! The sinks of an environment, opened.

use std::sync::Arc;

use super::connect::exposed;
use super::metrics_server::open_metrics;
use crate::config::{Credentials as ConfigCredentials, Environment, Influx, Sink as SinkEntry, SinkConfig};
use crate::connection::Clock;
use crate::lifecycle::{
    self, BigQueryOptions, Credentials, InfluxApi, InfluxSinkOptions, MetricsSinkOptions, OtlpOptions, Sink, SinkKind,
    SinkOptions, WebhookOptions,
};
use crate::primitive::Connections;
use crate::value::{ErrorKind, StepError};

/// Opens the sinks of an environment; nothing is sent yet. The stores of metrics that `opened` has already are shared.
pub(super) async fn open(
    environment: &Environment,
    opened: &Connections,
    clock: &Arc<dyn Clock>,
) -> Result<Vec<Arc<dyn Sink>>, StepError> {
    let mut sinks = Vec::with_capacity(environment.sinks.len());
    for entry in &environment.sinks {
        let sink = match kind(&entry.kind) {
            Some(kind) => lifecycle::open(&SinkOptions { name: entry.name.clone(), kind }, clock),
            None => into_metrics(entry, environment, opened, clock).await,
        };
        sinks.push(sink.map_err(|error| error.context(format!("the sink `{}` cannot be used", entry.name)))?);
    }
    Ok(sinks)
}

async fn into_metrics(
    entry: &SinkEntry,
    environment: &Environment,
    opened: &Connections,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<dyn Sink>, StepError> {
    let error = |why: String| StepError::new(ErrorKind::Configuration, why);
    let SinkConfig::Metrics { connection, prefix, labels } = &entry.kind else {
        return Err(StepError::new(ErrorKind::Internal, "it is no sink of metrics"));
    };
    let store = match opened.metrics.get(&connection.node) {
        Some(store) => store.clone(),
        None => {
            let found = environment.sink_connections.get(&connection.node);
            let found = found.ok_or_else(|| error(format!("there is no connection `{}`", connection.node)))?;
            open_metrics(&found.kind, clock).await.map_err(error)?
        }
    };
    let labels = labels.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    lifecycle::into_metrics(entry.name.clone(), store, MetricsSinkOptions { prefix: prefix.clone(), labels })
}

/// What the configuration says of a sink; `None` of one that writes into a connection.
fn kind(config: &SinkConfig) -> Option<SinkKind> {
    Some(match config {
        SinkConfig::Influx { url, api, measurement, tags } => SinkKind::Influx(InfluxSinkOptions {
            url: url.expose().to_owned(),
            api: influx(api),
            tags: tags.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
            measurement: measurement.clone(),
        }),
        SinkConfig::BigQuery { project, dataset, table, endpoint, source_system, credentials } => {
            SinkKind::BigQuery(BigQueryOptions {
                project: project.clone(),
                dataset: dataset.clone(),
                table: table.clone(),
                endpoint: endpoint.as_ref().map(|url| url.expose().to_owned()),
                source_system: source_system.clone(),
                credentials: google(credentials),
            })
        }
        SinkConfig::Otlp { url, headers, service, attributes } => SinkKind::Otlp(OtlpOptions {
            url: url.expose().to_owned(),
            headers: exposed(headers),
            service: service.clone(),
            attributes: attributes.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
        }),
        SinkConfig::Webhook { url, secret, headers, steps } => SinkKind::Webhook(WebhookOptions {
            url: url.expose().to_owned(),
            secret: secret.as_ref().map(|secret| secret.expose().into()),
            headers: exposed(headers),
            steps: *steps,
        }),
        SinkConfig::File { path } => SinkKind::File(path.clone()),
        SinkConfig::Metrics { .. } => return None,
    })
}

fn influx(api: &Influx) -> InfluxApi {
    match api {
        Influx::V2 { org, bucket, token } => InfluxApi::V2 {
            org: org.clone(),
            bucket: bucket.clone(),
            token: token.as_ref().map(|token| token.expose().into()),
        },
        Influx::V1 { database, login } => InfluxApi::V1 {
            database: database.clone(),
            login: login.as_ref().map(|(user, password)| (user.clone(), password.expose().into())),
        },
    }
}

fn google(credentials: &ConfigCredentials) -> Credentials {
    match credentials {
        ConfigCredentials::None => Credentials::None,
        ConfigCredentials::Token(token) => Credentials::Token(token.expose().into()),
        ConfigCredentials::File(path) => Credentials::ServiceAccount(path.clone()),
        ConfigCredentials::Metadata(url) => Credentials::Metadata(url.as_ref().map(|url| url.expose().to_owned())),
    }
}
