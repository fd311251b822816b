//! What a PostgreSQL database holds, and what it has against a statement.

use futures_util::FutureExt;
use indexmap::IndexMap;
use sqlx::postgres::{PgConnection, PgErrorPosition};
use sqlx::{AssertSqlSafe, Executor, Row, SqlSafeStr};

use super::PostgresDatabase;
use super::error::{failure, server};
use crate::connection::{Answer, Describe, Refusal};
use crate::schema::{Column, Schema, Table};
use crate::value::StepError;

/// Columns of tables and views: those on the search path, and those in the schemas `$1`.
const COLUMNS: &str = "
    select case when pg_table_is_visible(c.oid) then c.relname::text else n.nspname || '.' || c.relname end,
        n.nspname::text, c.relkind in ('v', 'm'), a.attname::text,
        format_type(coalesce(nullif(t.typbasetype, 0), a.atttypid), case t.typbasetype when 0 then a.atttypmod else -1 end),
        not (a.attnotnull or t.typnotnull), pg_get_expr(d.adbin, d.adrelid)
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid
    join pg_type t on t.oid = a.atttypid
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where c.relkind in ('r', 'p', 'v', 'm', 'f') and a.attnum > 0 and not a.attisdropped
        and (n.nspname = any(current_schemas(false)) or n.nspname = any($1))
    order by 1, a.attnum";

/// Unique indexes that hold for all rows, with their columns in order.
const INDEXES: &str = "
    select case when pg_table_is_visible(c.oid) then c.relname::text else n.nspname || '.' || c.relname end,
        i.indisprimary, array_agg(a.attname::text order by k.n)
    from pg_index i
    join pg_class c on c.oid = i.indrelid
    join pg_namespace n on n.oid = c.relnamespace
    cross join unnest(i.indkey) with ordinality as k(attnum, n)
    join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum
    where i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null and k.n <= i.indnkeyatts
        and (n.nspname = any(current_schemas(false)) or n.nspname = any($1))
    group by 1, 2, i.indexrelid
    order by 1, i.indexrelid";

impl Describe for PostgresDatabase {
    fn schema<'a>(&'a self, also: &'a [String]) -> Answer<'a, Schema> {
        async move {
            let mut lease = self.shared.pool.lend().await?;
            let found = read(lease.connection()?, also).await.map_err(|error| failure(&error, ""))?;
            lease.give_back();
            Ok(found.sorted())
        }
        .boxed()
    }

    fn refusal<'a>(&'a self, text: &'a str) -> Answer<'a, Option<Refusal>> {
        async move {
            let mut lease = self.shared.pool.lend().await?;
            let prepared = lease.connection()?.prepare(AssertSqlSafe(text).into_sql_str()).await.map(drop);
            let refusal = prepared.err().map(|error| refused(&error, text)).transpose()?;
            lease.give_back();
            Ok(refusal.flatten())
        }
        .boxed()
    }
}

async fn read(connection: &mut PgConnection, also: &[String]) -> Result<Schema, sqlx::Error> {
    let version: String = sqlx::query_scalar("show server_version").fetch_one(&mut *connection).await?;
    let mut tables: IndexMap<String, Table> = IndexMap::new();
    for row in sqlx::query(COLUMNS).bind(also).fetch_all(&mut *connection).await? {
        let table = tables.entry(row.try_get(0)?).or_default();
        (table.schema, table.view) = (row.try_get(1)?, row.try_get(2)?);
        let column = Column { ty: row.try_get(4)?, nullable: row.try_get(5)?, default: row.try_get(6)? };
        table.columns.insert(row.try_get(3)?, column);
    }
    for row in sqlx::query(INDEXES).bind(also).fetch_all(connection).await? {
        let Some(table) = tables.get_mut(row.try_get::<&str, _>(0)?) else { continue };
        let columns: Vec<String> = row.try_get(2)?;
        if row.try_get(1)? {
            table.primary_key = columns;
        } else {
            table.unique.push(columns);
        }
    }
    Ok(Schema { database: "postgres".to_owned(), version, tables, ..Schema::default() })
}

/// What the server said of a text; that it cannot tell a parameter's type is no fault of the text.
fn refused(error: &sqlx::Error, text: &str) -> Result<Option<Refusal>, StepError> {
    let Some(said) = server(error) else { return Err(failure(error, "")) };
    if matches!(said.code(), "42P18" | "42P08" | "42725") {
        return Ok(None);
    }
    let at = match said.position() {
        Some(PgErrorPosition::Original(letter)) => {
            text.char_indices().nth(letter.saturating_sub(1)).map(|(byte, _)| byte)
        }
        _ => None,
    };
    Ok(Some(Refusal { message: said.message().to_owned(), help: said.hint().map(str::to_owned), at }))
}
