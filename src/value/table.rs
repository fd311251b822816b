//! Records and tables.

use std::sync::Arc;

use super::Value;

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
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Table {
    /// The columns' names.
    pub shape: Shape,
    /// The columns, one for each name, all of length `rows`.
    pub columns: Vec<Vec<Value>>,
    /// How many rows there are; a table may have rows and no columns.
    pub rows: usize,
}

impl Table {
    /// An empty table with these columns.
    pub fn new(shape: Shape) -> Self {
        let columns = shape.iter().map(|_| Vec::new()).collect();
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
    pub fn column(&self, name: &str) -> Option<&[Value]> {
        let at = self.shape.iter().position(|column| &**column == name)?;
        self.columns.get(at).map(Vec::as_slice)
    }

    /// A row as a record; `None` past the end.
    pub fn row(&self, at: usize) -> Option<Record> {
        (at < self.rows).then(|| Record {
            shape: self.shape.clone(),
            values: self.columns.iter().map(|column| column.get(at).cloned().unwrap_or(Value::None)).collect(),
        })
    }
}
