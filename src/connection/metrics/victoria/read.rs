//! Reading: values at an instant, and raw points as a stream.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::stream::{BoxStream, StreamExt, TryStreamExt, try_unfold};
use reqwest::{Method, Response};

use super::VictoriaMetrics;
use super::range::reads_end;
use crate::connection::metrics::answer::{self, Found, split_name};
use crate::connection::metrics::writing::Duplicates;
use crate::connection::metrics::{in_order, range_at_instant, shown_query};
use crate::connection::transport;
use crate::query::promql::{self, seconds};
use crate::value::{ErrorKind, Points, Sample, Series, StepError};

const DAY_MS: i64 = 86_400_000;
/// The step of a query at an instant: what the server itself assumes.
const STEP_MS: i64 = 300_000;
/// Points in one line of an export, which bounds memory whatever the length of a series.
const POINTS_PER_LINE: &str = "10000";
/// The longest line that an export may have, in bytes.
const LONGEST_LINE: usize = 64 * 1024 * 1024;

impl VictoriaMetrics {
    /// The value of an expression at an instant.
    pub(super) async fn value_at(&self, query: &str, at_ms: i64) -> Result<Vec<Sample>, StepError> {
        self.value_at_step(query, at_ms, STEP_MS).await
    }

    /// The same, as one of several steps: how far a selector without a window looks back depends on it.
    pub(super) async fn value_at_step(&self, query: &str, at_ms: i64, step_ms: i64) -> Result<Vec<Sample>, StepError> {
        let node = promql::read_finished(query).ok();
        if node.as_ref().is_some_and(promql::Node::is_range) {
            return Err(range_at_instant());
        }
        let body = self.ask(query, at_ms, step_ms).await?;
        let (Found::Series(rows) | Found::Ranges(rows)) = answer::read(&body).map_err(|why| self.garbled(&why))? else {
            return Err(self.garbled("of an unknown type"));
        };
        let samples = rows.into_iter().filter_map(|row| row.sample(at_ms)).collect::<Result<_, _>>();
        Ok(in_order(samples.map_err(|why: String| self.garbled(&why))?, node.as_ref()))
    }

    pub(super) fn garbled(&self, why: &str) -> StepError {
        StepError::new(ErrorKind::Data, format!("{} answered what is no result of a query: {why}", self.shown))
            .help("check that the connection's address is that of VictoriaMetrics")
    }

    /// An instant that is midnight, or that an offset may move there, is asked for as the first of two
    /// points: a search that ends exactly at midnight overlooks series that begin there.
    async fn ask(&self, query: &str, at_ms: i64, step_ms: i64) -> Result<Vec<u8>, StepError> {
        let lower = query.to_ascii_lowercase();
        let may_end_at_midnight = at_ms % DAY_MS == 0 || lower.contains("offset") || lower.contains('@');
        // `end()` would be the second point's.
        let as_range = may_end_at_midnight && !reads_end(query);
        let (at, end, step) = (seconds(at_ms), seconds(at_ms + STEP_MS), seconds(STEP_MS));
        let own_step = seconds(step_ms);
        let (path, form) = if as_range {
            let form = vec![("query", query), ("start", &at), ("end", &end), ("step", &step), ("nocache", "1")];
            ("api/v1/query_range", form)
        } else {
            ("api/v1/query", vec![("query", query), ("time", &at), ("step", &own_step), ("nocache", "1")])
        };
        self.post(path, &form, query).await
    }

    /// The raw points of the series that `selector` matches in `from_ms..to_ms`.
    pub(super) fn points(
        &self,
        selector: String,
        from_ms: i64,
        to_ms: i64,
        duplicates: Duplicates,
    ) -> BoxStream<'_, Result<Series, StepError>> {
        if from_ms >= to_ms {
            return futures_util::stream::empty().boxed();
        }
        let opened = async move { self.open_export(&selector, from_ms, to_ms, duplicates).await };
        futures_util::stream::once(opened).map_ok(move |response| self.series_of(response, to_ms)).try_flatten().boxed()
    }

    async fn open_export(
        &self,
        selector: &str,
        from_ms: i64,
        to_ms: i64,
        duplicates: Duplicates,
    ) -> Result<Response, StepError> {
        // The end is included in an export, and must not be midnight: one millisecond more, and what is too late is dropped.
        let last = to_ms - 1;
        let last = if last % DAY_MS == 0 { to_ms } else { last };
        let (start, end) = (seconds(from_ms), seconds(last));
        let mut form = vec![("match[]", selector), ("start", &start), ("end", &end)];
        form.push(match duplicates {
            Duplicates::Merged => ("max_rows_per_line", POINTS_PER_LINE),
            Duplicates::Shown => ("reduce_mem_usage", "1"),
        });
        let url = transport::join(&self.read_url, "api/v1/export");
        let request = transport::form(self.transport.streamed(Method::POST, url), &form);
        let sent = self.transport.send(&self.shown, request).await;
        sent.map_err(|error| error.context(format!("export of `{}`", shown_query(selector))))
    }

    fn series_of(&self, response: Response, to_ms: i64) -> BoxStream<'_, Result<Series, StepError>> {
        let lines = Lines { response, buffer: Vec::new(), scanned: 0, used: 0 };
        try_unfold(lines, move |mut lines| async move {
            while let Some((from, to)) = lines.next(self).await? {
                let line = lines.buffer.get(from..to).unwrap_or_default();
                let series = parse_line(line, to_ms).map_err(|why| self.garbled_line(line, why))?;
                if let Some(series) = series {
                    return Ok(Some((series, lines)));
                }
            }
            Ok(None)
        })
        .boxed()
    }

    fn garbled_line(&self, line: &[u8], why: &str) -> StepError {
        let text = String::from_utf8_lossy(line);
        let text = self.transport.masked(&shown_query(&text));
        StepError::transient(
            ErrorKind::Data,
            format!("{} exported a line that cannot be read ({why}): {text}", self.shown),
        )
    }
}

