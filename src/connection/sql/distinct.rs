//! The rows of one upsert, each key once: what comes twice counts once, and what contradicts itself is refused.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use super::rows::cell;
use super::text::{plain, too_wide};
use crate::diagnostic::did_you_mean;
use crate::value::{ErrorKind, StepError, Table, Value};

/// Rows without repetitions.
#[derive(Debug)]
pub(crate) struct Distinct<'a> {
    /// The first row of each key.
    pub rows: Cow<'a, Table>,
    /// For each given row the one that stands for it, when there are repetitions.
    stands_for: Option<Vec<usize>>,
}

impl<'a> Distinct<'a> {
    /// Refuses keys that do not tell rows apart: no columns, a column that the rows do not have, a null, the same key
    /// twice with different values. Compared as texts, so that the int 1 and the text `1` are the same key as they are
    /// in a column.
    pub(crate) fn of(rows: &'a Table, key: &[Arc<str>]) -> Result<Self, StepError> {
        let places = key_places(rows, key)?;
        let mut seen = Seen::new(rows, &places);
        let mut stands_for = Vec::with_capacity(rows.rows);
        let mut first_of_each = Vec::with_capacity(rows.rows);
        for at in 0..rows.rows {
            refuse_none(rows, key, &places, at)?;
            match seen.first(at) {
                Some(first) => {
                    let kept = stands_for.get(first).copied().unwrap_or_default();
                    refuse_contradiction(rows, &places, first, at)?;
                    stands_for.push(kept);
                }
                None => {
                    stands_for.push(first_of_each.len());
                    first_of_each.push(at);
                }
            }
        }
        if first_of_each.len() == rows.rows {
            return Ok(Self { rows: Cow::Borrowed(rows), stands_for: None });
        }
        Ok(Self { rows: Cow::Owned(rows.pick(&first_of_each)), stands_for: Some(stands_for) })
    }

    /// What was given back for each distinct row, for each given row.
    pub(crate) fn spread(&self, back: Table) -> Table {
        match &self.stands_for {
            Some(rows) => back.pick(rows),
            None => back,
        }
    }
}

fn bad(message: String, help: impl Into<String>) -> StepError {
    StepError::new(ErrorKind::Data, message).help(help)
}

fn key_places(rows: &Table, key: &[Arc<str>]) -> Result<Vec<usize>, StepError> {
    if key.is_empty() {
        return Err(StepError::new(ErrorKind::Query, "an upsert needs a key")
            .help("name the columns of a unique index: `key: [\"id\"]`"));
    }
    let place = |name: &Arc<str>| {
        rows.shape.iter().position(|column| column == name).ok_or_else(|| {
            let near = did_you_mean(name, rows.shape.iter().map(|name| &**name));
            let help = near.unwrap_or_else(|| "give each row the columns of the key".to_owned());
            bad(format!("the rows have no column `{name}`, which the key names"), help)
        })
    };
    key.iter().map(place).collect()
}

fn refuse_none(rows: &Table, key: &[Arc<str>], places: &[usize], at: usize) -> Result<(), StepError> {
    let absent = places.iter().position(|place| cell(rows, *place, at).is_none());
    match absent.and_then(|absent| key.get(absent)) {
        None => Ok(()),
        Some(name) => Err(bad(
            format!("row {}: the key column `{name}` is none, and no key equals an absent one", at + 1),
            "leave such rows out, or give them a value",
        )),
    }
}

fn refuse_contradiction(rows: &Table, key: &[usize], first: usize, second: usize) -> Result<(), StepError> {
    let differs = |place: &usize| !same(&cell(rows, *place, first), &cell(rows, *place, second));
    let Some(place) = (0..rows.shape.len()).find(differs) else { return Ok(()) };
    let name = |place: usize| rows.shape.get(place).map_or("", |name| name);
    let shown: Vec<String> =
        key.iter().map(|place| format!("{} = {}", name(*place), cell(rows, *place, first))).collect();
    Err(bad(
        format!(
            "rows {} and {} have the same key ({}) and differ in `{}`: {} and {}",
            first + 1,
            second + 1,
            shown.join(", "),
            name(place),
            short(&cell(rows, place, first)),
            short(&cell(rows, place, second)),
        ),
        "keep one row for each key, or add the column that tells them apart",
    ))
}

