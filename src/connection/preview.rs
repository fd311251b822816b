//! What a write would do, found out by reading.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::Answer;
use crate::value::{Column, Table, Value};

/// How many rows or samples that change are shown one by one.
pub const EXAMPLES: usize = 3;

/// The longest text that stands for a value in an example, in characters.
const LONGEST: usize = 80;

/// How much of what it was given a write would create, change, leave.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Rows or samples that are not there yet.
    pub created: u64,
    /// Rows that are there and would hold other values.
    pub updated: u64,
    /// Rows or samples that are there as they are given.
    pub unchanged: u64,
    /// Samples at whose instant another value is stored; they would be written.
    pub conflicting: u64,
    /// Rows to insert whose unique key the table has; the insert would fail.
    pub taken: u64,
    /// Samples that are older than the store keeps: it would drop them, and the write would fail.
    pub beyond: u64,
    /// Rows that a statement would touch.
    pub touched: u64,
    /// Requests that would be sent.
    pub sent: u64,
}

impl Counts {
    /// These and those.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            created: self.created + other.created,
            updated: self.updated + other.updated,
            unchanged: self.unchanged + other.unchanged,
            conflicting: self.conflicting + other.conflicting,
            taken: self.taken + other.taken,
            beyond: self.beyond + other.beyond,
            touched: self.touched + other.touched,
            sent: self.sent + other.sent,
        }
    }

    /// How many would not be afterwards as they are now.
    pub const fn changes(self) -> u64 {
        self.created + self.updated + self.conflicting + self.touched + self.sent
    }
}

/// A row or a sample that would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Example {
    /// Which: `symbol = BTC`, `nav{auid="A1"} @ 2025-01-31T00:00:00Z`.
    pub what: String,
    /// The values that differ.
    pub differences: Vec<Difference>,
}

/// A value that would be replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The column; `value` of a sample.
    pub column: String,
    /// What is stored.
    pub old: String,
    /// What would be.
    pub new: String,
}

impl Difference {
    /// A difference, in short texts. What a secret would replace is not shown either.
    pub fn new(column: &str, old: &Value, new: &Value) -> Self {
        let old = if matches!(new, Value::Secret(_)) { new } else { old };
        Self { column: column.to_owned(), old: short(old), new: short(new) }
    }
}

/// A value as a short text.
pub fn short(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= LONGEST { text } else { text.chars().take(LONGEST - 1).chain(['…']).collect() }
}

/// What a write would do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Change {
    /// What is written to, where it is not said elsewhere: the table of a statement, the name of a metric.
    pub target: Option<String>,
    /// In numbers.
    pub counts: Counts,
    /// The columns that would change, each with the number of rows.
    pub columns: IndexMap<String, u64>,
    /// The first that would change.
    pub examples: Vec<Example>,
    /// Why the numbers do not tell all of it; nothing when they do.
    pub unknown: Option<String>,
    /// Numbers that stand for the keys of the rows, by which another write of the same rows is noticed.
    #[serde(skip)]
    pub keys: Vec<u64>,
}

/// The most keys that are kept of one write.
const KEYS: usize = 100_000;

/// Numbers that stand for the keys of rows, none of very many.
pub fn keys_of(rows: &Table, key: &[Arc<str>]) -> Vec<u64> {
    let columns: Option<Vec<&Column>> = key.iter().map(|name| rows.column(name)).collect();
    let Some(columns) = columns.filter(|_| rows.rows <= KEYS) else { return Vec::new() };
    let number = |at: usize| {
        let mut hasher = DefaultHasher::new();
        for column in &columns {
            // As texts, as keys are told apart within one write.
            column.get(at).map(|value| value.to_string()).hash(&mut hasher);
        }
        hasher.finish()
    };
    (0..rows.rows).map(number).collect()
}

impl Change {
    /// A change in numbers.
    pub fn of(counts: Counts) -> Self {
        Self { counts, ..Self::default() }
    }

    /// A change of which nothing can be told but why.
    pub fn unknown(why: impl Into<String>) -> Self {
        Self { unknown: Some(why.into()), ..Self::default() }
    }

    /// Adds what another write of the same kind would do.
    pub fn add(&mut self, other: Self) {
        self.counts = self.counts.plus(other.counts);
        self.target = self.target.take().or(other.target);
        for (column, rows) in other.columns {
            *self.columns.entry(column).or_default() += rows;
        }
        let room = EXAMPLES.saturating_sub(self.examples.len());
        self.examples.extend(other.examples.into_iter().take(room));
        self.unknown = self.unknown.take().or(other.unknown);
        self.keys.extend(other.keys);
    }
}

/// The answer of a store that cannot tell.
pub fn cannot_tell<'a>(what: &str) -> Answer<'a, Change> {
    let change = Change::unknown(format!("{what} cannot be compared with what is to be written"));
    Box::pin(std::future::ready(Ok(change)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_add_up_and_keep_few_examples() {
        let example = |n: i64| Example {
            what: format!("id = {n}"),
            differences: vec![Difference::new("value", &Value::Int(n), &Value::Int(n + 1))],
        };
        let one = |n: i64| Change {
            counts: Counts { updated: 2, unchanged: 1, ..Counts::default() },
            columns: IndexMap::from([("value".to_owned(), 2)]),
            examples: vec![example(n), example(n + 1)],
            ..Change::default()
        };
        let mut all = one(1);
        all.add(one(3));
        assert_eq!((all.counts.updated, all.counts.unchanged, all.counts.changes()), (4, 2, 4));
        assert_eq!(all.columns.get("value"), Some(&4));
        let shown: Vec<&str> = all.examples.iter().map(|example| example.what.as_str()).collect();
        assert_eq!(shown, ["id = 1", "id = 2", "id = 3"]);
    }

    #[test]
    fn neither_a_secret_nor_what_it_replaces_is_shown() {
        let difference = Difference::new("token", &Value::text("hunter2"), &Value::Secret("hunter3".into()));
        assert_eq!((difference.old.as_str(), difference.new.as_str()), ("•••", "•••"));
        assert_eq!(short(&Value::text("é".repeat(200))).chars().count(), LONGEST);
    }
}
