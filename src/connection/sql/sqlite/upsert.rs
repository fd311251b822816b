//! Upserts on SQLite. The rows go into a temporary table first, so that what they are compared with is read, and
//! written, by one statement each; the caller's transaction keeps everybody else from writing in between.

use std::ops::Range;
use std::sync::Arc;

use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteArguments;

use super::blame::{blame, explain};
use super::error::failure;
use super::read::{Ready, bind, rows as read_rows};
use super::write::{insertion, piece_size, run, start, target};
use crate::connection::sql::distinct::Distinct;
use crate::connection::sql::rows::{
    Column, Target, check_values, no_unique_index, pieces, quote, same_key_in_column, table_of,
};
use crate::connection::{SqlDialect, Upserted};
use crate::value::{ErrorKind, StepError, Table, Value};

/// The table that the rows wait in. No table of somebody else can have a name with a blank here.
const GIVEN: &str = "temp.\"vmflow rows\"";

/// What makes counts doubtful: triggers, and unique indexes that take different texts for the same.
const ODD: &str = "
    select (select count(*) from sqlite_schema where type = 'trigger' and tbl_name = ?1 collate nocase)
         + (select count(*) from pragma_index_list(?1) l join pragma_index_xinfo(l.name) x
            where l.\"unique\" and x.key and x.coll <> 'BINARY' collate nocase)";

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
    let distinct = Distinct::of(rows, key)?;
    let rows = &*distinct.rows;
    let target = target(connection, table).await?;
    let columns = target.columns_of(rows)?;
    check_values(rows, &columns, SqlDialect::Sqlite)?;
    let named = |names: &[Arc<str>]| names.iter().map(|name| target.column(name)).collect::<Result<Vec<_>, _>>();
    let upsert = Upsert { rows, target: &target, columns, asked: key, key: named(key)?, back: named(returning)? };
    upsert.give(connection).await?;
    upsert.write(connection, &mut done).await?;
    command(connection, format!("drop table {GIVEN}")).await?;
    Ok(Upserted { rows: distinct.spread(done.rows), ..done })
}

async fn command(connection: &mut SqliteConnection, text: String) -> Result<u64, StepError> {
    run(connection, plain(text)).await
}

fn plain(text: String) -> Ready {
    Ready { text, arguments: SqliteArguments::default() }
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
            run(connection, insertion(&given, &self.columns, self.rows, &piece)?).await?;
        }
        Ok(())
    }

    async fn write(&self, connection: &mut SqliteConnection, done: &mut Upserted) -> Result<(), StepError> {
        let rows = self.rows.rows as u64;
        let [there] = self.counts(connection, &self.known()).await?;
        let created = rows.saturating_sub(there);
        let all = 0..self.rows.rows;
        let touched = match start(connection, self.statement(&all)?).await {
            Ok(touched) => touched,
            Err(error) => return Err(self.refused(connection, &all, &error).await),
        };
        if touched < created || !self.is_sure(connection).await? {
            self.look(connection, created, touched).await?;
        }
        (done.created, done.updated, done.unchanged) = (created, touched - created, rows - touched.min(rows));
        if self.back.is_empty() {
            for _ in 0..rows {
                done.rows.push([]);
            }
        } else {
            let found = read_rows(connection, plain(self.found())).await?;
            done.rows = Table { shape: done.rows.shape.clone(), ..found };
        }
        Ok(())
    }

    /// Whether the counts can only be right: no trigger keeps rows out, and no two of the keys are one in the table.
    async fn is_sure(&self, connection: &mut SqliteConnection) -> Result<bool, StepError> {
        let is_exact = |key: &&Column| {
            let values = self.columns.iter().position(|column| column.name == key.name);
            let ty = key.ty.to_lowercase();
            let is_text = ["char", "clob", "text"].iter().any(|word| ty.contains(word)) && !ty.contains("int");
            let fits = |value: &Value| match value {
                Value::Int(_) => ty.contains("int"),
                Value::Text(_) => is_text,
                // Such texts are no numbers, and no column makes them any.
                Value::Date(_) | Value::Timestamp(_) | Value::Map(_) | Value::Record(_) => true,
                _ => false,
            };
            values
                .and_then(|at| self.rows.columns.get(at))
                .is_some_and(|values| values.iter().all(|value| fits(&value)))
        };
        let name = self.target.name.rsplit('.').next().unwrap_or_default();
        let odd: Result<i64, _> = sqlx::query_scalar(ODD).bind(name.to_owned()).fetch_one(connection).await;
        Ok(self.key.iter().all(is_exact) && odd.map_err(|error| failure(&error))? == 0)
    }

    /// Sees that each row is there, and as a row of its own.
    async fn look(&self, connection: &mut SqliteConnection, created: u64, touched: u64) -> Result<(), StepError> {
        let rows = self.rows.rows as u64;
        let [found, apart] = self.counts(connection, &self.seen()).await?;
        if found == rows && apart < rows {
            return Err(same_key_in_column(self.asked));
        }
        if found != rows || touched < created {
            let taken = found.min(rows - created.saturating_sub(touched));
            let message = format!("SQLite took {taken} of {rows} rows; a trigger may have kept the others out");
            return Err(StepError::new(ErrorKind::Write, message));
        }
        Ok(())
    }

    async fn counts<const N: usize>(
        &self,
        connection: &mut SqliteConnection,
        text: &str,
    ) -> Result<[u64; N], StepError> {
        let counts = read_rows(connection, plain(text.to_owned())).await?;
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

    /// Writes the rows with these numbers, from 0.
    fn statement(&self, piece: &Range<usize>) -> Result<Ready, StepError> {
        let list = |columns: &[&Column], table: &str| {
            columns.iter().map(|column| format!("{table}{}", quote(&column.name))).collect::<Vec<_>>().join(", ")
        };
        let text = format!(
            "insert into {} as t ({}) select {} from {GIVEN} as given where given.rowid > ?1 and given.rowid <= ?2
             order by given.rowid on conflict ({}) {}",
            self.target.sql,
            list(&self.columns, ""),
            list(&self.columns, "given."),
            list(&self.key, ""),
            self.otherwise(),
        );
        let mut arguments = SqliteArguments::default();
        for end in [piece.start, piece.end] {
            bind(&mut arguments, &Value::Int(i64::try_from(end).unwrap_or(i64::MAX)))?;
        }
        Ok(Ready { text, arguments })
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

    async fn refused(&self, connection: &mut SqliteConnection, all: &Range<usize>, error: &sqlx::Error) -> StepError {
        if error.to_string().contains("ON CONFLICT clause does not match") {
            return no_unique_index(self.target, self.asked);
        }
        let statement = |piece: &Range<usize>| self.statement(piece);
        let failure = blame(connection, &statement, all, self.rows, error).await;
        explain(failure, &self.target.name, self.rows)
    }
}
