//! Whole numbers as blocks hold them: variable lengths, differences, differences of differences, packed or not.

use std::ops::RangeInclusive;

use zstd::bulk::Decompressor;

use super::Unreadable;

/// Rows in one block; a server makes blocks of half as many.
pub(super) const MOST_ROWS: usize = 16 * 1024;
/// Bytes of one number at most.
const LONGEST: usize = 10;

/// The forms in which numbers are written.
pub(super) const FORMS: RangeInclusive<u8> = 1..=6;

/// Takes a number without sign off the front.
#[inline]
pub(super) fn unsigned(bytes: &mut &[u8]) -> Result<u64, Unreadable> {
    match bytes.split_first() {
        Some((first, rest)) if *first < 0x80 => {
            *bytes = rest;
            Ok(u64::from(*first))
        }
        _ => long(bytes),
    }
}

fn long(bytes: &mut &[u8]) -> Result<u64, Unreadable> {
    let mut number = 0;
    for (at, byte) in bytes.iter().enumerate().take(LONGEST) {
        if at == LONGEST - 1 && *byte > 1 {
            return Err("a number is too large");
        }
        number |= u64::from(byte & 0x7f) << (7 * at);
        if *byte < 0x80 {
            *bytes = bytes.get(at + 1..).unwrap_or_default();
            return Ok(number);
        }
    }
    Err("a number has no end")
}

/// Takes a number with a sign off the front: its lowest bit is the sign.
#[inline]
pub(super) fn signed(bytes: &mut &[u8]) -> Result<i64, Unreadable> {
    unsigned(bytes).map(with_sign)
}

/// The number whose sign is its lowest bit.
#[inline]
pub(super) fn with_sign(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

/// Unpacks numbers; kept from block to block, so that memory is asked for once.
#[derive(Default)]
pub(super) struct Unpacker {
    zstd: Decompressor<'static>,
    unpacked: Vec<u8>,
}

impl Unpacker {
    /// Puts `count` numbers, of which the first is known, in the place of those in `out`.
    pub(super) fn read(
        &mut self,
        form: u8,
        first: i64,
        count: usize,
        bytes: &[u8],
        out: &mut Vec<i64>,
    ) -> Result<(), Unreadable> {
        out.clear();
        if count == 0 || count > MOST_ROWS {
            return Err("an impossible number of rows");
        }
        match form {
            1 => differences_of_differences(self.unpack(bytes)?, first, count, out),
            2 => equal_steps(bytes, first, count, out),
            3 if bytes.is_empty() => {
                out.resize(count, first);
                Ok(())
            }
            3 => Err("numbers that are all equal have bytes left over"),
            4 => differences(self.unpack(bytes)?, first, count, out),
            5 => differences_of_differences(bytes, first, count, out),
            6 => differences(bytes, first, count, out),
            _ => Err("numbers of an unknown form"),
        }
    }

    /// What is packed; never more than a block may hold, whatever it says of itself.
    fn unpack(&mut self, bytes: &[u8]) -> Result<&[u8], Unreadable> {
        self.unpacked.clear();
        self.unpacked.reserve_exact(MOST_ROWS * LONGEST);
        let done = self.zstd.decompress_to_buffer(bytes, &mut self.unpacked);
        done.map_err(|_| "numbers that cannot be unpacked")?;
        Ok(&self.unpacked)
    }
}

fn equal_steps(mut bytes: &[u8], first: i64, count: usize, out: &mut Vec<i64>) -> Result<(), Unreadable> {
    let step = signed(&mut bytes)?;
    let mut number = first;
    for _ in 0..count {
        out.push(number);
        number = number.wrapping_add(step);
    }
    at_end(bytes)
}

fn differences(mut bytes: &[u8], first: i64, count: usize, out: &mut Vec<i64>) -> Result<(), Unreadable> {
    let mut number = first;
    out.push(number);
    for _ in 1..count {
        number = number.wrapping_add(signed(&mut bytes)?);
        out.push(number);
    }
    at_end(bytes)
}

fn differences_of_differences(
    mut bytes: &[u8],
    first: i64,
    count: usize,
    out: &mut Vec<i64>,
) -> Result<(), Unreadable> {
    let (mut number, mut step) = (first, 0_i64);
    out.push(number);
    for _ in 1..count {
        step = step.wrapping_add(signed(&mut bytes)?);
        number = number.wrapping_add(step);
        out.push(number);
    }
    at_end(bytes)
}

fn at_end(bytes: &[u8]) -> Result<(), Unreadable> {
    if bytes.is_empty() { Ok(()) } else { Err("numbers have bytes left over") }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Adds a number with its sign as a block has it.
    pub(in super::super) fn put(out: &mut Vec<u8>, number: i64) {
        let mut number = ((number << 1) ^ (number >> 63)).cast_unsigned();
        while number >= 0x80 {
            out.push(u8::try_from(number & 0x7f).unwrap() | 0x80);
            number >>= 7;
        }
        out.push(u8::try_from(number).unwrap());
    }

    fn read(form: u8, first: i64, count: usize, bytes: &[u8]) -> Result<Vec<i64>, Unreadable> {
        let mut out = vec![9; 3];
        Unpacker::default().read(form, first, count, bytes, &mut out).map(|()| out)
    }

    proptest! {
        #[test]
        fn differences_give_the_numbers_back(numbers in proptest::collection::vec(any::<i64>(), 2..300)) {
            let (mut once, mut twice) = (Vec::new(), Vec::new());
            let mut before = 0_i64;
            for pair in numbers.windows(2) {
                let step = pair[1].wrapping_sub(pair[0]);
                put(&mut once, step);
                put(&mut twice, step.wrapping_sub(before));
                before = step;
            }
            let count = numbers.len();
            prop_assert_eq!(read(6, numbers[0], count, &once).unwrap(), numbers.clone());
            prop_assert_eq!(read(5, numbers[0], count, &twice).unwrap(), numbers.clone());
            prop_assert_eq!(read(4, numbers[0], count, &zstd::bulk::compress(&once, 1).unwrap()).unwrap(), numbers.clone());
            prop_assert_eq!(read(1, numbers[0], count, &zstd::bulk::compress(&twice, 1).unwrap()).unwrap(), numbers.clone());
            // One number more or fewer than there are is no block.
            prop_assert!(read(6, numbers[0], count + 1, &once).is_err() && read(6, numbers[0], count - 1, &once).is_err());
        }

        #[test]
        fn garbage_is_refused_or_read_but_never_more(form in 0..9_u8, first: i64, count in 0..20_000_usize, bytes: Vec<u8>) {
            let found = read(form, first, count, &bytes);
            prop_assert!(found.is_err() || found.unwrap().len() == count);
        }
    }

    #[test]
    fn equal_numbers_and_equal_steps() {
        assert_eq!(read(3, 7, 3, &[]).unwrap(), [7, 7, 7]);
        assert_eq!(read(2, 7, 3, &[3]).unwrap(), [7, 5, 3]);
        assert!(read(3, 7, 3, &[1]).is_err() && read(2, 7, 3, &[3, 3]).is_err() && read(2, 7, 3, &[]).is_err());
    }

    #[test]
    fn what_unpacks_to_more_than_a_block_is_refused() {
        let bomb = zstd::bulk::compress(&vec![0; 50_000_000], 1).unwrap();
        assert_eq!(read(4, 0, 10, &bomb), Err("numbers that cannot be unpacked"));
    }
}
