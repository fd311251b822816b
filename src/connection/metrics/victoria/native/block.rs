//! A block: some points of one series, in order of time.

use super::Unreadable;
use super::decimal;
use super::numbers::{FORMS, MOST_ROWS, Unpacker, signed, unsigned};
use crate::value::Points;

/// All bits of a number are kept.
const EXACT: u8 = 64;

/// What a block says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As of 1.79.
    Short,
    /// Its last instant and its precision too, as later releases write them.
    Long,
}

/// A block's own description, and its two columns, still packed.
#[derive(Debug)]
pub(super) struct Block<'b> {
    first_ms: i64,
    /// Where the block says so.
    last_ms: Option<i64>,
    first_value: i64,
    rows: usize,
    /// Values are whole numbers times ten to the power of this.
    scale: i16,
    times: (u8, &'b [u8]),
    values: (u8, &'b [u8]),
}

impl<'b> Block<'b> {
    /// Reads a block. The form that the first one has is that of all: it must be one of the two and not the other.
    pub(super) fn read(bytes: &'b [u8], form: &mut Option<Form>) -> Result<Self, Unreadable> {
        if let Some(form) = *form {
            return Self::read_as(bytes, form);
        }
        let (found, block) = match (Self::read_as(bytes, Form::Short), Self::read_as(bytes, Form::Long)) {
            (Ok(block), Err(_)) => (Form::Short, block),
            (Err(_), Ok(block)) => (Form::Long, block),
            (Err(why), Err(_)) => return Err(why),
            (Ok(_), Ok(_)) => return Err("a block that can be read in two ways"),
        };
        *form = Some(found);
        Ok(block)
    }

    fn read_as(mut bytes: &'b [u8], form: Form) -> Result<Self, Unreadable> {
        let first_ms = signed(&mut bytes)?;
        let last_ms = if form == Form::Long { Some(signed(&mut bytes)?) } else { None };
        let first_value = signed(&mut bytes)?;
        let rows = usize::try_from(unsigned(&mut bytes)?).unwrap_or(usize::MAX);
        let scale = i16::try_from(signed(&mut bytes)?).map_err(|_| "an impossible scale")?;
        let (times, values) = (byte(&mut bytes)?, byte(&mut bytes)?);
        if form == Form::Long && byte(&mut bytes)? != EXACT {
            return Err("values of reduced precision");
        }
        if rows == 0 || rows > MOST_ROWS {
            return Err("an impossible number of rows");
        }
        let (times, values) = ((times, column(&mut bytes)?), (values, column(&mut bytes)?));
        let is_whole = bytes.is_empty() && [times.0, values.0].iter().all(|form| FORMS.contains(form));
        let block = Self { first_ms, last_ms, first_value, rows, scale, times, values };
        if is_whole { Ok(block) } else { Err("a block that is no block") }
    }

    /// Its first instant.
    pub(super) fn first_ms(&self) -> i64 {
        self.first_ms
    }

    /// How many points it has.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }
}

fn byte(bytes: &mut &[u8]) -> Result<u8, Unreadable> {
    let (byte, rest) = bytes.split_first().ok_or("a block is cut")?;
    *bytes = rest;
    Ok(*byte)
}

fn column<'b>(bytes: &mut &'b [u8]) -> Result<&'b [u8], Unreadable> {
    let length = usize::try_from(unsigned(bytes)?).unwrap_or(usize::MAX);
    let (column, rest) = bytes.split_at_checked(length).ok_or("a column is longer than its block")?;
    *bytes = rest;
    Ok(column)
}

/// Reads blocks, one after the other.
#[derive(Default)]
pub(super) struct Reader {
    unpacker: Unpacker,
    at_ms: Vec<i64>,
    numbers: Vec<i64>,
}

