//! The files that are meant by a path.

use std::path::{Path, PathBuf};

use super::project::read_text;

/// The file itself, or the `.flow` files under a directory.
pub(super) fn under(path: &Path) -> Result<Vec<PathBuf>, String> {
    let mut files = Vec::new();
    if path.is_dir() {
        walk(path, &mut files)?;
    } else {
        files.push(path.to_path_buf());
    }
    Ok(files)
}

/// The same with their texts.
pub(super) fn texts(path: &Path) -> Result<Vec<(PathBuf, String)>, String> {
    let read = |path: PathBuf| match read_text(&path) {
        Ok(text) => Ok((path, text)),
        Err(why) => Err(format!("cannot read `{}`: {why}", path.display())),
    };
    under(path)?.into_iter().map(read).collect()
}

/// What to say when there is no file at all under `paths`.
pub(super) fn none_under(paths: &[PathBuf]) -> String {
    let paths: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    format!("there is no .flow file under {}", paths.join(", "))
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
