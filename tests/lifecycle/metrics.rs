//! Runs, told to stores of metrics: a VictoriaMetrics as it is, and the embedded store.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use vmflow::lifecycle::{EndStatus, MetricsSinkOptions, into_metrics};

use super::{InMemory, run_id, standing, story, tell};
use crate::support::influx::Influx;
use crate::support::place::wait;
use crate::support::prometheus::Prometheus;
use crate::support::sandbox::Sandbox;
use crate::support::victoria::{self, Throwaway};

fn project(connection: &str, sink: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    configure(&sandbox, connection, sink);
    sandbox.write(
        "counted.flow",
        "workflow counted {\n  param most: int = 3\n  sum_of = sum([n for n in [1, 2, 3, 4] if n <= most])\n  require sum_of < 7 else \"too many\"\n  output total = sum_of\n}\n",
    );
    sandbox
}

fn configure(sandbox: &Sandbox, connection: &str, sink: &str) {
    let config = format!(
        "default_environment: local\nenvironments:\n  local:\n    connections:\n      vm: {connection}\n      db: {{ kind: sqlite, path: data.db }}\n    lifecycle: [{sink}]\n"
    );
    sandbox.write("vmflow.yaml", &config);
}

/// The series that a selector finds, each with its values in order, by a workflow that reads them.
fn found(sandbox: &Sandbox, selector: &str) -> Vec<Json> {
    sandbox.write(
        "found.flow",
        &format!(
            "workflow found {{\n  use vm: metrics\n  found = vm.export(promql\"\"\"{selector}\"\"\", over: run.now - 24h until run.now + 24h)\n  output found = [{{ name: s.name, labels: s.labels, values: [p.value for p in s.points] }} for s in found]\n}}\n"
        ),
    );
    let result = sandbox.run(&["run", "found.flow", "--format", "json"]).expect(0);
    result["outputs"]["found"].as_array().unwrap().clone()
}

#[test]
fn victoria_metrics_has_each_end_once_under_the_labels_of_the_sink() {
    let stage = victoria::unique("stage");
    let sandbox = project(
        &format!("{{ kind: victoria_metrics, url: \"{}\" }}", victoria::url()),
        &format!("{{ kind: metrics, connection: vm, labels: {{ stage: {stage} }} }}"),
    );
    assert_eq!(sandbox.run(&["run", "counted.flow"]).code, 0);
    assert_eq!(sandbox.run(&["run", "counted.flow", "-p", "most=4"]).code, 1);
    let told = sandbox.run(&["sinks", "--tell", "--format", "json"]).expect(0);
    assert_eq!((&told["sinks"][0]["kind"], &told["sinks"][0]["dropped"]), (&json!("metrics"), &json!(0)));
    let all = found(&sandbox, &format!("{{stage=\"{stage}\"}}"));
    let of = |name: &str| all.iter().filter(|one| one["name"] == name).collect::<Vec<_>>();
    let statuses: Vec<(&Json, &Json)> =
        of("vmflow_job_status").iter().map(|one| (&one["labels"]["status"], &one["values"])).collect();
    assert_eq!(statuses, [(&json!("failed"), &json!([0.0])), (&json!("success"), &json!([1.0]))]);
    // The reading run is told, too, as soon as it is over.
    let output = of("vmflow_job_output");
    assert_eq!((&output[0]["labels"]["output"], &output[0]["values"][0]), (&json!("total"), &json!(6.0)));
    assert_eq!(of("vmflow_job_steps")[0]["labels"], json!({ "env": "local", "job_id": "counted", "stage": stage }));
    assert_eq!(of("vmflow_job_duration_seconds")[0]["values"].as_array().unwrap().len(), 2);
}

/// A project whose sink is this connection, after a run that went well and one that did not, of which all is told.
fn told_to(connection: &str) -> Sandbox {
    let sandbox = project(connection, "{ kind: metrics, connection: vm, labels: { stage: prod } }");
    assert_eq!(sandbox.run(&["run", "counted.flow"]).code, 0);
    assert_eq!(sandbox.run(&["run", "counted.flow", "-p", "most=4"]).code, 1);
    let told = sandbox.run(&["sinks", "--tell", "--format", "json"]).expect(0);
    let sink = &told["sinks"][0];
    assert_eq!((&sink["waiting"], &sink["dropped"]), (&json!(0), &json!(0)), "{told:#}");
    sandbox
}

#[test]
fn prometheus_has_each_end_once() {
    let server = wait(Prometheus::start_with(|_| (), &["--web.enable-remote-write-receiver"]));
    let sandbox = told_to(&format!("{{ kind: prometheus, url: \"{}\" }}", server.url()));
    let all = found(&sandbox, "vmflow_job_status{stage=\"prod\"}");
    let statuses: Vec<(&Json, &Json)> = all.iter().map(|one| (&one["labels"]["status"], &one["values"])).collect();
    assert_eq!(statuses, [(&json!("failed"), &json!([0.0])), (&json!("success"), &json!([1.0]))]);
}

