//! Every protocol of writing, and every store that takes it.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use vmflow::connection::clock::SystemClock;
use vmflow::connection::metrics::influx::{InfluxDb, InfluxOptions};
use vmflow::connection::metrics::victoria::{VictoriaMetrics, VictoriaOptions, WriteProtocol};
use vmflow::connection::{Metrics, Written};
use vmflow::value::{ErrorKind, Sample};

use super::{DAY, MIDNIGHT, WriteSamples, export, sample};
use crate::support::influx::Influx;
use crate::support::victoria::{self, unique};

/// Samples with made-up labels and values, each series once.
fn made_up(job: &str, letters: &'static str, is_finite: bool) -> Vec<Arc<Sample>> {
    let letter = prop_oneof![4 => any::<char>().prop_filter("a line break", |c| !"\n\r\0".contains(*c)), 6 => proptest::sample::select(letters.chars().collect::<Vec<_>>())];
    let text = proptest::collection::vec(letter, 0..8).prop_map(|letters| letters.into_iter().collect::<String>());
    let number = prop_oneof![
        6 => -1e12..1e12_f64,
        3 => (-1000..1000_i32).prop_map(f64::from),
        1 => proptest::sample::select(vec![0.0, 1e300, -1e-9, f64::INFINITY, f64::NEG_INFINITY]),
    ];
    let mut runner = TestRunner::deterministic();
    let mut one = |n: i64| {
        let (mut text, value) =
            (text.new_tree(&mut runner).unwrap().current(), number.new_tree(&mut runner).unwrap().current());
        let value = if is_finite && value.is_infinite() { 1.0 } else { value };
        if is_finite {
            text = text.trim_end_matches('\\').to_owned();
        }
        sample("made_up", &[("job", job), ("n", &n.to_string()), ("text", &text)], value, MIDNIGHT + n)
    };
    (0..300).map(&mut one).collect()
}

const NASTY: &str = "\\\\\\\"\"', ={}#$\t|()é𝄞";

async fn takes(protocol: WriteProtocol, compresses: bool, letters: &'static str) {
    let options = VictoriaOptions { protocol, compresses, ..victoria::options(&victoria::url()) };
    let store = VictoriaMetrics::new(&options, Arc::new(SystemClock)).unwrap();
    let job = unique("protocol");
    let samples = made_up(&job, letters, false);
    assert_eq!(store.put(&samples).await.unwrap(), Written { written: 300, unchanged: 0 }, "{protocol:?}");
    // Another client, by another protocol, finds the same.
    let usual = victoria::client(&victoria::url());
    assert_eq!(usual.put(&samples).await.unwrap(), Written { written: 0, unchanged: 300 }, "{protocol:?}");
    let long: Vec<Arc<Sample>> =
        (0..12_000).map(|n| sample("long", &[("job", &job)], n as f64 / 7.0, MIDNIGHT + n)).collect();
    assert_eq!(store.put(&long).await.unwrap().written, 12_000);
    assert_eq!(export(&usual, &format!("long{{job={job:?}}}"), 0, MIDNIGHT + DAY).await.unwrap()[0].1.len(), 12_000);
}

#[tokio::test]
async fn gotcha_17_every_protocol_escapes_everything() {
    takes(WriteProtocol::RemoteWrite, false, NASTY).await;
    takes(WriteProtocol::Import, false, NASTY).await;
    takes(WriteProtocol::PrometheusText, false, NASTY).await;
    takes(WriteProtocol::Influx, false, NASTY).await;
    takes(WriteProtocol::InfluxV2, true, NASTY).await;
    takes(WriteProtocol::Import, true, NASTY).await;
}

#[tokio::test]
async fn line_breaks_have_no_form_in_influx_line_protocol() {
    let options = VictoriaOptions { protocol: WriteProtocol::Influx, ..victoria::options(&victoria::url()) };
    let store = VictoriaMetrics::new(&options, Arc::new(SystemClock)).unwrap();
    let error = store.put(&[sample("a", &[("job", "x\ny")], 1.0, MIDNIGHT)]).await.unwrap_err();
    assert!(error.kind == ErrorKind::Data && error.message.contains("a line break in a label"), "{error:?}");
}

fn influx(url: &str, database: &str) -> InfluxDb {
    let options = InfluxOptions {
        url: url.to_owned(),
        database: database.to_owned(),
        server: victoria::asked(),
        compresses: true,
    };
    InfluxDb::new(&options, Arc::new(SystemClock)).unwrap()
}

