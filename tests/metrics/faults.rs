//! A server that lies, breaks off, hangs, is killed, or is set up in another way.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use vmflow::connection::clock::SystemClock;
use vmflow::connection::metrics::ServerOptions;
use vmflow::connection::metrics::victoria::{Durability, VictoriaMetrics, VictoriaOptions};
use vmflow::connection::{Authorization, Clock, Metrics, Written};
use vmflow::value::{ErrorKind, Sample, StepError};

use super::{DAY, HOUR, MIDNIGHT, WriteSamples, at, export, sample};
use crate::support::faulty::{Asked, FastClock, Faulty, answer};
use crate::support::victoria::{self, Throwaway, unique};

fn impatient(options: &VictoriaOptions) -> VictoriaMetrics {
    VictoriaMetrics::new(options, Arc::new(FastClock::default())).unwrap()
}

fn patient(options: &VictoriaOptions) -> VictoriaMetrics {
    VictoriaMetrics::new(options, Arc::new(SystemClock)).unwrap()
}

async fn failing(answer: impl Fn(&Asked) -> Vec<u8> + Send + Sync + 'static) -> (VictoriaMetrics, Faulty) {
    let server = Faulty::start(answer).await;
    let options = VictoriaOptions {
        server: ServerOptions { timeout_ms: 300, ..victoria::asked() },
        durability: Durability::Off,
        ..victoria::options(&server.url())
    };
    (impatient(&options), server)
}

async fn instant_error(answer: impl Fn(&Asked) -> Vec<u8> + Send + Sync + 'static) -> StepError {
    let (store, _server) = failing(answer).await;
    store.instant("last_over_time(a[1d])", at(MIDNIGHT + 1)).await.unwrap_err()
}

#[tokio::test]
async fn gotcha_01_samples_that_a_server_drops_with_204_are_missed() {
    let (store, server) = failing(|asked| match asked.head.contains("/api/v1/write") {
        true => answer("204 No Content", "", ""),
        false if asked.head.contains("export") => answer("200 OK", "", ""),
        false => answer("404 Not Found", "", "no"),
    })
    .await;
    let samples = [sample("a", &[("x", "1")], 1.0, MIDNIGHT), sample("a", &[("x", "1")], 2.0, MIDNIGHT + 1)];
    let error = store.put(&samples).await.unwrap_err();
    assert_eq!((error.kind, error.retryable), (ErrorKind::Write, false));
    assert!(error.message.contains("answered 204 but does not have 2 of 2 samples"), "{}", error.message);
    assert!(error.message.contains("first: a{x=\"1\"} @ 2025-01-10T00:00:00Z"), "{}", error.message);
    assert!(error.help.unwrap().contains("-retentionPeriod"));
    let write = server.asked().into_iter().find(|asked| asked.head.contains("/api/v1/write")).unwrap();
    assert!(write.head.contains("content-encoding: snappy"), "{}", write.head);
    assert!(!write.body.is_empty());
}

#[tokio::test]
async fn a_value_that_a_server_changed_is_noticed() {
    let (store, _server) = failing(|asked| {
        if asked.head.contains("export") {
            answer("200 OK", "", "{\"metric\":{\"__name__\":\"a\"},\"values\":[0],\"timestamps\":[5]}\n")
        } else {
            answer("204 No Content", "", "")
        }
    })
    .await;
    let error = store.put(&[sample("a", &[], 0.123, 5)]).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Write);
    assert!(error.message.contains("is 0 instead of 0.123"), "{}", error.message);
}

#[tokio::test]
async fn an_export_that_breaks_off_is_an_error() {
    let whole = "{\"metric\":{\"__name__\":\"a\"},\"values\":[1],\"timestamps\":[5]}\n";
    let chunk = |text: &str| format!("{:x}\r\n{text}\r\n", text.len());
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let cases = [
        format!("{chunked}{}", chunk(whole)),
        format!("{chunked}{}{}", chunk(whole), chunk(&whole[..30])),
        format!("{chunked}{}0\r\n\r\n", chunk(&whole[..30])),
        format!("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{whole}"),
    ];
    for case in cases {
        let bytes = case.clone().into_bytes();
        let (store, _server) = failing(move |_| bytes.clone()).await;
        let error = export(&store, "a", 0, 10).await.unwrap_err();
        assert_eq!((error.kind, error.retryable), (ErrorKind::Connection, true), "{case}: {error}");
        assert!(error.message.contains("broke off"), "{}", error.message);
    }
    let (store, _server) = failing(|_| answer("200 OK", "", "{\"error\":\"cannot\"}\n")).await;
    assert_eq!(export(&store, "a", 0, 10).await.unwrap_err().kind, ErrorKind::Data);
}

