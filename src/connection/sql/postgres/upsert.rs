//! Upserts on PostgreSQL: what is new is inserted, what differs is updated, what is the same is left alone.
//!
//! Values are compared as they are stored, byte by byte (`*<>`): so `numeric` 1.0 and 1.00 differ, texts of a
//! collation without case differ, and types without an equality of their own (`json`) can be compared. A row that is
//! left alone is locked all the same, so that it is still there, as it was, when the transaction commits.

use std::ops::Range;
use std::sync::Arc;

use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Row};

use super::decode::value;
use super::statement::{Place, lacks_index};
use super::write::{ROWS, arrays, given, insertion};
use crate::connection::sql::rows::{
    Column, Target, check_keys, check_values, no_unique_index, pieces, quote, same_key_in_column, table_of,
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
        let mut done = Upserted { rows: table_of(returning.to_vec())?, ..Upserted::default() };
        if rows.rows == 0 {
            return Ok(done);
        }
        check_keys(rows, key)?;
        let target = self.target(table).await?;
        let columns = target.columns_of(rows)?;
        check_values(rows, &columns, SqlDialect::Postgres)?;
        let named = |names: &[Arc<str>]| names.iter().map(|name| target.column(name)).collect::<Result<Vec<_>, _>>();
        let ordinary = self.is_ordinary(&target).await?;
        let upsert =
            Upsert { rows, target: &target, columns, asked: key, key: named(key)?, back: named(returning)?, ordinary };
        for piece in pieces(rows.rows, ROWS) {
            self.piece(&upsert, &piece, &mut done).await?;
        }
        Ok(done)
    }

    async fn piece(&mut self, upsert: &Upsert<'_>, piece: &Range<usize>, done: &mut Upserted) -> Result<(), StepError> {
        let written = self.write(upsert, piece).await?;
        let rows = piece.len() as u64;
        let same = rows.saturating_sub(written.created + written.updated);
        if same > 0 {
            self.look(upsert, piece).await?;
        }
        let back = if upsert.back.is_empty() {
            vec![Vec::new(); piece.len()]
        } else if written.back.len() == piece.len() {
            written.back
        } else {
            self.given(upsert, &upsert.found(), piece)
                .await?
                .iter()
                .map(|row| cells(row, 0))
                .collect::<Result<_, _>>()?
        };
        for row in back {
            done.rows.push(row);
        }
        done.created += written.created;
        done.updated += written.updated;
        done.unchanged += same;
        Ok(())
    }

    /// Writes a piece; the rows asked for come with it as far as they were written.
    async fn write(&mut self, upsert: &Upsert<'_>, piece: &Range<usize>) -> Result<Wrote, StepError> {
        if !upsert.ordinary {
            let created = self.touched(upsert, &upsert.creation(), piece).await?;
            let updated = self.touched(upsert, &upsert.update(), piece).await?;
            return Ok(Wrote { created, updated, back: Vec::new() });
        }
        if upsert.back.is_empty() {
            let (created, updated) = self.two_counts(upsert, &upsert.counted(), piece).await?;
            return Ok(Wrote { created, updated, back: Vec::new() });
        }
        let mut wrote = Wrote::default();
        for row in &self.given(upsert, &upsert.told(), piece).await? {
            match value(row, 0)? {
                Value::Bool(true) => wrote.created += 1,
                _ => wrote.updated += 1,
            }
            wrote.back.push(cells(row, 1)?);
        }
        Ok(wrote)
    }

    /// Sees that each row of the piece is there, which the writing shows only for those that it wrote.
    async fn look(&mut self, upsert: &Upsert<'_>, piece: &Range<usize>) -> Result<(), StepError> {
        let (there, apart) = self.two_counts(upsert, &upsert.seen(), piece).await?;
        let rows = piece.len() as u64;
        if there != rows {
            let message =
                format!("PostgreSQL took {there} of {rows} rows; a trigger or rule may have kept the others out");
            return Err(StepError::new(ErrorKind::Write, message));
        }
        if apart == rows { Ok(()) } else { Err(same_key_in_column(upsert.asked)) }
    }

    async fn two_counts(
        &mut self,
        upsert: &Upsert<'_>,
        text: &str,
        piece: &Range<usize>,
    ) -> Result<(u64, u64), StepError> {
        let counts = self.given(upsert, text, piece).await?;
        let cells = counts.first().map_or(Ok(Vec::new()), |row| cells(row, 0))?;
        match cells.as_slice() {
            [Value::Int(a), Value::Int(b)] => Ok((a.unsigned_abs(), b.unsigned_abs())),
            _ => Err(StepError::new(ErrorKind::Internal, "PostgreSQL gave no counts")),
        }
    }

    async fn touched(&mut self, upsert: &Upsert<'_>, text: &str, piece: &Range<usize>) -> Result<u64, StepError> {
        let query = sqlx::query_with(AssertSqlSafe(text), arrays(&upsert.columns, upsert.rows, piece)?);
        let done = query.execute(&mut *self.connection).await;
        done.map(|done| done.rows_affected()).map_err(|error| self.refused(upsert, text, &error))
    }

    async fn given(&mut self, upsert: &Upsert<'_>, text: &str, piece: &Range<usize>) -> Result<Vec<PgRow>, StepError> {
        let query =
            sqlx::query_with(AssertSqlSafe(text), arrays(&upsert.columns, upsert.rows, piece)?).persistent(false);
        query.fetch_all(&mut *self.connection).await.map_err(|error| self.refused(upsert, text, &error))
    }

    fn refused(&self, upsert: &Upsert<'_>, text: &str, error: &sqlx::Error) -> StepError {
        let failure = self.explain(error, text, &upsert.target.name, upsert.rows);
        if lacks_index(error) { no_unique_index(upsert.target, upsert.asked) } else { failure }
    }
}

