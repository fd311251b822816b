//! What can be walked item by item: lists, tables, points, maps.

use std::borrow::Cow;
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

    /// A field of an item, without making the item; `None` where there is no such field.
    pub fn field(&self, at: usize, name: &str) -> Option<Value> {
        match self {
            Self::Table(table) => table.cell(name, at),
            Self::Column(column) => column.records()?.cell(name, at),
            Self::List(list) => match list.get(at)? {
                Value::Record(record) => record.get(name).cloned(),
                _ => None,
            },
            Self::Points(points) => points.field(at, name),
        }
    }

    /// A field of all items, where they lie in columns.
    pub fn column(&self, name: &str) -> Option<Cow<'_, Column>> {
        match self {
            Self::Table(table) => table.column(name).map(Cow::Borrowed),
            Self::Column(column) => column.records()?.column(name).map(Cow::Borrowed),
            Self::Points(points) => points.column(name).map(Cow::Owned),
            Self::List(_) => None,
        }
    }

    /// The items as records in columns, where they are that.
    pub fn records(&self) -> Option<&Arc<Table>> {
        match self {
            Self::Table(table) => Some(table),
            Self::Column(column) => column.records(),
            Self::List(_) | Self::Points(_) => None,
        }
    }

    /// Whether both are the same value in memory.
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::List(a), Self::List(b)) => Arc::ptr_eq(a, b),
            (Self::Table(a), Self::Table(b)) => Arc::ptr_eq(a, b),
            (Self::Points(a), Self::Points(b)) => Arc::ptr_eq(a, b),
            (Self::Column(a), Self::Column(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }

    /// The items as a column.
    pub fn to_column(&self) -> Column {
        match self {
            Self::Column(column) => (**column).clone(),
            Self::Table(table) => table.clone().into(),
            Self::List(_) | Self::Points(_) => self.iter().collect(),
        }
    }

    /// Some items as a list, in the order of the rows, any of them more than once; none of them past the end.
    #[must_use]
    pub fn pick(&self, rows: &[usize]) -> Self {
        match self {
            Self::List(list) => Self::List(Arc::new(rows.iter().filter_map(|at| list.get(*at).cloned()).collect())),
            Self::Table(table) => Self::Column(Arc::new(table.pick(rows).into())),
            Self::Column(column) => Self::Column(Arc::new(column.pick(rows))),
            Self::Points(points) => Self::Points(Arc::new(Points {
                at_ms: rows.iter().filter_map(|at| points.at_ms.get(*at).copied()).collect(),
                values: rows.iter().filter_map(|at| points.values.get(*at).copied()).collect(),
            })),
        }
    }

    /// The items, in order.
    pub fn iter(&self) -> impl Iterator<Item = Value> + '_ {
        (0..self.len()).filter_map(|at| self.get(at))
    }
}
