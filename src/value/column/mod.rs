//! A list in a column: values of one kind side by side, without a tag and a pointer for each.
//!
//! A column takes any values. While they are of one kind, `none` among them, it keeps that kind alone; the first
//! that is not turns it into a plain list of values. What comes out is what went in, to the last digit.

mod cells;
mod codes;
mod decimals;
mod nulls;
mod operand;
mod samples;
#[cfg(test)]
mod tests;
mod texts;

use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;

use chrono::NaiveDate;

use cells::Cells;
pub use codes::{Coder, row_codes};
use nulls::Nulls;
pub use operand::Operand;
pub use samples::{Samples, SeriesId};

use super::{Table, Timestamp, Type, Value};

/// A cell as it lies in its column.
#[derive(Debug, Clone, Copy)]
pub enum Cell<'c> {
    /// `none`; also past the end.
    None,
    /// A bool.
    Bool(bool),
    /// An int.
    Int(i64),
    /// A float.
    Float(f64),
    /// A day.
    Date(NaiveDate),
    /// An instant.
    Timestamp(Timestamp),
    /// The digits of a decimal, and how many of them stand behind the point.
    Decimal(i64, i16),
    /// A text.
    Text(&'c Arc<str>),
    /// Of another kind, or a longer decimal: [`Column::get`] gives it.
    Other,
}

impl<'c> Cell<'c> {
    fn of(value: &'c Value) -> Self {
        match value {
            Value::None => Self::None,
            Value::Bool(b) => Self::Bool(*b),
            Value::Int(n) => Self::Int(*n),
            Value::Float(x) => Self::Float(*x),
            Value::Date(day) => Self::Date(*day),
            Value::Timestamp(at) => Self::Timestamp(*at),
            Value::Text(text) => Self::Text(text),
            Value::Decimal(decimal) => {
                decimals::parts(decimal).map_or(Self::Other, |(digits, scale)| Self::Decimal(digits, scale))
            }
            _ => Self::Other,
        }
    }
}

/// Values in a column.
#[derive(Debug, Clone, Default)]
pub struct Column {
    cells: Cells,
    /// Rows that are `none`; empty for cells that hold `none` themselves.
    nulls: Nulls,
}

impl Column {
    /// How many values there are.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A value; `None` past the end.
    pub fn get(&self, at: usize) -> Option<Value> {
        if self.nulls.has(at) { (at < self.len()).then_some(Value::None) } else { self.cells.get(at) }
    }

    /// A value as it lies here: nothing is copied.
    pub fn cell(&self, at: usize) -> Cell<'_> {
        if self.nulls.has(at) { Cell::None } else { self.cells.cell(at) }
    }

    /// The first value.
    pub fn first(&self) -> Option<Value> {
        self.get(0)
    }

    /// The values, in order.
    pub fn iter(&self) -> Iter<'_> {
        Iter { column: self, rows: 0..self.len() }
    }

    /// Adds a value.
    pub fn push(&mut self, value: Value) {
        if value.is_none() && self.cells.push_nothing() {
            if self.cells.marks_nulls() {
                self.nulls.add(self.len() - 1);
            }
            return;
        }
        if let Err(value) = self.cells.push(value) {
            self.widen(&value);
            // Takes it: the cells are now of its kind, or of any.
            let _ = self.cells.push(value);
        }
    }

    /// Adds a text.
    pub fn push_text(&mut self, text: &str) {
        match &mut self.cells {
            Cells::Text(texts) => texts.push(text),
            _ => self.push(Value::text(text)),
        }
    }

    /// Adds a value so many times.
    pub fn push_times(&mut self, value: &Value, times: usize) {
        if self.is_empty() && times > 1 {
            // The first says of which kind they are.
            self.push(value.clone());
            return self.push_times(value, times - 1);
        }
        if !self.cells.push_times(value, times) {
            (0..times).for_each(|_| self.push(value.clone()));
        }
    }

    /// Makes room for a value that is of another kind than those before.
    fn widen(&mut self, value: &Value) {
        if let Cells::Nones(count) = self.cells
            && let Some(cells) = Cells::of_kind(value, count)
        {
            self.nulls = if cells.marks_nulls() { Nulls::first(count) } else { Nulls::default() };
            self.cells = cells;
            return;
        }
        let mut values = Vec::with_capacity(self.len() + 1);
        values.extend(self.iter());
        *self = Self { cells: Cells::Values(values), nulls: Nulls::default() };
    }

    /// The values of some rows, in the order of the rows, any of them more than once; `none` for rows past the end.
    #[must_use]
    pub fn pick(&self, rows: &[usize]) -> Self {
        let (mut nulls, len) = (Nulls::default(), self.len());
        let mut has_absent = false;
        for (to, from) in rows.iter().enumerate() {
            if *from >= len || self.nulls.has(*from) {
                nulls.add(to);
                has_absent |= *from >= len;
            }
        }
        if has_absent && !self.cells.marks_nulls() {
            return rows.iter().map(|at| self.get(*at).unwrap_or(Value::None)).collect();
        }
        Self { cells: self.cells.pick(rows), nulls }
    }

    /// The values from one row up to another.
    #[must_use]
    pub fn slice(&self, rows: Range<usize>) -> Self {
        self.pick(&(rows.start.min(self.len())..rows.end.min(self.len())).collect::<Vec<_>>())
    }

    /// Adds the values of another column.
    pub fn append(&mut self, other: &Self) {
        if self.is_empty() {
            self.clone_from(other);
            return;
        }
        if other.nulls.is_empty() && self.cells.append(&other.cells) {
            return;
        }
        other.iter().for_each(|value| self.push(value));
    }

    /// How the values of two rows compare.
    pub fn compare(&self, a: usize, b: usize) -> Ordering {
        if !self.nulls.is_empty() && (self.nulls.has(a) || self.nulls.has(b)) {
            return self.nulls.has(b).cmp(&self.nulls.has(a));
        }
        self.cells.compare(a, b)
    }

    /// Whether the value of a row is `none`; also past the end.
    pub fn is_none(&self, at: usize) -> bool {
        self.nulls.has(at) || self.cells.is_none(at)
    }

    /// The type of all values, when they are of one scalar kind and kept as such.
    pub fn scalar_type(&self) -> Option<Type> {
        let ty = self.cells.scalar_type()?;
        Some(if self.nulls.is_empty() { ty } else { ty.optional() })
    }

    /// The records as a table, when there is nothing else.
    pub fn records(&self) -> Option<&Arc<Table>> {
        match &self.cells {
            Cells::Records(table) => Some(table),
            _ => None,
        }
    }

    /// The samples, when there is nothing else.
    pub fn samples(&self) -> Option<&Samples> {
        match &self.cells {
            Cells::Samples(samples) => Some(samples),
            _ => None,
        }
    }

    /// As a list of the language, in the form that suits it: plain values stay a plain list.
    pub fn into_list(self) -> Value {
        match self.cells {
            Cells::Values(values) => Value::list(values),
            Cells::Nones(count) => Value::list(vec![Value::None; count]),
            _ => Value::Column(Arc::new(self)),
        }
    }

    /// For each value a number that equal ones share, as `codes` gives them.
    pub fn codes(&self, coder: &mut Coder) -> Vec<u32> {
        match &self.cells {
            Cells::Text(texts) if self.nulls.is_empty() => texts.codes(coder),
            _ => self.iter().map(|value| coder.code(value)).collect(),
        }
    }

    /// Whether values that are equal are the same to whoever looks at them, as `1` and `1.0`, `1.5` and `1.50` are not.
    pub fn tells_apart(&self) -> bool {
        matches!(
            self.cells,
            Cells::Nones(_) | Cells::Bool(_) | Cells::Int(_) | Cells::Date(_) | Cells::Timestamp(_) | Cells::Text(_)
        )
    }

    /// How many bytes it takes, as far as that does not hang on single values.
    pub fn bytes(&self) -> usize {
        self.cells.bytes() + self.nulls.bytes()
    }
}

