//! The cells of a column, by kind.

use std::cmp::Ordering;
use std::sync::Arc;

use chrono::NaiveDate;

use super::Cell;
use super::decimals::{self, Decimals};
use super::samples::Samples;
use super::texts::Texts;
use crate::value::{Table, Timestamp, Type, Value};

/// Cells of one kind. What is large is boxed: a table has a column for each of its names, and groups have small ones.
#[derive(Debug, Clone)]
pub(super) enum Cells {
    /// So many `none`s, and nothing yet that says a kind.
    Nones(usize),
    Bool(Vec<bool>),
    Int(Vec<i64>),
    Float(Vec<f64>),
    Date(Vec<NaiveDate>),
    Timestamp(Vec<Timestamp>),
    Decimal(Box<Decimals>),
    Text(Box<Texts>),
    /// Records of one shape.
    Records(Arc<Table>),
    Samples(Box<Samples>),
    /// Anything.
    Values(Vec<Value>),
}

impl Default for Cells {
    fn default() -> Self {
        Self::Nones(0)
    }
}

/// The instant that stands where there is none.
fn no_time() -> Timestamp {
    Timestamp::UNIX_EPOCH
}

/// An item of each row; what stands for nothing, past the end.
fn pick_from<T: Clone>(items: &[T], rows: &[usize], nothing: &T) -> Vec<T> {
    rows.iter().map(|at| items.get(*at).unwrap_or(nothing).clone()).collect()
}

/// So many of what stands for nothing.
fn nothings<T: Clone>(nothing: T, count: usize) -> Vec<T> {
    vec![nothing; count]
}

