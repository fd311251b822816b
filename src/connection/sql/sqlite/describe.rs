//! What a SQLite database holds, and what it has against a statement.

use futures_util::FutureExt;
use indexmap::IndexMap;
use sqlx::{AssertSqlSafe, Executor, SqlSafeStr, SqliteConnection};

use super::SqliteDatabase;
use super::error::failure;
use super::interrupt::Interrupt;
use crate::connection::{Answer, Describe, Refusal};
use crate::schema::{Column, Schema, Table};
use crate::value::StepError;

/// Names and kinds of all tables, without the database's own.
const TABLES: &str = "
    select name, type from sqlite_schema where type in ('table', 'view') and name not like 'sqlite\\_%' escape '\\'
    order by name";

/// Columns with declared type, `not null`, default and place in the primary key.
const COLUMNS: &str = "select name, type, \"notnull\", dflt_value, pk from pragma_table_xinfo(?1) where hidden <> 1";

/// Columns of the unique indexes that hold for all rows; no name where an index holds an expression.
const INDEXES: &str = "
    select l.name, i.name from pragma_index_list(?1) l join pragma_index_info(l.name) i
    where l.\"unique\" and not l.partial and l.origin <> 'pk' order by l.seq, i.seqno";

/// `SQLITE_ERROR`: what is wrong with a statement, that of a view included: it may name what is gone.
const IS_WRONG: &str = "1";

impl Describe for SqliteDatabase {
    /// There are no schemas to name.
    fn schema<'a>(&'a self, _also: &'a [String]) -> Answer<'a, Schema> {
        async move {
            self.shared.prepare().await?;
            let mut reader = self.shared.readers.acquire().await.map_err(|error| self.shared.unopened(&error))?;
            Interrupt::of(&mut reader).await?;
            read(&mut reader).await.map(Schema::sorted).map_err(|error| failure(&error))
        }
        .boxed()
    }

    fn refusal<'a>(&'a self, text: &'a str) -> Answer<'a, Option<Refusal>> {
        async move {
            self.shared.prepare().await?;
            let mut reader = self.shared.readers.acquire().await.map_err(|error| self.shared.unopened(&error))?;
            let prepared = reader.prepare(AssertSqlSafe(text).into_sql_str()).await;
            prepared.err().map(|error| refused(&error, text)).transpose()
        }
        .boxed()
    }
}

async fn read(connection: &mut SqliteConnection) -> Result<Schema, sqlx::Error> {
    let version: String = sqlx::query_scalar("select sqlite_version()").fetch_one(&mut *connection).await?;
    let names: Vec<(String, String)> = sqlx::query_as(TABLES).fetch_all(&mut *connection).await?;
    let (mut tables, mut broken) = (IndexMap::new(), IndexMap::new());
    for (name, kind) in names {
        let columns: Vec<(String, String, bool, Option<String>, i64)> =
            match sqlx::query_as(COLUMNS).bind(&name).fetch_all(&mut *connection).await {
                Ok(columns) => columns,
                Err(sqlx::Error::Database(error)) if kind == "view" && error.code().as_deref() == Some(IS_WRONG) => {
                    broken.insert(name, error.message().to_owned());
                    continue;
                }
                Err(error) => return Err(error),
            };
        let indexes: Vec<(String, Option<String>)> =
            sqlx::query_as(INDEXES).bind(&name).fetch_all(&mut *connection).await?;
        tables.insert(name, table(kind == "view", &columns, indexes));
    }
    Ok(Schema { database: "sqlite".to_owned(), version, tables, broken, ..Schema::default() })
}

fn table(
    view: bool,
    columns: &[(String, String, bool, Option<String>, i64)],
    indexes: Vec<(String, Option<String>)>,
) -> Table {
    let mut key: Vec<(i64, &String)> = columns.iter().filter(|c| c.4 > 0).map(|c| (c.4, &c.0)).collect();
    key.sort_unstable();
    // Such a column is the row's number, and never null.
    let is_row_number = |ty: &str, place: i64| key.len() == 1 && place > 0 && ty.eq_ignore_ascii_case("integer");
    let column = |(name, ty, not_null, default, place): &(String, String, bool, Option<String>, i64)| {
        let nullable = !not_null && !is_row_number(ty, *place);
        (name.clone(), Column { ty: ty.to_lowercase(), nullable, default: default.clone() })
    };
    let mut unique: IndexMap<String, Option<Vec<String>>> = IndexMap::new();
    for (index, column) in indexes {
        let columns = unique.entry(index).or_insert_with(|| Some(Vec::new()));
        *columns = columns.take().zip(column).map(|(mut columns, column)| {
            columns.push(column);
            columns
        });
    }
    Table {
        view,
        schema: String::new(),
        columns: columns.iter().map(column).collect(),
        primary_key: key.iter().map(|(_, name)| (*name).clone()).collect(),
        unique: unique.into_values().flatten().collect(),
    }
}

/// SQLite names what it stumbled over and not where.
fn refused(error: &sqlx::Error, text: &str) -> Result<Refusal, StepError> {
    let Some(said) = error.as_database_error() else { return Err(failure(error)) };
    let message = said.message().to_owned();
    let word = named(&message);
    let at = word.and_then(|word| text.to_lowercase().find(&word.to_lowercase()));
    Ok(Refusal { message, help: None, at })
}

/// `near "form": syntax error`, `no such column: a.biz_dat`.
fn named(message: &str) -> Option<&str> {
    let quoted = message.strip_prefix("near \"").and_then(|rest| rest.split('"').next());
    let behind = || message.rsplit_once(": ").filter(|(what, _)| what.starts_with("no such")).map(|(_, name)| name);
    quoted.or_else(behind).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_is_found_in_the_message() {
        assert_eq!(named("near \"form\": syntax error"), Some("form"));
        assert_eq!(named("no such column: a.biz_dat"), Some("a.biz_dat"));
        assert_eq!(named("incomplete input"), None);
    }
}
