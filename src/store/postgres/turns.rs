//! Whose turn it is to tell a sink: a lock that the server keeps for a session, and lets go of when the session ends.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection};

use crate::lifecycle::Turn;
use crate::store::hash_of;

/// The turns of this store, all in one session.
#[derive(Debug)]
pub(super) struct Turns {
    options: PgConnectOptions,
    schema: String,
    session: Arc<Session>,
}

#[derive(Debug, Default)]
struct Session {
    connection: tokio::sync::Mutex<Option<PgConnection>>,
    /// A session could take its own lock twice.
    held: Mutex<HashSet<i64>>,
}

impl Session {
    fn held(&self) -> MutexGuard<'_, HashSet<i64>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn give_back(&self, lock: i64) {
        let mut slot = self.connection.lock().await;
        if let Some(mut connection) = slot.take() {
            let unlocked = sqlx::query("select pg_advisory_unlock($1)").bind(lock).execute(&mut connection).await;
            // Otherwise the session ends here, and with it the lock.
            if unlocked.is_ok() {
                *slot = Some(connection);
            }
        }
        self.held().remove(&lock);
    }
}

impl Turns {
    pub(super) fn new(options: PgConnectOptions, schema: &str) -> Self {
        Self { options, schema: schema.to_owned(), session: Arc::default() }
    }

    /// The turn; `None` while another has it.
    pub(super) async fn take(&self, sink: &str) -> Result<Option<Turn>, sqlx::Error> {
        let lock = lock_of(&format!("vmflow sink {} {sink}", self.schema));
        let mut slot = self.session.connection.lock().await;
        if self.session.held().contains(&lock) {
            return Ok(None);
        }
        let mut connection = match slot.take() {
            Some(connection) => connection,
            None => self.options.connect().await?,
        };
        let is_ours: bool =
            sqlx::query_scalar("select pg_try_advisory_lock($1)").bind(lock).fetch_one(&mut connection).await?;
        *slot = Some(connection);
        if !is_ours {
            return Ok(None);
        }
        self.session.held().insert(lock);
        Ok(Some(Box::new(Held { lock, session: self.session.clone() })))
    }
}

/// A number for the server's locks, which many programs share.
pub(super) fn lock_of(name: &str) -> i64 {
    let digits = hash_of(name);
    let half = digits.get(..16).and_then(|digits| u64::from_str_radix(digits, 16).ok());
    half.unwrap_or_default().cast_signed()
}

struct Held {
    lock: i64,
    session: Arc<Session>,
}

impl Drop for Held {
    fn drop(&mut self) {
        let (lock, session) = (self.lock, self.session.clone());
        // Without a runtime the process is about to end, and the session with it.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { session.give_back(lock).await });
        }
    }
}
