//! Spans, sent to an OpenTelemetry collector as [OTLP/HTTP] says: the run, its steps, their attempts.
//!
//! Ids are made from the run's, so that an event told twice gives the same spans, and a span's parent needs no
//! looking up.
//!
//! [OTLP/HTTP]: https://opentelemetry.io/docs/specs/otlp/

mod wire;

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use prost::Message;
use reqwest::Url;
use sha2::{Digest, Sha256};

use self::wire::{
    AnyValue, ExportTraceServiceRequest, InstrumentationScope, KeyValue, Resource, ResourceSpans, ScopeSpans, Span,
    Status,
};
use super::endpoint::{Endpoint, TIMEOUT_MS};
use super::sink::{Refused, Sink, Undelivered};
use super::told::{Attempted, EndStatus, Told, ToldError, What, nanoseconds};
use crate::connection::transport::Authorization;
use crate::value::StepError;

/// A collector.
#[derive(Clone, PartialEq, Eq)]
pub struct OtlpOptions {
    /// Its address: with a path, the whole one; without, `/v1/traces` is put behind it.
    pub url: String,
    /// Headers of every request; their values are secrets.
    pub headers: Vec<(Arc<str>, Arc<str>)>,
    /// What `service.name` says.
    pub service: Arc<str>,
    /// Attributes of the resource, besides.
    pub attributes: BTreeMap<Arc<str>, Arc<str>>,
}

impl std::fmt::Debug for OtlpOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OtlpOptions").field("service", &self.service).finish_non_exhaustive()
    }
}

pub(super) struct OtlpSink {
    name: Arc<str>,
    endpoint: Endpoint,
    url: Url,
    resource: Resource,
}

impl OtlpSink {
    pub(super) fn new(name: Arc<str>, options: &OtlpOptions) -> Result<Self, StepError> {
        let what = "the OpenTelemetry collector";
        let endpoint = Endpoint::new(what, &options.url, Authorization::None, options.headers.clone(), TIMEOUT_MS)?;
        let is_base = matches!(endpoint.url().path(), "" | "/");
        let url = if is_base { endpoint.at("v1/traces") } else { endpoint.url().clone() };
        let mut attributes = vec![text("service.name", &options.service)];
        attributes.push(text("service.version", env!("CARGO_PKG_VERSION")));
        attributes.extend(options.attributes.iter().map(|(name, value)| text(name, value)));
        Ok(Self { name, endpoint, url, resource: Resource { attributes } })
    }

    fn request(&self, events: &[Told]) -> ExportTraceServiceRequest {
        let scope = InstrumentationScope { name: "vmflow".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() };
        let spans = events.iter().flat_map(spans).collect();
        let scope_spans = vec![ScopeSpans { scope: Some(scope), spans }];
        ExportTraceServiceRequest {
            resource_spans: vec![ResourceSpans { resource: Some(self.resource.clone()), scope_spans }],
        }
    }
}

impl Sink for OtlpSink {
    fn name(&self) -> &str {
        &self.name
    }

    /// A span is sent when it is over.
    fn wants(&self, told: &Told) -> bool {
        !matches!(told.what, What::RunStarted { .. })
    }

    fn tell<'a>(&'a self, events: &'a [Told]) -> BoxFuture<'a, Result<Vec<Refused>, Undelivered>> {
        Box::pin(async move {
            let body = self.request(events).encode_to_vec();
            let request = self.endpoint.post(self.url.clone()).header("content-type", "application/x-protobuf");
            self.endpoint.send(request.body(body)).await?;
            Ok(Vec::new())
        })
    }
}

fn spans(told: &Told) -> Vec<Span> {
    match &told.what {
        What::RunStarted { .. } => Vec::new(),
        What::RunEnded { status, started_at, error, counters, .. } => {
            let mut span = span(told, told.run.name(), *status, error.as_ref());
            span.span_id = id(&[&told.run.id]);
            span.parent_span_id = parent(told).map(|(_, span)| span).unwrap_or_default();
            span.start_time_unix_nano = nanoseconds(*started_at).cast_unsigned();
            span.attributes.push(text("vmflow.workflow", &told.run.workflow));
            span.attributes.push(text("deployment.environment.name", &told.run.environment));
            span.attributes
                .extend(counters.iter().map(|(name, value)| number(&format!("vmflow.counter.{name}"), *value)));
            vec![span]
        }
        What::StepEnded { step, item, status, started_at, attempts, error } => {
            let mut of_step = span(told, step, *status, error.as_ref());
            of_step.span_id = id(&[&told.run.id, step, item.as_deref().unwrap_or_default()]);
            of_step.parent_span_id = id(&[&told.run.id]);
            of_step.start_time_unix_nano = nanoseconds(*started_at).cast_unsigned();
            of_step.attributes.push(text("vmflow.step", step));
            of_step.attributes.extend(item.as_ref().map(|item| text("vmflow.item", item)));
            let mut spans: Vec<Span> =
                attempts.iter().zip(1..).map(|(one, n)| attempt(told, &of_step, one, n)).collect();
            spans.push(of_step);
            spans
        }
    }
}

