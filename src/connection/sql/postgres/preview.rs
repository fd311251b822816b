//! What writing rows to PostgreSQL would do, found out by reading in a transaction that cannot write.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Row};

use super::batch::Batch;
use super::decode::value;
use super::error::failure;
use super::statement::Place;
use super::target::Known;
use crate::connection::SqlDialect;
use crate::connection::preview::Change;
use crate::connection::sql::distinct::Distinct;
use crate::connection::sql::preview::{Tally, There, Unique, filled, inserted, set_columns};
use crate::connection::sql::rows::{Column, Target, check_values, no_unique_index, pieces, quote};
use crate::connection::sql::text::{cover, secrets};
use crate::value::{ErrorKind, StepError, Table, Value};

/// The most rows in a statement.
const ROWS: usize = 2000;

/// The columns of a table with their types, lengths and digits included: what is compared is what would be stored.
const TYPES: &str = "
    select attname::text, format_type(atttypid, atttypmod)
    from pg_attribute where attrelid = to_regclass($1) and attnum > 0 and not attisdropped";

/// The columns of a table's unique indexes; partial ones and those on expressions are left out.
const UNIQUE: &str = "
    select array(select a.attname::text from pg_attribute a where a.attrelid = i.indrelid and a.attnum = any(i.indkey::int2[]))
    from pg_index i
    where i.indrelid = to_regclass($1) and i.indisunique and i.indpred is null and i.indexprs is null
        and i.indnatts = i.indnkeyatts";

impl Place<'_> {
    /// What an insert would do.
    pub(super) async fn preview_insert(&mut self, table: &str, rows: &Table) -> Result<Change, StepError> {
        let known = self.target(table).await?;
        let target = &known.table;
        let columns = target.columns_of(rows)?;
        check_values(rows, &columns, SqlDialect::Postgres)?;
        let unique = self.unique(target).await?;
        let unique = filled(&unique, &columns);
        let mut taken = 0;
        if !unique.is_empty() {
            let look = Look { known: &known, columns: &columns, rows, types: HashMap::new() };
            for piece in pieces(rows.rows, ROWS) {
                let found = self.ask(&look, &look.taken(&unique), &piece).await?;
                if let Some(Value::Int(n)) = found.first().map(|row| value(row, 0)).transpose()? {
                    taken += n.unsigned_abs();
                }
            }
        }
        Ok(inserted(rows.rows, taken))
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
        let known = self.target(table).await?;
        let target = &known.table;
        let columns = target.columns_of(rows)?;
        check_values(rows, &columns, SqlDialect::Postgres)?;
        let keys = key.iter().map(|name| target.column(name)).collect::<Result<Vec<_>, _>>()?;
        let is_key = |index: &Unique| index.len() == keys.len() && keys.iter().all(|key| index.contains(&key.name));
        if !self.unique(target).await?.iter().any(is_key) {
            return Err(no_unique_index(target, key));
        }
        let set = set_columns(&columns, &keys);
        let look = Look { known: &known, columns: &columns, rows, types: self.types(target).await? };
        let (text, stored_text) = (look.there(&keys, &set), look.stored(&keys, &set));
        let mut tally = Tally::default();
        for piece in pieces(rows.rows, ROWS) {
            let there = self.ask(&look, &text, &piece).await?;
            let there = there.iter().map(|row| read_there(row, piece.start)).collect::<Result<_, _>>()?;
            tally.add(piece.len(), there)?;
        }
        let mut stored = HashMap::new();
        for at in tally.first.iter().map(|row| row.at) {
            let found = self.ask(&look, &stored_text, &(at..at + 1)).await?;
            let cells = |row: &PgRow| (0..row.len()).map(|at| value(row, at)).collect::<Result<Vec<_>, _>>();
            stored.insert(at, found.first().map(cells).transpose()?.unwrap_or_default());
        }
        Ok(tally.finish(&set, rows, key, &stored))
    }

    async fn unique(&mut self, target: &Target) -> Result<Vec<Unique>, StepError> {
        let found: Result<Vec<Unique>, _> =
            sqlx::query_scalar(UNIQUE).bind(target.sql.as_str()).fetch_all(&mut *self.connection).await;
        found.map_err(|error| failure(&error, ""))
    }

    async fn types(&mut self, target: &Target) -> Result<HashMap<String, String>, StepError> {
        let found: Result<Vec<(String, String)>, _> =
            sqlx::query_as(TYPES).bind(target.sql.as_str()).fetch_all(&mut *self.connection).await;
        Ok(found.map_err(|error| failure(&error, ""))?.into_iter().collect())
    }

    async fn ask(&mut self, look: &Look<'_>, text: &str, piece: &Range<usize>) -> Result<Vec<PgRow>, StepError> {
        let arguments =
            Batch { rows: look.rows, known: look.known, columns: look.columns, waits: false }.arguments(piece)?;
        let query = sqlx::query_with(AssertSqlSafe(text), arguments).persistent(false);
        query.fetch_all(&mut *self.connection).await.map_err(|error| {
            self.shared.forget();
            let failure = failure(&error, "");
            let failure = cover(failure, &secrets(look.rows.cells()));
            failure.context(format!("looking at `{}`", look.known.table.name))
        })
    }
}

