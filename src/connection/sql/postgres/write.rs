//! Rows into PostgreSQL: columns travel as arrays of texts and are cast to the columns' types, so that
//! any text or number lands as a literal would, and a piece of rows is one statement whatever its length.

use std::ops::Range;
use std::sync::Arc;

use sqlx::postgres::PgArguments;
use sqlx::{Arguments, AssertSqlSafe, Row};

use super::decode::value;
use super::error::failure;
use super::statement::{Place, lacks_index};
use crate::connection::sql::rows::{
    Column, Family, Target, check_keys, check_values, no_unique_index, pieces, quote, quote_table, table_of,
    unknown_table,
};
use crate::connection::sql::text::{cover, plain, secrets};
use crate::connection::{SqlDialect, Upserted};
use crate::value::{ErrorKind, Sequence, StepError, Table, Value};

/// The most rows in a statement.
const ROWS: usize = 2000;

/// Columns of a table: name, type to cast to, family.
const COLUMNS: &str = "
    select a.attname::text, format_type(a.atttypid, -1),
        case
            when t.typcategory = 'A' then 'array'
            when coalesce(b.oid, t.oid) = 'date'::regtype then 'date'
            when coalesce(b.oid, t.oid) in ('timestamp'::regtype, 'timestamptz'::regtype) then 'timestamp'
            else 'other'
        end
    from pg_attribute a
    join pg_type t on t.oid = a.atttypid
    left join pg_type b on b.oid = t.typbasetype
    where a.attrelid = to_regclass($1) and a.attnum > 0 and not a.attisdropped
    order by a.attnum";

/// Tables that a bare name finds.
const TABLES: &str = "
    select relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where relkind in ('r', 'p', 'v', 'f') and nspname not in ('pg_catalog', 'information_schema')
    order by relname limit 1000";

impl Place<'_> {
    /// Inserts rows.
    pub(super) async fn insert(&mut self, table: &str, rows: &Table) -> Result<u64, StepError> {
        if rows.rows == 0 {
            return Ok(0);
        }
        let target = self.target(table).await?;
        let columns = target.columns_of(rows)?;
        check_values(rows, &columns, SqlDialect::Postgres)?;
        let text = insertion(&target, &columns);
        let mut touched = 0;
        for piece in pieces(rows.rows, ROWS) {
            let arguments = arrays(&columns, rows, &piece)?;
            let done = sqlx::query_with(AssertSqlSafe(text.as_str()), arguments).execute(&mut *self.connection).await;
            touched += done.map_err(|error| self.explain(&error, &text, table, rows))?.rows_affected();
        }
        Ok(touched)
    }

    fn explain(&self, error: &sqlx::Error, text: &str, table: &str, rows: &Table) -> StepError {
        self.shared.forget();
        // The position is one in a text that nobody wrote.
        let failure = failure(error, text.get(..0).unwrap_or_default());
        cover(failure, &secrets(rows.cells())).context(format!("writing to `{table}`"))
    }

    async fn target(&mut self, table: &str) -> Result<Arc<Target>, StepError> {
        if let Some(known) = self.shared.target(table) {
            return Ok(known);
        }
        let mut sql = quote_table(table)?;
        let mut columns = self.columns(&sql).await?;
        if columns.is_empty() {
            // As a bare name in SQL, which PostgreSQL folds.
            sql = sql.to_lowercase();
            columns = self.columns(&sql).await?;
        }
        if columns.is_empty() {
            let names: Result<Vec<String>, _> = sqlx::query_scalar(TABLES).fetch_all(&mut *self.connection).await;
            let names = names.map_err(|error| failure(&error, ""))?;
            return Err(unknown_table(table, names.iter().map(String::as_str)));
        }
        let target = Arc::new(Target { sql, name: table.to_owned(), columns });
        self.shared.remember(target.clone());
        Ok(target)
    }

    async fn columns(&mut self, sql: &str) -> Result<Vec<Column>, StepError> {
        let found: Result<Vec<(String, String, String)>, _> =
            sqlx::query_as(COLUMNS).bind(sql).fetch_all(&mut *self.connection).await;
        let column = |(name, ty, family): (String, String, String)| {
            let family = match family.as_str() {
                "array" => Family::Array,
                "date" => Family::Date,
                "timestamp" => Family::Timestamp,
                _ => Family::Other,
            };
            Column { name, ty, family }
        };
        Ok(found.map_err(|error| failure(&error, ""))?.into_iter().map(column).collect())
    }

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
        check_keys(rows, key)?;
        let target = self.target(table).await?;
        let columns = target.columns_of(rows)?;
        check_values(rows, &columns, SqlDialect::Postgres)?;
        let text = upsertion(&target, &columns, key, returning)?;
        for piece in pieces(rows.rows, ROWS) {
            let arguments = arrays(&columns, rows, &piece)?;
            let query = sqlx::query_with(AssertSqlSafe(text.as_str()), arguments).persistent(false);
            let given = query.fetch_all(&mut *self.connection).await.map_err(|error| {
                let failure = self.explain(&error, &text, table, rows);
                if lacks_index(&error) { no_unique_index(&target, key) } else { failure }
            })?;
            count(&given, piece.len(), &mut done)?;
        }
        Ok(done)
    }
}

