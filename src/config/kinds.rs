//! The kinds of connection: the keys of each, and how its settings are read.

use std::ops::RangeInclusive;
use std::sync::Arc;

use super::connection::{Connection, ConnectionConfig, Login, MetricsServer, ServerAddress, Tls};
use super::http::http;
use super::metrics::{Durable, WriteProtocol};
use super::reading::{Reading, optional, or_default, report_secrets_in_clear};
use super::secret::{Secret, Url};
use super::transport::report_secrets_on_the_wire;
use super::yaml::{Field, Mapping, field};
use crate::source::Span;

/// The milliseconds that a request may take unless the connection says otherwise.
pub(super) const TIMEOUT_MS: u64 = 30_000;

/// How many requests may be under way at once unless the connection says otherwise.
const POOL: usize = 8;

/// What a pool may hold.
const POOLS: RangeInclusive<usize> = 1..=1_000;

/// What a `victoria_metrics` server keeps ahead of now unless it is told otherwise: two days.
pub(super) const FUTURE_RETENTION_MS: u64 = 2 * 86_400_000;

/// The schemes of the web.
pub(super) const WEB: &[&str] = &["http", "https"];

/// What reads the settings of a kind: the owner for messages, the map, where the connection's name stands.
type Read = fn(&mut Reading<'_>, &str, &Mapping, Span) -> Option<ConnectionConfig>;

/// The keys of a database on a server.
const SERVER: &[&str] = &["kind", "url", "host", "port", "database", "user", "password", "tls", "pool"];

/// Every kind with its keys and its reader.
const KINDS: [(&str, &[&str], Read); 9] = [
    ("sqlite", &["kind", "path", "schema"], sqlite),
    ("postgres", SERVER, postgres),
    ("mysql", SERVER, mysql),
    ("embedded", &["kind", "path", "seed"], embedded),
    (
        "victoria_metrics",
        &[
            "kind",
            "url",
            "read_url",
            "write_url",
            "token",
            "username",
            "password",
            "timeout",
            "pool",
            "future_retention",
            "write",
            "durable",
            "ca",
        ],
        victoria_metrics,
    ),
    ("prometheus", &["kind", "url", "token", "username", "password", "timeout", "pool", "ca"], prometheus),
    ("influxdb", &["kind", "url", "database", "token", "username", "password", "timeout", "pool", "ca"], influxdb),
    (
        "http",
        &[
            "kind", "base_url", "headers", "query", "token", "username", "password", "timeout", "pool", "rate",
            "max_body", "proxy",
        ],
        http,
    ),
    ("files", &["kind", "path"], files),
];

/// Reads one connection; `None` when a finding says why not.
pub(super) fn connection(reading: &mut Reading<'_>, field: Field<'_>) -> Option<Connection> {
    let map = reading.map(field)?;
    let kind = reading.required(map, "kind", field.key_span, &format!("connection `{}`", field.key))?;
    let readers = KINDS.map(|(name, ..)| (name, name));
    let (kind, keys, read) = {
        let found = reading.word(kind, &readers)?;
        KINDS.into_iter().find(|(name, ..)| *name == found)?
    };
    let article = if kind.starts_with(['e', 'i']) { "an" } else { "a" };
    reading.check_keys(map, keys, &format!("{article} `{kind}` connection"));
    let config = read(reading, &format!("connection `{}`", field.key), map, field.key_span);
    let is_local = config.as_ref().is_some_and(ConnectionConfig::is_local);
    report_secrets_in_clear(reading, map, is_local);
    report_secrets_on_the_wire(reading, map);
    Some(Connection { name: Arc::from(field.key), kind: config?, span: field.key_span })
}

fn sqlite(reading: &mut Reading<'_>, owner: &str, map: &Mapping, span: Span) -> Option<ConnectionConfig> {
    let path = reading.required(map, "path", span, owner).and_then(|field| reading.path(field));
    let schema = optional(map, "schema", |field| reading.path(field))?;
    Some(ConnectionConfig::Sqlite { path: path?, schema })
}

fn embedded(reading: &mut Reading<'_>, owner: &str, map: &Mapping, span: Span) -> Option<ConnectionConfig> {
    let path = reading.required(map, "path", span, owner).and_then(|field| reading.path(field));
    let seed = optional(map, "seed", |field| reading.path(field))?;
    Some(ConnectionConfig::Embedded { path: path?, seed })
}

pub(super) fn postgres(reading: &mut Reading<'_>, owner: &str, map: &Mapping, span: Span) -> Option<ConnectionConfig> {
    let (address, tls, pool) = server(reading, owner, map, span, (&["postgres", "postgresql"], 5432))?;
    Some(ConnectionConfig::Postgres { address, tls, pool })
}

fn mysql(reading: &mut Reading<'_>, owner: &str, map: &Mapping, span: Span) -> Option<ConnectionConfig> {
    let (address, tls, pool) = server(reading, owner, map, span, (&["mysql", "mariadb"], 3306))?;
    Some(ConnectionConfig::Mysql { address, tls, pool })
}

/// A database on a server whose URLs have one of some schemes and which usually listens on a port.
fn server(
    reading: &mut Reading<'_>,
    owner: &str,
    map: &Mapping,
    span: Span,
    (schemes, port): (&[&str], u16),
) -> Option<(ServerAddress, Option<Tls>, usize)> {
    let address = match field(map, "url") {
        Some(url) => server_url(reading, map, url, schemes),
        None => server_parts(reading, owner, map, span, port),
    };
    let tls = optional(map, "tls", |field| reading.word(field, &Tls::ALL));
    let pool = pool(reading, map);
    Some((address?, tls?, pool?))
}

fn server_url(reading: &mut Reading<'_>, map: &Mapping, url: Field<'_>, schemes: &[&str]) -> Option<ServerAddress> {
    for part in ["host", "port", "database", "user", "password"].iter().filter_map(|key| field(map, key)) {
        let message = format!("`{}` is given beside `url`", part.key);
        reading.report(part.key_span, message, "keep the `url`, or the parts without it");
    }
    reading.url(url, schemes).map(ServerAddress::Url)
}

fn server_parts(
    reading: &mut Reading<'_>,
    owner: &str,
    map: &Mapping,
    span: Span,
    usual_port: u16,
) -> Option<ServerAddress> {
    let host = reading.required(map, "host", span, owner).and_then(|field| reading.name(field));
    let port = or_default(map, "port", usual_port, |field| reading.integer(field, &(1..=u16::MAX)));
    let database = reading.required(map, "database", span, owner).and_then(|field| reading.name(field));
    let user = optional(map, "user", |field| reading.name(field));
    let password = optional_secret(reading, map, "password");
    Some(ServerAddress::Parts { host: host?, port: port?, database: database?, user: user?, password: password? })
}

fn victoria_metrics(reading: &mut Reading<'_>, owner: &str, map: &Mapping, span: Span) -> Option<ConnectionConfig> {
    let urls = victoria_metrics_urls(reading, owner, map, span);
    let server = metrics_server(reading, owner, map, span);
    let retention = or_default(map, "future_retention", FUTURE_RETENTION_MS, |field| reading.duration_ms(field));
    let write = or_default(map, "write", WriteProtocol::default(), |field| reading.word(field, &WriteProtocol::ALL));
    let durable = or_default(map, "durable", Durable::default(), |field| reading.word(field, &Durable::ALL));
    let (read_url, write_url) = urls?;
    Some(ConnectionConfig::VictoriaMetrics {
        read_url,
        write_url,
        server: server?,
        future_retention_ms: retention?,
        write: write?,
        durable: durable?,
    })
}

fn metrics_server(reading: &mut Reading<'_>, owner: &str, map: &Mapping, span: Span) -> Option<MetricsServer> {
    let login = login(reading, owner, map, span);
    let timeout_ms = or_default(map, "timeout", TIMEOUT_MS, |field| reading.duration_ms(field));
    let pool = pool(reading, map);
    let ca = optional(map, "ca", |field| reading.path(field));
    Some(MetricsServer { login: login?, timeout_ms: timeout_ms?, pool: pool?, ca: ca? })
}

/// `url` for both, or each by itself.
fn victoria_metrics_urls(reading: &mut Reading<'_>, owner: &str, map: &Mapping, span: Span) -> Option<(Url, Url)> {
    let both = field(map, "url");
    let mut one = |key: &str| {
        let given = field(map, key).or(both);
        if given.is_none() {
            let help = "add `url: http://…`, or `read_url: …` and `write_url: …`";
            reading.missing(map, key, (span, owner), help.to_owned());
        }
        given
    };
    let (read, write) = (one("read_url"), one("write_url"));
    let read_url = read.and_then(|field| reading.url(field, WEB));
    // The one `url` is read once, so that what is wrong with it is said once.
    let is_same = read.zip(write).is_some_and(|(read, write)| read.key == write.key);
    let write_url = if is_same { read_url.clone() } else { write.and_then(|field| reading.url(field, WEB)) };
    read_url.zip(write_url)
}

/// `token`, or `username` and `password`; the outer `None` means that a finding was made.
#[allow(clippy::option_option, reason = "a setting is wrong, missing or given: three cases")]
pub(super) fn login(reading: &mut Reading<'_>, owner: &str, map: &Mapping, span: Span) -> Option<Option<Login>> {
    let token = optional_secret(reading, map, "token");
    let username = optional(map, "username", |field| reading.text(field));
    let password = optional_secret(reading, map, "password");
    let username = username?.filter(|username| !username.is_empty());
    match (token?, username, password?) {
        (None, None, None) => Some(None),
        (Some(token), None, None) => Some(Some(Login::Token(token))),
        (None, Some(username), Some(password)) => Some(Some(Login::Password { username, password })),
        (Some(_), _, _) => {
            reading.report(span, format!("{owner} has a `token` beside `username` or `password`"), "keep one of them");
            None
        }
        (None, ..) => {
            let message = format!("{owner} has only one of `username` and `password`");
            reading.report(span, message, "give both, or neither");
            None
        }
    }
}

fn prometheus(reading: &mut Reading<'_>, owner: &str, map: &Mapping, span: Span) -> Option<ConnectionConfig> {
    let url = reading.required(map, "url", span, owner).and_then(|field| reading.url(field, WEB));
    let server = metrics_server(reading, owner, map, span);
    Some(ConnectionConfig::Prometheus { url: url?, server: server? })
}

fn influxdb(reading: &mut Reading<'_>, owner: &str, map: &Mapping, span: Span) -> Option<ConnectionConfig> {
    let url = reading.required(map, "url", span, owner).and_then(|field| reading.url(field, WEB));
    let database = reading.required(map, "database", span, owner).and_then(|field| reading.name(field));
    let server = metrics_server(reading, owner, map, span);
    Some(ConnectionConfig::InfluxDb { url: url?, database: database?, server: server? })
}

fn files(reading: &mut Reading<'_>, owner: &str, map: &Mapping, span: Span) -> Option<ConnectionConfig> {
    let path = reading.required(map, "path", span, owner).and_then(|field| reading.path(field));
    Some(ConnectionConfig::Files { path: path? })
}

pub(super) fn pool(reading: &mut Reading<'_>, map: &Mapping) -> Option<usize> {
    or_default(map, "pool", POOL, |field| reading.integer(field, &POOLS))
}

/// A secret that may be missing or empty; the outer `None` means that a finding was made.
#[allow(clippy::option_option, reason = "a setting is wrong, missing or given: three cases")]
pub(super) fn optional_secret(reading: &mut Reading<'_>, map: &Mapping, key: &str) -> Option<Option<Secret>> {
    let Some(field) = field(map, key) else { return Some(None) };
    let text = reading.text(field)?;
    Some((!text.is_empty()).then(|| Secret::new(text)))
}
