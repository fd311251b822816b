//! Blocks of one series that share time, given in pieces: what is before the next block's first instant is all there is of
//! that time.

use std::iter::Peekable;
use std::mem::take;

use super::Unreadable;
use super::block::{Block, Form, Reader};
use crate::value::Points;

/// Points that are put in order at once, when they can be.
const ENOUGH: usize = 64 * 1024;
/// Points of one time that are held; a series that has more of them is left to the server.
const MOST: usize = 512 * 1024;

/// A block, as it came.
pub(super) struct Kept {
    pub first_ms: i64,
    pub last_ms: i64,
    pub bytes: Box<[u8]>,
}

/// What is known of a time.
#[derive(Debug, PartialEq)]
pub(super) enum Known {
    /// All its points, in order and each instant once.
    Points(Points),
    /// Several values for one instant between these, or too many points to hold.
    Doubtful { from_ms: i64, last_ms: i64 },
}

/// Blocks that share time, in order of their first instants, and what has been taken out of them so far.
pub(super) struct Run {
    blocks: Peekable<std::vec::IntoIter<Kept>>,
    range: (i64, i64),
    /// Points that have not been given yet, of blocks one after the other.
    open: Points,
    /// When there are so many of them, those that are settled are given.
    enough: usize,
    /// How many blocks these are of, and whether some of them mark the series as gone.
    opened: usize,
    has_marks: bool,
    /// Before this everything has been given.
    from_ms: i64,
    last_ms: i64,
}

impl Run {
    /// The points that lie in `range`.
    pub(super) fn new(blocks: Vec<Kept>, range: (i64, i64)) -> Self {
        let from_ms = blocks.first().map_or(range.0, |block| block.first_ms.max(range.0));
        let last_ms = blocks.iter().map(|block| block.last_ms).max().unwrap_or(range.0).min(range.1 - 1);
        let blocks = blocks.into_iter().peekable();
        Self { blocks, range, open: Points::default(), enough: ENOUGH, opened: 0, has_marks: false, from_ms, last_ms }
    }

    /// What is known of the next time that has points; `None` when that was all.
    pub(super) fn next(&mut self, reader: &mut Reader, form: &mut Option<Form>) -> Result<Option<Known>, Unreadable> {
        while let Some(kept) = self.blocks.next() {
            let block = Block::read(&kept.bytes, form)?;
            self.has_marks |= reader.append(&block, self.range.0, self.range.1, &mut self.open)?;
            self.opened += 1;
            if self.blocks.peek().is_some() && self.open.len() < self.enough {
                continue;
            }
            if let Some(known) = self.settled() {
                return Ok(Some(known));
            }
        }
        Ok(None)
    }

    /// What is known of the time before the next block.
    fn settled(&mut self) -> Option<Known> {
        let is_ordered = self.open.at_ms.is_sorted();
        let open = take(&mut self.open);
        let mut open = if is_ordered { open } else { in_order(&open) };
        let until = self.blocks.peek().map(|block| block.first_ms);
        let end = until.map_or(open.len(), |until| open.at_ms.partition_point(|at_ms| *at_ms < until));
        let rest = Points { at_ms: open.at_ms.split_off(end), values: open.values.split_off(end) };
        if rest.len() > MOST {
            self.blocks = Vec::new().into_iter().peekable();
            return Some(Known::Doubtful { from_ms: self.from_ms, last_ms: self.last_ms });
        }
        // A mark and a value of one instant: only the server knows which one counts.
        let is_certain = self.opened == 1 || !self.has_marks;
        let from_ms = self.from_ms;
        self.from_ms = until.map_or(from_ms, |until| until.max(from_ms));
        // What is still open is not put in order again for each block.
        self.enough = ENOUGH.max(2 * rest.len());
        self.open = rest;
        if self.open.is_empty() {
            (self.opened, self.has_marks) = (0, false);
        }
        if open.is_empty() {
            return None;
        }
        let points = if open.at_ms.is_sorted_by(|a, b| a < b) { Some(open) } else { once(&open) };
        Some(match points.filter(|_| is_certain) {
            Some(points) => Known::Points(points),
            None => {
                Known::Doubtful { from_ms, last_ms: until.map_or(self.last_ms, |until| until - 1).min(self.last_ms) }
            }
        })
    }
}

/// Blocks that share time, together.
pub(super) fn runs(mut blocks: Vec<Kept>) -> Vec<Vec<Kept>> {
    blocks.sort_by_key(|block| block.first_ms);
    let mut runs: Vec<Vec<Kept>> = Vec::with_capacity(blocks.len());
    let mut last = i64::MIN;
    for block in blocks {
        let (begins, ends) = (block.first_ms, block.last_ms);
        match runs.last_mut().filter(|_| begins <= last) {
            Some(run) => run.push(block),
            None => runs.push(vec![block]),
        }
        last = last.max(ends);
    }
    runs
}

/// The same in order of time.
fn in_order(points: &Points) -> Points {
    let mut pairs: Vec<(i64, f64)> = points.at_ms.iter().copied().zip(points.values.iter().copied()).collect();
    pairs.sort_by_key(|(at_ms, _)| *at_ms);
    let (at_ms, values) = pairs.into_iter().unzip();
    Points { at_ms, values }
}

/// Points in order with each instant once; `None` when one has several values.
fn once(points: &Points) -> Option<Points> {
    let mut once = Points::default();
    for (at_ms, value) in points.at_ms.iter().zip(&points.values) {
        if once.at_ms.last() == Some(at_ms) {
            if once.values.last().is_none_or(|before| before.total_cmp(value).is_ne()) {
                return None;
            }
            continue;
        }
        once.at_ms.push(*at_ms);
        once.values.push(*value);
    }
    Some(once)
}

