//! A statement for each row, many of them in one round trip.
//!
//! The statement is prepared by SQL once for each combination of types, and executed with literals: as many executions as
//! fit travel as one text, and the server answers each with its count. So it stays one statement for each row, with the row
//! that is refused known by number. One statement over `unnest(…)` was rejected: it is another statement, which sees what
//! earlier rows did in another way.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::TryStreamExt;
use sqlx::AssertSqlSafe;

use super::error::failure;
use super::plan::{Ready, ready};
use super::statement::Place;
use super::write::array_text;
use crate::connection::sql::rows::with_row;
use crate::connection::sql::text::write_plain;
use crate::query::sql::{Bound, SqlQuery};
use crate::value::{Sequence, StepError, Table, Value};

/// How much is sent at once, in bytes.
const CHUNK: usize = 1 << 17;

/// The statements that can be prepared by SQL.
const PREPARED: [&str; 6] = ["insert", "update", "delete", "merge", "select", "with"];

/// Tells the names of prepared statements apart: a pooled connection may still hold one.
static NUMBER: AtomicU64 = AtomicU64::new(0);

/// Whether a statement can be executed many times in one text.
pub(super) fn is_prepared(query: &SqlQuery) -> bool {
    let text = query.to_string();
    let word: String = text.trim_start().chars().take_while(char::is_ascii_alphabetic).collect();
    PREPARED.contains(&word.to_ascii_lowercase().as_str())
}

/// What is to be sent.
#[derive(Default)]
struct Batch {
    text: String,
    /// For each statement of the text the row that it is for, and whether it only prepares.
    statements: Vec<(usize, bool)>,
}

impl Place<'_> {
    /// Runs a statement once for each row, inside a transaction.
    pub(super) async fn each_in_batches(&mut self, query: &SqlQuery, rows: &Table) -> Result<u64, StepError> {
        self.command("savepoint vmflow_each").await?;
        let mut names = HashMap::new();
        let result = self.batches(query, rows, &mut names).await;
        let mut end = String::new();
        if result.is_err() {
            end.push_str("rollback to savepoint vmflow_each; ");
        }
        for name in names.values() {
            let _ = write!(end, "deallocate {name}; ");
        }
        end.push_str("release savepoint vmflow_each");
        let ended = sqlx::raw_sql(AssertSqlSafe(end)).execute(&mut *self.connection).await;
        match (result, ended) {
            (Ok(_), Err(error)) => Err(failure(&error, "")),
            (result, _) => result,
        }
    }

    async fn batches(
        &mut self,
        query: &SqlQuery,
        rows: &Table,
        names: &mut HashMap<String, String>,
    ) -> Result<u64, StepError> {
        let (mut touched, mut batch) = (0, Batch::default());
        for at in 0..rows.rows {
            let of_row = match with_row(query, rows, at) {
                Ok(of_row) => of_row,
                Err(error) => return self.earlier(batch, (query, rows)).await.and(Err(error)),
            };
            let ready = match ready(self.connection, &self.shared.plans, &of_row, self.inside).await {
                Ok(ready) => ready,
                Err(error) => {
                    let error = self.told(error, &of_row).context(format!("row {}", at + 1));
                    return self.earlier(batch, (query, rows)).await.and(Err(error));
                }
            };
            let Some(literals) = literals(&ready) else {
                // A text cannot hold it: it is bound, and the server says what it thinks of it.
                touched += self.earlier(std::mem::take(&mut batch), (query, rows)).await?;
                let done = self.run(&of_row, true).await.map_err(|error| self.told(error, &of_row));
                touched += done.map_err(|error| error.context(format!("row {}", at + 1)))?;
                continue;
            };
            batch.add(at, &ready, &literals, names);
            if batch.text.len() >= CHUNK {
                touched += self.earlier(std::mem::take(&mut batch), (query, rows)).await?;
            }
        }
        Ok(touched + self.earlier(batch, (query, rows)).await?)
    }

    /// Sends what is waiting; the number of rows that it touched.
    async fn earlier(&mut self, batch: Batch, (query, rows): (&SqlQuery, &Table)) -> Result<u64, StepError> {
        if batch.statements.is_empty() {
            return Ok(0);
        }
        let (mut touched, mut done) = (0, 0);
        let mut answers = sqlx::raw_sql(AssertSqlSafe(batch.text.as_str())).execute_many(&mut *self.connection);
        let error = loop {
            match answers.try_next().await {
                Ok(Some(answer)) => (touched, done) = (touched + answer.rows_affected(), done + 1),
                Ok(None) => return Ok(touched),
                Err(error) => break error,
            }
        };
        drop(answers);
        let Some((row, prepares)) = batch.statements.get(done).or(batch.statements.last()) else {
            return Err(failure(&error, ""));
        };
        // A place among literals would show some of another value.
        let failure = failure(&error, if *prepares { &batch.text } else { "" });
        let told = match with_row(query, rows, *row) {
            Ok(of_row) => self.told(failure, &of_row),
            Err(_) => failure,
        };
        Err(told.context(format!("row {}", row + 1)))
    }
}

impl Batch {
    fn add(&mut self, row: usize, ready: &Ready, literals: &str, names: &mut HashMap<String, String>) {
        let name = match names.get(&ready.text) {
            Some(name) => name,
            None => {
                let name = format!("vmflow_each_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
                let types =
                    if ready.names.is_empty() { String::new() } else { format!(" ({})", ready.names.join(", ")) };
                // The text may end in a comment.
                let _ = write!(self.text, "prepare {name}{types} as {}\n;\n", ready.text);
                self.statements.push((row, true));
                names.entry(ready.text.clone()).or_insert(name)
            }
        };
        let _ = match literals {
            "" => writeln!(self.text, "execute {name};"),
            literals => writeln!(self.text, "execute {name}({literals});"),
        };
        self.statements.push((row, false));
    }
}

/// What a statement is executed with; `None` when there is a NUL in it, which would end the text.
fn literals(ready: &Ready) -> Option<String> {
    let mut text = String::new();
    for (at, bound) in ready.values.iter().enumerate() {
        if at > 0 {
            text.push_str(", ");
        }
        match bound {
            Bound::One(value) => literal(&mut text, value),
            Bound::Many(items) => quoted(&mut text, &array_text(&Sequence::List(items.clone()))),
        }
    }
    (!text.contains('\0')).then_some(text)
}

fn literal(text: &mut String, value: &Value) {
    let mut plain = String::new();
    match value {
        Value::Int(_) | Value::Bool(_) => drop(write_plain(value, text)),
        value if write_plain(value, &mut plain) => quoted(text, &plain),
        _ => text.push_str("null"),
    }
}

/// With backslashes doubled and said to be so: whether they mean something otherwise is up to the server.
fn quoted(text: &mut String, plain: &str) {
    text.push_str("E'");
    for letter in plain.chars() {
        if matches!(letter, '\'' | '\\') {
            text.push(letter);
        }
        text.push(letter);
    }
    text.push('\'');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_what_they_say() {
        let mut text = String::new();
        for value in
            [Value::text("it's \\ \"x\"; --"), Value::Int(-5), Value::Bool(true), Value::None, Value::Float(0.1)]
        {
            literal(&mut text, &value);
            text.push(' ');
        }
        assert_eq!(text, "E'it''s \\\\ \"x\"; --' -5 true null E'0.1' ");
    }
}
