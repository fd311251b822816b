//! `do transaction db { … }`: writes that happen together or not at all.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;

use super::block;
use super::eval::Site;
use super::fault::{Fault, Ran};
use crate::check::program::{Block, Expr};
use crate::connection::SqlTransaction;
use crate::primitive::OpenTransaction;
use crate::value::{ErrorKind, StepError, Value};

/// How long a rollback may take before the connection is given up, which rolls back as well.
const LONGEST_ROLLBACK: Duration = Duration::from_secs(10);

/// One attempt: begins, runs the block, commits. Whatever goes wrong before the commit is rolled back.
pub(crate) async fn run(connection: &Expr, block: &Block, site: Site<'_>) -> Ran<Value> {
    let located = |error| Fault::at(error, connection.span);
    let frame = site.frame;
    let name = match site.value(connection).await? {
        Value::Connection(_, name) => name,
        other => return Err(located(data(format!("a transaction needs a SQL connection, found `{}`", other.kind())))),
    };
    if frame.is_in_transaction() {
        return Err(located(data("a transaction is open already; one cannot stand inside another".to_owned())));
    }
    let sql = frame.context.sql(&name).map_err(located)?;
    if frame.run.preview.is_some() {
        // Nothing is written, so there is nothing to begin; reads go their usual way.
        return block::run(block, &frame.of_transaction(site, block.slots)).await;
    }
    let transaction = tokio::select! {
        biased;
        begun = sql.begin() => begun.map_err(located)?,
        () = frame.halt.cancelled() => return Err(Fault::cancelled()),
    };
    let session = Arc::new(Mutex::new(transaction));
    let open = OpenTransaction { connection: name, session: session.clone() };
    let result = {
        let inner = frame.in_transaction(open).of_transaction(site, block.slots);
        block::run(block, &inner).await
    };
    let Some(transaction) = Arc::into_inner(session).map(Mutex::into_inner) else {
        // Dropping the last reference rolls back.
        return Err(located(StepError::new(ErrorKind::Internal, "a statement outlived its transaction")));
    };
    finish(transaction, result, site).await.map_err(|mut fault| {
        fault.span.get_or_insert(connection.span);
        fault
    })
}

fn data(message: String) -> StepError {
    StepError::new(ErrorKind::Data, message)
}

async fn finish(transaction: Box<dyn SqlTransaction>, result: Ran<Value>, site: Site<'_>) -> Ran<Value> {
    let result = if site.frame.halt.is_cancelled() { result.and(Err(Fault::cancelled())) } else { result };
    match result {
        Ok(value) => commit(transaction, site).await.map(|()| value),
        Err(fault) => {
            // The block's failure is what happened; a failed rollback only means that the server does it.
            let _ = tokio::time::timeout(LONGEST_ROLLBACK, transaction.rollback()).await;
            Err(fault)
        }
    }
}

/// Only the second request to stop ends the wait for a commit.
async fn commit(transaction: Box<dyn SqlTransaction>, site: Site<'_>) -> Ran<()> {
    tokio::select! {
        biased;
        done = transaction.commit() => done.map_err(Fault::new),
        () = site.frame.abort.cancelled() => Err(Fault::new(StepError::new(
            ErrorKind::Ambiguous,
            "interrupted while the transaction was being committed; it may have happened",
        ))),
    }
}
