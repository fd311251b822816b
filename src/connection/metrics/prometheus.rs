//! A Prometheus server. It takes samples by itself, and recent ones by a remote write that few switch on.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use reqwest::{Method, Url};

use super::answer::{self, Found, Row, milliseconds, number, split_name};
use super::encode::{self, Body};
use super::steps::MOST_STEPS;
use super::writing::{self, Ask, Encoder, Looked, Server, Take, selector, take_series};
use super::{LARGEST_ANSWER, Merged, Steps, base_url, batch, in_order, over, range_at_instant, shown_query};
use crate::connection::metrics::ServerOptions;
use crate::connection::transport::{self, Transport};
use crate::connection::{Answer, Clock, Metrics, Written};
use crate::query::promql::{self, seconds};
use crate::value::{ErrorKind, Labels, Points, Sample, Series, StepError, Timestamp};

/// How to reach a server.
#[derive(Debug, Clone)]
pub struct PrometheusOptions {
    /// Its address, without `/api/v1/…`.
    pub url: String,
    /// How it is asked.
    pub server: ServerOptions,
}

/// A live server.
pub struct Prometheus {
    transport: Transport,
    clock: Arc<dyn Clock>,
    url: Url,
    shown: String,
    pool: usize,
}

impl Prometheus {
    /// Prepares a client; nothing is sent. Fails, as `Configuration`, when the address is impossible.
    pub fn new(options: &PrometheusOptions, clock: Arc<dyn Clock>) -> Result<Self, StepError> {
        let url = base_url("url", &options.url)?;
        let transport = options.server.transport()?;
        let shown = format!("Prometheus at {}", transport::masked_url(&url));
        Ok(Self { transport, clock, url, shown, pool: options.server.pool.max(1) })
    }

    async fn ask(&self, query: &str, at_ms: i64) -> Result<Found, StepError> {
        self.post("api/v1/query", &[("query", query), ("time", &seconds(at_ms))], query).await
    }

    async fn post(&self, path: &str, form: &[(&str, &str)], query: &str) -> Result<Found, StepError> {
        let url = transport::join(&self.url, path);
        let request = transport::form(self.transport.request(Method::POST, url), form);
        let explain = |error: StepError| error.context(format!("query `{}`", shown_query(query)));
        let response = self.transport.send(&self.shown, request).await.map_err(explain)?;
        let body = self.transport.body(&self.shown, response, LARGEST_ANSWER).await.map_err(explain)?;
        answer::read(&body).map_err(|why| self.garbled(&why))
    }

    /// The values at steps; a server evaluates at most 11,000 at once.
    async fn values_over(&self, query: &str, steps: Steps) -> Result<Vec<Series>, StepError> {
        let node = promql::read_finished(query).ok();
        if node.as_ref().is_some_and(promql::Node::is_range) {
            return Err(range_at_instant());
        }
        steps.check(node.as_ref(), MOST_STEPS)?;
        let mut merged = Merged::default();
        for piece in steps.pieces(MOST_STEPS) {
            let (start, end, step) = (seconds(piece.from_ms), seconds(piece.last_ms()), seconds(piece.step_ms));
            let form = [("query", query), ("start", &*start), ("end", &*end), ("step", &*step)];
            let Found::Ranges(rows) = self.post("api/v1/query_range", &form, query).await? else {
                return Err(self.garbled("no ranges of values"));
            };
            for row in rows {
                merged.add(row.series(piece.last_ms()).map_err(|why| self.garbled(&why))?);
            }
        }
        Ok(merged.finish())
    }

    async fn names(
        &self,
        path: String,
        selector: Option<&str>,
        from_ms: i64,
        to_ms: i64,
    ) -> Result<Vec<Arc<str>>, StepError> {
        if from_ms >= to_ms {
            return Ok(Vec::new());
        }
        let mut url = transport::join(&self.url, &path);
        url.query_pairs_mut().append_pair("start", &seconds(from_ms)).append_pair("end", &seconds(to_ms - 1));
        url.query_pairs_mut().extend_pairs(selector.map(|selector| ("match[]", selector)));
        let response = self.transport.send(&self.shown, self.transport.request(Method::GET, url)).await?;
        let body = self.transport.body(&self.shown, response, LARGEST_ANSWER).await?;
        answer::read_names(&body).map_err(|why| self.garbled(&why))
    }

