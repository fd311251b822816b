//! Tables to write to, as the server describes them.

use std::sync::{Arc, PoisonError};

use super::error::failure;
use super::statement::Place;
use crate::connection::sql::rows::{Column, Family, Target, quote_table, unknown_table};
use crate::value::{ErrorKind, StepError};

/// Columns of a table: name, type, kind of type; the engine that holds the table and whether it can roll back.
const COLUMNS: &str = "
    select c.column_name, cast(c.column_type as char), c.data_type, t.engine, e.transactions
    from information_schema.columns c
    join information_schema.tables t on t.table_schema = c.table_schema and t.table_name = c.table_name
    left join information_schema.engines e on e.engine = t.engine
    where c.table_schema = coalesce(?, database()) and c.table_name = ?
    order by c.ordinal_position";

/// The columns of unique indexes; an expression has no name, a part of a column has a length.
const UNIQUE: &str = "
    select index_name, column_name, sub_part is not null
    from information_schema.statistics
    where non_unique = 0 and table_schema = coalesce(?, database()) and table_name = ?
    order by index_name, seq_in_index";

const TABLES: &str = "
    select table_name from information_schema.tables where table_schema = database() order by table_name limit 1000";

/// A table with what upserts must know of it.
#[derive(Debug)]
pub(super) struct Described {
    /// Its names and columns.
    pub target: Target,
    /// The columns of each unique index over whole columns.
    pub unique: Vec<Vec<String>>,
}

/// What the server says of a column.
type Row = (String, String, String, Option<String>, Option<String>);

impl Place<'_> {
    /// The table of a name, `table` or `database.table`.
    pub(super) async fn target(&mut self, table: &str) -> Result<Arc<Described>, StepError> {
        let targets = &self.shared.targets;
        let known = targets.lock().unwrap_or_else(PoisonError::into_inner).get(table).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let mut sql = quote_table(table)?;
        let mut name = table.to_owned();
        let mut columns = self.columns(&name).await?;
        if columns.is_empty() {
            // As a bare name in SQL is found on the other databases.
            (sql, name) = (sql.to_lowercase(), name.to_lowercase());
            columns = self.columns(&name).await?;
        }
        let Some(first) = columns.first() else {
            let names: Result<Vec<String>, _> = sqlx::query_scalar(TABLES).fetch_all(&mut self.live.connection).await;
            let names = names.map_err(|error| failure(&error))?;
            return Err(unknown_table(table, names.iter().map(String::as_str)));
        };
        check_engine(table, first)?;
        let unique = self.unique(&name).await?;
        let columns = columns.into_iter().map(column).collect();
        let described = Arc::new(Described { target: Target { sql, name: table.to_owned(), columns }, unique });
        let mut targets = self.shared.targets.lock().unwrap_or_else(PoisonError::into_inner);
        targets.insert(table.to_owned(), described.clone());
        Ok(described)
    }

    async fn columns(&mut self, table: &str) -> Result<Vec<Row>, StepError> {
        let (database, name) = parts(table);
        let asked = sqlx::query_as(COLUMNS).bind(database).bind(name);
        asked.fetch_all(&mut self.live.connection).await.map_err(|error| failure(&error))
    }

    async fn unique(&mut self, table: &str) -> Result<Vec<Vec<String>>, StepError> {
        let (database, name) = parts(table);
        let asked = sqlx::query_as(UNIQUE).bind(database).bind(name);
        let found: Result<Vec<(String, Option<String>, bool)>, _> = asked.fetch_all(&mut self.live.connection).await;
        Ok(indexes(found.map_err(|error| failure(&error))?).into_iter().map(|(_, columns)| columns).collect())
    }
}

fn parts(table: &str) -> (Option<&str>, &str) {
    table.split_once('.').map_or((None, table), |(database, name)| (Some(database), name))
}

/// The indexes over whole columns, by name, from their columns: index, column, whether only a part of it.
pub(super) fn indexes(columns: Vec<(String, Option<String>, bool)>) -> Vec<(String, Vec<String>)> {
    let mut found: Vec<(String, Vec<Option<String>>)> = Vec::new();
    for (index, column, is_part) in columns {
        let column = column.filter(|_| !is_part);
        match found.last_mut() {
            Some((name, columns)) if *name == index => columns.push(column),
            _ => found.push((index, vec![column])),
        }
    }
    found.into_iter().filter_map(|(name, columns)| Some((name, columns.into_iter().collect::<Option<_>>()?))).collect()
}

/// A write happens wholly or not at all; on an engine that cannot roll back it would not.
fn check_engine(table: &str, (.., engine, transactions): &Row) -> Result<(), StepError> {
    match (engine, transactions.as_deref()) {
        (Some(engine), Some("NO")) => {
            let message = format!("`{table}` is a table of the engine {engine}, which cannot undo a write that fails");
            Err(StepError::new(ErrorKind::Query, message).help(format!("run `alter table {table} engine = InnoDB`")))
        }
        _ => Ok(()),
    }
}

fn column((name, ty, kind, ..): Row) -> Column {
    let family = match kind.as_str() {
        "date" => Family::Date,
        "datetime" | "timestamp" => Family::Timestamp,
        _ => Family::Other,
    };
    Column { name, ty: ty.to_lowercase(), family }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_indexes_over_whole_columns_tell_rows_apart() {
        let column =
            |index: &str, column: Option<&str>, is_part| (index.to_owned(), column.map(str::to_owned), is_part);
        let found = indexes(vec![
            column("PRIMARY", Some("a"), false),
            column("ab", Some("a"), false),
            column("ab", Some("b"), false),
            column("expression", None, false),
            column("part", Some("a"), false),
            column("part", Some("t"), true),
        ]);
        let names: Vec<String> = found.iter().map(|(name, columns)| format!("{name}({})", columns.join(","))).collect();
        assert_eq!(names, ["PRIMARY(a)", "ab(a,b)"]);
    }
}
