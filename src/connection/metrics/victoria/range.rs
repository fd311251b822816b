//! Reading over a range: values at steps, the newest instants of days, the names and values of labels.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use reqwest::Method;

use super::VictoriaMetrics;
use crate::connection::metrics::answer::{self, Found, Row, milliseconds};
use crate::connection::metrics::early::refuse_early_windows;
use crate::connection::metrics::steps::MOST_STEPS;
use crate::connection::metrics::{LARGEST_ANSWER, Merged, Steps, range_at_instant, shown_query};
use crate::connection::transport;
use crate::query::promql::{self, Node, NodeKind, seconds};
use crate::value::{ErrorKind, Sample, Series, StepError};

/// Steps of one query that gives a single series.
const MOST_STEPS_OF_ONE: usize = 30_000;
/// From this step on a server does not touch the newest values of a range.
const UNTOUCHED_STEP_MS: i64 = 60_000;
/// How far back from now a server touches values unless its `-search.latencyOffset` says otherwise.
const LATENCY_OFFSET_MS: i64 = 30_000;
/// Steps that are asked for one by one.
const MOST_SINGLE_STEPS: u64 = 1_000;
/// Names or values of labels that a server gives at most, without saying that there are more.
const MOST_NAMES: usize = 100_000;
const DAY_MS: i64 = 86_400_000;

impl VictoriaMetrics {
    /// The values of an expression at steps.
    pub(super) async fn values_over(&self, query: &str, steps: Steps) -> Result<Vec<Series>, StepError> {
        let node = promql::read_finished(query).ok();
        if node.as_ref().is_some_and(Node::is_range) {
            return Err(range_at_instant());
        }
        steps.check(node.as_ref(), MOST_STEPS)?;
        node.as_ref().filter(|_| steps.count() > 0).map_or(Ok(()), |node| refuse_early_windows(node, steps.from_ms))?;
        let (sure, touched) = self.split_off_touched(steps).await?;
        let asks = stream::iter(sure.pieces(MOST_STEPS)).map(|piece| async move {
            let rows = self.ask_steps(query, piece).await?;
            rows.into_iter().map(|row| row.series(piece.last_ms()).map_err(|why| self.garbled(&why))).collect()
        });
        let mut pieces = asks.buffered(self.pool);
        let mut merged = Merged::default();
        while let Some(piece) = pieces.try_next().await? {
            let piece: Vec<Series> = piece;
            piece.into_iter().filter(|series| !series.points.is_empty()).for_each(|series| merged.add(series));
        }
        let mut instants = stream::iter(touched.instants())
            .map(|at_ms| async move { self.value_at_step(query, at_ms, touched.step_ms).await })
            .buffered(self.pool);
        while let Some(samples) = instants.try_next().await? {
            let samples: Vec<Sample> = samples;
            for series in Series::gathered(&samples) {
                merged.add(series);
            }
        }
        Ok(merged.finish())
    }

    /// In a range with steps below a minute, a server puts an older value in place of each of the newest ones, which may
    /// still be arriving. What was written is there for vmflow, so those are asked for one by one.
    async fn split_off_touched(&self, steps: Steps) -> Result<(Steps, Steps), StepError> {
        let none = Steps { from_ms: steps.to_ms, ..steps };
        if steps.step_ms >= UNTOUCHED_STEP_MS {
            return Ok((steps, none));
        }
        let offset = self.flags().await.get("search.latencyOffset").map_or(Some(LATENCY_OFFSET_MS), length_ms);
        let now = self.clock.now().timestamp_millis();
        // A second for clocks that differ.
        let from = now - offset.unwrap_or(LATENCY_OFFSET_MS) - 1000;
        let to = now + steps.step_ms + 1000;
        if offset == Some(0) || steps.last_ms() < from || steps.from_ms > to {
            return Ok((steps, none));
        }
        let count = Steps { to_ms: from, ..steps }.count();
        let first = steps.from_ms + i64::try_from(count).unwrap_or(i64::MAX).saturating_mul(steps.step_ms);
        let touched = Steps { from_ms: first, ..steps };
        if touched.count() > MOST_SINGLE_STEPS {
            let message = format!("{} steps of the range lie within the last seconds, or after", touched.count());
            let help = "let the range end at `run.now` or earlier, make the step longer, or start the server with \
                        -search.latencyOffset=0s: until then it does not give the newest values of a range";
            return Err(StepError::new(ErrorKind::Query, message).help(help));
        }
        Ok((Steps { to_ms: first, ..steps }, touched))
    }

