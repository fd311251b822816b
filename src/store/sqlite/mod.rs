//! The embedded store: one SQLite file, and a folder beside it for leases and for values too large for a row.

mod outputs;
mod read;
mod schema;
#[cfg(test)]
mod tests;
mod told;
mod write;

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, SqliteConnection};
use tokio::sync::{Mutex, MutexGuard};
use uuid::Uuid;

use self::outputs::Outputs;
use super::lease::{Leases, Owner, Turns};
use super::{
    Begin, Claim, EffectRow, Entry, EventRow, Finished, Kept, Program, Pruned, RunRow, RunStore, Selection, Settled,
    SinkRow, Status, StepRow, StoreError,
};
use crate::lifecycle::Turn;

/// How long another process may hold the file; each commit of one holds it for milliseconds.
const BUSY: Duration = Duration::from_secs(10);

/// A store in a file.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    leases: Leases,
    turns: Turns,
    outputs: Outputs,
    /// Opened at the first use.
    connection: Mutex<Option<SqliteConnection>>,
}

impl SqliteStore {
    /// The store at a path; nothing is touched before the first use. Beside `runs.db` lies the folder `runs`.
    pub fn at(path: &Path) -> Self {
        let folder = path.with_extension("");
        let folder = if folder == path { path.with_extension("d") } else { folder };
        Self {
            path: path.to_path_buf(),
            leases: Leases::new(folder.join("leases")),
            turns: Turns::new(folder.join("sinks")),
            outputs: Outputs::new(folder.join("outputs")),
            connection: Mutex::default(),
        }
    }

    fn fault(&self, why: impl std::fmt::Display) -> StoreError {
        StoreError::Fault(format!("the run store `{}`: {why}", self.path.display()))
    }

    /// The connection, open and with its tables.
    async fn open(&self) -> Result<Open<'_>, StoreError> {
        let mut connection = self.connection.lock().await;
        if connection.is_none() {
            *connection = Some(self.connect().await?);
        }
        Ok(Open(connection))
    }

    async fn connect(&self) -> Result<SqliteConnection, StoreError> {
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder {
            std::fs::create_dir_all(folder).map_err(|error| self.fault(error))?;
        }
        // FULL: what was said to be on record is on the disk, also after a power cut.
        let options = SqliteConnectOptions::new()
            .filename(&self.path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY);
        let mut connection = options.connect().await.map_err(|error| self.fault(plain(&error)))?;
        schema::migrate(&mut connection).await.map_err(|why| self.fault(why))?;
        Ok(connection)
    }

    /// How a run stands: one that is on record as running may have an owner who is gone.
    fn standing(&self, row: RunRow) -> RunRow {
        match (row.status, self.leases.owner(row.begin.id)) {
            (Status::Running, Owner::Gone) => RunRow { status: Status::Crashed, ..row },
            (Status::Running, Owner::None) => RunRow { status: Status::Crashed, is_broken_off: true, ..row },
            _ => row,
        }
    }
}

/// The connection while somebody uses it.
struct Open<'a>(MutexGuard<'a, Option<SqliteConnection>>);

impl Open<'_> {
    fn get(&mut self) -> Result<&mut SqliteConnection, StoreError> {
        self.0.as_mut().ok_or_else(|| StoreError::Fault("the run store is closed".to_owned()))
    }
}

/// What SQLite says, without what the driver adds.
fn plain(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(error) => error.message().to_owned(),
        other => other.to_string(),
    }
}

impl RunStore for SqliteStore {
    fn begin<'a>(&'a self, run: &'a Begin) -> Kept<'a, ()> {
        Box::pin(async move {
            self.leases.begin(run.id).map_err(|error| self.fault(error))?;
            let begun = async {
                let mut open = self.open().await?;
                write::begin(open.get()?, run).await.map_err(|error| self.fault(plain(&error)))
            };
            begun.await.inspect_err(|_| self.leases.end(run.id))
        })
    }

    fn append<'a>(&'a self, run: Uuid, epoch: u32, entries: &'a [Entry]) -> Kept<'a, ()> {
        Box::pin(self.write(run, epoch, entries, None))
    }

