//! Snapshots of databases: where they lie, what they hold.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::project::{self, read_text, shown_path};
use crate::check::Surroundings;
use crate::config::Config;
use crate::schema::{self, Schema};

/// The folder of a project's snapshots.
pub(super) fn folder(config: &Config, given: Option<&Path>) -> PathBuf {
    given.map_or_else(|| config.directory().join("schema"), Path::to_path_buf)
}

/// The file that holds a connection's snapshot in an environment, or that should.
pub(super) fn place(folder: &Path, environment: &str, connection: &str) -> PathBuf {
    let [particular, general] = schema::places(folder, environment, connection);
    if particular.is_file() { particular } else { general }
}

/// Reads a snapshot, when it is there; the error is one line for people.
pub(super) fn read(path: &Path) -> Result<Option<Schema>, String> {
    if !path.is_file() {
        return Ok(None);
    }
    let shown = shown_path(path);
    let unread =
        |why: String| format!("cannot read the snapshot `{shown}`: {why}; `vmflow schema pull` writes it anew");
    let text = read_text(path).map_err(unread)?;
    Schema::from_json(&text, shown.as_str()).map(Some).map_err(unread)
}

/// The SQL connections of an environment, by name.
pub(super) fn databases(config: &Config, environment: &str) -> Vec<Arc<str>> {
    let outlines = config.outlines(environment).into_iter();
    outlines
        .filter(|outline| matches!(&*outline.kind, "sqlite" | "postgres" | "mysql"))
        .map(|outline| outline.name)
        .collect()
}

/// What is known of an environment before a run, its databases' snapshots included.
pub(super) fn surroundings(config: &Config, environment: &str, given: Option<&Path>) -> Result<Surroundings, String> {
    Ok(Surroundings { schemas: all(config, environment, given)?, ..project::surroundings(config, environment) })
}

/// The snapshots of an environment's connections, by name.
fn all(config: &Config, environment: &str, given: Option<&Path>) -> Result<HashMap<Arc<str>, Arc<Schema>>, String> {
    let folder = folder(config, given);
    let mut found = HashMap::new();
    for name in databases(config, environment) {
        if let Some(schema) = read(&place(&folder, environment, &name))? {
            found.insert(name, Arc::new(schema));
        }
    }
    Ok(found)
}
