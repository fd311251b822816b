//! What MySQL's and MariaDB's errors mean.

use sqlx::mysql::MySqlDatabaseError;

use crate::value::{ErrorKind, StepError};

/// The server's own words.
pub(super) fn server(error: &sqlx::Error) -> Option<&MySqlDatabaseError> {
    match error {
        sqlx::Error::Database(inner) => inner.try_downcast_ref::<MySqlDatabaseError>(),
        _ => None,
    }
}

/// The server's number of an error.
pub(super) fn number(error: &sqlx::Error) -> Option<u16> {
    server(error).map(MySqlDatabaseError::number)
}

/// Whether the connection is gone, so that the server's state is not known from here: shutdown, killed, broken.
pub(super) fn is_lost(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::Tls(_) | sqlx::Error::WorkerCrashed => true,
        _ => matches!(number(error), Some(1053 | 1080 | 1158..=1161 | 1927 | 2006 | 2013 | 3169 | 4031)),
    }
}

/// Whether it is about a row's values: class 22 and 23, no value for a column without a default, a condition of the
/// table, a text that is none of its letters, one that was cut.
pub(super) fn is_of_a_row(error: &sqlx::Error) -> bool {
    let state = server(error).and_then(MySqlDatabaseError::code).unwrap_or_default();
    state.starts_with("22") || state.starts_with("23") || matches!(number(error), Some(1265 | 1364 | 1366 | 3819))
}

/// The failure behind an error while a statement ran.
pub(super) fn failure(error: &sqlx::Error) -> StepError {
    match server(error) {
        Some(_) if is_lost(error) => StepError::transient(ErrorKind::Connection, broken(error)),
        Some(said) => by_number(said.number(), said.code().unwrap_or_default(), &words(said)),
        None if is_lost(error) => StepError::transient(ErrorKind::Connection, broken(error)),
        None => StepError::new(ErrorKind::Query, error.to_string()),
    }
}

fn broken(error: &sqlx::Error) -> String {
    format!("the connection to MySQL broke: {}", reason(error))
}

fn reason(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Io(error) => error.to_string(),
        sqlx::Error::Protocol(text) => text.clone(),
        other => server(other).map_or_else(|| other.to_string(), |said| said.message().to_owned()),
    }
}

/// The server's words, without the advice to look into a manual.
fn words(said: &MySqlDatabaseError) -> String {
    match near(said.message()) {
        Some("") => "the statement ends too early".to_owned(),
        Some(near) => {
            let line = near.lines().next().unwrap_or_default();
            let shown: String = line.chars().take(40).collect();
            format!("there is an error in the SQL, near `{}`", shown.trim())
        }
        None => said.message().to_owned(),
    }
}

/// The rest of the statement that a complaint about its form names.
pub(super) fn near(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("right syntax to use near '")?;
    rest.rsplit_once("' at line ").map(|(near, _)| near.strip_suffix("...").unwrap_or(near))
}

fn by_number(number: u16, state: &str, message: &str) -> StepError {
    let new = |kind| StepError::new(kind, message);
    let transient = |kind| StepError::transient(kind, message);
    match (number, state.get(..2).unwrap_or_default()) {
        // A lock that was not had, a statement that was ended from outside or took longer than the server allows.
        (1205 | 1317 | 1969 | 3024 | 3572, _) => transient(ErrorKind::Timeout),
        (1040 | 1203 | 1226, _) | (_, "08") => transient(ErrorKind::Connection),
        (1213, _) | (_, "40") => transient(ErrorKind::Query),
        (1792, _) => new(ErrorKind::Query).help("a query cannot write: use `do db.execute(…)`"),
        (1044 | 1045 | 1049 | 1142 | 1143 | 1227 | 1290 | 1370 | 1698, _) | (_, "28") => new(ErrorKind::Configuration),
        // No value for a column without a default; a condition of the table.
        (1364 | 3819, _) | (_, "23") => new(ErrorKind::Write),
        _ => new(ErrorKind::Query),
    }
}

/// The failure behind an error while connecting to `place`.
pub(super) fn unreachable(error: &sqlx::Error, place: &str) -> StepError {
    let doing = format!("cannot connect to MySQL at {place}");
    match error {
        sqlx::Error::Tls(reason) => StepError::new(ErrorKind::Configuration, format!("{doing}: TLS: {reason}"))
            .help("check the connection's `tls` and the server's certificate"),
        // The password would go over an open wire; the exchange that avoids it is an old one with holes of its own.
        sqlx::Error::Configuration(reason) if reason.to_string().contains("RSA") => {
            let message = format!("{doing}: the user's password is asked for in the clear");
            StepError::new(ErrorKind::Configuration, message).help("encrypt the connection: `tls: require`")
        }
        sqlx::Error::Configuration(reason) => StepError::new(ErrorKind::Configuration, format!("{doing}: {reason}")),
        _ if server(error).is_some() => {
            let failure = failure(error).context(doing);
            match number(error) {
                Some(1049) => failure.help("create the database, or correct the connection's `database`"),
                Some(1044) => failure.help("grant the user the database, or correct the connection's `database`"),
                Some(1045 | 1698) => failure.help("check the connection's `user` and `password`"),
                _ => failure,
            }
        }
        _ => StepError::transient(ErrorKind::Connection, format!("{doing}: {}", reason(error)))
            .help("check that the server runs and that `host` and `port` are right"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_of_a_wrong_statement_is_found() {
        let told = "check the manual that corresponds to your MariaDB server version for the right syntax to use near";
        assert_eq!(near(&format!("{told} 'form t' at line 1")), Some("form t"));
        assert_eq!(near(&format!("{told} 'it's at line 2' at line 3")), Some("it's at line 2"));
        assert_eq!(near(&format!("{told} '' at line 1")), Some(""));
        assert_eq!(near("Unknown column 'a' in 'field list'"), None);
    }
}