fn read_there(row: &PgRow, start: usize) -> Result<There, StepError> {
    match (value(row, 0)?, value(row, 1)?) {
        (Value::Int(number), Value::Text(flags)) => There::of(start, number, &flags)
            .ok_or_else(|| StepError::new(ErrorKind::Internal, "an odd number of a row")),
        _ => Err(StepError::new(ErrorKind::Internal, "PostgreSQL did not say how the rows differ")),
    }
}

struct Look<'a> {
    known: &'a Known,
    columns: &'a [&'a Column],
    rows: &'a Table,
    /// The types as the table has them, by column.
    types: HashMap<String, String>,
}

impl Look<'_> {
    /// `from unnest($1::text[], …) …`: the given rows as texts, as they would be inserted.
    fn from(&self) -> String {
        let arrays: Vec<String> = (1..=self.columns.len()).map(|n| format!("${n}::text[]")).collect();
        let aliases: Vec<String> = (0..self.columns.len()).map(|n| format!("c{n}")).collect();
        format!("from unnest({}) with ordinality as g({}, at)", arrays.join(", "), aliases.join(", "))
    }

    /// The given value of a column, in the column's type.
    fn given(&self, column: &Column) -> String {
        let at = self.columns.iter().position(|other| other.name == column.name).unwrap_or_default();
        format!("g.c{at}::{}", self.types.get(&column.name).unwrap_or(&column.ty))
    }

    fn matches<'c>(&self, columns: impl Iterator<Item = &'c Column>) -> String {
        let matches = columns.map(|column| format!("t.{} = {}", quote(&column.name), self.given(column)));
        matches.collect::<Vec<_>>().join(" and ")
    }

    fn joined(&self, keys: &[&Column]) -> String {
        format!("{} join {} as t on {}", self.from(), self.known.table.sql, self.matches(keys.iter().copied()))
    }

    /// For each row that is there its number, and whether each column would change. Byte by byte, as an upsert compares.
    fn there(&self, keys: &[&Column], set: &[&Column]) -> String {
        let differs = |column: &&Column| {
            let (name, given) = (quote(&column.name), self.given(column));
            format!("(row(t.{name})::record *<> row({given})::record)::int::text")
        };
        let flags: Vec<String> = set.iter().map(differs).collect();
        let flags = if flags.is_empty() { "''::text".to_owned() } else { flags.join(" || ") };
        format!("select g.at - 1, {flags} {}", self.joined(keys))
    }

    /// What the row with a given one's key holds in the columns that would be set.
    fn stored(&self, keys: &[&Column], set: &[&Column]) -> String {
        let names: Vec<String> = set.iter().map(|column| format!("t.{}", quote(&column.name))).collect();
        format!("select {} {}", names.join(", "), self.joined(keys))
    }

    /// How many rows are there by one of some unique indexes.
    fn taken(&self, unique: &[&Unique]) -> String {
        let exists = unique.iter().map(|index| {
            let columns = self.columns.iter().filter(|column| index.contains(&column.name)).copied();
            format!("exists (select 1 from {} as t where {})", self.known.table.sql, self.matches(columns))
        });
        format!("select count(*) {} where {}", self.from(), exists.collect::<Vec<_>>().join(" or "))
    }
}
