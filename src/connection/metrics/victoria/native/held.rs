//! Blocks that are held until all of them are there: only then is it known whether an instant is in several of them.

use std::sync::Arc;

use indexmap::IndexMap;

use super::block::{Form, Reader};
use super::name::Names;
use super::run::{Kept, Known, Run, runs};
use super::{Frame, Frames, Unreadable};
use crate::value::{Labels, Series};

/// Bytes that a series and a block take besides their own.
const OVERHEAD: usize = 64;

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

    /// The points of all series in pieces, a piece for each block that shares no time with another. What has been given is let go of.
    pub(in crate::connection::metrics::victoria) fn resolve(self) -> Resolving {
        Resolving {
            range: self.range,
            series: self.series.into_iter(),
            id: (Arc::from(""), Labels::default()),
            runs: Vec::new().into_iter(),
            run: None,
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
    run: Option<Run>,
    names: Names,
    form: Option<Form>,
    reader: Reader,
}

impl Iterator for Resolving {
    type Item = Result<Resolved, Unreadable>;

    fn next(&mut self) -> Option<Self::Item> {
        self.resolve().transpose()
    }
}

impl Resolving {
    fn resolve(&mut self) -> Result<Option<Resolved>, Unreadable> {
        loop {
            if let Some(run) = &mut self.run {
                if let Some(known) = run.next(&mut self.reader, &mut self.form)? {
                    return Ok(Some(self.resolved(known)));
                }
                // A block may lie within the range and have nothing there.
                self.run = None;
            }
            if let Some(blocks) = self.runs.next() {
                self.run = Some(Run::new(blocks, self.range));
                continue;
            }
            let Some((name, blocks)) = self.series.next() else { return Ok(None) };
            self.id = self.names.read(&name)?;
            self.runs = runs(blocks).into_iter();
        }
    }

    fn resolved(&self, known: Known) -> Resolved {
        let (name, labels) = self.id.clone();
        match known {
            Known::Points(points) => Resolved::Piece(Series { name, labels, points: Arc::new(points) }),
            Known::Doubtful { from_ms, last_ms } => Resolved::Doubtful { name, labels, from_ms, last_ms },
        }
    }
}
