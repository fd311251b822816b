//! Stores of metrics: a VictoriaMetrics server, and the embedded store that needs none.
//!
//! Both take and refuse the same samples (`batch`) and give the same answers to every expression
//! of the embedded subset; the tests compare them expression by expression.

mod batch;
pub mod embedded;
mod remote_write;
pub mod victoria;

use std::sync::Arc;

use crate::query::promql::Node;
use crate::value::{ErrorKind, Sample, StepError};

/// The error for a range of points where one value per series is wanted.
fn range_at_instant() -> StepError {
    StepError::new(ErrorKind::Query, "the query gives a range of points, not one value per series")
        .help("fold the range, as in `last_over_time(m[1d])`, or read it with `export`")
}

/// Why no store would keep these samples, when that is so.
pub fn refuse(samples: &[Arc<Sample>]) -> Result<(), StepError> {
    batch::prepare(samples, None).map(|_| ())
}

/// Whether the order of the result is part of the query: `sort_desc(…)`, `topk(…)`.
fn is_ordered(query: &Node) -> bool {
    query.function().is_some_and(|name| name.starts_with("sort") || name.contains("topk") || name.contains("bottomk"))
}

/// Whether two values are the same to a store that keeps about twelve digits.
#[expect(clippy::float_cmp, reason = "equal infinities have no difference")]
fn same_value(a: f64, b: f64) -> bool {
    a == b || (a - b).abs() <= 1e-12 * a.abs().max(b.abs())
}

/// The name of what `query` looks at, for messages: its first hundred characters on one line.
fn shown_query(query: &str) -> String {
    let line = query.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(100) {
        Some((at, _)) => format!("{}…", line.get(..at).unwrap_or(&line)),
        None => line,
    }
}
