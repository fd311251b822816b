//! A Prometheus server, to read from. It takes samples by itself and by a remote write that few switch on.

use std::sync::Arc;

use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use reqwest::{Method, Url};

use super::answer::{self, Found, Row, milliseconds, number, split_name};
use super::{LARGEST_ANSWER, base_url, in_order, range_at_instant, shown_query};
use crate::connection::transport::{self, Authorization, Transport, TransportOptions};
use crate::connection::{Answer, Metrics, Written};
use crate::query::promql::{self, seconds};
use crate::value::{ErrorKind, Labels, Points, Sample, Series, StepError, Timestamp};

/// How to reach a server.
#[derive(Debug, Clone)]
pub struct PrometheusOptions {
    /// Its address, without `/api/v1/…`.
    pub url: String,
    /// Credentials.
    pub authorization: Authorization,
    /// How long a request may take, in milliseconds.
    pub timeout_ms: u64,
    /// How many requests may be under way at once.
    pub pool: usize,
    /// Whether the server's certificate is verified.
    pub verify: bool,
}

/// A live server.
pub struct Prometheus {
    transport: Transport,
    url: Url,
    shown: String,
    pool: usize,
}

impl Prometheus {
    /// Prepares a client; nothing is sent. Fails, as `Configuration`, when the address is impossible.
    pub fn new(options: &PrometheusOptions) -> Result<Self, StepError> {
        let url = base_url("url", &options.url)?;
        let transport = Transport::new(&TransportOptions {
            authorization: options.authorization.clone(),
            headers: Vec::new(),
            timeout_ms: options.timeout_ms,
            pool: options.pool,
            verify: options.verify,
        })?;
        let shown = format!("Prometheus at {}", transport::masked_url(&url));
        Ok(Self { transport, url, shown, pool: options.pool.max(1) })
    }

    async fn ask(&self, query: &str, at_ms: i64) -> Result<Found, StepError> {
        let form = [("query", query), ("time", &seconds(at_ms))];
        let url = transport::join(&self.url, "api/v1/query");
        let request = transport::form(self.transport.request(Method::POST, url), &form);
        let explain = |error: StepError| error.context(format!("query `{}`", shown_query(query)));
        let response = self.transport.send(&self.shown, request).await.map_err(explain)?;
        let body = self.transport.body(&self.shown, response, LARGEST_ANSWER).await.map_err(explain)?;
        answer::read(&body).map_err(|why| self.garbled(&why))
    }

    fn garbled(&self, why: &str) -> StepError {
        let message = format!("{} answered what is no result of a query: {why}", self.shown);
        StepError::new(ErrorKind::Data, message).help("check that the connection's address is that of Prometheus")
    }

    async fn value_at(&self, query: &str, at_ms: i64) -> Result<Vec<Sample>, StepError> {
        let samples = match self.ask(query, at_ms).await? {
            Found::Series(rows) => rows.into_iter().filter_map(|row| row.sample(at_ms)).collect::<Result<_, _>>(),
            Found::Number((_, value)) => {
                number(&value).map(|value| vec![Sample { name: "".into(), labels: Labels::default(), value, at_ms }])
            }
            Found::Ranges(_) => return Err(range_at_instant()),
            Found::Text(_) => return Err(StepError::new(ErrorKind::Query, "the query gives a text, not values")),
        };
        let node = promql::read_finished(query).ok();
        Ok(in_order(samples.map_err(|why| self.garbled(&why))?, node.as_ref()))
    }

    /// The points in `from_ms..to_ms`: those of a window that ends a millisecond before the end. Releases differ in
    /// whether a window has its first instant, so it begins a millisecond early, and what is too early is dropped.
    async fn points(&self, selector: String, from_ms: i64, to_ms: i64) -> Result<Vec<Series>, StepError> {
        // On a line of its own: the selector may end in a comment.
        let query = format!("{selector}\n[{}ms]", to_ms.saturating_sub(from_ms));
        let found = self.ask(&query, to_ms.saturating_sub(1)).await?;
        let Found::Ranges(rows) = found else { return Err(self.garbled("no ranges of points")) };
        let series = rows.into_iter().map(|row| series(row, from_ms)).filter_map(Result::transpose);
        series.collect::<Result<_, _>>().map_err(|why| self.garbled(&why))
    }
}

/// The points of a row from `from_ms` on; `None` when there are none.
fn series(row: Row, from_ms: i64) -> Result<Option<Series>, String> {
    let (name, labels) = split_name(row.metric);
    let mut points = Points::default();
    for (at, value) in row.values.unwrap_or_default() {
        let (at_ms, value) = (milliseconds(at), number(&value)?);
        if at_ms >= from_ms && !value.is_nan() {
            points.at_ms.push(at_ms);
            points.values.push(value);
        }
    }
    Ok((!points.is_empty()).then(|| Series { name, labels, points: Arc::new(points) }))
}

impl Metrics for Prometheus {
    fn pool_size(&self) -> usize {
        self.pool
    }

    fn instant<'a>(&'a self, query: &'a str, at: Timestamp) -> Answer<'a, Vec<Sample>> {
        Box::pin(self.value_at(query, at.timestamp_millis()))
    }

    fn export<'a>(&'a self, selector: &'a str, from_ms: i64, to_ms: i64) -> BoxStream<'a, Result<Series, StepError>> {
        if from_ms >= to_ms {
            return stream::empty().boxed();
        }
        let asked = self.points(selector.to_owned(), from_ms, to_ms);
        stream::once(asked).map_ok(|all| stream::iter(all).map(Ok)).try_flatten().boxed()
    }

    fn write<'a>(&'a self, _: &'a [Series]) -> Answer<'a, Written> {
        let message = format!("{} is only read from", self.shown);
        let error = StepError::new(ErrorKind::Configuration, message)
            .help("write to a `victoria_metrics` connection, or let Prometheus scrape");
        Box::pin(std::future::ready(Err(error)))
    }
}