#[cfg(test)]
mod tests {
    use super::super::numbers::tests::put;
    use super::*;

    /// So many points with a value at `first` and every `step` after it.
    fn kept(first_ms: i64, step: i64, rows: u16, value: i64) -> Kept {
        let (mut bytes, mut steps) = (Vec::new(), Vec::new());
        put(&mut steps, step);
        put(&mut bytes, first_ms);
        put(&mut bytes, value);
        // Without a sign.
        bytes.extend([u8::try_from(rows & 0x7f).unwrap() | 0x80, u8::try_from(rows >> 7).unwrap(), 0]);
        bytes.extend([2, 3, u8::try_from(steps.len()).unwrap()]);
        bytes.extend(steps);
        bytes.push(0);
        Kept { first_ms, last_ms: first_ms + step * i64::from(rows - 1), bytes: bytes.into() }
    }

    fn all(blocks: Vec<Kept>, range: (i64, i64)) -> Vec<Known> {
        let (mut reader, mut form) = (Reader::default(), Some(Form::Short));
        let mut run = Run::new(blocks, range);
        std::iter::from_fn(|| run.next(&mut reader, &mut form).unwrap()).collect()
    }

    fn points(known: &Known) -> &Points {
        match known {
            Known::Points(points) => points,
            Known::Doubtful { .. } => panic!("points"),
        }
    }

    #[test]
    fn blocks_that_share_time_are_a_run() {
        let runs = runs(vec![
            kept(50, 1, 11, 0),
            kept(10, 1, 31, 0),
            kept(20, 1, 11, 0),
            kept(40, 1, 6, 0),
            kept(46, 1, 4, 0),
        ]);
        assert_eq!(runs.iter().map(Vec::len).collect::<Vec<_>>(), [3, 1, 1]);
    }

    /// Two writers by turns, so that each block shares time with its neighbours and no instant.
    fn interlaced() -> Vec<Kept> {
        (0..40).map(|at| kept(at * 8000 + at % 2, 2, 8000, at)).collect()
    }

    #[test]
    fn the_pieces_of_a_long_run_are_the_whole() {
        for range in [(0, i64::MAX), (500, 300_001), (8000, 8001)] {
            let found = all(interlaced(), range);
            assert!(found.iter().all(|known| (1..2 * ENOUGH).contains(&points(known).len())));
            let at_ms: Vec<i64> = found.iter().flat_map(|known| points(known).at_ms.clone()).collect();
            let values = found.iter().flat_map(|known| points(known).values.clone());
            let given: Vec<(i64, f64)> = at_ms.into_iter().zip(values).collect();
            let block = |at: i64| (0..8000).map(move |n| (at * 8000 + at % 2 + 2 * n, at as f64));
            let mut wanted: Vec<(i64, f64)> = (0..40).flat_map(block).collect();
            wanted.retain(|(at_ms, _)| (range.0..range.1).contains(at_ms));
            wanted.sort_by_key(|(at_ms, _)| *at_ms);
            assert!(given == wanted, "{range:?}");
        }
        assert!(all(interlaced(), (0, i64::MAX)).len() > 2, "in several pieces");
    }

    #[test]
    fn only_the_time_of_a_doubt_is_in_doubt() {
        let mut blocks = interlaced();
        // An instant that has two values, and one that has the same twice.
        blocks.insert(21, kept(160_002, 1, 1, 99));
        blocks.insert(3, kept(16_002, 1, 1, 2));
        let found = all(blocks, (0, i64::MAX));
        let doubtful: Vec<&Known> = found.iter().filter(|known| matches!(known, Known::Doubtful { .. })).collect();
        let [Known::Doubtful { from_ms, last_ms }] = doubtful.as_slice() else { panic!("{} doubts", doubtful.len()) };
        assert!((*from_ms..=*last_ms).contains(&160_002) && last_ms - from_ms < i64::try_from(2 * ENOUGH).unwrap());
        let is_in = |at_ms: &i64| (from_ms..=last_ms).contains(&at_ms);
        let plain: Vec<i64> =
            found.iter().filter(|known| *known != doubtful[0]).flat_map(|known| points(known).at_ms.clone()).collect();
        assert!(plain.is_sorted_by(|a, b| a < b) && !plain.iter().any(is_in));
        let of_it = interlaced()
            .iter()
            .map(|kept| (0..8000).filter(|n| is_in(&(kept.first_ms + 2 * n))).count())
            .sum::<usize>();
        assert_eq!(plain.len() + of_it, 40 * 8000);
    }

    #[test]
    fn too_many_points_of_one_time_are_left_to_the_server() {
        let found = all((0..80).map(|at| kept(at, 80, 16_000, 0)).collect(), (0, i64::MAX));
        let (last, before) = found.split_last().unwrap();
        let Known::Doubtful { from_ms, last_ms } = last else { panic!("it is in doubt") };
        let given: Vec<i64> = before.iter().flat_map(|known| points(known).at_ms.clone()).collect();
        assert!(given == (0..*from_ms).collect::<Vec<_>>() && *last_ms == 79 + 80 * 15_999);
    }

    #[test]
    fn equal_values_of_one_instant_are_one() {
        let once = |at_ms: &[i64], values: &[f64]| once(&Points { at_ms: at_ms.to_vec(), values: values.to_vec() });
        assert_eq!(once(&[1, 1, 2, 3], &[1.0, 1.0, 2.0, 3.0]).unwrap().values, [1.0, 2.0, 3.0]);
        assert!(once(&[1, 1, 3], &[1.0, 1.5, 3.0]).is_none());
    }
}
