//! Sinks: where the story of each run is told besides.

use std::path::PathBuf;
use std::sync::Arc;

use indexmap::IndexMap;

use super::connection::Connection;
use super::http::headers;
use super::kinds::{WEB, connection, optional_secret};
use super::reading::{Reading, list, optional, or_default, report_secrets_in_clear, suggest};
use super::secret::{Secret, Url, is_loopback};
use super::transport::report_secrets_on_the_wire;
use super::yaml::{Field, Mapping, field, fields};
use crate::source::{Span, Spanned};
use crate::value::ConnectionKind;

/// The measurement that the predecessor wrote.
const MEASUREMENT: &str = "scheduling-job";
/// The table that the predecessor's events ended up in.
const TABLE: &str = "event_log";
/// What the names of metrics begin with.
const PREFIX: &str = "vmflow";

/// A sink of an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sink {
    /// Its name: under this the run store remembers how far it was told.
    pub name: Arc<str>,
    /// Where it is.
    pub kind: SinkConfig,
    /// Where it stands in the configuration.
    pub span: Span,
}

/// Where a sink is, and how it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SinkConfig {
    /// `kind: influx`
    Influx {
        /// The server; no slash at its end.
        url: Url,
        /// How it is written to.
        api: Influx,
        /// The measurement.
        measurement: Arc<str>,
        /// Tags of every point.
        tags: IndexMap<Arc<str>, Arc<str>>,
    },
    /// `kind: bigquery`
    BigQuery {
        /// The table's project.
        project: Arc<str>,
        /// The table's dataset.
        dataset: Arc<str>,
        /// The table.
        table: Arc<str>,
        /// Another service than Google's.
        endpoint: Option<Url>,
        /// What stands in `source_system`.
        source_system: Option<Arc<str>>,
        /// What proves who is telling.
        credentials: Credentials,
    },
    /// `kind: otlp`
    Otlp {
        /// The collector.
        url: Url,
        /// Headers of every request. All values count as secrets.
        headers: IndexMap<Arc<str>, Secret>,
        /// The name of this service in traces.
        service: Arc<str>,
        /// Attributes of the resource.
        attributes: IndexMap<Arc<str>, Arc<str>>,
    },
    /// `kind: webhook`
    Webhook {
        /// The address.
        url: Url,
        /// What events are signed with.
        secret: Option<Secret>,
        /// Headers of every request. All values count as secrets.
        headers: IndexMap<Arc<str>, Secret>,
        /// Whether it is told of steps, too.
        steps: bool,
    },
    /// `kind: metrics`
    Metrics {
        /// The connection of the environment that is written to, and where that is said.
        connection: Spanned<Arc<str>>,
        /// What the names of all metrics begin with.
        prefix: Arc<str>,
        /// Labels of every sample.
        labels: IndexMap<Arc<str>, Arc<str>>,
    },
    /// `kind: file`
    File {
        /// The file.
        path: PathBuf,
    },
}

/// The two ways of writing to an InfluxDB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Influx {
    /// `/api/v2/write`: `org`, `bucket`, `token`.
    V2 {
        /// The organisation.
        org: Arc<str>,
        /// The bucket.
        bucket: Arc<str>,
        /// What proves who is telling.
        token: Option<Secret>,
    },
    /// `/write`: `database`, `username`, `password`.
    V1 {
        /// The database.
        database: Arc<str>,
        /// Who is telling, and the proof.
        login: Option<(Arc<str>, Secret)>,
    },
}

/// What proves to Google who is telling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    /// Nothing: an emulator is told.
    None,
    /// `token`
    Token(Secret),
    /// `account`: the file of a service account.
    File(PathBuf),
    /// The machine's own; of the server at this address, if one is given.
    Metadata(Option<Url>),
}

