//! Series in the server's own form, as `/api/v1/export/native` gives them: the blocks as they are stored. That costs a
//! server next to nothing, where writing lines of JSON costs it most of what an export costs.
//!
//! The form belongs to the server and may change with a release, so nothing in it is believed. What is not understood is
//! `Unreadable`, and read as lines of JSON instead.
//!
//! An answer is the range that was asked for, in sixteen bytes, and then for each block the length and the bytes of the
//! series' name, the length and the bytes of the block. Blocks of one series may come in any order, and one instant may be
//! in several of them.

mod block;
mod decimal;
mod held;
mod name;
mod numbers;
mod run;
mod tally;

use self::block::{Block, Form, Reader};
pub(super) use self::held::{Held, Resolved, Resolving};
pub(super) use self::name::Places;
use self::numbers::with_sign;
pub(super) use self::tally::Tally;
use crate::value::{Points, Series};

/// Why an answer is none that is known here.
pub(super) type Unreadable = &'static str;

/// Bytes of the range at the beginning.
const RANGE: usize = 16;
/// Bytes of a name at most: thirty labels of 16 KiB, each byte escaped.
const LONGEST_NAME: usize = 1024 * 1024;
/// Bytes of a block at most: two columns of its most rows, nothing packed.
const LONGEST_BLOCK: usize = 512 * 1024;

/// What arrives, cut into names and blocks.
#[derive(Default)]
struct Frames {
    bytes: Vec<u8>,
    /// Up to here it has been read.
    used: usize,
    has_begun: bool,
    /// Of the blocks.
    form: Option<Form>,
}

/// The name of a series, and a block of it.
struct Frame<'f> {
    name: &'f [u8],
    bytes: &'f [u8],
    block: Block<'f>,
}

impl Frames {
    /// Adds bytes as they arrive.
    fn add(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.used);
        self.used = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// The next name and block; `None` when more has to arrive first.
    fn next(&mut self) -> Result<Option<Frame<'_>>, Unreadable> {
        let mut rest = self.bytes.get(self.used..).unwrap_or_default();
        if !self.has_begun {
            let Some((range, after)) = rest.split_first_chunk::<RANGE>() else { return Ok(None) };
            check_range(*range)?;
            (self.has_begun, self.used, rest) = (true, RANGE, after);
        }
        let Some((name, rest)) = piece(rest, LONGEST_NAME)? else { return Ok(None) };
        let Some((bytes, rest)) = piece(rest, LONGEST_BLOCK)? else { return Ok(None) };
        let block = Block::read(bytes, &mut self.form)?;
        self.used = self.bytes.len() - rest.len();
        Ok(Some(Frame { name, bytes, block }))
    }

    /// Whether the answer may end here.
    fn is_complete(&self) -> bool {
        self.has_begun && self.used == self.bytes.len()
    }
}

/// Bytes, and those after them.
type Split<'b> = (&'b [u8], &'b [u8]);

/// A piece that begins with its length, and what is after it.
fn piece(bytes: &[u8], longest: usize) -> Result<Option<Split<'_>>, Unreadable> {
    let Some((length, rest)) = bytes.split_first_chunk() else { return Ok(None) };
    let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
    if length > longest { Err("a piece of an impossible length") } else { Ok(rest.split_at_checked(length)) }
}

/// A range has a beginning that is not after its end.
fn check_range(bytes: [u8; RANGE]) -> Result<(), Unreadable> {
    let both = u128::from_be_bytes(bytes);
    #[expect(clippy::cast_possible_truncation, reason = "its two halves")]
    let (start, end) = (with_sign((both >> 64) as u64), with_sign(both as u64));
    if start <= end { Ok(()) } else { Err("it does not begin with a range") }
}

/// Some of the points of a series.
pub(super) struct Piece<'p> {
    /// The place of the series among those that are looked for.
    pub at: usize,
    pub points: &'p Points,
}

/// Looks for some series among those that arrive.
pub(super) struct Search<'s> {
    frames: Frames,
    reader: Reader,
    points: Points,
    series: &'s [&'s Series],
    /// Of these series, from the first name that arrives at the latest.
    places: Option<Places>,
    range: (i64, i64),
    /// Points of other series that have come along.
    pub others: usize,
}

