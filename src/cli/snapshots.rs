//! What databases hold, known without asking them: from their snapshots, or from the file that makes their tables.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::runtime::Builder;

use super::project::{self, read_text, shown_path};
use crate::check::{Schemas, Surroundings};
use crate::config::Config;
use crate::connection::Describe as _;
use crate::connection::sql::{SqliteDatabase, SqliteOptions};
use crate::schema::{self, Schema};

/// The folder of a project's snapshots.
pub(super) fn folder(config: &Config, given: Option<&Path>) -> PathBuf {
    given.map_or_else(|| config.directory().join("schema"), Path::to_path_buf)
}

/// Refuses a folder that somebody named and that is not there: without it nothing would be known, and nobody told.
pub(super) fn is_there(folder: &Path) -> Result<(), String> {
    let shown = folder.display();
    let missing =
        || format!("there is no folder `{shown}`; `vmflow schema pull --schema {shown}` writes snapshots there");
    folder.is_dir().then_some(()).ok_or_else(missing)
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
    outlines.filter(|outline| is_database(&outline.kind)).map(|outline| outline.name).collect()
}

fn is_database(kind: &str) -> bool {
    matches!(kind, "sqlite" | "postgres" | "mysql")
}

/// What is known of an environment before a run, its databases' snapshots included.
pub(super) fn surroundings(config: &Config, environment: &str, given: Option<&Path>) -> Result<Surroundings, String> {
    Ok(Surroundings { schemas: all(config, environment, given)?, ..project::surroundings(config, environment) })
}

/// What the databases of an environment hold, by the names of their connections.
fn all(config: &Config, environment: &str, given: Option<&Path>) -> Result<Schemas, String> {
    let folder = folder(config, given);
    let mut found = Schemas::default();
    for outline in config.outlines(environment).into_iter().filter(|outline| is_database(&outline.kind)) {
        match (read(&place(&folder, environment, &outline.name))?, outline.schema) {
            (Some(snapshot), _) => found.insert(outline.name, Arc::new(snapshot)),
            (None, Some(file)) => {
                let file = config.directory().join(&*file);
                found.insert_lazily(outline.name, || std::thread::spawn(move || made(&file)).join().ok().flatten());
            }
            (None, None) => {}
        }
    }
    Ok(found)
}

/// What a file of statements makes of an empty SQLite database; on a thread that waits for nothing else. Nothing where they
/// do not run: opening the database says why, and no finding about queries would help.
fn made(file: &Path) -> Option<Arc<Schema>> {
    let statements = read_text(file).ok()?;
    let runtime = Builder::new_current_thread().enable_time().build().ok()?;
    let database = SqliteDatabase::open(SqliteOptions { path: ":memory:".into(), schema_sql: Some(statements) });
    let schema = runtime.block_on(database.schema(&[])).ok()?;
    Some(Arc::new(Schema { origin: shown_path(file), is_made: true, ..schema }))
}
