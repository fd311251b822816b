//! What an answer holds of each series, in a few numbers: two servers that have the same have the same numbers.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use super::block::Reader;
use super::{Frame, Frames, Unreadable};
use crate::value::Points;

/// Of one series.
#[derive(Default)]
struct Numbers {
    points: u64,
    /// Of a hash of each point, whatever their order.
    sum: u64,
    /// The first and the last instant of each block.
    spans: Vec<(i64, i64)>,
}

impl Numbers {
    /// Whether no two blocks share time.
    fn is_apart(&self) -> bool {
        let mut spans = self.spans.clone();
        spans.sort_unstable();
        spans.is_sorted_by(|before, after| before.1 < after.0)
    }
}

/// Numbers of all series.
pub(in crate::connection::metrics::victoria) struct Tally {
    frames: Frames,
    reader: Reader,
    points: Points,
    range: (i64, i64),
    hasher: RandomState,
    series: HashMap<Box<[u8]>, Numbers>,
    /// Whether a block has an instant more than once.
    repeats: bool,
}

impl Tally {
    /// Of the points in `from_ms..to_ms`; tallies are compared that have the same hasher.
    pub(in crate::connection::metrics::victoria) fn new(from_ms: i64, to_ms: i64, hasher: RandomState) -> Self {
        Self {
            frames: Frames::default(),
            reader: Reader::default(),
            points: Points::default(),
            range: (from_ms, to_ms),
            hasher,
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
            if !self.series.contains_key(name) {
                self.series.insert(name.into(), Numbers::default());
            }
            let Some(numbers) = self.series.get_mut(name) else { continue };
            self.repeats |= !self.points.at_ms.is_sorted_by(|a, b| a < b);
            numbers.spans.push((*first, *last));
            numbers.points += self.points.len() as u64;
            for point in self.points.at_ms.iter().zip(self.points.values.iter().map(|value| value.to_bits())) {
                numbers.sum = numbers.sum.wrapping_add(self.hasher.hash_one(point));
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
        let is_certain = self.is_complete() && !self.repeats && self.series.values().all(Numbers::is_apart);
        is_certain.then(|| self.series.values().map(|numbers| numbers.points).sum())
    }

    /// Whether there is nothing at all, as far as has arrived.
    pub(in crate::connection::metrics::victoria) fn is_empty(&self) -> bool {
        self.series.is_empty()
    }

    /// Whether both have the same points of the same series.
    pub(in crate::connection::metrics::victoria) fn is_same(&self, other: &Self) -> bool {
        let of = |name: &[u8]| other.series.get(name).map(|numbers| (numbers.points, numbers.sum));
        self.series.len() == other.series.len()
            && self.series.iter().all(|(name, numbers)| of(name) == Some((numbers.points, numbers.sum)))
    }
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

    fn tally(hasher: &RandomState, blocks: &[u8]) -> Tally {
        let mut tally = Tally::new(0, 1000, hasher.clone());
        tally.add(&[&[0; 16], blocks].concat()).unwrap();
        tally
    }

    #[test]
    fn what_is_the_same_has_the_same_numbers() {
        let hasher = RandomState::new();
        let (one, other) = (tally(&hasher, &block(10)), tally(&hasher, &block(11)));
        assert!(one.is_same(&tally(&hasher, &block(10))) && !one.is_same(&other));
        assert_eq!((one.count(), one.is_empty()), (Some(3), false));
        let nothing = tally(&hasher, &[]);
        assert!(nothing.is_empty() && nothing.count() == Some(0) && !nothing.is_same(&one) && !one.is_same(&nothing));
        assert_eq!(tally(&hasher, &[block(10), block(11)].concat()).count(), None, "they share time");
        let mut cut = Tally::new(0, 1000, hasher);
        cut.add(&[&[0; 16], &block(10)[..9]].concat()).unwrap();
        assert_eq!(cut.count(), None);
    }
}
