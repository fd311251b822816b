//! What `/api/v1/query` answers, of both kinds of server.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use crate::value::{Labels, Points, Sample, Series};

#[derive(Deserialize)]
struct Reply {
    data: Found,
}

/// The result of a query.
#[derive(Deserialize)]
#[serde(tag = "resultType", content = "result", rename_all = "lowercase")]
pub(super) enum Found {
    /// A value for each series.
    #[serde(rename = "vector")]
    Series(Vec<Row>),
    /// A range of points for each series.
    #[serde(rename = "matrix")]
    Ranges(Vec<Row>),
    /// One number, of Prometheus only.
    #[serde(rename = "scalar")]
    Number((f64, String)),
    /// A text, of Prometheus only.
    #[serde(rename = "string")]
    Text(serde::de::IgnoredAny),
}

/// A series.
#[derive(Deserialize)]
pub(super) struct Row {
    /// Its labels, the name among them.
    pub(super) metric: BTreeMap<String, String>,
    value: Option<(f64, String)>,
    /// Its points: seconds and values.
    pub(super) values: Option<Vec<(f64, String)>>,
}

/// Reads an answer; the error says what is wrong with it.
pub(super) fn read(body: &[u8]) -> Result<Found, String> {
    serde_json::from_slice::<Reply>(body).map(|reply| reply.data).map_err(|error| error.to_string())
}

impl Row {
    /// The points until `last_ms`. What is not a number stands for none.
    pub(super) fn series(self, last_ms: i64) -> Result<Series, String> {
        let (name, labels) = split_name(self.metric);
        let mut points = Points::default();
        for (at, value) in self.values.unwrap_or_default() {
            let (at_ms, value) = (milliseconds(at), number(&value)?);
            if at_ms <= last_ms && !value.is_nan() {
                points.at_ms.push(at_ms);
                points.values.push(value);
            }
        }
        Ok(Series { name, labels, points: Arc::new(points) })
    }

    /// The sample at the instant; `None` when the series has no value there.
    pub(super) fn sample(self, at_ms: i64) -> Option<Result<Sample, String>> {
        let (name, labels) = split_name(self.metric);
        let value = match (self.value, self.values) {
            (Some((_, value)), _) => value,
            // The first of two points; the second alone is none.
            (None, Some(values)) => {
                let first = values.into_iter().next()?;
                if milliseconds(first.0) != at_ms {
                    return None;
                }
                first.1
            }
            (None, None) => return Some(Err("a row without a value".to_owned())),
        };
        Some(number(&value).map(|value| Sample { name, labels, value, at_ms }))
    }
}

/// Reads a list of names.
pub(super) fn read_names(body: &[u8]) -> Result<Vec<Arc<str>>, String> {
    #[derive(Deserialize)]
    struct Names {
        data: Vec<String>,
    }
    let names: Names = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    Ok(names.data.into_iter().map(Arc::from).collect())
}

/// A value, which an answer holds as a text.
pub(super) fn number(text: &str) -> Result<f64, String> {
    text.parse().map_err(|_| format!("`{text}` is no number"))
}

/// Seconds since 1970 in milliseconds.
#[expect(clippy::cast_possible_truncation, reason = "seconds since 1970")]
pub(super) fn milliseconds(seconds: f64) -> i64 {
    (seconds * 1000.0).round() as i64
}

/// The name and the other labels.
pub(super) fn split_name(mut metric: BTreeMap<String, String>) -> (Arc<str>, Labels) {
    let name = metric.remove("__name__").unwrap_or_default();
    (name.into(), metric.into_iter().collect())
}
