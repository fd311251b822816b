//! Reading values at an instant.

use super::VictoriaMetrics;
use super::range::reads_end;
use crate::connection::metrics::answer::{self, Found};
use crate::connection::metrics::early::refuse_early_windows;
use crate::connection::metrics::{in_order, range_at_instant};
use crate::query::promql::{self, seconds};
use crate::value::{ErrorKind, Sample, StepError};

const DAY_MS: i64 = 86_400_000;
/// The step of a query at an instant: what the server itself assumes.
const STEP_MS: i64 = 300_000;

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
        node.as_ref().map_or(Ok(()), |node| refuse_early_windows(node, at_ms))?;
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
            ("api/v1/query_range", vec![("query", query), ("start", &*at), ("end", &end), ("step", &step)])
        } else {
            ("api/v1/query", vec![("query", query), ("time", &*at), ("step", &own_step)])
        };
        self.query(path, &form, query).await
    }
}
