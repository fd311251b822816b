//! Comma-separated values, as RFC 4180 says.

mod read;
mod scan;
mod write;

pub(super) use read::read;
pub(super) use scan::LONGEST_RECORD;
pub(super) use write::write;
