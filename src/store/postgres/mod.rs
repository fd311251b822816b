//! The store of many machines: a schema of a PostgreSQL database.
//!
//! A run is its owner's by a lease in the database's own clock: the clocks of the machines do not matter. Whoever has not
//! been heard of for as long as that lasts is gone, and somebody else may take the run over, under the next epoch. Whether
//! the former owner is dead, cut off or asleep, from then on nothing that he writes is taken.

mod schema;
mod turns;

use std::collections::HashSet;
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;
use uuid::Uuid;

use self::turns::Turns;
use super::sql::{Home, LeaseLeft, Link, Owner, SqlStore};
use super::{Entry, Kept, Status, StoreError};
use crate::connection::sql::{PostgresServer, postgres_failure, postgres_options, postgres_unreachable};
use crate::lifecycle::Turn;
use crate::value::StepError;

/// How long connecting may take.
const CONNECTING: Duration = Duration::from_secs(10);
/// How long a call may take; commits have their own time.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a statement waits for what somebody else holds.
const LOCKED_MS: u32 = 10_000;

/// A store in a PostgreSQL database.
pub type PostgresStore = SqlStore<Database>;

/// The schema of a database.
#[derive(Debug)]
pub struct Database {
    options: PgConnectOptions,
    /// For messages: host, port, database and schema.
    place: String,
    schema: String,
    lease: Duration,
    turns: Turns,
}

impl PostgresStore {
    /// The store in a schema, which is made at the first use; nobody connects before. A run is its owner's until he has not
    /// been heard of for as long as the lease says. Fails when the URL cannot be read.
    pub fn in_schema(server: &PostgresServer, schema: &str, lease: Duration) -> Result<Self, StepError> {
        let options = postgres_options(server)?;
        let database = options.get_database().unwrap_or_default();
        let place = format!("{}:{}/{database}", options.get_host(), options.get_port());
        // Somebody who stops in the middle of a commit must not hold the run's row for longer than its lease.
        let idle = lease.as_millis() / 2;
        let options = options.application_name("vmflow runs").options([
            ("search_path", schema.to_owned()),
            ("lock_timeout", LOCKED_MS.to_string()),
            ("idle_in_transaction_session_timeout", idle.max(1).to_string()),
        ]);
        let turns = Turns::new(options.clone(), schema);
        Ok(Self::new(Database { options, place, schema: schema.to_owned(), lease, turns }))
    }
}

impl Database {
    fn wrong(&self, why: &str) -> String {
        format!("the run store at {} (schema `{}`): {why}", self.place, self.schema)
    }

    fn silent(&self) -> StoreError {
        StoreError::Away(self.wrong(&format!("it did not answer within {CONNECTING:?}")))
    }

    fn away(&self, error: &StepError) -> StoreError {
        let why = self.wrong(&error.message);
        if error.retryable { StoreError::Away(why) } else { StoreError::Fault(why) }
    }
}

impl Home for Database {
    fn connect(&self) -> Kept<'_, Link> {
        Box::pin(async move {
            let connected =
                tokio::time::timeout(CONNECTING, self.options.connect()).await.map_err(|_| self.silent())?;
            let mut connection = connected.map_err(|error| self.away(&postgres_unreachable(&error, &self.place)))?;
            schema::migrate(&mut connection, &self.schema).await.map_err(|wrong| match wrong {
                schema::Wrong::Database(error) => self.away(&postgres_failure(&error)),
                schema::Wrong::Later(why) => StoreError::Fault(self.wrong(&why)),
            })?;
            Ok(Link::Postgres(connection))
        })
    }

    fn fault(&self, error: &sqlx::Error) -> StoreError {
        let error = postgres_failure(error);
        let why = self.wrong(&error.message);
        if error.retryable { StoreError::Unknown(why) } else { StoreError::Fault(why) }
    }

    fn patience(&self) -> Option<Duration> {
        Some(PATIENCE)
    }

    fn lease(&self) -> Option<Duration> {
        Some(self.lease)
    }

    fn begin(&self, _: Uuid) -> Result<(), StoreError> {
        Ok(())
    }

    fn owner(&self, _: Uuid, left: LeaseLeft) -> Owner {
        if left.is_some_and(|left| left >= 0) { Owner::Alive } else { Owner::Gone }
    }

    fn take(&self, run: Uuid, status: Status, left: LeaseLeft) -> Result<Owner, StoreError> {
        Ok(if status == Status::Running { self.owner(run, left) } else { Owner::Gone })
    }

    fn release(&self, _: Uuid) {}

    fn end(&self, _: Uuid) {}

    fn put(&self, _: &[Entry]) -> Result<(), StoreError> {
        Ok(())
    }

    fn beside(&self, hash: &str) -> Result<String, StoreError> {
        Err(StoreError::Fault(format!("the value `{hash}` has no text")))
    }

    fn sweep(&self, _: &HashSet<String>) {}

    fn turn<'a>(&'a self, sink: &'a str) -> Kept<'a, Option<Turn>> {
        Box::pin(async move {
            let taken = tokio::time::timeout(CONNECTING, self.turns.take(sink)).await.map_err(|_| self.silent())?;
            taken.map_err(|error| self.fault(&error))
        })
    }
}