    fn export_owned(&self, selector: String, from_ms: i64, to_ms: i64) -> BoxStream<'_, Result<Series, StepError>> {
        if from_ms >= to_ms {
            return stream::empty().boxed();
        }
        let asked = self.points(selector, from_ms, to_ms);
        stream::once(asked).map_ok(|all| stream::iter(all).map(Ok)).try_flatten().boxed()
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

    fn range<'a>(&'a self, query: &'a str, steps: Steps) -> Answer<'a, Vec<Series>> {
        Box::pin(self.values_over(query, steps))
    }

    fn labels(&self, from_ms: i64, to_ms: i64) -> Answer<'_, Vec<Arc<str>>> {
        Box::pin(self.names("api/v1/labels".to_owned(), None, from_ms, to_ms))
    }

    fn label_values<'a>(
        &'a self,
        label: &'a str,
        selector: Option<&'a str>,
        from_ms: i64,
        to_ms: i64,
    ) -> Answer<'a, Vec<Arc<str>>> {
        match selector {
            Some(_) => Box::pin(over::label_values(self, label, selector, from_ms, to_ms)),
            None => Box::pin(self.names(format!("api/v1/label/{label}/values"), None, from_ms, to_ms)),
        }
    }

    fn indexed<'a>(
        &'a self,
        label: Option<&'a str>,
        selector: &'a str,
        from_ms: i64,
        to_ms: i64,
    ) -> Answer<'a, Vec<Arc<str>>> {
        let path = label.map_or_else(|| "api/v1/labels".to_owned(), |label| format!("api/v1/label/{label}/values"));
        Box::pin(self.names(path, Some(selector), from_ms, to_ms))
    }

    fn export<'a>(&'a self, selector: &'a str, from_ms: i64, to_ms: i64) -> BoxStream<'a, Result<Series, StepError>> {
        self.export_owned(selector.to_owned(), from_ms, to_ms)
    }

    fn write<'a>(&'a self, series: &'a [Series]) -> Answer<'a, Written> {
        Box::pin(async move { writing::write(self, &batch::prepare(series, None)?).await })
    }
}

impl Prometheus {
    async fn send_body(&self, body: Body) -> Result<(), StepError> {
        let url = transport::join(&self.url, "api/v1/write");
        let request = body.request(&self.transport, url).header("x-prometheus-remote-write-version", "0.1.0");
        let sent = self.transport.send(&self.shown, request).await;
        sent.map(|_| ()).map_err(|error| match refused(&error.message) {
            Some(help) => error.help(help),
            None => error,
        })
    }
}

/// What to do about a refused write.
fn refused(message: &str) -> Option<&'static str> {
    if message.contains("out of bounds") || message.contains("out of order") || message.contains("too old") {
        return Some(
            "Prometheus takes samples of about the last hour, and of each series none before its last one; write older \
             ones to a `victoria_metrics` connection",
        );
    }
    if message.contains("duplicate sample") {
        return Some("Prometheus keeps the first value of an instant, and another one is refused");
    }
    let is_off = message.contains("remote write receiver") || message.contains(" 404");
    is_off.then_some("start the server with --web.enable-remote-write-receiver")
}

impl Server for Prometheus {
    fn shown(&self) -> &str {
        &self.shown
    }

    fn width(&self) -> usize {
        self.pool
    }

    fn clock(&self) -> &dyn Clock {
        Arc::as_ref(&self.clock)
    }

    fn replaces_equal_instants_only(&self) -> BoxFuture<'_, bool> {
        Box::pin(std::future::ready(true))
    }

    fn look<'a>(&'a self, ask: Ask<'a>, take: &'a mut Take<'a>) -> Answer<'a, Looked> {
        Box::pin(async move {
            if ask.is_broad {
                return Ok(Looked::TooBroad);
            }
            take_series(self.export_owned(selector(ask.series), ask.from_ms, ask.to_ms), ask, take).await
        })
    }

    fn encoder(&self) -> Encoder {
        Arc::new(|parts| encode::remote_write_body(parts, true))
    }

    fn send(&self, body: Body) -> Answer<'_, ()> {
        Box::pin(self.send_body(body))
    }

    fn help(&self, wrong: writing::Found) -> &'static str {
        match wrong {
            writing::Found::Absent => "its --storage.tsdb.retention may be shorter than the samples are old",
            _ => "Prometheus keeps the first value of an instant",
        }
    }
}
