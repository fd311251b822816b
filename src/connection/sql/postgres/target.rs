//! The tables that rows are written to, as PostgreSQL describes them.

use std::sync::Arc;

use super::error::failure;
use super::statement::Place;
use crate::connection::sql::rows::{Column, Family, Target, quote_table, unknown_table};
use crate::value::StepError;

/// Columns of a table: name, type to cast to, family. A domain is cast to what lies under it, because a cast to a
/// domain of `varchar(3)` cuts longer texts, where an insertion refuses them.
const COLUMNS: &str = "
    select a.attname::text, format_type(coalesce(b.oid, t.oid), -1),
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
    /// What is known of a table.
    pub(super) async fn target(&mut self, table: &str) -> Result<Arc<Target>, StepError> {
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

    /// Whether a table's rows have PostgreSQL's own columns, which those of views and partitioned tables lack.
    pub(super) async fn is_ordinary(&mut self, target: &Target) -> Result<bool, StepError> {
        let kind = "select relkind = 'r' from pg_class where oid = to_regclass($1)";
        let found: Result<bool, _> =
            sqlx::query_scalar(kind).bind(target.sql.as_str()).fetch_one(&mut *self.connection).await;
        found.map_err(|error| failure(&error, ""))
    }
}
