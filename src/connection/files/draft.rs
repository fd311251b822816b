//! A file in the making: under another name in the same directory until it is whole and on the disk.
//!
//! The name begins with [`PREFIX`] and its maker holds a lock on it, which ends with the process, however that ends. So
//! whoever writes into the directory next can tell what was left behind from what is in the making, and removes it. A file
//! without a name (`O_TMPFILE`) would leave nothing at all, but not every file system has them.

use std::fs::File;
use std::io::{self, Read, Write};

use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, openat, renameat, statat, unlinkat};
use rustix::io::Errno;

use super::beneath::FILE_MODE;
use crate::connection::Change;

/// What the names of files in the making begin with.
pub(super) const PREFIX: &str = ".vmflow-";

/// What they end with.
const SUFFIX: &str = ".tmp";

/// How much of two files is compared at once.
const PIECE: usize = 256 * 1024;

/// A file in the making; dropped before [`Draft::finish`] it is gone.
#[derive(Debug)]
pub(super) struct Draft {
    directory: OwnedFd,
    file: File,
    temporary: String,
    name: String,
    is_done: bool,
}

/// Why a name cannot be written to.
#[derive(Debug)]
pub(super) enum Obstacle {
    /// Something that is no file stands there.
    Occupied(&'static str),
    /// The system says no.
    Io(io::Error),
}

impl From<io::Error> for Obstacle {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<Errno> for Obstacle {
    fn from(error: Errno) -> Self {
        Self::Io(error.into())
    }
}

impl Draft {
    /// Begins a file that will be called `name` in a directory.
    pub(super) fn begin(directory: OwnedFd, name: &str) -> Result<Self, Obstacle> {
        let before = existing(&directory, name)?;
        let (file, temporary) = create(&directory)?;
        let draft = Self { directory, file, temporary, name: name.to_owned(), is_done: false };
        if let Some(mode) = before {
            rustix::fs::fchmod(&draft.file, mode)?;
        }
        Ok(draft)
    }

    /// Puts the file in its place, unless the same bytes are there already. Gives its size, too.
    pub(super) fn finish(mut self) -> io::Result<(u64, Change)> {
        let bytes = self.file.metadata()?.len();
        let change = self.change(bytes)?;
        if change != Change::Unchanged {
            self.file.sync_all()?;
            renameat(&self.directory, &self.temporary, &self.directory, &self.name)?;
            self.is_done = true;
            rustix::fs::fsync(&self.directory)?;
        }
        Ok((bytes, change))
    }

    fn change(&self, bytes: u64) -> io::Result<Change> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let old = match openat(&self.directory, &self.name, flags, Mode::empty()) {
            Ok(old) => File::from(old),
            Err(Errno::NOENT) => return Ok(Change::Created),
            // What cannot be read can still be replaced.
            Err(_) => return Ok(Change::Updated),
        };
        let mut new = &self.file;
        io::Seek::rewind(&mut new)?;
        let is_same = old.metadata()?.len() == bytes && same_bytes(old, new)?;
        Ok(if is_same { Change::Unchanged } else { Change::Updated })
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.is_done {
            // What cannot be removed now is removed by the next write.
            let _ = unlinkat(&self.directory, &self.temporary, AtFlags::empty());
        }
    }
}

/// A new file under a name of its own, locked.
fn create(directory: &OwnedFd) -> io::Result<(File, String)> {
    loop {
        let name = format!("{PREFIX}{}{SUFFIX}", uuid::Uuid::now_v7());
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = File::from(openat(directory, &name, flags, FILE_MODE)?);
        // A file system without locks is no reason not to write. With them, another may have taken it for one that was
        // left behind, in the moment before it was locked.
        if file.lock().is_err() || rustix::fs::fstat(&file)?.st_nlink > 0 {
            return Ok((file, name));
        }
    }
}

/// The mode of the file that will be replaced, if there is one. A link is not followed and not replaced: who made it
/// expects it to stay.
pub(super) fn existing(directory: &OwnedFd, name: &str) -> Result<Option<Mode>, Obstacle> {
    let found = match statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(found) => found,
        Err(Errno::NOENT) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    match FileType::from_raw_mode(found.st_mode) {
        FileType::RegularFile => Ok(Some(Mode::from_raw_mode(found.st_mode))),
        FileType::Directory => Err(Obstacle::Occupied("a directory")),
        FileType::Symlink => Err(Obstacle::Occupied("a link")),
        _ => Err(Obstacle::Occupied("no file")),
    }
}

fn same_bytes(mut a: impl Read, mut b: impl Read) -> io::Result<bool> {
    let (mut left, mut right) = (Vec::with_capacity(PIECE), Vec::with_capacity(PIECE));
    loop {
        left.clear();
        right.clear();
        a.by_ref().take(PIECE as u64).read_to_end(&mut left)?;
        b.by_ref().take(PIECE as u64).read_to_end(&mut right)?;
        if left != right {
            return Ok(false);
        }
        if left.is_empty() {
            return Ok(true);
        }
    }
}

/// Removes what writers left behind that were ended. What cannot be removed stays.
pub(super) fn tidy(directory: &OwnedFd) {
    let Ok(entries) = Dir::read_from(directory) else { return };
    for entry in entries.flatten() {
        let Ok(name) = entry.file_name().to_str() else { continue };
        if is_temporary(name) && is_left_behind(directory, name) {
            let _ = unlinkat(directory, name, AtFlags::empty());
        }
    }
}

fn is_temporary(name: &str) -> bool {
    let id = name.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(SUFFIX));
    id.is_some_and(|id| uuid::Uuid::try_parse(id).is_ok())
}

