//! The files that a check was asked for.

use std::collections::HashSet;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::cli::arguments::CheckArguments;
use crate::cli::project::read_text;

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
pub(super) fn read(command: &CheckArguments) -> Result<Vec<File>, String> {
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    for path in &command.paths {
        if path.as_os_str() == "-" {
            found.push(File::new(command.stdin_filename.clone(), stdin()?));
            continue;
        }
        for (path, text) in under(path)?.into_iter().filter(|(path, _)| seen.insert(path.clone())) {
            found.push(File::new(path, text));
        }
    }
    if found.is_empty() {
        let paths: Vec<String> = command.paths.iter().map(|path| path.display().to_string()).collect();
        return Err(format!("there is no .flow file under {}", paths.join(", ")));
    }
    Ok(found)
}

/// A file and its text, or those of a directory.
pub(in crate::cli) fn under(path: &Path) -> Result<Vec<(PathBuf, String)>, String> {
    let mut paths = Vec::new();
    if path.is_dir() {
        walk(path, &mut paths)?;
    } else {
        paths.push(path.to_path_buf());
    }
    let text = |path: PathBuf| match read_text(&path) {
        Ok(text) => Ok((path, text)),
        Err(why) => Err(format!("cannot read `{}`: {why}", path.display())),
    };
    paths.into_iter().map(text).collect()
}

fn stdin() -> Result<String, String> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(|error| format!("cannot read stdin: {error}"))?;
    Ok(text)
}

/// The `.flow` files under a directory, hidden ones and `target` left out, in order of their names.
fn walk(directory: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let read = |error: std::io::Error| format!("cannot read `{}`: {error}", directory.display());
    let mut entries: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(read)? {
        entries.push(entry.map_err(read)?.path());
    }
    entries.sort();
    for path in entries {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let is_link = path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink());
        if path.is_dir() && !is_link && !name.starts_with('.') && name != "target" {
            walk(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "flow") && path.is_file() {
            // `./a.flow` and `a.flow` are one file; the shorter name reads better.
            files.push(path.strip_prefix("./").map_or(path.clone(), Path::to_path_buf));
        }
    }
    Ok(())
}
