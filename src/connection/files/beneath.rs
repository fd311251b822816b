//! Opening what lies below a directory, and nothing else.
//!
//! The kernel resolves a path against the open directory and refuses to leave it (`openat2` with `RESOLVE_BENEATH`), so
//! there is no moment between a look at a link and its use. Where it cannot, each part is opened from the one before it
//! and links are refused altogether.

use std::io;

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{Mode, OFlags, mkdirat, openat};
use rustix::io::Errno;

/// What a new file or directory may be, before the process's own mask.
pub(super) const FILE_MODE: Mode = Mode::from_raw_mode(0o666);
const DIRECTORY_MODE: Mode = Mode::from_raw_mode(0o777);

/// How often a path is tried again while others rename parts of it.
#[cfg(target_os = "linux")]
const TRIES: usize = 100;

/// Why a path is no path below a directory; nothing is looked up.
pub(super) fn refusal(path: &str) -> Option<&'static str> {
    if path.is_empty() {
        return Some("is empty");
    }
    if path.starts_with('/') {
        return Some("is absolute");
    }
    if path.contains(char::is_control) {
        return Some("holds a control character");
    }
    path.split('/').find_map(|part| match part {
        ".." | "." => Some("holds a part of dots"),
        "" => Some("has an empty part"),
        _ => None,
    })
}

/// Opens the directory that everything else lies below.
pub(super) fn root(path: &std::path::Path) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(openat(rustix::fs::CWD, path, flags, Mode::empty())?)
}

/// Opens a path for reading. It does not wait: a pipe without a writer is opened at once, to be told by its kind.
pub(super) fn open(root: BorrowedFd<'_>, path: &str) -> io::Result<OwnedFd> {
    below(root, path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC)
}

/// Opens a directory; `""` is the root itself.
pub(super) fn directory(root: BorrowedFd<'_>, path: &str) -> io::Result<OwnedFd> {
    below(root, if path.is_empty() { "." } else { path }, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC)
}

/// Opens a directory, and makes what is missing of it.
pub(super) fn make_directory(root: BorrowedFd<'_>, path: &str) -> io::Result<OwnedFd> {
    let mut open = directory(root, "")?;
    let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
    for end in ends.filter(|end| *end > 0) {
        let part = path.get(..end).unwrap_or(path);
        open = match directory(root, part) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let name = part.rsplit('/').next().unwrap_or(part);
                match mkdirat(&open, name, DIRECTORY_MODE) {
                    // Another may have made it at the same time.
                    Ok(()) | Err(Errno::EXIST) => rustix::fs::fsync(&open)?,
                    Err(error) => return Err(error.into()),
                }
                directory(root, part)?
            }
            other => other?,
        };
    }
    Ok(open)
}

#[cfg(target_os = "linux")]
fn below(root: BorrowedFd<'_>, path: &str, flags: OFlags) -> io::Result<OwnedFd> {
    use rustix::fs::{ResolveFlags, openat2};
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    for _ in 0..TRIES {
        match openat2(root, path, flags, Mode::empty(), resolve) {
            // Something was renamed meanwhile, and the kernel is not sure.
            Err(Errno::AGAIN | Errno::INTR) => {}
            // An old kernel, or a sandbox that does not know the call.
            Err(Errno::NOSYS | Errno::PERM) => return part_by_part(root, path, flags),
            opened => return Ok(opened?),
        }
    }
    Err(Errno::AGAIN.into())
}

#[cfg(not(target_os = "linux"))]
fn below(root: BorrowedFd<'_>, path: &str, flags: OFlags) -> io::Result<OwnedFd> {
    part_by_part(root, path, flags)
}

/// The same without help: each part from the one before, no links.
fn part_by_part(root: BorrowedFd<'_>, path: &str, flags: OFlags) -> io::Result<OwnedFd> {
    let inner = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let (parents, name) = path.rsplit_once('/').map_or((None, path), |(parents, name)| (Some(parents), name));
    let mut open: Option<OwnedFd> = None;
    for part in parents.into_iter().flat_map(|parents| parents.split('/')) {
        let from = open.as_ref().map_or(root, |open| open.as_fd());
        open = Some(openat(from, part, inner, Mode::empty())?);
    }
    let from = open.as_ref().map_or(root, |open| open.as_fd());
    Ok(openat(from, name, flags | OFlags::NOFOLLOW, Mode::empty())?)
}

/// Whether opening failed because a link leads where it must not.
pub(super) fn is_link_out(error: &io::Error) -> bool {
    let code = Errno::from_io_error(error);
    matches!(code, Some(Errno::XDEV | Errno::LOOP))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn paths_that_cannot_lie_below_are_told_by_their_text() {
        for good in ["a", "a.csv", "a/b/c.csv", "..a", "a..", "ä ö", ".hidden"] {
            assert_eq!(refusal(good), None, "{good}");
        }
        for bad in ["", "/etc/passwd", "..", "../a", "a/../b", "a/./b", "a//b", "a/", "a\nb", "a\0b"] {
            assert!(refusal(bad).is_some(), "{bad:?}");
        }
    }

    #[test]
    fn links_lead_nowhere_outside() {
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("secret"), "s").unwrap();
        let inside = tempfile::tempdir().unwrap();
        let at = |name: &str| inside.path().join(name);
        std::fs::create_dir_all(at("real/deep")).unwrap();
        std::fs::write(at("real/file"), "f").unwrap();
        symlink(outside.path().join("secret"), at("file_out")).unwrap();
        symlink(outside.path(), at("dir_out")).unwrap();
        symlink("../../../../../../etc/passwd", at("real/up")).unwrap();
        symlink("/proc/self/root/etc/passwd", at("magic")).unwrap();
        symlink("loop", at("loop")).unwrap();
        symlink("real", at("link_in")).unwrap();
        let root = root(inside.path()).unwrap();
        for path in ["file_out", "dir_out/secret", "real/up", "magic", "loop"] {
            let error = open(root.as_fd(), path).unwrap_err();
            assert!(is_link_out(&error), "{path}: {error}");
            assert!(part_by_part(root.as_fd(), path, OFlags::RDONLY).is_err(), "{path}");
        }
        assert!(directory(root.as_fd(), "dir_out").is_err());
        assert!(make_directory(root.as_fd(), "dir_out/new").is_err());
        assert!(!outside.path().join("new").exists());
        open(root.as_fd(), "real/file").unwrap();
        part_by_part(root.as_fd(), "real/file", OFlags::RDONLY).unwrap();
        make_directory(root.as_fd(), "real/x/y").unwrap();
        assert!(at("real/x/y").is_dir());
        // A link that stays inside is followed where the kernel can tell.
        #[cfg(target_os = "linux")]
        open(root.as_fd(), "link_in/file").unwrap();
        assert!(part_by_part(root.as_fd(), "link_in/file", OFlags::RDONLY).is_err());
    }
}
