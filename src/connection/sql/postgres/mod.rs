//! PostgreSQL, 13 and later.

mod batch;
mod binary;
mod commit;
mod copy;
mod decode;
mod describe;
mod each;
mod encode;
mod error;
mod plan;
mod pool;
mod preview;
mod statement;
mod target;
mod transaction;
mod upsert;
mod write;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use self::commit::commit;
pub(crate) use self::error::{statement_failure as postgres_failure, unreachable as postgres_unreachable};
use self::plan::Plans;
use self::pool::Pool;
use self::statement::Place;
use self::target::Known;
use self::transaction::LiveTransaction;
use super::SqlTls;
use super::rows::not_a_read;
use crate::connection::preview::Change;
use crate::connection::{Answer, Sql, SqlDialect, SqlSession, SqlTransaction, Upserted};
use crate::query::sql::{SqlQuery, StatementKind};
use crate::value::{ErrorKind, StepError, Table};

/// Which server, which database, as whom.
#[derive(Clone, PartialEq, Eq)]
pub enum PostgresServer {
    /// `postgres://user:password@host:port/database?sslmode=verify-full`.
    Url(String),
    /// The parts of it.
    Parts {
        /// Name or address; a path is the folder of a socket.
        host: String,
        /// Usually 5432.
        port: u16,
        /// The database.
        database: String,
        /// The user.
        user: String,
        /// The user's password.
        password: Option<String>,
        /// Encryption.
        tls: SqlTls,
    },
}

/// Neither a URL nor a password is shown.
impl fmt::Debug for PostgresServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(_) => f.write_str("Url(•••)"),
            Self::Parts { host, port, database, user, .. } => write!(f, "{user}@{host}:{port}/{database}"),
        }
    }
}

/// How to reach a PostgreSQL database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostgresOptions {
    /// Where and as whom.
    pub server: PostgresServer,
    /// The most connections at once; at least 1.
    pub pool: usize,
    /// How long connecting may take, in milliseconds.
    pub connect_timeout_ms: u64,
}

/// A PostgreSQL database; nobody connects before the first use.
#[derive(Debug, Clone)]
pub struct PostgresDatabase {
    shared: Arc<Shared>,
}

/// What all sessions of a database share.
#[derive(Debug)]
struct Shared {
    pool: Arc<Pool>,
    plans: Plans,
    targets: Mutex<HashMap<String, Arc<Known>>>,
}

impl PostgresDatabase {
    /// A database as described; fails when the URL cannot be read.
    pub fn connect(options: &PostgresOptions) -> Result<Self, StepError> {
        let connect = postgres_options(&options.server)?;
        let place =
            format!("{}:{}/{}", connect.get_host(), connect.get_port(), connect.get_database().unwrap_or_default());
        let patience = Duration::from_millis(options.connect_timeout_ms.max(1));
        let pool = Arc::new(Pool::new(connect, place, options.pool.max(1), patience));
        Ok(Self { shared: Arc::new(Shared { pool, plans: Plans::default(), targets: Mutex::default() }) })
    }
}

/// How to connect to a server. Fails when its URL cannot be read.
pub(crate) fn postgres_options(server: &PostgresServer) -> Result<PgConnectOptions, StepError> {
    let options = match server {
        // The reason never repeats the URL, which holds the password.
        PostgresServer::Url(url) => url.parse::<PgConnectOptions>().map_err(|_| {
            StepError::new(ErrorKind::Configuration, "the URL of the PostgreSQL connection cannot be read")
                .help("write `postgres://user:password@host:port/database`, with special characters percent-encoded")
        })?,
        PostgresServer::Parts { host, port, database, user, password, tls } => {
            let options = PgConnectOptions::new_without_pgpass()
                .host(host)
                .port(*port)
                .database(database)
                .username(user)
                .ssl_mode(ssl_mode(*tls));
            match password {
                Some(password) => options.password(password),
                None => options,
            }
        }
    };
    // A zone of the server's own would decide what `'2025-01-31'::timestamptz` means.
    Ok(options.application_name("vmflow").options([("TimeZone", "UTC")]))
}

const fn ssl_mode(tls: SqlTls) -> PgSslMode {
    match tls {
        SqlTls::Disable => PgSslMode::Disable,
        SqlTls::Prefer => PgSslMode::Prefer,
        SqlTls::Require => PgSslMode::Require,
        SqlTls::VerifyCa => PgSslMode::VerifyCa,
        SqlTls::VerifyFull => PgSslMode::VerifyFull,
    }
}

impl Shared {
    fn target(&self, name: &str) -> Option<Arc<Known>> {
        self.targets.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    fn remember(&self, target: Arc<Known>) {
        self.targets.lock().unwrap_or_else(PoisonError::into_inner).insert(target.table.name.clone(), target);
    }

    /// Forgets what is known of tables.
    fn forget(&self) {
        self.plans.forget();
        self.targets.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Reads in a transaction that cannot write.
    async fn query(&self, query: &SqlQuery) -> Result<Table, StepError> {
        if query.template.kind != StatementKind::Read {
            return Err(not_a_read());
        }
        let mut lease = self.pool.lend().await?;
        let mut place = Place { connection: lease.connection()?, shared: self, inside: true };
        place.command("begin read only").await?;
        let result = place.query(query).await;
        if place.command("rollback").await.is_ok() {
            lease.give_back();
        }
        result
    }

    /// `vacuum` and the like refuse to run inside a transaction; one definition is atomic by itself.
    async fn define(&self, query: &SqlQuery) -> Result<u64, StepError> {
        let mut lease = self.pool.lend().await?;
        let mut place = Place { connection: lease.connection()?, shared: self, inside: false };
        let result = place.execute(query).await;
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
            let mut $place = Place { connection: lease.connection()?, shared: &$self.shared, inside: true };
            $place.command("begin").await?;
            match $work.await {
                Ok(done) => commit(lease).await.map(|()| done),
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
            let mut $place = Place { connection: lease.connection()?, shared: &$self.shared, inside: true };
            $place.command("begin read only").await?;
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

impl Sql for PostgresDatabase {
    fn dialect(&self) -> SqlDialect {
        SqlDialect::Postgres
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
            let mut place = Place { connection: lease.connection()?, shared: &self.shared, inside: false };
            place.command("begin").await?;
            Ok(Box::new(LiveTransaction::new(lease, self.shared.clone())) as Box<dyn SqlTransaction>)
        }
        .boxed()
    }
}
