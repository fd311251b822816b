//! Upserts on PostgreSQL: what is new is inserted, what differs is updated, what is the same is left alone.
//!
//! Values are compared as they are stored, byte by byte (`*<>`): so `numeric` 1.0 and 1.00 differ, texts of a
//! collation without case differ, and types without an equality of their own (`json`) can be compared. A row that is
//! left alone is locked all the same, so that it is still there, as it was, when the transaction commits.

use std::ops::Range;
use std::sync::Arc;

use futures_util::TryStreamExt;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Row};

use super::batch::{ARRAYS, Batch, MANY, names};
use super::decode::value;
use super::statement::{Place, lacks_index};
use super::target::{Known, Nature};
use crate::connection::sql::distinct::Distinct;
use crate::connection::sql::rows::{
    Column, check_values, no_unique_index, pieces, quote, same_key_in_column, table_of,
};
use crate::connection::{SqlDialect, Upserted};
use crate::value::{ErrorKind, StepError, Table, Value};

impl Place<'_> {
    /// Inserts rows, or updates those whose key is there with other values.
    pub(super) async fn upsert(
        &mut self,
        table: &str,
        rows: &Table,
        key: &[Arc<str>],
        returning: &[Arc<str>],
    ) -> Result<Upserted, StepError> {
        if rows.rows == 0 {
            return Ok(Upserted { rows: table_of(returning.to_vec())?, ..Upserted::default() });
        }
        let distinct = Distinct::of(rows, key)?;
        let known = self.target(table).await?;
        let done = self.upsert_distinct(&known, &distinct.rows, key, returning).await;
        if done.is_err() {
            self.shared.forget();
        }
        done.map(|done| Upserted { rows: distinct.spread(done.rows), ..done })
    }

    async fn upsert_distinct(
        &mut self,
        known: &Known,
        rows: &Table,
        key: &[Arc<str>],
        returning: &[Arc<str>],
    ) -> Result<Upserted, StepError> {
        let mut done = Upserted { rows: table_of(returning.to_vec())?, ..Upserted::default() };
        let columns = known.table.columns_of(rows)?;
        check_values(rows, &columns, SqlDialect::Postgres)?;
        let named =
            |names: &[Arc<str>]| names.iter().map(|name| known.table.column(name)).collect::<Result<Vec<_>, _>>();
        let waits = rows.rows >= MANY && known.has_temporary;
        let batch = Batch { rows, known, columns: &columns, waits };
        let upsert = Upsert { batch: &batch, asked: key, key: named(key)?, back: named(returning)? };
        if waits {
            self.wait(&batch).await?;
        }
        for piece in pieces(rows.rows, if waits { rows.rows } else { ARRAYS }) {
            self.piece(&upsert, &piece, &mut done).await?;
        }
        if waits {
            self.waited().await?;
        }
        Ok(done)
    }

    async fn piece(&mut self, upsert: &Upsert<'_>, piece: &Range<usize>, done: &mut Upserted) -> Result<(), StepError> {
        self.watch(piece).await?;
        let texts = upsert.texts();
        let wrote = match self.write(upsert, &texts, piece).await {
            Ok(wrote) => wrote,
            Err(Failure::Ours(error)) => return Err(error),
            Err(Failure::Theirs(error)) if lacks_index(&error) => {
                return Err(no_unique_index(&upsert.batch.known.table, upsert.asked));
            }
            Err(Failure::Theirs(error)) => return Err(self.blame(upsert.batch, &texts, piece, &error).await),
        };
        self.watched(piece).await?;
        let same = (piece.len() as u64).saturating_sub(wrote.created + wrote.updated);
        if same > 0 && !upsert.is_sure() {
            self.look(upsert, piece).await?;
        }
        self.give_back(upsert, piece, wrote.back, &mut done.rows).await?;
        done.created += wrote.created;
        done.updated += wrote.updated;
        done.unchanged += same;
        Ok(())
    }

    /// Writes a piece; the rows asked for come with it as far as they were written.
    async fn write(&mut self, upsert: &Upsert<'_>, texts: &[String], piece: &Range<usize>) -> Result<Wrote, Failure> {
        let mut wrote = Wrote { back: upsert.nothing(), ..Wrote::default() };
        for (nth, text) in texts.iter().enumerate() {
            let arguments = upsert.batch.arguments(piece)?;
            let query = sqlx::query_with(AssertSqlSafe(text.as_str()), arguments);
            if upsert.batch.known.nature == Nature::Remote {
                let touched = query.execute(&mut *self.connection).await?.rows_affected();
                *(if nth == 0 { &mut wrote.created } else { &mut wrote.updated }) += touched;
                continue;
            }
            let mut rows = query.persistent(false).fetch(&mut *self.connection);
            while let Some(row) = rows.try_next().await? {
                wrote.add(&row)?;
            }
        }
        Ok(wrote)
    }

    /// Sees that each row of the piece is there, which the writing shows only for those that it wrote.
    async fn look(&mut self, upsert: &Upsert<'_>, piece: &Range<usize>) -> Result<(), StepError> {
        let mut counts = Table::new(["there".into(), "apart".into()].into());
        self.given(upsert, &upsert.seen(), piece, &mut counts).await?;
        let counts = counts.row(0).map(|row| row.values).unwrap_or_default();
        let [Value::Int(there), Value::Int(apart)] = counts.as_slice() else {
            return Err(StepError::new(ErrorKind::Internal, "PostgreSQL gave no counts"));
        };
        let rows = piece.len() as u64;
        if there.unsigned_abs() != rows {
            let message =
                format!("PostgreSQL took {there} of {rows} rows; a trigger or rule may have kept the others out");
            return Err(StepError::new(ErrorKind::Write, message));
        }
        if apart.unsigned_abs() == rows { Ok(()) } else { Err(same_key_in_column(upsert.asked)) }
    }

    /// Adds the columns asked for: those that came with the writing when that wrote all rows, else as they now are.
    async fn give_back(
        &mut self,
        upsert: &Upsert<'_>,
        piece: &Range<usize>,
        written: Table,
        back: &mut Table,
    ) -> Result<(), StepError> {
        if upsert.back.is_empty() {
            for _ in piece.clone() {
                back.push([]);
            }
            return Ok(());
        }
        if written.rows < piece.len() {
            return self.given(upsert, &upsert.found(), piece, back).await;
        }
        back.append(&written);
        Ok(())
    }

    /// Adds the rows that a statement over a piece gives.
    async fn given(
        &mut self,
        upsert: &Upsert<'_>,
        text: &str,
        piece: &Range<usize>,
        into: &mut Table,
    ) -> Result<(), StepError> {
        let query = sqlx::query_with(AssertSqlSafe(text), upsert.batch.arguments(piece)?).persistent(false);
        let mut rows = query.fetch(&mut *self.connection);
        while let Some(row) = rows.try_next().await.map_err(|error| upsert.batch.explain(&error, None))? {
            into.push(cells(&row, 0)?);
        }
        Ok(())
    }
}