impl Cells {
    /// Cells of the kind of a value, beginning with so many `none`s; `None` when only plain values will do.
    pub(super) fn of_kind(value: &Value, nones: usize) -> Option<Self> {
        Some(match value {
            Value::Bool(_) => Self::Bool(nothings(false, nones)),
            Value::Int(_) => Self::Int(nothings(0, nones)),
            Value::Float(_) => Self::Float(nothings(0.0, nones)),
            Value::Date(_) => Self::Date(nothings(NaiveDate::default(), nones)),
            Value::Timestamp(_) => Self::Timestamp(nothings(no_time(), nones)),
            Value::Decimal(decimal) if Decimals::fits(decimal) => {
                let mut decimals = Decimals::default();
                (0..nones).for_each(|_| decimals.push_nothing());
                Self::Decimal(Box::new(decimals))
            }
            Value::Text(_) => {
                let mut texts = Texts::default();
                (0..nones).for_each(|_| texts.push_nothing());
                Self::Text(Box::new(texts))
            }
            Value::Record(record) if nones == 0 => Self::Records(Arc::new(Table::new(record.shape.clone()))),
            Value::Sample(_) if nones == 0 => Self::Samples(Box::default()),
            _ => return None,
        })
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Nones(count) => *count,
            Self::Bool(cells) => cells.len(),
            Self::Int(cells) => cells.len(),
            Self::Float(cells) => cells.len(),
            Self::Date(cells) => cells.len(),
            Self::Timestamp(cells) => cells.len(),
            Self::Decimal(cells) => cells.len(),
            Self::Text(cells) => cells.len(),
            Self::Records(table) => table.rows,
            Self::Samples(samples) => samples.len(),
            Self::Values(values) => values.len(),
        }
    }

    /// The value of a row, as if none of them were `none`.
    pub(super) fn get(&self, at: usize) -> Option<Value> {
        match self {
            Self::Nones(count) => (at < *count).then_some(Value::None),
            Self::Bool(cells) => cells.get(at).copied().map(Value::Bool),
            Self::Int(cells) => cells.get(at).copied().map(Value::Int),
            Self::Float(cells) => cells.get(at).copied().map(Value::Float),
            Self::Date(cells) => cells.get(at).copied().map(Value::Date),
            Self::Timestamp(cells) => cells.get(at).copied().map(Value::Timestamp),
            Self::Decimal(cells) => cells.get(at).map(decimals::shared),
            Self::Text(cells) => cells.get(at).cloned().map(Value::Text),
            Self::Records(table) => table.row(at).map(|row| Value::Record(Arc::new(row))),
            Self::Samples(samples) => samples.get(at).map(|sample| Value::Sample(Arc::new(sample))),
            Self::Values(values) => values.get(at).cloned(),
        }
    }

    /// The cell of a row, as if none of them were `none`.
    pub(super) fn cell(&self, at: usize) -> Cell<'_> {
        let cell = match self {
            Self::Bool(cells) => cells.get(at).copied().map(Cell::Bool),
            Self::Int(cells) => cells.get(at).copied().map(Cell::Int),
            Self::Float(cells) => cells.get(at).copied().map(Cell::Float),
            Self::Date(cells) => cells.get(at).copied().map(Cell::Date),
            Self::Timestamp(cells) => cells.get(at).copied().map(Cell::Timestamp),
            Self::Decimal(cells) => cells.parts(at).map(|(digits, scale)| Cell::Decimal(digits, scale)),
            Self::Text(cells) => cells.get(at).map(Cell::Text),
            Self::Values(values) => values.get(at).map(Cell::of),
            Self::Nones(_) => None,
            Self::Records(_) | Self::Samples(_) => Some(Cell::Other),
        };
        cell.unwrap_or(Cell::None)
    }

    /// Adds a value; gives it back when it is of another kind.
    pub(super) fn push(&mut self, value: Value) -> Result<(), Value> {
        match (self, value) {
            (Self::Bool(cells), Value::Bool(b)) => cells.push(b),
            (Self::Int(cells), Value::Int(n)) => cells.push(n),
            (Self::Float(cells), Value::Float(x)) => cells.push(x),
            (Self::Date(cells), Value::Date(day)) => cells.push(day),
            (Self::Timestamp(cells), Value::Timestamp(at)) => cells.push(at),
            (Self::Text(cells), Value::Text(text)) => cells.push(text),
            (Self::Decimal(cells), Value::Decimal(decimal)) => {
                if !cells.push(&decimal) {
                    return Err(Value::Decimal(decimal));
                }
            }
            (Self::Records(table), Value::Record(record)) if table.shape == record.shape => {
                let table = Arc::make_mut(table);
                match Arc::try_unwrap(record) {
                    Ok(record) => table.push(record.values),
                    Err(record) => table.push(record.values.iter().cloned()),
                }
            }
            (Self::Samples(samples), Value::Sample(sample)) => samples.push(&sample),
            (Self::Values(values), value) => values.push(value),
            (_, value) => return Err(value),
        }
        Ok(())
    }

    /// Adds a place without a value; `false` when the cells have none.
    pub(super) fn push_nothing(&mut self) -> bool {
        match self {
            Self::Nones(count) => *count += 1,
            Self::Bool(cells) => cells.push(false),
            Self::Int(cells) => cells.push(0),
            Self::Float(cells) => cells.push(0.0),
            Self::Date(cells) => cells.push(NaiveDate::default()),
            Self::Timestamp(cells) => cells.push(no_time()),
            Self::Decimal(cells) => cells.push_nothing(),
            Self::Text(cells) => cells.push_nothing(),
            Self::Values(values) => values.push(Value::None),
            Self::Records(_) | Self::Samples(_) => return false,
        }
        true
    }

    /// Adds a value so many times; `false` when that is to be done one by one.
    pub(super) fn push_times(&mut self, value: &Value, times: usize) -> bool {
        fn fill<T: Clone>(cells: &mut Vec<T>, cell: &T, times: usize) {
            cells.resize(cells.len() + times, cell.clone());
        }
        match (self, value) {
            (Self::Bool(cells), Value::Bool(b)) => fill(cells, b, times),
            (Self::Int(cells), Value::Int(n)) => fill(cells, n, times),
            (Self::Float(cells), Value::Float(x)) => fill(cells, x, times),
            (Self::Date(cells), Value::Date(day)) => fill(cells, day, times),
            (Self::Timestamp(cells), Value::Timestamp(at)) => fill(cells, at, times),
            (Self::Text(cells), Value::Text(text)) => cells.push_times(text, times),
            _ => return false,
        }
        true
    }

    /// Adds the cells of others of the same kind; `false` when that is to be done one by one.
    pub(super) fn append(&mut self, other: &Self) -> bool {
        match (self, other) {
            (Self::Bool(cells), Self::Bool(more)) => cells.extend_from_slice(more),
            (Self::Int(cells), Self::Int(more)) => cells.extend_from_slice(more),
            (Self::Float(cells), Self::Float(more)) => cells.extend_from_slice(more),
            (Self::Date(cells), Self::Date(more)) => cells.extend_from_slice(more),
            (Self::Timestamp(cells), Self::Timestamp(more)) => cells.extend_from_slice(more),
            _ => return false,
        }
        true
    }

    /// Whether the column says beside the cells which of them are `none`.
    pub(super) fn marks_nulls(&self) -> bool {
        !matches!(self, Self::Nones(_) | Self::Records(_) | Self::Samples(_) | Self::Values(_))
    }

    /// Whether the cell itself is `none`; also past the end.
    pub(super) fn is_none(&self, at: usize) -> bool {
        match self {
            Self::Nones(_) => true,
            Self::Values(values) => values.get(at).is_none_or(Value::is_none),
            _ => at >= self.len(),
        }
    }

    /// The cells of some rows; those past the end hold anything, or are left out where nulls are not marked.
    pub(super) fn pick(&self, rows: &[usize]) -> Self {
        match self {
            Self::Nones(_) => Self::Nones(rows.len()),
            Self::Bool(cells) => Self::Bool(pick_from(cells, rows, &false)),
            Self::Int(cells) => Self::Int(pick_from(cells, rows, &0)),
            Self::Float(cells) => Self::Float(pick_from(cells, rows, &0.0)),
            Self::Date(cells) => Self::Date(pick_from(cells, rows, &NaiveDate::default())),
            Self::Timestamp(cells) => Self::Timestamp(pick_from(cells, rows, &no_time())),
            Self::Decimal(cells) => Self::Decimal(Box::new(cells.pick(rows))),
            Self::Text(cells) => Self::Text(Box::new(cells.pick(rows))),
            Self::Records(table) => Self::Records(Arc::new(table.pick(rows))),
            Self::Samples(samples) => Self::Samples(Box::new(samples.pick(rows))),
            Self::Values(values) => Self::Values(pick_from(values, rows, &Value::None)),
        }
    }

    /// The type of the values, when they are kept as one scalar kind.
    pub(super) fn scalar_type(&self) -> Option<Type> {
        Some(match self {
            Self::Bool(_) => Type::Bool,
            Self::Int(_) => Type::Int,
            Self::Float(_) => Type::Float,
            Self::Date(_) => Type::Date,
            Self::Timestamp(_) => Type::Timestamp,
            Self::Decimal(_) => Type::Decimal,
            Self::Text(_) => Type::Text,
            Self::Nones(_) | Self::Records(_) | Self::Samples(_) | Self::Values(_) => return None,
        })
    }

    /// How the values of two rows compare, none of them `none` beside the cells.
    pub(super) fn compare(&self, a: usize, b: usize) -> Ordering {
        match self {
            Self::Int(cells) => cells.get(a).cmp(&cells.get(b)),
            Self::Text(cells) => cells.get(a).cmp(&cells.get(b)),
            Self::Values(values) => values.get(a).cmp(&values.get(b)),
            _ => self.get(a).cmp(&self.get(b)),
        }
    }

    /// How many bytes they take, as far as that does not hang on single values.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Nones(_) => 0,
            Self::Bool(cells) => cells.capacity(),
            Self::Int(cells) => cells.capacity() * 8,
            Self::Float(cells) => cells.capacity() * 8,
            Self::Date(cells) => cells.capacity() * size_of::<NaiveDate>(),
            Self::Timestamp(cells) => cells.capacity() * size_of::<Timestamp>(),
            Self::Decimal(cells) => cells.bytes(),
            Self::Text(cells) => cells.bytes(),
            Self::Records(table) => table.columns.iter().map(super::Column::bytes).sum(),
            Self::Samples(samples) => samples.bytes(),
            Self::Values(values) => values.capacity() * size_of::<Value>(),
        }
    }
}
