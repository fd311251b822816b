//! What PostgreSQL's errors mean.

use sqlx::postgres::{PgDatabaseError, PgErrorPosition};

use crate::value::{ErrorKind, StepError};

/// The SQLSTATE, when the server said something.
pub(super) fn code(error: &sqlx::Error) -> Option<&str> {
    server(error).map(PgDatabaseError::code)
}

/// The server's own words.
pub(super) fn server(error: &sqlx::Error) -> Option<&PgDatabaseError> {
    match error {
        sqlx::Error::Database(inner) => inner.try_downcast_ref::<PgDatabaseError>(),
        _ => None,
    }
}

/// Whether the connection is gone, so that the server's state is not known from here.
pub(super) fn is_lost(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::Tls(_) | sqlx::Error::WorkerCrashed => true,
        _ => code(error).is_some_and(|code| code.starts_with("08") || code.starts_with("57P0")),
    }
}

/// The failure behind an error while a statement ran; `text` is the statement, if positions refer to one.
pub(super) fn failure(error: &sqlx::Error, text: &str) -> StepError {
    match server(error) {
        Some(said) => {
            let failure = by_code(said.code(), &words(said, text));
            match (failure.help.is_some(), said.hint()) {
                (false, Some(hint)) => failure.help(hint),
                _ => failure,
            }
        }
        None if is_lost(error) => StepError::transient(
            ErrorKind::Connection,
            format!("the connection to PostgreSQL broke: {}", reason(error)),
        ),
        None => StepError::new(ErrorKind::Query, error.to_string()),
    }
}

/// The failure behind an error of a statement that nobody wrote himself.
pub(crate) fn statement_failure(error: &sqlx::Error) -> StepError {
    failure(error, "")
}

fn reason(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Io(error) => error.to_string(),
        sqlx::Error::Protocol(text) => text.clone(),
        other => other.to_string(),
    }
}

fn words(said: &PgDatabaseError, text: &str) -> String {
    let detail = said.detail().map(|detail| format!(" ({detail})")).unwrap_or_default();
    let near = match said.position() {
        Some(PgErrorPosition::Original(position)) => near(text, position),
        _ => String::new(),
    };
    format!("{}{near}{detail}", said.message())
}

/// The words at a position, counted in characters from 1.
fn near(text: &str, position: usize) -> String {
    let rest: String = text.chars().skip(position.saturating_sub(1)).take(40).collect();
    let line = rest.lines().next().unwrap_or_default().trim();
    if line.is_empty() { String::new() } else { format!(", near `{line}`") }
}

fn by_code(code: &str, message: &str) -> StepError {
    let new = |kind| StepError::new(kind, message);
    let transient = |kind| StepError::transient(kind, message);
    match (code, code.get(..2).unwrap_or_default()) {
        ("57014" | "55P03", _) => transient(ErrorKind::Timeout),
        ("57P01" | "57P02" | "57P03" | "57P05" | "25P03", _) | (_, "08" | "53") => transient(ErrorKind::Connection),
        ("40001" | "40P01", _) => transient(ErrorKind::Query),
        ("25006", _) => new(ErrorKind::Query).help("a query cannot write: use `do db.execute(…)`"),
        ("42501" | "3D000", _) | (_, "28") => new(ErrorKind::Configuration),
        ("21000", _) => new(ErrorKind::Data).help("keep one row for each key"),
        (_, "23") => new(ErrorKind::Write),
        _ => new(ErrorKind::Query),
    }
}

/// The failure behind an error while connecting to `place`.
pub(crate) fn unreachable(error: &sqlx::Error, place: &str) -> StepError {
    let doing = format!("cannot connect to PostgreSQL at {place}");
    match error {
        sqlx::Error::Tls(reason) => StepError::new(ErrorKind::Configuration, format!("{doing}: TLS: {reason}"))
            .help("check the connection's `tls` and the server's certificate"),
        sqlx::Error::Configuration(reason) => StepError::new(ErrorKind::Configuration, format!("{doing}: {reason}")),
        _ if server(error).is_some() => {
            let failure = failure(error, "").context(doing);
            let help = match code(error) {
                Some("3D000") => "create the database, or correct the connection's `database`",
                Some(code) if code.starts_with("28") => "check the connection's `user` and `password`",
                _ => return failure,
            };
            failure.help(help)
        }
        _ => StepError::transient(ErrorKind::Connection, format!("{doing}: {}", reason(error)))
            .help("check that the server runs and that `host` and `port` are right"),
    }
}
