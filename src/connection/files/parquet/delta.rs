//! Numbers written as differences (`DELTA_BINARY_PACKED`), read as far as it takes to know what texts made of them would
//! come to: the library believes them.

use super::thrift::Scanner;

/// The largest block, in numbers; writers make blocks of 128.
const LARGEST_BLOCK: u64 = 1 << 16;

/// What stands before the numbers.
struct Head {
    /// Blocks of numbers have so many parts …
    parts: usize,
    /// … of so many numbers.
    length: usize,
    /// How many numbers there are.
    count: usize,
    first: i64,
}

fn head(scanner: &mut Scanner<'_>, most: usize) -> Option<Head> {
    let block = scanner.varint().ok().filter(|block| *block <= LARGEST_BLOCK)?;
    let parts = scanner.varint().ok().filter(|parts| *parts > 0 && block.is_multiple_of(*parts))?;
    let count = usize::try_from(scanner.varint().ok()?).ok().filter(|count| *count <= most)?;
    let first = scanner.int().ok()?;
    let length = block / parts;
    let (parts, length) = (usize::try_from(parts).ok()?, usize::try_from(length).ok()?);
    (length > 0 && length.is_multiple_of(32)).then_some(Head { parts, length, count, first })
}

/// Whether no more than so many numbers are announced.
pub(super) fn is_sane(bytes: &[u8], most: usize) -> bool {
    head(&mut Scanner::new(bytes), most).is_some()
}

/// The numbers, and how many bytes they take; `None` when they are cut off, or more than `most`.
pub(super) fn numbers(bytes: &[u8], most: usize) -> Option<(Vec<i64>, usize)> {
    let mut scanner = Scanner::new(bytes);
    let head = head(&mut scanner, most)?;
    let mut numbers = Vec::with_capacity(head.count.min(bytes.len()));
    if head.count > 0 {
        numbers.push(head.first);
    }
    while numbers.len() < head.count {
        let least = scanner.int().ok()?;
        for width in scanner.take(head.parts).ok()? {
            if numbers.len() == head.count {
                break;
            }
            let part = scanner.take(usize::from(*width) * head.length / 8).ok()?;
            for at in 0..head.length.min(head.count - numbers.len()) {
                let step = bits(part, at * usize::from(*width), *width)?.cast_signed().wrapping_add(least);
                numbers.push(numbers.last().copied().unwrap_or_default().wrapping_add(step));
            }
        }
    }
    Some((numbers, scanner.at()))
}

/// A number of up to 64 bits, the lowest first.
fn bits(bytes: &[u8], at: usize, width: u8) -> Option<u64> {
    if width > 64 {
        return None;
    }
    let (first, shift) = (at / 8, at % 8);
    let last = (at + usize::from(width)).div_ceil(8);
    let wide = bytes.get(first..last)?.iter().rev().fold(0_u128, |sum, byte| sum << 8 | u128::from(*byte));
    u64::try_from((wide >> shift) & ((1_u128 << width) - 1)).ok()
}

/// How many bytes texts take that are written as what they share with the one before, and the rest
/// (`DELTA_BYTE_ARRAY`). A few bytes may stand for any number of them.
pub(super) fn unfolded(bytes: &[u8], most: usize) -> Option<u64> {
    let (shared, at) = numbers(bytes, most)?;
    let (rest, _) = numbers(bytes.get(at..)?, most)?;
    shared.iter().chain(&rest).try_fold(0_u64, |sum, length| sum.checked_add(u64::try_from(*length).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_the_format_tells_them() {
        // The example of the format's own page: 7, 5, 3, 1, 2, 3, 4, 5, in parts of 32 as readers want them.
        let mut bytes = vec![0x80, 0x01, 0x04, 0x08, 0x0e, 0x03, 0x02, 0x00, 0x00, 0x00, 0b1100_0000, 0b0011_1111];
        bytes.extend([0; 6]);
        assert_eq!(numbers(&bytes, 8), Some((vec![7, 5, 3, 1, 2, 3, 4, 5], 18)));
        assert_eq!(numbers(&bytes, 7), None);
        assert_eq!(numbers(&bytes[..17], 8), None);
        assert!(is_sane(&bytes, 8) && !is_sane(&bytes, 7));
    }

    #[test]
    fn bits_are_read_across_bytes() {
        assert_eq!(bits(&[0xff, 0x01], 4, 5), Some(0b11111));
        assert_eq!(bits(&[0xff; 9], 1, 64), Some(u64::MAX));
        assert_eq!(bits(&[], 0, 0), Some(0));
        assert_eq!(bits(&[0xff; 9], 0, 65), None);
    }
}
