//! Committing so that the outcome is known, also when the answer is lost.
//!
//! Before COMMIT the transaction's number is asked for. When the connection breaks while COMMIT is under
//! way, a fresh connection asks the server what became of that number. A number can be given out again
//! after a crash if the log of its first use was lost; so the server's last start and recovery are
//! remembered too, and "committed" from a server that restarted in between counts as unknown.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::PgConnection;
use sqlx::{Connection, Executor};
use tokio::time::{Instant, sleep};

use super::error::{code, failure, is_lost};
use super::pool::{Lease, Pool};
use crate::value::{ErrorKind, StepError};

/// How long the server is asked what became of a transaction.
const INQUIRY: Duration = Duration::from_secs(10);

/// Between two questions.
const PAUSE: Duration = Duration::from_millis(300);

/// The statistics are reset when the server recovers from a crash.
const WITNESS: &str = "
    select pg_current_xact_id_if_assigned()::text,
        pg_postmaster_start_time()::text || coalesce((select stats_reset::text from pg_stat_bgwriter), '')";

const FATE: &str = "
    select pg_xact_status($1::text::xid8),
        pg_postmaster_start_time()::text || coalesce((select stats_reset::text from pg_stat_bgwriter), '')";

/// Commits the transaction on `lease`.
pub(super) async fn commit(mut lease: Lease) -> Result<(), StepError> {
    let pool = lease.pool().clone();
    let connection = lease.connection()?;
    let witness: Result<(Option<String>, String), _> = sqlx::query_as(WITNESS).fetch_one(&mut *connection).await;
    let (number, life) = witness.map_err(|error| failure(&error, ""))?;
    match connection.execute("commit").await {
        Ok(_) => lease.give_back(),
        Err(error) if !is_lost(&error) => return Err(failure(&error, "")),
        Err(error) => {
            drop(lease);
            match number {
                Some(number) => return fate(&pool, &number, &life).await,
                // Nothing was written.
                None => return Err(failure(&error, "")),
            }
        }
    }
    Ok(())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Committed,
    RolledBack,
    UnderWay,
    Unknown,
}

/// Asks what became of a transaction until the server says, or for [`INQUIRY`].
async fn fate(pool: &Arc<Pool>, number: &str, life: &str) -> Result<(), StepError> {
    let end = Instant::now() + INQUIRY;
    loop {
        let fate = match pool.connect().await {
            Ok(connection) => ask(connection, number, life).await,
            Err(_) => Fate::UnderWay,
        };
        match fate {
            Fate::Committed => return Ok(()),
            Fate::RolledBack => {
                let message = "the connection broke while committing, and PostgreSQL rolled the transaction back";
                return Err(StepError::transient(ErrorKind::Connection, message));
            }
            Fate::UnderWay if Instant::now() < end => sleep(PAUSE).await,
            Fate::UnderWay | Fate::Unknown => return Err(ambiguous()),
        }
    }
}

fn ambiguous() -> StepError {
    let message = "the connection broke while committing, and PostgreSQL cannot say whether the transaction is in";
    StepError::new(ErrorKind::Ambiguous, message)
        .help("run it again: what the tables hold then tells what is still to be done")
}

async fn ask(mut connection: PgConnection, number: &str, life: &str) -> Fate {
    let said: Result<(Option<String>, String), _> = sqlx::query_as(FATE).bind(number).fetch_one(&mut connection).await;
    let fate = match &said {
        Ok((status, now)) => judge(status.as_deref(), now == life),
        // "transaction ID is in the future": a crash lost it.
        Err(error) if code(error) == Some("22023") => Fate::RolledBack,
        Err(_) => Fate::UnderWay,
    };
    let _ = connection.close().await;
    fate
}

/// What a status means; a server that restarted may have given the number out again, but never that of a
/// transaction that committed.
const fn judge(status: Option<&str>, same_life: bool) -> Fate {
    match (status, same_life) {
        (Some(status), true) => match status.as_bytes() {
            b"committed" => Fate::Committed,
            b"aborted" => Fate::RolledBack,
            _ => Fate::UnderWay,
        },
        (Some(status), false) => match status.as_bytes() {
            b"committed" => Fate::Unknown,
            _ => Fate::RolledBack,
        },
        (None, _) => Fate::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_server_that_lived_on_vouches_for_a_commit() {
        assert_eq!(judge(Some("committed"), true), Fate::Committed);
        assert_eq!(judge(Some("committed"), false), Fate::Unknown);
        assert_eq!(judge(Some("aborted"), true), Fate::RolledBack);
        assert_eq!(judge(Some("aborted"), false), Fate::RolledBack);
        assert_eq!(judge(Some("in progress"), true), Fate::UnderWay);
        assert_eq!(judge(Some("in progress"), false), Fate::RolledBack);
        assert_eq!(judge(None, true), Fate::Unknown);
    }
}
