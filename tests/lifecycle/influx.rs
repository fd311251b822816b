//! InfluxDB 1.6 and VictoriaMetrics as they are; another server as it should not be.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use vmflow::lifecycle::{EndStatus, InfluxApi, InfluxSinkOptions, SinkKind};

use super::{InMemory, run_id, sink, standing, story, tell};
use crate::support::faulty::{Faulty, answer};
use crate::support::influx::Influx;
use crate::support::victoria;

fn options(url: &str, api: InfluxApi) -> SinkKind {
    let tags = [("stage", "prod x"), ("project", "proj,1")].map(|(name, value)| (Arc::from(name), Arc::from(value)));
    let measurement = "scheduling-job".into();
    SinkKind::Influx(InfluxSinkOptions { url: url.to_owned(), api, tags: BTreeMap::from(tags), measurement })
}

fn v2() -> InfluxApi {
    InfluxApi::V2 { org: "my org".into(), bucket: "b".into(), token: Some("s3cret-token".into()) }
}

#[tokio::test]
async fn influxdb_keeps_the_start_and_the_end_of_each_run_and_each_once() {
    let server = Influx::start().await;
    let sink = sink("influx", options(server.url(), InfluxApi::V1 { database: "test".into(), login: None }));
    let events = [story(&run_id(), EndStatus::Success), story(&run_id(), EndStatus::Failed)].concat();
    let outbox = InMemory::of(&events);
    assert_eq!(tell(&sink, &outbox, 60).await, standing("influx", 4, 0));
    assert_eq!(outbox.passed("influx"), (6, 0));
    // Told again, as after a crash before that was noted.
    assert_eq!(tell(&sink, &InMemory::of(&events), 60).await, standing("influx", 4, 0));
    let asked = server.ask(r#"SELECT "uuid", "status", "status_code", "duration_ms", "items_created", "job", "stage", "project" FROM "scheduling-job""#).await;
    assert_eq!(asked.matches("\"update bytemark, tickets\",\"prod x\",\"proj,1\"").count(), 2, "{asked}");
    for wanted in ["\"start\",0,null,null", "\"failed\",2,412,12"] {
        assert!(asked.contains(wanted), "{wanted} in {asked}");
    }
}

#[tokio::test]
async fn victoria_metrics_keeps_the_numbers() {
    let run = run_id();
    let mut kind = options(&victoria::url(), v2());
    let SinkKind::Influx(options) = &mut kind else { unreachable!() };
    options.tags.insert("run".into(), run.clone().into());
    let sink = sink("vm", kind);
    assert_eq!(tell(&sink, &InMemory::of(&story(&run, EndStatus::Success)), 60).await, standing("vm", 2, 0));
    let client = victoria::client(&victoria::url());
    let selector = format!(r#"{{__name__=~"scheduling-job_(duration_ms|items_created|status_code)",run="{run}"}}"#);
    let mut found = Vec::new();
    for _ in 0..100 {
        reqwest::get(format!("{}/internal/force_flush", victoria::url())).await.unwrap();
        found = crate::metrics::export(
            &client,
            &selector,
            super::at(0).timestamp_millis(),
            super::at(1000).timestamp_millis(),
        )
        .await
        .unwrap();
        if found.len() == 3 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let values: Vec<Vec<f64>> =
        found.iter().map(|(_, points)| points.iter().map(|(_, value)| *value).collect()).collect();
    assert_eq!(values, [vec![412.0], vec![12.0], vec![0.0, 1.0]], "{found:?}");
}

#[tokio::test]
async fn what_the_predecessors_client_sent_is_sent() {
    let server = Faulty::start(|_| answer("204 No Content", "", "")).await;
    let outbox = InMemory::of(&story(&run_id(), EndStatus::Success));
    tell(&sink("influx", options(&server.url(), v2())), &outbox, 60).await;
    let asked = &server.asked()[0];
    assert!(
        asked.head.starts_with("POST /api/v2/write?org=my+org&bucket=b&precision=ns HTTP/1.1\r\n"),
        "{}",
        asked.head
    );
    let head = asked.head.to_lowercase();
    assert!(head.contains("authorization: token s3cret-token\r\n"), "{head}");
    assert!(head.contains("content-type: text/plain; charset=utf-8\r\n"), "{head}");
    let body = String::from_utf8(asked.body.clone()).unwrap();
    let first = body.lines().next().unwrap();
    assert!(
        first.starts_with(r"scheduling-job,job=update\ bytemark\,\ tickets,project=proj\,1,stage=prod\ x run_id="),
        "{first}"
    );
    assert!(
        first.contains(r#"status="start",status_code=0,uuid=""#) && first.ends_with(" 1793000000000000000"),
        "{first}"
    );
}

#[tokio::test]
async fn a_server_that_is_busy_is_told_later() {
    let calls = Arc::new(AtomicUsize::new(0));
    let count = calls.clone();
    let server = Faulty::start(move |_| match count.fetch_add(1, Ordering::SeqCst) {
        0 => answer("503 Service Unavailable", "retry-after: 2\r\n", "busy"),
        1 => answer("429 Too Many Requests", "", "slow down"),
        2 => answer("401 Unauthorized", "", r#"{"code":"unauthorized","message":"not s3cret-token"}"#),
        3 => b"garbage\r\n\r\n".to_vec(),
        _ => answer("204 No Content", "", ""),
    })
    .await;
    let outbox = InMemory::of(&story(&run_id(), EndStatus::Success));
    assert_eq!(tell(&sink("influx", options(&server.url(), v2())), &outbox, 600).await, standing("influx", 2, 0));
    assert_eq!(calls.load(Ordering::SeqCst), 5);
    let failures = outbox.failures.lock().unwrap().join("\n");
    assert!(failures.contains("503: busy") && failures.contains("401: not •••"), "{failures}");
    assert!(!failures.contains("s3cret"), "{failures}");
}

#[tokio::test]
async fn only_the_event_that_is_wrong_is_dropped() {
    // A server that refuses whatever holds `status="end"`, as one would a field of another type.
    let server = Faulty::start(|asked| {
        let body = String::from_utf8_lossy(&asked.body).into_owned();
        if body.contains("status=\"end\"") {
            return answer("400 Bad Request", "", "partial write: field type conflict");
        }
        answer("204 No Content", "", "")
    })
    .await;
    let events = [story(&run_id(), EndStatus::Success), story(&run_id(), EndStatus::Failed)].concat();
    let outbox = InMemory::of(&events);
    assert_eq!(tell(&sink("influx", options(&server.url(), v2())), &outbox, 60).await, standing("influx", 3, 1));
    assert_eq!(outbox.passed("influx"), (6, 1));
}
