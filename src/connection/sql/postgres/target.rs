//! The tables that rows are written to, as PostgreSQL describes them.

use std::sync::Arc;

use sqlx::Row;
use sqlx::postgres::PgRow;

use super::error::failure;
use super::statement::Place;
use crate::connection::sql::rows::{Column, Family, Target, quote_table, unknown_table};
use crate::value::StepError;

/// Columns of a table: name, type to cast to, family, whether equal values have equal texts, whether only the server
/// gives values. A domain is cast to what lies under it, because a cast to a domain of `varchar(3)` cuts longer texts,
/// where an insertion refuses them.
const COLUMNS: &str = "
    select a.attname::text, format_type(coalesce(b.oid, t.oid), -1),
        case
            when t.typcategory = 'A' then 'array'
            when coalesce(b.oid, t.oid) = 'date'::regtype then 'date'
            when coalesce(b.oid, t.oid) in ('timestamp'::regtype, 'timestamptz'::regtype) then 'timestamp'
            else 'other'
        end,
        coalesce(b.oid, t.oid) in ('text'::regtype, 'varchar'::regtype, 'date'::regtype, 'timestamptz'::regtype,
            'int2'::regtype, 'int4'::regtype, 'int8'::regtype) and coalesce(c.collisdeterministic, true),
        a.attidentity = 'a' or a.attgenerated <> ''
    from pg_attribute a
    join pg_type t on t.oid = a.atttypid
    left join pg_type b on b.oid = t.typbasetype
    left join pg_collation c on c.oid = a.attcollation
    where a.attrelid = to_regclass($1) and a.attnum > 0 and not a.attisdropped
    order by a.attnum";

/// What else matters of a table: whether its rows have PostgreSQL's own columns, which those of views and partitioned
/// tables lack; whether a trigger or rule may keep rows out; whether COPY writes to it as an insertion would; whether
/// there may be temporary tables.
const NATURE: &str = "
    select relkind = 'r', relhastriggers or relhasrules or relkind <> 'r',
        relkind in ('r', 'p') and not relhasrules and not row_security_active(oid),
        has_database_privilege(current_database(), 'TEMP')
    from pg_class where oid = to_regclass($1)";

/// Tables that a bare name finds.
const TABLES: &str = "
    select relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where relkind in ('r', 'p', 'v', 'f') and nspname not in ('pg_catalog', 'information_schema')
    order by relname limit 1000";

/// What happens to rows on their way into a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nature {
    /// Nothing; and a row tells that it is new: its version is one that nobody has replaced or locked.
    Plain,
    /// A trigger or rule may keep rows out.
    Watched,
    /// That, and rows do not tell whether they are new: it is a view, a partitioned or a foreign table.
    Remote,
}

/// A table to write to.
#[derive(Debug)]
pub(super) struct Known {
    /// Its name and columns.
    pub table: Target,
    /// What happens to rows on their way into it.
    pub nature: Nature,
    /// Whether COPY writes to it as an insertion would.
    pub takes_copies: bool,
    /// Whether there may be temporary tables.
    pub has_temporary: bool,
    /// Columns whose equal values have equal texts.
    exact: Vec<String>,
    /// Columns that only the server gives values: an insertion refuses them, and COPY would not.
    fixed: Vec<String>,
}

impl Known {
    /// Whether equal values of the column have equal texts, given as a value of the column's kind.
    pub(super) fn is_exact(&self, column: &Column) -> bool {
        self.exact.contains(&column.name)
    }

    /// Whether only the server gives the column values.
    pub(super) fn is_fixed(&self, column: &Column) -> bool {
        self.fixed.contains(&column.name)
    }
}

impl Place<'_> {
    /// What is known of a table.
    pub(super) async fn target(&mut self, table: &str) -> Result<Arc<Known>, StepError> {
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
        let target = Arc::new(self.known(Target { sql, name: table.to_owned(), columns: Vec::new() }, &columns).await?);
        self.shared.remember(target.clone());
        Ok(target)
    }

    async fn known(&mut self, mut table: Target, rows: &[PgRow]) -> Result<Known, StepError> {
        let found = sqlx::query_as(NATURE).bind(table.sql.as_str()).fetch_one(&mut *self.connection).await;
        let nature: Result<(bool, bool, bool, bool), _> = found;
        let nature = nature.map_err(|error| failure(&error, ""))?;
        let (mut exact, mut fixed) = (Vec::new(), Vec::new());
        for row in rows {
            let (column, is_exact, is_fixed) = column(row).map_err(|error| failure(&error, ""))?;
            exact.extend(is_exact.then(|| column.name.clone()));
            fixed.extend(is_fixed.then(|| column.name.clone()));
            table.columns.push(column);
        }
        let (is_ordinary, is_watched, takes_copies, has_temporary) = nature;
        let nature = match (is_ordinary, is_watched) {
            (true, false) => Nature::Plain,
            (true, true) => Nature::Watched,
            (false, _) => Nature::Remote,
        };
        Ok(Known { table, nature, takes_copies, has_temporary, exact, fixed })
    }

    async fn columns(&mut self, sql: &str) -> Result<Vec<PgRow>, StepError> {
        let found = sqlx::query(COLUMNS).bind(sql).fetch_all(&mut *self.connection).await;
        found.map_err(|error| failure(&error, ""))
    }
}

fn column(row: &PgRow) -> Result<(Column, bool, bool), sqlx::Error> {
    let family = match row.try_get(2)? {
        "array" => Family::Array,
        "date" => Family::Date,
        "timestamp" => Family::Timestamp,
        _ => Family::Other,
    };
    Ok((Column { name: row.try_get(0)?, ty: row.try_get(1)?, family }, row.try_get(3)?, row.try_get(4)?))
}
