//! Events for sinks, and how far each sink was told.

use serde_json::{Value as Json, json};

use super::link::{Done, Link, Row, binds};
use super::words::Kind::Text;
use crate::store::SinkRow;

/// So many events are kept for sinks that are away; older ones are dropped, and counted.
const MOST: i64 = 100_000;

/// Adds events, in order.
pub(super) async fn add(link: &mut Link, bodies: &[&str]) -> Done<()> {
    if bodies.is_empty() {
        return Ok(());
    }
    let words = link.words();
    let rows: Vec<Json> = bodies.iter().map(|body| json!({ "body": body })).collect();
    let (rows, list) = (words.as_list(&rows), words.list("$1", &[("body", Text)]));
    match link {
        Link::Sqlite(_) => {
            link.run(&format!("insert into told (body) select body from {list}"), binds![rows]).await?;
        }
        // Numbers that are given out in the order of the commits, without a gap: whoever holds the last one's row goes first.
        // A sequence's would be given out earlier, so that an event could appear behind a place that a sink has passed.
        Link::Postgres(_) => {
            let count = i64::try_from(bodies.len()).unwrap_or(0);
            let last = "update outbox set last = last + $1 returning last - $1 as before";
            let Some(row) = link.row(last, binds![count]).await? else { return Err(sqlx::Error::RowNotFound) };
            let sql = format!(
                "insert into told (sequence, body)
                 select $2 + row_number() over (), body from {list}"
            );
            link.run(&sql, binds![rows, row.int("before")?]).await?;
        }
    }
    let old = "delete from told where sequence <= (select max(sequence) from told) - $1";
    link.run(old, binds![MOST]).await.map(drop)
}

pub(super) async fn waiting(link: &mut Link, sink: &str, most: usize) -> Done<Vec<(i64, String)>> {
    let sql = "select sequence, body from told
         where sequence > coalesce((select sequence from sinks where name = $1), 0) order by sequence limit $2";
    let rows = link.rows(sql, binds![sink, i64::try_from(most).unwrap_or(i64::MAX)]).await?;
    rows.iter().map(|row| Ok((row.int("sequence")?, row.text("body")?))).collect()
}

/// How many events were removed before a sink was told them: those between its place and the oldest that is there.
const MISSED: &str = "case when coalesce((select min(sequence) from told), 0) - 1 > s.sequence
    then coalesce((select min(sequence) from told), 0) - 1 - s.sequence else 0 end";

/// A sink was told all up to a place, or will never be.
pub(super) async fn passed(link: &mut Link, sink: &str, sequence: i64, dropped: u64, why: Option<&str>) -> Done<()> {
    let sql = format!(
        "insert into sinks as s (name, sequence, dropped, why) values ($1, $2, $3, $4)
         on conflict (name) do update set
           dropped = s.dropped + excluded.dropped + {MISSED},
           sequence = case when s.sequence > excluded.sequence then s.sequence else excluded.sequence end,
           why = coalesce(excluded.why, case when s.dropped > 0 and s.failing_since is null then s.why end),
           failing_since = null"
    );
    let dropped = i64::try_from(dropped).unwrap_or(i64::MAX);
    link.run(&sql, binds![sink, sequence, dropped, why.map(str::to_owned)]).await.map(drop)
}

/// A sink that was never told stands before the oldest event.
pub(super) async fn failed(link: &mut Link, sink: &str, why: &str) -> Done<()> {
    let sql = format!(
        "insert into sinks as s (name, sequence, dropped, why, failing_since)
         values ($1, coalesce((select min(sequence) from told), 1) - 1, 0, $2, {})
         on conflict (name) do update set why = excluded.why,
           failing_since = coalesce(s.failing_since, excluded.failing_since)",
        link.words().now
    );
    link.run(&sql, binds![sink, why]).await.map(drop)
}

/// How these sinks stand, in this order.
pub(super) async fn standing(link: &mut Link, sinks: &[&str]) -> Done<Vec<SinkRow>> {
    let mut rows = Vec::new();
    for sink in sinks {
        let sql = format!(
            "select (select count(*) from told where told.sequence > coalesce(s.sequence, 0)) as waiting,
               coalesce(s.dropped + {MISSED}, 0) as dropped, s.why as why, s.failing_since as failing_since
             from (select $1 as name) as asked left join sinks as s on s.name = asked.name"
        );
        let row = link.row(&sql, binds![*sink]).await?;
        rows.extend(row.map(|row| sink_row(sink, &row)).transpose()?);
    }
    Ok(rows)
}

fn sink_row(name: &str, row: &Row) -> Done<SinkRow> {
    let count = |number: i64| u64::try_from(number).unwrap_or(0);
    Ok(SinkRow {
        name: name.to_owned(),
        waiting: count(row.int("waiting")?),
        dropped: count(row.int("dropped")?),
        why: row.maybe_text("why")?,
        failing_since: row.maybe_int("failing_since")?,
    })
}

/// Removes what all of these sinks were told.
pub(super) async fn forget(link: &mut Link, sinks: &[&str]) -> Done<()> {
    let words = link.words();
    let names: Vec<Json> = sinks.iter().map(|sink| json!({ "name": sink })).collect();
    let sql = format!(
        "delete from told where sequence <= (
           select min(coalesce(s.sequence, 0)) from {} left join sinks as s on s.name = list.name)",
        words.list("$1", &[("name", Text)])
    );
    link.run(&sql, binds![words.as_list(&names)]).await.map(drop)
}
