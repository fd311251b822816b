//! Tables as a database has them: read from a live one, or from a snapshot that lies beside the configuration.
//!
//! A snapshot is `schema/<connection>.json`, or `schema/<environment>.<connection>.json` where environments
//! differ. It is written by `vmflow schema pull` and committed, so that checking needs no database. Tables stand in
//! it by name, columns in the database's order, so that the same database always gives the same text.

mod diff;
mod types;

use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

pub use diff::{Change, Difference, diff};
pub use types::{database_type, fits_column, is_text_in_sqlite};

use crate::diagnostic::{did_you_mean, nearest};

/// What a database holds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Schema {
    /// `sqlite`, `postgres` or `mysql`.
    pub database: String,
    /// The server's version.
    pub version: String,
    /// When it was read, in RFC 3339; empty when it was read just now.
    #[serde(default)]
    pub pulled_at: String,
    /// The tables: those on the search path by their bare names, others as `schema.table`.
    pub tables: IndexMap<String, Table>,
    /// The views that the database itself cannot read any more, each with what it says of it.
    #[serde(skip)]
    pub broken: IndexMap<String, String>,
    /// Where it came from, as a note tells it.
    #[serde(skip)]
    pub origin: String,
    /// Whether it is what a file of statements makes of an empty database: a database that is older may hold more tables.
    #[serde(skip)]
    pub is_made: bool,
}

/// A table or a view.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Table {
    /// Whether it is a view.
    #[serde(default, skip_serializing_if = "is_false")]
    pub view: bool,
    /// The schema that it lies in; empty where the database has none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub schema: String,
    /// The columns, in the database's order.
    pub columns: IndexMap<String, Column>,
    /// The columns of the primary key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub primary_key: Vec<String>,
    /// The columns of every other unique index that holds for all rows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unique: Vec<Vec<String>>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Column {
    /// The type, in the database's words.
    #[serde(rename = "type")]
    pub ty: String,
    /// Whether it may be null.
    pub nullable: bool,
    /// The expression that fills it when nothing is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over like this")]
const fn is_false(value: &bool) -> bool {
    !*value
}

impl Schema {
    /// The table with this name, `name` or `schema.name`; without regard to case when there is none exactly so.
    pub fn table(&self, name: &str) -> Option<(&str, &Table)> {
        let bare = |(known, table): &(&String, &Table)| {
            let (schema, bare) = name.split_once('.')?;
            (known.eq_ignore_ascii_case(bare) && table.schema.eq_ignore_ascii_case(schema)).then_some(())
        };
        let found = self
            .tables
            .get_key_value(name)
            .or_else(|| self.tables.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)))
            .or_else(|| self.tables.iter().find(|table| bare(table).is_some()));
        found.map(|(name, table)| (name.as_str(), table))
    }

    /// Whether it holds some table of a schema.
    pub fn knows(&self, schema: &str) -> bool {
        self.tables.values().any(|table| table.schema.eq_ignore_ascii_case(schema))
    }

    /// The near name and the help for a table that is not there; nothing where the table may well be.
    pub fn missing_table(&self, name: &str) -> Option<(Option<&str>, String)> {
        let names = || self.tables.keys().map(String::as_str);
        let near = nearest(name, names());
        let one = if let [one] = near.as_slice() { Some(*one) } else { None };
        let new = || "if it is new, `vmflow schema pull` takes it in".to_owned();
        (!near.is_empty() || !self.is_made).then(|| (one, did_you_mean(name, names()).unwrap_or_else(new)))
    }

    /// `schema/db.json, pulled 2025-01-09`.
    pub fn note(&self) -> String {
        match self.pulled_at.get(..10) {
            Some(day) => format!("{}, pulled {day}", self.origin),
            None => self.origin.clone(),
        }
    }

    /// Puts what has no order of its own into one.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        self.tables.sort_keys();
        for table in self.tables.values_mut() {
            table.unique.sort();
            table.unique.dedup();
        }
        self
    }

    /// What is to be told of the views that are left out, a line each.
    pub fn left_out(&self) -> impl Iterator<Item = String> {
        self.broken
            .iter()
            .map(|(view, why)| format!("the view `{view}` is left out, as the database cannot read it: {why}"))
    }

    /// Reads a snapshot; the error is one line for people.
    pub fn from_json(text: &str, origin: impl Into<String>) -> Result<Self, String> {
        let read: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        Ok(Self { origin: origin.into(), ..read })
    }

    /// The text of a snapshot.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).map(|text| text + "\n").unwrap_or_default()
    }
}