#[tokio::test]
async fn gotcha_17_influxdb_is_written_to_and_read_back() {
    let server = Influx::start().await;
    let store = influx(server.url(), "test");
    let samples = made_up("influx", NASTY, true);
    assert_eq!(store.put(&samples).await.unwrap(), Written { written: 300, unchanged: 0 });
    assert_eq!(store.put(&samples).await.unwrap(), Written { written: 0, unchanged: 300 });
    let counted = server.ask("SELECT count(value) FROM made_up").await;
    assert!(counted.contains(",300]"), "{counted}");
    let other = [sample("made_up", &[("job", "influx"), ("n", "0")], 5.0, MIDNIGHT)];
    assert_eq!(store.put(&other).await.unwrap().written, 1);
    // A later value replaces the earlier one.
    let replaced = [sample("made_up", &[("job", "influx"), ("n", "0")], 6.0, MIDNIGHT)];
    assert_eq!(store.put(&replaced).await.unwrap(), Written { written: 1, unchanged: 0 });
    // The server's own words, where it refuses.
    reqwest::Client::new()
        .post(format!("{}/write?db=test", server.url()))
        .body(format!("texts value=\"x\" {}", MIDNIGHT * 1_000_000))
        .send()
        .await
        .unwrap();
    let conflict = store.put(&[sample("texts", &[], 1.0, MIDNIGHT)]).await.unwrap_err();
    assert!(conflict.kind == ErrorKind::Write && conflict.message.contains("field type conflict"), "{conflict:?}");
    let nowhere = influx(server.url(), "nowhere").put(&other).await.unwrap_err();
    assert!(nowhere.kind == ErrorKind::Configuration && nowhere.message.contains("database not found"), "{nowhere:?}");
    let infinite = store.put(&[sample("a", &[], f64::INFINITY, MIDNIGHT)]).await.unwrap_err();
    assert!(infinite.kind == ErrorKind::Data && infinite.message.contains("an infinite value"), "{infinite:?}");
    // What it cannot do is said.
    let read = store.instant("last_over_time(a[1d])", super::at(MIDNIGHT)).await.unwrap_err();
    assert!(read.kind == ErrorKind::Configuration && read.message.contains("only written to"), "{read:?}");
    assert!(export(&store, "a", 0, 1).await.is_err());
}

#[tokio::test]
async fn series_are_copied_as_they_are_and_nothing_is_doubled() {
    let (old, new) = (
        victoria::Throwaway::start(&["-retentionPeriod=100y"]).await,
        victoria::Throwaway::start(&["-retentionPeriod=100y"]).await,
    );
    let (from, to) = (victoria::client(&old.url()), victoria::client(&new.url()));
    let samples: Vec<Arc<Sample>> =
        (0..20_000).map(|n| sample("a", &[("s", &(n % 20).to_string())], n as f64, MIDNIGHT + n / 20 * 1000)).collect();
    from.put(&samples).await.unwrap();
    let copy = async |from_ms, to_ms| to.copy(&from, "a # all", from_ms, to_ms).await.unwrap();
    assert_eq!(copy(MIDNIGHT, MIDNIGHT + 500_000).await, 10_000);
    // What is there already is completed sample by sample, on a server that would keep both.
    from.put(&[sample("a", &[("s", "new")], 1.0, MIDNIGHT)]).await.unwrap();
    assert_eq!(copy(MIDNIGHT, MIDNIGHT + DAY).await, 20_001);
    assert_eq!(copy(MIDNIGHT, MIDNIGHT + DAY).await, 20_001);
    let everything = |points: Vec<(String, Vec<(i64, f64)>)>| points;
    let wanted = everything(export(&from, "a", 0, MIDNIGHT + DAY).await.unwrap());
    assert_eq!(export(&to, "a", 0, MIDNIGHT + DAY).await.unwrap(), wanted);
    // From a store of another kind.
    let (embedded, _directory) = super::embedded().await;
    embedded.put(&samples[..50]).await.unwrap();
    assert_eq!(to.copy(&embedded, "a", MIDNIGHT, MIDNIGHT + DAY).await.unwrap(), 50);
    assert_eq!(export(&to, "a", 0, MIDNIGHT + DAY).await.unwrap(), wanted);
}

#[tokio::test]
async fn series_whose_blocks_share_time_are_copied_in_one_go() {
    let (old, new) = (
        victoria::Throwaway::start(&["-retentionPeriod=100y"]).await,
        victoria::Throwaway::start(&["-retentionPeriod=100y"]).await,
    );
    let (from, to) = (victoria::client(&old.url()), victoria::client(&new.url()));
    for part in 0..2 {
        let every_other = (part..2_000).step_by(2);
        let samples: Vec<Arc<Sample>> = every_other
            .flat_map(|n| (0..20).map(move |s| (s, n)))
            .map(|(s, n)| sample("a", &[("s", &s.to_string())], n as f64, MIDNIGHT + n * 1000))
            .collect();
        from.put(&samples).await.unwrap();
    }
    assert_eq!(to.copy(&from, "a", MIDNIGHT, MIDNIGHT + DAY).await.unwrap(), 40_000);
    let metrics = reqwest::get(format!("{}/metrics", new.url())).await.unwrap().text().await.unwrap();
    let asked = |path: &str| -> u64 {
        let of_path = |line: &&str| line.starts_with("vm_http_requests_total{") && line.contains(path);
        metrics.lines().filter(of_path).filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
    };
    assert_eq!(asked("import/native"), 1, "{metrics}");
    assert!(asked("api/v1/export") < 5 && asked("api/v1/query") < 5, "{metrics}");
    let wanted = export(&from, "a", 0, MIDNIGHT + DAY).await.unwrap();
    assert_eq!(export(&to, "a", 0, MIDNIGHT + DAY).await.unwrap(), wanted);
}
