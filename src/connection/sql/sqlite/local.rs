//! A query over values: they become tables of a database in memory, which goes with the answer.
//!
//! SQLite has neither decimals nor instants. Both are texts here, in columns that compare by what the texts mean, so that
//! conditions, groups, joins and orders are exact, and what comes out is what went in, to the last digit.

use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;

use bigdecimal::BigDecimal;
use chrono::SecondsFormat;
use indexmap::IndexMap;
use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{Arguments, ConnectOptions, SqliteConnection};

use super::error::failure;
use super::interrupt::Interrupt;
use super::read::{self, Ready, bind};
use super::write::{piece_size, run};
use crate::connection::SqlDialect;
use crate::connection::sql::rows::{not_a_read, pieces, quote};
use crate::connection::sql::text::{parse_timestamp, too_wide};
use crate::query::sql::{Piece, SqlQuery, SqlTemplate, StatementKind, unbindable};
use crate::value::{Column, ErrorKind, StepError, Table, Type, Value};

/// The most pages of the database in memory, of 4 KiB each: 4 GiB.
const MOST_PAGES: u32 = 1024 * 1024;

/// Runs a query. Arguments that are tables stand for the names of their holes.
pub async fn query(query: &SqlQuery) -> Result<Table, StepError> {
    if query.template.kind != StatementKind::Read {
        return Err(not_a_read());
    }
    let (query, tables) = apart(query);
    let mut connection = open().await?;
    let interrupt = Interrupt::of(&mut connection).await?;
    let running = interrupt.running();
    for (name, table) in &tables {
        load(&mut connection, name, table).await.map_err(|error| error.context(format!("`{name}`")))?;
    }
    pragma(&mut connection, "pragma query_only = on").await?;
    let answer = read::query(&mut connection, &query).await;
    running.ended();
    answer
}

/// The query without its tables, and the tables by name.
fn apart(query: &SqlQuery) -> (SqlQuery, IndexMap<Arc<str>, Arc<Table>>) {
    let mut tables = IndexMap::new();
    let mut pieces = Vec::with_capacity(query.template.pieces.len());
    for piece in &query.template.pieces {
        let Piece::Hole(at) = piece else {
            pieces.push(piece.clone());
            continue;
        };
        let name = query.template.holes.get(*at).and_then(|hole| hole.path.first());
        match (query.arguments.get(*at), name) {
            (Some(Value::Table(table)), Some(name)) => {
                pieces.push(Piece::Text(quote(name).into()));
                tables.insert(name.clone(), table.clone());
            }
            _ => pieces.push(piece.clone()),
        }
    }
    let template = SqlTemplate { pieces, holes: query.template.holes.clone(), kind: query.template.kind };
    (SqlQuery { template: Arc::new(template), arguments: query.arguments.clone() }, tables)
}

async fn open() -> Result<SqliteConnection, StepError> {
    // Nothing of it outlives the query, so nothing has to reach a disk.
    let options = SqliteConnectOptions::new()
        .in_memory(true)
        .journal_mode(SqliteJournalMode::Off)
        .synchronous(SqliteSynchronous::Off)
        .foreign_keys(false)
        .collation("vmflow_decimal", compare_decimals)
        .collation("vmflow_instant", compare_instants);
    let mut connection = options.connect().await.map_err(|error| failure(&error))?;
    pragma(&mut connection, &format!("pragma max_page_count = {MOST_PAGES}")).await?;
    Ok(connection)
}

async fn pragma(connection: &mut SqliteConnection, text: &str) -> Result<(), StepError> {
    run(connection, Ready { text: text.to_owned(), arguments: SqliteArguments::default() }).await.map(|_| ())
}

