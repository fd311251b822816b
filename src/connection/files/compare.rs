//! What writing a file would do: its bytes are made and compared with those that are there, and go nowhere.

use std::fs::File;
use std::io::{self, Read, Write};

/// Takes a file's bytes, and compares them with the file that is there.
#[derive(Debug)]
pub(super) struct Comparison {
    old: Option<File>,
    is_same: bool,
    bytes: u64,
    piece: Vec<u8>,
}

impl Comparison {
    /// With the file that is there, if one is.
    pub(super) fn new(old: Option<File>) -> Self {
        Self { is_same: old.is_some(), old, bytes: 0, piece: Vec::new() }
    }

    /// Whether a file is there.
    pub(super) const fn has_old(&self) -> bool {
        self.old.is_some()
    }

    /// How many bytes there were, and whether they are those of the file.
    pub(super) fn finish(mut self) -> io::Result<(u64, bool)> {
        let has_more = match self.old.as_mut().filter(|_| self.is_same) {
            Some(old) => old.read(&mut [0])? > 0,
            None => false,
        };
        Ok((self.bytes, self.is_same && !has_more))
    }
}

impl Write for Comparison {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes += bytes.len() as u64;
        if let Some(old) = self.old.as_mut().filter(|_| self.is_same) {
            self.piece.clear();
            old.take(bytes.len() as u64).read_to_end(&mut self.piece)?;
            self.is_same = self.piece == bytes;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_the_same_or_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, "one two").unwrap();
        let compared = |parts: &[&str]| {
            let mut comparison = Comparison::new(File::open(&path).ok());
            for part in parts {
                comparison.write_all(part.as_bytes()).unwrap();
            }
            comparison.finish().unwrap()
        };
        assert_eq!(compared(&["one", " ", "two"]), (7, true));
        assert_eq!(compared(&["one", " to"]), (6, false));
        assert_eq!(compared(&["one"]), (3, false));
        assert_eq!(compared(&["one two three"]), (13, false));
        assert_eq!(Comparison::new(None).finish().unwrap(), (0, false));
    }
}
