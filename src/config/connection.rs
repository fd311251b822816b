//! Connections: what a workflow's `use db: sql` stands for in an environment.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::http::http;
use super::metrics::{Durable, WriteProtocol};
use super::reading::{Reading, optional, or_default, report_secrets_in_clear};
use super::secret::{Secret, Url, basic, is_loopback};
use super::transport::report_secrets_on_the_wire;
use super::yaml::{Field, Mapping, field};
use crate::source::Span;
use crate::value::ConnectionKind;

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

/// A connection of an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// The name that workflows use.
    pub name: Arc<str>,
    /// Where it leads.
    pub kind: ConnectionConfig,
    /// Where its name stands in the configuration.
    pub span: Span,
}

/// Where a connection leads, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectionConfig {
    /// `kind: sqlite`
    Sqlite {
        /// The database file; made when it is missing.
        path: PathBuf,
        /// SQL to run when the database is new.
        schema: Option<PathBuf>,
    },
    /// `kind: postgres`
    Postgres {
        /// The server and the database on it.
        address: ServerAddress,
        /// How the connection is encrypted; `None` leaves it to the URL.
        tls: Option<Tls>,
        /// How many connections are kept.
        pool: usize,
    },
    /// `kind: mysql`, MariaDB too
    Mysql {
        /// The server and the database on it.
        address: ServerAddress,
        /// How the connection is encrypted; `None` leaves it to the URL.
        tls: Option<Tls>,
        /// How many connections are kept.
        pool: usize,
    },
    /// `kind: embedded`: a store of metrics in files, for which no server is needed.
    Embedded {
        /// Its directory.
        path: PathBuf,
        /// A JSONL file to load when the store is new.
        seed: Option<PathBuf>,
    },
    /// `kind: victoria_metrics`
    VictoriaMetrics {
        /// Where queries go; no slash at its end.
        read_url: Url,
        /// Where samples go; no slash at its end.
        write_url: Url,
        /// How it knows us.
        login: Option<Login>,
        /// How long a request may take, in milliseconds.
        timeout_ms: u64,
        /// How many requests may be under way at once.
        pool: usize,
        /// How far ahead of now the server keeps samples, in milliseconds.
        future_retention_ms: u64,
        /// How samples are sent.
        write: WriteProtocol,
        /// How they are made to outlive a crash of the server.
        durable: Durable,
        /// A file of certificates to trust besides the machine's.
        ca: Option<PathBuf>,
    },
    /// `kind: prometheus`
    Prometheus {
        /// Where queries go, and samples; no slash at its end.
        url: Url,
        /// How it knows us.
        login: Option<Login>,
        /// How long a request may take, in milliseconds.
        timeout_ms: u64,
        /// How many requests may be under way at once.
        pool: usize,
        /// A file of certificates to trust besides the machine's.
        ca: Option<PathBuf>,
    },
    /// `kind: influxdb`, which is only written to.
    InfluxDb {
        /// The server; no slash at its end.
        url: Url,
        /// The database on it.
        database: Arc<str>,
        /// How it knows us.
        login: Option<Login>,
        /// How long a request may take, in milliseconds.
        timeout_ms: u64,
        /// How many requests may be under way at once.
        pool: usize,
        /// A file of certificates to trust besides the machine's.
        ca: Option<PathBuf>,
    },
    /// `kind: http`
    Http {
        /// What paths are appended to; no slash at its end.
        base_url: Url,
        /// Headers of every request. All values count as secrets.
        headers: IndexMap<Arc<str>, Secret>,
        /// Pairs of every query string. All values count as secrets.
        query: IndexMap<Arc<str>, Secret>,
        /// How it knows us.
        login: Option<Login>,
        /// How long a request may take, in milliseconds.
        timeout_ms: u64,
        /// How many requests may be under way at once.
        pool: usize,
        /// How often a request may start.
        rate: Option<Rate>,
        /// The largest body that is taken, in bytes.
        max_body: usize,
        /// The proxy that it is reached through.
        proxy: Option<Url>,
    },
    /// `kind: files`
    Files {
        /// The directory that no path leads out of.
        path: PathBuf,
    },
}

