//! The file: series with their labels, and samples by series and instant.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{BoxStream, StreamExt, try_unfold};
use sqlx::query_builder::QueryBuilder;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Sqlite, SqlitePool, Transaction};

use super::READERS;
use crate::query::promql::{MatchSign, Matcher, MatcherValue, Pattern};
use crate::value::{ErrorKind, Labels, Points, Series, StepError};

/// Points read at once, which bounds memory whatever the length of a series.
const PAGE: usize = 10_000;
/// Rows in one insert; two values each, and SQLite binds at most 32,766.
const ROWS: usize = 1_000;
/// How long another process may hold the file, in seconds.
const PATIENCE: Duration = Duration::from_secs(30);

const SCHEMA: &str = "
create table if not exists series (
  id integer primary key, name text not null, labels text not null, unique (name, labels));
create table if not exists label (
  name text not null, value text not null, series_id integer not null references series (id),
  primary key (name, value, series_id)) without rowid;
create table if not exists samples (
  series_id integer not null references series (id), at_ms integer not null, value real not null,
  primary key (series_id, at_ms)) without rowid;
create table if not exists property (name text primary key, value text not null) without rowid;
";

/// A series, without its points.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub id: i64,
    pub name: Arc<str>,
    pub labels: Labels,
}

/// The open file.
#[derive(Debug)]
pub(super) struct Store {
    reader: SqlitePool,
    /// One connection: SQLite has one writer, and waiting here is fairer than in the file's lock.
    writer: SqlitePool,
    shown: String,
}

