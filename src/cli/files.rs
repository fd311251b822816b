//! Files that a command makes: never over one that is there, never outside of the working directory.

use std::io::Write;
use std::path::{Component, Path, PathBuf};

/// Whether something has this name, be it a link that leads nowhere.
pub(super) fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// Makes a file and the folders that it lies in. One that cannot be written whole is not left there.
pub(super) fn create(path: &Path, text: &str) -> Result<(), String> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder
        .map_or(Ok(()), std::fs::create_dir_all)
        .and_then(|()| std::fs::OpenOptions::new().write(true).create_new(true).open(path))
        .and_then(|mut file| {
            file.write_all(text.as_bytes()).inspect_err(|_| {
                let _ = std::fs::remove_file(path);
            })
        })
        .map_err(|error| format!("cannot write `{}`: {error}", path.display()))
}

/// Adds to the end of a file. What cannot be added whole is not added.
pub(super) fn append(path: &Path, text: &str) -> Result<(), String> {
    let add = |mut file: std::fs::File| {
        let before = file.metadata()?.len();
        file.write_all(text.as_bytes()).inspect_err(|_| {
            let _ = file.set_len(before);
        })
    };
    std::fs::OpenOptions::new()
        .append(true)
        .open(path)
        .and_then(add)
        .map_err(|error| format!("cannot write `{}`: {error}", path.display()))
}

/// A file below the working directory, also after links are followed.
pub(super) fn inside(path: &Path) -> Result<PathBuf, String> {
    let outside = || format!("`{}` leads out of the working directory; name a file below it", path.display());
    let plain: PathBuf = path.components().filter(|part| *part != Component::CurDir).collect();
    if plain.components().any(|part| !matches!(part, Component::Normal(_))) {
        return Err(outside());
    }
    if plain.extension().is_none_or(|extension| extension != "flow") {
        return Err(format!("`{}` is no `.flow` file", path.display()));
    }
    let existing = plain.ancestors().find(|part| is_there(part));
    let real = |path: &Path| path.canonicalize().map_err(|error| format!("cannot read `{}`: {error}", path.display()));
    let here = real(Path::new("."))?;
    match existing {
        Some(existing) if !real(existing)?.starts_with(&here) => Err(outside()),
        _ => Ok(plain),
    }
}
