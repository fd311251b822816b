//! A transaction on PostgreSQL.

use std::sync::Arc;

use futures_util::FutureExt;

use super::Shared;
use super::commit::commit;
use super::pool::Lease;
use super::statement::Place;
use crate::connection::sql::rows::not_a_read;
use crate::connection::{Answer, SqlSession, SqlTransaction, Upserted};
use crate::query::sql::{SqlQuery, StatementKind};
use crate::value::{ErrorKind, StepError, Table};

/// A transaction; dropped, its connection is closed and the server rolls back. Each call is a savepoint:
/// a call that fails leaves nothing of itself behind, so a caught failure does not spoil the rest.
pub(super) struct LiveTransaction {
    lease: Lease,
    shared: Arc<Shared>,
    /// Set while a call runs; still set at the next one when its future was dropped half-way.
    under_way: bool,
}

impl LiveTransaction {
    pub(super) const fn new(lease: Lease, shared: Arc<Shared>) -> Self {
        Self { lease, shared, under_way: false }
    }

    fn usable(&self) -> Result<(), StepError> {
        if self.under_way {
            let message = "a call inside the transaction was interrupted, so its state is not known";
            return Err(
                StepError::transient(ErrorKind::Write, message).help("the transaction is rolled back; run it again")
            );
        }
        Ok(())
    }

    fn place(&mut self) -> Result<Place<'_>, StepError> {
        Ok(Place { connection: self.lease.connection()?, shared: &self.shared, inside: true })
    }

    async fn enter(&mut self) -> Result<Place<'_>, StepError> {
        self.usable()?;
        self.under_way = true;
        self.place()?.command("savepoint vmflow").await?;
        self.place()
    }

    /// The call's own failure matters more than that of clearing up after it; then the transaction stays unusable.
    async fn leave<T>(&mut self, result: Result<T, StepError>) -> Result<T, StepError> {
        if result.is_err() && self.place()?.command("rollback to savepoint vmflow").await.is_err() {
            return result;
        }
        self.place()?.command("release savepoint vmflow").await?;
        self.under_way = false;
        result
    }
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
        inside!(self, place => place.execute(query))
    }

    fn each<'a>(&'a mut self, query: &'a SqlQuery, rows: &'a Table) -> Answer<'a, u64> {
        inside!(self, place => place.each(query, rows))
    }

    fn insert<'a>(&'a mut self, table: &'a str, rows: &'a Table) -> Answer<'a, u64> {
        inside!(self, place => place.insert(table, rows))
    }

    fn upsert<'a>(
        &'a mut self,
        table: &'a str,
        rows: &'a Table,
        key: &'a [Arc<str>],
        returning: &'a [Arc<str>],
    ) -> Answer<'a, Upserted> {
        inside!(self, place => place.upsert(table, rows, key, returning))
    }
}

impl SqlTransaction for LiveTransaction {
    fn commit(self: Box<Self>) -> Answer<'static, ()> {
        async move {
            self.usable()?;
            commit(self.lease).await
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
