//! What a server does that one must know, each against the server itself. The tests are named by the number of the thing:
//!
//! 01 a write is verified, 02 too far ahead or too old, 03 midnight, 04 the newest instant of a day, 05 a write is read at
//! once, 06 cached ranges, 07 a killed server, 08 running again, 09 two values for one instant, 10 values that are no
//! numbers, 11 precision, 12 answers and errors, 13 more than a server takes at once, 14 broken exports, 15 how it is
//! reached, 16 surplus labels, 17 Influx line protocol. (18, what is an expression, is `parser`. Ten million samples of one
//! series are `scripts/bench-stores --sizes 10M/1`.)

use std::sync::Arc;

use prost::Message;
use vmflow::connection::Metrics;
use vmflow::value::{ErrorKind, Sample};

use super::{DAY, HOUR, MIDNIGHT, WriteSamples, at, export, sample};
use crate::support::faulty::{Faulty, answer};
use crate::support::victoria::{self, Throwaway, unique};

#[tokio::test]
async fn gotcha_01_a_sample_that_the_server_changes_its_labels_of_is_missed() {
    let directory = tempfile::tempdir().unwrap();
    let rules = directory.path().join("rules.yml");
    std::fs::write(&rules, "- action: labeldrop\n  regex: secret\n").unwrap();
    let server = Throwaway::start(&["-retentionPeriod=100y", &format!("-relabelConfig={}", rules.display())]).await;
    let store = victoria::client_that_waits_for_nobody(&server.url());
    let samples = [sample("a", &[("kept", "1")], 1.0, MIDNIGHT), sample("a", &[("secret", "1")], 2.0, MIDNIGHT)];
    let error = store.put(&samples).await.unwrap_err();
    assert!(error.message.contains("does not have 1 of 2 samples; first: a{secret=\"1\"}"), "{}", error.message);
}

#[tokio::test]
async fn gotcha_02_a_server_that_drops_neighbours_is_noticed() {
    let server = Throwaway::start(&["-retentionPeriod=100y", "-dedup.minScrapeInterval=60s"]).await;
    let store = victoria::client_that_waits_for_nobody(&server.url());
    let samples: Vec<Arc<Sample>> = (0..120).map(|n| sample("a", &[], n as f64, MIDNIGHT + n * 1000)).collect();
    let error = store.put(&samples).await.unwrap_err();
    assert!(error.message.contains("does not have"), "{}", error.message);
    assert!(error.help.unwrap().contains("deduplication interval"));
}

#[tokio::test]
async fn gotcha_11_values_of_too_different_sizes_are_noticed() {
    let (store, job) = (victoria::client_that_waits_for_nobody(&victoria::url()), unique("precision"));
    let both = [sample("a", &[("job", &job)], 1e18, MIDNIGHT), sample("a", &[("job", &job)], 0.123, MIDNIGHT + 1)];
    let error = store.put(&both).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Write);
    assert!(error.message.contains("another value for 1 of 2 samples"), "{}", error.message);
    assert!(error.message.contains("is 0 instead of 0.123"), "{}", error.message);
    // Twelve digits are kept.
    let digits = [sample("b", &[("job", &job)], std::f64::consts::PI, MIDNIGHT)];
    store.put(&digits).await.unwrap();
    let found = store.instant(&format!("last_over_time(b{{job={job:?}}}[1h])"), at(MIDNIGHT + 1)).await.unwrap();
    assert!((found[0].value - std::f64::consts::PI).abs() < 1e-11);
}

#[tokio::test]
async fn gotcha_13_more_series_than_a_server_lists() {
    // Its own limit is 30,000.
    let server = Throwaway::start(&["-retentionPeriod=100y"]).await;
    let store = victoria::client(&server.url());
    let samples: Vec<Arc<Sample>> =
        (0..31_000).map(|n| sample("many", &[("n", &n.to_string())], 1.0, MIDNIGHT + n % 7)).collect();
    assert_eq!(store.put(&samples).await.unwrap().written, 31_000);
    assert_eq!(store.series("many", MIDNIGHT, MIDNIGHT + HOUR).await.unwrap().len(), 31_000);
    assert_eq!(store.label_values("n", Some("many"), MIDNIGHT, MIDNIGHT + DAY).await.unwrap().len(), 31_000);
    assert_eq!(store.put(&samples).await.unwrap().unchanged, 31_000);
}

