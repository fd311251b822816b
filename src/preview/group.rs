//! Writes of one step, put together.

use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::connection::preview::{Change, Counts, Example};
use crate::run::{Noted, Write};
use crate::value::short;

/// How many loop items of a step are told one by one.
const MOST_ITEMS: usize = 100;

/// What writes samples.
const METRICS: &str = "metrics.write";

/// The writes that a step would make through a connection, of all loop items.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// The step, after the steps around it, joined with dots.
    pub step: String,
    /// What writes: `sql.upsert`.
    pub action: String,
    /// The connection.
    pub connection: Option<String>,
    /// The table, the metric, the path, the program.
    pub target: Option<String>,
    /// The step that makes one transaction of this and others.
    pub transaction: Option<String>,
    /// What decides whether it happens, where that is not known.
    pub only_if: Option<String>,
    /// How many writes there are.
    pub writes: u64,
    /// What they do.
    pub counts: Counts,
    /// How many of them are not told by the numbers.
    pub unknown: u64,
    /// Why.
    pub why: Option<String>,
    /// The columns that change, each with the number of rows.
    pub columns: IndexMap<String, u64>,
    /// The first rows or samples that change, or the requests.
    pub examples: Vec<Example>,
    /// The first loop items.
    pub items: Vec<Item>,
    /// How many more there are.
    pub items_left_out: u64,
    /// The write before which this one was looked at, though it comes after it.
    pub seen_before: Option<String>,
    /// Rows whose key an earlier write of the plan has, too: the later one decides what they hold.
    #[serde(default)]
    pub repeated: u64,
    /// Stands for all that is given to the writes, and for what they do.
    pub digest: String,
}

/// What a loop item would write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The item.
    pub item: String,
    /// What is written.
    pub counts: Counts,
    /// Whether the numbers do not tell it.
    pub unknown: bool,
}

/// A group that is being put together.
struct Draft {
    group: Group,
    change: Change,
    digest: Sha256,
}

/// Puts together the writes of each step; they come in the order of the file.
pub(super) fn groups(writes: Vec<Noted<Write>>) -> Vec<Group> {
    let mut drafts: IndexMap<Key, Draft> = IndexMap::new();
    let mut seen = Seen::default();
    for mut noted in writes {
        let repeated = seen.take(&mut noted.what);
        let key = Key::of(&noted);
        let draft = drafts.entry(key).or_insert_with(|| Draft::of(&noted));
        draft.group.repeated += repeated;
        draft.add(noted);
    }
    let mut groups: Vec<Group> = drafts.into_values().map(Draft::finish).collect();
    see_order(&mut groups);
    groups
}

/// The most keys that are kept of a plan.
const MOST_KEYS: usize = 1_000_000;

/// The keys of the rows that were to be written so far, by their connection and table.
#[derive(Default)]
struct Seen {
    keys: HashMap<(Option<String>, Option<String>), HashSet<u64>>,
    count: usize,
}

impl Seen {
    /// Takes the keys of a write; how many of them earlier ones have.
    fn take(&mut self, write: &mut Write) -> u64 {
        let keys: HashSet<u64> = std::mem::take(&mut write.change.keys).into_iter().collect();
        if keys.is_empty() {
            return 0;
        }
        let known = self.keys.entry((write.connection.clone(), write.target.clone())).or_default();
        let repeated = keys.intersection(known).count() as u64;
        if self.count < MOST_KEYS {
            self.count += keys.len();
            known.extend(keys);
        }
        repeated
    }
}

#[derive(PartialEq, Eq, Hash)]
struct Key {
    /// Where the step stands: two that write alike have one name.
    place: Vec<u32>,
    step: Vec<String>,
    action: String,
    connection: Option<String>,
    target: Option<String>,
    only_if: Option<String>,
}

impl Key {
    fn of(noted: &Noted<Write>) -> Self {
        let Write { action, connection, target, only_if, .. } = noted.what.clone();
        let place = noted.rank.iter().map(|(begin, _)| *begin).collect();
        // Items may write to several metrics; it is one step all the same.
        let target = target.filter(|_| action != METRICS);
        Self { place, step: noted.step.clone(), action, connection, target, only_if }
    }
}

impl Draft {
    fn of(noted: &Noted<Write>) -> Self {
        let write = &noted.what;
        let group = Group {
            step: noted.step.join("."),
            action: write.action.clone(),
            connection: write.connection.clone(),
            target: write.target.clone(),
            transaction: write.transaction.as_ref().map(|path| path.join(".")),
            only_if: write.only_if.clone(),
            writes: 0,
            counts: Counts::default(),
            unknown: 0,
            why: None,
            columns: IndexMap::new(),
            examples: Vec::new(),
            items: Vec::new(),
            items_left_out: 0,
            seen_before: None,
            repeated: 0,
            digest: String::new(),
        };
        Self { group, change: Change::default(), digest: Sha256::new() }
    }

