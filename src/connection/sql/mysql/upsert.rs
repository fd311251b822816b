//! Inserting rows or updating those whose key is there with other values, counted exactly.
//!
//! `on duplicate key update` leaves open what happened in two ways. It reacts to any unique index, so that a row may be
//! changed whose key is another one: here such a row ends the statement. And the number of rows that it gives is 1
//! for a new row as well as for one that was there with the same values: here the rows that were there, and those that
//! differ, are counted in variables of the session, while the statement runs. Looking first which keys are there was rejected: somebody
//! else may write them in between, or has to wait for locks on the gaps between keys.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use sqlx::AssertSqlSafe;
use sqlx::mysql::MySqlArguments;

use super::encode::{bind_cell, instant};
use super::error::failure;
use super::statement::Place;
use super::target::Described;
use super::write::{check, insertion, pieces};
use crate::connection::Upserted;
use crate::connection::sql::distinct::{Distinct, key_text};
use crate::connection::sql::rows::{Column, Family, no_unique_index, quote, same_key_in_column, table_of};
use crate::value::{ErrorKind, StepError, Table, Value};

/// A number that no `double` holds: computing it ends a statement, and only when it is computed. What stands behind
/// it keeps the server from computing it beforehand.
const TOO_LARGE: &str = "exp(10000 + ";

const COUNTS: &str = "select cast(@vmflow_found as signed), cast(@vmflow_differing as signed)";

/// A table with what is written to it.
struct Plan<'a> {
    described: &'a Described,
    columns: Vec<&'a Column>,
    rows: &'a Table,
    key: Vec<&'a Column>,
    /// The key as it was named.
    asked: &'a [Arc<str>],
    back: Vec<&'a Column>,
}

/// A row that was written: its key as the table holds it, and the columns asked for.
type Written = (Vec<Value>, Vec<Value>);

