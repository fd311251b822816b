//! An InfluxDB 1.x database, to write to. A metric is a measurement with one field, `value`, and its labels are tags.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::future::{BoxFuture, ready};
use futures_util::stream::{self, BoxStream, StreamExt};
use reqwest::{Method, Url};
use serde::Deserialize;

use super::encode::{self, Body, InfluxDialect};
use super::writing::{self, Ask, Encoder, Found, Looked, Server, Take, take_series};
use super::{LARGEST_ANSWER, base_url, batch};
use crate::connection::metrics::ServerOptions;
use crate::connection::transport::{self, Transport};
use crate::connection::{Answer, Clock, Metrics, Written};
use crate::value::{ErrorKind, Labels, Points, Sample, Series, StepError, Timestamp};

/// How to reach a database.
#[derive(Debug, Clone)]
pub struct InfluxOptions {
    /// The server's address.
    pub url: String,
    /// The database.
    pub database: String,
    /// How it is asked.
    pub server: ServerOptions,
    /// Whether requests are compressed: costs both sides time, saves the wire.
    pub compresses: bool,
}

/// A live database.
pub struct InfluxDb {
    transport: Transport,
    clock: Arc<dyn Clock>,
    url: Url,
    database: String,
    shown: String,
    pool: usize,
    compresses: bool,
}

/// What `/query` answers, one object for each chunk.
#[derive(Deserialize)]
struct Chunk {
    #[serde(default)]
    results: Vec<Results>,
    error: Option<String>,
}

#[derive(Deserialize)]
struct Results {
    #[serde(default)]
    series: Vec<Row>,
    error: Option<String>,
}

#[derive(Deserialize)]
struct Row {
    name: String,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    values: Vec<(i64, serde_json::Value)>,
}

impl InfluxDb {
    /// Prepares a client; nothing is sent. Fails, as `Configuration`, when the address is impossible.
    pub fn new(options: &InfluxOptions, clock: Arc<dyn Clock>) -> Result<Self, StepError> {
        let url = base_url("url", &options.url)?;
        let transport = options.server.transport()?;
        let shown = format!("InfluxDB at {}", transport::masked_url(&url));
        let (database, pool, compresses) = (options.database.clone(), options.server.pool.max(1), options.compresses);
        Ok(Self { transport, clock, url, database, shown, pool, compresses })
    }

    fn only_written_to(&self) -> StepError {
        StepError::new(ErrorKind::Configuration, format!("{} is only written to", self.shown))
            .help("it does not read PromQL; read from a `victoria_metrics` or `prometheus` connection")
    }

    fn address(&self, path: &str) -> Url {
        let mut url = transport::join(&self.url, path);
        url.query_pairs_mut().append_pair("db", &self.database);
        url
    }

    async fn store(&self, given: &[Series]) -> Result<Written, StepError> {
        let batch = batch::prepare(given, None)?;
        encode::check_influx(&batch.series, InfluxDialect::InfluxDb)?;
        writing::write(self, &batch).await
    }

    async fn send_lines(&self, body: Body) -> Result<(), StepError> {
        let mut url = self.address("write");
        url.query_pairs_mut().append_pair("precision", "ms");
        self.transport.send(&self.shown, body.request(&self.transport, url)).await.map(drop)
    }

    async fn ask(&self, query: String) -> Result<Vec<Series>, StepError> {
        let mut url = self.address("query");
        url.query_pairs_mut().append_pair("epoch", "ms").append_pair("chunked", "true");
        let request = transport::form(self.transport.request(Method::POST, url), &[("q", &query)]);
        let response = self.transport.send(&self.shown, request).await?;
        let body = self.transport.body(&self.shown, response, LARGEST_ANSWER).await?;
        let mut found = Vec::new();
        for chunk in serde_json::Deserializer::from_slice(&body).into_iter::<Chunk>() {
            let chunk =
                chunk.map_err(|error| self.failed(&format!("answered what is no result of a query: {error}")))?;
            let results = chunk.results.into_iter();
            let (series, errors): (Vec<_>, Vec<_>) = results.map(|one| (one.series, one.error)).unzip();
            if let Some(error) = chunk.error.into_iter().chain(errors.into_iter().flatten()).next() {
                return Err(self.failed(&format!("answered: {error}")));
            }
            found.extend(series.into_iter().flatten().map(series_of));
        }
        Ok(found)
    }

    fn failed(&self, what: &str) -> StepError {
        let error = StepError::new(ErrorKind::Configuration, format!("{} {what}", self.shown));
        error.help(format!("check the connection's `url`, and that the database `{}` is there", self.database))
    }
}

