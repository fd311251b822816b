//! Rows into PostgreSQL.

use sqlx::AssertSqlSafe;

use super::batch::{ARRAYS, Batch, MANY, names};
use super::statement::Place;
use crate::connection::SqlDialect;
use crate::connection::sql::rows::{Column, Family, check_values, pieces};
use crate::connection::sql::text::write_plain;
use crate::value::{Sequence, StepError, Table, Value};

impl Place<'_> {
    /// Inserts rows.
    pub(super) async fn insert(&mut self, table: &str, rows: &Table) -> Result<u64, StepError> {
        if rows.rows == 0 {
            return Ok(0);
        }
        let known = self.target(table).await?;
        let columns = known.table.columns_of(rows)?;
        check_values(rows, &columns, SqlDialect::Postgres)?;
        let batch = Batch { rows, known: &known, columns: &columns, waits: false };
        let done = if rows.rows >= MANY && known.takes_copies && !columns.iter().any(|column| known.is_fixed(column)) {
            let into = format!("{} ({})", known.table.sql, names(&columns));
            let copied = self.copy(&into, &columns, rows, false).await;
            copied.map_err(|error| batch.explain(&error, None))
        } else {
            self.insert_pieces(&batch).await
        };
        if done.is_err() {
            self.shared.forget();
        }
        done
    }

    async fn insert_pieces(&mut self, batch: &Batch<'_>) -> Result<u64, StepError> {
        let text = format!("{} {}", batch.given(), batch.insertion());
        let mut touched = 0;
        for piece in pieces(batch.rows.rows, ARRAYS) {
            self.watch(&piece).await?;
            let query = sqlx::query_with(AssertSqlSafe(text.as_str()), batch.arguments(&piece)?);
            match query.execute(&mut *self.connection).await {
                Ok(done) => touched += done.rows_affected(),
                Err(error) => return Err(self.blame(batch, &[text], &piece, &error).await),
            }
            self.watched(&piece).await?;
        }
        Ok(touched)
    }
}

/// Adds a value as a text that the column reads; `false` for a null, which adds nothing.
pub(super) fn text_of(value: &Value, column: &Column, text: &mut String) -> bool {
    match (value, column.family, Sequence::of(value)) {
        (Value::List(_) | Value::Column(_), Family::Array, Some(items)) => {
            text.push_str(&array_text(&items));
            true
        }
        _ => write_plain(value, text),
    }
}

/// `{"a","b",null}`, as PostgreSQL reads arrays.
pub(super) fn array_text(items: &Sequence) -> String {
    let item = |item: Value| {
        let mut text = String::new();
        if !write_plain(&item, &mut text) {
            return "null".to_owned();
        }
        format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
    };
    format!("{{{}}}", items.iter().map(item).collect::<Vec<_>>().join(","))
}
