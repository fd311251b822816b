//! The workflow files of a package.

use std::path::{Path, PathBuf};

use super::folders::leads_out;
use crate::config::MANIFEST_NAME;

/// What a package's folder holds.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// The workflow files, in order of their names.
    pub(super) found: Vec<PathBuf>,
    /// What cannot be used, with the reason.
    pub(super) refused: Vec<(PathBuf, String)>,
}

/// The `.flow` files under `folder`. What is hidden, `target`, folders behind links and packages in it are left out; a
/// file behind a link counts only when it is one of the package's.
pub(super) fn under(folder: &Path) -> Files {
    let mut files = Files::default();
    walk(folder, folder, &mut files);
    files
}

/// Whether there is a workflow file under a folder.
pub(super) fn holds_any(folder: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else { return true };
    entries.filter_map(Result::ok).any(|entry| {
        let path = entry.path();
        is_flow(&path) || (enters(&path) && holds_any(&path))
    })
}

fn walk(folder: &Path, directory: &Path, files: &mut Files) {
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) => return files.refused.push((directory.to_path_buf(), format!("it cannot be read: {error}"))),
    };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    for path in paths {
        if enters(&path) {
            walk(folder, &path, files);
        } else if is_flow(&path) && path.is_symlink() && leads_out(&path, folder) {
            files.refused.push((path, "it is a link that leads out of the package".to_owned()));
        } else if is_flow(&path) {
            files.found.push(path);
        }
    }
}

fn is_flow(path: &Path) -> bool {
    let is_hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    !is_hidden && path.extension().is_some_and(|extension| extension == "flow") && !path.is_dir()
}

/// Whether a path is a folder of the package.
fn enters(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let is_one = !path.is_symlink() && path.is_dir();
    is_one && !name.starts_with('.') && name != "target" && !path.join(MANIFEST_NAME).exists()
}
