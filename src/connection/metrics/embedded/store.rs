//! The file: series with their labels, and their points in chunks.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::{READERS, upgrade, write};
use crate::connection::sql::when_free;
use crate::value::{ErrorKind, Series, StepError};

/// How long another process may hold the file, in seconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// The layout below. One is what had a row for each sample, and did not say so.
const LAYOUT: i64 = 2;
/// The property that holds it.
const LAYOUT_NAME: &str = "layout";

/// In one transaction: a new store waits for the disk once.
const SCHEMA: &str = "
begin immediate;
create table if not exists series (
  id integer primary key, name text not null, labels text not null, unique (name, labels));
create table if not exists label (
  name text not null, value text not null, series_id integer not null references series (id),
  primary key (name, value, series_id)) without rowid;
create table if not exists chunk (
  series_id integer not null references series (id), first_ms integer not null, last_ms integer not null,
  count integer not null, instants blob not null, numbers blob not null,
  primary key (series_id, first_ms)) without rowid;
create table if not exists property (name text primary key, value text not null) without rowid;
insert into property (name, value) values ('layout', '2') on conflict (name) do nothing;
commit;
";

/// The open file.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) reader: SqlitePool,
    /// One connection: SQLite has one writer, and waiting here is fairer than in the file's lock.
    writer: SqlitePool,
    pub(super) shown: String,
}

impl Store {
    pub(super) async fn open(path: &Path) -> Result<Self, StepError> {
        let file = file(path);
        let shown = file.display().to_string();
        if let Some(directory) = file.parent() {
            let made = tokio::fs::create_dir_all(directory).await;
            made.map_err(|error| misplaced(&shown, &error.to_string()))?;
        }
        let options = SqliteConnectOptions::new()
            .filename(&file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(PATIENCE);
        let pool = |size| SqlitePoolOptions::new().max_connections(size).acquire_timeout(PATIENCE);
        let fail = |error: sqlx::Error| misplaced(&shown, &error.to_string());
        let opened = when_free(PATIENCE, || Box::pin(pool(1).connect_with(options.clone()))).await;
        let writer = opened.map_err(fail)?;
        // Only where it is wanted: it would wait for whoever is writing.
        let made = sqlx::query("select 1 from sqlite_schema where name = 'chunk'");
        if made.fetch_optional(&writer).await.map_err(fail)?.is_none() {
            sqlx::raw_sql(SCHEMA).execute(&writer).await.map_err(fail)?;
        }
        let store = Self { reader: pool(READERS).connect_lazy_with(options), writer, shown: shown.clone() };
        store.refuse_newer().await?;
        upgrade::upgrade(&store.writer).await.map_err(fail)?;
        Ok(store)
    }

    /// What a later version wrote is not guessed at.
    async fn refuse_newer(&self) -> Result<(), StepError> {
        let layout = self.property(LAYOUT_NAME).await?;
        let layout = layout.as_deref().map_or(Ok(LAYOUT), str::parse);
        if layout.as_ref().is_ok_and(|layout| *layout <= LAYOUT) {
            return Ok(());
        }
        let found = layout.map_or_else(|_| "unknown".to_owned(), |layout| layout.to_string());
        let message = format!(
            "the embedded store {} was written by a later vmflow: its layout is {found}, and this one reads {LAYOUT}",
            self.shown
        );
        Err(StepError::new(ErrorKind::Configuration, message)
            .help("use that vmflow, or another `path` for the connection"))
    }

    /// What an error of the file means.
    pub(super) fn failure(&self, error: &sqlx::Error) -> StepError {
        let message = format!("the embedded store {}: {error}", self.shown);
        match error {
            sqlx::Error::PoolTimedOut => StepError::transient(ErrorKind::Timeout, message),
            sqlx::Error::Protocol(_) => self.damaged(),
            sqlx::Error::Database(inner) if inner.message().contains("locked") => {
                StepError::transient(ErrorKind::Timeout, message).help("another process is writing to it")
            }
            _ => StepError::new(ErrorKind::Connection, message),
        }
    }

    /// A property of the store; `None` when it was never set.
    pub(super) async fn property(&self, name: &str) -> Result<Option<String>, StepError> {
        let value = sqlx::query_scalar("select value from property where name = ?").bind(name);
        value.fetch_optional(&self.reader).await.map_err(|error| self.failure(&error))
    }

    /// Writes series, and a property with them; all or nothing. Gives how many samples are new or have changed.
    pub(super) async fn write(&self, series: &[Series], property: Option<(&str, &str)>) -> Result<u64, StepError> {
        self.write_all(series, property).await.map_err(|error| self.failure(&error))
    }

    async fn write_all(&self, series: &[Series], property: Option<(&str, &str)>) -> Result<u64, sqlx::Error> {
        // Taking the lock for writing at once: a reader's lock cannot always be raised later.
        let mut transaction = self.writer.begin_with("begin immediate").await?;
        let changed = write::series(&mut transaction, series).await?;
        if let Some((name, value)) = property {
            let set = "insert into property (name, value) values (?, ?) on conflict (name) do update set value = excluded.value";
            sqlx::query(set).bind(name).bind(value).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(changed)
    }
}

/// A path with an extension is the file; any other is the directory of `metrics.db`.
fn file(path: &Path) -> PathBuf {
    if path.extension().is_some() && !path.is_dir() { path.to_owned() } else { path.join("metrics.db") }
}

fn misplaced(shown: &str, why: &str) -> StepError {
    StepError::new(ErrorKind::Configuration, format!("the embedded store {shown} cannot be opened: {why}"))
        .help("check the `path` of the connection")
}
