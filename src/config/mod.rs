//! `vmflow.yaml`: environments with their connections, and jobs; `package.yaml`: the jobs of a package.
//!
//! [`load`] reads the file into a [`Config`] without asking for any variable; what an environment
//! or a job needs is substituted and typed when [`Config::environment`] or [`Config::job`] asks for it, so
//! that a variable missing in `prod` does not disturb `local`. All that is wrong is reported at once, as
//! diagnostics that point into the file.
//!
//! [`Variables`] is the only reader of the process environment. [`mask_json`] and [`Redactor`] keep
//! secrets out of what is shown.

mod connection;
mod cron;
mod document;
mod environment;
mod http;
mod job;
mod kinds;
mod lifecycle;
mod manifest;
mod mask;
mod metrics;
mod origin;
mod reading;
mod runs;
mod secret;
mod substitute;
mod transport;
mod variables;
mod yaml;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use crate::diagnostic::Diagnostic;
use crate::source::Source;

pub use connection::{Connection, ConnectionConfig, Login, MetricsServer, Rate, ServerAddress, Tls};
pub use document::{Config, waiting_in_circles};
pub use environment::{ConnectionOutline, Environment};
pub use job::{CatchUp, Job, JobParam, Overlap, Schedule};
pub use lifecycle::{Credentials, Influx, Sink, SinkConfig};
pub use manifest::{Home, MANIFEST_NAME, Manifest, Named, is_package_name};
pub use mask::{MaskWords, Redactor, mask_all, mask_json, mask_text};
pub use metrics::{Durable, WriteProtocol};
pub use origin::{Filled, Setting};
pub use runs::Runs;
pub use secret::{Secret, Url};
pub use variables::Variables;

/// The name of the file.
pub const FILE_NAME: &str = "vmflow.yaml";

/// The nearest `vmflow.yaml`: in `start`, or beside it when it is a file, or in a directory above.
pub fn find(start: &Path) -> Option<PathBuf> {
    let absolute = std::path::absolute(start).ok()?;
    absolute.ancestors().map(|directory| directory.join(FILE_NAME)).find(|file| file.is_file())
}

/// Reads a configuration. What is wrong with its shape is in the findings, and the [`Config`] holds what
/// could be read. Paths in it are relative to the directory of `source.name`.
pub fn load(source: &Source, variables: &Variables) -> (Config, Vec<Diagnostic>) {
    Config::read(source, variables)
}
