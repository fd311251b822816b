//! What stands before a page.

use parquet::basic::Encoding;

use super::thrift::{Kind, Odd, Scanner};

/// What a page holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// The values that others are numbers of.
    Dictionary,
    /// Rows: their levels, and then their values, packed together.
    Rows,
    /// Rows whose levels are not packed.
    RowsV2 {
        /// How many are null.
        nulls: u32,
        /// The size of the levels of nesting.
        nesting: u32,
        /// The size of the levels that tell nulls.
        levels: u32,
        /// Whether the values are packed.
        is_packed: bool,
    },
    /// What nobody needs.
    Other,
}

/// What stands before a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    /// What the page holds.
    pub(super) content: Content,
    /// How many bytes it has in the file.
    pub(super) packed: u32,
    /// How many it says that it has when unpacked.
    pub(super) size: u32,
    /// How many values it says that it has.
    pub(super) values: u32,
    /// How the values are written.
    pub(super) encoding: i64,
    /// How the levels of a first-version page are written.
    pub(super) levels: i64,
    /// How many bytes this takes.
    pub(super) length: usize,
}

/// The encodings that are read.
pub(super) fn encoding(code: i64) -> Option<Encoding> {
    Some(match code {
        0 => Encoding::PLAIN,
        2 => Encoding::PLAIN_DICTIONARY,
        3 => Encoding::RLE,
        5 => Encoding::DELTA_BINARY_PACKED,
        6 => Encoding::DELTA_LENGTH_BYTE_ARRAY,
        7 => Encoding::DELTA_BYTE_ARRAY,
        8 => Encoding::RLE_DICTIONARY,
        9 => Encoding::BYTE_STREAM_SPLIT,
        _ => return None,
    })
}

/// The numbers of a structure by the number of their field, from 1 to 7; a yes is 1 and a no 0.
type Numbers = [Option<i64>; 8];

fn numbers(scanner: &mut Scanner<'_>) -> Result<Numbers, Odd> {
    let (mut before, mut numbers) = (0, Numbers::default());
    while let Some((number, kind)) = scanner.field(&mut before)? {
        let value = match kind {
            Kind::Int => Some(scanner.int()?),
            Kind::Bool(is) => Some(i64::from(is)),
            _ => {
                scanner.skip(kind)?;
                None
            }
        };
        if let Some(place) = usize::try_from(number).ok().and_then(|number| numbers.get_mut(number)) {
            *place = value;
        }
    }
    Ok(numbers)
}

fn size(number: Option<i64>) -> Result<u32, Odd> {
    number.and_then(|number| i32::try_from(number).ok()).and_then(|number| number.try_into().ok()).ok_or(Odd::Wrong)
}

impl Header {
    /// Reads one from the first of the bytes.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Odd> {
        let (mut scanner, mut before) = (Scanner::new(bytes), 0);
        let (mut own, mut inner) = (Numbers::default(), [None; 9]);
        while let Some((number, kind)) = scanner.field(&mut before)? {
            let at = usize::try_from(number).unwrap_or(usize::MAX);
            match kind {
                Kind::Int => {
                    let value = scanner.int()?;
                    if let Some(place) = own.get_mut(at) {
                        *place = Some(value);
                    }
                }
                Kind::Struct if matches!(number, 5 | 7 | 8) => {
                    let read = numbers(&mut scanner)?;
                    if let Some(place) = inner.get_mut(at) {
                        *place = Some(read);
                    }
                }
                _ => scanner.skip(kind)?,
            }
        }
        let [_, kind, size_field, packed, ..] = own;
        let [.., rows, _, dictionary, rows_v2] = inner;
        let header = Self {
            content: Content::Other,
            packed: size(packed)?,
            size: size(size_field)?,
            values: 0,
            encoding: 0,
            levels: 3,
            length: scanner.at(),
        };
        match kind.ok_or(Odd::Wrong)? {
            0 => header.rows(rows.ok_or(Odd::Wrong)?),
            2 => header.dictionary(dictionary.ok_or(Odd::Wrong)?),
            3 => header.rows_v2(rows_v2.ok_or(Odd::Wrong)?),
            _ => Ok(header),
        }
    }

    fn rows(self, [_, values, encoding, levels, ..]: Numbers) -> Result<Self, Odd> {
        let (encoding, levels) = (encoding.ok_or(Odd::Wrong)?, levels.ok_or(Odd::Wrong)?);
        Ok(Self { content: Content::Rows, values: size(values)?, encoding, levels, ..self })
    }

    fn dictionary(self, [_, values, encoding, ..]: Numbers) -> Result<Self, Odd> {
        let encoding = encoding.ok_or(Odd::Wrong)?;
        Ok(Self { content: Content::Dictionary, values: size(values)?, encoding, ..self })
    }

    fn rows_v2(self, [_, values, nulls, _, encoding, levels, nesting, is_packed]: Numbers) -> Result<Self, Odd> {
        let (nulls, levels, nesting) = (size(nulls)?, size(levels)?, size(nesting)?);
        let is_packed = is_packed != Some(0);
        let content = Content::RowsV2 { nulls, nesting, levels, is_packed };
        Ok(Self { content, values: size(values)?, encoding: encoding.ok_or(Odd::Wrong)?, ..self })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_and_a_negative_size_is_none() {
        // type 0, sizes 20 and 10, a data page of 5 values, plain, levels as runs.
        let mut bytes = vec![0x15, 0x00, 0x15, 0x28, 0x15, 0x14, 0x2c, 0x15, 0x0a, 0x15, 0x00, 0x15, 0x06, 0x15, 0x06];
        bytes.extend([0x00, 0x00]);
        let header = Header::read(&bytes).unwrap();
        assert_eq!((header.content, header.size, header.packed, header.values), (Content::Rows, 20, 10, 5));
        assert_eq!((header.encoding, header.levels, header.length), (0, 3, 17));
        assert_eq!(Header::read(&bytes[..10]), Err(Odd::Cut));
        bytes[3] = 0x27;
        assert_eq!(Header::read(&bytes), Err(Odd::Wrong));
    }
}