#[tokio::test]
async fn gotcha_12_statuses_become_kinds() {
    let cases: [(&str, ErrorKind, bool); 8] = [
        ("422 Unprocessable Entity", ErrorKind::Query, false),
        ("400 Bad Request", ErrorKind::Query, false),
        ("404 Not Found", ErrorKind::Query, false),
        ("401 Unauthorized", ErrorKind::Configuration, false),
        ("403 Forbidden", ErrorKind::Configuration, false),
        ("429 Too Many Requests", ErrorKind::Connection, true),
        ("503 Service Unavailable", ErrorKind::Connection, true),
        ("504 Gateway Timeout", ErrorKind::Timeout, true),
    ];
    for (status, kind, retryable) in cases {
        let error = instant_error(move |_| answer(status, "retry-after: 7\r\n", "\n{\"error\":\"the reason\"}")).await;
        assert_eq!((error.kind, error.retryable, error.retry_after_ms), (kind, retryable, Some(7000)), "{status}");
        assert!(
            error.message.contains("the reason") && error.message.contains("last_over_time(a[1d])"),
            "{}",
            error.message
        );
    }
}

#[tokio::test]
async fn servers_that_hang_or_are_gone_or_talk_nonsense() {
    let error = instant_error(|_| Vec::new()).await;
    assert_eq!((error.kind, error.retryable), (ErrorKind::Timeout, true));
    assert!(error.message.contains("within 0.3 s"), "{}", error.message);
    for body in [
        "<html>hello</html>",
        "{}",
        "{\"data\":{\"resultType\":\"streams\",\"result\":[]}}",
        "{\"data\":{\"resultType\":\"vector\",\"result\":[{\"metric\":{},\"value\":[1,\"x\"]}]}}",
    ] {
        assert_eq!(instant_error(move |_| answer("200 OK", "", body)).await.kind, ErrorKind::Data, "{body}");
    }
    let gone = impatient(&victoria::options("http://127.0.0.1:1"));
    let error = gone.instant("1", at(1)).await.unwrap_err();
    assert_eq!((error.kind, error.retryable), (ErrorKind::Connection, true));
    assert!(error.message.contains("cannot be reached"), "{}", error.message);
}

#[tokio::test]
async fn secrets_are_never_shown() {
    let server = Faulty::start(|asked| answer("401 Unauthorized", "", &asked.head)).await;
    let address = server.url().replace("http://", "http://me:hunter22@");
    let authorization = Authorization::Bearer("tok-secret".into());
    let store = impatient(&victoria::known(&address, authorization));
    for error in [
        store.instant("1", at(1)).await.unwrap_err(),
        export(&store, "a", 0, 1).await.unwrap_err(),
        store.put(&[sample("a", &[], 1.0, 1)]).await.unwrap_err(),
    ] {
        assert_eq!(error.kind, ErrorKind::Configuration);
        let text = format!("{error:?}");
        assert!(!text.contains("tok-secret") && !text.contains("hunter22"), "{text}");
    }
    assert!(server.asked()[0].head.contains("Bearer tok-secret"));
}

#[tokio::test]
async fn gotcha_02_samples_too_far_ahead_fail_before_and_after_sending() {
    let job = unique("future");
    let now = SystemClock.now().timestamp_millis();
    let samples: Vec<Arc<Sample>> = (1..=5).map(|n| sample("a", &[("job", &job)], 1.0, now + n * DAY - HOUR)).collect();
    let options = victoria::options(&victoria::url());
    let error = impatient(&options).put(&samples).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Write);
    assert!(error.message.contains("3 of 5 samples lie after"), "{}", error.message);
    assert!(error.help.unwrap().contains("future_retention"));
    // With a wrong setting the server has the last word.
    let hopeful = VictoriaOptions { future_retention_ms: 30 * DAY, ..options };
    let error = impatient(&hopeful).put(&samples).await.unwrap_err();
    assert!(error.message.contains("does not have 3 of 5 samples"), "{}", error.message);
}

