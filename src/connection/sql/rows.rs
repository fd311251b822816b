//! Rows to write: names, keys, pieces; the same for every dialect.

use std::ops::Range;
use std::sync::Arc;

use bigdecimal::{BigDecimal, ToPrimitive};

use super::text::too_wide;
use crate::connection::SqlDialect;
use crate::diagnostic::did_you_mean;
use crate::query::sql::{SqlQuery, unbindable};
use crate::schema::{TABLE_NAMES, fault_of_table_name};
use crate::value::{ErrorKind, StepError, Table, Type, Value};

/// A column of a table in the database.
#[derive(Debug, Clone)]
pub(super) struct Column {
    /// Its name.
    pub name: String,
    /// Its type: in PostgreSQL as a cast writes it, elsewhere as declared.
    pub ty: String,
    /// What it holds, as far as instants and days must not be mixed up.
    pub family: Family,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// Days.
    Date,
    /// Instants.
    Timestamp,
    /// Lists of another type.
    Array,
    /// Anything else.
    Other,
}

/// A table in the database.
#[derive(Debug, Clone)]
pub(super) struct Target {
    /// The name, quoted.
    pub sql: String,
    /// The name as given.
    pub name: String,
    /// All its columns.
    pub columns: Vec<Column>,
}

fn bad(kind: ErrorKind, message: impl Into<String>) -> StepError {
    StepError::new(kind, message)
}

/// A name or `schema.name`, quoted; anything else is refused.
pub(super) fn quote_table(name: &str) -> Result<String, StepError> {
    if let Some(why) = fault_of_table_name(name) {
        return Err(bad(ErrorKind::Query, format!("`{name}` is not the name of a table: {why}")).help(TABLE_NAMES));
    }
    Ok(name.split('.').map(quote).collect::<Vec<_>>().join("."))
}

fn is_name(text: &str) -> bool {
    let first = text.bytes().next();
    first.is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// A name in double quotes.
pub(super) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The error for a table that is not there.
pub(super) fn unknown_table<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> StepError {
    let error = bad(ErrorKind::Query, format!("the database has no table `{name}`"));
    let help = did_you_mean(name, known);
    error.help(help.unwrap_or_else(|| "create it first, or check the name and the schema".to_owned()))
}

impl Target {
    /// The column with this name, else with this name in another case.
    pub(super) fn column(&self, name: &str) -> Result<&Column, StepError> {
        if !is_name(name) {
            return Err(bad(ErrorKind::Query, format!("`{name}` is not the name of a column"))
                .help("column names have letters, digits and `_`"));
        }
        let exact = self.columns.iter().find(|column| column.name == name);
        exact.or_else(|| self.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name))).ok_or_else(|| {
            let error = bad(ErrorKind::Query, format!("`{}` has no column `{name}`", self.name));
            let known = did_you_mean(name, self.columns.iter().map(|column| column.name.as_str()));
            error.help(known.unwrap_or_else(|| "check the name, or add the column".to_owned()))
        })
    }

    /// The columns that rows write, in the rows' order.
    pub(super) fn columns_of(&self, rows: &Table) -> Result<Vec<&Column>, StepError> {
        if rows.shape.is_empty() {
            return Err(bad(ErrorKind::Data, "the rows have no columns"));
        }
        let columns = rows.shape.iter().map(|name| self.column(name)).collect::<Result<Vec<_>, _>>()?;
        let twice = (1..columns.len()).find(|at| {
            let earlier = columns.get(..*at).unwrap_or_default();
            columns.get(*at).is_some_and(|column| earlier.iter().any(|other| other.name == column.name))
        });
        match twice.and_then(|at| columns.get(at)) {
            None => Ok(columns),
            Some(column) => Err(bad(ErrorKind::Data, format!("the rows name the column `{}` twice", column.name))),
        }
    }
}

/// A cell of the rows; `none` where there is no such cell.
pub(super) fn cell(rows: &Table, column: usize, at: usize) -> Value {
    rows.columns.get(column).and_then(|column| column.get(at)).unwrap_or(Value::None)
}

/// Refuses values that the columns cannot hold, naming column and row.
pub(super) fn check_values(rows: &Table, columns: &[&Column], dialect: SqlDialect) -> Result<(), StepError> {
    for (column, values) in columns.iter().zip(&rows.columns) {
        // Most columns are of one kind, of which no value is refused.
        if values.scalar_type().is_some_and(|ty| is_taken(&ty.required(), column, dialect)) {
            continue;
        }
        for (at, value) in values.iter().enumerate() {
            if let Some((found, help)) = refusal(&value, column, dialect) {
                let message = format!("column `{}`, row {}: {found}", column.name, at + 1);
                return Err(bad(ErrorKind::Data, message).help(help));
            }
        }
    }
    Ok(())
}

/// Whether no value of a type is refused.
fn is_taken(ty: &Type, column: &Column, dialect: SqlDialect) -> bool {
    match ty {
        Type::Bool | Type::Int | Type::Text => true,
        Type::Float => dialect == SqlDialect::Postgres,
        Type::Date => column.family != Family::Timestamp,
        Type::Timestamp => column.family != Family::Date,
        _ => false,
    }
}

