//! The files that a check was asked for.

use std::collections::HashSet;
use std::io::Read;
use std::path::PathBuf;

use crate::cli::arguments::CheckArguments;
use crate::cli::packages::{self, Meant};
use crate::cli::walk;
use crate::config::Variables;

/// A file that was asked for.
#[derive(Debug, Clone)]
pub(super) struct File {
    /// Its name.
    pub(super) path: PathBuf,
    /// Its text as it was read.
    pub(super) before: String,
    /// Its text now.
    pub(super) text: String,
}

impl File {
    fn new(path: PathBuf, text: String) -> Self {
        Self { path, before: text.clone(), text }
    }

    /// Whether fixes have changed it.
    pub(super) fn is_changed(&self) -> bool {
        self.before != self.text
    }
}

/// The files to check, each once, in order.
pub(super) fn read(command: &CheckArguments, variables: &Variables) -> Result<Vec<File>, String> {
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    for path in &command.paths {
        if path.as_os_str() == "-" {
            found.push(File::new(command.stdin_filename.clone(), stdin()?));
            continue;
        }
        let meant = packages::meant(path, variables)?;
        let path = meant.as_ref().map_or(path, Meant::path);
        for (path, text) in walk::texts(path)?.into_iter().filter(|(path, _)| seen.insert(path.clone())) {
            found.push(File::new(path, text));
        }
    }
    if found.is_empty() {
        return Err(walk::none_under(&command.paths));
    }
    Ok(found)
}

fn stdin() -> Result<String, String> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(|error| format!("cannot read stdin: {error}"))?;
    Ok(text)
}