    /// One range. A search that ends at midnight overlooks series that begin there, and an offset may move the end to
    /// there: one millisecond more, which is no step more.
    async fn ask_steps(&self, query: &str, steps: Steps) -> Result<Vec<Row>, StepError> {
        let last = steps.last_ms() + i64::from(!reads_end(query));
        let (start, end, step) = (seconds(steps.from_ms), seconds(last), seconds(steps.step_ms));
        let form = [("query", query), ("start", &*start), ("end", &*end), ("step", &*step)];
        let body = self.query("api/v1/query_range", &form, query).await?;
        match answer::read(&body).map_err(|why| self.garbled(&why))? {
            Found::Ranges(rows) => Ok(rows),
            _ => Err(self.garbled("no ranges of values")),
        }
    }

    /// For each window, from a first instant to an excluded end, the newest instant of a series that the selector matches.
    pub(super) async fn newest_in(
        &self,
        selector: &str,
        windows: &[(i64, i64)],
    ) -> Result<Vec<Option<i64>>, StepError> {
        let runs = runs(windows);
        let mut newest = HashMap::new();
        let mut asks =
            stream::iter(runs).map(|run| async move { self.newest_of_run(selector, &run).await }).buffered(self.pool);
        while let Some(found) = asks.try_next().await? {
            newest.extend(found);
        }
        let of = |(from, to): &(i64, i64)| newest.get(to).copied().filter(|at| (*from..*to).contains(at));
        Ok(windows.iter().map(of).collect())
    }

    /// The newest instants by the ends of their windows, which have one length and follow each other.
    async fn newest_of_run(&self, selector: &str, run: &[(i64, i64)]) -> Result<Vec<(i64, i64)>, StepError> {
        let (Some((from, first)), Some((_, last))) = (run.first(), run.last()) else { return Ok(Vec::new()) };
        let length = first - from;
        // On a line of its own: the selector may end in a comment. A window excludes its start and includes its end.
        let query = format!("max(tlast_over_time({selector}\n[{length}ms] offset 1ms) keep_metric_names)");
        let rows = self.ask_steps(&query, Steps { from_ms: *first, to_ms: last + 1, step_ms: length }).await?;
        let mut found = Vec::new();
        for row in rows {
            let series = row.series(*last).map_err(|why| self.garbled(&why))?;
            let points = series.points.at_ms.iter().zip(&series.points.values);
            found.extend(points.map(|(end, at)| (*end, milliseconds(*at))));
        }
        Ok(found)
    }

    /// The names of labels of series with points in `from_ms..to_ms`, by whole days.
    pub(super) async fn label_names(&self, from_ms: i64, to_ms: i64) -> Result<Vec<Arc<str>>, StepError> {
        self.names("api/v1/labels", None, from_ms, to_ms).await
    }

    /// The values of a label, by whole days.
    pub(super) async fn values_of(&self, label: &str, from_ms: i64, to_ms: i64) -> Result<Vec<Arc<str>>, StepError> {
        self.names(&format!("api/v1/label/{label}/values"), None, from_ms, to_ms).await
    }

    /// The names of labels in the series that a selector matches, or the values of one, from the index.
    pub(super) async fn names_in(
        &self,
        label: Option<&str>,
        selector: &str,
        from_ms: i64,
        to_ms: i64,
    ) -> Result<Vec<Arc<str>>, StepError> {
        let path = label.map_or_else(|| "api/v1/labels".to_owned(), |label| format!("api/v1/label/{label}/values"));
        self.names(&path, Some(selector), from_ms, to_ms).await
    }

