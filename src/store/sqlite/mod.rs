//! The embedded store: one SQLite file, and a folder beside it for leases and for values too large for a row.

mod lease;
mod outputs;
mod schema;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use uuid::Uuid;

use self::lease::{Leases, Turns};
use self::outputs::Outputs;
use super::sql::{Home, LeaseLeft, Link, Owner, SqlStore};
use super::{Entry, Kept, Status, StoreError};
use crate::connection::sql::when_free;
use crate::lifecycle::Turn;

/// How long another process may hold the file; each commit of one holds it for milliseconds.
const BUSY: Duration = Duration::from_secs(10);

/// A store in a file.
pub type SqliteStore = SqlStore<File>;

/// The file, and what lies beside it.
#[derive(Debug)]
pub struct File {
    path: PathBuf,
    leases: Leases,
    turns: Turns,
    outputs: Outputs,
}

impl SqliteStore {
    /// The store at a path; nothing is touched before the first use. Beside `runs.db` lies the folder `runs`.
    pub fn at(path: &Path) -> Self {
        let folder = path.with_extension("");
        let folder = if folder == path { path.with_extension("d") } else { folder };
        Self::new(File {
            path: path.to_path_buf(),
            leases: Leases::new(folder.join("leases")),
            turns: Turns::new(folder.join("sinks")),
            outputs: Outputs::new(folder.join("outputs")),
        })
    }
}

impl File {
    fn wrong(&self, why: impl std::fmt::Display) -> StoreError {
        StoreError::Fault(format!("the run store `{}`: {why}", self.path.display()))
    }
}

/// What SQLite says, without what the driver adds.
fn plain(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(error) => error.message().to_owned(),
        other => other.to_string(),
    }
}

impl Home for File {
    fn connect(&self) -> Kept<'_, Link> {
        Box::pin(async move {
            let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
            if let Some(folder) = folder {
                std::fs::create_dir_all(folder).map_err(|error| self.wrong(error))?;
            }
            // FULL: what was said to be on record is on the disk, also after a power cut.
            let options = SqliteConnectOptions::new()
                .filename(&self.path)
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .foreign_keys(true)
                .busy_timeout(BUSY);
            let opened = when_free(BUSY, || Box::pin(options.connect())).await;
            let mut connection = opened.map_err(|error| self.fault(&error))?;
            schema::migrate(&mut connection).await.map_err(|why| self.wrong(why))?;
            Ok(Link::Sqlite(connection))
        })
    }

    fn fault(&self, error: &sqlx::Error) -> StoreError {
        self.wrong(plain(error))
    }

    fn patience(&self) -> Option<Duration> {
        None
    }

    fn lease(&self) -> Option<Duration> {
        None
    }

    fn begin(&self, run: Uuid) -> Result<(), StoreError> {
        self.leases.begin(run).map_err(|error| self.wrong(error))
    }

    fn owner(&self, run: Uuid, _: LeaseLeft) -> Owner {
        self.leases.owner(run)
    }

    fn take(&self, run: Uuid, status: Status, _: LeaseLeft) -> Result<Owner, StoreError> {
        let taken = match status {
            Status::Running => self.leases.take(run),
            _ => match self.leases.begin(run) {
                Ok(()) => Ok(Owner::Gone),
                // It was left by one who ended the run and was killed before he could remove it.
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => self.leases.take(run),
                Err(error) => Err(error),
            },
        };
        taken.map_err(|error| self.wrong(error))
    }

    fn release(&self, run: Uuid) {
        self.leases.release(run);
    }

    fn end(&self, run: Uuid) {
        self.leases.end(run);
    }

    fn put(&self, entries: &[Entry]) -> Result<(), StoreError> {
        self.outputs.write(entries).map_err(|error| self.wrong(error))
    }

    fn beside(&self, hash: &str) -> Result<String, StoreError> {
        self.outputs.read(hash).map_err(|error| self.wrong(error))
    }

    fn sweep(&self, known: &HashSet<String>) {
        self.outputs.sweep(known);
    }

    fn turn<'a>(&'a self, sink: &'a str) -> Kept<'a, Option<Turn>> {
        let turn = self.turns.take(sink).map_err(|error| self.wrong(error));
        Box::pin(std::future::ready(turn))
    }
}