/// Why a statement over a piece failed.
enum Failure {
    /// The server refused it.
    Theirs(sqlx::Error),
    /// What it is about could not be sent, or what it gave could not be read.
    Ours(StepError),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Theirs(error)
    }
}

impl From<StepError> for Failure {
    fn from(error: StepError) -> Self {
        Self::Ours(error)
    }
}

/// What writing a piece did.
#[derive(Default)]
struct Wrote {
    created: u64,
    updated: u64,
    /// The columns asked for.
    back: Table,
}

impl Wrote {
    /// Adds what a statement tells: of each row written whether it is new, or how many rows are new and how many not.
    fn add(&mut self, row: &PgRow) -> Result<(), StepError> {
        match value(row, 0)? {
            Value::Int(created) => {
                self.created += created.unsigned_abs();
                self.updated += if let Value::Int(updated) = value(row, 1)? { updated.unsigned_abs() } else { 0 };
            }
            is_new => {
                *(if is_new == Value::Bool(true) { &mut self.created } else { &mut self.updated }) += 1;
                self.back.push(cells(row, 1)?);
            }
        }
        Ok(())
    }
}

/// The columns of a row from a number on.
fn cells(row: &PgRow, from: usize) -> Result<Vec<Value>, StepError> {
    (from..row.len()).map(|at| value(row, at)).collect()
}

/// The texts of an upsert.
struct Upsert<'a> {
    batch: &'a Batch<'a>,
    /// The key as it was asked for.
    asked: &'a [Arc<str>],
    key: Vec<&'a Column>,
    /// The columns to give back.
    back: Vec<&'a Column>,
}