fn attempt(told: &Told, step: &Span, attempt: &Attempted, number: i64) -> Span {
    let status = if attempt.error.is_some() { EndStatus::Failed } else { EndStatus::Success };
    let mut span = span(told, &format!("{} attempt {number}", step.name), status, attempt.error.as_ref());
    span.span_id =
        Sha256::digest([&step.span_id[..], &number.to_be_bytes()].concat()).iter().copied().take(8).collect();
    span.parent_span_id.clone_from(&step.span_id);
    span.start_time_unix_nano = nanoseconds(attempt.started_at).cast_unsigned();
    span.end_time_unix_nano = nanoseconds(attempt.ended_at).cast_unsigned();
    span.attributes.push(KeyValue::new("vmflow.attempt", AnyValue::int(number)));
    span
}

/// A span that ends with the event, without an id of its own yet.
fn span(told: &Told, name: &str, status: EndStatus, error: Option<&ToldError>) -> Span {
    let mut attributes = vec![text("vmflow.run_id", &told.run.id), text("vmflow.status", status.name())];
    attributes.extend(error.map(|error| text("error.type", &error.kind)));
    let status = match error.filter(|_| status.is_failure()) {
        Some(error) => Status { message: error.message.clone(), code: wire::STATUS_ERROR },
        None if status.is_failure() => Status { message: status.name().to_owned(), code: wire::STATUS_ERROR },
        None => Status { message: String::new(), code: wire::STATUS_OK },
    };
    Span {
        trace_id: trace_id(told),
        name: name.to_owned(),
        kind: wire::KIND_INTERNAL,
        end_time_unix_nano: nanoseconds(told.at).cast_unsigned(),
        attributes,
        status: Some(status),
        ..Span::default()
    }
}

/// The trace of whoever started the run; else one of its own, which is the run's UUID.
fn trace_id(told: &Told) -> Vec<u8> {
    let own = || uuid::Uuid::try_parse(&told.run.id).map(|id| id.as_bytes().to_vec());
    let made = || Sha256::digest(told.run.id.as_bytes()).iter().copied().take(16).collect();
    parent(told).map_or_else(|| own().unwrap_or_else(|_| made()), |(trace, _)| trace)
}

/// The ids in a W3C `traceparent`: `00-<trace>-<span>-<flags>`.
fn parent(told: &Told) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut parts = told.run.traceparent.as_deref()?.split('-').skip(1);
    let (trace, span) = (bytes(parts.next()?, 16)?, bytes(parts.next()?, 8)?);
    Some((trace, span))
}

/// So many bytes in hexadecimal digits, not all of them zero.
fn bytes(text: &str, count: usize) -> Option<Vec<u8>> {
    let is_hex = text.len() == count * 2 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let byte = |at: usize| u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok();
    let bytes: Vec<u8> = (0..count).map(byte).collect::<Option<_>>().filter(|_| is_hex)?;
    bytes.iter().any(|byte| *byte != 0).then_some(bytes)
}

/// Eight bytes that stand for these names.
fn id(names: &[&str]) -> Vec<u8> {
    Sha256::digest(names.join("\0").as_bytes()).iter().copied().take(8).collect()
}

fn text(name: &str, value: &str) -> KeyValue {
    KeyValue::new(name, AnyValue::text(value))
}

/// A count as an integer, if it is one.
fn number(name: &str, value: f64) -> KeyValue {
    let is_whole = value.fract() == 0.0 && value.abs() < 9e15;
    #[allow(clippy::cast_possible_truncation, reason = "it has been looked at")]
    let value = if is_whole { AnyValue::int(value as i64) } else { AnyValue::double(value) };
    KeyValue::new(name, value)
}

#[cfg(test)]
mod tests {
    use super::super::told::tests::{ended, started, step};
    use super::*;

    #[test]
    fn spans_hang_together_and_are_the_same_each_time() {
        let (run, steps) = (spans(&ended(EndStatus::Failed)), spans(&step()));
        assert_eq!(spans(&step()), steps);
        let [first, second, of_step] = &steps[..] else { panic!("{steps:?}") };
        assert_eq!(run[0].trace_id.len(), 16);
        assert!(steps.iter().all(|span| span.trace_id == run[0].trace_id && span.span_id.len() == 8));
        assert_eq!((&first.parent_span_id, &second.parent_span_id), (&of_step.span_id, &of_step.span_id));
        assert_eq!((&of_step.parent_span_id, run[0].parent_span_id.len()), (&run[0].span_id, 0));
        assert_ne!(first.span_id, second.span_id);
        assert_eq!(first.status.as_ref().unwrap().code, wire::STATUS_ERROR);
        assert_eq!(run[0].status.as_ref().unwrap().message, "it\nbroke");
        assert!(spans(&started()).is_empty());
    }

    #[test]
    fn a_run_joins_the_trace_that_started_it() {
        let mut told = ended(EndStatus::Success);
        told.run.traceparent = Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned());
        let run = &spans(&told)[0];
        assert_eq!((run.trace_id[0], run.trace_id[15], run.parent_span_id[0]), (0x0a, 0x9c, 0xb7));
        for wrong in ["", "00-xx-yy-01", "00-00000000000000000000000000000000-b7ad6b7169203331-01", "00-0af7-b7-01"] {
            told.run.traceparent = Some(wrong.to_owned());
            assert!(parent(&told).is_none(), "{wrong}");
        }
    }
}
