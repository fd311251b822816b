//! Upserts on SQLite. The rows go into a temporary table first, so that what they are compared with is read, and
//! written, by one statement each; the caller's transaction keeps everybody else from writing in between.

use std::sync::Arc;

use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteArguments;

use super::read::{Ready, rows as read_rows};
use super::write::{explain, insertion, piece_size, run, target};
use crate::connection::sql::rows::{
    Column, Target, check_keys, check_values, no_unique_index, pieces, quote, same_key_in_column, table_of,
};
use crate::connection::{SqlDialect, Upserted};
use crate::value::{ErrorKind, StepError, Table, Value};

/// The table that the rows wait in. No table of somebody else can have a name with a blank here.
const GIVEN: &str = "temp.\"vmflow rows\"";

/// Inserts rows, or updates those whose key is there with other values.
pub(super) async fn upsert(
    connection: &mut SqliteConnection,
    table: &str,
    rows: &Table,
    key: &[Arc<str>],
    returning: &[Arc<str>],
) -> Result<Upserted, StepError> {
    let mut done = Upserted { rows: table_of(returning.to_vec())?, ..Upserted::default() };
    if rows.rows == 0 {
        return Ok(done);
    }
    check_keys(rows, key)?;
    let target = target(connection, table).await?;
    let columns = target.columns_of(rows)?;
    check_values(rows, &columns, SqlDialect::Sqlite)?;
    let named = |names: &[Arc<str>]| names.iter().map(|name| target.column(name)).collect::<Result<Vec<_>, _>>();
    let upsert = Upsert { rows, target: &target, columns, asked: key, key: named(key)?, back: named(returning)? };
    upsert.give(connection).await?;
    upsert.write(connection, &mut done).await?;
    command(connection, format!("drop table {GIVEN}")).await?;
    Ok(done)
}

async fn command(connection: &mut SqliteConnection, text: String) -> Result<u64, StepError> {
    run(connection, Ready { text, arguments: SqliteArguments::default() }).await
}

struct Upsert<'a> {
    rows: &'a Table,
    target: &'a Target,
    /// The columns that the rows have.
    columns: Vec<&'a Column>,
    /// The key as it was asked for.
    asked: &'a [Arc<str>],
    key: Vec<&'a Column>,
    /// The columns to give back.
    back: Vec<&'a Column>,
}

