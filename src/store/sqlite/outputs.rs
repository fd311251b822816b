//! Values too large for a row: a file for each, named after what it holds.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::abort::{self, Point};
use crate::store::Entry;
use crate::store::sql::LARGE;

#[derive(Debug)]
pub(super) struct Outputs {
    folder: PathBuf,
}

impl Outputs {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    fn file(&self, hash: &str) -> PathBuf {
        self.folder.join(format!("{hash}.json"))
    }

    /// Writes the large values among some entries.
    pub(super) fn write(&self, entries: &[Entry]) -> io::Result<()> {
        for entry in entries {
            if let Entry::Output { hash, json } = entry
                && json.len() >= LARGE
            {
                self.put(hash, json)?;
                abort::at(Point::J5);
            }
        }
        Ok(())
    }

    fn put(&self, hash: &str, json: &str) -> io::Result<()> {
        let path = self.file(hash);
        if path.exists() {
            return Ok(());
        }
        fs::create_dir_all(&self.folder)?;
        let beside = self.folder.join(format!(".{hash}.{}.tmp", std::process::id()));
        let mut file = File::create(&beside)?;
        file.write_all(json.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, &path)?;
        File::open(&self.folder)?.sync_all()
    }

    pub(super) fn read(&self, hash: &str) -> io::Result<String> {
        fs::read_to_string(self.file(hash))
    }

    /// Removes the files that no row names.
    pub(super) fn sweep(&self, known: &HashSet<String>) {
        let Ok(found) = fs::read_dir(&self.folder) else { return };
        for entry in found.flatten() {
            let path = entry.path();
            if !path.file_stem().is_some_and(|stem| known.contains(&*stem.to_string_lossy())) {
                remove(&path);
            }
        }
    }
}

fn remove(path: &Path) {
    // The next sweep comes by here as well.
    let _ = fs::remove_file(path);
}