impl Store {
    pub(super) async fn open(path: &Path) -> Result<Self, StepError> {
        let file = file(path);
        let shown = file.display().to_string();
        if let Some(directory) = file.parent() {
            let made = tokio::fs::create_dir_all(directory).await;
            made.map_err(|error| misplaced(&shown, &error.to_string()))?;
        }
        let options = SqliteConnectOptions::new()
            .filename(&file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(PATIENCE);
        let pool = |size| SqlitePoolOptions::new().max_connections(size).acquire_timeout(PATIENCE);
        let writer =
            pool(1).connect_with(options.clone()).await.map_err(|error| misplaced(&shown, &error.to_string()))?;
        sqlx::raw_sql(SCHEMA).execute(&writer).await.map_err(|error| misplaced(&shown, &error.to_string()))?;
        Ok(Self { reader: pool(READERS).connect_lazy_with(options), writer, shown })
    }

    /// What an error of the file means.
    fn failure(&self, error: &sqlx::Error) -> StepError {
        let message = format!("the embedded store {}: {error}", self.shown);
        match error {
            sqlx::Error::PoolTimedOut => StepError::transient(ErrorKind::Timeout, message),
            sqlx::Error::Database(inner) if inner.message().contains("locked") => {
                StepError::transient(ErrorKind::Timeout, message).help("another process is writing to it")
            }
            _ => StepError::new(ErrorKind::Connection, message),
        }
    }

    /// A property of the store; `None` when it was never set.
    pub(super) async fn property(&self, name: &str) -> Result<Option<String>, StepError> {
        let value = sqlx::query_scalar("select value from property where name = ?").bind(name);
        value.fetch_optional(&self.reader).await.map_err(|error| self.failure(&error))
    }

    /// Writes series, and a property with them; all or nothing. Gives how many samples are new or have changed.
    pub(super) async fn write(&self, series: &[Series], property: Option<(&str, &str)>) -> Result<u64, StepError> {
        self.write_all(series, property).await.map_err(|error| self.failure(&error))
    }

    async fn write_all(&self, series: &[Series], property: Option<(&str, &str)>) -> Result<u64, sqlx::Error> {
        // Taking the lock for writing at once: a reader's lock cannot always be raised later.
        let mut transaction = self.writer.begin_with("begin immediate").await?;
        let mut changed = 0;
        for one in series {
            let id = series_id(&mut transaction, one).await?;
            changed += insert(&mut transaction, id, one).await?;
        }
        if let Some((name, value)) = property {
            let set = "insert into property (name, value) values (?, ?) on conflict (name) do update set value = excluded.value";
            sqlx::query(set).bind(name).bind(value).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(changed)
    }

    /// The series that all matchers match, in order of name and labels.
    pub(super) async fn find(&self, matchers: &[Matcher]) -> Result<Vec<Stored>, StepError> {
        // A server answers nothing for `{}` too.
        if matchers.is_empty() {
            return Ok(Vec::new());
        }
        let tests = matchers.iter().map(Test::new).collect::<Result<Vec<_>, _>>()?;
        let mut query = QueryBuilder::<Sqlite>::new("select id, name, labels from series where true");
        for test in &tests {
            test.narrow(&mut query);
        }
        let rows: Vec<(i64, String, String)> =
            query.build_query_as().fetch_all(&self.reader).await.map_err(|error| self.failure(&error))?;
        let mut found = Vec::new();
        for (id, name, labels) in rows {
            let stored = Stored { id, name: name.into(), labels: self.labels(&labels)? };
            let (unsure, sure): (Vec<&Test>, Vec<&Test>) = tests.iter().partition(|test| test.is_unsure_of(&stored));
            if !sure.iter().all(|test| test.holds(&stored)) {
                continue;
            }
            if let Some(test) = unsure.first() {
                return Err(test.unsure());
            }
            found.push(stored);
        }
        found.sort_unstable_by(|a, b| (&a.name, &a.labels).cmp(&(&b.name, &b.labels)));
        Ok(found)
    }

    fn labels(&self, text: &str) -> Result<Labels, StepError> {
        let labels: BTreeMap<String, String> = serde_json::from_str(text).map_err(|error| {
            StepError::new(ErrorKind::Data, format!("the embedded store {} is damaged: {error}", self.shown))
        })?;
        Ok(labels.into_iter().collect())
    }

    /// The points of these series in `from_ms..to_ms`, a page at a time.
    pub(super) fn points(
        &self,
        series: Vec<Stored>,
        from_ms: i64,
        to_ms: i64,
    ) -> BoxStream<'_, Result<Series, StepError>> {
        let start = (VecDeque::from(series), from_ms);
        try_unfold(start, move |(mut series, mut from)| async move {
            while let Some(one) = series.front() {
                let points = self.page(one.id, from, to_ms).await?;
                let next = points.at_ms.last().map(|last| last.saturating_add(1));
                let piece = Series { name: one.name.clone(), labels: one.labels.clone(), points: Arc::new(points) };
                let is_last = piece.points.len() < PAGE;
                from = next.filter(|_| !is_last).unwrap_or(from_ms);
                if is_last {
                    series.pop_front();
                }
                if !piece.points.is_empty() {
                    return Ok(Some((piece, (series, from))));
                }
            }
            Ok(None)
        })
        .boxed()
    }

    async fn page(&self, id: i64, from_ms: i64, to_ms: i64) -> Result<Points, StepError> {
        let query =
            "select at_ms, value from samples where series_id = ? and at_ms >= ? and at_ms < ? order by at_ms limit ?";
        let query =
            sqlx::query_as(query).bind(id).bind(from_ms).bind(to_ms).bind(i64::try_from(PAGE).unwrap_or(i64::MAX));
        let rows: Vec<(i64, f64)> = query.fetch_all(&self.reader).await.map_err(|error| self.failure(&error))?;
        let (at_ms, values) = rows.into_iter().unzip();
        Ok(Points { at_ms, values })
    }

    /// The first or the last point of a series in `from_ms..to_ms`.
    pub(super) async fn edge(
        &self,
        id: i64,
        from_ms: i64,
        to_ms: i64,
        last: bool,
    ) -> Result<Option<(i64, f64)>, StepError> {
        let query = if last {
            "select at_ms, value from samples where series_id = ? and at_ms >= ? and at_ms < ? order by at_ms desc limit 1"
        } else {
            "select at_ms, value from samples where series_id = ? and at_ms >= ? and at_ms < ? order by at_ms limit 1"
        };
        let query = sqlx::query_as(query).bind(id).bind(from_ms).bind(to_ms);
        query.fetch_optional(&self.reader).await.map_err(|error| self.failure(&error))
    }
}

/// A path with an extension is the file; any other is the directory of `metrics.db`.
fn file(path: &Path) -> PathBuf {
    if path.extension().is_some() && !path.is_dir() { path.to_owned() } else { path.join("metrics.db") }
}

fn misplaced(shown: &str, why: &str) -> StepError {
    StepError::new(ErrorKind::Configuration, format!("the embedded store {shown} cannot be opened: {why}"))
        .help("check the `path` of the connection")
}

async fn series_id(transaction: &mut Transaction<'static, Sqlite>, one: &Series) -> Result<i64, sqlx::Error> {
    let labels: BTreeMap<&str, &str> = one.labels.iter().map(|(name, value)| (&**name, &**value)).collect();
    // A map of texts always has a JSON form.
    let labels = serde_json::to_string(&labels).unwrap_or_default();
    let known =
        sqlx::query_scalar("select id from series where name = ? and labels = ?").bind(&*one.name).bind(&labels);
    if let Some(id) = known.fetch_optional(&mut **transaction).await? {
        return Ok(id);
    }
    let added = sqlx::query_scalar("insert into series (name, labels) values (?, ?) returning id");
    let id = added.bind(&*one.name).bind(&labels).fetch_one(&mut **transaction).await?;
    for (name, value) in one.labels.iter() {
        let label = sqlx::query("insert into label (name, value, series_id) values (?, ?, ?)");
        label.bind(&**name).bind(&**value).bind(id).execute(&mut **transaction).await?;
    }
    Ok(id)
}

async fn insert(transaction: &mut Transaction<'static, Sqlite>, id: i64, one: &Series) -> Result<u64, sqlx::Error> {
    let mut changed = 0;
    for (at_ms, values) in one.points.at_ms.chunks(ROWS).zip(one.points.values.chunks(ROWS)) {
        let mut query = QueryBuilder::<Sqlite>::new("insert into samples (series_id, at_ms, value) ");
        // -0 becomes 0, as on a server.
        query.push_values(at_ms.iter().zip(values), |mut row, (at_ms, value)| {
            row.push_bind(id).push_bind(*at_ms).push_bind(value + 0.0);
        });
        query
            .push(" on conflict (series_id, at_ms) do update set value = excluded.value where value <> excluded.value");
        changed += query.build().persistent(at_ms.len() == ROWS).execute(&mut **transaction).await?.rows_affected();
    }
    Ok(changed)
}

/// A matcher, ready to be used.
struct Test {
    label: Arc<str>,
    is_positive: bool,
    value: Comparison,
}

enum Comparison {
    Text(Arc<str>),
    Pattern(Pattern),
}

impl Test {
    fn new(matcher: &Matcher) -> Result<Self, StepError> {
        let MatcherValue::Text(text) = &matcher.value else {
            return Err(StepError::new(ErrorKind::Internal, "a matcher without a value"));
        };
        // A server takes this one for "the label is absent", though no value differs from all values.
        if matcher.sign == MatchSign::NotMatches && &**text == ".*" {
            return Ok(Self { label: matcher.label.clone(), is_positive: true, value: Comparison::Text("".into()) });
        }
        let value = if matcher.sign.is_regex() {
            Comparison::Pattern(Pattern::new(text).map_err(|why| StepError::new(ErrorKind::Query, why))?)
        } else {
            Comparison::Text(text.clone())
        };
        let is_positive = matches!(matcher.sign, MatchSign::Equal | MatchSign::Matches);
        Ok(Self { label: matcher.label.clone(), is_positive, value })
    }

