//! Sinks that hang or are away, beside one that is well.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use vmflow::lifecycle::{EndStatus, Outbox as _, SinkKind, Teller, Told, WebhookOptions};

use super::{InMemory, clock, run_id, sink, standing, story, tell};
use crate::support::faulty::{Faulty, answer};

fn webhook(url: &str) -> SinkKind {
    SinkKind::Webhook(WebhookOptions { url: url.to_owned(), secret: None, headers: Vec::new(), steps: true })
}

#[tokio::test]
async fn a_sink_that_hangs_or_is_away_keeps_only_its_own_events_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.jsonl");
    let hanging = Faulty::start(|_| Vec::new()).await;
    let sinks = vec![
        sink("hangs", webhook(&hanging.url())),
        sink("away", webhook("http://127.0.0.1:9")),
        sink("file", SinkKind::File(path.clone())),
    ];
    let events = story(&run_id(), EndStatus::Success);
    let outbox = InMemory::of(&events);
    let standings = Teller::new(sinks.clone(), outbox.clone(), clock()).tell_all(Duration::from_secs(50)).await;
    assert_eq!(standings[2], standing("file", 3, 0));
    assert_eq!(standings[0].failing.as_deref(), Some("it did not answer in time"));
    assert!(standings[1].failing.as_deref().unwrap().contains("cannot be reached"), "{standings:?}");
    assert_eq!((outbox.passed("hangs"), outbox.passed("away"), outbox.passed("file")), ((0, 0), (0, 0), (3, 0)));
    let lines = std::fs::read_to_string(&path).unwrap();
    let read: Vec<Told> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(read, events);
    // What waited is told as soon as somebody is there.
    let there = Faulty::start(|_| answer("200 OK", "", "")).await;
    assert_eq!(tell(&sink("hangs", webhook(&there.url())), &outbox, 60).await, standing("hangs", 3, 0));
    let ids: Vec<String> = there.asked().iter().map(|asked| id(&asked.body)).collect();
    assert_eq!(ids, events.iter().map(|told| told.id.clone()).collect::<Vec<_>>(), "in order");
}

#[tokio::test]
async fn what_is_under_way_at_the_end_is_told_once_and_nobody_is_waited_for() {
    let ending = CancellationToken::new();
    let ends = ending.clone();
    let server = Faulty::start(move |_| {
        ends.cancel();
        answer("200 OK", "", "")
    })
    .await;
    let outbox = InMemory::of(&story(&run_id(), EndStatus::Success));
    let sinks = vec![sink("hook", webhook(&server.url())), sink("away", webhook("http://127.0.0.1:9"))];
    let teller = Teller::new(sinks, outbox.clone(), clock());
    let standings = teller.tell_until(Duration::from_hours(1), &ending).await;
    assert_eq!((&standings[0], outbox.passed("hook")), (&standing("hook", 3, 0), (3, 0)));
    assert_eq!(server.asked().len(), 3, "each event once");
    assert!(standings[1].failing.is_some() && outbox.passed("away") == (0, 0));
}

fn id(body: &[u8]) -> String {
    serde_json::from_slice::<Told>(body).unwrap().id
}

#[tokio::test]
async fn nothing_waits_where_nothing_is_wanted() {
    let server = Faulty::start(|_| answer("200 OK", "", "")).await;
    let kind = WebhookOptions { url: server.url(), secret: None, headers: Vec::new(), steps: false };
    let outbox = InMemory::of(&story(&run_id(), EndStatus::Success)[1..2]);
    assert_eq!(tell(&sink("hook", SinkKind::Webhook(kind)), &outbox, 60).await, standing("hook", 0, 0));
    assert_eq!((outbox.passed("hook"), server.asked().len()), ((1, 0), 0));
    assert_eq!(outbox.waiting("hook", 10).await.unwrap(), []);
    let _: Arc<InMemory> = outbox;
}