impl From<Table> for Column {
    fn from(table: Table) -> Self {
        Arc::new(table).into()
    }
}

impl From<Arc<Table>> for Column {
    fn from(table: Arc<Table>) -> Self {
        Self { cells: Cells::Records(table), nulls: Nulls::default() }
    }
}

impl From<Vec<f64>> for Column {
    fn from(values: Vec<f64>) -> Self {
        Self { cells: Cells::Float(values), nulls: Nulls::default() }
    }
}

impl From<Vec<Timestamp>> for Column {
    fn from(instants: Vec<Timestamp>) -> Self {
        Self { cells: Cells::Timestamp(instants), nulls: Nulls::default() }
    }
}

impl From<Samples> for Column {
    fn from(samples: Samples) -> Self {
        Self { cells: Cells::Samples(Box::new(samples)), nulls: Nulls::default() }
    }
}

impl Extend<Value> for Column {
    fn extend<I: IntoIterator<Item = Value>>(&mut self, values: I) {
        values.into_iter().for_each(|value| self.push(value));
    }
}

impl FromIterator<Value> for Column {
    fn from_iter<I: IntoIterator<Item = Value>>(values: I) -> Self {
        let mut column = Self::default();
        column.extend(values);
        column
    }
}

impl From<Vec<Value>> for Column {
    fn from(values: Vec<Value>) -> Self {
        values.into_iter().collect()
    }
}

impl<'c> IntoIterator for &'c Column {
    type Item = Value;
    type IntoIter = Iter<'c>;
    fn into_iter(self) -> Iter<'c> {
        self.iter()
    }
}

/// The values of a column.
#[derive(Debug, Clone)]
pub struct Iter<'c> {
    column: &'c Column,
    rows: Range<usize>,
}

impl Iterator for Iter<'_> {
    type Item = Value;
    fn next(&mut self) -> Option<Value> {
        self.column.get(self.rows.next()?)
    }
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.rows.size_hint()
    }
}

impl ExactSizeIterator for Iter<'_> {}

impl DoubleEndedIterator for Iter<'_> {
    fn next_back(&mut self) -> Option<Value> {
        self.column.get(self.rows.next_back()?)
    }
}

impl PartialEq for Column {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl Eq for Column {}

impl PartialEq<[Value]> for Column {
    fn eq(&self, other: &[Value]) -> bool {
        self.len() == other.len() && self.iter().zip(other).all(|(a, b)| a == *b)
    }
}

impl<const N: usize> PartialEq<[Value; N]> for Column {
    fn eq(&self, other: &[Value; N]) -> bool {
        *self == other[..]
    }
}
