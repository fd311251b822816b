//! A transaction on SQLite.

use std::sync::Arc;

use futures_util::FutureExt;
use sqlx::pool::PoolConnection;
use sqlx::{Connection, Sqlite, SqliteConnection, Transaction};

use super::interrupt::Interrupt;
use super::{error, read, upsert, write};
use crate::connection::sql::rows::not_a_read;
use crate::connection::{Answer, SqlSession, SqlTransaction, Upserted};
use crate::query::sql::{SqlQuery, StatementKind};
use crate::value::{ErrorKind, StepError, Table};

/// Begins on a connection at hand.
pub(super) async fn begin_on(connection: &mut PoolConnection<Sqlite>) -> Result<Transaction<'_, Sqlite>, StepError> {
    connection.begin_with("BEGIN IMMEDIATE").await.map_err(|error| error::failure(&error))
}

/// A transaction that rolls back when dropped. Each call is a savepoint: a call that fails leaves nothing
/// of itself behind, so a caught failure does not spoil the rest.
pub(super) struct LiveTransaction {
    transaction: Transaction<'static, Sqlite>,
    interrupt: Interrupt,
    /// Set while a call runs; still set at the next one when its future was dropped half-way.
    under_way: bool,
}

impl LiveTransaction {
    pub(super) const fn new(transaction: Transaction<'static, Sqlite>, interrupt: Interrupt) -> Self {
        Self { transaction, interrupt, under_way: false }
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

    async fn enter(&mut self) -> Result<&mut SqliteConnection, StepError> {
        self.usable()?;
        self.under_way = true;
        self.savepoint("savepoint vmflow").await?;
        Ok(&mut self.transaction)
    }

    /// The call's own failure matters more than that of clearing up after it; then the transaction stays unusable.
    async fn leave<T>(&mut self, result: Result<T, StepError>) -> Result<T, StepError> {
        if result.is_err() && self.savepoint("rollback to vmflow").await.is_err() {
            return result;
        }
        self.savepoint("release vmflow").await?;
        self.under_way = false;
        result
    }

    async fn savepoint(&mut self, text: &'static str) -> Result<(), StepError> {
        let done = sqlx::query(text).execute(&mut *self.transaction).await;
        done.map(|_| ()).map_err(|error| error::failure(&error))
    }
}

macro_rules! inside {
    ($self:ident, $connection:ident => $work:expr) => {
        async move {
            let running = $self.interrupt.running();
            let $connection = $self.enter().await?;
            let result = $work.await;
            running.ended();
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
        inside!(self, connection => read::query(connection, query))
    }

    fn execute<'a>(&'a mut self, query: &'a SqlQuery) -> Answer<'a, u64> {
        inside!(self, connection => write::execute(connection, query))
    }

    fn each<'a>(&'a mut self, query: &'a SqlQuery, rows: &'a Table) -> Answer<'a, u64> {
        inside!(self, connection => write::each(connection, query, rows))
    }

    fn insert<'a>(&'a mut self, table: &'a str, rows: &'a Table) -> Answer<'a, u64> {
        inside!(self, connection => write::insert(connection, table, rows))
    }

    fn upsert<'a>(
        &'a mut self,
        table: &'a str,
        rows: &'a Table,
        key: &'a [Arc<str>],
        returning: &'a [Arc<str>],
    ) -> Answer<'a, Upserted> {
        inside!(self, connection => upsert::upsert(connection, table, rows, key, returning))
    }
}

impl SqlTransaction for LiveTransaction {
    fn commit(self: Box<Self>) -> Answer<'static, ()> {
        async move {
            self.usable()?;
            self.transaction.commit().await.map_err(|error| error::failure(&error))
        }
        .boxed()
    }

    fn rollback(self: Box<Self>) -> Answer<'static, ()> {
        async move { self.transaction.rollback().await.map_err(|error| error::failure(&error)) }.boxed()
    }
}
