//! Points of one series as the file holds them: a chunk of at most [`MOST`] in one row. A row for each
//! point would cost several times the room.
//!
//! Instants are varints of how much the distance to the one before has changed, a byte each when they are
//! regular. Values are as they are, eight bytes in little endian: they stay exact.

use crate::value::Points;

/// Points in one chunk: about a page of the file, so that appending one point rewrites no more than that.
pub(super) const MOST: usize = 512;

/// A chunk, ready for the file.
#[derive(Debug)]
pub(super) struct Chunk {
    pub first_ms: i64,
    pub last_ms: i64,
    pub count: usize,
    pub instants: Vec<u8>,
    pub numbers: Vec<u8>,
}

impl Chunk {
    /// `None` when there are no points.
    pub(super) fn of(at_ms: &[i64], values: &[f64]) -> Option<Self> {
        let mut numbers = Vec::with_capacity(8 * values.len());
        for value in values {
            numbers.extend_from_slice(&value.to_le_bytes());
        }
        Some(Self {
            first_ms: *at_ms.first()?,
            last_ms: *at_ms.last()?,
            count: at_ms.len(),
            instants: packed(at_ms),
            numbers,
        })
    }
}

/// Adds the points of a chunk; `None` when it is damaged.
pub(super) fn unpack(instants: &[u8], numbers: &[u8], points: &mut Points) -> Option<()> {
    let (numbers, rest) = numbers.as_chunks::<8>();
    if !rest.is_empty() {
        return None;
    }
    let begins = points.at_ms.len();
    unpack_instants(instants, &mut points.at_ms)?;
    points.values.extend(numbers.iter().map(|bytes| f64::from_le_bytes(*bytes)));
    let added = points.at_ms.get(begins..)?;
    (added.len() == numbers.len() && added.is_sorted_by(|a, b| a < b)).then_some(())
}

fn packed(at_ms: &[i64]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(at_ms.len() + 16);
    let (mut before, mut distance) = (0_i64, 0_i64);
    for instant in at_ms {
        // Wrapping, and wrapping back when read: the far ends of time are instants too.
        let step = instant.wrapping_sub(before);
        let change = step.wrapping_sub(distance);
        // Small numbers of either sign become small ones without a sign.
        push_varint(((change << 1) ^ (change >> 63)).cast_unsigned(), &mut bytes);
        (before, distance) = (*instant, step);
    }
    bytes
}

fn push_varint(mut number: u64, bytes: &mut Vec<u8>) {
    loop {
        let low = (number & 0x7f) as u8;
        number >>= 7;
        if number == 0 {
            return bytes.push(low);
        }
        bytes.push(low | 0x80);
    }
}

fn unpack_instants(bytes: &[u8], at_ms: &mut Vec<i64>) -> Option<()> {
    let (mut before, mut distance) = (0_i64, 0_i64);
    let (mut number, mut shift) = (0_u64, 0);
    for byte in bytes {
        number |= u64::from(byte & 0x7f).checked_shl(shift)?;
        shift += 7;
        if byte & 0x80 == 0 {
            let change = (number >> 1).cast_signed() ^ -(number & 1).cast_signed();
            distance = distance.wrapping_add(change);
            before = before.wrapping_add(distance);
            at_ms.push(before);
            (number, shift) = (0, 0);
        }
    }
    (shift == 0).then_some(())
}

/// What is there and what is new, in one order; a new value takes the place of an old one. With it, how many
/// points are new or have another value.
pub(super) fn merged(old: &Points, at_ms: &[i64], values: &[f64]) -> (Points, u64) {
    let size = old.len() + at_ms.len();
    let mut points = Points { at_ms: Vec::with_capacity(size), values: Vec::with_capacity(size) };
    let mut changed = 0;
    let mut before = old.at_ms.iter().copied().zip(old.values.iter().copied()).peekable();
    for (instant, value) in at_ms.iter().copied().zip(values.iter().copied()) {
        while let Some((at, kept)) = before.next_if(|(at, _)| *at < instant) {
            push(&mut points, at, kept);
        }
        let same = before.next_if(|(at, _)| *at == instant);
        #[expect(clippy::float_cmp, reason = "another value is another value, however near")]
        let is_same = same.is_some_and(|(_, kept)| kept == value);
        changed += u64::from(!is_same);
        // -0 becomes 0, as on a server.
        push(&mut points, instant, value + 0.0);
    }
    for (at, kept) in before {
        push(&mut points, at, kept);
    }
    (points, changed)
}