    async fn names(
        &self,
        path: &str,
        selector: Option<&str>,
        from_ms: i64,
        to_ms: i64,
    ) -> Result<Vec<Arc<str>>, StepError> {
        if from_ms >= to_ms {
            return Ok(Vec::new());
        }
        let last = if (to_ms - 1) % DAY_MS == 0 { to_ms } else { to_ms - 1 };
        let (start, end) = (seconds(from_ms), seconds(last));
        let form: Vec<(&str, &str)> = [("start", &*start), ("end", &*end)]
            .into_iter()
            .chain(selector.map(|selector| ("match[]", selector)))
            .collect();
        let body = self.post(path, &form, path).await?;
        let names = answer::read_names(&body).map_err(|why| self.garbled(&why))?;
        if names.len() >= MOST_NAMES {
            let message =
                format!("{} gives {MOST_NAMES} names at most, and does not say whether there are more", self.shown);
            return Err(StepError::new(ErrorKind::Query, message).help("ask with a `selector` that matches less"));
        }
        Ok(names)
    }

    /// Asks what no cache answers.
    pub(super) async fn query(&self, path: &str, form: &[(&str, &str)], query: &str) -> Result<Vec<u8>, StepError> {
        let filter = self.moments.filter();
        self.post(path, &[form, &[("nocache", "1"), ("extra_filters[]", &filter)]].concat(), query).await
    }

    async fn post(&self, path: &str, form: &[(&str, &str)], asked: &str) -> Result<Vec<u8>, StepError> {
        let request =
            transport::form(self.transport.request(Method::POST, transport::join(&self.read_url, path)), form);
        let explain = |error: StepError| error.context(format!("query `{}`", shown_query(asked)));
        let response = self.transport.send(&self.shown, request).await.map_err(explain)?;
        self.transport.body(&self.shown, response, LARGEST_ANSWER).await.map_err(explain)
    }
}

/// Whether an expression asks for the range's end. One that cannot be read may.
pub(super) fn reads_end(query: &str) -> bool {
    let Ok(node) = promql::read_finished(query) else { return query.to_ascii_lowercase().contains("end") };
    let mut found = false;
    node.visit(&mut |node| {
        found |= matches!(&node.kind, NodeKind::Call(call) if call.name.eq_ignore_ascii_case("end"));
    });
    found
}

/// `30s`, `1m`, `0` of a flag, in milliseconds.
fn length_ms(text: &str) -> Option<i64> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(digits)?;
    let unit = match unit {
        "ms" => 1,
        "" | "s" => 1_000,
        "m" | "m0s" => 60_000,
        "h" | "h0m0s" => 3_600_000,
        _ => return None,
    };
    number.parse::<i64>().ok()?.checked_mul(unit)
}

/// Windows that have one length and follow each other, as many as one query takes. Days are mostly of one length.
fn runs(windows: &[(i64, i64)]) -> Vec<Vec<(i64, i64)>> {
    let follows = |a: &(i64, i64), b: &(i64, i64)| a.1 == b.0 && a.1 - a.0 == b.1 - b.0 && a.0 < a.1;
    windows
        .chunk_by(follows)
        .filter(|run| run.first().is_some_and(|(from, to)| from < to))
        .flat_map(|run| run.chunks(MOST_STEPS_OF_ONE).map(<[_]>::to_vec))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_of_one_length_are_asked_for_together() {
        let windows = [(0, 24), (24, 48), (48, 71), (71, 95), (95, 95), (96, 120)];
        let lengths: Vec<usize> = runs(&windows).iter().map(Vec::len).collect();
        assert_eq!(lengths, [2, 1, 1, 1]);
        let many: Vec<(i64, i64)> = (0..70_000).map(|day| (day, day + 1)).collect();
        assert_eq!(runs(&many).len(), 3);
    }

    #[test]
    fn a_label_that_says_end_is_no_end() {
        assert!(!reads_end("sum(m{job=\"end()\"}) by (end)"));
        assert!(reads_end("m @ end()") && reads_end("1 + end()"));
    }

    #[test]
    fn lengths_of_flags_are_read() {
        for (text, ms) in [
            ("30s", Some(30_000)),
            ("0s", Some(0)),
            ("0", Some(0)),
            ("1m0s", Some(60_000)),
            ("5ms", Some(5)),
            ("x", None),
        ] {
            assert_eq!(length_ms(text), ms, "{text}");
        }
    }
}
