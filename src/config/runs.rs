//! `runs:`, where runs are recorded.

use std::path::PathBuf;
use std::sync::Arc;

use super::connection::{ConnectionConfig, ServerAddress, Tls};
use super::kinds;
use super::reading::{Reading, or_default, report_secrets_in_clear};
use super::transport::report_secrets_on_the_wire;
use super::yaml::{Field, Mapping, field, fields};

/// The keys that place the store on a server.
const SERVER: [&str; 9] = ["url", "host", "port", "database", "user", "password", "tls", "schema", "lease"];
/// All keys.
const KEYS: [&str; 11] =
    ["enabled", "path", "url", "host", "port", "database", "user", "password", "tls", "schema", "lease"];

/// The schema unless another is named.
const SCHEMA: &str = "vmflow";
/// The longest name that PostgreSQL takes.
const LONGEST: usize = 63;

/// How long a run is its owner's who is not heard of, in milliseconds; and the shortest that may be asked for.
const LEASE_MS: u64 = 30_000;
const SHORTEST_MS: u64 = 1_000;

/// Where runs are recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Runs {
    /// In a file of their own.
    File(PathBuf),
    /// In a schema of a PostgreSQL database.
    Postgres {
        /// Where the database is.
        address: ServerAddress,
        /// Encryption.
        tls: Option<Tls>,
        /// The schema.
        schema: Arc<str>,
        /// How long a run is its owner's who is not heard of, in milliseconds.
        lease_ms: u64,
    },
}

/// Reads `runs:`. The outer `None` means that a finding was made, the inner one that runs are not to be recorded.
#[allow(clippy::option_option, reason = "a setting is wrong, off or given: three cases")]
pub(super) fn runs(reading: &mut Reading<'_>, runs: Field<'_>, default: PathBuf) -> Option<Option<Runs>> {
    let map = reading.map(runs)?;
    reading.check_keys(map, &KEYS, "`runs`");
    let is_enabled = or_default(map, "enabled", true, |field| reading.boolean(field));
    let server = fields(map).find(|field| SERVER.contains(&field.key));
    let place = match server {
        Some(server) => on_server(reading, runs, map, server),
        None => or_default(map, "path", default, |field| reading.path(field)).map(Runs::File),
    };
    let (is_enabled, place) = (is_enabled?, place?);
    Some(is_enabled.then_some(place))
}

fn on_server(reading: &mut Reading<'_>, runs: Field<'_>, map: &Mapping, server: Field<'_>) -> Option<Runs> {
    if let Some(path) = field(map, "path") {
        let message = format!("`path` is given beside `{}`", server.key);
        reading.report(path.key_span, message, "keep the file, or the server");
        return None;
    }
    let connection = kinds::postgres(reading, "`runs`", map, runs.key_span);
    let schema = or_default(map, "schema", Arc::from(SCHEMA), |field| schema(reading, field));
    let lease_ms = or_default(map, "lease", LEASE_MS, |field| lease(reading, field));
    report_secrets_in_clear(reading, map, connection.as_ref().is_some_and(ConnectionConfig::is_local));
    report_secrets_on_the_wire(reading, map);
    let Some(ConnectionConfig::Postgres { address, tls, .. }) = connection else { return None };
    Some(Runs::Postgres { address, tls, schema: schema?, lease_ms: lease_ms? })
}

fn schema(reading: &mut Reading<'_>, field: Field<'_>) -> Option<Arc<str>> {
    let name = reading.name(field)?;
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
    let is_plain = name.bytes().all(|byte| is_letter(byte) || byte.is_ascii_digit());
    if is_plain && name.bytes().next().is_some_and(is_letter) && name.len() <= LONGEST {
        return Some(name);
    }
    let message = format!("`{name}` is no name of a schema here");
    reading.report(field.node.span, message, "use small letters, digits and `_`, beginning with a letter");
    None
}

fn lease(reading: &mut Reading<'_>, field: Field<'_>) -> Option<u64> {
    let ms = reading.duration_ms(field)?;
    if ms >= SHORTEST_MS {
        return Some(ms);
    }
    reading.report(field.node.span, "a lease of less than a second is too short to be kept", "write `1s`, or more");
    None
}
