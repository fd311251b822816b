//! Reading: the points of series, a page of chunks at a time.

use std::sync::Arc;

use futures_util::stream::{BoxStream, StreamExt, TryStreamExt, iter, try_unfold};

use super::chunk;
use super::find::Stored;
use super::store::Store;
use super::write::json;
use crate::value::{ErrorKind, Points, Series, StepError};

/// Chunks read at once: 256 k points or two megabytes, which bounds memory whatever the length of a series, and is enough
/// for many short ones. A page is read wholly before any of it is given on, so that a slow taker holds no reader.
const PAGE: usize = 512;

/// Series in the order of the list, chunks in order of time: `cross join` is SQLite's word for loops in this order.
/// The chunk that the range begins in begins before it.
const CHUNKS: &str = "
select one.key, c.first_ms, c.instants, c.numbers
from json_each(?1) as one cross join chunk as c on c.series_id = one.value
where c.first_ms < ?3 and c.last_ms >= ?2
  and c.first_ms >= coalesce((select max(b.first_ms) from chunk as b
                              where b.series_id = one.value and b.first_ms <= ?2), ?2)
  and (one.key > 0 or c.first_ms > ?4)
limit ?5";

/// The last chunk of each series that begins before the end of a range.
const LAST: &str = "
select one.key, c.first_ms, c.instants, c.numbers
from json_each(?1) as one cross join chunk as c on c.series_id = one.value
 and c.first_ms = (select max(b.first_ms) from chunk as b where b.series_id = one.value and b.first_ms < ?3)
where c.last_ms >= ?2";

/// The first chunk of each series that ends in a range or after it.
const FIRST: &str = "
select one.key, c.first_ms, c.instants, c.numbers
from json_each(?1) as one cross join chunk as c on c.series_id = one.value
 and c.first_ms = coalesce(
   (select b.first_ms from chunk as b where b.series_id = one.value and b.last_ms >= ?2
      and b.first_ms >= coalesce((select max(a.first_ms) from chunk as a
                                  where a.series_id = one.value and a.first_ms <= ?2), ?2)
    order by b.first_ms limit 1), ?3)
where c.first_ms < ?3";

/// A row of these queries: which of the series, and a chunk of it.
type Row = (i64, i64, Vec<u8>, Vec<u8>);

/// How far a reading has come.
struct Reading {
    series: Vec<Stored>,
    /// Series that are done.
    done: usize,
    /// The first instant of the last chunk that was read of the next one.
    after: Option<i64>,
}

impl Store {
    /// The points of these series in `from_ms..to_ms`, series by series; a long one comes in pieces.
    pub(super) fn points(
        &self,
        series: Vec<Stored>,
        from_ms: i64,
        to_ms: i64,
    ) -> BoxStream<'_, Result<Series, StepError>> {
        let reading = Reading { series, done: 0, after: None };
        let pages = try_unfold(reading, move |mut reading| async move {
            if reading.done >= reading.series.len() {
                return Ok(None);
            }
            let page = self.page(&mut reading, from_ms, to_ms).await?;
            Ok::<_, StepError>(Some((iter(page).map(Ok), reading)))
        });
        pages.try_flatten().boxed()
    }

    async fn page(&self, reading: &mut Reading, from_ms: i64, to_ms: i64) -> Result<Vec<Series>, StepError> {
        let group = reading.series.get(reading.done..).unwrap_or_default();
        let group = group.get(..PAGE).unwrap_or(group);
        let query = sqlx::query_as(CHUNKS)
            .bind(ids(group))
            .bind(from_ms)
            .bind(to_ms)
            .bind(reading.after.unwrap_or(i64::MIN))
            .bind(i64::try_from(PAGE).unwrap_or(i64::MAX));
        let rows: Vec<Row> = query.fetch_all(&self.reader).await.map_err(|error| self.failure(&error))?;
        let last = rows.last().filter(|_| rows.len() == PAGE).map(|(key, first_ms, ..)| (index(*key), *first_ms));
        let page = self.pieces(group, rows, from_ms, to_ms)?;
        let (done, after) = last.map_or((group.len(), None), |(key, first_ms)| (key, Some(first_ms)));
        reading.done += done;
        reading.after = after;
        Ok(page)
    }

    fn pieces(&self, group: &[Stored], rows: Vec<Row>, from_ms: i64, to_ms: i64) -> Result<Vec<Series>, StepError> {
        let mut pieces: Vec<(usize, Points)> = Vec::new();
        for (key, _, instants, numbers) in rows {
            let key = index(key);
            if pieces.last().is_none_or(|(last, _)| *last != key) {
                pieces.push((key, Points::default()));
            }
            if let Some((_, points)) = pieces.last_mut() {
                chunk::unpack(&instants, &numbers, points).ok_or_else(|| self.damaged())?;
            }
        }
        let piece = |(key, points): (usize, Points)| {
            let (one, points) = (group.get(key)?, within(points, from_ms, to_ms));
            let series = Series { name: one.name.clone(), labels: one.labels.clone(), points: Arc::new(points) };
            (!series.points.is_empty()).then_some(series)
        };
        Ok(pieces.into_iter().filter_map(piece).collect())
    }

    /// The first or the last point of each of these series in `from_ms..to_ms`, where there is one.
    pub(super) async fn edges(
        &self,
        series: &[Stored],
        from_ms: i64,
        to_ms: i64,
        last: bool,
    ) -> Result<Vec<Option<(i64, f64)>>, StepError> {
        let mut edges = Vec::with_capacity(series.len());
        for group in series.chunks(PAGE) {
            let query = sqlx::query_as(if last { LAST } else { FIRST }).bind(ids(group)).bind(from_ms).bind(to_ms);
            let rows: Vec<Row> = query.fetch_all(&self.reader).await.map_err(|error| self.failure(&error))?;
            let begins = edges.len();
            edges.resize(begins + group.len(), None);
            for (key, _, instants, numbers) in rows {
                let mut points = Points::default();
                chunk::unpack(&instants, &numbers, &mut points).ok_or_else(|| self.damaged())?;
                let points = within(points, from_ms, to_ms);
                let at = if last { points.len().checked_sub(1) } else { Some(0) };
                let point = at.and_then(|at| Some((*points.at_ms.get(at)?, *points.values.get(at)?)));
                if let Some(edge) = edges.get_mut(begins + index(key)) {
                    *edge = point;
                }
            }
        }
        Ok(edges)
    }

    /// What a part of the file that does not read back means.
    pub(super) fn damaged(&self) -> StepError {
        let message = format!("the embedded store {} is damaged: points do not read back", self.shown);
        StepError::new(ErrorKind::Data, message).help("restore the file from a copy")
    }
}

fn ids(group: &[Stored]) -> String {
    json(&group.iter().map(|one| one.id).collect::<Vec<_>>())
}

fn index(key: i64) -> usize {
    usize::try_from(key).unwrap_or(usize::MAX)
}

/// Those of the points that lie in `from_ms..to_ms`.
fn within(mut points: Points, from_ms: i64, to_ms: i64) -> Points {
    let end = points.at_ms.partition_point(|at| *at < to_ms);
    points.at_ms.truncate(end);
    points.values.truncate(end);
    let begin = points.at_ms.partition_point(|at| *at < from_ms);
    if begin > 0 {
        points.at_ms.drain(..begin);
        points.values.drain(..begin);
    }
    points
}
