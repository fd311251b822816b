//! Rows into PostgreSQL: columns travel as arrays of texts and are cast to the columns' types, so that
//! any text or number lands as a literal would, and a piece of rows is one statement whatever its length.

use std::ops::Range;

use sqlx::postgres::PgArguments;
use sqlx::{Arguments, AssertSqlSafe};

use super::error::failure;
use super::statement::Place;
use crate::connection::SqlDialect;
use crate::connection::sql::rows::{Column, Family, Target, check_values, pieces, quote};
use crate::connection::sql::text::{cover, plain, secrets};
use crate::value::{ErrorKind, Sequence, StepError, Table, Value};

/// The most rows in a statement.
pub(super) const ROWS: usize = 2000;

impl Place<'_> {
    /// Inserts rows.
    pub(super) async fn insert(&mut self, table: &str, rows: &Table) -> Result<u64, StepError> {
        if rows.rows == 0 {
            return Ok(0);
        }
        let target = self.target(table).await?;
        let columns = target.columns_of(rows)?;
        check_values(rows, &columns, SqlDialect::Postgres)?;
        let text = format!("{} {}", given(&columns), insertion(&target, &columns));
        let mut touched = 0;
        for piece in pieces(rows.rows, ROWS) {
            let arguments = arrays(&columns, rows, &piece)?;
            let done = sqlx::query_with(AssertSqlSafe(text.as_str()), arguments).execute(&mut *self.connection).await;
            touched += done.map_err(|error| self.explain(&error, &text, table, rows))?.rows_affected();
        }
        Ok(touched)
    }

    /// What went wrong while rows were written.
    pub(super) fn explain(&self, error: &sqlx::Error, text: &str, table: &str, rows: &Table) -> StepError {
        self.shared.forget();
        // The position is one in a text that nobody wrote.
        let failure = failure(error, text.get(..0).unwrap_or_default());
        cover(failure, &secrets(rows.cells())).context(format!("writing to `{table}`"))
    }
}

/// `with given as (…)`: a piece of the rows in the columns' types, numbered by `at`. The columns are `c0`, `c1`, ….
pub(super) fn given(columns: &[&Column]) -> String {
    let cast = |(n, column): (usize, &&Column)| format!("c{n}::{} as c{n}", column.ty);
    let casts: Vec<String> = columns.iter().enumerate().map(cast).collect();
    let arrays: Vec<String> = (1..=columns.len()).map(|n| format!("${n}::text[]")).collect();
    format!(
        "with given as (select {}, at from unnest({}) with ordinality as u({}, at))",
        casts.join(", "),
        arrays.join(", "),
        aliases(columns),
    )
}

fn aliases(columns: &[&Column]) -> String {
    (0..columns.len()).map(|n| format!("c{n}")).collect::<Vec<_>>().join(", ")
}

/// `insert into t (…) select … from given`, in the order of the rows.
pub(super) fn insertion(target: &Target, columns: &[&Column]) -> String {
    let names: Vec<String> = columns.iter().map(|column| quote(&column.name)).collect();
    let (names, aliases) = (names.join(", "), aliases(columns));
    format!("insert into {} as t ({names}) select {aliases} from given order by at", target.sql)
}

/// One array of texts for each column.
pub(super) fn arrays(columns: &[&Column], rows: &Table, piece: &Range<usize>) -> Result<PgArguments, StepError> {
    let mut arguments = PgArguments::default();
    for (column, values) in columns.iter().zip(&rows.columns) {
        let text = |value: Value| match (&value, column.family, Sequence::of(&value)) {
            (Value::List(_) | Value::Column(_), Family::Array, Some(items)) => Some(array_text(&items)),
            _ => plain(&value),
        };
        let texts: Vec<Option<String>> = piece.clone().filter_map(|at| values.get(at)).map(text).collect();
        let added = arguments.add(texts);
        added.map_err(|error| StepError::new(ErrorKind::Data, format!("column `{}`: {error}", column.name)))?;
    }
    Ok(arguments)
}

/// `{"a","b",null}`, as PostgreSQL reads arrays.
fn array_text(items: &Sequence) -> String {
    let item = |item: Value| match plain(&item) {
        Some(text) => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
        None => "null".to_owned(),
    };
    format!("{{{}}}", items.iter().map(item).collect::<Vec<_>>().join(","))
}
