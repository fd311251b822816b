//! The compact protocol of Thrift, in which a Parquet file tells about itself: as much of it as is needed to look before
//! a library does.

/// How deep structures may lie in each other.
const DEEPEST: usize = 64;

/// The most structures in one list: row groups, columns, elements of a schema.
const MOST_STRUCTURES: usize = 1 << 17;

/// Why bytes are not what they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Odd {
    /// They end too early.
    Cut,
    /// They are nested too deep.
    Deep,
    /// A list is longer than any real one.
    Long,
    /// They are not of the protocol.
    Wrong,
}

impl Odd {
    /// In words, after the name of what is odd.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Cut => "is cut off",
            Self::Deep => "is nested deeper than 64 levels",
            Self::Long => "holds a list longer than any real one",
            Self::Wrong => "is damaged",
        }
    }
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A yes or no, which a field has in its head.
    Bool(bool),
    /// One byte.
    Byte,
    /// A number of any width.
    Int,
    /// Eight bytes.
    Double,
    /// Bytes, after their number.
    Binary,
    /// A list or a set.
    List,
    /// Pairs.
    Map,
    /// Fields.
    Struct,
    /// Sixteen bytes.
    Uuid,
}

impl Kind {
    const fn of(code: u8) -> Option<Self> {
        Some(match code {
            1 => Self::Bool(true),
            2 => Self::Bool(false),
            3 => Self::Byte,
            4..=6 => Self::Int,
            7 => Self::Double,
            8 => Self::Binary,
            9 | 10 => Self::List,
            11 => Self::Map,
            12 => Self::Struct,
            13 => Self::Uuid,
            _ => return None,
        })
    }
}

/// Reads bytes in order.
#[derive(Debug, Clone)]
pub(super) struct Scanner<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Scanner<'b> {
    /// Begins at the first byte.
    pub(super) const fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// How many bytes were read.
    pub(super) const fn at(&self) -> usize {
        self.at
    }

    fn byte(&mut self) -> Result<u8, Odd> {
        let byte = *self.bytes.get(self.at).ok_or(Odd::Cut)?;
        self.at += 1;
        Ok(byte)
    }

    /// Some bytes.
    pub(super) fn take(&mut self, count: usize) -> Result<&'b [u8], Odd> {
        let end = self.at.checked_add(count).ok_or(Odd::Cut)?;
        let taken = self.bytes.get(self.at..end).ok_or(Odd::Cut)?;
        self.at = end;
        Ok(taken)
    }

    /// A number in seven bits a byte.
    pub(super) fn varint(&mut self) -> Result<u64, Odd> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Odd::Wrong)
    }

    /// A number with its sign in the last bit.
    pub(super) fn int(&mut self) -> Result<i64, Odd> {
        let number = self.varint()?;
        Ok((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    /// The next field of a structure, its number after the one before; `None` at the end.
    pub(super) fn field(&mut self, before: &mut i64) -> Result<Option<(i64, Kind)>, Odd> {
        let head = self.byte()?;
        if head == 0 {
            return Ok(None);
        }
        let number = match head >> 4 {
            0 => self.int()?,
            step => before.checked_add(i64::from(step)).ok_or(Odd::Wrong)?,
        };
        *before = number;
        Ok(Some((number, Kind::of(head & 0x0f).ok_or(Odd::Wrong)?)))
    }

    /// The head of a list: what its items are, and how many.
    pub(super) fn list(&mut self) -> Result<(Kind, usize), Odd> {
        let head = self.byte()?;
        let kind = Kind::of(head & 0x0f).ok_or(Odd::Wrong)?;
        let count = match head >> 4 {
            15 => usize::try_from(self.varint()?).map_err(|_| Odd::Long)?,
            count => usize::from(count),
        };
        if kind == Kind::Struct && count > MOST_STRUCTURES { Err(Odd::Long) } else { Ok((kind, count)) }
    }

    /// Passes over the value of a field.
    pub(super) fn skip(&mut self, kind: Kind) -> Result<(), Odd> {
        self.skip_at(kind, 0)
    }

    fn skip_at(&mut self, kind: Kind, depth: usize) -> Result<(), Odd> {
        if depth > DEEPEST {
            return Err(Odd::Deep);
        }
        match kind {
            Kind::Bool(_) => {}
            Kind::Byte => drop(self.byte()?),
            Kind::Int => drop(self.varint()?),
            Kind::Double => drop(self.take(8)?),
            Kind::Uuid => drop(self.take(16)?),
            Kind::Binary => {
                let length = usize::try_from(self.varint()?).map_err(|_| Odd::Cut)?;
                self.take(length)?;
            }
            Kind::List => {
                let (item, count) = self.list()?;
                (0..count).try_for_each(|_| self.skip_item(item, depth + 1))?;
            }
            Kind::Map => self.skip_map(depth)?,
            Kind::Struct => {
                let mut before = 0;
                while let Some((_, kind)) = self.field(&mut before)? {
                    self.skip_at(kind, depth + 1)?;
                }
            }
        }
        Ok(())
    }

    /// An item has its yes or no in a byte of its own.
    fn skip_item(&mut self, kind: Kind, depth: usize) -> Result<(), Odd> {
        self.skip_at(if matches!(kind, Kind::Bool(_)) { Kind::Byte } else { kind }, depth)
    }

    fn skip_map(&mut self, depth: usize) -> Result<(), Odd> {
        let count = self.varint()?;
        if count == 0 {
            return Ok(());
        }
        let kinds = self.byte()?;
        let (key, value) = (Kind::of(kinds >> 4).ok_or(Odd::Wrong)?, Kind::of(kinds & 0x0f).ok_or(Odd::Wrong)?);
        (0..count).try_for_each(|_| {
            self.skip_item(key, depth + 1)?;
            self.skip_item(value, depth + 1)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_fields_are_read() {
        let mut scanner = Scanner::new(&[0x15, 0x04, 0x19, 0x25, 0x02, 0x03, 0x00]);
        let mut before = 0;
        assert_eq!(scanner.field(&mut before), Ok(Some((1, Kind::Int))));
        assert_eq!(scanner.int(), Ok(2));
        assert_eq!(scanner.field(&mut before), Ok(Some((2, Kind::List))));
        assert_eq!(scanner.list(), Ok((Kind::Int, 2)));
        assert_eq!((scanner.int(), scanner.int()), (Ok(1), Ok(-2)));
        assert_eq!(scanner.field(&mut before), Ok(None));
    }

    #[test]
    fn what_would_overflow_a_stack_or_memory_is_refused() {
        assert_eq!(Scanner::new(&vec![0x1c; 100_000]).skip(Kind::Struct), Err(Odd::Deep));
        assert_eq!(Scanner::new(&vec![0x19; 100_000]).skip(Kind::List), Err(Odd::Deep));
        assert_eq!(Scanner::new(&[0xfc, 0xff, 0xff, 0xff, 0x7f]).list(), Err(Odd::Long));
        assert_eq!(Scanner::new(&[0xf5, 0xff, 0xff, 0xff, 0x7f]).skip(Kind::List), Err(Odd::Cut));
        assert_eq!(Scanner::new(&[0xff; 20]).varint(), Err(Odd::Wrong));
    }
}
