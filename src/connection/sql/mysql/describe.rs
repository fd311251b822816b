//! What a MySQL database holds, and what it has against a statement.

use futures_util::FutureExt;
use indexmap::IndexMap;
use sqlx::mysql::MySqlConnection;
use sqlx::{AssertSqlSafe, Executor, SqlSafeStr};

use super::MysqlDatabase;
use super::error::{failure, near, server};
use super::statement::json_column;
use super::target::indexes;
use crate::connection::{Answer, Describe, Refusal};
use crate::schema::{Column, Schema, Table};
use crate::value::StepError;

/// Columns of tables and views of one database; the default of a generated column is what generates it.
const COLUMNS: &str = "
    select c.table_name, t.table_type = 'VIEW', c.column_name, cast(c.column_type as char), c.is_nullable = 'YES',
        cast(c.column_default as char), c.extra
    from information_schema.columns c
    join information_schema.tables t on t.table_schema = c.table_schema and t.table_name = c.table_name
    where c.table_schema = coalesce(?, database())
    order by c.table_name, c.ordinal_position";

const INDEXES: &str = "
    select table_name, index_name, column_name, sub_part is not null
    from information_schema.statistics
    where non_unique = 0 and table_schema = coalesce(?, database())
    order by table_name, index_name, seq_in_index";

/// MariaDB's columns of JSON.
const CHECKS: &str = "
    select table_name, check_clause from information_schema.check_constraints
    where constraint_schema = coalesce(?, database()) and check_clause like 'json_valid(%'";

impl Describe for MysqlDatabase {
    fn schema<'a>(&'a self, also: &'a [String]) -> Answer<'a, Schema> {
        async move {
            let mut lease = self.shared.pool.lend().await?;
            let live = lease.live()?;
            let is_mariadb = live.is_mariadb;
            let found = read(&mut live.connection, also, is_mariadb).await.map_err(|error| failure(&error))?;
            lease.give_back();
            Ok(found.sorted())
        }
        .boxed()
    }

    fn refusal<'a>(&'a self, text: &'a str) -> Answer<'a, Option<Refusal>> {
        async move {
            let mut lease = self.shared.pool.lend().await?;
            let asked = AssertSqlSafe(text).into_sql_str();
            let prepared = lease.live()?.connection.prepare(asked).await.map(drop);
            let refusal = prepared.err().map(|error| refused(&error, text)).transpose()?;
            lease.give_back();
            Ok(refusal.flatten())
        }
        .boxed()
    }
}

async fn read(connection: &mut MySqlConnection, also: &[String], is_mariadb: bool) -> Result<Schema, sqlx::Error> {
    let (version, own): (String, String) =
        sqlx::query_as("select version(), database()").fetch_one(&mut *connection).await?;
    let mut tables = IndexMap::new();
    for database in std::iter::once(None).chain(also.iter().map(Some)) {
        let name = database.unwrap_or(&own);
        for (table, found) in tables_of(connection, database, is_mariadb).await? {
            let known = if *name == own { table } else { format!("{name}.{table}") };
            tables.insert(known, Table { schema: name.clone(), ..found });
        }
    }
    Ok(Schema { database: "mysql".to_owned(), version, tables, ..Schema::default() })
}

/// What the server says of a column.
type Row = (String, bool, String, String, bool, Option<String>, String);

async fn tables_of(
    connection: &mut MySqlConnection,
    database: Option<&String>,
    is_mariadb: bool,
) -> Result<IndexMap<String, Table>, sqlx::Error> {
    let mut tables: IndexMap<String, Table> = IndexMap::new();
    let columns: Vec<Row> = sqlx::query_as(COLUMNS).bind(database).fetch_all(&mut *connection).await?;
    for (table, view, name, ty, nullable, default, extra) in columns {
        let table = tables.entry(table).or_default();
        table.view = view;
        table.columns.insert(name, Column { ty: shown_type(ty), nullable, default: shown_default(default, &extra) });
    }
    if is_mariadb {
        let checks: Vec<(String, String)> = sqlx::query_as(CHECKS).bind(database).fetch_all(&mut *connection).await?;
        for (table, clause) in checks {
            let column = json_column(&clause);
            let columns = tables.get_mut(&table).map(|table| &mut table.columns).into_iter().flatten();
            let named = columns.filter(|(name, _)| Some(name.to_lowercase()) == column);
            named.for_each(|(_, column)| "json".clone_into(&mut column.ty));
        }
    }
    let found: Vec<(String, String, Option<String>, bool)> =
        sqlx::query_as(INDEXES).bind(database).fetch_all(connection).await?;
    add_indexes(&mut tables, &found);
    Ok(tables)
}

fn add_indexes(tables: &mut IndexMap<String, Table>, columns: &[(String, String, Option<String>, bool)]) {
    for (name, table) in tables {
        let own = columns.iter().filter(|(of, ..)| of == name);
        let own = own.map(|(_, index, column, is_part)| (index.clone(), column.clone(), *is_part)).collect();
        for (index, columns) in indexes(own) {
            if index == "PRIMARY" {
                table.primary_key = columns;
            } else {
                table.unique.push(columns);
            }
        }
    }
}

/// `boolean` is written `tinyint(1)` there, and widths of whole numbers say nothing.
fn shown_type(ty: String) -> String {
    if ty == "tinyint(1)" { "boolean".to_owned() } else { ty }
}

fn shown_default(default: Option<String>, extra: &str) -> Option<String> {
    // MariaDB writes the null that every nullable column begins with.
    let default = default.filter(|default| default != "NULL");
    let extra = extra.to_lowercase();
    default.or_else(|| (extra.contains("auto_increment") || extra.contains("generated")).then_some(extra))
}

/// What the server said of a text; that it cannot look at some statements is no fault of theirs.
fn refused(error: &sqlx::Error, text: &str) -> Result<Option<Refusal>, StepError> {
    let Some(said) = server(error) else { return Err(failure(error)) };
    if said.number() == 1295 {
        return Ok(None);
    }
    Ok(Some(Refusal { message: failure(error).message, help: None, at: place(said.message(), text) }))
}

/// The byte that a complaint is about: where the rest that it quotes begins, or the only place of the name that it does.
fn place(message: &str, text: &str) -> Option<usize> {
    if let Some(rest) = near(message) {
        return if rest.is_empty() { None } else { text.find(rest) };
    }
    let name = message.split('\'').nth(1)?.rsplit('.').next()?;
    let mut places = text.match_indices(name).map(|(at, _)| at);
    let first = places.next().filter(|_| !name.is_empty())?;
    places.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_are_placed_where_they_say() {
        let text = "select nothing from t where a = 1";
        assert_eq!(place("Unknown column 'nothing' in 'field list'", text), Some(7));
        assert_eq!(place("Table 'db.t' doesn't exist", text), None);
        assert_eq!(place("… right syntax to use near 'where a = 1' at line 1", text), Some(22));
        assert_eq!(place("FUNCTION db.nothing does not exist", text), None);
    }

    #[test]
    fn defaults_are_told_where_there_are_some() {
        assert_eq!(shown_default(Some("NULL".to_owned()), ""), None);
        assert_eq!(shown_default(Some("5".to_owned()), ""), Some("5".to_owned()));
        assert_eq!(shown_default(None, "auto_increment"), Some("auto_increment".to_owned()));
    }
}
