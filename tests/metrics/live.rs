//! `check --live`: a store is asked whether it has what queries name.

use super::prometheus::fill;
use super::{MIDNIGHT, WriteSamples, sample};
use crate::support::prometheus::Prometheus;
use crate::support::sandbox::Sandbox;
use crate::support::victoria::{self, Throwaway};

const SEEDED: &str = r#"{"metric":{"__name__":"nav","job":"a"},"values":[1.5],"timestamps":[1736467200000]}
{"metric":{"__name__":"nav","job":"b"},"values":[2],"timestamps":[1736467200000]}
"#;

const FLOW: &str = r#"workflow names {
  use vm: metrics
  param job: text = "c"
  known = vm.instant(promql"""sum by (job) (last_over_time(nav{job=~"a|x", job!="z", job=$job}[1d]))""", at: run.now)
  metric = vm.instant(promql"""last_over_time(nva[1d])""", at: run.now)
  label = vm.instant(promql"""last_over_time(nav{jbo="a"}[1d])""", at: run.now)
  value = vm.instant(promql"""last_over_time({__name__="nav", job="ab"}[1d])""", at: run.now)
  pattern = vm.instant(promql"""last_over_time(nav{job=~"x|y.*"}[1d])""", at: run.now)
  grouped = vm.instant(promql"""max by (jobs) (last_over_time(nav[1d]))""", at: run.now)
  made = vm.instant(promql"""max by (jobs) (label_replace(last_over_time(nav[1d]), "jobs", "$1", "job", "(.*)"))""", at: run.now)
  own = vm.instant(promql"""last_over_time(own_metric{place="here"}[1d])""", at: run.now)
  written = do vm.write([sample("own_metric", 1.0, at: run.now, labels: { "place": "here" })])
  output counts = [known.count, metric.count, label.count, value.count, pattern.count, grouped.count, made.count, own.count, written]
}
"#;

const FOUND: [&str; 5] = [
    "names.flow:5:47: warning[VF506]: `vm` has no metric `nva`",
    "names.flow:6:50: warning[VF506]: no series of `vm` has a label `jbo`",
    "names.flow:7:67: warning[VF506]: `job` is never `ab` in `vm`",
    "names.flow:8:57: warning[VF506]: no value of `job` in `vm` matches `x|y.*`",
    "names.flow:9:41: warning[VF506]: no series of `vm` has a label `jobs`",
];

fn configured(connection: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write(
        "vmflow.yaml",
        &format!("default_environment: local\nenvironments:\n  local:\n    connections:\n      vm: {connection}\n"),
    );
    sandbox.write("names.flow", FLOW);
    sandbox
}

/// What is found without `--live` is not looked at here: it is the same for all.
fn lines(sandbox: &Sandbox) -> Vec<String> {
    let ran = sandbox.run(&["check", "names.flow", "--live", "--format", "short"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    ran.stdout.lines().filter(|line| line.contains("VF506")).map(str::to_owned).collect()
}

#[tokio::test]
async fn names_that_a_store_does_not_have_are_told() {
    let server = Throwaway::start(&["-retentionPeriod=100y"]).await;
    let samples = [sample("nav", &[("job", "a")], 1.5, MIDNIGHT), sample("nav", &[("job", "b")], 2.0, MIDNIGHT)];
    victoria::client(&server.url()).put(&samples).await.unwrap();
    let victoria = configured(&format!("{{ kind: victoria_metrics, url: {} }}", server.url()));
    let prometheus_server = Prometheus::start(fill).await;
    let prometheus = configured(&format!("{{ kind: prometheus, url: {} }}", prometheus_server.url()));
    // Nothing can be written there, but a name is stated all the same.
    prometheus.write("names.flow", &FLOW.replace("do vm.write([sample", "[sample").replace("})])", "})].count"));
    let embedded = configured("{ kind: embedded, path: metrics, seed: seed.jsonl }");
    embedded.write("seed.jsonl", SEEDED);
    let beyond_its_subset = FLOW.lines().find(|line| line.contains("label_replace")).unwrap();
    embedded.write("names.flow", &FLOW.replace(beyond_its_subset, "  made = [1]"));
    for (store, sandbox) in [("victoria", &victoria), ("prometheus", &prometheus), ("embedded", &embedded)] {
        let found = lines(sandbox);
        assert_eq!(found, FOUND, "{store}");
    }
    let human = victoria.run(&["check", "names.flow", "--live"]).stdout;
    assert!(human.contains("did you mean `nav`?") && human.contains("did you mean `job`?"), "{human}");
    assert!(!embedded.path().join("metrics").exists(), "a check makes no store");
}

#[tokio::test]
async fn of_an_empty_store_nothing_is_said_and_one_that_is_gone_is_an_error() {
    let server = Throwaway::start(&[]).await;
    let url = server.url();
    let sandbox = configured(&format!("{{ kind: victoria_metrics, url: {url} }}"));
    assert_eq!(lines(&sandbox), Vec::<String>::new());
    drop(server);
    let ran = sandbox.run(&["check", "names.flow", "--live"]);
    assert_eq!(ran.code, 4, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("the connection `vm`: ") && ran.stderr.contains("refused"), "{}", ran.stderr);
}