impl Upsert<'_> {
    /// Whether a row that was not written can only be one that is there as given: nothing keeps rows out, and no two of
    /// the keys are one in the table.
    fn is_sure(&self) -> bool {
        let Batch { rows, known, columns, .. } = self.batch;
        let is_exact = |key: &Column| {
            let values = columns.iter().position(|column| column.name == key.name).and_then(|at| rows.columns.get(at));
            let fits = |value: &Value| match (key.ty.as_str(), value) {
                ("text" | "character varying", Value::Text(_)) => true,
                ("date", Value::Date(_)) | ("timestamp with time zone", Value::Timestamp(_)) => true,
                (_, Value::Int(_)) => key.ty.ends_with("int") || key.ty == "integer",
                _ => false,
            };
            known.is_exact(key) && values.is_some_and(|values| values.iter().all(|value| fits(&value)))
        };
        known.nature == Nature::Plain && self.key.iter().all(|key| is_exact(key))
    }

    /// An empty table for the columns asked for.
    fn nothing(&self) -> Table {
        Table::new(self.back.iter().map(|column| column.name.as_str().into()).collect())
    }

    /// The statements that write a piece. Where rows do not tell whether they are new, the first creates, and the second
    /// changes those that differ: what the first one created does not.
    fn texts(&self) -> Vec<String> {
        let write = |then: &str| {
            let (given, insertion) = (self.batch.given(), self.batch.insertion());
            (given, format!("{insertion} on conflict ({}) {then}", names(&self.key)))
        };
        let (given, insertion) = write(&self.otherwise());
        if self.batch.known.nature == Nature::Remote {
            let (_, creation) = write("do nothing");
            return vec![format!("{given} {creation}"), format!("{given} {insertion}")];
        }
        if !self.back.is_empty() {
            return vec![format!("{given} {insertion} returning (t.xmax = 0), {}", self.backs())];
        }
        vec![format!(
            "{given}, written as ({insertion} returning (t.xmax = 0) as fresh)
             select count(*) filter (where fresh), count(*) filter (where not fresh) from written"
        )]
    }

    /// What happens to a row that is there. Where the rows are keys alone nothing differs, and the row is only locked.
    fn otherwise(&self) -> String {
        let is_key = |column: &&&Column| self.key.iter().any(|key| key.name == column.name);
        let columns = self.batch.columns.iter().filter(|column| !is_key(column));
        let names: Vec<String> = columns.map(|column| quote(&column.name)).collect();
        let Some(key) = self.key.first().filter(|_| names.is_empty()) else {
            let each = |form: fn(&String) -> String| names.iter().map(form).collect::<Vec<_>>().join(", ");
            return format!(
                "do update set {} where row({})::record *<> row({})::record",
                each(|name| format!("{name} = excluded.{name}")),
                each(|name| format!("t.{name}")),
                each(|name| format!("excluded.{name}")),
            );
        };
        format!("do update set {0} = excluded.{0} where false", quote(&key.name))
    }

    fn backs(&self) -> String {
        self.back.iter().map(|column| format!("t.{}", quote(&column.name))).collect::<Vec<_>>().join(", ")
    }

    /// Each given row with that of the table.
    fn joined(&self) -> String {
        let of_key = |key: &&Column| {
            let at = self.batch.columns.iter().position(|column| column.name == key.name).unwrap_or_default();
            format!("t.{} = given.c{at}", quote(&key.name))
        };
        let same: Vec<String> = self.key.iter().map(of_key).collect();
        format!("from given join {} as t on {}", self.batch.known.table.sql, same.join(" and "))
    }

    /// How many of the given rows are in the table, and as how many rows.
    fn seen(&self) -> String {
        let key: Vec<String> = self.key.iter().map(|column| format!("t.{}", quote(&column.name))).collect();
        let groups = format!("select count(*) as n {} group by {}", self.joined(), key.join(", "));
        format!("{} select coalesce(sum(n), 0)::int8, count(*) from ({groups}) as found", self.batch.given())
    }

    /// The columns asked for, in the order of the rows.
    fn found(&self) -> String {
        format!("{} select {} {} order by given.at", self.batch.given(), self.backs(), self.joined())
    }
}
