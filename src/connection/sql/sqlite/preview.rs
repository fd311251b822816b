//! What writing rows to SQLite would do, found out by reading.
//!
//! Given values stand in a `with` of placeholders, which have no affinity, and a column stands left of each comparison: so
//! its affinity applies to the value as it would when it is stored. Compared is without the column's collation, which
//! tells keys apart but not whether what is stored would change.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use sqlx::sqlite::SqliteArguments;
use sqlx::{AssertSqlSafe, Executor, SqlSafeStr, SqliteConnection};

use super::error::failure;
use super::read::{Ready, bind, rows};
use super::write::target;
use crate::connection::SqlDialect;
use crate::connection::preview::Change;
use crate::connection::sql::distinct::Distinct;
use crate::connection::sql::preview::{Tally, There, Unique, filled, inserted, set_columns};
use crate::connection::sql::rows::{Column, Target, check_values, no_unique_index, pieces, quote};
use crate::connection::sql::text::{cover, secrets};
use crate::value::{ErrorKind, StepError, Table, Value};

/// The most placeholders in a statement; well below SQLite's 32,766.
const PLACEHOLDERS: usize = 16_000;

/// The most rows in a statement.
const ROWS: usize = 1000;

/// The columns of a table's unique indexes, its primary key included; partial ones and expressions are left out.
const UNIQUE: &str = "
    select l.name as name, i.name as column_name
    from pragma_index_list(?1, ?2) l, pragma_index_info(l.name, ?2) i
    where l.\"unique\" = 1 and l.partial = 0
    union all
    select '', name from pragma_table_info(?1, ?2) where pk > 0
    order by 1";

/// What an insert would do.
pub(super) async fn insert(connection: &mut SqliteConnection, table: &str, given: &Table) -> Result<Change, StepError> {
    let target = target(connection, table).await?;
    let columns = target.columns_of(given)?;
    check_values(given, &columns, SqlDialect::Sqlite)?;
    let unique = unique(connection, table).await?;
    let unique = filled(&unique, &columns);
    let mut taken = 0;
    if !unique.is_empty() {
        let look = Look { target: &target, columns: &columns, given };
        for piece in pieces(given.rows, look.piece_size()) {
            taken += look.taken(connection, &piece, &unique).await?;
        }
    }
    Ok(inserted(given.rows, taken))
}

/// What an upsert would do.
pub(super) async fn upsert(
    connection: &mut SqliteConnection,
    table: &str,
    given: &Table,
    key: &[Arc<str>],
) -> Result<Change, StepError> {
    let distinct = Distinct::of(given, key)?;
    let given = &*distinct.rows;
    let target = target(connection, table).await?;
    let columns = target.columns_of(given)?;
    check_values(given, &columns, SqlDialect::Sqlite)?;
    let keys = key.iter().map(|name| target.column(name)).collect::<Result<Vec<_>, _>>()?;
    let set = set_columns(&columns, &keys);
    let look = Look { target: &target, columns: &columns, given };
    look.check_index(connection, &keys, key).await?;
    let mut tally = Tally::default();
    for piece in pieces(given.rows, look.piece_size()) {
        let there = look.there(connection, &piece, &keys, &set).await?;
        tally.add(piece.len(), there)?;
    }
    let mut stored = HashMap::new();
    for at in tally.first.iter().map(|row| row.at) {
        stored.insert(at, look.stored(connection, at, &keys, &set).await?);
    }
    Ok(tally.finish(&set, given, key, &stored))
}

async fn unique(connection: &mut SqliteConnection, table: &str) -> Result<Vec<Unique>, StepError> {
    let (schema, table) = table.split_once('.').map_or(("main", table), |(schema, table)| (schema, table));
    let asked = sqlx::query_as(UNIQUE).bind(table.to_owned()).bind(schema.to_owned());
    let found: Vec<(String, Option<String>)> = asked.fetch_all(connection).await.map_err(|error| failure(&error))?;
    let mut indexes: HashMap<String, Option<Unique>> = HashMap::new();
    for (index, column) in found {
        let columns = indexes.entry(index).or_insert_with(|| Some(Vec::new()));
        // An expression has no name, and such an index is not looked at.
        *columns = columns.take().zip(column).map(|(mut columns, column)| {
            columns.push(column);
            columns
        });
    }
    Ok(indexes.into_values().flatten().collect())
}

struct Look<'a> {
    target: &'a Target,
    columns: &'a [&'a Column],
    given: &'a Table,
}