impl<'s> Search<'s> {
    pub(super) fn new(series: &'s [&'s Series], places: Option<Places>, from_ms: i64, to_ms: i64) -> Self {
        Self {
            frames: Frames::default(),
            reader: Reader::default(),
            points: Points::default(),
            series,
            places,
            range: (from_ms, to_ms),
            others: 0,
        }
    }

    /// Adds bytes as they arrive, and gives away the points that are whole.
    pub(super) fn add(&mut self, bytes: &[u8], take: &mut dyn FnMut(Piece<'_>)) -> Result<(), Unreadable> {
        self.frames.add(bytes);
        while let Some(Frame { name, block, .. }) = self.frames.next()? {
            let places = self.places.get_or_insert_with(|| Places::of(self.series));
            let Some(at) = places.find(name) else {
                self.others += block.rows();
                continue;
            };
            self.points.at_ms.clear();
            self.points.values.clear();
            self.reader.append(&block, self.range.0, self.range.1, &mut self.points)?;
            take(Piece { at, points: &self.points });
        }
        Ok(())
    }

    /// Whether the answer may end here.
    pub(super) fn is_complete(&self) -> bool {
        self.frames.is_complete()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::value::Labels;

    /// `m{}` with 1.5, 2 and 2.5 at 10, 20 and 30.
    fn answer() -> Vec<u8> {
        let block = [20, 30, 3, 1, 2, 2, 1, 20, 1, 10];
        let mut bytes = vec![0; RANGE];
        bytes[15] = 200;
        for piece in [&b"m\x01"[..], &block] {
            bytes.extend(u32::try_from(piece.len()).unwrap().to_be_bytes());
            bytes.extend(piece);
        }
        bytes
    }

    fn series() -> Series {
        Series { name: "m".into(), labels: Labels::default(), points: Points::default().into() }
    }

    #[test]
    fn an_answer_may_arrive_in_any_pieces() {
        let (bytes, one) = (answer(), series());
        let wanted = [&one];
        for size in [1, 2, 3, 7, bytes.len()] {
            let mut search = Search::new(&wanted, None, 0, 25);
            let mut found = Vec::new();
            for piece in bytes.chunks(size) {
                search.add(piece, &mut |piece| found.extend_from_slice(&piece.points.values)).unwrap();
            }
            assert_eq!((found.as_slice(), search.is_complete(), search.others), (&[1.5, 2.0][..], true, 0));
        }
        let mut cut = Search::new(&wanted, Some(Places::of(&wanted)), 0, 25);
        cut.add(&bytes[..bytes.len() - 1], &mut |_| ()).unwrap();
        assert!(!cut.is_complete() && !Search::new(&[&one], None, 0, 25).is_complete());
    }

    #[test]
    fn an_error_in_the_place_of_blocks_is_not_read() {
        let one = series();
        let mut bytes = answer();
        bytes.extend_from_slice(b"error during sending native data to remote client");
        assert!(Search::new(&[&one], None, 0, 25).add(&bytes, &mut |_| ()).is_err());
        assert!(Search::new(&[&one], None, 0, 25).add(b"{\"metric\":{\"__name__\":\"a\"}", &mut |_| ()).is_err());
    }

    proptest! {
        #[test]
        fn garbage_never_panics(at in 0..50_usize, byte: u8, more: Vec<u8>) {
            let (mut bytes, one) = (answer(), series());
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
            bytes.extend(more);
            let _ = Search::new(&[&one], None, 0, 25).add(&bytes, &mut |_| ());
            let mut held = Held::new(0, 25, usize::MAX);
            if held.add(&bytes).is_ok() {
                held.resolve().for_each(drop);
            }
        }
    }

    #[test]
    fn series_are_held_until_all_is_there() {
        let mut held = Held::new(0, 25, usize::MAX);
        assert!(held.add(&answer()).unwrap() && held.is_complete());
        let found: Vec<_> = held.resolve().map(Result::unwrap).collect();
        let [Resolved::Piece(one)] = found.as_slice() else { panic!("one piece") };
        assert_eq!((&*one.name, Arc::as_ref(&one.points).values.as_slice()), ("m", &[1.5, 2.0][..]));
        assert!(!Held::new(0, 25, 3).add(&answer()).unwrap(), "more than may be held");
    }
}