impl Reader {
    /// The last instant of a block, whose first one it says itself.
    pub(super) fn last_ms(&mut self, block: &Block<'_>) -> Result<i64, Unreadable> {
        let (times, packed_times) = block.times;
        self.unpacker.read(times, block.first_ms, block.rows, packed_times, &mut self.at_ms)?;
        let last_ms = self.at_ms.last().copied().filter(|_| self.at_ms.is_sorted());
        let last_ms = last_ms.filter(|last_ms| block.last_ms.is_none_or(|said| said == *last_ms));
        last_ms.ok_or("instants are not in order")
    }

    /// Adds those points of a block that lie in `from_ms..to_ms`; says whether some mark the series as gone instead.
    pub(super) fn append(
        &mut self,
        block: &Block<'_>,
        from_ms: i64,
        to_ms: i64,
        points: &mut Points,
    ) -> Result<bool, Unreadable> {
        self.last_ms(block)?;
        let (values, packed_values) = block.values;
        self.unpacker.read(values, block.first_value, block.rows, packed_values, &mut self.numbers)?;
        let start = self.at_ms.partition_point(|at_ms| *at_ms < from_ms);
        let end = self.at_ms.partition_point(|at_ms| *at_ms < to_ms);
        let (Some(at_ms), Some(numbers)) = (self.at_ms.get(start..end), self.numbers.get(start..end)) else {
            return Ok(false);
        };
        Ok(decimal::append(at_ms, numbers, block.scale, &mut points.at_ms, &mut points.values))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Three points, `1.5`, `2` and `2.5` at 10, 20 and 30.
    const SHORT: [u8; 10] = [20, 30, 3, 1, 2, 2, 1, 20, 1, 10];
    const LONG: [u8; 12] = [20, 60, 30, 3, 1, 2, 2, 64, 1, 20, 1, 10];

    fn read(bytes: &[u8], from_ms: i64, to_ms: i64) -> Result<Points, Unreadable> {
        let mut points = Points::default();
        let block = Block::read(bytes, &mut None)?;
        Reader::default().append(&block, from_ms, to_ms, &mut points).map(|_| points)
    }

    #[test]
    fn a_block_is_cut_to_the_range() {
        for bytes in [&SHORT[..], &LONG] {
            assert_eq!(read(bytes, 0, 99).unwrap().at_ms, [10, 20, 30]);
            assert_eq!(read(bytes, 0, 99).unwrap().values, [1.5, 2.0, 2.5]);
            assert_eq!(read(bytes, 11, 30).unwrap().at_ms, [20]);
            assert!(read(bytes, 31, 99).unwrap().is_empty() && read(bytes, 99, 31).unwrap().is_empty());
        }
    }

    #[test]
    fn all_blocks_have_the_form_of_the_first() {
        let mut form = None;
        Block::read(&SHORT, &mut form).unwrap();
        assert!(form == Some(Form::Short) && Block::read(&LONG, &mut form).is_err());
    }

    #[test]
    fn a_block_must_be_what_it_says() {
        let with = |at: usize, byte: u8| {
            let mut bytes = LONG.to_vec();
            bytes[at] = byte;
            read(&bytes, 0, 99)
        };
        for at in [1, 3, 5, 6, 7, 8, 10] {
            assert!(with(at, 99).is_err(), "{at}");
        }
        assert_eq!(with(1, 62).unwrap_err(), "instants are not in order");
        for whole in [&SHORT[..], &LONG] {
            assert!((0..whole.len()).all(|length| read(&whole[..length], 0, 99).is_err()));
            assert!(read(&[whole, &[0]].concat(), 0, 99).is_err());
        }
    }

    proptest! {
        #[test]
        fn garbage_is_refused_or_read(mut bytes: Vec<u8>, from_ms: i64, to_ms: i64) {
            let _ = read(&bytes, from_ms, to_ms);
            bytes.splice(..bytes.len().min(6), SHORT[..6].iter().copied());
            let _ = read(&bytes, from_ms, to_ms);
        }
    }
}
