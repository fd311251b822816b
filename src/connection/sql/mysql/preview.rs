//! What writing rows to MySQL would do, found out by reading.
//!
//! Each row is looked for by a `select` of its own, many of them in one statement: given values stand beside the columns
//! that they are compared with, so that the column's collation holds, as it does when they are written. A table of
//! given values was rejected: its texts would have a collation too, and two of them do not compare.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use sqlx::mysql::MySqlArguments;

use super::encode::bind_cell;
use super::statement::Place;
use super::write::check;
use crate::connection::preview::Change;
use crate::connection::sql::distinct::Distinct;
use crate::connection::sql::preview::{Tally, There, Unique, filled, inserted, set_columns};
use crate::connection::sql::rows::{Column, no_unique_index, pieces, quote};
use crate::connection::sql::text::{cover, secrets};
use crate::value::{ErrorKind, StepError, Table, Value};

/// The most placeholders in a statement; well below MySQL's 65,535.
const PLACEHOLDERS: usize = 16_000;

/// The most rows in a statement.
const ROWS: usize = 500;

/// Rows, and the columns that they go into.
struct Given<'a> {
    table: &'a str,
    columns: &'a [&'a Column],
    rows: &'a Table,
}

impl Given<'_> {
    fn bind(&self, arguments: &mut MySqlArguments, column: &Column, at: usize) -> Result<(), StepError> {
        let place = self.columns.iter().position(|other| other.name == column.name);
        let value = place.and_then(|place| self.rows.columns.get(place)?.get(at)).unwrap_or(Value::None);
        bind_cell(arguments, &value, column)
    }

    fn piece_size(&self) -> usize {
        (PLACEHOLDERS / (self.columns.len() + 1)).clamp(1, ROWS)
    }
}

/// `"a" = ? and "b" = ?`.
fn same<'c>(columns: impl IntoIterator<Item = &'c str>) -> String {
    columns.into_iter().map(|name| format!("{} = ?", quote(name))).collect::<Vec<_>>().join(" and ")
}

/// Whether a column holds a given value, as it would be stored: with the places and the precision of its type.
fn holds(column: &Column) -> String {
    let name = quote(&column.name);
    let (kind, rest) = column.ty.split_once('(').map_or((column.ty.as_str(), ""), |(kind, rest)| (kind, rest));
    let size = rest.split_once(')').map_or(String::new(), |(size, _)| format!("({size})"));
    match kind.split_whitespace().next().unwrap_or_default() {
        "decimal" | "numeric" => format!("{name} <=> cast(? as decimal{size})"),
        "datetime" | "timestamp" => format!("{name} <=> cast(? as datetime{size})"),
        "time" => format!("{name} <=> cast(? as time{size})"),
        "date" => format!("{name} <=> cast(? as date)"),
        "float" => format!("{name} <=> cast(? as float)"),
        "json" => format!("{name} <=> cast(? as json)"),
        kind if ["char", "text", "enum", "set", "uuid", "inet"].iter().any(|text| kind.contains(text)) => {
            format!("cast({name} as binary) <=> cast(cast(? as char) as binary)")
        }
        _ => format!("{name} <=> ?"),
    }
}

