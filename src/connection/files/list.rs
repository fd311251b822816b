//! Which files match a pattern.

use std::fs::File;
use std::io;
use std::sync::Arc;

use chrono::DateTime;
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::Dir;

use super::beneath;
use super::failure::{cannot_read, data};
use crate::connection::FileFound;
use crate::value::StepError;

/// Lists the files that match, by name. What is no file, and links that lead out, are passed over.
pub(super) fn list(root: &OwnedFd, pattern: &str) -> Result<Vec<FileFound>, StepError> {
    let mut found = Vec::new();
    let parts: Vec<&str> = pattern.split('/').collect();
    walk(root.as_fd(), "", &parts, &mut found)?;
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

fn walk(root: BorrowedFd<'_>, at: &str, parts: &[&str], found: &mut Vec<FileFound>) -> Result<(), StepError> {
    let Some((part, rest)) = parts.split_first() else { return Ok(()) };
    for name in names(root, at, part)? {
        let path = if at.is_empty() { name } else { format!("{at}/{name}") };
        if rest.is_empty() {
            found.extend(file(root, &path)?);
        } else if is_directory(root, &path)? {
            walk(root, &path, rest, found)?;
        }
    }
    Ok(())
}

fn is_directory(root: BorrowedFd<'_>, path: &str) -> Result<bool, StepError> {
    match beneath::directory(root, path) {
        Ok(_) => Ok(true),
        Err(error) if beneath::is_link_out(&error) => Ok(false),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(false),
        Err(error) => Err(cannot_read(path, &error)),
    }
}

/// The names in a directory that match a part of the pattern.
fn names(root: BorrowedFd<'_>, at: &str, part: &str) -> Result<Vec<String>, StepError> {
    let fails = |error: &io::Error| cannot_read(if at.is_empty() { "." } else { at }, error);
    if !part.contains(['*', '?']) {
        return Ok(vec![part.to_owned()]);
    }
    let directory = beneath::directory(root, at).map_err(|error| fails(&error))?;
    let mut names = Vec::new();
    for entry in Dir::read_from(&directory).map_err(|error| fails(&error.into()))? {
        let entry = entry.map_err(|error| fails(&error.into()))?;
        let name = String::from_utf8_lossy(entry.file_name().to_bytes());
        // As in a shell, what is hidden is only found when it is asked for.
        if (name.starts_with('.') && !part.starts_with('.')) || !matches(part, &name) {
            continue;
        }
        if entry.file_name().to_str().is_err() || name.contains(char::is_control) {
            return Err(data(format!("{name:?}"), "this file's name is not UTF-8, or holds a control character")
                .help("rename it, or choose a pattern that it does not match"));
        }
        names.push(name.into_owned());
    }
    Ok(names)
}

/// What is known of a path, when it is a file.
fn file(root: BorrowedFd<'_>, path: &str) -> Result<Option<FileFound>, StepError> {
    let file = match beneath::open(root, path) {
        Ok(file) => File::from(file),
        Err(error) if error.kind() == io::ErrorKind::NotFound || beneath::is_link_out(&error) => return Ok(None),
        // Neither a socket nor a device without a driver can be opened.
        Err(error) if rustix::io::Errno::from_io_error(&error) == Some(rustix::io::Errno::NXIO) => return Ok(None),
        Err(error) => return Err(cannot_read(path, &error)),
    };
    let about = file.metadata().map_err(|error| cannot_read(path, &error))?;
    if !about.is_file() {
        return Ok(None);
    }
    let modified = about.modified().map_err(|error| cannot_read(path, &error))?;
    Ok(Some(FileFound { name: path.to_owned(), bytes: about.len(), modified: DateTime::from(modified) }))
}

/// Whether a name matches: `*` is any number of characters, `?` is one.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n) = (0, 0);
    // Where to go on when the last `*` takes one character more.
    let mut back: Option<(usize, usize)> = None;
    while let Some(letter) = name.get(n) {
        match (pattern.get(p), back) {
            (Some('*'), _) => {
                back = Some((p + 1, n));
                p += 1;
            }
            (Some(wanted), _) if *wanted == '?' || wanted == letter => {
                p += 1;
                n += 1;
            }
            (_, Some((star, taken))) => {
                back = Some((star, taken + 1));
                p = star;
                n = taken + 1;
            }
            (_, None) => return false,
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|rest| *rest == '*')
}

/// A file near a name, for the one who misspelt it.
pub(super) fn near(root: &OwnedFd, path: &str) -> Option<String> {
    let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
    let known = names(root.as_fd(), parent, "*").ok()?;
    let known: Vec<Arc<str>> = known.into_iter().map(Arc::from).collect();
    crate::diagnostic::did_you_mean(name, known.iter().map(|name| &**name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn patterns_match_as_in_a_shell() {
        for (pattern, name) in
            [("*.csv", "a.csv"), ("*", "a"), ("a?c", "abc"), ("*a*b*", "xaxbx"), ("a", "a"), ("**", "")]
        {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [("*.csv", "a.csv.gz"), ("a?c", "ac"), ("*a*b", "xbxa"), ("", "a"), ("[ab]", "a")] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
        // Not exponential.
        assert!(!matches(&"*a".repeat(50), &"a".repeat(49)));
    }

    proptest! {
        #[test]
        fn a_pattern_made_of_a_name_matches_it(name in "[ab]{0,12}", cut in 0..12_usize, until in 0..12_usize) {
            let (cut, until) = (cut.min(name.len()), until.min(name.len()));
            let (from, to) = (cut.min(until), cut.max(until));
            let pattern = format!("{}*{}", &name[..from], &name[to..]);
            prop_assert!(matches(&pattern, &name));
        }
    }
}
