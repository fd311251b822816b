//! What can be walked item by item: lists, tables, points, maps.

use std::sync::Arc;

use super::{Column, Points, Table, Value};

/// A view of a value as items; columns are turned into records one at a time.
#[derive(Debug, Clone)]
pub enum Sequence {
    /// A list.
    List(Arc<Vec<Value>>),
    /// The rows of a table.
    Table(Arc<Table>),
    /// Points.
    Points(Arc<Points>),
    /// A list in a column.
    Column(Arc<Column>),
}

impl Sequence {
    /// The value as a sequence, when it is one.
    pub fn of(value: &Value) -> Option<Self> {
        match value {
            Value::List(list) => Some(Self::List(list.clone())),
            Value::Table(table) => Some(Self::Table(table.clone())),
            Value::Points(points) => Some(Self::Points(points.clone())),
            Value::Column(column) => Some(Self::Column(column.clone())),
            _ => None,
        }
    }

    /// How many items there are.
    pub fn len(&self) -> usize {
        match self {
            Self::List(list) => list.len(),
            Self::Table(table) => table.rows,
            Self::Points(points) => points.len(),
            Self::Column(column) => column.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// An item; `None` past the end.
    pub fn get(&self, at: usize) -> Option<Value> {
        match self {
            Self::List(list) => list.get(at).cloned(),
            Self::Table(table) => table.row(at).map(|row| Value::Record(Arc::new(row))),
            Self::Points(points) => points.get(at),
            Self::Column(column) => column.get(at),
        }
    }

    /// The items, in order.
    pub fn iter(&self) -> impl Iterator<Item = Value> + '_ {
        (0..self.len()).filter_map(|at| self.get(at))
    }
}
