//! The embedded store alone: its file, what is in it after a kill, stores of earlier versions.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value as Json, json};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use vmflow::connection::Metrics;
use vmflow::connection::metrics::embedded::{EmbeddedMetrics, EmbeddedOptions};
use vmflow::value::{ErrorKind, StepError};

use super::differential::Random;
use super::{MIDNIGHT, WriteSamples, at, embedded, export, sample};
use crate::support::sandbox::Sandbox;

async fn open(file: &Path) -> Result<EmbeddedMetrics, StepError> {
    EmbeddedMetrics::open(&EmbeddedOptions { path: file.to_owned(), seed: None }).await
}

async fn raw(file: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(file).create_if_missing(true).connect().await.unwrap()
}

/// What the first versions made, a row for each sample.
const FIRST_LAYOUT: &str = "
create table series (id integer primary key, name text not null, labels text not null, unique (name, labels));
create table label (
  name text not null, value text not null, series_id integer not null references series (id),
  primary key (name, value, series_id)) without rowid;
create table samples (
  series_id integer not null references series (id), at_ms integer not null, value real not null,
  primary key (series_id, at_ms)) without rowid;
create table property (name text primary key, value text not null) without rowid;
insert into property values ('seed', 'abc');
insert into series values (1, 'a', '{\"x\":\"1\"}'), (2, 'b', '{}');
insert into label values ('x', '1', 1);
insert into samples select 1, n.value * 1000, n.value / 4.0 from generate as n;
insert into samples values (2, 5, 0.1);
";

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn a_store_may_be_made_by_several_at_once() {
    let directory = tempfile::tempdir().unwrap();
    for round in 0..15 {
        let file = directory.path().join(format!("{round}.db"));
        let opened: Vec<_> = (0..8)
            .map(|n| {
                let file = file.clone();
                tokio::spawn(async move {
                    open(&file).await?.put(&[sample("a", &[("n", &n.to_string())], 1.0, MIDNIGHT)]).await
                })
            })
            .collect();
        for opened in opened {
            assert_eq!(opened.await.unwrap().unwrap().written, 1);
        }
    }
}

#[tokio::test]
async fn a_store_of_an_earlier_version_is_taken_over() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("store.db");
    let mut old = raw(&file).await;
    let numbers = "create temp view generate as with recursive n(value) as
                   (select 1 union all select value + 1 from n where value < 100000) select value from n;";
    sqlx::raw_sql(AssertSqlSafe(format!("{numbers}{FIRST_LAYOUT}"))).execute(&mut old).await.unwrap();
    old.close().await.unwrap();
    let expected: Vec<(i64, f64)> = (1..=100_000).map(|n| (n * 1000, n as f64 / 4.0)).collect();
    for _ in 0..2 {
        let store = open(&file).await.unwrap();
        let all = export(&store, "{__name__!=\"\"}", 0, i64::MAX).await.unwrap();
        assert_eq!(all.len(), 2);
        assert_eq!(all[0], ("a{x=\"1\"}".to_owned(), expected.clone()));
        assert_eq!(all[1], ("b{}".to_owned(), vec![(5, 0.1)]));
    }
    let store = open(&file).await.unwrap();
    let again = store.put(&[sample("a", &[("x", "1")], 0.25, 1000), sample("b", &[], 0.2, 5)]).await.unwrap();
    assert_eq!((again.written, again.unchanged), (1, 1));
    let mut new = raw(&file).await;
    let left: Option<i64> = sqlx::query_scalar("select 1 from sqlite_schema where name = 'samples'")
        .fetch_optional(&mut new)
        .await
        .unwrap();
    assert_eq!(left, None);
}

#[tokio::test]
async fn a_store_of_a_later_version_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("store.db");
    open(&file).await.unwrap().put(&[sample("a", &[], 1.0, 1)]).await.unwrap();
    let mut later = raw(&file).await;
    for layout in ["3", "new"] {
        let set = sqlx::query("update property set value = ? where name = 'layout'").bind(layout);
        set.execute(&mut later).await.unwrap();
        let error = open(&file).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Configuration);
        assert!(error.message.contains("was written by a later vmflow"), "{}", error.message);
        assert!(error.help.is_some());
    }
}

#[tokio::test]
async fn a_damaged_file_is_an_error_and_never_no_data() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("store.db");
    let store = open(&file).await.unwrap();
    let points: Vec<_> = (0..2000).map(|n| sample("a", &[], 1.0, MIDNIGHT + n)).collect();
    store.put(&points).await.unwrap();
    let mut other = raw(&file).await;
    sqlx::query("update chunk set numbers = substr(numbers, 9) where first_ms > ?")
        .bind(MIDNIGHT + 1000)
        .execute(&mut other)
        .await
        .unwrap();
    let error = export(&store, "a", 0, MIDNIGHT + 5000).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Data);
    assert!(error.message.contains("is damaged"), "{}", error.message);
    assert_eq!(store.instant("sum_over_time(a[1h])", at(MIDNIGHT + 5000)).await.unwrap_err().kind, ErrorKind::Data);
    assert_eq!(store.put(&[sample("a", &[], 2.0, MIDNIGHT + 1500)]).await.unwrap_err().kind, ErrorKind::Data);
}