    /// Lets the file look up what must be equal; the rest is tested on what comes back.
    fn narrow(&self, query: &mut QueryBuilder<Sqlite>) {
        let Comparison::Text(text) = &self.value else { return };
        if !self.is_positive || text.is_empty() {
            return;
        }
        if &*self.label == "__name__" {
            query.push(" and name = ").push_bind(text.to_string());
        } else {
            query.push(" and id in (select series_id from label where name = ").push_bind(self.label.to_string());
            query.push(" and value = ").push_bind(text.to_string()).push(")");
        }
    }

    /// A label that a series does not have is empty.
    fn value_in<'a>(&self, stored: &'a Stored) -> &'a str {
        if &*self.label == "__name__" { &stored.name } else { stored.labels.get(&self.label).map_or("", |value| value) }
    }

    fn is_unsure_of(&self, stored: &Stored) -> bool {
        matches!(&self.value, Comparison::Pattern(pattern) if pattern.is_unsure_of(self.value_in(stored)))
    }

    fn unsure(&self) -> StepError {
        let message = format!("the label `{}` holds a line break, and the pattern for it a `.`", self.label);
        StepError::new(ErrorKind::Query, message).help("write `(?s:.)` or `[^\\n]` for the `.`")
    }

    fn holds(&self, stored: &Stored) -> bool {
        let value = self.value_in(stored);
        let matches = match &self.value {
            Comparison::Text(text) => value == &**text,
            Comparison::Pattern(pattern) => pattern.matches(value),
        };
        matches == self.is_positive
    }
}