impl Place<'_> {
    /// What an insert would do.
    pub(super) async fn preview_insert(&mut self, table: &str, rows: &Table) -> Result<Change, StepError> {
        let described = self.target(table).await?;
        let columns = described.target.columns_of(rows)?;
        check(rows, &columns)?;
        let unique = filled(&described.unique, &columns);
        let given = Given { table: &described.target.sql, columns: &columns, rows };
        let mut taken = 0;
        if !unique.is_empty() {
            for piece in pieces(rows.rows, given.piece_size()) {
                taken += self.taken(&given, &piece, &unique).await?;
            }
        }
        Ok(inserted(rows.rows, taken))
    }

    async fn taken(&mut self, given: &Given<'_>, piece: &Range<usize>, unique: &[&Unique]) -> Result<u64, StepError> {
        let exists = |index: &&Unique| {
            format!("exists (select 1 from {} where {})", given.table, same(index.iter().map(String::as_str)))
        };
        let any = unique.iter().map(exists).collect::<Vec<_>>().join(" or ");
        let mut arguments = MySqlArguments::default();
        for at in piece.clone() {
            for name in unique.iter().flat_map(|index| index.iter()) {
                let column = given.columns.iter().find(|column| column.name == *name);
                let column = column.ok_or_else(|| StepError::new(ErrorKind::Internal, "an index of no column"))?;
                given.bind(&mut arguments, column, at)?;
            }
        }
        let texts: Vec<String> = piece.clone().map(|at| format!("select {at} as n from dual where {any}")).collect();
        self.looked(given, texts.join(" union all "), arguments).await.map(|found| found.rows as u64)
    }

    /// What an upsert would do.
    pub(super) async fn preview_upsert(
        &mut self,
        table: &str,
        rows: &Table,
        key: &[Arc<str>],
    ) -> Result<Change, StepError> {
        let distinct = Distinct::of(rows, key)?;
        let rows = &*distinct.rows;
        let described = self.target(table).await?;
        let target = &described.target;
        let columns = target.columns_of(rows)?;
        check(rows, &columns)?;
        let keys = key.iter().map(|name| target.column(name)).collect::<Result<Vec<_>, _>>()?;
        let is_key =
            |index: &Unique| index.len() == keys.len() && keys.iter().all(|column| index.contains(&column.name));
        if !described.unique.iter().any(is_key) {
            return Err(no_unique_index(target, key));
        }
        let set = set_columns(&columns, &keys);
        let given = Given { table: &target.sql, columns: &columns, rows };
        let mut tally = Tally::default();
        for piece in pieces(rows.rows, given.piece_size()) {
            let there = self.there(&given, &piece, &keys, &set).await?;
            tally.add(piece.len(), there)?;
        }
        let mut stored = HashMap::new();
        for at in tally.first.iter().map(|row| row.at) {
            stored.insert(at, self.stored(&given, at, &keys, &set).await?);
        }
        Ok(tally.finish(&set, rows, key, &stored))
    }

    /// Which rows of a piece are there, and in which columns they differ.
    async fn there(
        &mut self,
        given: &Given<'_>,
        piece: &Range<usize>,
        keys: &[&Column],
        set: &[&Column],
    ) -> Result<Vec<There>, StepError> {
        let flags: Vec<String> = set.iter().map(|column| format!("if({}, '0', '1')", holds(column))).collect();
        let flags = if flags.is_empty() { "''".to_owned() } else { format!("concat({})", flags.join(", ")) };
        let of_key = same(keys.iter().map(|column| column.name.as_str()));
        let mut arguments = MySqlArguments::default();
        for at in piece.clone() {
            for column in set.iter().chain(keys) {
                given.bind(&mut arguments, column, at)?;
            }
        }
        let texts = (0..piece.len())
            .map(|n| format!("select cast({n} as signed) as n, {flags} as flags from {} where {of_key}", given.table));
        let text = texts.collect::<Vec<_>>().join(" union all ");
        There::read(&self.looked(given, text, arguments).await?, piece.start)
    }

    /// What the columns that would be set hold now.
    async fn stored(
        &mut self,
        given: &Given<'_>,
        at: usize,
        keys: &[&Column],
        set: &[&Column],
    ) -> Result<Vec<Value>, StepError> {
        let mut arguments = MySqlArguments::default();
        for column in keys {
            given.bind(&mut arguments, column, at)?;
        }
        let names: Vec<String> = set.iter().map(|column| quote(&column.name)).collect();
        let of_key = same(keys.iter().map(|column| column.name.as_str()));
        let text = format!("select {} from {} where {of_key}", names.join(", "), given.table);
        let found = self.looked(given, text, arguments).await?;
        Ok(found.columns.iter().map(|column| column.get(0).unwrap_or(Value::None)).collect())
    }

    async fn looked(&mut self, given: &Given<'_>, text: String, arguments: MySqlArguments) -> Result<Table, StepError> {
        let asked = self.rows(text, arguments).await;
        asked.map_err(|error| cover(error, &secrets(given.rows.cells())).context(format!("looking at {}", given.table)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::sql::rows::Family;

    #[test]
    fn values_are_compared_as_they_would_be_stored() {
        let text = |ty: &str| holds(&Column { name: "a".to_owned(), ty: ty.to_owned(), family: Family::Other });
        assert_eq!(text("decimal(20,8)"), "\"a\" <=> cast(? as decimal(20,8))");
        assert_eq!(text("timestamp(6)"), "\"a\" <=> cast(? as datetime(6))");
        assert_eq!(text("datetime"), "\"a\" <=> cast(? as datetime)");
        assert_eq!(text("bigint(20) unsigned"), "\"a\" <=> ?");
        assert_eq!(text("varchar(32)"), "cast(\"a\" as binary) <=> cast(cast(? as char) as binary)");
    }
}