/// Tags that a series does not have are empty in an answer.
fn series_of(row: Row) -> Series {
    let labels: Labels = row.tags.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    let mut points = Points::default();
    for (at_ms, value) in row.values {
        // A text or a boolean is no value of a metric; a write beside it fails with the server's own words.
        if let Some(value) = value.as_f64() {
            points.at_ms.push(at_ms);
            points.values.push(value);
        }
    }
    Series { name: row.name.into(), labels, points: Arc::new(points) }
}

/// A statement for each measurement, narrowed to the labels that all of its series have with one value.
fn statements(series: &[&Series], from_ms: i64, to_ms: i64) -> String {
    let names: BTreeSet<&str> = series.iter().map(|one| &*one.name).collect();
    let statement = |name: &&str| {
        let mut members = series.iter().filter(|one| &*one.name == *name);
        let mut common: BTreeMap<&str, &str> = members
            .next()
            .into_iter()
            .flat_map(|one| one.labels.iter())
            .map(|(name, value)| (&**name, &**value))
            .collect();
        members.for_each(|one| common.retain(|name, value| one.labels.get(name).is_some_and(|its| **its == **value)));
        let tags: Vec<String> = common
            .iter()
            .map(|(name, value)| format!(" AND {} = {}", quoted(name, '"'), quoted(value, '\'')))
            .collect();
        let tags = tags.concat();
        format!(
            "SELECT \"value\" FROM {} WHERE time >= {from_ms}ms AND time < {to_ms}ms{tags} GROUP BY *",
            quoted(name, '"')
        )
    };
    names.iter().map(statement).collect::<Vec<_>>().join("; ")
}

fn quoted(text: &str, quote: char) -> String {
    let escaped = text.replace('\\', "\\\\").replace(quote, &format!("\\{quote}"));
    format!("{quote}{escaped}{quote}")
}

impl Server for InfluxDb {
    fn shown(&self) -> &str {
        &self.shown
    }

    fn width(&self) -> usize {
        self.pool
    }

    fn clock(&self) -> &dyn Clock {
        Arc::as_ref(&self.clock)
    }

    fn repeats_labels(&self) -> bool {
        true
    }

    fn replaces_equal_instants_only(&self) -> BoxFuture<'_, bool> {
        Box::pin(ready(true))
    }

    fn look<'a>(&'a self, ask: Ask<'a>, take: &'a mut Take<'a>) -> Answer<'a, Looked> {
        Box::pin(async move {
            if ask.is_broad {
                return Ok(Looked::TooBroad);
            }
            let all = self.ask(statements(ask.series, ask.from_ms, ask.to_ms)).await?;
            take_series(stream::iter(all.into_iter().map(Ok)).boxed(), ask, take).await
        })
    }

    fn encoder(&self) -> Encoder {
        let compresses = self.compresses;
        Arc::new(move |parts| {
            let body = encode::influx_body(parts, InfluxDialect::InfluxDb);
            Ok(if compresses { body.compressed() } else { body })
        })
    }

    fn send(&self, body: Body) -> Answer<'_, ()> {
        Box::pin(self.send_lines(body))
    }

    fn help(&self, wrong: Found) -> &'static str {
        match wrong {
            Found::Absent => "its retention policy may be shorter than the samples are old",
            _ => "another writer may write the same series",
        }
    }
}

impl Metrics for InfluxDb {
    fn pool_size(&self) -> usize {
        self.pool
    }

    fn instant<'a>(&'a self, _: &'a str, _: Timestamp) -> Answer<'a, Vec<Sample>> {
        Box::pin(ready(Err(self.only_written_to())))
    }

    fn export<'a>(&'a self, _: &'a str, _: i64, _: i64) -> BoxStream<'a, Result<Series, StepError>> {
        stream::iter([Err(self.only_written_to())]).boxed()
    }

    fn write<'a>(&'a self, series: &'a [Series]) -> Answer<'a, Written> {
        Box::pin(self.store(series))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_quote_and_narrow() {
        let series = |labels: &[(&str, &str)]| {
            let labels = labels.iter().copied().collect();
            Series { name: "nav".into(), labels, points: Points::default().into() }
        };
        let all = [series(&[("job", "it's \\"), ("n", "1")]), series(&[("job", "it's \\"), ("n", "2")])];
        let text = statements(&all.iter().collect::<Vec<_>>(), 5, 9);
        let wanted = r#"SELECT "value" FROM "nav" WHERE time >= 5ms AND time < 9ms AND "job" = 'it\'s \\' GROUP BY *"#;
        assert_eq!(text, wanted);
    }
}