/// Where a database on a server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerAddress {
    /// `postgres://user:password@host:port/database`, `mysql://…`
    Url(Url),
    /// The same in parts.
    Parts {
        /// The host.
        host: Arc<str>,
        /// The port.
        port: u16,
        /// The database.
        database: Arc<str>,
        /// Who connects; `None` leaves it to the driver.
        user: Option<Arc<str>>,
        /// With which password.
        password: Option<Secret>,
    },
}

/// How a connection to a database server is encrypted, as in libpq's `sslmode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// Never.
    Disable,
    /// If the server can.
    Prefer,
    /// Always; the server's certificate is not looked at.
    Require,
    /// Always, with a certificate that a known authority signed.
    VerifyCa,
    /// The same, and the certificate is for this host.
    VerifyFull,
}

impl Tls {
    const ALL: [(&'static str, Self); 5] = [
        ("disable", Self::Disable),
        ("prefer", Self::Prefer),
        ("require", Self::Require),
        ("verify-ca", Self::VerifyCa),
        ("verify-full", Self::VerifyFull),
    ];

    /// The word in the configuration, which is libpq's.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(_, tls)| *tls == self).map_or("prefer", |(name, _)| name)
    }
}

/// So many times in so much time: `per_minute(30)`, as the language writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many times, at least once.
    pub count: u64,
    /// In how long, in milliseconds.
    pub per_ms: u64,
}

/// How a server knows us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Login {
    /// `Authorization: Bearer …`
    Token(Secret),
    /// `Authorization: Basic …`
    Password {
        /// Who we are.
        username: Arc<str>,
        /// What proves it.
        password: Secret,
    },
}

