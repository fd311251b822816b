//! Connections: what a workflow's `use db: sql` stands for in an environment.

use std::path::PathBuf;
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::metrics::{Durable, WriteProtocol};
use super::secret::{Secret, Url, basic, is_loopback};
use crate::source::Span;
use crate::value::ConnectionKind;

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
        /// How both are asked.
        server: MetricsServer,
        /// How far ahead of now the server keeps samples, in milliseconds.
        future_retention_ms: u64,
        /// How samples are sent.
        write: WriteProtocol,
        /// How they are made to outlive a crash of the server.
        durable: Durable,
    },
    /// `kind: prometheus`
    Prometheus {
        /// Where queries go, and samples; no slash at its end.
        url: Url,
        /// How it is asked.
        server: MetricsServer,
    },
    /// `kind: influxdb`, which is only written to.
    InfluxDb {
        /// The server; no slash at its end.
        url: Url,
        /// The database on it.
        database: Arc<str>,
        /// How it is asked.
        server: MetricsServer,
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

/// How a server of metrics is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricsServer {
    /// How it knows us.
    pub login: Option<Login>,
    /// How long a request may take, in milliseconds.
    pub timeout_ms: u64,
    /// How many requests may be under way at once.
    pub pool: usize,
    /// A file of certificates to trust besides the machine's.
    pub ca: Option<PathBuf>,
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
    pub(super) const ALL: [(&'static str, Self); 5] = [
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
            Self::VictoriaMetrics { read_url, write_url, server, .. } => {
                (vec![read_url, write_url], server.login.as_ref())
            }
            Self::Prometheus { url, server } | Self::InfluxDb { url, server, .. } => (vec![url], server.login.as_ref()),
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
            Self::VictoriaMetrics { read_url, write_url, server, future_retention_ms, write, durable } => with_server(
                json!({
                    "read_url": read_url.to_string(), "write_url": write_url.to_string(),
                    "future_retention_ms": future_retention_ms, "write": write.as_str(), "durable": durable.as_str(),
                }),
                server,
            ),
            Self::InfluxDb { url, database, server } => {
                with_server(json!({ "url": url.to_string(), "database": &**database }), server)
            }
            Self::Prometheus { url, server } => with_server(json!({ "url": url.to_string() }), server),
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

/// The settings of a connection with how its server is asked.
fn with_server(mut settings: Value, server: &MetricsServer) -> Value {
    let login = server.login.as_ref();
    let asked = json!({
        "token": login.and_then(Login::token), "username": login.and_then(Login::username),
        "password": login.and_then(Login::password), "timeout_ms": server.timeout_ms, "pool": server.pool, "ca": server.ca,
    });
    if let (Value::Object(settings), Value::Object(asked)) = (&mut settings, asked) {
        settings.extend(asked);
    }
    settings
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
