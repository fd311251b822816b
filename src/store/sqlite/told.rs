//! Events for sinks, and how far each sink was told.

use serde_json::json;
use sqlx::SqliteConnection;

use crate::store::SinkRow;

type Done<T> = Result<T, sqlx::Error>;

/// So many events are kept for sinks that are away; older ones are dropped, and counted.
const MOST: i64 = 100_000;

/// Name, waiting, dropped, why, failing since.
type StandingRow = (String, i64, i64, Option<String>, Option<i64>);

/// Adds events, in order.
pub(super) async fn add(connection: &mut SqliteConnection, bodies: &[&str]) -> Done<()> {
    if bodies.is_empty() {
        return Ok(());
    }
    sqlx::query("insert into told (body) select j.value from json_each(?1) as j order by j.key")
        .bind(json!(bodies).to_string())
        .execute(&mut *connection)
        .await?;
    sqlx::query("delete from told where sequence <= (select max(sequence) from told) - ?1")
        .bind(MOST)
        .execute(connection)
        .await
        .map(|_| ())
}

pub(super) async fn waiting(connection: &mut SqliteConnection, sink: &str, most: usize) -> Done<Vec<(i64, String)>> {
    sqlx::query_as(
        "select sequence, body from told
         where sequence > coalesce((select sequence from sinks where name = ?1), 0) order by sequence limit ?2",
    )
    .bind(sink)
    .bind(i64::try_from(most).unwrap_or(i64::MAX))
    .fetch_all(connection)
    .await
}

/// What was dropped between the sink's place and the oldest event that is kept counts as dropped.
pub(super) async fn passed(
    connection: &mut SqliteConnection,
    sink: &str,
    sequence: i64,
    dropped: u64,
    why: Option<&str>,
) -> Done<()> {
    sqlx::query(
        "insert into sinks (name, sequence, dropped, why) values (?1, ?2, ?3, ?4)
         on conflict (name) do update set
           dropped = dropped + excluded.dropped
             + max(0, coalesce((select min(sequence) from told), 0) - 1 - sinks.sequence),
           sequence = max(sinks.sequence, excluded.sequence),
           why = coalesce(excluded.why, iif(sinks.dropped > 0 and sinks.failing_since is null, sinks.why, null)),
           failing_since = null",
    )
    .bind(sink)
    .bind(sequence)
    .bind(i64::try_from(dropped).unwrap_or(i64::MAX))
    .bind(why)
    .execute(connection)
    .await
    .map(|_| ())
}

/// A sink that was never told stands before the oldest event.
pub(super) async fn failed(connection: &mut SqliteConnection, sink: &str, why: &str, now: &str) -> Done<()> {
    let sql = format!(
        "insert into sinks (name, sequence, dropped, why, failing_since)
         values (?1, coalesce((select min(sequence) from told), 1) - 1, 0, ?2, {now})
         on conflict (name) do update set why = excluded.why,
           failing_since = coalesce(sinks.failing_since, excluded.failing_since)"
    );
    sqlx::query(sqlx::AssertSqlSafe(sql)).bind(sink).bind(why).execute(connection).await.map(|_| ())
}

/// How these sinks stand, in this order.
pub(super) async fn standing(connection: &mut SqliteConnection, sinks: &[&str]) -> Done<Vec<SinkRow>> {
    let rows: Vec<StandingRow> = sqlx::query_as(
        "select j.value, (select count(*) from told where told.sequence > coalesce(s.sequence, 0)),
           coalesce(s.dropped + max(0, coalesce((select min(sequence) from told), 0) - 1 - s.sequence), 0),
           s.why, s.failing_since
         from json_each(?1) as j left join sinks as s on s.name = j.value order by j.key",
    )
    .bind(json!(sinks).to_string())
    .fetch_all(connection)
    .await?;
    let count = |number: i64| u64::try_from(number).unwrap_or(0);
    Ok(rows
        .into_iter()
        .map(|(name, waiting, dropped, why, failing_since)| SinkRow {
            name,
            waiting: count(waiting),
            dropped: count(dropped),
            why,
            failing_since,
        })
        .collect())
}

/// Removes what all of these sinks were told.
pub(super) async fn forget(connection: &mut SqliteConnection, sinks: &[&str]) -> Done<()> {
    sqlx::query(
        "delete from told where sequence <= (
           select min(coalesce(s.sequence, 0)) from json_each(?1) as j left join sinks as s on s.name = j.value)",
    )
    .bind(json!(sinks).to_string())
    .execute(connection)
    .await
    .map(|_| ())
}
