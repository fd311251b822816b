//! MySQL 8 and MariaDB 10.5, and later.
//!
//! Every session is set up alike, whatever the server's defaults ([`pool`]): strict, so that a value that does not fit
//! is an error and is not cut; in UTC; in `utf8mb4`; with quotes, `||` and backslashes as the other databases read
//! them, so that one text means the same everywhere.

mod decode;
mod describe;
mod encode;
mod error;
mod pool;
mod preview;
mod statement;
mod target;
mod transaction;
mod upsert;
mod write;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use sqlx::mysql::{MySqlConnectOptions, MySqlSslMode};

use self::pool::Pool;
use self::statement::Place;
use self::target::Described;
use self::transaction::{LiveTransaction, commit};
use super::SqlTls;
use super::rows::not_a_read;
use crate::connection::preview::Change;
use crate::connection::{Answer, Sql, SqlDialect, SqlSession, SqlTransaction, Upserted};
use crate::query::sql::{SqlQuery, StatementKind};
use crate::value::{ErrorKind, StepError, Table};

/// Which server, which database, as whom.
#[derive(Clone, PartialEq, Eq)]
pub enum MysqlServer {
    /// `mysql://user:password@host:port/database`.
    Url(String),
    /// The parts of it.
    Parts {
        /// Name or address; a path is that of a socket.
        host: String,
        /// Usually 3306.
        port: u16,
        /// The database.
        database: String,
        /// The user.
        user: String,
        /// The user's password.
        password: Option<String>,
    },
}

/// Neither a URL nor a password is shown.
impl fmt::Debug for MysqlServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(_) => f.write_str("Url(•••)"),
            Self::Parts { host, port, database, user, .. } => write!(f, "{user}@{host}:{port}/{database}"),
        }
    }
}

/// How to reach a MySQL or MariaDB database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MysqlOptions {
    /// Where and as whom.
    pub server: MysqlServer,
    /// How the connection is encrypted, in the words of the other server; `None` leaves it to the URL.
    pub tls: Option<SqlTls>,
    /// The most connections at once; at least 1.
    pub pool: usize,
    /// How long connecting may take, in milliseconds.
    pub connect_timeout_ms: u64,
}

/// A MySQL or MariaDB database; nobody connects before the first use.
#[derive(Debug, Clone)]
pub struct MysqlDatabase {
    shared: Arc<Shared>,
}

/// What all sessions of a database share.
#[derive(Debug)]
struct Shared {
    pool: Arc<Pool>,
    targets: Mutex<HashMap<String, Arc<Described>>>,
    /// The columns of JSON of each table that was asked for; MariaDB does not say with a result which they are.
    json: Mutex<HashMap<String, Arc<HashSet<String>>>>,
}

impl MysqlDatabase {
    /// A database as described; fails when the URL cannot be read.
    pub fn connect(options: &MysqlOptions) -> Result<Self, StepError> {
        let connect = connect_options(options)?;
        let Some(database) = connect.get_database().map(str::to_owned) else {
            return Err(StepError::new(ErrorKind::Configuration, "the URL of the MySQL connection names no database")
                .help("write `mysql://user:password@host:port/database`"));
        };
        let place = match connect.get_socket() {
            Some(socket) => format!("{}/{database}", socket.display()),
            None => format!("{}:{}/{database}", connect.get_host(), connect.get_port()),
        };
        let patience = Duration::from_millis(options.connect_timeout_ms.max(1));
        let pool = Arc::new(Pool::new(connect, place, options.pool.max(1), patience));
        Ok(Self { shared: Arc::new(Shared { pool, targets: Mutex::default(), json: Mutex::default() }) })
    }
}

fn connect_options(options: &MysqlOptions) -> Result<MySqlConnectOptions, StepError> {
    let connect = match &options.server {
        // The reason never repeats the URL, which holds the password.
        MysqlServer::Url(url) => url.parse::<MySqlConnectOptions>().map_err(|_| {
            StepError::new(ErrorKind::Configuration, "the URL of the MySQL connection cannot be read")
                .help("write `mysql://user:password@host:port/database`, with special characters percent-encoded")
        })?,
        MysqlServer::Parts { host, port, database, user, password } => {
            let connect = MySqlConnectOptions::new().port(*port).database(database).username(user);
            let connect = if host.starts_with('/') { connect.socket(host) } else { connect.host(host) };
            match password {
                Some(password) => connect.password(password),
                None => connect,
            }
        }
    };
    let connect = match options.tls {
        Some(tls) => connect.ssl_mode(ssl_mode(tls)),
        None => connect,
    };
    // The modes are set in one piece when connecting: see `pool`.
    Ok(connect.charset("utf8mb4").timezone("+00:00".to_owned()).pipes_as_concat(false).no_engine_substitution(false))
}

const fn ssl_mode(tls: SqlTls) -> MySqlSslMode {
    match tls {
        SqlTls::Disable => MySqlSslMode::Disabled,
        SqlTls::Prefer => MySqlSslMode::Preferred,
        SqlTls::Require => MySqlSslMode::Required,
        SqlTls::VerifyCa => MySqlSslMode::VerifyCa,
        SqlTls::VerifyFull => MySqlSslMode::VerifyIdentity,
    }
}