/// Makes a table and fills it.
async fn load(connection: &mut SqliteConnection, name: &str, table: &Table) -> Result<(), StepError> {
    let mut declared = Vec::with_capacity(table.columns.len());
    for (name, column) in table.shape.iter().zip(&table.columns) {
        declared.push(format!("{} {}", quote(name), declaration(name, column)?));
    }
    if declared.is_empty() {
        return Err(StepError::new(ErrorKind::Data, "the rows have no columns")
            .help("say which they have, also when there are no rows: `rows as list<{ day: date, n: int }>`"));
    }
    let make = format!("create table {} ({})", quote(name), declared.join(", "));
    run(connection, Ready { text: make, arguments: SqliteArguments::default() }).await?;
    // One transaction: else each statement would be one.
    pragma(connection, "begin").await?;
    for piece in pieces(table.rows, piece_size(table.columns.len())) {
        run(connection, insertion(name, table, &piece)?).await?;
    }
    pragma(connection, "commit").await
}

fn insertion(name: &str, table: &Table, piece: &Range<usize>) -> Result<Ready, StepError> {
    let mut arguments = SqliteArguments::default();
    arguments.reserve(piece.len() * table.columns.len(), 0);
    for at in piece.clone() {
        for (name, column) in table.shape.iter().zip(&table.columns) {
            let value = column.get(at).unwrap_or(Value::None);
            check(name, at, &value)?;
            bind(&mut arguments, &as_stored(value))?;
        }
    }
    let row = format!("({})", vec!["?"; table.columns.len()].join(", "));
    let text = format!("insert into {} values {}", quote(name), vec![row; piece.len()].join(", "));
    Ok(Ready { text, arguments })
}

fn check(name: &str, at: usize, value: &Value) -> Result<(), StepError> {
    let place = || format!("column `{name}`, row {}", at + 1);
    if let Some((kind, help)) = unbindable(value, SqlDialect::Sqlite) {
        return Err(StepError::new(ErrorKind::Data, format!("{}: {kind} is no value of SQL", place())).help(help));
    }
    if matches!(value, Value::Secret(_)) {
        return Err(StepError::new(ErrorKind::Data, format!("{}: a `secret`, which no query gives back", place())));
    }
    if too_wide(value) {
        return Err(StepError::new(ErrorKind::Data, format!("{}: a `decimal` with too many digits", place())));
    }
    Ok(())
}

/// Texts for what SQLite does not have, with all of their digits.
fn as_stored(value: Value) -> Value {
    match value {
        Value::Decimal(decimal) => Value::text(decimal.to_plain_string()),
        Value::Timestamp(at) => Value::text(at.to_rfc3339_opts(SecondsFormat::Nanos, true)),
        other => other,
    }
}

/// What a column is declared as: its first word tells how it is read, the affinity of all of them how it is kept.
fn declaration(name: &str, column: &Column) -> Result<&'static str, StepError> {
    let ty = match column.scalar_type() {
        Some(ty) => ty.required(),
        None => one_type(name, column)?,
    };
    Ok(match ty {
        Type::Bool => "boolean",
        Type::Int => "integer",
        Type::Float => "real",
        Type::Decimal => "decimal text collate vmflow_decimal",
        Type::Date => "date text",
        Type::Time => "time text",
        Type::Timestamp => "timestamp text collate vmflow_instant",
        Type::Json => "json text",
        _ => "text",
    })
}

/// The type of values that are not kept as one kind.
fn one_type(name: &str, column: &Column) -> Result<Type, StepError> {
    let mut found: Option<Type> = None;
    for (at, value) in column.iter().enumerate() {
        let ty = match value {
            Value::None => continue,
            Value::Bool(_) => Type::Bool,
            Value::Int(_) => Type::Int,
            Value::Float(_) => Type::Float,
            Value::Decimal(_) => Type::Decimal,
            Value::Date(_) => Type::Date,
            Value::Time(_) => Type::Time,
            Value::Timestamp(_) => Type::Timestamp,
            Value::Text(_) | Value::Url(_) => Type::Text,
            _ => Type::Json,
        };
        found = Some(match (found, ty) {
            (None, ty) => ty,
            (Some(before), ty) if before == ty => ty,
            (Some(Type::Int), ty @ (Type::Float | Type::Decimal)) => ty,
            (Some(ty @ (Type::Float | Type::Decimal)), Type::Int) => ty,
            (Some(before), ty) => {
                let message = format!("column `{name}`, row {}: `{ty}`, where the rows before hold `{before}`", at + 1);
                return Err(StepError::new(ErrorKind::Data, message).help("give the column one type"));
            }
        });
    }
    Ok(found.unwrap_or(Type::Text))
}

