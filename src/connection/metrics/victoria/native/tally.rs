//! What an answer holds of each series, in a few numbers: two servers that have the same have the same numbers.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use super::block::Reader;
use super::{Frame, Frames, Unreadable};
use crate::value::Points;

/// The times of a series' blocks.
#[derive(Default)]
struct Spans {
    /// The first and the last instant of all.
    hull: (i64, i64),
    /// Those of each, once there are several.
    each: Vec<(i64, i64)>,
}

impl Spans {
    fn add(&mut self, span: (i64, i64)) {
        if self.each.is_empty() {
            self.each.push(self.hull);
        }
        self.each.push(span);
    }

    /// Whether no two blocks share time.
    fn is_apart(&self) -> bool {
        let mut spans = self.each.clone();
        spans.sort_unstable();
        spans.is_sorted_by(|before, after| before.1 < after.0)
    }
}

/// Numbers that stand for what an answer holds: how many points, and a sum of 64 bits to which each point adds a hash of its
/// series' name, its instant and its value. One bit anywhere changes half the bits of it, and the key is drawn anew for each
/// copy, so that of 10^19 pairs of answers with different points one agrees. A sum does not depend on the order, in which
/// servers differ.
pub(in crate::connection::metrics::victoria) struct Tally {
    frames: Frames,
    reader: Reader,
    points: Points,
    range: (i64, i64),
    keys: RandomState,
    count: u64,
    sum: u64,
    /// By a hash of the series' name.
    series: HashMap<u64, Spans>,
    /// Whether a block has an instant more than once.
    repeats: bool,
}

impl Tally {
    /// Of the points in `from_ms..to_ms`; tallies are compared that have the same keys.
    pub(in crate::connection::metrics::victoria) fn new(from_ms: i64, to_ms: i64, keys: RandomState) -> Self {
        Self {
            frames: Frames::default(),
            reader: Reader::default(),
            points: Points::default(),
            range: (from_ms, to_ms),
            keys,
            count: 0,
            sum: 0,
            series: HashMap::new(),
            repeats: false,
        }
    }

    /// Adds bytes as they arrive.
    pub(in crate::connection::metrics::victoria) fn add(&mut self, bytes: &[u8]) -> Result<(), Unreadable> {
        self.frames.add(bytes);
        while let Some(Frame { name, block, .. }) = self.frames.next()? {
            self.points.at_ms.clear();
            self.points.values.clear();
            self.reader.append(&block, self.range.0, self.range.1, &mut self.points)?;
            let (Some(first), Some(last)) = (self.points.at_ms.first(), self.points.at_ms.last()) else { continue };
            let key = self.keys.hash_one(name);
            let span = (*first, *last);
            self.series
                .entry(key)
                .and_modify(|spans| spans.add(span))
                .or_insert_with(|| Spans { hull: span, each: Vec::new() });
            self.repeats |= !self.points.at_ms.is_sorted_by(|a, b| a < b);
            self.count += self.points.len() as u64;
            for (at_ms, value) in self.points.at_ms.iter().zip(&self.points.values) {
                self.sum = self.sum.wrapping_add(mixed(at_ms.cast_unsigned(), value.to_bits(), key));
            }
        }
        Ok(())
    }

    /// Whether all has arrived.
    pub(in crate::connection::metrics::victoria) fn is_complete(&self) -> bool {
        self.frames.is_complete()
    }

    /// How many points there are, when each is there once for certain and all have arrived.
    pub(in crate::connection::metrics::victoria) fn count(&self) -> Option<u64> {
        let is_certain = self.is_complete() && !self.repeats && self.series.values().all(Spans::is_apart);
        is_certain.then_some(self.count)
    }

    /// Whether there is nothing at all, as far as has arrived.
    pub(in crate::connection::metrics::victoria) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether both have the same points of the same series.
    pub(in crate::connection::metrics::victoria) fn is_same(&self, other: &Self) -> bool {
        (self.count, self.sum) == (other.count, other.sum)
    }
}

/// Odd numbers whose bits are as good as random: of the golden ratio, and of the root of two.
const FACTORS: (u64, u64) = (0x9e37_79b9_7f4a_7c15, 0x6a09_e667_f3bc_c909);

/// A hash of two numbers and a key. The standard library's took half of what a copy costs.
fn mixed(one: u64, other: u64, key: u64) -> u64 {
    let begun = folded(one ^ key, FACTORS.0);
    let both = folded(begun ^ other.wrapping_add(key), FACTORS.1);
    folded(both ^ key.rotate_left(32), FACTORS.0)
}

/// Both halves of a product.
#[expect(clippy::cast_possible_truncation, reason = "its two halves")]
fn folded(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    (product as u64) ^ ((product >> 64) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `m{}` with 15, 20 and 25 at 10 and every `step` after it.
    fn block(step: u8) -> Vec<u8> {
        let block = [20, 30, 3, 0, 2, 2, 1, 2 * step, 1, 10];
        let pieces = [&b"m\x01"[..], &block];
        pieces.iter().flat_map(|piece| [&u32::try_from(piece.len()).unwrap().to_be_bytes(), *piece].concat()).collect()
    }

    fn tally(keys: &RandomState, blocks: &[u8]) -> Tally {
        let mut tally = Tally::new(0, 1000, keys.clone());
        tally.add(&[&[0; 16], blocks].concat()).unwrap();
        tally
    }

    #[test]
    fn what_is_the_same_has_the_same_numbers() {
        let keys = RandomState::new();
        let (one, other) = (tally(&keys, &block(10)), tally(&keys, &block(11)));
        assert!(one.is_same(&tally(&keys, &block(10))) && !one.is_same(&other));
        assert_eq!((one.count(), one.is_empty()), (Some(3), false));
        let nothing = tally(&keys, &[]);
        assert!(nothing.is_empty() && nothing.count() == Some(0) && !nothing.is_same(&one) && !one.is_same(&nothing));
        assert_eq!(tally(&keys, &[block(10), block(11)].concat()).count(), None, "they share time");
        let mut cut = Tally::new(0, 1000, keys);
        cut.add(&[&[0; 16], &block(10)[..9]].concat()).unwrap();
        assert_eq!(cut.count(), None);
    }

    #[test]
    fn what_differs_in_one_bit_has_other_hashes() {
        let key = 0x0123_4567_89ab_cdef;
        let (at_ms, value) = (1_736_467_200_000, 1.5_f64.to_bits());
        let all: Vec<u64> = (0..64)
            .flat_map(|bit| {
                [(at_ms ^ 1 << bit, value, key), (at_ms, value ^ 1 << bit, key), (at_ms, value, key ^ 1 << bit)]
            })
            .chain([(at_ms, value, key), (value, at_ms, key)])
            .map(|(one, other, key)| mixed(one, other, key))
            .collect();
        let bits: u32 = all.windows(2).map(|pair| (pair[0] ^ pair[1]).count_ones()).sum();
        assert!(bits.abs_diff(32 * 193) < 500, "half of all bits change: {bits}");
        let different: std::collections::HashSet<&u64> = all.iter().collect();
        assert_eq!(different.len(), all.len());
    }
}
