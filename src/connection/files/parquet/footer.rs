//! What a Parquet file says about itself, at its end. It is looked through before the library reads it: a schema nested
//! too deep would overflow its stack, and it makes room for as many things as it is told there are.

use std::fs::File;
use std::os::unix::fs::FileExt;

use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};

use super::guard::guarded;
use super::thrift::{Kind, Odd, Scanner};
use super::{Broken, broken};

/// What a file begins and ends with.
pub(super) const MAGIC: &[u8; 4] = b"PAR1";

/// What an encrypted one ends with.
const ENCRYPTED: &[u8; 4] = b"PARE";

/// The magic word, and before it the length of what it says.
const TAIL: u64 = 8;

/// The largest of what a file says about itself.
const LARGEST: u64 = 64 * 1024 * 1024;

/// How deep groups of columns may lie in each other.
const DEEPEST: usize = 64;

const ITSELF: &str = "what the file says about itself";

/// A file, and what it says about itself.
pub(super) struct Footer {
    /// Its row groups, and the schema of all.
    pub(super) about: ParquetMetaData,
    /// Where pages end, and this begins.
    pub(super) begin: u64,
}

impl Footer {
    /// Reads it from a file of so many bytes.
    pub(super) fn read(file: &File, size: u64) -> Result<Self, Broken> {
        let (begin, bytes) = bytes(file, size)?;
        check(&bytes).map_err(|odd| broken(format!("{ITSELF} {}", odd.words())))?;
        match guarded(|| ParquetMetaDataReader::decode_metadata(&bytes)) {
            Some(Ok(about)) => Ok(Self { about, begin }),
            Some(Err(error)) => Err(broken(format!("{ITSELF} is damaged: {error}"))),
            None => Err(broken(format!("{ITSELF} is damaged"))),
        }
    }
}

fn bytes(file: &File, size: u64) -> Result<(u64, Vec<u8>), Broken> {
    let no_parquet = || broken("this is no Parquet file, or it is cut off".to_owned());
    let tail_at = size.checked_sub(TAIL).filter(|at| *at >= MAGIC.len() as u64).ok_or_else(no_parquet)?;
    let (mut begin, mut tail) = ([0; 4], [0; 8]);
    file.read_exact_at(&mut begin, 0)?;
    file.read_exact_at(&mut tail, tail_at)?;
    let [a, b, c, d, magic @ ..] = tail;
    if magic == *ENCRYPTED {
        return Err(broken("it is encrypted".to_owned()));
    }
    let length = u64::from(u32::from_le_bytes([a, b, c, d]));
    let at = tail_at.checked_sub(length).filter(|at| *at >= MAGIC.len() as u64);
    let at = at.filter(|_| magic == *MAGIC && begin == *MAGIC).ok_or_else(no_parquet)?;
    if length > LARGEST {
        return Err(broken(format!("{ITSELF} is larger than {} MiB", LARGEST >> 20)));
    }
    let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
    file.read_exact_at(&mut bytes, at)?;
    Ok((at, bytes))
}

/// Whether the library may read it.
fn check(bytes: &[u8]) -> Result<(), Odd> {
    let (mut scanner, mut before) = (Scanner::new(bytes), 0);
    while let Some((number, kind)) = scanner.field(&mut before)? {
        match (number, kind) {
            (2, Kind::List) => check_schema(&mut scanner)?,
            _ => scanner.skip(kind)?,
        }
    }
    Ok(())
}

/// The schema is a list in which each group says how many of the next ones are its own.
fn check_schema(scanner: &mut Scanner<'_>) -> Result<(), Odd> {
    let (kind, count) = scanner.list()?;
    if kind != Kind::Struct {
        return Err(Odd::Wrong);
    }
    // How many more belong to each of the groups that are open.
    let mut open: Vec<u64> = Vec::new();
    for at in 0..count {
        let children = children(scanner)?;
        if let Some(last) = open.last_mut() {
            *last -= 1;
        }
        if children > (count - at - 1) as u64 {
            return Err(Odd::Wrong);
        }
        if children > 0 {
            open.push(children);
        }
        if open.len() > DEEPEST {
            return Err(Odd::Deep);
        }
        while open.last() == Some(&0) {
            open.pop();
        }
    }
    Ok(())
}

/// How many children an element of the schema says it has.
fn children(scanner: &mut Scanner<'_>) -> Result<u64, Odd> {
    let (mut before, mut children) = (0, 0);
    while let Some((number, kind)) = scanner.field(&mut before)? {
        match (number, kind) {
            (5, Kind::Int) => children = u64::try_from(scanner.int()?).map_err(|_| Odd::Wrong)?,
            _ => scanner.skip(kind)?,
        }
    }
    Ok(children)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A schema of groups, each the only child of the one before, and a leaf.
    fn nested(depth: u8) -> Vec<u8> {
        let mut bytes = vec![0x29, 0xfc, depth + 1];
        (0..depth).for_each(|_| bytes.extend([0x55, 0x02, 0x00]));
        bytes.extend([0x00, 0x00]);
        bytes
    }

    #[test]
    fn deep_schemas_are_refused_before_they_are_read() {
        assert_eq!(check(&nested(64)), Ok(()));
        assert_eq!(check(&nested(65)), Err(Odd::Deep));
    }

    #[test]
    fn nobody_has_more_children_than_there_are() {
        assert_eq!(check(&[0x29, 0x2c, 0x55, 0xfe, 0xff, 0xff, 0xff, 0x0f, 0x00, 0x00, 0x00]), Err(Odd::Wrong));
        assert_eq!(check(&[0x29, 0x1c, 0x55, 0x01, 0x00, 0x00]), Err(Odd::Wrong));
    }
}
