//! Samples as servers take them: cut into requests, and written in the form of each protocol.

mod parts;
mod remote_write;

pub(super) use parts::{Part, Runs, requests};

use crate::value::Series;

/// The body of a request by remote write.
pub(super) fn encode(series: &[Series], parts: &[Part]) -> Result<Vec<u8>, String> {
    remote_write::encode(series, parts)
}