fn is_left_behind(directory: &OwnedFd, name: &str) -> bool {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let Ok(file) = openat(directory.as_fd(), name, flags, Mode::empty()) else { return false };
    let file = File::from(file);
    file.metadata().is_ok_and(|found| found.is_file()) && file.try_lock().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::files::beneath;

    fn names(path: &std::path::Path) -> Vec<String> {
        let name = |entry: std::fs::DirEntry| entry.file_name().into_string().unwrap();
        let mut names: Vec<String> = std::fs::read_dir(path).unwrap().map(|entry| name(entry.unwrap())).collect();
        names.sort();
        names
    }

    fn write(path: &std::path::Path, name: &str, text: &str) -> (u64, Change) {
        let mut draft = Draft::begin(beneath::root(path).unwrap(), name).unwrap();
        draft.write_all(text.as_bytes()).unwrap();
        draft.finish().unwrap()
    }

    #[test]
    fn a_file_is_there_whole_or_not_at_all() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(write(folder.path(), "a", "one"), (3, Change::Created));
        std::fs::set_permissions(folder.path().join("a"), std::fs::Permissions::from_mode(0o640)).unwrap();
        assert_eq!(write(folder.path(), "a", "one"), (3, Change::Unchanged));
        assert_eq!(write(folder.path(), "a", "two"), (3, Change::Updated));
        assert_eq!(write(folder.path(), "a", "longer"), (6, Change::Updated));
        let mode = std::fs::metadata(folder.path().join("a")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640, "who could not read it before cannot read it now");
        let mut dropped = Draft::begin(beneath::root(folder.path()).unwrap(), "a").unwrap();
        dropped.write_all(b"half").unwrap();
        assert_eq!(names(folder.path()).len(), 2);
        drop(dropped);
        assert_eq!(names(folder.path()), ["a"]);
        assert_eq!(std::fs::read_to_string(folder.path().join("a")).unwrap(), "longer");
    }

    #[test]
    fn what_was_left_behind_is_removed_and_what_is_in_the_making_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let left = format!("{PREFIX}{}{SUFFIX}", uuid::Uuid::now_v7());
        std::fs::write(folder.path().join(&left), "half").unwrap();
        let kept = [".vmflow-notes.tmp", ".vmflow-", "a.tmp"];
        for name in kept {
            std::fs::write(folder.path().join(name), "the user's own").unwrap();
        }
        let making = Draft::begin(beneath::root(folder.path()).unwrap(), "slow").unwrap();
        tidy(&beneath::root(folder.path()).unwrap());
        assert!(!folder.path().join(&left).exists());
        tidy(&beneath::root(folder.path()).unwrap());
        write(folder.path(), "quick", "1");
        assert!(folder.path().join(&making.temporary).exists());
        making.finish().unwrap();
        assert_eq!(names(folder.path()), [".vmflow-", ".vmflow-notes.tmp", "a.tmp", "quick", "slow"]);
    }

    #[test]
    fn only_files_are_replaced() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("directory")).unwrap();
        std::os::unix::fs::symlink("nowhere", folder.path().join("link")).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, folder.path().join("pipe"), FileType::Fifo, FILE_MODE, 0).unwrap();
        for (name, what) in [("directory", "a directory"), ("link", "a link"), ("pipe", "no file")] {
            let obstacle = Draft::begin(beneath::root(folder.path()).unwrap(), name).unwrap_err();
            assert!(matches!(obstacle, Obstacle::Occupied(found) if found == what), "{name}: {obstacle:?}");
        }
        assert_eq!(names(folder.path()), ["directory", "link", "pipe"]);
    }
}
