//! Spans, read back by the definition of their messages.

use prost::Message;
use vmflow::lifecycle::{EndStatus, OtlpOptions, SinkKind};

use super::{InMemory, run_id, sink, standing, story, tell};
use crate::support::faulty::{Faulty, answer};

#[derive(Clone, PartialEq, Message)]
struct Request {
    #[prost(message, repeated, tag = "1")]
    resource_spans: Vec<ResourceSpans>,
}

#[derive(Clone, PartialEq, Message)]
struct ResourceSpans {
    #[prost(message, repeated, tag = "2")]
    scope_spans: Vec<ScopeSpans>,
}

#[derive(Clone, PartialEq, Message)]
struct ScopeSpans {
    #[prost(message, repeated, tag = "2")]
    spans: Vec<Span>,
}

#[derive(Clone, PartialEq, Message)]
#[allow(clippy::struct_field_names, reason = "the names of the specification")]
struct Span {
    #[prost(bytes = "vec", tag = "1")]
    trace_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    span_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    parent_span_id: Vec<u8>,
    #[prost(string, tag = "5")]
    name: String,
    #[prost(fixed64, tag = "7")]
    start: u64,
    #[prost(fixed64, tag = "8")]
    end: u64,
}

#[tokio::test]
async fn a_run_its_steps_and_their_attempts_are_one_trace() {
    let server = Faulty::start(|_| answer("200 OK", "content-type: application/x-protobuf\r\n", "")).await;
    let options = OtlpOptions {
        url: server.url(),
        headers: vec![("x-key".into(), "s3cret".into())],
        service: "vmflow".into(),
        attributes: [("deployment.zone".into(), "eu".into())].into(),
    };
    let outbox = InMemory::of(&story(&run_id(), EndStatus::Success));
    assert_eq!(tell(&sink("otlp", SinkKind::Otlp(options)), &outbox, 60).await, standing("otlp", 2, 0));
    let asked = &server.asked()[0];
    assert!(
        asked.head.starts_with("POST /v1/traces HTTP/1.1\r\n") && asked.head.contains("x-key: s3cret"),
        "{}",
        asked.head
    );
    let request = Request::decode(&asked.body[..]).unwrap();
    let spans = &request.resource_spans[0].scope_spans[0].spans;
    let names: Vec<&str> = spans.iter().map(|span| &*span.name).collect();
    assert_eq!(names, ["copies attempt 1", "copies attempt 2", "copies", "update bytemark, tickets"]);
    let (step, run) = (&spans[2], &spans[3]);
    assert!(spans.iter().all(|span| span.trace_id == run.trace_id && span.start < span.end));
    assert_eq!((&spans[0].parent_span_id, &spans[1].parent_span_id), (&step.span_id, &step.span_id));
    assert_eq!((&step.parent_span_id, run.parent_span_id.len()), (&run.span_id, 0));
    assert_eq!(run.end - run.start, 412_000_000);
}
