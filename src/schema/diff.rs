//! What changed between two states of a database.

use serde::Serialize;

use super::{Column, Schema, Table};

/// How something differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It is another.
    Changed,
}

/// A difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// How.
    pub change: Change,
    /// The table.
    pub table: String,
    /// The column, where it is about one.
    pub column: Option<String>,
    /// What it was.
    pub before: Option<String>,
    /// What it is.
    pub after: Option<String>,
}

/// What is other in `after` than in `before`, by table and column. Versions and times are no differences.
pub fn diff(before: &Schema, after: &Schema) -> Vec<Difference> {
    let mut found = Vec::new();
    for (name, table) in &before.tables {
        match after.tables.get(name) {
            Some(now) => compare(name, table, now, &mut found),
            None => found.push(whole(Change::Removed, name)),
        }
    }
    found.extend(
        after.tables.keys().filter(|name| !before.tables.contains_key(*name)).map(|name| whole(Change::Added, name)),
    );
    found.sort_by(|a, b| (&a.table, &a.column).cmp(&(&b.table, &b.column)));
    found
}

fn whole(change: Change, table: &str) -> Difference {
    Difference { change, table: table.to_owned(), column: None, before: None, after: None }
}

fn compare(name: &str, before: &Table, after: &Table, found: &mut Vec<Difference>) {
    let difference = |column: Option<&str>, before: Option<String>, after: Option<String>| {
        let change = match (&before, &after) {
            (None, _) => Change::Added,
            (_, None) => Change::Removed,
            _ => Change::Changed,
        };
        Difference { change, table: name.to_owned(), column: column.map(str::to_owned), before, after }
    };
    for (column, was) in &before.columns {
        let (was, is) = (Some(shown(was)), after.columns.get(column).map(shown));
        if was != is {
            found.push(difference(Some(column), was, is));
        }
    }
    for (column, is) in after.columns.iter().filter(|(column, _)| !before.columns.contains_key(*column)) {
        found.push(difference(Some(column), None, Some(shown(is))));
    }
    let (was, is) = (keys(before), keys(after));
    if was != is {
        found.push(difference(None, Some(was), Some(is)));
    }
}

fn shown(column: &Column) -> String {
    let null = if column.nullable { "" } else { " not null" };
    let default = column.default.as_ref().map(|default| format!(" default {default}")).unwrap_or_default();
    format!("{}{null}{default}", column.ty)
}

fn keys(table: &Table) -> String {
    let mut shown = vec![if table.view { "view" } else { "table" }.to_owned()];
    if !table.primary_key.is_empty() {
        shown.push(format!("primary key ({})", table.primary_key.join(", ")));
    }
    shown.extend(table.unique.iter().map(|key| format!("unique ({})", key.join(", "))));
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(columns: &[(&str, &str, bool)], key: &[&str]) -> Schema {
        let column = |ty: &str, nullable| Column { ty: ty.to_owned(), nullable, default: None };
        let columns = columns.iter().map(|(name, ty, nullable)| ((*name).to_owned(), column(ty, *nullable))).collect();
        let primary_key = key.iter().map(|name| (*name).to_owned()).collect();
        let table = Table { columns, primary_key, ..Table::default() };
        Schema { tables: [("t".to_owned(), table)].into(), ..Schema::default() }
    }

    fn told(before: &Schema, after: &Schema) -> Vec<String> {
        diff(before, after)
            .iter()
            .map(|d| format!("{:?} {:?} {:?} {:?}", d.change, d.column, d.before, d.after))
            .collect()
    }

    #[test]
    fn columns_and_keys_are_compared() {
        let before = schema(&[("a", "text", false), ("b", "date", true)], &["a"]);
        assert!(told(&before, &before).is_empty());
        let after = schema(&[("b", "timestamptz", true), ("c", "int", false)], &[]);
        assert_eq!(
            told(&before, &after),
            [
                r#"Changed None Some("table, primary key (a)") Some("table")"#,
                r#"Removed Some("a") Some("text not null") None"#,
                r#"Changed Some("b") Some("date") Some("timestamptz")"#,
                r#"Added Some("c") None Some("int not null")"#,
            ]
        );
        assert_eq!(diff(&before, &Schema::default())[0].change, Change::Removed);
    }
}
