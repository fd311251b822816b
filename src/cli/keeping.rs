//! Where runs keep what they read, and for whom.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::check::modules::Modules;
use crate::config::{Config, Environment};
use crate::connection::cache::Folder;
use crate::run::Keeping;
use crate::value::hex;

/// The place beside the configuration, for this program in this environment.
pub(super) fn keeping(config: &Config, modules: &Modules, environment: &Environment) -> Keeping {
    let folder = Folder::new(config.directory().join(".vmflow").join("cache"));
    Keeping { cache: Arc::new(folder), origin: origin(modules, environment).into() }
}

/// A digest of every text that the program comes from, and of where its connections lead. Names of files do not count:
/// they depend on where the command was given.
fn origin(modules: &Modules, environment: &Environment) -> String {
    let files = modules.all.iter().map(|module| &*module.source.text);
    let mut programs: Vec<&str> = modules.programs.values().flatten().map(|text| &**text).collect();
    programs.sort_unstable();
    let connections = environment.masked_json().to_string();
    let mut hash = Sha256::new();
    for text in files.chain(programs).chain([&*connections]) {
        hash.update(text.len().to_le_bytes());
        hash.update(text);
    }
    hex(&hash.finalize())
}