fn short(value: &Value) -> String {
    let shown = value.to_string();
    let cut: String = shown.chars().take(60).collect();
    if cut.len() < shown.len() { format!("`{cut}…`") } else { format!("`{shown}`") }
}

/// Whether a column would hold the same for both.
fn same(a: &Value, b: &Value) -> bool {
    a == b || key_text(a) == key_text(b)
}

/// A value of a key as a text that equal ones share; `None` of what no key holds.
pub(super) fn key_text(value: &Value) -> Option<String> {
    match value {
        Value::Decimal(d) if !too_wide(value) => Some(d.normalized().to_plain_string()),
        other => plain(other),
    }
}

/// Rows by their keys. Of a key only the hash is kept, beside the row that has it: a million keys as texts would take
/// more room than the rows. Where two keys have one hash, the second is kept under the next.
struct Seen<'a> {
    rows: &'a Table,
    key: &'a [usize],
    hasher: RandomState,
    first: HashMap<u64, usize>,
}

impl<'a> Seen<'a> {
    fn new(rows: &'a Table, key: &'a [usize]) -> Self {
        Self { rows, key, hasher: RandomState::new(), first: HashMap::with_capacity(rows.rows) }
    }

    fn key(&self, at: usize) -> impl Iterator<Item = Option<String>> + '_ {
        self.key.iter().map(move |place| key_text(&cell(self.rows, *place, at)))
    }

    /// The earlier row with the same key; without one, this row is the first.
    fn first(&mut self, at: usize) -> Option<usize> {
        let mut hash = self.hasher.hash_one(self.key(at).collect::<Vec<_>>());
        while let Some(&first) = self.first.get(&hash) {
            if self.key(first).eq(self.key(at)) {
                return Some(first);
            }
            hash = hash.wrapping_add(1);
        }
        self.first.insert(hash, at);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(names: &[&str], rows: &[&[Value]]) -> Table {
        let mut table = Table::new(names.iter().map(|&name| Arc::from(name)).collect());
        for row in rows {
            table.push(row.iter().cloned());
        }
        table
    }

    #[test]
    fn keys_must_tell_rows_apart() {
        let key = [Arc::from("id")];
        let message = |table: &Table| Distinct::of(table, &key).unwrap_err().message;
        let row = |id: Value, name: &str| [id, Value::text(name)];
        let twice = rows(&["id", "n"], &[&row(Value::Int(1), "a"), &row(Value::text("1"), "b")]);
        assert_eq!(message(&twice), "rows 1 and 2 have the same key (id = 1) and differ in `n`: `a` and `b`");
        let none = rows(&["id"], &[&[Value::None]]);
        assert_eq!(message(&none), "row 1: the key column `id` is none, and no key equals an absent one");
        assert_eq!(message(&rows(&["x"], &[])), "the rows have no column `id`, which the key names");
    }

    #[test]
    fn repetitions_count_once_and_are_given_back_each() {
        let (a, b) = ([Value::Int(1), Value::text("a")], [Value::Int(2), Value::text("b")]);
        let given = rows(&["id", "n"], &[&a, &b, &a, &b, &a]);
        let distinct = Distinct::of(&given, &[Arc::from("id")]).unwrap();
        assert_eq!(*distinct.rows, rows(&["id", "n"], &[&a, &b]));
        assert_eq!(distinct.spread(rows(&["id", "n"], &[&a, &b])), given);
        let once = rows(&["id", "n"], &[&b, &a]);
        assert!(matches!(Distinct::of(&once, &[Arc::from("id")]).unwrap().rows, Cow::Borrowed(_)));
    }
}
