//! Reading from Prometheus.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use vmflow::connection::clock::SystemClock;
use vmflow::connection::metrics::Steps;
use vmflow::connection::metrics::prometheus::{Prometheus, PrometheusOptions};
use vmflow::connection::{Clock, Metrics, Written};
use vmflow::value::ErrorKind;

use super::{HOUR, MIDNIGHT, WriteSamples, at, export, sample};
use crate::support::prometheus::Prometheus as Server;
use crate::support::victoria;

/// Three points of `nav{job="a"}`, an hour apart from midnight on, and one of `nav{job="b"}`.
pub(super) fn fill(directory: &Path) {
    let text = "# TYPE nav gauge\n\
        nav{job=\"a\"} 1.5 1736467200\nnav{job=\"a\"} 2 1736470800\nnav{job=\"a\"} -3 1736474400\n\
        nav{job=\"b\"} 1e300 1736470800\n# EOF\n";
    fill_with(directory, text);
}

/// Points as `promtool` reads them.
pub(super) fn fill_with(directory: &Path, text: &str) {
    std::fs::write(directory.join("points.txt"), text).unwrap();
    let made = Command::new("promtool")
        .args(["tsdb", "create-blocks-from", "openmetrics", "points.txt", "data"])
        .current_dir(directory)
        .stdout(Stdio::null())
        .status()
        .expect("promtool is installed: see scripts/install-servers");
    assert!(made.success());
}

fn client(url: &str) -> Prometheus {
    let url = format!("{url}/api/v1/query");
    let options = PrometheusOptions { url, server: victoria::asked() };
    Prometheus::new(&options, Arc::new(SystemClock)).unwrap()
}

#[tokio::test]
async fn values_and_points_are_read() {
    let server = Server::start(fill).await;
    let store = client(server.url());
    let noon = at(MIDNIGHT + 2 * HOUR);
    let ask = async |query: &str| store.instant(query, noon).await;
    let sums = ask("sum by (job) (last_over_time(nav[1d]))").await.unwrap();
    let shown: Vec<_> = sums.iter().map(|s| (s.labels.get("job").unwrap().to_string(), s.value, s.at_ms)).collect();
    assert_eq!(shown, [("a".to_owned(), -3.0, MIDNIGHT + 2 * HOUR), ("b".to_owned(), 1e300, MIDNIGHT + 2 * HOUR)]);
    let highest = ask("sort_desc(max_over_time(nav[1d]))").await.unwrap();
    assert_eq!(highest.iter().map(|s| s.value).collect::<Vec<_>>(), [1e300, 2.0]);
    assert_eq!(ask("1 + 1").await.unwrap().iter().map(|s| s.value).collect::<Vec<_>>(), [2.0]);
    assert_eq!(ask("nav{job=\"none\"}").await.unwrap(), []);

    // The start belongs to an export, the end does not.
    let points = |values: &[(i64, f64)]| values.iter().map(|(h, v)| (MIDNIGHT + h * HOUR, *v)).collect::<Vec<_>>();
    let all = export(&store, "nav{job=\"a\"} # the first", MIDNIGHT, MIDNIGHT + 2 * HOUR).await.unwrap();
    assert_eq!(all, [("nav{job=\"a\"}".to_owned(), points(&[(0, 1.5), (1, 2.0)]))]);
    let later = export(&store, "nav", MIDNIGHT + 1, MIDNIGHT + 2 * HOUR + 1).await.unwrap();
    assert_eq!(later.iter().map(|(_, points)| points.len()).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(export(&store, "nav", MIDNIGHT, MIDNIGHT).await.unwrap(), []);
}

#[tokio::test]
async fn what_cannot_be_had_is_said() {
    let server = Server::start(|_| ()).await;
    let store = client(server.url());
    let ask = async |query: &str| store.instant(query, at(MIDNIGHT)).await.unwrap_err();
    assert!(ask("nav[5m]").await.message.contains("a range of points"));
    assert!(ask("\"a\"").await.message.contains("a text"));
    let refused = ask("rate(nav)").await;
    assert!(refused.kind == ErrorKind::Query && refused.message.contains("expected type range vector"), "{refused:?}");
    let written = store.put(&[sample("nav", &[], 1.0, MIDNIGHT)]).await.unwrap_err();
    assert!(written.help.unwrap().contains("--web.enable-remote-write-receiver"));
    let gone = client("http://127.0.0.1:9").instant("1", at(MIDNIGHT)).await.unwrap_err();
    assert_eq!(gone.kind, ErrorKind::Connection);
}

#[tokio::test]
async fn recent_samples_are_written_and_others_refused() {
    let server = Server::start_with(|_| (), &["--web.enable-remote-write-receiver"]).await;
    let store = client(server.url());
    let now = SystemClock.now().timestamp_millis();
    let samples: Vec<_> =
        (0..100).map(|n| sample("nav", &[("Zone", "x"), ("a", "y")], n as f64, now - 100_000 + n * 1000)).collect();
    assert_eq!(store.put(&samples).await.unwrap(), Written { written: 100, unchanged: 0 });
    assert_eq!(store.put(&samples).await.unwrap(), Written { written: 0, unchanged: 100 });
    let old = store.put(&[sample("nav", &[("Zone", "x")], 1.0, now - 6 * HOUR)]).await.unwrap_err();
    assert!(old.kind == ErrorKind::Write && old.help.as_ref().unwrap().contains("about the last hour"), "{old:?}");
    let other = store.put(&[sample("nav", &[("Zone", "x"), ("a", "y")], 5.5, now - 1000)]).await.unwrap_err();
    assert_eq!(other.kind, ErrorKind::Write, "{other:?}");
}

#[tokio::test]
async fn ranges_and_names_are_read() {
    let server = Server::start(fill).await;
    let store = client(server.url());
    let steps = Steps { from_ms: MIDNIGHT, to_ms: MIDNIGHT + 4 * HOUR, step_ms: 1000 };
    let found = store.range("sum(last_over_time(nav[1h]))", steps).await.unwrap();
    assert_eq!((found.len(), found[0].points.at_ms[0]), (1, MIDNIGHT));
    assert!(found[0].points.len() > 10_000, "more than one request: {}", found[0].points.len());
    let (from, to) = (MIDNIGHT, MIDNIGHT + 3 * HOUR);
    let series = store.series("nav", from, to).await.unwrap();
    assert_eq!(series.iter().map(|(name, _)| &**name).collect::<Vec<_>>(), ["nav", "nav"]);
    assert_eq!(store.label_values("job", Some("nav"), from, to).await.unwrap().len(), 2);
    assert_eq!(store.label_values("job", None, from, to).await.unwrap().len(), 2);
    assert!(store.labels(from, to).await.unwrap().iter().any(|name| &**name == "job"));
    let newest = store.newest("nav", &[(from, from + HOUR), (from + HOUR, to)]).await.unwrap();
    assert_eq!(newest, [Some(MIDNIGHT), Some(MIDNIGHT + 2 * HOUR)]);
}