#[test]
fn influxdb_has_each_end_once() {
    let server = wait(Influx::start());
    told_to(&format!("{{ kind: influxdb, url: \"{}\", database: test }}", server.url()));
    let asked = wait(server.ask("SELECT * FROM \"vmflow_job_status\""));
    for (status, value) in [("success", 1), ("failed", 0)] {
        let rows = asked.matches(&format!("\"local\",\"counted\",\"prod\",\"{status}\",{value}]")).count();
        assert_eq!(rows, 1, "{status}: {asked}");
    }
}

#[tokio::test]
async fn an_event_that_is_told_again_gives_no_second_sample() {
    // A server that keeps what is sent twice twice.
    let server = Throwaway::start(&[]).await;
    let store = std::sync::Arc::new(victoria::client(&server.url()));
    let options = MetricsSinkOptions { prefix: "vmflow".into(), labels: BTreeMap::new() };
    let sink = into_metrics("metrics".into(), store.clone(), options).unwrap();
    let mut events = [story(&run_id(), EndStatus::Success), story(&run_id(), EndStatus::Partial)].concat();
    for (told, ms) in events.iter_mut().zip(0..) {
        told.at = chrono::Utc::now() + chrono::TimeDelta::milliseconds(ms);
    }
    for _ in 0..2 {
        assert_eq!(tell(&sink, &InMemory::of(&events), 3000).await, standing("metrics", 2, 0));
    }
    let now = chrono::Utc::now().timestamp_millis();
    let found = crate::metrics::export(&*store, "{job_id!=\"\"}", now - 60_000, now + 60_000).await.unwrap();
    let counts: Vec<usize> = found.iter().map(|(_, points)| points.len()).collect();
    assert_eq!(counts, [2, 2, 1, 1, 2], "{found:?}");
}

#[test]
fn the_embedded_store_is_told_beside_a_workflow_that_writes_into_it() {
    let sandbox = project("{ kind: embedded, path: metrics }", "{ kind: metrics, connection: vm, prefix: nightly }");
    sandbox.write(
        "written.flow",
        "workflow written {\n  use vm: metrics\n  do vm.write([sample(\"a\", labels: {}, value: 1.0, at: run.now)])\n  output rows = 1\n}\n",
    );
    assert_eq!(sandbox.run(&["run", "written.flow"]).code, 0);
    let all = found(&sandbox, "{job_id=\"written\"}");
    let names: Vec<&Json> = all.iter().map(|one| &one["name"]).collect();
    assert_eq!(
        names,
        ["nightly_job_duration_seconds", "nightly_job_output", "nightly_job_status", "nightly_job_steps"]
    );
}

#[test]
fn a_store_that_is_away_is_told_when_it_is_back() {
    let sink = "{ kind: metrics, connection: vm }";
    let sandbox = project("{ kind: victoria_metrics, url: \"http://127.0.0.1:9\" }", sink);
    let ran = sandbox.run(&["run", "counted.flow"]);
    assert!(ran.code == 0 && ran.stderr.contains("the sink `metrics` is told later"), "{}", ran.stderr);
    let server = wait(Throwaway::start(&[]));
    configure(&sandbox, &format!("{{ kind: victoria_metrics, url: \"{}\" }}", server.url()), sink);
    sandbox.run(&["sinks", "--tell", "--format", "json"]).expect(0);
    assert_eq!(found(&sandbox, "vmflow_job_status")[0]["values"], json!([1.0]));
}

#[test]
fn what_is_wrong_with_it_is_said_before_anything_runs() {
    for (sink, words) in [
        ("{ kind: metrics }", "wants `connection`"),
        ("{ kind: metrics, connection: wm }", "did you mean `vm`?"),
        ("{ kind: metrics, connection: db }", "the connection `db` is no store of metrics"),
        ("{ kind: metrics, connection: vm, labels: { job_id: x } }", "its samples have a label `job_id` already"),
        ("{ kind: metrics, connection: vm, labels: { a-b: x } }", "`a-b` is no name of a label"),
        ("{ kind: metrics, connection: vm, prefix: a.b }", "no metric's name begins with `a.b`"),
    ] {
        let ran = project("{ kind: embedded, path: metrics }", sink).run(&["run", "counted.flow"]);
        assert_eq!(ran.code, 4, "{sink}: {}", ran.stderr);
        assert!(ran.stderr.contains(words), "{sink}: {}", ran.stderr);
    }
}