impl Look<'_> {
    fn piece_size(&self) -> usize {
        (PLACEHOLDERS / (self.columns.len() + 1)).clamp(1, ROWS)
    }

    /// `with v(n, c0, …) as (values (…), …)`, `n` being the number of the row within the piece.
    fn values(&self, piece: &Range<usize>) -> Result<Ready, StepError> {
        let names: Vec<String> = (0..self.columns.len()).map(|n| format!(", c{n}")).collect();
        let signs = ", ?".repeat(self.columns.len());
        let values: Vec<String> = (0..piece.len()).map(|n| format!("({n}{signs})")).collect();
        let mut arguments = SqliteArguments::default();
        for at in piece.clone() {
            for column in &self.given.columns {
                bind(&mut arguments, &column.get(at).unwrap_or(Value::None))?;
            }
        }
        let text = format!("with v(n{}) as (values {})", names.concat(), values.join(", "));
        Ok(Ready { text, arguments })
    }

    /// The given value that goes into a column.
    fn given(&self, column: &Column) -> String {
        let at = self.columns.iter().position(|other| other.name == column.name).unwrap_or_default();
        format!("v.c{at}")
    }

    fn matches<'c>(&self, columns: impl Iterator<Item = &'c Column>) -> String {
        let matches = columns.map(|column| format!("t.{} = {}", quote(&column.name), self.given(column)));
        matches.collect::<Vec<_>>().join(" and ")
    }

    async fn ask(&self, connection: &mut SqliteConnection, ready: Ready) -> Result<Table, StepError> {
        let explain = |error| cover(error, &secrets(self.given.cells()));
        rows(connection, ready)
            .await
            .map_err(|error| explain(error).context(format!("looking at `{}`", self.target.name)))
    }

    async fn there(
        &self,
        connection: &mut SqliteConnection,
        piece: &Range<usize>,
        keys: &[&Column],
        set: &[&Column],
    ) -> Result<Vec<There>, StepError> {
        let Ready { text, arguments } = self.values(piece)?;
        let differs =
            |column: &&Column| format!("(t.{} collate binary is not {})", quote(&column.name), self.given(column));
        let flags: Vec<String> = set.iter().map(differs).collect();
        let flags = if flags.is_empty() { "''".to_owned() } else { format!("'' || {}", flags.join(" || ")) };
        let text = format!(
            "{text} select v.n, {flags} from v join {} t on {}",
            self.target.sql,
            self.matches(keys.iter().copied())
        );
        There::read(&self.ask(connection, Ready { text, arguments }).await?, piece.start)
    }

    /// What the row with a given one's key holds in some columns.
    async fn stored(
        &self,
        connection: &mut SqliteConnection,
        at: usize,
        keys: &[&Column],
        set: &[&Column],
    ) -> Result<Vec<Value>, StepError> {
        let Ready { text, arguments } = self.values(&(at..at + 1))?;
        let names = set.iter().enumerate().map(|(n, column)| format!("t.{} as s{n}", quote(&column.name)));
        let text = format!(
            "{text} select {} from v join {} t on {}",
            names.collect::<Vec<_>>().join(", "),
            self.target.sql,
            self.matches(keys.iter().copied())
        );
        let found = self.ask(connection, Ready { text, arguments }).await?;
        Ok(found.columns.iter().map(|column| column.first().unwrap_or(Value::None)).collect())
    }

    /// How many rows of a piece are there by one of some unique indexes.
    async fn taken(
        &self,
        connection: &mut SqliteConnection,
        piece: &Range<usize>,
        unique: &[&Unique],
    ) -> Result<u64, StepError> {
        let Ready { text, arguments } = self.values(piece)?;
        let exists = unique.iter().map(|index| {
            let columns = self.columns.iter().filter(|column| index.contains(&column.name)).copied();
            format!("exists (select 1 from {} t where {})", self.target.sql, self.matches(columns))
        });
        let text = format!("{text} select count(*) as n from v where {}", exists.collect::<Vec<_>>().join(" or "));
        let found = self.ask(connection, Ready { text, arguments }).await?;
        match found.cell("n", 0) {
            Some(Value::Int(n)) => Ok(u64::try_from(n).unwrap_or(0)),
            _ => Err(StepError::new(ErrorKind::Internal, "SQLite gave no count")),
        }
    }

    /// Lets SQLite say whether it would take the key, by preparing what is never run.
    async fn check_index(
        &self,
        connection: &mut SqliteConnection,
        keys: &[&Column],
        key: &[Arc<str>],
    ) -> Result<(), StepError> {
        let names = |columns: &[&Column]| columns.iter().map(|it| quote(&it.name)).collect::<Vec<_>>().join(", ");
        let signs = vec!["?"; self.columns.len()].join(", ");
        let text = format!(
            "insert into {} ({}) values ({signs}) on conflict ({}) do nothing",
            self.target.sql,
            names(self.columns),
            names(keys)
        );
        match connection.prepare(AssertSqlSafe(text).into_sql_str()).await {
            Err(error) if error.to_string().contains("ON CONFLICT clause does not match") => {
                Err(no_unique_index(self.target, key))
            }
            Err(error) => Err(failure(&error).context(format!("looking at `{}`", self.target.name))),
            Ok(_) => Ok(()),
        }
    }
}
