//! A transaction on MySQL.

use std::sync::Arc;

use futures_util::FutureExt;
use sqlx::Executor;

use super::Shared;
use super::error::{failure, is_lost};
use super::pool::Lease;
use super::statement::Place;
use crate::connection::sql::rows::not_a_read;
use crate::connection::{Answer, SqlSession, SqlTransaction, Upserted};
use crate::query::sql::{Piece, SqlQuery, StatementKind};
use crate::value::{ErrorKind, StepError, Table};

/// Definitions by name that may run inside a transaction; any other ends it, and what was written before stays.
const HARMLESS: &[&str] = &["call", "set", "do"];

/// A transaction; dropped, its connection is closed and the server rolls back. Each call is a savepoint:
/// a call that fails leaves nothing of itself behind, so a caught failure does not spoil the rest.
pub(super) struct LiveTransaction {
    lease: Lease,
    shared: Arc<Shared>,
    /// Whether something was written, as far as is known from here.
    wrote: bool,
}

impl LiveTransaction {
    pub(super) const fn new(mut lease: Lease, shared: Arc<Shared>) -> Self {
        lease.set_busy(false);
        Self { lease, shared, wrote: false }
    }

    fn usable(&self) -> Result<(), StepError> {
        if self.lease.is_busy() {
            let message = "a call inside the transaction was interrupted, so its state is not known";
            return Err(
                StepError::transient(ErrorKind::Write, message).help("the transaction is rolled back; run it again")
            );
        }
        Ok(())
    }

    fn place(&mut self) -> Result<Place<'_>, StepError> {
        Ok(Place { live: self.lease.live()?, shared: &self.shared })
    }

    async fn enter(&mut self) -> Result<Place<'_>, StepError> {
        self.usable()?;
        self.lease.set_busy(true);
        self.place()?.command("savepoint vmflow").await?;
        self.place()
    }

    /// The call's own failure matters more than that of clearing up after it; then the transaction stays unusable.
    async fn leave<T>(&mut self, result: Result<T, StepError>) -> Result<T, StepError> {
        if result.is_err() && self.place()?.command("rollback to savepoint vmflow").await.is_err() {
            return result;
        }
        self.place()?.command("release savepoint vmflow").await.map_err(ended)?;
        self.lease.set_busy(false);
        result
    }
}

/// The savepoint is gone when the transaction is.
fn ended(error: StepError) -> StepError {
    if error.kind != ErrorKind::Query {
        return error;
    }
    let message = "the statement ended the transaction, and what was written before it stays";
    StepError::new(ErrorKind::Write, message).help("run it outside the transaction")
}

/// Refuses what MySQL would silently end the transaction for.
fn check_inside(query: &SqlQuery) -> Result<(), StepError> {
    if query.template.kind != StatementKind::Definition {
        return Ok(());
    }
    let text = query.template.pieces.first().and_then(|piece| match piece {
        Piece::Text(text) => text.split_whitespace().next(),
        Piece::Hole(_) => None,
    });
    let first = text.unwrap_or_default().to_lowercase();
    if HARMLESS.contains(&first.as_str()) {
        return Ok(());
    }
    let message = format!("`{first} …` would end the transaction: MySQL commits before a definition");
    Err(StepError::new(ErrorKind::Query, message).help("run it before the transaction"))
}

macro_rules! inside {
    ($self:ident, $place:ident => $work:expr) => {
        async move {
            let mut $place = $self.enter().await?;
            let result = $work.await;
            $self.leave(result).await
        }
        .boxed()
    };
}

impl SqlSession for LiveTransaction {
    fn query<'a>(&'a mut self, query: &'a SqlQuery) -> Answer<'a, Table> {
        if query.template.kind != StatementKind::Read {
            return async { Err(not_a_read()) }.boxed();
        }
        inside!(self, place => place.query(query))
    }

    fn execute<'a>(&'a mut self, query: &'a SqlQuery) -> Answer<'a, u64> {
        if let Err(error) = check_inside(query) {
            return async { Err(error) }.boxed();
        }
        self.wrote = true;
        inside!(self, place => place.execute(query))
    }

    fn each<'a>(&'a mut self, query: &'a SqlQuery, rows: &'a Table) -> Answer<'a, u64> {
        if let Err(error) = check_inside(query) {
            return async { Err(error) }.boxed();
        }
        self.wrote = true;
        inside!(self, place => place.each(query, rows))
    }

    fn insert<'a>(&'a mut self, table: &'a str, rows: &'a Table) -> Answer<'a, u64> {
        self.wrote = true;
        inside!(self, place => place.insert(table, rows))
    }

    fn upsert<'a>(
        &'a mut self,
        table: &'a str,
        rows: &'a Table,
        key: &'a [Arc<str>],
        returning: &'a [Arc<str>],
    ) -> Answer<'a, Upserted> {
        self.wrote = true;
        inside!(self, place => place.upsert(table, rows, key, returning))
    }
}

impl SqlTransaction for LiveTransaction {
    fn commit(mut self: Box<Self>) -> Answer<'static, ()> {
        async move {
            self.usable()?;
            self.lease.set_busy(true);
            commit(self.lease, self.wrote).await
        }
        .boxed()
    }

    fn rollback(mut self: Box<Self>) -> Answer<'static, ()> {
        async move {
            // Closing rolls back as well; a connection in an unknown state is not worth keeping.
            if self.usable().is_ok() {
                self.place()?.command("rollback").await?;
                self.lease.give_back();
            }
            Ok(())
        }
        .boxed()
    }
}

/// Commits. MySQL keeps no account of what became of a transaction that its client lost sight of: when the answer is
/// lost and something was written, nobody can say whether it is in. A prepared XA transaction could be found again, but
/// it outlives its client with all of its locks, and listing it takes a right that few users have.
pub(super) async fn commit(mut lease: Lease, wrote: bool) -> Result<(), StepError> {
    match lease.live()?.connection.execute("commit").await {
        Ok(_) => {
            lease.give_back();
            Ok(())
        }
        Err(error) if is_lost(&error) && wrote => {
            let message = format!(
                "the connection broke while committing, and MySQL cannot say whether the transaction is in ({})",
                failure(&error).message
            );
            Err(StepError::new(ErrorKind::Ambiguous, message)
                .help("run it again: what the tables hold then tells what is still to be done"))
        }
        Err(error) => Err(failure(&error)),
    }
}