/// What writing a piece did.
#[derive(Default)]
struct Wrote {
    created: u64,
    updated: u64,
    /// The columns asked for.
    back: Vec<Vec<Value>>,
}

/// The columns of a row from a number on.
fn cells(row: &PgRow, from: usize) -> Result<Vec<Value>, StepError> {
    (from..row.len()).map(|at| value(row, at)).collect()
}

/// The texts of an upsert.
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
    /// Whether a row tells that it is new: its version is one that nobody has replaced or locked.
    ordinary: bool,
}

impl Upsert<'_> {
    fn insertion(&self) -> String {
        let key: Vec<String> = self.key.iter().map(|column| quote(&column.name)).collect();
        format!("{} on conflict ({})", insertion(self.target, &self.columns), key.join(", "))
    }

    /// What happens to a row that is there. Where the rows are keys alone nothing differs, and the row is only locked.
    fn otherwise(&self) -> String {
        let is_key = |column: &&&Column| self.key.iter().any(|key| key.name == column.name);
        let names: Vec<String> =
            self.columns.iter().filter(|column| !is_key(column)).map(|column| quote(&column.name)).collect();
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

    /// How many rows are new, and how many are changed.
    fn counted(&self) -> String {
        format!(
            "{}, written as ({} {} returning (t.xmax = 0) as fresh)
             select count(*) filter (where fresh), count(*) filter (where not fresh) from written",
            given(&self.columns),
            self.insertion(),
            self.otherwise(),
        )
    }

    /// For each row written whether it is new, and the columns asked for.
    fn told(&self) -> String {
        format!("{} returning (t.xmax = 0), {}", self.update(), self.backs())
    }

    fn backs(&self) -> String {
        self.back.iter().map(|column| format!("t.{}", quote(&column.name))).collect::<Vec<_>>().join(", ")
    }

    /// The first of two statements where rows do not tell whether they are new.
    fn creation(&self) -> String {
        format!("{} {} do nothing", given(&self.columns), self.insertion())
    }

    /// The second one: what the first one created is the same, and is left alone.
    fn update(&self) -> String {
        format!("{} {} {}", given(&self.columns), self.insertion(), self.otherwise())
    }

    /// Each given row with that of the table.
    fn joined(&self) -> String {
        let of_key = |key: &&Column| {
            let at = self.columns.iter().position(|column| column.name == key.name).unwrap_or_default();
            format!("t.{} = given.c{at}", quote(&key.name))
        };
        let same: Vec<String> = self.key.iter().map(of_key).collect();
        format!("from given join {} as t on {}", self.target.sql, same.join(" and "))
    }

    /// How many of the given rows are in the table, and as how many rows.
    fn seen(&self) -> String {
        let key: Vec<String> = self.key.iter().map(|column| format!("t.{}", quote(&column.name))).collect();
        format!("{} select count(*), count(distinct ({})) {}", given(&self.columns), key.join(", "), self.joined())
    }

    /// The columns asked for, in the order of the rows.
    fn found(&self) -> String {
        format!("{} select {} {} order by given.at", given(&self.columns), self.backs(), self.joined())
    }
}