/// Adds up what a piece did: its first column says whether the row is new.
fn count(given: &[sqlx::postgres::PgRow], expected: usize, done: &mut Upserted) -> Result<(), StepError> {
    if given.len() != expected {
        let message = format!(
            "PostgreSQL took {} of {expected} rows; a trigger or rule may have kept the others out",
            given.len()
        );
        return Err(StepError::new(ErrorKind::Write, message));
    }
    for row in given {
        match value(row, 0)? {
            Value::Bool(true) => done.created += 1,
            _ => done.updated += 1,
        }
        done.rows.push((1..row.len()).map(|at| value(row, at)).collect::<Result<Vec<_>, _>>()?);
    }
    Ok(())
}

/// `insert into t (…) select … from unnest(…)`, in the order of the rows.
fn insertion(target: &Target, columns: &[&Column]) -> String {
    let names: Vec<String> = columns.iter().map(|column| quote(&column.name)).collect();
    let cast = |(n, column): (usize, &&Column)| format!("c{n}::{}", column.ty);
    let casts: Vec<String> = columns.iter().enumerate().map(cast).collect();
    let arrays: Vec<String> = (1..=columns.len()).map(|n| format!("${n}::text[]")).collect();
    let aliases: Vec<String> = (0..columns.len()).map(|n| format!("c{n}")).collect();
    format!(
        "insert into {} ({}) select {} from unnest({}) with ordinality as given({}, at) order by at",
        target.sql,
        names.join(", "),
        casts.join(", "),
        arrays.join(", "),
        aliases.join(", "),
    )
}

fn upsertion(
    target: &Target,
    columns: &[&Column],
    key: &[Arc<str>],
    returning: &[Arc<str>],
) -> Result<String, StepError> {
    let key = key.iter().map(|name| target.column(name)).collect::<Result<Vec<_>, _>>()?;
    let is_key = |column: &&&Column| key.iter().any(|key| key.name == column.name);
    let mut set: Vec<&Column> = columns.iter().filter(|column| !is_key(column)).copied().collect();
    if set.is_empty() {
        // A change to the same value: `do nothing` would return no row.
        set.extend(key.first().copied());
    }
    let set: Vec<String> = set.iter().map(|column| format!("{0} = excluded.{0}", quote(&column.name))).collect();
    let names: Vec<String> = key.iter().map(|column| quote(&column.name)).collect();
    let back = returning.iter().map(|name| target.column(name).map(|column| format!(", {}", quote(&column.name))));
    let back: String = back.collect::<Result<Vec<_>, _>>()?.concat();
    // A row version that nobody has replaced or locked was inserted just now.
    Ok(format!(
        "{} on conflict ({}) do update set {} returning (xmax = 0){back}",
        insertion(target, columns),
        names.join(", "),
        set.join(", "),
    ))
}

/// One array of texts for each column.
fn arrays(columns: &[&Column], rows: &Table, piece: &Range<usize>) -> Result<PgArguments, StepError> {
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
