//! Stores of metrics: a VictoriaMetrics server, the embedded store that needs none, Prometheus, and InfluxDB to write to.
//!
//! The first two take and refuse the same samples (`batch`) and give the same answers to every expression
//! of the embedded subset; the tests compare them expression by expression.

mod answer;
mod batch;
pub(super) mod copy;
mod early;
pub mod embedded;
mod encode;
pub mod influx;
mod merged;
pub(super) mod over;
mod preview;
pub mod prometheus;
mod server;
mod steps;
pub mod victoria;
mod writing;

pub use copy::{Bytes, Native};
pub use merged::Merged;
pub use server::ServerOptions;
pub use steps::Steps;

use reqwest::Url;

use super::transport;
use crate::query::promql::Node;
use crate::value::{ErrorKind, Sample, Series, StepError, cut};

/// The largest answer to a query, in bytes.
const LARGEST_ANSWER: usize = 256 * 1024 * 1024;

/// The error for a range of points where one value per series is wanted.
fn range_at_instant() -> StepError {
    StepError::new(ErrorKind::Query, "the query gives a range of points, not one value per series")
        .help("fold the range, as in `last_over_time(m[1d])`, or read it with `export`")
}

/// Why no store would keep these samples, when that is so.
pub fn refuse(series: &[Series]) -> Result<(), StepError> {
    batch::prepare(series, None).map(|_| ())
}

/// Whether the order of the result is part of the query: `sort_desc(…)`, `topk(…)`.
fn is_ordered(query: &Node) -> bool {
    query.function().is_some_and(|name| name.starts_with("sort") || name.contains("topk") || name.contains("bottomk"))
}

/// Samples by name and labels, unless the query orders them itself.
fn in_order(mut samples: Vec<Sample>, query: Option<&Node>) -> Vec<Sample> {
    if !query.is_some_and(is_ordered) {
        samples.sort_unstable_by(|a, b| (&a.name, &a.labels).cmp(&(&b.name, &b.labels)));
    }
    samples
}

/// Whether two values are the same to a store that keeps twelve digits: what it cuts off is less than one in the last.
#[expect(clippy::float_cmp, reason = "equal infinities have no difference")]
fn same_value(a: f64, b: f64) -> bool {
    a == b || (a - b).abs() <= 1e-11 * a.abs().max(b.abs())
}

/// The name of what `query` looks at, for messages: its first hundred characters on one line.
fn shown_query(query: &str) -> String {
    cut(query, 101)
}

/// The address without the end that people copy along: `/api/v1/write`, `/api/v1/query`.
fn base_url(what: &str, text: &str) -> Result<Url, StepError> {
    let mut url = transport::parse_url(what, text)?;
    let path = url.path().trim_end_matches('/').to_owned();
    let base = path.rfind("/api/v1/").or_else(|| path.strip_suffix("/api/v1").map(str::len));
    url.set_path(base.and_then(|at| path.get(..at)).unwrap_or(&path));
    url.set_query(None);
    url.set_fragment(None);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_with_an_end_too_many_are_repaired() {
        for (given, base) in [
            ("http://vm:8428", "http://vm:8428/"),
            ("http://vm:8428/api/v1/write", "http://vm:8428/"),
            ("https://vm/select/0/prometheus/", "https://vm/select/0/prometheus"),
            ("https://vm/select/0/prometheus/api/v1/query?x=1", "https://vm/select/0/prometheus"),
        ] {
            assert_eq!(base_url("read_url", given).unwrap().as_str(), base);
        }
    }
}
