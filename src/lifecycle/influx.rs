//! Points in line protocol: a measurement `scheduling-job` with a point for the start and one for the end of a run,
//! as the predecessor's middleware wrote them, and numbers beside the words for stores that keep only numbers.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use reqwest::Url;

use super::endpoint::{Endpoint, TIMEOUT_MS, compressed};
use super::sink::{Refused, Sink, Undelivered};
use super::told::{EndStatus, Told, What};
use crate::connection::transport::Authorization;
use crate::value::StepError;

/// Which of the two ways of writing a server has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InfluxApi {
    /// `/api/v2/write`, of InfluxDB 2 and 3 and of VictoriaMetrics.
    V2 {
        /// The organisation.
        org: Arc<str>,
        /// The bucket.
        bucket: Arc<str>,
        /// What proves who is telling.
        token: Option<Arc<str>>,
    },
    /// `/write`, of InfluxDB 1.
    V1 {
        /// The database.
        database: Arc<str>,
        /// User and password.
        login: Option<(Arc<str>, Arc<str>)>,
    },
}

/// An InfluxDB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InfluxSinkOptions {
    /// The server's address.
    pub url: String,
    /// How it is written to.
    pub api: InfluxApi,
    /// Tags of every point, besides `job`. Those without a value are left out.
    pub tags: BTreeMap<Arc<str>, Arc<str>>,
    /// The measurement; the predecessor's is `scheduling-job`.
    pub measurement: Arc<str>,
}

pub(super) struct InfluxSink {
    name: Arc<str>,
    endpoint: Endpoint,
    url: Url,
    measurement: Arc<str>,
    tags: BTreeMap<Arc<str>, Arc<str>>,
}

impl InfluxSink {
    pub(super) fn new(name: Arc<str>, options: &InfluxSinkOptions) -> Result<Self, StepError> {
        let (authorization, headers) = match &options.api {
            InfluxApi::V2 { token: Some(token), .. } => {
                (Authorization::None, vec![(Arc::from("authorization"), Arc::from(format!("Token {token}")))])
            }
            InfluxApi::V1 { login: Some((user, password)), .. } => {
                (Authorization::Basic { user: user.clone(), password: password.clone() }, Vec::new())
            }
            _ => (Authorization::None, Vec::new()),
        };
        let endpoint = Endpoint::new("InfluxDB", &options.url, authorization, headers, TIMEOUT_MS)?;
        let endpoint = match &options.api {
            InfluxApi::V2 { token: Some(token), .. } => endpoint.hiding(token),
            _ => endpoint,
        };
        let url = write_url(&endpoint, &options.api);
        Ok(Self { name, endpoint, url, measurement: options.measurement.clone(), tags: options.tags.clone() })
    }

    fn body(&self, events: &[Told]) -> Vec<u8> {
        let lines: Vec<String> = events.iter().map(|told| line(&self.measurement, &self.tags, told)).collect();
        lines.join("\n").into_bytes()
    }
}

fn write_url(endpoint: &Endpoint, api: &InfluxApi) -> Url {
    let (path, pairs): (_, &[(&str, &str)]) = match api {
        InfluxApi::V2 { org, bucket, .. } => ("api/v2/write", &[("org", org), ("bucket", bucket)]),
        InfluxApi::V1 { database, .. } => ("write", &[("db", database)]),
    };
    let mut url = endpoint.at(path);
    url.query_pairs_mut().extend_pairs(pairs).append_pair("precision", "ns");
    url
}

impl Sink for InfluxSink {
    fn name(&self) -> &str {
        &self.name
    }

    fn wants(&self, told: &Told) -> bool {
        !matches!(told.what, What::StepEnded { .. })
    }

    fn tell<'a>(&'a self, events: &'a [Told]) -> BoxFuture<'a, Result<Vec<Refused>, Undelivered>> {
        Box::pin(async move {
            let request = self.endpoint.post(self.url.clone()).header("content-type", "text/plain; charset=utf-8");
            self.endpoint.send(compressed(request, self.body(events))).await?;
            Ok(Vec::new())
        })
    }
}

/// The words that the predecessor knew, and a number for each of ours.
const fn status(what: &What) -> (&'static str, u8) {
    match what {
        What::RunEnded { status: EndStatus::Partial, .. } => ("end", 3),
        What::RunEnded { status: EndStatus::Cancelled, .. } => ("failed", 4),
        What::RunEnded { status: EndStatus::Failed, .. } => ("failed", 2),
        What::RunEnded { .. } => ("end", 1),
        _ => ("start", 0),
    }
}

