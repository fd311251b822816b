//! Blocks that are held until all of them are there: only then is it known whether an instant is in several of them.

use std::sync::Arc;

use indexmap::IndexMap;

use super::block::{Block, Form, Reader};
use super::name::Names;
use super::{Frame, Frames, Unreadable};
use crate::value::{Labels, Points, Series};

/// Bytes that a series and a block take besides their own.
const OVERHEAD: usize = 64;

/// A block, as it came.
struct Kept {
    first_ms: i64,
    last_ms: i64,
    bytes: Box<[u8]>,
}

/// Blocks by series.
pub(in crate::connection::metrics::victoria) struct Held {
    frames: Frames,
    series: IndexMap<Box<[u8]>, Vec<Kept>>,
    reader: Reader,
    range: (i64, i64),
    /// Bytes that may still be held.
    room: usize,
}

/// What is known of a series.
pub(in crate::connection::metrics::victoria) enum Resolved {
    /// Some of its points.
    Piece(Series),
    /// It has several values for one instant between these, and the server knows which one counts.
    Doubtful { name: Arc<str>, labels: Labels, from_ms: i64, last_ms: i64 },
}

impl Held {
    /// Of the points in `from_ms..to_ms`, in at most so many bytes.
    pub(in crate::connection::metrics::victoria) fn new(from_ms: i64, to_ms: i64, room: usize) -> Self {
        let (frames, reader) = (Frames::default(), Reader::default());
        Self { frames, reader, series: IndexMap::new(), range: (from_ms, to_ms), room }
    }

    /// Adds bytes as they arrive; false when they are more than may be held.
    pub(in crate::connection::metrics::victoria) fn add(&mut self, bytes: &[u8]) -> Result<bool, Unreadable> {
        self.frames.add(bytes);
        while let Some(Frame { name, bytes, block }) = self.frames.next()? {
            let (first_ms, last_ms) = (block.first_ms(), self.reader.last_ms(&block)?);
            if last_ms < self.range.0 || first_ms >= self.range.1 {
                continue;
            }
            let mut size = bytes.len() + OVERHEAD;
            let kept = Kept { first_ms, last_ms, bytes: bytes.into() };
            match self.series.get_mut(name) {
                Some(blocks) => blocks.push(kept),
                None => {
                    size += name.len() + OVERHEAD;
                    self.series.insert(name.into(), vec![kept]);
                }
            }
            match self.room.checked_sub(size) {
                Some(room) => self.room = room,
                None => return Ok(false),
            }
        }
        Ok(true)
    }

    /// Whether the answer may end here.
    pub(in crate::connection::metrics::victoria) fn is_complete(&self) -> bool {
        self.frames.is_complete()
    }

    /// The points of all series, a piece for each block that shares no time with another. What has been given is let go of.
    pub(in crate::connection::metrics::victoria) fn resolve(self) -> Resolving {
        Resolving {
            range: self.range,
            series: self.series.into_iter(),
            id: (Arc::from(""), Labels::default()),
            runs: Vec::new().into_iter(),
            names: Names::default(),
            form: self.frames.form,
            reader: self.reader,
        }
    }
}

/// What is known of one series after the other.
pub(in crate::connection::metrics::victoria) struct Resolving {
    range: (i64, i64),
    series: indexmap::map::IntoIter<Box<[u8]>, Vec<Kept>>,
    /// Of the series whose runs these are.
    id: (Arc<str>, Labels),
    runs: std::vec::IntoIter<Vec<Kept>>,
    names: Names,
    form: Option<Form>,
    reader: Reader,
}

impl Iterator for Resolving {
    type Item = Result<Resolved, Unreadable>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(run) = self.runs.next() {
                // A block may lie within the range and have nothing there.
                match self.resolve(&run).transpose() {
                    Some(found) => return Some(found),
                    None => continue,
                }
            }
            let (name, blocks) = self.series.next()?;
            self.runs = runs(blocks).into_iter();
            match self.names.read(&name) {
                Ok(id) => self.id = id,
                Err(why) => return Some(Err(why)),
            }
        }
    }
}

impl Resolving {
    fn resolve(&mut self, run: &[Kept]) -> Result<Option<Resolved>, Unreadable> {
        let mut points = Points::default();
        let mut has_marks = false;
        for block in run {
            let block = Block::read(&block.bytes, &mut self.form)?;
            has_marks |= self.reader.append(&block, self.range.0, self.range.1, &mut points)?;
        }
        let is_plain = points.at_ms.is_sorted_by(|a, b| a < b) && (run.len() == 1 || !has_marks);
        let points = match (is_plain, has_marks) {
            (true, _) => Some(points),
            (false, true) => None,
            (false, false) => merged(&points),
        };
        let (name, labels) = self.id.clone();
        let Some(points) = points else {
            let first = run.iter().map(|block| block.first_ms).min().unwrap_or_default();
            let last = run.iter().map(|block| block.last_ms).max().unwrap_or_default();
            let (from_ms, last_ms) = (first.max(self.range.0), last.min(self.range.1 - 1));
            return Ok(Some(Resolved::Doubtful { name, labels, from_ms, last_ms }));
        };
        let is_empty = points.is_empty();
        let piece = Series { name, labels, points: Arc::new(points) };
        Ok((!is_empty).then_some(Resolved::Piece(piece)))
    }
}

/// Blocks that share time, together.
fn runs(mut blocks: Vec<Kept>) -> Vec<Vec<Kept>> {
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

/// The points in order, each instant once; `None` when one has several values.
fn merged(points: &Points) -> Option<Points> {
    let mut pairs: Vec<(i64, f64)> = points.at_ms.iter().copied().zip(points.values.iter().copied()).collect();
    pairs.sort_by_key(|(at_ms, _)| *at_ms);
    let mut merged = Points::default();
    for (at_ms, value) in pairs {
        if merged.at_ms.last() == Some(&at_ms) {
            if merged.values.last().is_none_or(|before| before.total_cmp(&value).is_ne()) {
                return None;
            }
            continue;
        }
        merged.at_ms.push(at_ms);
        merged.values.push(value);
    }
    Some(merged)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(first_ms: i64, last_ms: i64) -> Kept {
        Kept { first_ms, last_ms, bytes: Box::default() }
    }

    #[test]
    fn blocks_that_share_time_are_a_run() {
        let runs = runs(vec![kept(50, 60), kept(10, 40), kept(20, 30), kept(40, 45), kept(46, 49)]);
        assert_eq!(runs.iter().map(Vec::len).collect::<Vec<_>>(), [3, 1, 1]);
    }

    #[test]
    fn equal_values_of_one_instant_are_one() {
        let merge = |at_ms: &[i64], values: &[f64]| merged(&Points { at_ms: at_ms.to_vec(), values: values.to_vec() });
        assert_eq!(merge(&[1, 3, 1, 2], &[1.0, 3.0, 1.0, 2.0]).unwrap().values, [1.0, 2.0, 3.0]);
        assert!(merge(&[1, 3, 1], &[1.0, 3.0, 1.5]).is_none());
    }
}
