//! From configured connections to live ones. No server is contacted here: it is when a step first needs it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;

use super::metrics_server::open_metrics;
use super::project::read_text;
use crate::check::program::{ConnectionUse, Workflow};
use crate::config::{Connection, ConnectionConfig, Environment, Login, Secret, ServerAddress, Tls};
use crate::connection::files::Directory;
use crate::connection::http::{HttpOptions, HttpRate, HttpSource};
use crate::connection::sql::{
    MysqlDatabase, MysqlOptions, MysqlServer, PostgresDatabase, PostgresOptions, PostgresServer, SqlTls,
    SqliteDatabase, SqliteOptions,
};
use crate::connection::{Authorization, Clock, Describe};
use crate::diagnostic::{Diagnostic, codes, did_you_mean};
use crate::primitive::Connections;

/// How long connecting to a database may take, in milliseconds; the steps' own limits come on top.
const CONNECT_TIMEOUT_MS: u64 = 10_000;

/// Connections that are only read.
pub(super) struct Reading {
    /// The connections.
    pub(super) connections: Connections,
    /// What stands in for stores that are not there yet; gone when the reading is over.
    _stand_ins: Vec<StandIn>,
}

/// A folder that is removed when nobody needs it any more.
struct StandIn(PathBuf);

impl Drop for StandIn {
    fn drop(&mut self) {
        // What cannot be removed lies in the folder for such things.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// [`connect`], to read only: no store is made that is not there yet, nor is one given its seed.
pub(super) async fn connect_to_read(
    workflow: &Workflow,
    environment: &Environment,
    clock: &Arc<dyn Clock>,
) -> Result<Reading, Vec<Diagnostic>> {
    let mut stand_ins = Vec::new();
    let connections = environment.connections.iter().map(|(name, connection)| {
        let (connection, stand_in) = to_read(connection);
        stand_ins.extend(stand_in);
        (name.clone(), connection)
    });
    let connections = connections.collect();
    let mut environment = environment.clone();
    environment.connections = connections;
    let connections = connect_as(workflow, &environment, clock, Access::Read).await?;
    Ok(Reading { connections, _stand_ins: stand_ins })
}

/// One connection, to read only; the error is a line for people.
pub(super) async fn open_to_read(connection: &Connection, clock: &Arc<dyn Clock>) -> Result<Reading, String> {
    let (connection, stand_in) = to_read(connection);
    let mut connections = Connections::default();
    open(&mut connections, &connection, clock, Access::Read).await?;
    Ok(Reading { connections, _stand_ins: stand_in.into_iter().collect() })
}

/// A connection as it is read: an embedded store that is not there yet lies somewhere else for the time being.
fn to_read(connection: &Connection) -> (Connection, Option<StandIn>) {
    let mut connection = connection.clone();
    let ConnectionConfig::Embedded { path, seed } = &mut connection.kind else { return (connection, None) };
    if path.exists() {
        *seed = None;
        return (connection, None);
    }
    let folder = std::env::temp_dir().join(format!("vmflow-plan-{}", uuid::Uuid::now_v7()));
    path.clone_from(&folder);
    (connection, Some(StandIn(folder)))
}

/// Whether a connection may change anything.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}

/// Binds the connections that a workflow uses, by name; all that is missing is told at once.
pub(super) async fn connect(
    workflow: &Workflow,
    environment: &Environment,
    clock: &Arc<dyn Clock>,
) -> Result<Connections, Vec<Diagnostic>> {
    connect_as(workflow, environment, clock, Access::Write).await
}

async fn connect_as(
    workflow: &Workflow,
    environment: &Environment,
    clock: &Arc<dyn Clock>,
    access: Access,
) -> Result<Connections, Vec<Diagnostic>> {
    let mut connections = Connections::default();
    let mut findings = Vec::new();
    for wanted in &workflow.connections {
        match bind(&mut connections, wanted, environment, clock, access).await {
            Ok(()) => {}
            Err(finding) => findings.push(*finding),
        }
    }
    if findings.is_empty() { Ok(connections) } else { Err(findings) }
}

async fn bind(
    connections: &mut Connections,
    wanted: &ConnectionUse,
    environment: &Environment,
    clock: &Arc<dyn Clock>,
    access: Access,
) -> Result<(), Box<Diagnostic>> {
    let Some(found) = environment.connections.get(&wanted.name) else {
        let message = format!("the environment `{}` has no connection `{}`", environment.name, wanted.name);
        let mut finding = Diagnostic::new(&codes::VF701, wanted.span, message);
        finding.help = did_you_mean(&wanted.name, environment.connections.keys().map(|name| &**name));
        return Err(Box::new(finding));
    };
    if !found.kind.kind().fits(wanted.kind) {
        let (is, wants) = (found.kind.name(), wanted.kind.name());
        let message =
            format!("the workflow wants `{}` to be `{wants}`; in `{}` it is `{is}`", wanted.name, environment.name);
        return Err(Box::new(
            Diagnostic::new(&codes::VF701, wanted.span, message).label(found.span, "configured here"),
        ));
    }
    open(connections, found, clock, access).await.map_err(|why| {
        Box::new(Diagnostic::new(
            &codes::VF701,
            found.span,
            format!("the connection `{}` cannot be used: {why}", found.name),
        ))
    })
}

async fn open(
    connections: &mut Connections,
    connection: &Connection,
    clock: &Arc<dyn Clock>,
    access: Access,
) -> Result<(), String> {
    let name = connection.name.clone();
    match &connection.kind {
        ConnectionConfig::Sqlite { path, schema } => {
            let options = SqliteOptions { path: path.clone(), schema_sql: schema_text(schema.as_deref())? };
            let database = match access {
                Access::Read => SqliteDatabase::open_to_read(options),
                Access::Write => SqliteDatabase::open(options),
            };
            connections.sql.insert(name, Arc::new(database));
        }
        ConnectionConfig::Postgres { address, tls, pool } => {
            let options =
                PostgresOptions { server: server(address, *tls), pool: *pool, connect_timeout_ms: CONNECT_TIMEOUT_MS };
            let database = PostgresDatabase::connect(&options).map_err(|error| error.to_string())?;
            connections.sql.insert(name, Arc::new(database));
        }
        ConnectionConfig::Mysql { address, tls, pool } => {
            let database = MysqlDatabase::connect(&mysql(address, *tls, *pool)).map_err(|error| error.to_string())?;
            connections.sql.insert(name, Arc::new(database));
        }
        ConnectionConfig::Embedded { .. }
        | ConnectionConfig::VictoriaMetrics { .. }
        | ConnectionConfig::Prometheus { .. }
        | ConnectionConfig::InfluxDb { .. } => {
            connections.metrics.insert(name, open_metrics(&connection.kind, clock).await?);
        }
        ConnectionConfig::Http { base_url, headers, query, login, timeout_ms, pool, rate, max_body, proxy } => {
            let options = HttpOptions {
                base_url: base_url.expose().to_owned(),
                headers: exposed(headers),
                query: exposed(query),
                authorization: login.as_ref().map(authorization).unwrap_or_default(),
                timeout_ms: *timeout_ms,
                pool: *pool,
                rate: rate.map(|rate| HttpRate { count: rate.count, per_ms: rate.per_ms }),
                max_body: *max_body,
                proxy: proxy.as_ref().map(|proxy| proxy.expose().to_owned()),
                verify: true,
            };
            let source = HttpSource::new(&options, clock.clone()).map_err(|error| error.to_string())?;
            connections.http.insert(name, Arc::new(source));
        }
        ConnectionConfig::Files { path } => {
            connections.files.insert(name.clone(), Arc::new(Directory::new(name, path.clone())));
        }
    }
    Ok(())
}

/// A database that is asked about itself, and not changed by that. A SQLite file that is not there yet is not made: it would
/// hold what its `schema` says.
pub(super) fn describe(connection: &Connection) -> Result<Arc<dyn Describe>, String> {
    match &connection.kind {
        ConnectionConfig::Sqlite { path, schema } => {
            let options = SqliteOptions { path: path.clone(), schema_sql: schema_text(schema.as_deref())? };
            Ok(Arc::new(SqliteDatabase::open_to_describe(options)))
        }
        ConnectionConfig::Postgres { address, tls, .. } => {
            let options =
                PostgresOptions { server: server(address, *tls), pool: 1, connect_timeout_ms: CONNECT_TIMEOUT_MS };
            Ok(Arc::new(PostgresDatabase::connect(&options).map_err(|error| error.to_string())?))
        }
        ConnectionConfig::Mysql { address, tls, .. } => {
            Ok(Arc::new(MysqlDatabase::connect(&mysql(address, *tls, 1)).map_err(|error| error.to_string())?))
        }
        _ => Err("it is no SQL database".to_owned()),
    }
}

fn schema_text(path: Option<&Path>) -> Result<Option<String>, String> {
    path.map(|path| read_text(path).map_err(|why| format!("cannot read the schema `{}`: {why}", path.display())))
        .transpose()
}

pub(super) fn exposed(pairs: &IndexMap<Arc<str>, Secret>) -> Vec<(Arc<str>, Arc<str>)> {
    pairs.iter().map(|(name, value)| (name.clone(), value.expose().into())).collect()
}

pub(super) fn authorization(login: &Login) -> Authorization {
    match login {
        Login::Token(token) => Authorization::Bearer(token.expose().into()),
        Login::Password { username, password } => {
            Authorization::Basic { user: username.clone(), password: password.expose().into() }
        }
    }
}

pub(super) fn server(address: &ServerAddress, tls: Option<Tls>) -> PostgresServer {
    match address {
        // The parameter of the URL and `tls:` say the same; the configuration refuses both at once.
        ServerAddress::Url(url) => PostgresServer::Url(with_tls(url.expose(), tls)),
        ServerAddress::Parts { host, port, database, user, password } => PostgresServer::Parts {
            host: host.to_string(),
            port: *port,
            database: database.to_string(),
            user: user.as_deref().unwrap_or("postgres").to_owned(),
            password: password.as_ref().map(|password| password.expose().to_owned()),
            tls: tls.map(sql_tls).unwrap_or_default(),
        },
    }
}

fn mysql(address: &ServerAddress, tls: Option<Tls>, pool: usize) -> MysqlOptions {
    let server = match address {
        ServerAddress::Url(url) => MysqlServer::Url(url.expose().to_owned()),
        ServerAddress::Parts { host, port, database, user, password } => MysqlServer::Parts {
            host: host.to_string(),
            port: *port,
            database: database.to_string(),
            user: user.as_deref().unwrap_or("root").to_owned(),
            password: password.as_ref().map(|password| password.expose().to_owned()),
        },
    };
    MysqlOptions { server, tls: tls.map(sql_tls), pool, connect_timeout_ms: CONNECT_TIMEOUT_MS }
}

fn with_tls(url: &str, tls: Option<Tls>) -> String {
    match tls {
        Some(tls) => format!("{url}{}sslmode={}", if url.contains('?') { '&' } else { '?' }, tls.as_str()),
        None => url.to_owned(),
    }
}

const fn sql_tls(tls: Tls) -> SqlTls {
    match tls {
        Tls::Disable => SqlTls::Disable,
        Tls::Prefer => SqlTls::Prefer,
        Tls::Require => SqlTls::Require,
        Tls::VerifyCa => SqlTls::VerifyCa,
        Tls::VerifyFull => SqlTls::VerifyFull,
    }
}