/// One point: tags and fields each in the order of their names, nanoseconds at the end.
fn line(measurement: &str, tags: &BTreeMap<Arc<str>, Arc<str>>, told: &Told) -> String {
    let mut out = escaped(measurement, &[',', ' ']);
    let mut tags: BTreeMap<&str, &str> = tags.iter().map(|(name, value)| (&**name, &**value)).collect();
    tags.insert("job", told.run.name());
    for (name, value) in tags.iter().filter(|(_, value)| !value.is_empty()) {
        // Writing to a text cannot fail.
        let _ = write!(out, ",{}={}", escaped(name, &[',', '=', ' ']), tag_value(value));
    }
    for (at, (name, value)) in fields(told).iter().enumerate() {
        let _ = write!(out, "{}{}={value}", if at == 0 { ' ' } else { ',' }, escaped(name, &[',', '=', ' ']));
    }
    let _ = write!(out, " {}", told.at_ns());
    out
}

/// The fields, each as it is written.
fn fields(told: &Told) -> BTreeMap<String, String> {
    let (word, code) = status(&told.what);
    let mut fields = BTreeMap::new();
    if let What::RunEnded { counters, error, .. } = &told.what {
        let finite = counters.iter().filter(|(_, value)| value.is_finite());
        fields.extend(finite.map(|(name, value)| (name.clone(), value.to_string())));
        fields.extend(error.as_ref().map(|error| ("error_kind".to_owned(), quoted(&error.kind))));
    }
    fields.extend(told.duration_ms().map(|ms| ("duration_ms".to_owned(), ms.to_string())));
    fields.insert("run_id".to_owned(), quoted(&told.run.id));
    fields.insert("status".to_owned(), quoted(word));
    fields.insert("status_code".to_owned(), code.to_string());
    fields.insert("uuid".to_owned(), quoted(&told.run.short_id()));
    fields
}

/// A text as a field. A line break, which ends a point, becomes a space.
fn quoted(text: &str) -> String {
    format!("\"{}\"", one_line(text).replace('\\', "\\\\").replace('"', "\\\""))
}

/// A backslash at the end of a tag would take the next sign's meaning away.
fn tag_value(text: &str) -> String {
    escaped(text.trim_end_matches('\\'), &[',', '=', ' '])
}

fn escaped(text: &str, signs: &[char]) -> String {
    let mut out = String::with_capacity(text.len());
    for sign in one_line(text).chars() {
        if signs.contains(&sign) {
            out.push('\\');
        }
        out.push(sign);
    }
    out
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\r', '\0'], " ")
}

#[cfg(test)]
mod tests {
    use super::super::told::tests::{ended, started};
    use super::*;

    fn tags() -> BTreeMap<Arc<str>, Arc<str>> {
        [("stage", "prod x"), ("project", "proj,1"), ("datacenter", "")]
            .map(|(name, value)| (Arc::from(name), Arc::from(value)))
            .into()
    }

    #[test]
    fn a_point_is_the_predecessors_with_more_fields() {
        let wanted = format!(
            "scheduling-job,job=update\\ bytemark\\,\\ tickets,project=proj\\,1,stage=prod\\ x \
             run_id=\"01990000-0000-7000-8000-000000000001\",status=\"start\",status_code=0,uuid=\"{}\" 1795000000000000000",
            started().run.short_id()
        );
        assert_eq!(line("scheduling-job", &tags(), &started()), wanted);
        let end = line("scheduling-job", &tags(), &ended(EndStatus::Success));
        assert!(end.contains(" duration_ms=412,items_created=12,ratio=0.5,run_id="), "{end}");
        assert!(end.contains("status=\"end\",status_code=1") && end.ends_with(" 1795000000412000000"), "{end}");
        let failed = line("scheduling-job", &tags(), &ended(EndStatus::Failed));
        assert!(failed.contains("error_kind=\"connection\"") && failed.contains("status=\"failed\",status_code=2"));
    }

    #[test]
    fn nothing_ends_a_line_or_a_tag_too_early() {
        let mut told = started();
        told.run.job = Some("a\nb=\\".to_owned());
        let line = line("m n", &BTreeMap::new(), &told);
        assert!(line.starts_with("m\\ n,job=a\\ b\\= run_id="), "{line}");
        assert_eq!(quoted("a\"b\\\r"), "\"a\\\"b\\\\ \"");
    }
}
