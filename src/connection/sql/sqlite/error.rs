//! What SQLite's errors mean.

use crate::value::{ErrorKind, StepError};

/// The failure behind an error of the driver.
pub(super) fn failure(error: &sqlx::Error) -> StepError {
    match error {
        sqlx::Error::Database(inner) => by_code(code(error).unwrap_or(1) & 0xff, inner.message()),
        sqlx::Error::PoolTimedOut => {
            StepError::transient(ErrorKind::Timeout, "another step kept the database's only writer for too long")
                .help("keep transactions short, and do not read outside a transaction from inside it")
        }
        sqlx::Error::Io(error) => StepError::new(ErrorKind::Configuration, error.to_string()),
        other => StepError::new(ErrorKind::Query, other.to_string()),
    }
}

/// SQLite's extended code, when SQLite said something.
pub(super) fn code(error: &sqlx::Error) -> Option<i32> {
    error.as_database_error()?.code()?.parse().ok()
}

/// Whether somebody else has the lock that was wanted.
pub(super) fn is_busy(error: &sqlx::Error) -> bool {
    code(error).is_some_and(|code| matches!(code & 0xff, 5 | 6))
}

/// Whether the file, or where it lies, may only be read.
pub(super) fn is_read_only(error: &sqlx::Error) -> bool {
    code(error).is_some_and(|code| code & 0xff == 8)
}

fn by_code(code: i32, message: &str) -> StepError {
    match code {
        // BUSY, LOCKED
        5 | 6 => StepError::transient(ErrorKind::Connection, format!("{message}: another process is writing")),
        // IOERR
        10 => StepError::transient(ErrorKind::Connection, message),
        // PERM, READONLY
        3 | 8 => StepError::new(ErrorKind::Query, message).help(
            "a query cannot write; a file that nobody may write needs other permissions, and its folder, too, \
                   where it has a write-ahead log",
        ),
        // CORRUPT, CANTOPEN, NOTADB
        11 | 14 | 26 => {
            StepError::new(ErrorKind::Configuration, message).help("check the connection's `path` and its permissions")
        }
        // FULL, TOOBIG, CONSTRAINT, MISMATCH
        13 | 18..=20 => StepError::new(ErrorKind::Write, message),
        _ => StepError::new(ErrorKind::Query, message),
    }
}