impl ConnectionConfig {
    /// The word behind `kind:`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Sqlite { .. } => "sqlite",
            Self::Postgres { .. } => "postgres",
            Self::Mysql { .. } => "mysql",
            Self::Embedded { .. } => "embedded",
            Self::VictoriaMetrics { .. } => "victoria_metrics",
            Self::Prometheus { .. } => "prometheus",
            Self::InfluxDb { .. } => "influxdb",
            Self::Http { .. } => "http",
            Self::Files { .. } => "files",
        }
    }

    /// The kind that the language knows it as.
    pub const fn kind(&self) -> ConnectionKind {
        match self {
            Self::Sqlite { .. } => ConnectionKind::Sqlite,
            Self::Postgres { .. } => ConnectionKind::Postgres,
            Self::Mysql { .. } => ConnectionKind::Mysql,
            Self::Embedded { .. } | Self::VictoriaMetrics { .. } | Self::Prometheus { .. } | Self::InfluxDb { .. } => {
                ConnectionKind::Metrics
            }
            Self::Http { .. } => ConnectionKind::Http,
            Self::Files { .. } => ConnectionKind::Files,
        }
    }

    /// Whether it leads to this machine.
    pub fn is_local(&self) -> bool {
        match self {
            Self::Sqlite { .. } | Self::Embedded { .. } | Self::Files { .. } => true,
            Self::Postgres { address, .. } | Self::Mysql { address, .. } => match address {
                ServerAddress::Url(url) => is_loopback(url.host()),
                ServerAddress::Parts { host, .. } => is_loopback(host),
            },
            Self::VictoriaMetrics { read_url, write_url, .. } => {
                is_loopback(read_url.host()) && is_loopback(write_url.host())
            }
            Self::Prometheus { url, .. } | Self::InfluxDb { url, .. } => is_loopback(url.host()),
            Self::Http { base_url, .. } => is_loopback(base_url.host()),
        }
    }

    /// Credentials in the form in which HTTP sends them; a server that tells them back must not give them away.
    pub(super) fn basic_credentials(&self) -> Vec<String> {
        let (urls, login): (Vec<&Url>, _) = match self {
            Self::VictoriaMetrics { read_url, write_url, login, .. } => (vec![read_url, write_url], login.as_ref()),
            Self::Prometheus { url, login, .. } | Self::InfluxDb { url, login, .. } => (vec![url], login.as_ref()),
            Self::Http { base_url, login, proxy, .. } => {
                (std::iter::once(base_url).chain(proxy.as_ref()).collect(), login.as_ref())
            }
            _ => (Vec::new(), None),
        };
        let in_urls = urls.into_iter().filter_map(Url::login);
        let configured = match login {
            Some(Login::Password { username, password }) => Some((username.to_string(), password.expose().to_owned())),
            _ => None,
        };
        in_urls.chain(configured).map(|(user, password)| basic(&user, &password)).collect()
    }

    /// The settings as JSON, secrets included: for [`mask_json`](super::mask_json) only.
    pub(super) fn unmasked_json(&self) -> Value {
        let mut shown = match self {
            Self::Sqlite { path, schema } => json!({ "path": path, "schema": schema }),
            Self::Postgres { address, tls, pool } | Self::Mysql { address, tls, pool } => {
                address.unmasked_json(*tls, *pool)
            }
            Self::Files { path } => json!({ "path": path }),
            Self::Embedded { path, seed } => json!({ "path": path, "seed": seed }),
            Self::VictoriaMetrics {
                read_url,
                write_url,
                login,
                timeout_ms,
                pool,
                future_retention_ms,
                write,
                durable,
                ca,
            } => json!({
                "read_url": read_url.to_string(), "write_url": write_url.to_string(),
                "token": login.as_ref().and_then(Login::token), "username": login.as_ref().and_then(Login::username),
                "password": login.as_ref().and_then(Login::password), "timeout_ms": timeout_ms, "pool": pool,
                "future_retention_ms": future_retention_ms, "write": write.as_str(), "durable": durable.as_str(), "ca": ca,
            }),
            Self::InfluxDb { url, database, login, timeout_ms, pool, ca } => json!({
                "url": url.to_string(), "database": &**database, "token": login.as_ref().and_then(Login::token),
                "username": login.as_ref().and_then(Login::username),
                "password": login.as_ref().and_then(Login::password), "timeout_ms": timeout_ms, "pool": pool, "ca": ca,
            }),
            Self::Prometheus { url, login, timeout_ms, pool, ca } => json!({
                "url": url.to_string(), "token": login.as_ref().and_then(Login::token),
                "username": login.as_ref().and_then(Login::username),
                "password": login.as_ref().and_then(Login::password), "timeout_ms": timeout_ms, "pool": pool, "ca": ca,
            }),
            Self::Http { base_url, headers, query, login, timeout_ms, pool, rate, max_body, proxy } => json!({
                "base_url": base_url.to_string(), "headers": exposed(headers), "query": some_exposed(query),
                "token": login.as_ref().and_then(Login::token), "username": login.as_ref().and_then(Login::username),
                "password": login.as_ref().and_then(Login::password), "timeout_ms": timeout_ms, "pool": pool,
                "rate": rate.map(|rate| json!({ "count": rate.count, "per_ms": rate.per_ms })), "max_body": max_body,
                "proxy": proxy.as_ref().map(ToString::to_string),
            }),
        };
        if let Value::Object(settings) = &mut shown {
            settings.retain(|_, value| !value.is_null());
            settings.shift_insert(0, "kind".to_owned(), self.name().into());
        }
        shown
    }
}

fn exposed(pairs: &IndexMap<Arc<str>, Secret>) -> Value {
    Value::Object(pairs.iter().map(|(name, value)| (name.to_string(), Value::from(value.expose()))).collect())
}

fn some_exposed(pairs: &IndexMap<Arc<str>, Secret>) -> Option<Value> {
    (!pairs.is_empty()).then(|| exposed(pairs))
}

