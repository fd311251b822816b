//! What goes wrong with files, in words.

use std::fmt;
use std::io;

use rustix::io::Errno;

use super::beneath::is_link_out;
use crate::value::{ErrorKind, StepError};

/// The most of a cell or a line that is quoted, in characters.
const QUOTED: usize = 60;

/// The beginning of a text, in quotes.
pub(super) fn quoted(text: &str) -> String {
    if text.chars().count() > QUOTED {
        return format!("{:?}…", text.chars().take(QUOTED).collect::<String>());
    }
    format!("{text:?}")
}

/// What a file holds is not what was wanted.
pub(super) fn data(place: impl fmt::Display, why: impl fmt::Display) -> StepError {
    StepError::new(ErrorKind::Data, format!("{place}: {why}"))
}

/// Opening or reading a file failed.
pub(super) fn cannot_read(path: &str, error: &io::Error) -> StepError {
    let (kind, why) = match Errno::from_io_error(error) {
        _ if is_link_out(error) => return link_out(path),
        Some(Errno::NOENT) => (ErrorKind::Missing, "there is no such file".to_owned()),
        Some(Errno::NOTDIR) => (ErrorKind::Missing, "a part of the path is no directory".to_owned()),
        Some(Errno::ACCESS | Errno::PERM) => (ErrorKind::Configuration, plain(error)),
        None if is_damage(error.kind()) => (ErrorKind::Data, format!("it is damaged or cut off ({})", plain(error))),
        Some(Errno::NAMETOOLONG) => (ErrorKind::Data, plain(error)),
        _ => return StepError::transient(ErrorKind::Connection, format!("cannot read `{path}`: {}", plain(error))),
    };
    StepError::new(kind, format!("cannot read `{path}`: {why}"))
}

/// Whether it is the compressed text that is wrong, not the disk.
fn is_damage(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof)
}

/// Writing a file failed; the one that was there is as it was.
pub(super) fn cannot_write(path: &str, error: &io::Error) -> StepError {
    match Errno::from_io_error(error) {
        _ if is_link_out(error) => link_out(path),
        Some(Errno::ACCESS | Errno::PERM | Errno::ROFS) => {
            StepError::new(ErrorKind::Configuration, format!("cannot write `{path}`: {}", plain(error)))
        }
        Some(Errno::NOTDIR) => {
            StepError::new(ErrorKind::Write, format!("cannot write `{path}`: a part of the path is no directory"))
        }
        code => {
            let message = format!("cannot write `{path}`: {}; what was there before is unchanged", plain(error));
            StepError {
                retryable: matches!(code, Some(Errno::IO | Errno::STALE)),
                ..StepError::new(ErrorKind::Write, message)
            }
        }
    }
}

fn link_out(path: &str) -> StepError {
    StepError::new(ErrorKind::Configuration, format!("`{path}` is a link that leads out of the connection's directory"))
        .help("put the file itself there, or make a connection for where it is")
}

/// The path is none below the directory.
pub(super) fn no_path(path: &str, why: &str) -> StepError {
    StepError::new(ErrorKind::Data, format!("the path {path:?} {why}"))
        .help("write a path below the connection's directory, such as `2025/prices.csv`")
}

/// The system's words without its number.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// The run was stopped while a file was read or written.
pub(super) fn stopped() -> StepError {
    StepError::new(ErrorKind::Cancelled, "the run was stopped")
}