impl Upsert<'_> {
    /// Puts the rows into the temporary table. Its columns have no types: the values meet those of the real one as
    /// they were bound, and are converted there as in any insertion.
    async fn give(&self, connection: &mut SqliteConnection) -> Result<(), StepError> {
        let names: Vec<String> = self.columns.iter().map(|column| quote(&column.name)).collect();
        command(connection, format!("drop table if exists {GIVEN}")).await?;
        command(connection, format!("create table {GIVEN} ({})", names.join(", "))).await?;
        let given = Target { sql: GIVEN.to_owned(), name: String::new(), columns: Vec::new() };
        for piece in pieces(self.rows.rows, piece_size(self.columns.len())) {
            run(connection, insertion(&given, &self.columns, self.rows, &piece, "")?).await?;
        }
        Ok(())
    }

    async fn write(&self, connection: &mut SqliteConnection, done: &mut Upserted) -> Result<(), StepError> {
        let rows = self.rows.rows as u64;
        let [there, _] = self.counts(connection, &self.known()).await?;
        let created = rows.saturating_sub(there);
        let touched = command(connection, self.statement()).await.map_err(|error| self.refused(error))?;
        let [found, apart] = self.counts(connection, &self.seen()).await?;
        if found != rows || touched < created {
            let message =
                format!("SQLite took {} of {rows} rows; a trigger may have kept the others out", found.min(touched));
            return Err(StepError::new(ErrorKind::Write, message));
        }
        if apart != rows {
            return Err(same_key_in_column(self.asked));
        }
        (done.created, done.updated, done.unchanged) = (created, touched - created, rows - touched.min(rows));
        if self.back.is_empty() {
            for _ in 0..rows {
                done.rows.push([]);
            }
        } else {
            let found =
                read_rows(connection, Ready { text: self.found(), arguments: SqliteArguments::default() }).await?;
            done.rows = Table { shape: done.rows.shape.clone(), ..found };
        }
        Ok(())
    }

    async fn counts<const N: usize>(
        &self,
        connection: &mut SqliteConnection,
        text: &str,
    ) -> Result<[u64; N], StepError> {
        let ready = Ready { text: text.to_owned(), arguments: SqliteArguments::default() };
        let counts = read_rows(connection, ready).await?;
        let row = counts.row(0).map(|row| row.values).unwrap_or_default();
        let number = |at: usize| if let Some(Value::Int(n)) = row.get(at) { n.unsigned_abs() } else { 0 };
        Ok(std::array::from_fn(number))
    }

    /// The column of the real table stands left, so that its affinity and collation decide, as they do in the index.
    fn same_key(&self) -> String {
        let same = |column: &&Column| format!("t.{0} = given.{0}", quote(&column.name));
        self.key.iter().map(same).collect::<Vec<_>>().join(" and ")
    }

    /// How many rows have a key that is there already.
    fn known(&self) -> String {
        let (table, same) = (&self.target.sql, self.same_key());
        format!(
            "select count(*) as a, 0 as b from {GIVEN} as given where exists (select 1 from {table} as t where {same})"
        )
    }

    fn statement(&self) -> String {
        let list = |columns: &[&Column], table: &str| {
            columns.iter().map(|column| format!("{table}{}", quote(&column.name))).collect::<Vec<_>>().join(", ")
        };
        format!(
            "insert into {} as t ({}) select {} from {GIVEN} as given where true order by given.rowid on conflict ({}) {}",
            self.target.sql,
            list(&self.columns, ""),
            list(&self.columns, "given."),
            list(&self.key, ""),
            self.otherwise(),
        )
    }

    /// What happens to a row that is there. Values are compared as they are stored, whatever the column's collation.
    fn otherwise(&self) -> String {
        let is_key = |column: &&&Column| self.key.iter().any(|key| key.name == column.name);
        let names: Vec<String> =
            self.columns.iter().filter(|column| !is_key(column)).map(|column| quote(&column.name)).collect();
        let set: Vec<String> = names.iter().map(|name| format!("{name} = excluded.{name}")).collect();
        let differs: Vec<String> =
            names.iter().map(|name| format!("t.{name} is not excluded.{name} collate binary")).collect();
        if names.is_empty() {
            return "do nothing".to_owned();
        }
        format!("do update set {} where {}", set.join(", "), differs.join(" or "))
    }

    fn joined(&self) -> String {
        // `cross join` keeps the order: from the given rows through the index to the table's.
        format!("from {GIVEN} as given cross join {} as t on {}", self.target.sql, self.same_key())
    }

    /// How many of the given rows are in the table, and as how many rows.
    fn seen(&self) -> String {
        let key: Vec<String> = self.key.iter().map(|column| format!("t.{}", quote(&column.name))).collect();
        let groups = format!("select count(*) as n {} group by {}", self.joined(), key.join(", "));
        format!("select coalesce(sum(n), 0) as a, count(*) as b from ({groups})")
    }

    /// The columns asked for, in the order of the rows.
    fn found(&self) -> String {
        let back: Vec<String> =
            self.back.iter().enumerate().map(|(n, column)| format!("t.{} as c{n}", quote(&column.name))).collect();
        format!("select {} {} order by given.rowid", back.join(", "), self.joined())
    }

    fn refused(&self, error: StepError) -> StepError {
        let unmatched = error.message.contains("ON CONFLICT clause does not match");
        if unmatched { no_unique_index(self.target, self.asked) } else { explain(error, &self.target.name, self.rows) }
    }
}