    fn add(&mut self, noted: Noted<Write>) {
        let Write { change, digest, target, .. } = noted.what;
        if target != self.group.target {
            self.group.target = None;
        }
        self.group.writes += 1;
        self.group.unknown += u64::from(change.unknown.is_some());
        self.digest.update(format!("{:?} {digest:?} {:?} {:?}\n", noted.item, change.counts, change.columns));
        if let Some(item) = noted.item {
            if self.group.items.len() < MOST_ITEMS {
                let (counts, unknown) = (change.counts, change.unknown.is_some());
                self.group.items.push(Item { item, counts, unknown });
            } else {
                self.group.items_left_out += 1;
            }
        }
        self.change.add(change);
    }

    fn finish(self) -> Group {
        let Change { counts, columns, examples, unknown, .. } = self.change;
        let digest = short(self.digest);
        Group { counts, columns, examples, why: unknown, digest, ..self.group }
    }
}

/// Marks what is compared with rows that an earlier statement changes, or may change.
fn see_order(groups: &mut [Group]) {
    for at in 1..groups.len() {
        let (before, rest) = groups.split_at_mut(at);
        let Some(group) = rest.first_mut() else { continue };
        let is_rows = matches!(group.action.as_str(), "sql.upsert" | "sql.insert" | "sql.execute" | "sql.each");
        let is_compared = is_rows && group.unknown < group.writes;
        let changes = |earlier: &&Group| {
            let is_statement = matches!(earlier.action.as_str(), "sql.execute" | "sql.each");
            let is_same = earlier.target.is_none() || group.target.is_none() || earlier.target == group.target;
            is_statement
                && earlier.connection == group.connection
                && is_same
                && (earlier.counts.changes() > 0 || earlier.unknown > 0)
        };
        if is_compared {
            group.seen_before = before.iter().find(changes).map(|earlier| earlier.step.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(step: &str, item: Option<&str>, action: &str, counts: Counts) -> Noted<Write> {
        let what = Write {
            action: action.to_owned(),
            connection: Some("db".to_owned()),
            target: Some("nav".to_owned()),
            transaction: None,
            change: Change::of(counts),
            digest: Some("d".to_owned()),
            only_if: None,
        };
        Noted { rank: Vec::new(), step: vec![step.to_owned()], item: item.map(str::to_owned), what }
    }

    #[test]
    fn items_of_a_step_become_one_group_of_bounded_size() {
        let created = Counts { created: 2, ..Counts::default() };
        let writes: Vec<_> = (0..150).map(|n| write("stored", Some(&n.to_string()), "sql.upsert", created)).collect();
        let groups = groups(writes.clone());
        let [group] = groups.as_slice() else { panic!("{groups:?}") };
        assert_eq!((group.writes, group.counts.created), (150, 300));
        assert_eq!((group.items.len(), group.items_left_out), (100, 50));
        let mut other = writes;
        other[149].what.digest = Some("e".to_owned());
        assert_ne!(super::groups(other)[0].digest, group.digest, "what is left out counts in the digest");
    }

    #[test]
    fn what_follows_a_statement_was_seen_before_it() {
        let touched = Counts { touched: 3, ..Counts::default() };
        let created = Counts { created: 1, ..Counts::default() };
        let found = groups(vec![
            write("purge", None, "sql.execute", touched),
            write("stored", None, "sql.upsert", created),
            write("more", None, "sql.insert", created),
        ]);
        assert_eq!(found[0].seen_before, None);
        assert_eq!(found[1].seen_before.as_deref(), Some("purge"));
        let found = groups(vec![
            write("purge", None, "sql.execute", Counts::default()),
            write("stored", None, "sql.upsert", created),
        ]);
        assert_eq!(found[1].seen_before, None, "what touches nothing changes nothing");
    }

    #[test]
    fn keys_that_are_written_again_are_counted() {
        let created = Counts { created: 2, ..Counts::default() };
        let with = |item: &str, keys: &[u64]| {
            let mut noted = write("stored", Some(item), "sql.upsert", created);
            noted.what.change.keys = keys.to_vec();
            noted
        };
        let groups = groups(vec![with("a", &[1, 2]), with("b", &[2, 3]), with("c", &[3, 1, 4])]);
        assert_eq!(groups.iter().map(|group| group.repeated).collect::<Vec<_>>(), [3]);
    }
}