/// The lines of an answer; a last line without its end means that the answer was cut.
struct Lines {
    response: Response,
    buffer: Vec<u8>,
    /// Up to here there is no line end.
    scanned: usize,
    /// Where the next line begins.
    used: usize,
}

impl Lines {
    async fn next(&mut self, store: &VictoriaMetrics) -> Result<Option<(usize, usize)>, StepError> {
        loop {
            let unseen = self.buffer.get(self.scanned..).unwrap_or_default();
            if let Some(at) = unseen.iter().position(|byte| *byte == b'\n') {
                let line = (self.used, self.scanned + at);
                self.used = self.scanned + at + 1;
                self.scanned = self.used;
                return Ok(Some(line));
            }
            self.buffer.drain(..self.used);
            (self.used, self.scanned) = (0, self.buffer.len());
            if self.buffer.len() > LONGEST_LINE {
                return Err(StepError::new(
                    ErrorKind::Data,
                    format!("{} exported a line of more than 64 MiB", store.shown),
                ));
            }
            match self
                .response
                .chunk()
                .await
                .map_err(|error| store.cut(&store.transport.failure(&store.shown, &error)))?
            {
                Some(piece) => self.buffer.extend_from_slice(&piece),
                None if self.buffer.is_empty() => return Ok(None),
                None => return Err(store.cut(&StepError::new(ErrorKind::Connection, "its last line has no end"))),
            }
        }
    }
}

impl VictoriaMetrics {
    /// An export that broke off is no short result.
    fn cut(&self, cause: &StepError) -> StepError {
        let kind = if cause.kind == ErrorKind::Timeout { cause.kind } else { ErrorKind::Connection };
        StepError::transient(kind, format!("the export from {} broke off: {}", self.shown, cause.message))
    }
}

/// `{"metric":{…},"values":[1,null,+Inf],"timestamps":[…]}`. Not read as JSON as a whole, for which
/// `+Inf` is no number. `null` marks a series as gone and is no value. `None` when no point is left.
fn parse_line(line: &[u8], to_ms: i64) -> Result<Option<Series>, &'static str> {
    let text = std::str::from_utf8(line).map_err(|_| "not UTF-8")?.trim();
    let rest = text.strip_prefix("{\"metric\":").ok_or("it does not begin with a metric")?;
    let mut objects = serde_json::Deserializer::from_str(rest).into_iter::<BTreeMap<String, String>>();
    let metric = objects.next().and_then(Result::ok).ok_or("the metric is no object of texts")?;
    let rest = rest.get(objects.byte_offset()..).unwrap_or("");
    let rest = rest.strip_prefix(",\"values\":[").ok_or("it has no values")?;
    let (values, rest) = rest.split_once("],\"timestamps\":[").ok_or("it has no timestamps")?;
    let times = rest.strip_suffix("]}").ok_or("it has no end")?;
    let mut points = Points::default();
    let (mut values, mut times) = (values.split(','), times.split(','));
    loop {
        match (values.next(), times.next()) {
            (Some(value), Some(time)) => add_point(&mut points, value, time, to_ms)?,
            (None, None) => break,
            _ => return Err("values and timestamps differ in number"),
        }
    }
    let (name, labels) = split_name(metric);
    Ok((!points.is_empty()).then(|| Series { name, labels, points: Arc::new(points) }))
}

fn add_point(points: &mut Points, value: &str, time: &str, to_ms: i64) -> Result<(), &'static str> {
    if value.is_empty() && time.is_empty() {
        return Ok(());
    }
    let at_ms: i64 = time.trim().parse().map_err(|_| "a timestamp is no number")?;
    let value = value.trim().trim_matches('"');
    if value == "null" || at_ms >= to_ms {
        return Ok(());
    }
    let value: f64 = value.parse().map_err(|_| "a value is no number")?;
    if !value.is_nan() {
        points.at_ms.push(at_ms);
        points.values.push(value);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_an_export_are_read() {
        let line = br#"{"metric":{"__name__":"a","x":"],\"timestamps\":["},"values":[1,null,+Inf,-0.5],"timestamps":[1,2,3,4]}"#;
        let series = parse_line(line, 100).unwrap().unwrap();
        assert_eq!((&*series.name, series.labels.len()), ("a", 1));
        assert_eq!(series.points.at_ms, [1, 3, 4]);
        assert_eq!(series.points.values, [1.0, f64::INFINITY, -0.5]);
        assert_eq!(parse_line(line, 4).unwrap().unwrap().points.at_ms, [1, 3]);
        assert!(parse_line(br#"{"metric":{},"values":[null],"timestamps":[1]}"#, 9).unwrap().is_none());
    }

    #[test]
    fn garbage_is_no_series() {
        for line in [
            "",
            "{}",
            "<html>",
            r#"{"metric":{"a":1},"values":[],"timestamps":[]}"#,
            r#"{"metric":{},"values":[1,2],"timestamps":[1]}"#,
            r#"{"metric":{},"values":[x],"timestamps":[1]}"#,
            r#"{"metric":{},"values":[1],"timestamps":[1]"#,
        ] {
            assert!(parse_line(line.as_bytes(), 9).is_err(), "{line}");
        }
    }
}
