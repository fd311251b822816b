//! What statements would do, by counting the rows that they would touch.

use crate::connection::preview::Change;
use crate::connection::preview::Counts;
use crate::connection::sql::with_row;
use crate::primitive::Context;
use crate::query::sql::{SqlQuery, Touch, Touching, touching};
use crate::value::{ErrorKind, StepError, Table, Value};

/// The most rows of `each` that are counted one by one.
const MOST: usize = 1000;

/// What a statement would do. It is never run, not even to be rolled back: that would take locks, fire triggers and use
/// up numbers of sequences on a server that others work on.
pub(super) async fn statement(context: &Context, connection: &str, query: &SqlQuery) -> Result<Change, StepError> {
    let Some(found) = touching(query, context.sql(connection)?.dialect()) else { return Ok(untold(query)) };
    match counted(context, connection, &found).await {
        Ok(rows) => Ok(told(found, rows)),
        // What the database has against the count may be the count's own fault.
        Err(error) if error.kind == ErrorKind::Query => Ok(Change { target: Some(found.table), ..untold(query) }),
        Err(error) => Err(error),
    }
}

/// What a statement for each row would do.
pub(super) async fn each(
    context: &Context,
    connection: &str,
    query: &SqlQuery,
    rows: &Table,
) -> Result<Change, StepError> {
    if rows.rows > MOST {
        let why = format!("{} statements, more than are counted one by one", rows.rows);
        return Ok(Change { unknown: Some(why), ..untold(query) });
    }
    let mut all = Change::default();
    for at in 0..rows.rows {
        all.add(statement(context, connection, &with_row(query, rows, at)?).await?);
    }
    Ok(all)
}

async fn counted(context: &Context, connection: &str, found: &Touching) -> Result<u64, StepError> {
    let mut session = context.session(connection).await?;
    let table = session.get().query(&found.count).await?;
    match table.cell("n", 0) {
        Some(Value::Int(n)) => Ok(u64::try_from(n).unwrap_or(0)),
        _ => Err(StepError::new(ErrorKind::Internal, "the database gave no count")),
    }
}

fn told(found: Touching, rows: u64) -> Change {
    let counts = match found.touch {
        Touch::Insert => Counts { created: rows, ..Counts::default() },
        Touch::Update | Touch::Delete => Counts { touched: rows, ..Counts::default() },
    };
    Change { target: Some(found.table), ..Change::of(counts) }
}

/// The first words of a statement, of which it is not known what it does.
fn untold(query: &SqlQuery) -> Change {
    let text = query.to_string();
    let words: Vec<&str> = text.split_whitespace().take(4).collect();
    Change::unknown(format!("which rows `{} …` touches cannot be read off it", words.join(" ")))
}
