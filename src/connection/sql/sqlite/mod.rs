//! SQLite: one writer, several readers, write-ahead log.

mod blame;
mod decode;
mod describe;
mod error;
mod interrupt;
mod local;
mod preview;
mod read;
mod rounding;
mod transaction;
mod turn;
mod upsert;
mod write;

use std::fs::File;
use std::future::ready;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, Sqlite, SqliteConnection, Transaction};
use tokio::sync::OnceCell;

use self::interrupt::Interrupt;
pub use self::local::query as local_query;
use self::transaction::LiveTransaction;
pub(crate) use self::turn::when_free;
use super::rows::not_a_read;
use crate::connection::preview::Change;
use crate::connection::{Answer, Sql, SqlDialect, SqlSession, SqlTransaction, Upserted};
use crate::query::sql::{SqlQuery, StatementKind};
use crate::value::{ErrorKind, StepError, Table};

/// How long to wait for a lock that another process or the own writer holds.
const BUSY: Duration = Duration::from_secs(30);

/// How many connections read at once.
const READERS: u32 = 4;

/// Where a SQLite database lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqliteOptions {
    /// The file; it and its folder are made when missing. `:memory:` is a database of this process.
    pub path: PathBuf,
    /// Statements (`create table if not exists …; …`) that run when the database has no tables yet.
    pub schema_sql: Option<String>,
}

/// A SQLite database; its file is opened at the first use.
#[derive(Debug, Clone)]
pub struct SqliteDatabase {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    options: SqliteOptions,
    /// One connection: SQLite has one writer at a time, and waiting in line is fairer than its busy handler.
    writer: SqlitePool,
    readers: SqlitePool,
    ready: OnceCell<Access>,
}

/// What its file lets a database do.
#[derive(Debug)]
enum Access {
    Write,
    /// Nobody may write the file, which is told to who wants to.
    Read(StepError),
}

impl SqliteDatabase {
    /// A database at a path; nothing is touched before the first use.
    pub fn open(options: SqliteOptions) -> Self {
        let connect = SqliteConnectOptions::new().foreign_keys(true).busy_timeout(BUSY).shared_cache(false);
        let (writer, readers) = if options.path.as_os_str() == ":memory:" {
            // Such a database lives in one connection; everyone shares it.
            let writer = pool(1).connect_lazy_with(connect.in_memory(true));
            (writer.clone(), writer)
        } else {
            let connect = connect.filename(&options.path);
            // FULL: a commit that was reported is on the disk, also after a power cut.
            let write = connect
                .clone()
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full);
            let read = connect.pragma("query_only", "on");
            (pool(1).connect_lazy_with(write), pool(READERS).connect_lazy_with(read))
        };
        Self { shared: Arc::new(Shared { options, writer, readers, ready: OnceCell::new() }) }
    }

    /// A database that is only read: not a byte of its file changes. A file that is not there is not made, and one that is empty
    /// stays so: what its schema would make stands in for it.
    pub fn open_to_read(options: SqliteOptions) -> Self {
        if options.path.metadata().map_or(true, |file| file.len() == 0) {
            return Self::open(SqliteOptions { path: ":memory:".into(), ..options });
        }
        Self::reading(options, false)
    }

    /// A database that is only asked what it holds: [`Self::open_to_read`], and nothing is left beside its file either.
    pub fn open_to_describe(options: SqliteOptions) -> Self {
        if is_at_rest(&options.path) { Self::reading(options, true) } else { Self::open_to_read(options) }
    }

    fn reading(options: SqliteOptions, is_at_rest: bool) -> Self {
        let connect = SqliteConnectOptions::new().filename(&options.path).busy_timeout(BUSY).read_only(true);
        let readers = pool(READERS).connect_lazy_with(connect.immutable(is_at_rest).pragma("query_only", "on"));
        // Whoever has such a database only reads, and there is nothing to prepare.
        let ready = OnceCell::new_with(Some(Access::Write));
        Self { shared: Arc::new(Shared { options, writer: readers.clone(), readers, ready }) }
    }
}

/// Whether a file with a write-ahead log has none just now: nobody has it open. SQLite would make a log to read it, which where
/// one may only read fails.
fn is_at_rest(path: &Path) -> bool {
    let mut head = [0; 20];
    let is_read = File::open(path).and_then(|mut file| file.read_exact(&mut head)).is_ok();
    let beside = |end: &str| PathBuf::from(format!("{}{end}", path.display()));
    // The 19th and the 20th byte are the versions that a writer and a reader need: 2 with such a log.
    is_read && head.ends_with(&[2, 2]) && !beside("-wal").exists() && !beside("-shm").exists()
}

fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(BUSY)
        .idle_timeout(None)
        .max_lifetime(None)
        // On a full disk SQLite rolls back by itself, and the driver still counts the transaction as open:
        // such a connection can begin no other one.
        .before_acquire(|connection, _| Box::pin(ready(Ok(!connection.is_in_transaction()))))
}

/// Runs a schema, unless another process was faster.
async fn define_tables(writer: &mut PoolConnection<Sqlite>, schema: &str) -> Result<(), StepError> {
    let mut transaction = transaction::begin_on(writer).await?;
    read::apply_schema(&mut transaction, schema).await?;
    transaction.commit().await.map_err(|error| error::failure(&error))
}

impl Shared {
    fn name(&self) -> String {
        self.options.path.display().to_string()
    }

    /// Makes the folder, the file and the schema, once.
    async fn prepare(&self) -> Result<&Access, StepError> {
        self.ready.get_or_try_init(|| self.create()).await
    }