/// How decimals compare, of which equal ones may be written in several ways.
fn compare_decimals(a: &str, b: &str) -> Ordering {
    match (parts(a), parts(b)) {
        (Some(a), Some(b)) if a.0 != b.0 => b.0.cmp(&a.0),
        (Some((is_negative, a_whole, a_rest)), Some((_, b_whole, b_rest))) => {
            let order = a_whole.len().cmp(&b_whole.len());
            let order = order.then_with(|| a_whole.cmp(b_whole)).then_with(|| a_rest.cmp(b_rest));
            if is_negative { order.reverse() } else { order }
        }
        _ => match (a.parse::<BigDecimal>(), b.parse::<BigDecimal>()) {
            (Ok(a), Ok(b)) => a.cmp(&b),
            // Any order will do for what is no number, as long as it is one.
            (a_number, b_number) => (a_number.is_ok(), a).cmp(&(b_number.is_ok(), b)),
        },
    }
}

/// Whether a plain number is below zero, its digits before the point without zeros that say nothing, and those behind it.
fn parts(text: &str) -> Option<(bool, &str, &str)> {
    let (is_negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    let (whole, rest) = digits.split_once('.').unwrap_or((digits, ""));
    let is_plain = !whole.is_empty() && whole.bytes().chain(rest.bytes()).all(|byte| byte.is_ascii_digit());
    let (whole, rest) = (whole.trim_start_matches('0'), rest.trim_end_matches('0'));
    is_plain.then_some((is_negative && !(whole.is_empty() && rest.is_empty()), whole, rest))
}

/// How instants compare: those of the tables by their letters, since all are equally long.
fn compare_instants(a: &str, b: &str) -> Ordering {
    const LENGTH: usize = "2025-01-31T06:00:00.000000000Z".len();
    if a.len() == LENGTH && b.len() == LENGTH && a.ends_with('Z') && b.ends_with('Z') {
        return a.cmp(b);
    }
    match (parse_timestamp(a), parse_timestamp(b)) {
        (Some(a), Some(b)) => a.cmp(&b),
        (a_known, b_known) => (a_known.is_some(), a).cmp(&(b_known.is_some(), b)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn decimals_compare_by_their_digits() {
        let ordered = ["-10", "-9.50", "-0.01", "0", "0.0000000000000000000000001", "0.1", "1.5", "9.5", "10", "1e3"];
        for (at, a) in ordered.iter().enumerate() {
            for (bt, b) in ordered.iter().enumerate() {
                assert_eq!(compare_decimals(a, b), at.cmp(&bt), "{a} {b}");
            }
        }
        for (a, b) in [("1.5", "1.50"), ("-0", "0.00"), ("007", "7"), ("1E+3", "1000")] {
            assert_eq!(compare_decimals(a, b), Ordering::Equal, "{a} {b}");
        }
    }

    #[test]
    fn instants_compare_whatever_their_form() {
        let (a, b) = ("2025-01-31T06:00:00.000000000Z", "2025-01-31T06:00:00.500000000Z");
        assert_eq!(compare_instants(a, "2025-01-31 07:00:00+01:00"), Ordering::Equal);
        assert_eq!(compare_instants(a, b), Ordering::Less);
        assert_eq!(compare_instants(b, "2025-01-31T06:00:00.500000Z"), Ordering::Equal);
        assert_eq!(compare_instants(b, "never"), Ordering::Greater);
    }

    proptest! {
        #[test]
        fn digits_compare_as_numbers_do(a in "-?[0-9]{1,25}(\\.[0-9]{1,25})?", b in "-?[0-9]{1,25}(\\.[0-9]{1,25})?") {
            let number = |text: &str| text.parse::<BigDecimal>().unwrap();
            prop_assert_eq!(compare_decimals(&a, &b), number(&a).cmp(&number(&b)));
        }
    }
}
