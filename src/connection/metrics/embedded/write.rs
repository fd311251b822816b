//! Writing: series get a number, their points are merged into the chunks that are there.

use std::collections::{BTreeMap, HashSet};

use sqlx::query_builder::QueryBuilder;
use sqlx::{Sqlite, Transaction};

use super::chunk::{self, Chunk, MOST};
use crate::value::{Points, Series};

/// Rows in one insert; of at most six values, and SQLite binds at most 32,766. More are hardly faster.
const ROWS: usize = 64;
/// Series looked up at once.
const SERIES: usize = 512;
/// Points merged at once, which bounds memory beside what was given.
const POINTS: usize = 64 * 1024;

type Writing = Transaction<'static, Sqlite>;

/// Points of one series, in order of time, each instant once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part<'a> {
    pub id: i64,
    pub at_ms: &'a [i64],
    pub values: &'a [f64],
}

/// Writes series. Gives how many samples are new or have another value.
pub(super) async fn series(transaction: &mut Writing, series: &[Series]) -> Result<u64, sqlx::Error> {
    let mut changed = 0;
    for group in series.chunks(SERIES) {
        let ids = numbers(transaction, group).await?;
        for parts in parts(&ids, group) {
            changed += merge(transaction, &parts).await?;
        }
    }
    Ok(changed)
}

/// The points in groups of a bounded size. Two parts of one series never meet in a group: the first fills one alone.
fn parts<'a>(ids: &[i64], series: &'a [Series]) -> Vec<Vec<Part<'a>>> {
    let (mut groups, mut points) = (Vec::<Vec<Part<'_>>>::new(), POINTS);
    for (id, one) in ids.iter().zip(series) {
        for (at_ms, values) in one.points.at_ms.chunks(POINTS).zip(one.points.values.chunks(POINTS)) {
            if points >= POINTS {
                groups.push(Vec::new());
                points = 0;
            }
            points += at_ms.len();
            if let Some(group) = groups.last_mut() {
                group.push(Part { id: *id, at_ms, values });
            }
        }
    }
    groups
}