    async fn prepare_to_write(&self) -> Result<(), StepError> {
        match self.prepare().await? {
            Access::Write => Ok(()),
            Access::Read(why) => Err(why.clone()),
        }
    }

    async fn create(&self) -> Result<Access, StepError> {
        let folder = self.options.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder {
            tokio::fs::create_dir_all(folder).await.map_err(|error| {
                let message = format!("cannot make the folder `{}`: {error}", folder.display());
                StepError::new(ErrorKind::Configuration, message)
            })?;
        }
        let opened = when_free(BUSY, || self.writer.acquire().boxed()).await;
        let mut writer = match opened {
            Err(error) if error::is_read_only(&error) => return Ok(Access::Read(self.unopened(&error))),
            opened => opened.map_err(|error| self.unopened(&error))?,
        };
        match &self.options.schema_sql {
            Some(schema) if read::has_no_tables(&mut writer).await? => define_tables(&mut writer, schema).await?,
            _ => {}
        }
        Ok(Access::Write)
    }

    fn unopened(&self, error: &sqlx::Error) -> StepError {
        error::failure(error).context(format!("cannot open the SQLite database `{}`", self.name()))
    }

    async fn begin(&self) -> Result<Transaction<'static, Sqlite>, StepError> {
        self.prepare_to_write().await?;
        // IMMEDIATE: a deferred transaction that turns out to write fails at once when another wrote in between.
        self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(|error| self.unopened(&error))
    }

    async fn query(&self, query: &SqlQuery) -> Result<Table, StepError> {
        if query.template.kind != StatementKind::Read {
            return Err(not_a_read());
        }
        let mut reader = self.reader().await?;
        let interrupt = Interrupt::of(&mut reader).await?;
        let _running = interrupt.running();
        read::query(&mut reader, query).await
    }

    async fn reader(&self) -> Result<PoolConnection<Sqlite>, StepError> {
        self.prepare().await?;
        self.readers.acquire().await.map_err(|error| self.unopened(&error))
    }

    /// `vacuum` and the like refuse to run inside a transaction; one definition is atomic by itself.
    async fn define(&self, query: &SqlQuery) -> Result<u64, StepError> {
        self.prepare_to_write().await?;
        let mut writer = self.writer.acquire().await.map_err(|error| self.unopened(&error))?;
        let interrupt = Interrupt::of(&mut writer).await?;
        let _running = interrupt.running();
        write::execute(&mut writer, query).await
    }
}

/// A session outside any transaction: reads through a reader, each write in a transaction of its own.
struct Session {
    shared: Arc<Shared>,
}

/// Runs a write in a transaction of its own.
macro_rules! alone {
    ($self:ident, $connection:ident => $work:expr) => {
        async move {
            let mut transaction = $self.shared.begin().await?;
            let $connection: &mut SqliteConnection = &mut transaction;
            let interrupt = Interrupt::of($connection).await?;
            let running = interrupt.running();
            let done = $work.await?;
            running.ended();
            transaction.commit().await.map_err(|error| error::failure(&error))?;
            Ok(done)
        }
        .boxed()
    };
}

/// Looks at the database through a reader of its own: what stopped the statement of who had it before stops none here.
macro_rules! looking {
    ($self:ident, $connection:ident => $work:expr) => {
        async move {
            let mut reader = $self.shared.reader().await?;
            let $connection: &mut SqliteConnection = &mut reader;
            let interrupt = Interrupt::of($connection).await?;
            let _running = interrupt.running();
            $work.await
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
        alone!(self, connection => write::execute(connection, query))
    }

    fn each<'a>(&'a mut self, query: &'a SqlQuery, rows: &'a Table) -> Answer<'a, u64> {
        alone!(self, connection => write::each(connection, query, rows))
    }

    fn insert<'a>(&'a mut self, table: &'a str, rows: &'a Table) -> Answer<'a, u64> {
        alone!(self, connection => write::insert(connection, table, rows))
    }

    fn upsert<'a>(
        &'a mut self,
        table: &'a str,
        rows: &'a Table,
        key: &'a [Arc<str>],
        returning: &'a [Arc<str>],
    ) -> Answer<'a, Upserted> {
        alone!(self, connection => upsert::upsert(connection, table, rows, key, returning))
    }

    fn preview_insert<'a>(&'a mut self, table: &'a str, rows: &'a Table) -> Answer<'a, Change> {
        looking!(self, reader => preview::insert(reader, table, rows))
    }

    fn preview_upsert<'a>(&'a mut self, table: &'a str, rows: &'a Table, key: &'a [Arc<str>]) -> Answer<'a, Change> {
        looking!(self, reader => preview::upsert(reader, table, rows, key))
    }
}

impl Sql for SqliteDatabase {
    fn dialect(&self) -> SqlDialect {
        SqlDialect::Sqlite
    }

    fn pool_size(&self) -> usize {
        READERS as usize
    }

    fn session(&self) -> Answer<'_, Box<dyn SqlSession>> {
        let shared = self.shared.clone();
        async move {
            shared.prepare().await?;
            Ok(Box::new(Session { shared }) as Box<dyn SqlSession>)
        }
        .boxed()
    }

    fn begin(&self) -> Answer<'_, Box<dyn SqlTransaction>> {
        let shared = self.shared.clone();
        async move {
            let mut transaction = shared.begin().await?;
            let interrupt = Interrupt::of(&mut transaction).await?;
            Ok(Box::new(LiveTransaction::new(transaction, interrupt)) as Box<dyn SqlTransaction>)
        }
        .boxed()
    }
}