fn refusal(value: &Value, column: &Column, dialect: SqlDialect) -> Option<(String, &'static str)> {
    match (value, column.family) {
        (Value::Timestamp(_), Family::Date) => Some((
            "a `timestamp`, where the column holds days".to_owned(),
            "name the zone whose day is meant: `date_of(…, zone)`",
        )),
        (Value::Date(_), Family::Timestamp) => Some((
            "a `date`, where the column holds instants".to_owned(),
            "name the zone in which the day begins: `midnight(…, zone)`",
        )),
        (Value::Decimal(decimal), _) if dialect == SqlDialect::Sqlite && loses_digits(decimal, &column.ty) => Some((
            "a `decimal` of more than 15 digits, which this column would round".to_owned(),
            "declare the column `text`, which keeps all of them, or round before writing",
        )),
        _ if too_wide(value) => Some(("a `decimal` with too many digits".to_owned(), "round it before it is written")),
        _ => unbindable(value, dialect).map(|(found, help)| (format!("{found}, which no column holds"), help)),
    }
}

/// Whether SQLite would make a float of a decimal, by the affinity of its column, and the float would be another number.
/// A column of floats is asked for as such.
pub(super) fn loses_digits(decimal: &BigDecimal, ty: &str) -> bool {
    let lower = ty.to_lowercase();
    let is_any = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let keeps_text = lower.is_empty() || is_any(&["char", "clob", "text", "blob"]);
    let is_numeric = lower.contains("int") || !(keeps_text || is_any(&["real", "floa", "doub"]));
    let normal = decimal.normalized();
    let is_float = normal.digits() <= 15 && normal.fractional_digit_count().abs() <= 300;
    is_numeric && !is_float && !(normal.is_integer() && normal.to_i64().is_some())
}

/// The error for keys that differ as given and are one in the column: of a collation without case, of numbers as texts.
pub(super) fn same_key_in_column(key: &[Arc<str>]) -> StepError {
    let message = format!("two rows have the same key in the database: {}", key.join(", "));
    bad(ErrorKind::Data, message).help("keep one row for each key; the column takes different texts for the same")
}

/// Ranges of rows, each of at most `most` rows.
pub(super) fn pieces(rows: usize, most: usize) -> impl Iterator<Item = Range<usize>> {
    let most = most.max(1);
    (0..rows.div_ceil(most)).map(move |n| n * most..((n + 1) * most).min(rows))
}

/// The query with the arguments of one row: a hole is the row's column of its first name.
pub(crate) fn with_row(query: &SqlQuery, rows: &Table, at: usize) -> Result<SqlQuery, StepError> {
    let missing = |path: &[Arc<str>]| {
        let error = bad(ErrorKind::Data, format!("row {}: the rows have no `{}`", at + 1, path.join(".")));
        let near = path.first().and_then(|name| did_you_mean(name, rows.shape.iter().map(|name| &**name)));
        error.help(near.unwrap_or_else(|| "give each row a column for each `:name` of the statement".to_owned()))
    };
    let holes = query.template.holes.iter().enumerate();
    let arguments = holes.map(|(number, hole)| {
        let of_row = hole.path.first().and_then(|name| rows.column(name)).and_then(|column| column.get(at));
        match of_row {
            Some(value) => field(&value, hole.path.get(1..).unwrap_or_default()).ok_or_else(|| missing(&hole.path)),
            None => query.arguments.get(number).cloned().ok_or_else(|| missing(&hole.path)),
        }
    });
    Ok(SqlQuery { template: query.template.clone(), arguments: arguments.collect::<Result<_, _>>()? })
}

fn field(value: &Value, path: &[Arc<str>]) -> Option<Value> {
    path.iter().try_fold(value.clone(), |value, name| match value {
        Value::Record(record) => record.get(name).cloned(),
        Value::Map(map) => map.get(&Value::Text(name.clone())).cloned(),
        _ => None,
    })
}

/// An empty table with the result's columns; a name that comes twice would hide a column.
pub(super) fn table_of(names: Vec<Arc<str>>) -> Result<Table, StepError> {
    let twice = (1..names.len()).find(|at| names.get(..*at).zip(names.get(*at)).is_some_and(|(a, b)| a.contains(b)));
    match twice.and_then(|at| names.get(at)) {
        None => Ok(Table::new(names.into())),
        Some(name) => Err(bad(ErrorKind::Data, format!("the query gives two columns named `{name}`"))
            .help("name one of them with `as`")),
    }
}

/// The error for a statement that writes where a read is wanted.
pub(super) fn not_a_read() -> StepError {
    bad(ErrorKind::Query, "a query reads, and this statement writes").help("write `do db.execute(…)`")
}

/// The error for a key that no unique index has.
pub(super) fn no_unique_index(target: &Target, key: &[Arc<str>]) -> StepError {
    let columns = key.iter().map(|name| &**name).collect::<Vec<_>>().join(", ");
    bad(ErrorKind::Query, format!("`{}` has no unique index on ({columns})", target.name)).help(format!(
        "create one: `create unique index {0}_key on {0} ({columns})`, or name the columns of one that exists",
        target.name
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_or_refused() {
        assert_eq!(quote_table("public.daily_metric").unwrap(), "\"public\".\"daily_metric\"");
        for name in ["", "a b", "a;drop table b", "a.b.c", "1a", "a.", "\"a\""] {
            assert!(quote_table(name).is_err(), "{name}");
        }
    }

    #[test]
    fn pieces_cover_all_rows_once() {
        assert_eq!(pieces(5, 2).collect::<Vec<_>>(), [0..2, 2..4, 4..5]);
        assert_eq!(pieces(0, 2).count(), 0);
    }
}