/// What reads the settings of a kind: the owner for messages, the map, where the sink stands.
type Read = fn(&mut Reading<'_>, &str, &Mapping, Span) -> Option<SinkConfig>;

/// Every kind with its keys, besides `kind` and `name`, and its reader.
const KINDS: [(&str, &[&str], Read); 6] = [
    ("influx", &["url", "org", "bucket", "token", "database", "username", "password", "measurement", "tags"], influx),
    (
        "bigquery",
        &["project", "dataset", "table", "endpoint", "source_system", "account", "token", "metadata"],
        bigquery,
    ),
    ("otlp", &["url", "headers", "service", "attributes"], otlp),
    ("webhook", &["url", "secret", "headers", "steps"], webhook),
    ("metrics", &["connection", "prefix", "labels"], metrics),
    ("file", &["path"], file),
];

/// Reads the sinks of an environment; `None` when a finding says why not.
pub(super) fn sinks(reading: &mut Reading<'_>, field: Field<'_>) -> Option<Vec<Sink>> {
    let items = reading.items(field, "a list of sinks");
    let read: Vec<Option<Sink>> = items.into_iter().map(|item| sink(reading, item)).collect();
    let sinks: Vec<Sink> = read.into_iter().collect::<Option<_>>()?;
    let mut is_told_apart = true;
    for (at, one) in sinks.iter().enumerate() {
        if sinks.iter().take(at).any(|earlier| earlier.name == one.name) {
            let message = format!("two sinks are called `{}`", one.name);
            reading.report(one.span, message, "give one of them another `name`: how far each was told is kept by it");
            is_told_apart = false;
        }
    }
    is_told_apart.then_some(sinks)
}

fn sink(reading: &mut Reading<'_>, item: Field<'_>) -> Option<Sink> {
    let map = reading.map(item)?;
    let span = item.node.span;
    let kind = reading.required(map, "kind", span, "a sink")?;
    let found = reading.word(kind, &KINDS.map(|(name, ..)| (name, name)))?;
    let (kind, keys, read) = KINDS.into_iter().find(|(name, ..)| *name == found)?;
    let article = if kind.starts_with(['i', 'o']) { "an" } else { "a" };
    let known: Vec<&str> = ["kind", "name"].into_iter().chain(keys.iter().copied()).collect();
    reading.check_keys(map, &known, &format!("{article} `{kind}` sink"));
    let name = or_default(map, "name", Arc::from(kind), |field| reading.name(field));
    let config = read(reading, &format!("{article} `{kind}` sink"), map, span);
    report_secrets_in_clear(reading, map, config.as_ref().is_some_and(SinkConfig::is_local));
    report_secrets_on_the_wire(reading, map);
    Some(Sink { name: name?, kind: config?, span })
}

impl SinkConfig {
    /// The word behind `kind:`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Influx { .. } => "influx",
            Self::BigQuery { .. } => "bigquery",
            Self::Otlp { .. } => "otlp",
            Self::Webhook { .. } => "webhook",
            Self::Metrics { .. } => "metrics",
            Self::File { .. } => "file",
        }
    }

    /// Whether it is on this machine.
    fn is_local(&self) -> bool {
        match self {
            Self::Influx { url, .. } | Self::Otlp { url, .. } | Self::Webhook { url, .. } => is_loopback(url.host()),
            Self::BigQuery { endpoint, .. } => endpoint.as_ref().is_some_and(|url| is_loopback(url.host())),
            // What is secret of it stands with the connection.
            Self::Metrics { .. } | Self::File { .. } => true,
        }
    }
}

fn influx(reading: &mut Reading<'_>, owner: &str, map: &Mapping, span: Span) -> Option<SinkConfig> {
    let url = reading.required(map, "url", span, owner).and_then(|field| reading.url(field, WEB));
    let measurement = or_default(map, "measurement", Arc::from(MEASUREMENT), |field| reading.name(field));
    let tags = texts(reading, map, "tags");
    let api = match field(map, "database") {
        Some(database) => influx_v1(reading, owner, map, database),
        None => influx_v2(reading, owner, map, span),
    };
    Some(SinkConfig::Influx { url: url?, api: api?, measurement: measurement?, tags: tags? })
}

