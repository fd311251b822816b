//! What every server of metrics is asked with.

use std::path::PathBuf;

use crate::connection::transport::{Authorization, Transport, TransportOptions};
use crate::value::StepError;

/// How a server is asked.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// Credentials.
    pub authorization: Authorization,
    /// How long a request may take, in milliseconds; of an export, each piece of the answer.
    pub timeout_ms: u64,
    /// How many requests may be under way at once.
    pub pool: usize,
    /// Whether the server's certificate is verified.
    pub verify: bool,
    /// A file of certificates to trust besides the machine's.
    pub ca: Option<PathBuf>,
}

impl ServerOptions {
    pub(super) fn transport(&self) -> Result<Transport, StepError> {
        Transport::new(&TransportOptions {
            authorization: self.authorization.clone(),
            headers: Vec::new(),
            timeout_ms: self.timeout_ms,
            pool: self.pool,
            verify: self.verify,
            ca: self.ca.clone(),
        })
    }
}