impl Shared {
    /// Forgets what is known of tables.
    fn forget(&self) {
        self.targets.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.json.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Reads in a transaction that cannot write.
    async fn query(&self, query: &SqlQuery) -> Result<Table, StepError> {
        if query.template.kind != StatementKind::Read {
            return Err(not_a_read());
        }
        let mut lease = self.pool.lend().await?;
        let mut place = Place { live: lease.live()?, shared: self };
        place.command("start transaction read only").await?;
        let result = place.query(query).await;
        if place.command("rollback").await.is_ok() {
            lease.give_back();
        }
        result
    }

    /// A definition ends a transaction, so it runs outside of one.
    async fn define(&self, query: &SqlQuery) -> Result<u64, StepError> {
        let mut lease = self.pool.lend().await?;
        let result = Place { live: lease.live()?, shared: self }.execute(query).await;
        match &result {
            Err(error) if error.kind == ErrorKind::Connection => {
                let message = format!("{}; whether the statement ran is not known", error.message);
                return Err(
                    StepError::new(ErrorKind::Ambiguous, message).help("look whether it did, then run it again")
                );
            }
            _ => lease.give_back(),
        }
        result
    }
}

/// A session outside any transaction: each read and each write in a transaction of its own.
struct Session {
    shared: Arc<Shared>,
}

/// Runs a write in a transaction of its own.
macro_rules! alone {
    ($self:ident, $place:ident => $work:expr) => {
        async move {
            let mut lease = $self.shared.pool.lend().await?;
            let mut $place = Place { live: lease.live()?, shared: &$self.shared };
            $place.command("start transaction").await?;
            match $work.await {
                Ok(done) => commit(lease, true).await.map(|()| done),
                Err(error) => {
                    if $place.command("rollback").await.is_ok() {
                        lease.give_back();
                    }
                    Err(error)
                }
            }
        }
        .boxed()
    };
}

/// Looks at the database in a transaction that cannot write.
macro_rules! reading {
    ($self:ident, $place:ident => $work:expr) => {
        async move {
            let mut lease = $self.shared.pool.lend().await?;
            let mut $place = Place { live: lease.live()?, shared: &$self.shared };
            $place.command("start transaction read only").await?;
            let result = $work.await;
            if $place.command("rollback").await.is_ok() {
                lease.give_back();
            }
            result
        }
        .boxed()
    };
}

impl SqlSession for Session {
    fn query<'a>(&'a mut self, query: &'a SqlQuery) -> Answer<'a, Table> {
        self.shared.query(query).boxed()
    }

    fn execute<'a>(&'a mut self, query: &'a SqlQuery) -> Answer<'a, u64> {
        if query.template.kind == StatementKind::Definition {
            return self.shared.define(query).boxed();
        }
        alone!(self, place => place.execute(query))
    }

    fn each<'a>(&'a mut self, query: &'a SqlQuery, rows: &'a Table) -> Answer<'a, u64> {
        alone!(self, place => place.each(query, rows))
    }

    fn insert<'a>(&'a mut self, table: &'a str, rows: &'a Table) -> Answer<'a, u64> {
        alone!(self, place => place.insert(table, rows))
    }

    fn upsert<'a>(
        &'a mut self,
        table: &'a str,
        rows: &'a Table,
        key: &'a [Arc<str>],
        returning: &'a [Arc<str>],
    ) -> Answer<'a, Upserted> {
        alone!(self, place => place.upsert(table, rows, key, returning))
    }

    fn preview_insert<'a>(&'a mut self, table: &'a str, rows: &'a Table) -> Answer<'a, Change> {
        reading!(self, place => place.preview_insert(table, rows))
    }

    fn preview_upsert<'a>(&'a mut self, table: &'a str, rows: &'a Table, key: &'a [Arc<str>]) -> Answer<'a, Change> {
        reading!(self, place => place.preview_upsert(table, rows, key))
    }
}

impl Sql for MysqlDatabase {
    fn dialect(&self) -> SqlDialect {
        SqlDialect::MySql
    }

    fn pool_size(&self) -> usize {
        self.shared.pool.size()
    }

    /// Borrows a connection and gives it back, so that a server that is not there is told here.
    fn session(&self) -> Answer<'_, Box<dyn SqlSession>> {
        async move {
            self.shared.pool.lend().await?.give_back();
            Ok(Box::new(Session { shared: self.shared.clone() }) as Box<dyn SqlSession>)
        }
        .boxed()
    }

    fn begin(&self) -> Answer<'_, Box<dyn SqlTransaction>> {
        async move {
            let mut lease = self.shared.pool.lend().await?;
            Place { live: lease.live()?, shared: &self.shared }.command("start transaction").await?;
            Ok(Box::new(LiveTransaction::new(lease, self.shared.clone())) as Box<dyn SqlTransaction>)
        }
        .boxed()
    }
}
