//! Records and tables.

use std::sync::Arc;

use super::{Column, Value};

/// The names of a record's fields, in order; shared by all records of one origin.
pub type Shape = Arc<[Arc<str>]>;

/// A record.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Record {
    /// The fields' names.
    pub shape: Shape,
    /// The fields' values, one for each name.
    pub values: Vec<Value>,
}

impl Record {
    /// A record from pairs.
    pub fn from_fields(fields: impl IntoIterator<Item = (impl Into<Arc<str>>, Value)>) -> Self {
        let (names, values): (Vec<Arc<str>>, Vec<Value>) =
            fields.into_iter().map(|(name, value)| (name.into(), value)).unzip();
        Self { shape: names.into(), values }
    }

    /// The value of a field.
    pub fn get(&self, name: &str) -> Option<&Value> {
        let at = self.shape.iter().position(|field| &**field == name)?;
        self.values.get(at)
    }

    /// Names and values, in order.
    pub fn fields(&self) -> impl Iterator<Item = (&Arc<str>, &Value)> {
        self.shape.iter().zip(&self.values)
    }

    /// This record with the fields of `other` put over it.
    #[must_use]
    pub fn merged(&self, other: &Self) -> Self {
        let mut fields: indexmap::IndexMap<Arc<str>, Value> =
            self.fields().map(|(name, value)| (name.clone(), value.clone())).collect();
        fields.extend(other.fields().map(|(name, value)| (name.clone(), value.clone())));
        Self::from_fields(fields)
    }
}

/// A table in columns.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table {
    /// The columns' names.
    pub shape: Shape,
    /// The columns, one for each name, all of length `rows`.
    pub columns: Vec<Column>,
    /// How many rows there are; a table may have rows and no columns.
    pub rows: usize,
}

impl Table {
    /// An empty table with these columns.
    pub fn new(shape: Shape) -> Self {
        let columns = shape.iter().map(|_| Column::default()).collect();
        Self { shape, columns, rows: 0 }
    }

    /// Adds a row; missing values are `none`, surplus ones are dropped.
    pub fn push(&mut self, row: impl IntoIterator<Item = Value>) {
        let mut row = row.into_iter();
        for column in &mut self.columns {
            column.push(row.next().unwrap_or(Value::None));
        }
        self.rows += 1;
    }

    /// A column by name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.get(self.place(name)?)
    }

    /// The place of a column among the columns.
    pub fn place(&self, name: &str) -> Option<usize> {
        self.shape.iter().position(|column| &**column == name)
    }

    /// One value; `None` past the end, and where there is no such column.
    pub fn cell(&self, name: &str, at: usize) -> Option<Value> {
        self.column(name)?.get(at)
    }

    /// All values, column by column.
    pub fn cells(&self) -> impl Iterator<Item = Value> + '_ {
        self.columns.iter().flatten()
    }

    /// Adds the rows of a table with the same columns.
    pub(crate) fn append(&mut self, other: &Self) {
        for (column, more) in self.columns.iter_mut().zip(&other.columns) {
            column.append(more);
        }
        self.rows += other.rows;
    }

    /// A row as a record; `None` past the end.
    pub fn row(&self, at: usize) -> Option<Record> {
        (at < self.rows).then(|| Record {
            shape: self.shape.clone(),
            values: self.columns.iter().map(|column| column.get(at).unwrap_or(Value::None)).collect(),
        })
    }

    /// The rows as records, in order, each made when it is asked for.
    pub fn iter(&self) -> impl Iterator<Item = Record> + '_ {
        (0..self.rows).filter_map(|at| self.row(at))
    }

    /// Some rows, in their order here, any of them more than once; those past the end are left out.
    #[must_use]
    pub fn pick(&self, rows: &[usize]) -> Self {
        if rows.iter().any(|at| *at >= self.rows) {
            return self.pick(&rows.iter().copied().filter(|at| *at < self.rows).collect::<Vec<_>>());
        }
        let columns = self.columns.iter().map(|column| column.pick(rows)).collect();
        Self { shape: self.shape.clone(), columns, rows: rows.len() }
    }
}
