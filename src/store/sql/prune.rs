//! Removing what is old.

use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::home::LeaseLeft;
use super::link::{Done, Link, binds};
use super::words::Kind::Text;
use crate::store::Pruned;

/// What was removed, and the runs; in a trial all is rolled back again.
pub(super) async fn prune(
    link: &mut Link,
    before_ms: i64,
    keep: u32,
    is_trial: bool,
    is_alive: impl Fn(Uuid, LeaseLeft) -> bool,
) -> Done<(Pruned, Vec<Uuid>)> {
    link.begin().await?;
    let words = link.words();
    if let Some(alone) = words.alone {
        // A value must not go between somebody's finding it there and his naming it.
        link.run(alone, &[]).await?;
    }
    let old = old(link, before_ms, keep, is_alive).await?;
    let ids: Vec<Json> = old.iter().map(|id| json!({ "id": id.to_string() })).collect();
    let (ids, list) = (words.as_list(&ids), words.list("$1", &[("id", Text)]));
    for table in ["events", "effects", "steps", "days"] {
        link.run(&format!("delete from {table} where run in (select id from {list})"), binds![&*ids]).await?;
    }
    link.run(&format!("delete from runs where id in (select id from {list})"), binds![ids]).await?;
    link.run("delete from programs where hash not in (select program from runs)", &[]).await?;
    let unused = "delete from outputs where hash not in (select output from steps where output is not null)";
    let outputs = link.run(unused, &[]).await?;
    if is_trial {
        link.rollback().await?;
    } else {
        link.commit().await?;
    }
    Ok((Pruned { runs: old.len() as u64, outputs }, if is_trial { Vec::new() } else { old }))
}

/// The runs that are old, not among the newest, and nobody's. Nobody takes one of them up until the transaction is over.
async fn old(
    link: &mut Link,
    before_ms: i64,
    keep: u32,
    is_alive: impl Fn(Uuid, LeaseLeft) -> bool,
) -> Done<Vec<Uuid>> {
    let words = link.words();
    let sql = format!(
        "select id, status, lease_until - {} as lease_left from runs where started_at < $1
         and id not in (select id from runs order by started_at desc, id desc limit $2){}",
        words.now, words.locked
    );
    let rows = link.rows(&sql, binds![before_ms, keep]).await?;
    let mut old = Vec::new();
    for row in rows {
        let Ok(id) = row.text("id")?.parse::<Uuid>() else { continue };
        if row.text("status")? != "running" || !is_alive(id, row.maybe_int("lease_left")?) {
            old.push(id);
        }
    }
    Ok(old)
}