fn influx_v2(reading: &mut Reading<'_>, owner: &str, map: &Mapping, span: Span) -> Option<Influx> {
    let org = reading.required(map, "org", span, owner).and_then(|field| reading.name(field));
    let bucket = reading.required(map, "bucket", span, owner).and_then(|field| reading.name(field));
    let token = optional_secret(reading, map, "token");
    let is_alone = no_others(reading, map, &["username", "password"], "`org` and `bucket`, which go with a `token`");
    Some(Influx::V2 { org: org?, bucket: bucket?, token: token? }).filter(|_| is_alone)
}

fn influx_v1(reading: &mut Reading<'_>, owner: &str, map: &Mapping, database: Field<'_>) -> Option<Influx> {
    let is_alone = no_others(reading, map, &["org", "bucket", "token"], "`database`, which is of InfluxDB 1");
    let database = reading.name(database);
    let username = optional(map, "username", |field| reading.name(field));
    let password = optional_secret(reading, map, "password");
    let login = match (username?, password?) {
        (None, None) => None,
        (Some(username), Some(password)) => Some((username, password)),
        _ => {
            let span = field(map, "username").or(field(map, "password"))?.key_span;
            reading.report(span, format!("{owner} has only one of `username` and `password`"), "give both, or neither");
            return None;
        }
    };
    Some(Influx::V1 { database: database?, login }).filter(|_| is_alone)
}

/// Says of each of these keys that it does not go with `what`.
fn no_others(reading: &mut Reading<'_>, map: &Mapping, keys: &[&str], what: &str) -> bool {
    let others: Vec<Field<'_>> = keys.iter().filter_map(|key| field(map, key)).collect();
    for other in &others {
        reading.report(other.key_span, format!("`{}` is given beside {what}", other.key), "keep one of them");
    }
    others.is_empty()
}

fn bigquery(reading: &mut Reading<'_>, owner: &str, map: &Mapping, span: Span) -> Option<SinkConfig> {
    let project = reading.required(map, "project", span, owner).and_then(|field| reading.name(field));
    let dataset = reading.required(map, "dataset", span, owner).and_then(|field| reading.name(field));
    let table = or_default(map, "table", Arc::from(TABLE), |field| reading.name(field));
    let endpoint = optional(map, "endpoint", |field| reading.url(field, WEB));
    let source_system = optional(map, "source_system", |field| reading.name(field));
    let credentials = credentials(reading, map);
    Some(SinkConfig::BigQuery {
        project: project?,
        dataset: dataset?,
        table: table?,
        endpoint: endpoint?,
        source_system: source_system?,
        credentials: credentials?,
    })
}

/// One of three; without any, the machine's own for Google's service and none for another.
fn credentials(reading: &mut Reading<'_>, map: &Mapping) -> Option<Credentials> {
    let keys = ["account", "token", "metadata"];
    let given: Vec<Field<'_>> = keys.iter().filter_map(|key| field(map, key)).collect();
    if let [_, second, ..] = &given[..] {
        let message = format!("a `bigquery` sink has more than one of {}", list(keys));
        reading.report(second.key_span, message, "keep one of them");
        return None;
    }
    match given.first() {
        None if field(map, "endpoint").is_some() => Some(Credentials::None),
        None => Some(Credentials::Metadata(None)),
        Some(key) if key.key == "account" => reading.path(*key).map(Credentials::File),
        Some(key) if key.key == "metadata" => reading.url(*key, WEB).map(|url| Credentials::Metadata(Some(url))),
        Some(_) => optional_secret(reading, map, "token")?.map(Credentials::Token),
    }
}