impl Table {
    /// The column with this name, without regard to case when there is none exactly so.
    pub fn column(&self, name: &str) -> Option<(&str, &Column)> {
        let found = self.columns.get_key_value(name);
        let found = found.or_else(|| self.columns.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)));
        found.map(|(name, column)| (name.as_str(), column))
    }

    /// Whether some unique index has exactly these columns.
    pub fn is_unique(&self, columns: &[&str]) -> bool {
        let same = |key: &Vec<String>| {
            let has = |name: &String| columns.iter().any(|column| column.eq_ignore_ascii_case(name));
            !key.is_empty() && key.len() == columns.len() && key.iter().all(has)
        };
        same(&self.primary_key) || self.unique.iter().any(same)
    }
}

/// Why a text cannot name a table that rows are written to; nothing when it can: `name` or `schema.name`.
pub fn fault_of_table_name(name: &str) -> Option<String> {
    let is_fine = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let odd = name.chars().find(|letter| !is_fine(*letter) && *letter != '.');
    let begins_well = |part: &str| part.starts_with(|first: char| !first.is_ascii_digit());
    match odd {
        Some(' ') => Some("there is a space in it".to_owned()),
        Some(odd) => Some(format!("there is `{}` in it", odd.escape_debug())),
        None if name.matches('.').count() > 1 => Some("there are several points in it".to_owned()),
        None if !name.split('.').all(begins_well) => Some("it does not begin with a letter or `_`".to_owned()),
        None => None,
    }
}

/// What can be a table's name, as help.
pub const TABLE_NAMES: &str = "write `name` or `schema.name`, with letters, digits and `_`";

/// Where the snapshot of a connection may lie in a folder, the more particular one first.
pub fn places(folder: &Path, environment: &str, connection: &str) -> [PathBuf; 2] {
    [folder.join(format!("{environment}.{connection}.json")), folder.join(format!("{connection}.json"))]
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{
  "database": "postgres",
  "version": "15.4",
  "pulled_at": "2025-01-09T06:00:00Z",
  "tables": {
    "Prices": { "schema": "public", "columns": { "Day": { "type": "date", "nullable": false } }, "unique": [["Day"]] }
  }
}"#;

    #[test]
    fn names_are_found_in_any_case_and_with_their_schema() {
        let schema = Schema::from_json(TEXT, "schema/db.json").unwrap();
        for name in ["Prices", "prices", "public.prices"] {
            assert_eq!(schema.table(name).unwrap().0, "Prices", "{name}");
        }
        assert!(schema.table("other.prices").is_none() && schema.knows("PUBLIC") && !schema.knows("other"));
        let (_, table) = schema.table("prices").unwrap();
        assert_eq!(table.column("day").unwrap().0, "Day");
        assert!(table.is_unique(&["day"]) && !table.is_unique(&["day", "x"]) && !table.is_unique(&[]));
        assert_eq!(schema.note(), "schema/db.json, pulled 2025-01-09");
    }

    #[test]
    fn a_name_is_plain_or_why_it_is_none_is_told() {
        for name in ["t", "_t1", "public.daily_metric", "T.t"] {
            assert_eq!(fault_of_table_name(name), None, "{name}");
        }
        for (name, why) in
            [("my table", "a space"), ("a-b", "`-`"), ("a.b.c", "points"), ("", "begin"), ("a.1", "begin")]
        {
            assert!(fault_of_table_name(name).unwrap().contains(why), "{name}");
        }
    }

    #[test]
    fn a_snapshot_reads_back_as_written() {
        let schema = Schema::from_json(TEXT, "x").unwrap();
        assert_eq!(Schema::from_json(&schema.to_json(), "x").unwrap(), schema);
        assert!(Schema::from_json("{}", "x").unwrap_err().contains("missing field"));
    }
}
