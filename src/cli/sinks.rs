//! The sinks of an environment, opened.

use std::sync::Arc;

use super::connect::exposed;
use crate::config::{Credentials as ConfigCredentials, Influx, Sink as SinkEntry, SinkConfig};
use crate::connection::Clock;
use crate::lifecycle::{
    self, BigQueryOptions, Credentials, InfluxApi, InfluxSinkOptions, OtlpOptions, Sink, SinkKind, SinkOptions,
    WebhookOptions,
};
use crate::value::StepError;

/// Opens a sink; nothing is sent yet.
pub(super) fn open(entry: &SinkEntry, clock: &Arc<dyn Clock>) -> Result<Arc<dyn Sink>, StepError> {
    let error = |error: StepError| error.context(format!("the sink `{}` cannot be used", entry.name));
    lifecycle::open(&SinkOptions { name: entry.name.clone(), kind: kind(&entry.kind) }, clock).map_err(error)
}

fn kind(config: &SinkConfig) -> SinkKind {
    match config {
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
    }
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
