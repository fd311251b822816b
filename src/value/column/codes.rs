//! Numbers for values, so that rows are told apart by comparing numbers.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::Column;
use crate::value::Value;

/// Numbers values in the order in which they first come; equal ones alike, as the language compares them.
#[derive(Debug, Default)]
pub struct Coder {
    codes: HashMap<Value, u32>,
    has_none: bool,
}

impl Coder {
    /// The number of a value.
    pub fn code(&mut self, value: Value) -> u32 {
        let next = self.len();
        self.has_none |= value.is_none();
        *self.codes.entry(value).or_insert(next)
    }

    /// The number of `none`, when it has one.
    pub fn none(&self) -> Option<u32> {
        if self.has_none { self.codes.get(&Value::None).copied() } else { None }
    }

    /// How many different values there are.
    pub fn len(&self) -> u32 {
        u32::try_from(self.codes.len()).unwrap_or(u32::MAX)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.codes.is_empty()
    }
}

/// For each row of columns of one length a number that equal rows share.
pub fn row_codes<'c>(columns: impl IntoIterator<Item = &'c Column>, rows: usize) -> Vec<u32> {
    let each = columns.into_iter().map(|column| column.codes(&mut Coder::default()));
    each.reduce(|codes, more| paired(codes, &more)).unwrap_or_else(|| vec![0; rows])
}

/// A number for each pair of numbers, equal for equal pairs.
fn paired(codes: Vec<u32>, more: &[u32]) -> Vec<u32> {
    let mut known: HashMap<(u32, u32), u32> = HashMap::new();
    let pair = |(a, b): (u32, &u32)| {
        let next = u32::try_from(known.len()).unwrap_or(u32::MAX);
        match known.entry((a, *b)) {
            Entry::Occupied(entry) => *entry.get(),
            Entry::Vacant(entry) => *entry.insert(next),
        }
    };
    codes.into_iter().zip(more).map(pair).collect()
}
