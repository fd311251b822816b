//! What writing rows would do; the same for every dialect.
//!
//! A dialect answers one question for a piece of the rows: which of them are there by their key, and in which columns
//! they differ as the database compares them.

use std::collections::HashMap;
use std::sync::Arc;

use super::rows::Column;
use crate::connection::preview::Change;
use crate::connection::preview::{Counts, Difference, EXAMPLES, Example};
use crate::value::{ErrorKind, StepError, Table, Value};

/// A row that is there already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct There {
    /// Which of the given rows.
    pub at: usize,
    /// For each column that would be set, whether it differs.
    pub differs: Vec<bool>,
}

impl There {
    /// Reads the answers: the number of a row within its piece, which begins at `start`, and a text of 0 and 1 for the columns.
    pub(super) fn read(answers: &Table, start: usize) -> Result<Vec<Self>, StepError> {
        let odd = || StepError::new(ErrorKind::Internal, "the database did not say how the rows differ");
        let row = |at: usize| {
            let mut cells = answers.columns.iter().filter_map(|column| column.get(at));
            match (cells.next(), cells.next()) {
                (Some(Value::Int(number)), Some(Value::Text(flags))) => Self::of(start, number, &flags).ok_or_else(odd),
                _ => Err(odd()),
            }
        };
        (0..answers.rows).map(row).collect()
    }

    /// The row with a number within its piece; `None` when that is none.
    pub(super) fn of(start: usize, number: i64, flags: &str) -> Option<Self> {
        let at = start + usize::try_from(number).ok()?;
        Some(Self { at, differs: flags.bytes().map(|flag| flag == b'1').collect() })
    }

    fn is_changed(&self) -> bool {
        self.differs.contains(&true)
    }
}

/// The columns that an upsert sets: those of the rows that are not the key.
pub(super) fn set_columns<'c>(columns: &[&'c Column], key: &[&Column]) -> Vec<&'c Column> {
    columns.iter().filter(|column| key.iter().all(|key| key.name != column.name)).copied().collect()
}

/// Adds up pieces of an upsert.
#[derive(Debug, Default)]
pub(super) struct Tally {
    counts: Counts,
    columns: Vec<u64>,
    /// The first rows that change.
    pub first: Vec<There>,
}

impl Tally {
    /// Takes in what was found of a piece of so many rows.
    pub(super) fn add(&mut self, rows: usize, there: Vec<There>) -> Result<(), StepError> {
        if there.len() > rows {
            let message = "the key finds several rows of the table for one that is given";
            return Err(StepError::new(ErrorKind::Data, message).help("name the columns of a unique index as the key"));
        }
        self.counts.created += (rows - there.len()) as u64;
        for row in there {
            if !row.is_changed() {
                self.counts.unchanged += 1;
                continue;
            }
            self.counts.updated += 1;
            self.columns.resize(self.columns.len().max(row.differs.len()), 0);
            for (count, differs) in self.columns.iter_mut().zip(&row.differs) {
                *count += u64::from(*differs);
            }
            if self.first.len() < EXAMPLES {
                self.first.push(row);
            }
        }
        Ok(())
    }

    /// The change; `stored` holds what the first rows that change hold now, column by column.
    pub(super) fn finish(
        self,
        set: &[&Column],
        rows: &Table,
        key: &[Arc<str>],
        stored: &HashMap<usize, Vec<Value>>,
    ) -> Change {
        let names = set.iter().map(|column| column.name.clone());
        let columns = names.zip(self.columns).filter(|(_, rows)| *rows > 0).collect();
        let examples =
            self.first.iter().filter_map(|row| Some(example(row, set, rows, key, stored.get(&row.at)?))).collect();
        Change { columns, examples, ..Change::of(self.counts) }
    }
}

fn example(row: &There, set: &[&Column], rows: &Table, key: &[Arc<str>], stored: &[Value]) -> Example {
    let cell = |name: &str| {
        let at = rows.shape.iter().position(|column| column.eq_ignore_ascii_case(name))?;
        rows.columns.get(at)?.get(row.at)
    };
    let named =
        key.iter().filter_map(|name| Some(format!("{name} = {}", crate::connection::preview::short(&cell(name)?))));
    let what = named.collect::<Vec<_>>().join(", ");
    let differing = set.iter().zip(stored).zip(&row.differs).filter(|(_, differs)| **differs);
    let differences =
        differing.filter_map(|((column, old), _)| Some(Difference::new(&column.name, old, &cell(&column.name)?)));
    Example { what, differences: differences.collect() }
}

/// A unique index of a table: the names of its columns.
pub(super) type Unique = Vec<String>;

/// The unique indexes all of whose columns the rows fill: rows that are there by one of them cannot be inserted.
pub(super) fn filled<'u>(indexes: &'u [Unique], columns: &[&Column]) -> Vec<&'u Unique> {
    let is_filled = |name: &String| columns.iter().any(|column| column.name == *name);
    indexes.iter().filter(|index| !index.is_empty() && index.iter().all(is_filled)).collect()
}

/// What an insert of so many rows does when so many of them are there.
pub(super) fn inserted(rows: usize, taken: u64) -> Change {
    let created = (rows as u64).saturating_sub(taken);
    Change::of(Counts { created, taken, ..Counts::default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::sql::rows::Family;

    fn column(name: &str) -> Column {
        Column { name: name.to_owned(), ty: "text".to_owned(), family: Family::Other }
    }

    #[test]
    fn rows_are_told_apart_by_what_differs() {
        let (id, value, note) = (column("id"), column("value"), column("note"));
        let set = set_columns(&[&id, &value, &note], &[&id]);
        assert_eq!(set.iter().map(|column| column.name.as_str()).collect::<Vec<_>>(), ["value", "note"]);
        let mut rows = Table::new(["id", "value", "note"].into_iter().map(Arc::from).collect());
        for n in 0..4 {
            rows.push([Value::Int(n), Value::Float(1.5), Value::text("a")]);
        }
        let there = |at, flags: [bool; 2]| There { at, differs: flags.to_vec() };
        let mut tally = Tally::default();
        tally.add(4, vec![there(0, [false, false]), there(1, [true, false]), there(2, [true, true])]).unwrap();
        let stored = HashMap::from([(1, vec![Value::Float(1.0), Value::text("a")])]);
        let change = tally.finish(&set, &rows, &[Arc::from("id")], &stored);
        assert_eq!((change.counts.created, change.counts.updated, change.counts.unchanged), (1, 2, 1));
        assert_eq!(change.columns.into_iter().collect::<Vec<_>>(), [("value".to_owned(), 2), ("note".to_owned(), 1)]);
        let [example] = change.examples.as_slice() else { panic!("{:?}", change.examples) };
        assert_eq!((example.what.as_str(), example.differences.len()), ("id = 1", 1));
        assert_eq!((example.differences[0].old.as_str(), example.differences[0].new.as_str()), ("1", "1.5"));
    }

    #[test]
    fn a_key_that_finds_too_much_is_told() {
        let there = |at| There { at, differs: vec![false] };
        assert!(Tally::default().add(1, vec![there(0), there(0)]).unwrap_err().message.contains("several rows"));
    }
}
