//! What an expression gives for many items at once.

use std::borrow::Cow;

use super::{Cell, Coder, Column};
use crate::value::Value;

/// The values of an expression for so many items.
#[derive(Debug, Clone)]
pub enum Operand<'c> {
    /// One for all of them.
    One(Value),
    /// A few that come again: for each item, the place of its value.
    Few(Vec<u32>, Vec<Value>),
    /// One each.
    Each(Cow<'c, Column>),
}

impl Operand<'_> {
    /// Adds the values of so many items to a column.
    pub fn add_to(self, column: &mut Column, items: usize) {
        match self {
            Self::One(value) => column.push_times(&value, items),
            Self::Few(places, values) => {
                let value = |place: &u32| values.get(*place as usize).cloned().unwrap_or(Value::None);
                column.extend(places.iter().map(value));
            }
            Self::Each(Cow::Owned(each)) if column.is_empty() => *column = each,
            Self::Each(each) => column.append(&each),
        }
    }

    /// For each of so many items the place of its value among the values that there are.
    pub fn places(&self, items: usize) -> (Cow<'_, [u32]>, Cow<'_, [Value]>) {
        match self {
            Self::One(value) => (vec![0; items].into(), std::slice::from_ref(value).into()),
            Self::Few(places, values) => (places.into(), values.into()),
            Self::Each(column) if column.tells_apart() => {
                let places = column.codes(&mut Coder::default());
                let values = firsts(&places, |at| column.get(at).unwrap_or(Value::None));
                (places.into(), values.into())
            }
            Self::Each(column) => {
                let places = (0..items).map(|at| u32::try_from(at).unwrap_or(u32::MAX));
                (places.collect::<Vec<_>>().into(), column.iter().collect::<Vec<_>>().into())
            }
        }
    }

    /// The value of an item as it lies here.
    pub fn cell(&self, at: usize) -> Cell<'_> {
        match self {
            Self::One(value) => Cell::of(value),
            Self::Few(places, values) => {
                let place = places.get(at).and_then(|place| values.get(*place as usize));
                place.map_or(Cell::None, Cell::of)
            }
            Self::Each(column) => column.cell(at),
        }
    }
}

/// What `of` gives for the first row of each number; numbers go up as they first come.
fn firsts<T>(numbers: &[u32], of: impl Fn(usize) -> T) -> Vec<T> {
    let mut found = Vec::new();
    for (at, number) in numbers.iter().enumerate() {
        if *number as usize == found.len() {
            found.push(of(at));
        }
    }
    found
}
