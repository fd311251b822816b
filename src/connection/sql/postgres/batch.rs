//! Rows on their way into a table: how they travel, and which of them was refused.
//!
//! Few rows travel as one array of texts for each column, many through COPY into a temporary table. Either way a
//! statement sees them as `given`, in the types of the columns, and any text or number lands as a literal would.

use std::ops::Range;

use sqlx::postgres::PgArguments;
use sqlx::{Arguments, AssertSqlSafe};

use super::copy::stumbled;
use super::error::{code, failure, server};
use super::statement::Place;
use super::target::Known;
use super::write::text_of;
use crate::connection::sql::rows::{Column, cell, quote};
use crate::connection::sql::text::{cover, secrets};
use crate::value::{ErrorKind, StepError, Table};

/// From so many rows on they travel through COPY. Below, making a temporary table takes longer than it saves.
pub(super) const MANY: usize = 500;

/// The most rows in arrays.
pub(super) const ARRAYS: usize = 2000;

/// The table that the rows wait in. No table of somebody else can have a name with a blank here.
const WAITING: &str = "pg_temp.\"vmflow rows\"";

/// Rows for a table.
pub(super) struct Batch<'a> {
    /// The rows.
    pub rows: &'a Table,
    /// The table.
    pub known: &'a Known,
    /// The columns that the rows have.
    pub columns: &'a [&'a Column],
    /// Whether they wait in a temporary table.
    pub waits: bool,
}

impl Batch<'_> {
    /// `with given as (…)`: some of the rows, numbered by `at`. The columns are `c0`, `c1`, ….
    pub(super) fn given(&self) -> String {
        if self.waits {
            return format!("with given as (select * from {WAITING} where at >= $1 and at < $2)");
        }
        let cast = |(n, column): (usize, &&Column)| format!("c{n}::{} as c{n}", column.ty);
        let casts: Vec<String> = self.columns.iter().enumerate().map(cast).collect();
        let arrays: Vec<String> = (1..=self.columns.len()).map(|n| format!("${n}::text[]")).collect();
        format!(
            "with given as (select {}, at from unnest({}) with ordinality as u({}, at))",
            casts.join(", "),
            arrays.join(", "),
            self.aliases(),
        )
    }

    fn aliases(&self) -> String {
        (0..self.columns.len()).map(|n| format!("c{n}")).collect::<Vec<_>>().join(", ")
    }

    /// `insert into t (…) select … from given`, in the order of the rows.
    pub(super) fn insertion(&self) -> String {
        let (table, aliases) = (&self.known.table.sql, self.aliases());
        format!("insert into {table} as t ({}) select {aliases} from given order by at", names(self.columns))
    }

    /// What a statement over `given` is run with, for the rows in `piece`.
    pub(super) fn arguments(&self, piece: &Range<usize>) -> Result<PgArguments, StepError> {
        let mut arguments = PgArguments::default();
        if self.waits {
            for end in [piece.start, piece.end] {
                add(&mut arguments, i64::try_from(end).unwrap_or(i64::MAX))?;
            }
            return Ok(arguments);
        }
        for (place, column) in self.columns.iter().enumerate() {
            let text = |at: usize| {
                let mut text = String::new();
                text_of(&cell(self.rows, place, at), column, &mut text).then_some(text)
            };
            add(&mut arguments, piece.clone().map(text).collect::<Vec<Option<String>>>())?;
        }
        Ok(arguments)
    }

    /// What went wrong while the rows were written; `row` is the number, from 0, of the one that was refused.
    pub(super) fn explain(&self, error: &sqlx::Error, row: Option<usize>) -> StepError {
        // The position is one in a text that nobody wrote.
        let mut failure = failure(error, "");
        let context = server(error).and_then(|said| said.r#where()).and_then(stumbled);
        if let Some((at, column)) = context.or_else(|| row.map(|at| (at, None))) {
            let column = column.map(|name| format!(", column `{name}`")).unwrap_or_default();
            failure = failure.context(format!("row {}{column}", at + 1));
        }
        cover(failure, &secrets(self.rows.cells())).context(format!("writing to `{}`", self.known.table.name))
    }
}