fn otlp(reading: &mut Reading<'_>, owner: &str, map: &Mapping, span: Span) -> Option<SinkConfig> {
    let url = reading.required(map, "url", span, owner).and_then(|field| reading.url(field, WEB));
    let headers = or_default(map, "headers", IndexMap::new(), |field| headers(reading, field));
    let service = or_default(map, "service", Arc::from("vmflow"), |field| reading.name(field));
    let attributes = texts(reading, map, "attributes");
    Some(SinkConfig::Otlp { url: url?, headers: headers?, service: service?, attributes: attributes? })
}

fn webhook(reading: &mut Reading<'_>, owner: &str, map: &Mapping, span: Span) -> Option<SinkConfig> {
    let url = reading.required(map, "url", span, owner).and_then(|field| reading.url(field, WEB));
    let secret = optional_secret(reading, map, "secret");
    let headers = or_default(map, "headers", IndexMap::new(), |field| headers(reading, field));
    let steps = or_default(map, "steps", false, |field| reading.boolean(field));
    Some(SinkConfig::Webhook { url: url?, secret: secret?, headers: headers?, steps: steps? })
}

fn metrics(reading: &mut Reading<'_>, owner: &str, map: &Mapping, span: Span) -> Option<SinkConfig> {
    let connection = reading.required(map, "connection", span, owner);
    let connection = connection.and_then(|field| Some(Spanned { node: reading.name(field)?, span: field.node.span }));
    let prefix = or_default(map, "prefix", Arc::from(PREFIX), |field| reading.name(field));
    let labels = texts(reading, map, "labels");
    Some(SinkConfig::Metrics { connection: connection?, prefix: prefix?, labels: labels? })
}

/// The connections that sinks write to, by name: of those in `all`, which may be `read` already.
pub(super) fn connections_of(
    reading: &mut Reading<'_>,
    sinks: &[Sink],
    all: Option<Field<'_>>,
    read: &IndexMap<Arc<str>, Connection>,
) -> Option<IndexMap<Arc<str>, Connection>> {
    let mut found = IndexMap::new();
    for sink in sinks {
        let SinkConfig::Metrics { connection: wanted, .. } = &sink.kind else { continue };
        let map = all.and_then(|field| field.node.as_map());
        let Some(field) = map.and_then(|map| field(map, &wanted.node)) else {
            let known = map.into_iter().flat_map(fields).map(|field| field.key);
            let message = format!("no connection `{}` to write to", wanted.node);
            reading.report(wanted.span, message, suggest(&wanted.node, known, "connections"));
            return None;
        };
        let one = match read.get(&wanted.node) {
            Some(one) => one.clone(),
            None => connection(reading, field)?,
        };
        if one.kind.kind() != ConnectionKind::Metrics {
            let message = format!("the connection `{}` is no store of metrics", wanted.node);
            reading.report(
                wanted.span,
                message,
                "name one of the kind `victoria_metrics`, `prometheus`, `influxdb` or `embedded`",
            );
            return None;
        }
        found.insert(wanted.node.clone(), one);
    }
    Some(found)
}

fn file(reading: &mut Reading<'_>, owner: &str, map: &Mapping, span: Span) -> Option<SinkConfig> {
    let path = reading.required(map, "path", span, owner).and_then(|field| reading.path(field));
    Some(SinkConfig::File { path: path? })
}

/// Names with texts. One that is empty, as `${DATACENTER:-}` may be, is left out.
fn texts(reading: &mut Reading<'_>, map: &Mapping, key: &str) -> Option<IndexMap<Arc<str>, Arc<str>>> {
    or_default(map, key, IndexMap::new(), |field| {
        let map = reading.map(field)?;
        let read: Vec<Option<(Arc<str>, Arc<str>)>> =
            fields(map).map(|field| Some((Arc::from(field.key), reading.text(field)?))).collect();
        let all: IndexMap<Arc<str>, Arc<str>> = read.into_iter().collect::<Option<_>>()?;
        Some(all.into_iter().filter(|(_, value)| !value.is_empty()).collect())
    })
}