fn push(points: &mut Points, at_ms: i64, value: f64) {
    points.at_ms.push(at_ms);
    points.values.push(value);
}

/// How many points each chunk gets. What is appended fills them; what comes between is spread evenly, so
/// that the next one that comes between finds room and does not leave a chunk of one point behind.
pub(super) fn size(count: usize, is_appended: bool) -> usize {
    if is_appended { MOST } else { count.div_ceil(count.div_ceil(MOST).max(1)).max(1) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn points(pairs: &[(i64, f64)]) -> Points {
        let (at_ms, values) = pairs.iter().copied().unzip();
        Points { at_ms, values }
    }

    fn read(chunk: &Chunk) -> Option<Points> {
        let mut points = Points::default();
        unpack(&chunk.instants, &chunk.numbers, &mut points)?;
        Some(points)
    }

    proptest! {
        #[test]
        fn a_chunk_reads_back(mut at_ms in prop::collection::btree_set(any::<i64>(), 1..50), value in any::<f64>()) {
            at_ms.extend([0, 15_000, 30_000, i64::MAX, i64::MIN]);
            let at_ms: Vec<i64> = at_ms.into_iter().collect();
            let values: Vec<f64> = (0..at_ms.len()).map(|n| value * n as f64).collect();
            let read = read(&Chunk::of(&at_ms, &values).unwrap()).unwrap();
            prop_assert_eq!(read.at_ms, at_ms);
            let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
            prop_assert_eq!(bits(&read.values), bits(&values));
        }
    }

    #[test]
    fn regular_instants_take_a_byte_each() {
        let at_ms: Vec<i64> = (0..512).map(|n| 1_736_467_200_000 + n * 15_000).collect();
        assert!(packed(&at_ms).len() < 525);
    }

    #[test]
    fn a_damaged_chunk_is_noticed() {
        let chunk = Chunk::of(&[1, 2, 3], &[1.0, 2.0, 3.0]).unwrap();
        let damaged = |instants: &[u8], numbers: &[u8]| unpack(instants, numbers, &mut Points::default()).is_none();
        assert!(!damaged(&chunk.instants, &chunk.numbers));
        assert!(damaged(&chunk.instants[1..], &chunk.numbers));
        assert!(damaged(&chunk.instants, &chunk.numbers[8..]));
        assert!(damaged(&chunk.instants, &chunk.numbers[1..]));
        assert!(damaged(&[&chunk.instants[..], &[0x80]].concat(), &chunk.numbers));
        assert!(damaged(&[0xff; 30], &[0; 8]));
        assert!(damaged(&packed(&[3, 2]), &[0; 16]), "out of order");
    }

    #[test]
    fn new_points_find_their_place() {
        let old = points(&[(10, 1.0), (20, 2.0), (30, 3.0)]);
        let merge = |new: &[(i64, f64)]| {
            let new = points(new);
            let (merged, changed) = merged(&old, &new.at_ms, &new.values);
            (merged.at_ms.into_iter().zip(merged.values).collect::<Vec<_>>(), changed)
        };
        assert_eq!(merge(&[(20, 2.0)]), (vec![(10, 1.0), (20, 2.0), (30, 3.0)], 0));
        assert_eq!(merge(&[(20, 5.0), (25, 4.0)]), (vec![(10, 1.0), (20, 5.0), (25, 4.0), (30, 3.0)], 2));
        assert_eq!(merge(&[(5, 0.5), (40, 4.0)]).1, 2);
        assert!(merge(&[(5, -0.0)]).0[0].1.is_sign_positive());
    }

    #[test]
    fn chunks_are_full_or_even() {
        assert_eq!([size(1, true), size(600, true), size(513, false), size(512, false)], [512, 512, 257, 512]);
    }
}