#[tokio::test]
async fn gotcha_02_samples_older_than_the_retention_are_missed() {
    let server = Throwaway::start(&["-retentionPeriod=1"]).await;
    let error = impatient(&victoria::options(&server.url())).put(&[sample("a", &[], 1.0, MIDNIGHT)]).await.unwrap_err();
    assert!(error.message.contains("does not have 1 of 1 samples"), "{}", error.message);
}

#[tokio::test]
async fn gotcha_08_a_server_that_keeps_both_values_is_reported_each_time() {
    let server = Throwaway::start(&["-retentionPeriod=100y"]).await;
    let store = impatient(&victoria::options(&server.url()));
    let written = |value| {
        let (store, sample) = (&store, sample("a", &[], value, MIDNIGHT));
        async move { store.put(&[sample]).await }
    };
    assert_eq!(written(1.0).await.unwrap(), Written { written: 1, unchanged: 0 });
    // Nothing is doubled by running again.
    assert_eq!(written(1.0).await.unwrap(), Written { written: 0, unchanged: 1 });
    for _ in 0..2 {
        let error = written(2.0).await.unwrap_err();
        assert!(error.message.contains("keeps both the old and the new value of 1 of 1"), "{}", error.message);
        assert!(error.help.unwrap().contains("-dedup.minScrapeInterval=1ms"));
    }
    assert_eq!(export(&store, "a", 0, MIDNIGHT + 1).await.unwrap()[0].1.len(), 2);
}

#[tokio::test]
async fn a_server_killed_while_writing_has_everything_after_the_next_run() {
    let server = Throwaway::start(&["-retentionPeriod=100y", "-dedup.minScrapeInterval=1ms"]).await;
    let (url, server) = (server.url(), Arc::new(Mutex::new(server)));
    let samples: Vec<Arc<Sample>> = (0..100_000)
        .map(|n| sample("a", &[("s", &(n % 50).to_string())], n as f64, MIDNIGHT + n / 50 * 1000))
        .collect();
    // Between the client and the server: the fourth of ten requests arrives, and the server is gone.
    let (arrived, target) = (AtomicU32::new(0), server.clone());
    let between = Faulty::start(move |asked| {
        if arrived.fetch_add(1, Ordering::SeqCst) < 3 {
            return target.lock().unwrap().forward(asked);
        }
        target.lock().unwrap().kill();
        b"HTTP/1.1 20".to_vec()
    })
    .await;
    let options = VictoriaOptions {
        write_url: between.url(),
        server: ServerOptions { pool: 1, ..victoria::asked() },
        ..victoria::options(&url)
    };
    let first = impatient(&options).put(&samples).await.unwrap_err();
    assert_eq!((first.kind, first.retryable), (ErrorKind::Connection, true));
    assert!(first.message.starts_with("write: "), "{}", first.message);
    server.lock().unwrap().respawn();
    victoria::wait_for(&url).await;
    let store = victoria::client(&url);
    let again = store.put(&samples).await.unwrap();
    assert_eq!(again.written + again.unchanged, 100_000);
    let count = store.instant("sum(count_over_time(a[1d]))", at(MIDNIGHT + DAY - 1)).await.unwrap();
    assert_eq!(count[0].value.to_string(), "100000", "first {first:?}, again {again:?}");
}

#[tokio::test]
async fn gotcha_15_prefixes_and_passwords() {
    let flags =
        ["-retentionPeriod=100y", "-http.pathPrefix=/vm", "-httpAuth.username=me", "-httpAuth.password=hunter22"];
    let server = Throwaway::start(&flags).await;
    let url = format!("{}/vm/api/v1/write", server.url());
    let basic = |password: &str| Authorization::Basic { user: "me".into(), password: password.into() };
    let good = victoria::known(&url, basic("hunter22"));
    let samples = [sample("a", &[], 1.0, MIDNIGHT)];
    assert_eq!(patient(&good).put(&samples).await.unwrap().written, 1);
    let bad = victoria::known(&url, basic("wrong-one"));
    assert_eq!(patient(&bad).put(&samples).await.unwrap_err().kind, ErrorKind::Configuration);
    let in_address = server.url().replace("http://", "http://me:hunter22@") + "/vm";
    assert_eq!(patient(&victoria::options(&in_address)).put(&samples).await.unwrap().unchanged, 1);
}
