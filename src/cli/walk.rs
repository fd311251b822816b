//! The files that are meant by a path.

use std::path::{Path, PathBuf};

use indexmap::IndexMap;

use super::project::{plain, text_of};

/// What lies under a path.
#[derive(Debug, Default)]
pub(super) struct Walked {
    /// The files.
    pub(super) files: Vec<PathBuf>,
    /// Why others could not be looked for, a line for each folder.
    pub(super) unread: Vec<String>,
}

/// The file itself, or the `.flow` files under a directory.
pub(super) fn under(path: &Path) -> Walked {
    let mut walked = Walked::default();
    if path.is_dir() {
        walked.walk(path);
    } else {
        walked.files.push(path.to_path_buf());
    }
    walked
}

/// Each file once, in order: by its own name where a link to it is there, too.
pub(super) fn once(files: Vec<PathBuf>) -> Vec<PathBuf> {
    let mut names: IndexMap<PathBuf, PathBuf> = IndexMap::new();
    for file in files {
        let place = file.canonicalize().unwrap_or_else(|_| file.clone());
        let name = names.entry(place).or_insert_with(|| file.clone());
        if is_link(name) && !is_link(&file) {
            *name = file;
        }
    }
    names.into_values().collect()
}

/// The files under a path with their texts, for what cannot do without one of them.
pub(super) fn texts(path: &Path) -> Result<Vec<(PathBuf, String)>, String> {
    let Walked { files, unread } = under(path);
    let read = |path: PathBuf| text_of(&path).map(|text| (path, text));
    unread.into_iter().map(Err).chain(files.into_iter().map(read)).collect()
}

/// What to say when there is no file at all under `paths`.
pub(super) fn none_under(paths: &[PathBuf]) -> String {
    let paths: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    format!("there is no .flow file under {}", paths.join(", "))
}

fn is_link(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink())
}

/// What stands in a directory, in order of names.
fn entries(directory: &Path) -> Result<Vec<PathBuf>, String> {
    let listed = std::fs::read_dir(directory).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
    let mut entries: Vec<PathBuf> =
        listed.map_err(|error: std::io::Error| format!("cannot read `{}`: {}", directory.display(), plain(&error)))?;
    entries.sort();
    Ok(entries)
}

impl Walked {
    /// The `.flow` files under a directory, hidden ones and `target` left out, in order of their names.
    fn walk(&mut self, directory: &Path) {
        let entries = entries(directory).unwrap_or_else(|why| {
            self.unread.push(why);
            Vec::new()
        });
        for path in entries {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if path.is_dir() && !is_link(&path) && !name.starts_with('.') && name != "target" {
                self.walk(&path);
            } else if path.extension().is_some_and(|extension| extension == "flow") && path.is_file() {
                // `./a.flow` and `a.flow` are one file; the shorter name reads better.
                self.files.push(path.strip_prefix("./").map_or(path.clone(), Path::to_path_buf));
            }
        }
    }
}