impl Place<'_> {
    /// Inserts rows, or updates those whose key is there.
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
        let distinct = Distinct::of(rows, key)?;
        let rows = &*distinct.rows;
        let described = self.target(table).await?;
        let plan = Plan::new(&described, rows, key, returning)?;
        let mut keys = HashSet::new();
        for piece in pieces(rows, self.live.most_bytes)? {
            let (written, found, differing) =
                self.piece(&plan, &piece).await.map_err(|error| self.explain(plan.explain(error), table, rows))?;
            done.created += (piece.len() as u64).saturating_sub(found);
            done.updated += differing;
            done.unchanged += found.saturating_sub(differing);
            for (key, back) in written {
                plan.first_time(key, &mut keys)?;
                done.rows.push(back);
            }
        }
        done.rows = distinct.spread(done.rows);
        Ok(done)
    }

    /// Writes a piece of the rows; gives them in their order, how many were there before, and how many of those differ.
    async fn piece(&mut self, plan: &Plan<'_>, piece: &Range<usize>) -> Result<(Vec<Written>, u64, u64), StepError> {
        self.command("set @vmflow_found = 0, @vmflow_differing = 0").await?;
        let written = match self.statement(plan, piece).await {
            Ok(written) => written,
            Err(error) => return Err(self.blame(&|piece: &Range<usize>| plan.statement(piece), piece, error).await),
        };
        let counts: (i64, i64) =
            sqlx::query_as(COUNTS).fetch_one(&mut self.live.connection).await.map_err(|error| failure(&error))?;
        let written = if self.live.is_mariadb { written } else { self.read_back(plan, piece).await? };
        self.check_keys_kept(plan, piece, &written).await?;
        if written.len() != piece.len() {
            let message =
                format!("MySQL took {} of {} rows; a trigger may have kept the others out", written.len(), piece.len());
            return Err(StepError::new(ErrorKind::Write, message));
        }
        Ok((written, counts.0.unsigned_abs(), counts.1.unsigned_abs()))
    }

    /// Writes a piece of the rows; gives them where the server does.
    async fn statement(&mut self, plan: &Plan<'_>, piece: &Range<usize>) -> Result<Vec<Written>, StepError> {
        let (text, arguments) = plan.statement(piece)?;
        if self.live.is_mariadb {
            let given = self.rows(format!("{text} returning {}", plan.selected()), arguments).await?;
            return Ok(plan.split(&given));
        }
        let query = sqlx::query_with(AssertSqlSafe(text), arguments).persistent(false);
        query.execute(&mut self.live.connection).await.map_err(|error| failure(&error))?;
        Ok(Vec::new())
    }

    /// Refuses keys that the table changes: a number that it rounds would be another key the next time. A key that only
    /// looks other, in capitals for instance, finds its row.
    async fn check_keys_kept(
        &mut self,
        plan: &Plan<'_>,
        piece: &Range<usize>,
        written: &[Written],
    ) -> Result<(), StepError> {
        let is_other =
            |(at, (key, _)): &(usize, &Written)| key.iter().map(key_text).collect::<Vec<_>>() != plan.key_texts(*at);
        let others: Vec<usize> = piece.clone().zip(written).filter(is_other).map(|(at, _)| at).collect();
        if others.is_empty() || self.find(plan, &others).await?.len() == others.len() {
            return Ok(());
        }
        for at in others {
            if self.find(plan, &[at]).await?.is_empty() {
                return Err(plan.lost(at));
            }
        }
        Ok(())
    }

    /// The rows that were just written, in their order, by their keys: MySQL has no `returning`.
    async fn read_back(&mut self, plan: &Plan<'_>, piece: &Range<usize>) -> Result<Vec<Written>, StepError> {
        let found = self.find(plan, &piece.clone().collect::<Vec<_>>()).await?;
        let mut by_key: HashMap<Vec<Option<String>>, Written> =
            found.into_iter().map(|row| (row.0.iter().map(key_text).collect(), row)).collect();
        let mut written = Vec::with_capacity(piece.len());
        for at in piece.clone() {
            let row = match by_key.remove(&plan.key_texts(at)) {
                Some(row) => row,
                // The column writes the key another way, in capitals for instance: it alone knows whether it is the same.
                None => self.find(plan, &[at]).await?.into_iter().next().ok_or_else(|| plan.lost(at))?,
            };
            written.push(row);
        }
        Ok(written)
    }

    /// The rows of the table with the keys of some rows.
    async fn find(&mut self, plan: &Plan<'_>, rows: &[usize]) -> Result<Vec<Written>, StepError> {
        let mut arguments = MySqlArguments::default();
        for at in rows {
            for column in &plan.key {
                bind_cell(&mut arguments, &plan.cell(column, *at), column)?;
            }
        }
        let same: Vec<String> = plan.key.iter().map(|column| format!("{} = ?", quote(&column.name))).collect();
        let conditions = vec![format!("({})", same.join(" and ")); rows.len()].join(" or ");
        let text = format!("select {} from {} where {conditions}", plan.selected(), plan.described.target.sql);
        self.rows(text, arguments).await.map(|table| plan.split(&table))
    }
}

impl<'a> Plan<'a> {
    fn new(
        described: &'a Described,
        rows: &'a Table,
        key: &'a [Arc<str>],
        returning: &[Arc<str>],
    ) -> Result<Self, StepError> {
        let target = &described.target;
        let columns = target.columns_of(rows)?;
        check(rows, &columns)?;
        let find = |names: &[Arc<str>]| names.iter().map(|name| target.column(name)).collect::<Result<Vec<_>, _>>();
        let plan = Self { described, columns, rows, key: find(key)?, asked: key, back: find(returning)? };
        let is_key = |index: &Vec<String>| {
            index.len() == plan.key.len() && plan.key.iter().all(|column| index.contains(&column.name))
        };
        if described.unique.iter().any(is_key) { Ok(plan) } else { Err(no_unique_index(target, key)) }
    }

    fn statement(&self, piece: &Range<usize>) -> Result<(String, MySqlArguments), StepError> {
        let (insertion, arguments) = insertion(&self.described.target, &self.columns, self.rows, piece)?;
        Ok((format!("{insertion} {}", self.on_duplicate()), arguments))
    }