#[tokio::test]
async fn gotcha_13_more_than_a_request_takes() {
    // Its own limit is 32 MiB.
    let store = victoria::client(&victoria::url());
    let (job, long) = (unique("large"), "x".repeat(14_000));
    let samples: Vec<Arc<Sample>> = (0..2_600)
        .map(|n| sample("large", &[("job", &job), ("long", &format!("{n}{long}"))], n as f64, MIDNIGHT + n))
        .collect();
    assert_eq!(store.put(&samples).await.unwrap().written, 2_600);
}

#[derive(Clone, PartialEq, Message)]
struct WriteRequest {
    #[prost(message, repeated, tag = "1")]
    timeseries: Vec<Raw>,
}

#[derive(Clone, PartialEq, Message)]
struct Raw {
    #[prost(message, repeated, tag = "1")]
    labels: Vec<RawLabel>,
    #[prost(message, repeated, tag = "2")]
    samples: Vec<RawSample>,
}

#[derive(Clone, PartialEq, Eq, Message)]
struct RawLabel {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    value: String,
}

#[derive(Clone, Copy, PartialEq, Message)]
struct RawSample {
    #[prost(double, tag = "1")]
    value: f64,
    #[prost(int64, tag = "2")]
    timestamp: i64,
}

/// Writes samples as a scraper does, which marks a series as gone by a certain NaN.
async fn scrape(url: &str, name: &str, values: &[f64]) {
    let value = |(n, value): (i64, &f64)| RawSample { value: *value, timestamp: MIDNIGHT + n * 1000 };
    let labels = vec![RawLabel { name: "__name__".to_owned(), value: name.to_owned() }];
    let samples = (0..).zip(values).map(value).collect();
    let message = WriteRequest { timeseries: vec![Raw { labels, samples }] };
    let body = snap::raw::Encoder::new().compress_vec(&message.encode_to_vec()).unwrap();
    let client = reqwest::Client::new();
    let sent = client.post(format!("{url}/api/v1/write")).header("content-encoding", "snappy").body(body).send();
    assert!(sent.await.unwrap().status().is_success());
    client.get(format!("{url}/internal/force_flush")).send().await.unwrap();
}

#[tokio::test]
async fn gotcha_10_a_mark_that_a_series_is_gone_is_no_value() {
    let gone = f64::from_bits(0x7ff0_0000_0000_0002);
    let server = Throwaway::start(&["-retentionPeriod=100y", "-dedup.minScrapeInterval=1ms"]).await;
    let url = server.url();
    let usual = victoria::client(&url);
    scrape(&url, "a", &[1.0, 2.0, gone, f64::INFINITY]).await;
    // A block of its own, over a value that was there.
    scrape(&url, "b", &[1.0, 2.0]).await;
    scrape(&url, "b", &[1.0, gone]).await;
    let lines = Faulty::start(move |asked| {
        if asked.head.contains("export/native") {
            answer("400 Bad Request", "", "unsupported path requested")
        } else {
            server.forward(asked)
        }
    })
    .await;
    let of = |values: &[(i64, f64)]| values.iter().map(|(n, value)| (MIDNIGHT + n * 1000, *value)).collect::<Vec<_>>();
    for store in [usual, victoria::client(&lines.url())] {
        let found = export(&store, "{__name__=~\"a|b\"}", MIDNIGHT, MIDNIGHT + HOUR).await.unwrap();
        assert_eq!(found[0].1, of(&[(0, 1.0), (1, 2.0), (3, f64::INFINITY)]));
        assert_eq!(found[1].1, of(&[(0, 1.0)]));
        let counted = store.instant("count_over_time(a[1h])", at(MIDNIGHT + HOUR - 1)).await.unwrap();
        assert_eq!(counted[0].value.to_string(), "3");
    }
}