fn add<'t, T: sqlx::Encode<'t, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>>(
    arguments: &mut PgArguments,
    value: T,
) -> Result<(), StepError> {
    let added = arguments.add(value);
    added.map_err(|error| StepError::new(ErrorKind::Data, format!("the rows cannot be bound: {error}")))
}

/// `"a", "b"`.
pub(super) fn names(columns: &[&Column]) -> String {
    columns.iter().map(|column| quote(&column.name)).collect::<Vec<_>>().join(", ")
}

/// Whether one row may be the reason: what it holds, what a constraint forbids, what a trigger refuses.
fn is_of_a_row(error: &sqlx::Error) -> bool {
    code(error).is_some_and(|code| matches!(code.get(..2), Some("22" | "23" | "P0")))
}

impl Place<'_> {
    /// Gets ready to find the row that is refused, if there can be more than one.
    pub(super) async fn watch(&mut self, piece: &Range<usize>) -> Result<(), StepError> {
        if piece.len() > 1 { self.command("savepoint vmflow_rows").await } else { Ok(()) }
    }

    /// Nothing was refused.
    pub(super) async fn watched(&mut self, piece: &Range<usize>) -> Result<(), StepError> {
        if piece.len() > 1 { self.command("release savepoint vmflow_rows").await } else { Ok(()) }
    }

    /// The failure of statements over a piece, with the first row that they refuse: halves of the piece are written, as
    /// long as they can be, which takes no longer than writing it twice. The caller rolls all of it back.
    pub(super) async fn blame(
        &mut self,
        batch: &Batch<'_>,
        texts: &[String],
        piece: &Range<usize>,
        error: &sqlx::Error,
    ) -> StepError {
        if piece.len() <= 1 || !is_of_a_row(error) {
            let only = Some(piece.start).filter(|_| piece.len() == 1 && is_of_a_row(error));
            return batch.explain(error, only);
        }
        let mut rest = piece.clone();
        while !rest.is_empty() && self.command("rollback to savepoint vmflow_rows").await.is_ok() {
            let half = rest.start..rest.start + rest.len().div_ceil(2);
            match self.all(batch, texts, &half).await {
                Ok(()) if self.command("savepoint vmflow_rows").await.is_ok() => rest.start = half.end,
                Ok(()) => break,
                Err(error) if half.len() == 1 => return batch.explain(&error, Some(half.start)),
                Err(_) => rest.end = half.end,
            }
        }
        batch.explain(error, None)
    }

    async fn all(&mut self, batch: &Batch<'_>, texts: &[String], piece: &Range<usize>) -> Result<(), sqlx::Error> {
        for text in texts {
            let arguments = batch.arguments(piece).map_err(|error| sqlx::Error::Encode(error.into()))?;
            sqlx::query_with(AssertSqlSafe(text.as_str()), arguments).execute(&mut *self.connection).await?;
        }
        Ok(())
    }

    /// Puts the rows into a temporary table of the target's own types, where lengths and precisions hold.
    pub(super) async fn wait(&mut self, batch: &Batch<'_>) -> Result<(), StepError> {
        let named = |(n, column): (usize, &&Column)| format!("{} as c{n}", quote(&column.name));
        let columns: Vec<String> = batch.columns.iter().enumerate().map(named).collect();
        let table = &batch.known.table.sql;
        let made = format!(
            "create temporary table \"vmflow rows\" on commit drop as
             select 0::int8 as at, {} from {table} with no data",
            columns.join(", ")
        );
        let created = sqlx::raw_sql(AssertSqlSafe(made)).execute(&mut *self.connection).await;
        created.map_err(|error| batch.explain(&error, None))?;
        let copied = self.copy(WAITING, batch.columns, batch.rows, true).await;
        copied.map(drop).map_err(|error| batch.explain(&error, None))
    }

    /// Takes the temporary table away, for the next call in the same transaction.
    pub(super) async fn waited(&mut self) -> Result<(), StepError> {
        let done = sqlx::raw_sql(AssertSqlSafe(format!("drop table {WAITING}"))).execute(&mut *self.connection).await;
        done.map(drop).map_err(|error| failure(&error, ""))
    }
}
