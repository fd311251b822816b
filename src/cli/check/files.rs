//! The files that a check was asked for.

use std::path::{Path, PathBuf};

use crate::cli::arguments::CheckArguments;
use crate::cli::packages::{self, Meant};
use crate::cli::{project, walk};
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

/// The files to check, each once, in order; and why others could not be read, a line each.
pub(super) fn read(command: &CheckArguments, variables: &Variables) -> Result<(Vec<File>, Vec<String>), String> {
    let (paths, mut unread) = paths(command, variables)?;
    if paths.is_empty() && unread.is_empty() {
        return Err(walk::none_under(&command.paths));
    }
    let mut found = Vec::new();
    for path in walk::once(paths) {
        if is_stdin(&path) {
            found.push(File::new(command.stdin_filename.clone(), project::read_stdin()?));
            continue;
        }
        match project::text_of(&path) {
            Ok(text) => found.push(File::new(path, text)),
            Err(why) => unread.push(why),
        }
    }
    Ok((found, unread))
}

fn paths(command: &CheckArguments, variables: &Variables) -> Result<(Vec<PathBuf>, Vec<String>), String> {
    let (mut files, mut unread) = (Vec::new(), Vec::new());
    for path in &command.paths {
        let meant = if is_stdin(path) { None } else { packages::meant(path, variables)? };
        let path = meant.as_ref().map_or(path, Meant::path);
        let walked = walk::under(path);
        files.extend(walked.files);
        unread.extend(walked.unread);
    }
    Ok((files, unread))
}

/// Whether a path stands for stdin.
pub(super) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}