/// Points of two series in another order each time: before, between, after, in blocks, one by one.
#[tokio::test]
async fn what_comes_in_any_order_is_there_in_one() {
    let (store, _directory) = embedded().await;
    let mut random = Random(7);
    let mut model = [BTreeMap::<i64, f64>::new(), BTreeMap::new()];
    for round in 0..150 {
        let (begin, step) = (MIDNIGHT + random.below(40_000), 1 + random.below(9));
        let count = [1, 2, 30, 700, 1500][round % 5];
        let mut batch = Vec::new();
        let mut expected = 0;
        for n in 0..count {
            let (series, instant, value) =
                (usize::try_from(n % 2).unwrap(), begin + n / 2 * step, random.below(5) as f64);
            batch.push(sample("m", &[("s", &series.to_string())], value, instant));
            expected += u64::from(model[series].insert(instant, value) != Some(value));
        }
        let written = store.put(&batch).await.unwrap();
        assert_eq!((written.written, written.unchanged), (expected, count.cast_unsigned() - expected), "round {round}");
    }
    for (from, to) in [(0, 100_000), (5, 6), (20_000, 20_511), (17, 39_000), (60_000, 70_000)] {
        let (from, to) = (MIDNIGHT + from, MIDNIGHT + to);
        let found = export(&store, "m", from, to).await.unwrap();
        let inside = |points: &BTreeMap<i64, f64>| points.range(from..to).map(|(at, v)| (*at, *v)).collect::<Vec<_>>();
        let expected: Vec<_> = model.iter().map(inside).filter(|points| !points.is_empty()).collect();
        assert_eq!(found.into_iter().map(|(_, points)| points).collect::<Vec<_>>(), expected, "{from}..{to}");
        for (fold, edge) in [("tfirst", 0), ("tlast", 1)] {
            let query = format!("{fold}_over_time(m[{}ms])", to - from);
            let found = store.instant(&query, at(to - 1)).await.unwrap();
            let edge = |points: &Vec<(i64, f64)>| points[edge * (points.len() - 1)].0 as f64 / 1e3;
            let found: Vec<f64> = found.iter().map(|sample| sample.value).collect();
            assert_eq!(found, expected.iter().map(edge).collect::<Vec<_>>(), "{query}");
        }
    }
}

/// Writes ten series in each step: an instant that the step before wrote, and the next.
const WRITER: &str = "## Writes a batch for each second.
workflow writer {
  use vm: metrics
  param first: int = 1

  written = for each n in range(first, first + 2000) {
    do vm.write([
      sample(\"m\", labels: { i: f\"{i}\" }, value: 0.5 * at, at: from_unix(1736467200 + at))
      for at in [n - 1, n]
      for i in range(10)
    ])
  }
}
";

/// Runs the writer from a step on and kills it once so many more are acknowledged, or a moment after; gives the
/// last step that was.
fn write_and_kill(sandbox: &Sandbox, first: i64, steps: i64, moment: u64) -> i64 {
    let first = format!("first={first}");
    let mut command = sandbox.command(&["run", "writer.flow", "--format", "jsonl", "-p", &first]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let (mut last, mut seen) = (0, 0);
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let event: Json = serde_json::from_str(&line.unwrap()).unwrap();
        if event["path"] != json!(["written", "do vm.write"]) || event["event"] != "step_finished" {
            continue;
        }
        assert_eq!(event["status"], "success", "{event}");
        last = event["item"].as_str().unwrap().parse().unwrap();
        seen += 1;
        if seen == steps {
            std::thread::sleep(std::time::Duration::from_micros(moment));
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(seen >= steps, "it was killed while it wrote");
    last
}

/// How often; `scripts/kill-embedded` does it longer.
fn rounds() -> i64 {
    std::env::var("VMFLOW_TEST_KILLS").map_or(15, |rounds| rounds.parse().unwrap())
}

#[tokio::test]
async fn kill_9_loses_nothing_acknowledged_and_doubles_nothing() {
    let sandbox = Sandbox::new();
    sandbox.write("vmflow.yaml", "default_environment: local\nenvironments:\n  local:\n    connections:\n      vm: { kind: embedded, path: store }\n");
    sandbox.write("writer.flow", WRITER);
    let mut random = Random(11);
    let mut last = 0;
    for round in 0..rounds() {
        last = write_and_kill(&sandbox, last + 1, 1 + random.below(12), random.next() % 6000);
        let store = open(&sandbox.path().join("store")).await.unwrap();
        let found = export(&store, "m", 0, i64::MAX).await.unwrap();
        // What was not acknowledged may be there too, but then wholly.
        let steps = i64::try_from(found[0].1.len()).unwrap() - 1;
        assert!((last..=last + 3).contains(&steps), "round {round}: {last} acknowledged, {steps} there");
        let expected: Vec<_> = (0..=steps).map(|n| (MIDNIGHT + n * 1000, 0.5 * n as f64)).collect();
        assert_eq!(found.len(), 10);
        for (id, points) in found {
            assert_eq!(points, expected, "round {round}: {id}");
        }
        let counts = store.instant("count_over_time(m[400d])", at(MIDNIGHT + steps * 1000)).await.unwrap();
        assert!(counts.iter().all(|count| (count.value - (steps + 1) as f64).abs() < 0.5), "round {round}: {counts:?}");
    }
}