/// Merges points into the chunks that they fall into or follow. At most one part of a series.
pub(super) async fn merge(transaction: &mut Writing, parts: &[Part<'_>]) -> Result<u64, sqlx::Error> {
    let old = overlapping(transaction, parts).await?;
    let (mut gone, mut rows, mut all_changed) = (Vec::new(), Vec::new(), 0);
    for (at, part) in parts.iter().enumerate() {
        let nothing = Overlap::default();
        let old = old.get(&at).unwrap_or(&nothing);
        let (points, changed) = chunk::merged(&old.points, part.at_ms, part.values);
        if changed == 0 {
            continue;
        }
        all_changed += changed;
        let is_appended = old.points.at_ms.last() < part.at_ms.first();
        let size = chunk::size(points.len(), is_appended);
        let cut = points.at_ms.chunks(size).zip(points.values.chunks(size));
        let begins = rows.len();
        rows.extend(cut.filter_map(|(at_ms, values)| Some((part.id, Chunk::of(at_ms, values)?))));
        let kept: HashSet<i64> = rows.iter().skip(begins).map(|(_, chunk)| chunk.first_ms).collect();
        gone.extend(old.starts.iter().filter(|start| !kept.contains(start)).map(|start| (part.id, *start)));
    }
    delete(transaction, &gone).await?;
    insert(transaction, rows).await?;
    Ok(all_changed)
}

/// The chunks of a series that a part touches.
#[derive(Debug, Default)]
struct Overlap {
    /// The first instant of each.
    starts: Vec<i64>,
    points: Points,
}

/// Also the chunk before, when it has room.
const OVERLAPPING: &str = "
select part.key, c.first_ms, c.instants, c.numbers
from json_each(?) as part cross join chunk as c on c.series_id = part.value ->> 0
where c.first_ms <= part.value ->> 2
  and c.first_ms >= coalesce((select max(b.first_ms) from chunk as b
                              where b.series_id = part.value ->> 0 and b.first_ms <= part.value ->> 1), part.value ->> 1)
  and (c.last_ms >= part.value ->> 1 or c.count < ?)";

async fn overlapping(transaction: &mut Writing, parts: &[Part<'_>]) -> Result<BTreeMap<usize, Overlap>, sqlx::Error> {
    let ranges: Vec<[i64; 3]> =
        parts.iter().filter_map(|part| Some([part.id, *part.at_ms.first()?, *part.at_ms.last()?])).collect();
    let most = i64::try_from(MOST).unwrap_or(i64::MAX);
    let query = sqlx::query_as(OVERLAPPING).bind(json(&ranges)).bind(most);
    let mut rows: Vec<(i64, i64, Vec<u8>, Vec<u8>)> = query.fetch_all(&mut **transaction).await?;
    rows.sort_unstable_by_key(|(key, first_ms, ..)| (*key, *first_ms));
    let mut found = BTreeMap::<usize, Overlap>::new();
    for (key, first_ms, instants, numbers) in rows {
        let overlap = found.entry(usize::try_from(key).unwrap_or(usize::MAX)).or_default();
        overlap.starts.push(first_ms);
        chunk::unpack(&instants, &numbers, &mut overlap.points).ok_or_else(damaged)?;
    }
    Ok(found)
}

/// Numbers and texts always have a JSON form.
pub(super) fn json(of: &impl serde::Serialize) -> String {
    serde_json::to_string(of).unwrap_or_default()
}

/// A chunk that does not read back as one.
pub(super) fn damaged() -> sqlx::Error {
    sqlx::Error::Protocol("a chunk of points is damaged".to_owned())
}

async fn delete(transaction: &mut Writing, gone: &[(i64, i64)]) -> Result<(), sqlx::Error> {
    if gone.is_empty() {
        return Ok(());
    }
    let delete = "delete from chunk where (series_id, first_ms) in (select value ->> 0, value ->> 1 from json_each(?))";
    sqlx::query(delete).bind(json(&gone)).execute(&mut **transaction).await.map(|_| ())
}

async fn insert(transaction: &mut Writing, rows: Vec<(i64, Chunk)>) -> Result<(), sqlx::Error> {
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let mut query =
            QueryBuilder::<Sqlite>::new("insert into chunk (series_id, first_ms, last_ms, count, instants, numbers) ");
        let mut count = 0;
        query.push_values(rows.by_ref().take(ROWS), |mut row, (id, chunk)| {
            count += 1;
            row.push_bind(id).push_bind(chunk.first_ms).push_bind(chunk.last_ms);
            row.push_bind(i64::try_from(chunk.count).unwrap_or(i64::MAX));
            row.push_bind(chunk.instants).push_bind(chunk.numbers);
        });
        query.push(
            " on conflict (series_id, first_ms) do update set \
             last_ms = excluded.last_ms, count = excluded.count, instants = excluded.instants, numbers = excluded.numbers",
        );
        query.build().persistent(count == ROWS).execute(&mut **transaction).await?;
    }
    Ok(())
}

/// The number of each series; those that the file does not know get one.
async fn numbers(transaction: &mut Writing, group: &[Series]) -> Result<Vec<i64>, sqlx::Error> {
    let keys: Vec<(&str, String)> = group.iter().map(|one| (&*one.name, labels_text(one))).collect();
    let known = "select one.key, s.id from json_each(?) as one
                 cross join series as s on s.name = one.value ->> 0 and s.labels = one.value ->> 1";
    let known: Vec<(i64, i64)> = sqlx::query_as(known).bind(json(&keys)).fetch_all(&mut **transaction).await?;
    let known: BTreeMap<usize, i64> =
        known.into_iter().filter_map(|(key, id)| Some((usize::try_from(key).ok()?, id))).collect();
    let largest = sqlx::query_scalar::<_, i64>("select coalesce(max(id), 0) from series");
    let mut next = if known.len() == keys.len() { 0 } else { largest.fetch_one(&mut **transaction).await? };
    let (mut ids, mut added) = (Vec::new(), Vec::new());
    for (at, ((name, labels), one)) in keys.into_iter().zip(group).enumerate() {
        let id = known.get(&at).copied().unwrap_or_else(|| {
            next += 1;
            added.push(New { id: next, name: name.to_owned(), labels, series: one });
            next
        });
        ids.push(id);
    }
    add(transaction, &added).await?;
    Ok(ids)
}

/// The labels as the file holds them, in order of their names.
fn labels_text(one: &Series) -> String {
    let labels: BTreeMap<&str, &str> = one.labels.iter().map(|(name, value)| (&**name, &**value)).collect();
    json(&labels)
}

struct New<'a> {
    id: i64,
    name: String,
    labels: String,
    series: &'a Series,
}

async fn add(transaction: &mut Writing, added: &[New<'_>]) -> Result<(), sqlx::Error> {
    for some in added.chunks(ROWS) {
        let mut query = QueryBuilder::<Sqlite>::new("insert into series (id, name, labels) ");
        query.push_values(some, |mut row, new| {
            row.push_bind(new.id).push_bind(new.name.clone()).push_bind(new.labels.clone());
        });
        query.build().persistent(some.len() == ROWS).execute(&mut **transaction).await?;
    }
    let mut labels: Vec<(&str, &str, i64)> = added
        .iter()
        .flat_map(|new| new.series.labels.iter().map(|(name, value)| (&**name, &**value, new.id)))
        .collect();
    // In the order of the index, so that neighbours share pages.
    labels.sort_unstable();
    for some in labels.chunks(ROWS) {
        let mut query = QueryBuilder::<Sqlite>::new("insert into label (name, value, series_id) ");
        query.push_values(some, |mut row, (name, value, id)| {
            row.push_bind((*name).to_owned()).push_bind((*value).to_owned()).push_bind(*id);
        });
        query.build().persistent(some.len() == ROWS).execute(&mut **transaction).await?;
    }
    Ok(())
}