    fn finish<'a>(&'a self, run: Uuid, epoch: u32, entries: &'a [Entry], end: &'a Finished) -> Kept<'a, ()> {
        Box::pin(async move {
            self.write(run, epoch, entries, Some(end)).await?;
            self.leases.end(run);
            Ok(())
        })
    }

    fn claim<'a>(&'a self, run: Uuid, worker: &'a str, from: &'a [Status]) -> Kept<'a, Claim> {
        Box::pin(self.take_over(run, worker, from))
    }

    fn abandon(&self, run: Uuid) {
        self.leases.end(run);
    }

    fn settle<'a>(&'a self, run: Uuid, settled: &'a [Settled]) -> Kept<'a, ()> {
        Box::pin(async move {
            let mut open = self.open().await?;
            write::settle(open.get()?, run, settled).await.map_err(|error| self.fault(plain(&error)))
        })
    }

    fn runs<'a>(&'a self, selection: &'a Selection) -> Kept<'a, Vec<RunRow>> {
        Box::pin(async move {
            let mut open = self.open().await?;
            let found = read::runs(open.get()?, selection).await.map_err(|error| self.fault(plain(&error)))?;
            let standing = |row: RunRow| self.standing(row);
            let wanted = |row: &RunRow| selection.statuses.is_empty() || selection.statuses.contains(&row.status);
            let most = usize::try_from(selection.most).unwrap_or(usize::MAX);
            Ok(found.into_iter().map(standing).filter(wanted).take(most).collect())
        })
    }

    fn program<'a>(&'a self, hash: &'a str) -> Kept<'a, Option<Program>> {
        Box::pin(async move {
            let mut open = self.open().await?;
            read::program(open.get()?, hash).await.map_err(|error| self.fault(plain(&error)))
        })
    }

    fn steps(&self, run: Uuid) -> Kept<'_, Vec<StepRow>> {
        Box::pin(async move {
            let mut open = self.open().await?;
            read::steps(open.get()?, run).await.map_err(|error| self.fault(plain(&error)))
        })
    }

    fn effects(&self, run: Uuid) -> Kept<'_, Vec<EffectRow>> {
        Box::pin(async move {
            let mut open = self.open().await?;
            read::effects(open.get()?, run).await.map_err(|error| self.fault(plain(&error)))
        })
    }

    fn output<'a>(&'a self, hash: &'a str) -> Kept<'a, Option<String>> {
        Box::pin(async move {
            let mut open = self.open().await?;
            let row = read::output(open.get()?, hash).await.map_err(|error| self.fault(plain(&error)))?;
            match row {
                Some(None) => self.outputs.read(hash).map(Some).map_err(|error| self.fault(error)),
                Some(body) => Ok(body),
                None => Ok(None),
            }
        })
    }

    fn events(&self, run: Uuid) -> Kept<'_, Vec<EventRow>> {
        Box::pin(async move {
            let mut open = self.open().await?;
            read::events(open.get()?, run).await.map_err(|error| self.fault(plain(&error)))
        })
    }

    fn prune(&self, before_ms: i64, keep: u32, is_trial: bool) -> Kept<'_, Pruned> {
        Box::pin(async move {
            let mut open = self.open().await?;
            let pruned =
                write::prune(open.get()?, before_ms, keep, is_trial, |id| self.leases.owner(id) == Owner::Alive);
            let (pruned, gone) = pruned.await.map_err(|error| self.fault(plain(&error)))?;
            for id in gone {
                self.leases.end(id);
            }
            if !is_trial {
                let known = read::large(open.get()?).await.map_err(|error| self.fault(plain(&error)))?;
                self.outputs.sweep(&known);
            }
            Ok(pruned)
        })
    }

    fn turn<'a>(&'a self, sink: &'a str) -> Kept<'a, Option<Turn>> {
        let turn = self.turns.take(sink).map_err(|error| self.fault(error));
        Box::pin(std::future::ready(turn))
    }

    fn waiting<'a>(&'a self, sink: &'a str, most: usize) -> Kept<'a, Vec<(i64, String)>> {
        Box::pin(async move {
            let mut open = self.open().await?;
            told::waiting(open.get()?, sink, most).await.map_err(|error| self.fault(plain(&error)))
        })
    }

    fn passed<'a>(&'a self, sink: &'a str, sequence: i64, dropped: u64, why: Option<&'a str>) -> Kept<'a, ()> {
        Box::pin(async move {
            let mut open = self.open().await?;
            let done = told::passed(open.get()?, sink, sequence, dropped, why).await;
            done.map_err(|error| self.fault(plain(&error)))
        })
    }

    fn failed<'a>(&'a self, sink: &'a str, why: &'a str) -> Kept<'a, ()> {
        Box::pin(async move {
            let mut open = self.open().await?;
            let done = told::failed(open.get()?, sink, why, write::NOW).await;
            done.map_err(|error| self.fault(plain(&error)))
        })
    }

    fn standing<'a>(&'a self, sinks: &'a [&'a str]) -> Kept<'a, Vec<SinkRow>> {
        Box::pin(async move {
            let mut open = self.open().await?;
            told::standing(open.get()?, sinks).await.map_err(|error| self.fault(plain(&error)))
        })
    }

    fn forget<'a>(&'a self, sinks: &'a [&'a str]) -> Kept<'a, ()> {
        Box::pin(async move {
            let mut open = self.open().await?;
            told::forget(open.get()?, sinks).await.map_err(|error| self.fault(plain(&error)))
        })
    }
}

impl SqliteStore {
    async fn write(&self, run: Uuid, epoch: u32, entries: &[Entry], end: Option<&Finished>) -> Result<(), StoreError> {
        // Files first: a row never names one that is not there.
        self.outputs.write(entries).map_err(|error| self.fault(error))?;
        let mut open = self.open().await?;
        match write::append(open.get()?, run, epoch, entries, end).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(StoreError::Lost),
            Err(error) => Err(self.fault(plain(&error))),
        }
    }

    async fn take_over(&self, run: Uuid, worker: &str, from: &[Status]) -> Result<Claim, StoreError> {
        let mut open = self.open().await?;
        let row = read::status(open.get()?, run).await.map_err(|error| self.fault(plain(&error)))?;
        let Some((status, owner)) = row else { return Ok(Claim::Unknown) };
        let taken = match status {
            Status::Running => self.leases.take(run),
            over if !from.contains(&over) => return Ok(Claim::Refused(over)),
            _ => match self.leases.begin(run) {
                Ok(()) => Ok(Owner::Gone),
                // It was left by one who ended the run and was killed before he could remove it.
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => self.leases.take(run),
                Err(error) => Err(error),
            },
        };
        match taken.map_err(|error| self.fault(error))? {
            Owner::Alive => return Ok(Claim::Busy(owner)),
            Owner::None => return Ok(Claim::BrokenOff),
            Owner::Gone if status == Status::Running && !from.contains(&Status::Crashed) => {
                self.leases.release(run);
                return Ok(Claim::Refused(Status::Crashed));
            }
            Owner::Gone => {}
        }
        match write::claim(open.get()?, run, worker, status).await {
            Ok(Some(epoch)) => Ok(Claim::Granted(epoch)),
            // Somebody was faster.
            Ok(None) => Ok(Claim::Busy(owner)),
            Err(error) => {
                self.leases.release(run);
                Err(self.fault(plain(&error)))
            }
        }
    }
}