    /// What happens to a row that some unique index finds. The first assignment counts it when the key is the same,
    /// and ends the statement when it is not.
    fn on_duplicate(&self) -> String {
        let is_key = |column: &&&Column| self.key.iter().any(|key| key.name == column.name);
        let mut set: Vec<&Column> = self.columns.iter().filter(|column| !is_key(column)).copied().collect();
        let equal: Vec<String> = set.iter().map(|column| equal(column)).collect();
        let differs = if equal.is_empty() { "0".to_owned() } else { format!("(not ({}))", equal.join(" and ")) };
        if set.is_empty() {
            set.extend(self.key.first().copied());
        }
        let same: Vec<String> = self
            .key
            .iter()
            .map(|column| quote(&column.name))
            .map(|name| format!("{name} <=> values({name})"))
            .collect();
        let assigned = set.iter().map(|column| quote(&column.name)).enumerate().map(|(at, name)| {
            if at > 0 {
                return format!("{name} = values({name})");
            }
            format!(
                "{name} = case when {} and (@vmflow_found := @vmflow_found + 1) > 0 \
                 and (@vmflow_differing := @vmflow_differing + {differs}) >= 0 then values({name}) when {TOO_LARGE}({name} is null)) > 0 then values({name}) end",
                same.join(" and ")
            )
        });
        format!("on duplicate key update {}", assigned.collect::<Vec<_>>().join(", "))
    }

    /// The columns of the key and those asked for, under names that cannot meet.
    fn selected(&self) -> String {
        let columns = self.key.iter().chain(&self.back).enumerate();
        columns.map(|(n, column)| format!("{} as c{n}", quote(&column.name))).collect::<Vec<_>>().join(", ")
    }

    fn split(&self, table: &Table) -> Vec<Written> {
        let row = |at: usize| {
            let mut cells = table.columns.iter().filter_map(|column| column.get(at));
            (cells.by_ref().take(self.key.len()).collect(), cells.collect())
        };
        (0..table.rows).map(row).collect()
    }

    fn cell(&self, column: &Column, at: usize) -> Value {
        let number = self.columns.iter().position(|other| other.name == column.name);
        number.and_then(|number| self.rows.columns.get(number)?.get(at)).unwrap_or(Value::None)
    }

    /// A key as it was given, in the form in which one that was read is compared.
    fn key_texts(&self, at: usize) -> Vec<Option<String>> {
        let text = |column: &&Column| {
            let value = self.cell(column, at);
            let at = instant(&value).filter(|_| column.family == Family::Timestamp);
            key_text(&at.map_or(value, Value::Timestamp))
        };
        self.key.iter().map(text).collect()
    }

    fn shown(&self, key: &[Value]) -> String {
        self.asked.iter().zip(key).map(|(name, value)| format!("{name} = {value}")).collect::<Vec<_>>().join(", ")
    }

    /// Keys that differ as given and are one in the column (a collation without case) would overwrite each other.
    fn first_time(&self, key: Vec<Value>, seen: &mut HashSet<Vec<Value>>) -> Result<(), StepError> {
        if seen.insert(key) { Ok(()) } else { Err(same_key_in_column(self.asked)) }
    }

    fn lost(&self, at: usize) -> StepError {
        let key: Vec<Value> = self.key.iter().map(|column| self.cell(column, at)).collect();
        let message = format!("row {}: the table does not keep its key as it is: {}", at + 1, self.shown(&key));
        StepError::new(ErrorKind::Data, message).help("round it before it is written, or give the column more digits")
    }

    /// A row that another index found is told as what it is.
    fn explain(&self, error: StepError) -> StepError {
        if !error.message.contains(TOO_LARGE) {
            return error;
        }
        let key = self.asked.iter().map(|name| &**name).collect::<Vec<_>>().join(", ");
        let is_key = |index: &&Vec<String>| {
            index.len() == self.key.len() && self.key.iter().all(|column| index.contains(&column.name))
        };
        let others = self.described.unique.iter().filter(|index| !is_key(index));
        let others: Vec<String> = others.map(|index| format!("({})", index.join(", "))).collect();
        let others = others.join(" or ");
        let row = error.message.split_once(": ").map(|(row, _)| row).filter(|row| row.starts_with("row "));
        let row = row.map_or_else(|| "a row".to_owned(), |row| format!("{row}: it"));
        let message = format!("{row} is new by its key ({key}), and not by the unique index on {others}");
        StepError::new(ErrorKind::Write, message).help("correct the rows, or name the columns of that index as the key")
    }
}

/// Whether a column holds the given value, as it is stored: a collation without case would take `a` for `A`.
fn equal(column: &Column) -> String {
    let name = quote(&column.name);
    let is_text = ["char", "text", "enum", "set"].iter().any(|kind| column.ty.contains(kind));
    if is_text {
        return format!("cast({name} as binary) <=> cast(values({name}) as binary)");
    }
    format!("{name} <=> values({name})")
}