impl ServerAddress {
    fn unmasked_json(&self, tls: Option<Tls>, pool: usize) -> Value {
        match self {
            Self::Url(url) => json!({ "url": url.to_string(), "tls": tls.map(Tls::as_str), "pool": pool }),
            Self::Parts { host, port, database, user, password } => json!({
                "host": &**host, "port": port, "database": &**database, "user": user.as_deref(),
                "password": password.as_ref().map(Secret::expose), "tls": tls.map(Tls::as_str), "pool": pool,
            }),
        }
    }
}

impl Login {
    fn token(&self) -> Option<&str> {
        match self {
            Self::Token(token) => Some(token.expose()),
            Self::Password { .. } => None,
        }
    }

    fn username(&self) -> Option<&str> {
        match self {
            Self::Password { username, .. } => Some(username),
            Self::Token(_) => None,
        }
    }

    fn password(&self) -> Option<&str> {
        match self {
            Self::Password { password, .. } => Some(password.expose()),
            Self::Token(_) => None,
        }
    }
}

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

fn postgres(reading: &mut Reading<'_>, owner: &str, map: &Mapping, span: Span) -> Option<ConnectionConfig> {
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
    let login = login(reading, owner, map, span);
    let timeout_ms = or_default(map, "timeout", TIMEOUT_MS, |field| reading.duration_ms(field));
    let pool = pool(reading, map);
    let retention = or_default(map, "future_retention", FUTURE_RETENTION_MS, |field| reading.duration_ms(field));
    let write = or_default(map, "write", WriteProtocol::default(), |field| reading.word(field, &WriteProtocol::ALL));
    let durable = or_default(map, "durable", Durable::default(), |field| reading.word(field, &Durable::ALL));
    let ca = optional(map, "ca", |field| reading.path(field));
    let (read_url, write_url) = urls?;
    Some(ConnectionConfig::VictoriaMetrics {
        read_url,
        write_url,
        login: login?,
        timeout_ms: timeout_ms?,
        pool: pool?,
        future_retention_ms: retention?,
        write: write?,
        durable: durable?,
        ca: ca?,
    })
}

/// `url` for both, or each by itself.
fn victoria_metrics_urls(reading: &mut Reading<'_>, owner: &str, map: &Mapping, span: Span) -> Option<(Url, Url)> {
    let both = field(map, "url");
    let mut one = |key: &str| {
        let given = field(map, key).or(both);
        if given.is_none() {
            let help = "add `url: http://…`, or `read_url: …` and `write_url: …`";
            reading.report(span, format!("{owner} wants `{key}`"), help);
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
    let login = login(reading, owner, map, span);
    let timeout_ms = or_default(map, "timeout", TIMEOUT_MS, |field| reading.duration_ms(field));
    let pool = pool(reading, map);
    let ca = optional(map, "ca", |field| reading.path(field));
    Some(ConnectionConfig::Prometheus { url: url?, login: login?, timeout_ms: timeout_ms?, pool: pool?, ca: ca? })
}

fn influxdb(reading: &mut Reading<'_>, owner: &str, map: &Mapping, span: Span) -> Option<ConnectionConfig> {
    let url = reading.required(map, "url", span, owner).and_then(|field| reading.url(field, WEB));
    let database = reading.required(map, "database", span, owner).and_then(|field| reading.name(field));
    let login = login(reading, owner, map, span);
    let timeout_ms = or_default(map, "timeout", TIMEOUT_MS, |field| reading.duration_ms(field));
    let pool = pool(reading, map);
    let ca = optional(map, "ca", |field| reading.path(field));
    Some(ConnectionConfig::InfluxDb {
        url: url?,
        database: database?,
        login: login?,
        timeout_ms: timeout_ms?,
        pool: pool?,
        ca: ca?,
    })
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
fn optional_secret(reading: &mut Reading<'_>, map: &Mapping, key: &str) -> Option<Option<Secret>> {
    let Some(field) = field(map, key) else { return Some(None) };
    let text = reading.text(field)?;
    Some((!text.is_empty()).then(|| Secret::new(text)))
}
