//! Lines of JSON, as `/api/v1/export` gives them: what every server gives.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::stream::{BoxStream, StreamExt, TryStreamExt, try_unfold};
use reqwest::Response;

use super::VictoriaMetrics;
use crate::connection::metrics::answer::split_name;
use crate::connection::metrics::shown_query;
use crate::connection::metrics::writing::Duplicates;
use crate::value::{ErrorKind, Points, Series, StepError};

/// Points in one line of an export, which bounds memory whatever the length of a series.
const POINTS_PER_LINE: &str = "10000";
/// The longest line that an export may have, in bytes.
const LONGEST_LINE: usize = 64 * 1024 * 1024;

impl VictoriaMetrics {
    /// The raw points of the series that a selector matches in `from_ms..to_ms`, read as lines.
    pub(super) fn lines(
        &self,
        selector: String,
        from_ms: i64,
        to_ms: i64,
        duplicates: Duplicates,
    ) -> BoxStream<'_, Result<Series, StepError>> {
        let option = match duplicates {
            Duplicates::Merged => ("max_rows_per_line", POINTS_PER_LINE),
            Duplicates::Shown => ("reduce_mem_usage", "1"),
        };
        let opened = async move { self.open_export("api/v1/export", &[&selector], from_ms, to_ms, Some(option)).await };
        futures_util::stream::once(opened).map_ok(move |response| self.series_of(response, to_ms)).try_flatten().boxed()
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
    pub(super) fn cut(&self, cause: &StepError) -> StepError {
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
