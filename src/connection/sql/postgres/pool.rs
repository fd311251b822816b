//! Connections to PostgreSQL, lent out one at a time.
//!
//! sqlx's own pool was rejected for three reasons: a refused connection surfaces there as "timed out
//! waiting for a connection"; a connection whose future was dropped half-way goes back into it; and
//! closing needs a background task. Here a connection goes back only when it is known to be outside any
//! transaction, and is closed otherwise: the server then rolls back.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection, Executor};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};

use super::error::unreachable;
use crate::value::{ErrorKind, StepError};

/// A connection idle for longer than this is tried before it is lent.
const FRESH: Duration = Duration::from_secs(1);

/// How long to wait for a connection that others use.
const PATIENCE: Duration = Duration::from_mins(1);

/// Makes the server look every two seconds whether the client is still there, so that the long query of a
/// cancelled step ends; servers that do not know the setting are left alone.
const WATCH: &str =
    "select set_config(name, '2s', false) from pg_settings where name = 'client_connection_check_interval'";

/// Connections to one database.
#[derive(Debug)]
pub(super) struct Pool {
    connect: PgConnectOptions,
    /// `host:port/database`, for messages.
    place: String,
    patience: Duration,
    size: usize,
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<(PgConnection, Instant)>>,
}

impl Pool {
    pub(super) fn new(connect: PgConnectOptions, place: String, size: usize, patience: Duration) -> Self {
        let permits = Arc::new(Semaphore::new(size));
        Self { connect, place, patience, size, permits, idle: Mutex::new(Vec::new()) }
    }

    pub(super) const fn size(&self) -> usize {
        self.size
    }

    /// Lends a connection that works.
    pub(super) async fn lend(self: &Arc<Self>) -> Result<Lease, StepError> {
        let permit = timeout(PATIENCE, self.permits.clone().acquire_owned()).await;
        let Ok(Ok(permit)) = permit else {
            let message = format!("all {} connections to {} are busy", self.size, self.place);
            return Err(StepError::transient(ErrorKind::Timeout, message).help("raise the connection's `pool`"));
        };
        while let Some((mut connection, since)) = self.take() {
            if since.elapsed() < FRESH || matches!(timeout(self.patience, connection.ping()).await, Ok(Ok(()))) {
                return Ok(Lease::new(self, connection, permit));
            }
        }
        let connection = self.connect().await?;
        Ok(Lease::new(self, connection, permit))
    }

    /// A connection of its own, beside the pool.
    pub(super) async fn connect(&self) -> Result<PgConnection, StepError> {
        let Ok(connected) = timeout(self.patience, self.connect.connect()).await else {
            let message = format!("PostgreSQL at {} did not answer within {:?}", self.place, self.patience);
            return Err(StepError::transient(ErrorKind::Connection, message));
        };
        let mut connection = connected.map_err(|error| unreachable(&error, &self.place))?;
        // Refused on platforms without the facility; nothing depends on it.
        let _ = timeout(self.patience, connection.execute(WATCH)).await;
        Ok(connection)
    }

    fn take(&self) -> Option<(PgConnection, Instant)> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }
}

/// A connection on loan; dropped, it goes back when it is clean and is closed otherwise.
pub(super) struct Lease {
    pool: Arc<Pool>,
    connection: Option<PgConnection>,
    clean: bool,
    _permit: OwnedSemaphorePermit,
}

impl Lease {
    fn new(pool: &Arc<Pool>, connection: PgConnection, permit: OwnedSemaphorePermit) -> Self {
        Self { pool: pool.clone(), connection: Some(connection), clean: false, _permit: permit }
    }

    /// The connection.
    pub(super) fn connection(&mut self) -> Result<&mut PgConnection, StepError> {
        let gone = || StepError::new(ErrorKind::Internal, "a connection was used after it was given back");
        self.connection.as_mut().ok_or_else(gone)
    }

    /// Gives the connection back: it is outside any transaction and nothing is under way.
    pub(super) fn give_back(mut self) {
        self.clean = true;
    }

    /// The pool that it came from.
    pub(super) const fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take().filter(|_| self.clean) {
            let mut idle = self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.push((connection, Instant::now()));
        }
    }
}
