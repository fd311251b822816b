//! `check --live`: a store is asked whether it has what queries name.

use std::net::TcpListener;

use super::prometheus::{fill, fill_with};
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
    "names.flow:7:67: warning[VF506]: `job` of `nav` is never `ab` in `vm`",
    "names.flow:8:57: warning[VF506]: no value of `job` of `nav` in `vm` matches `x|y.*`",
    "names.flow:9:41: warning[VF506]: no series of `vm` has a label `jobs`",
];

/// Each name is there, if not where it is asked for. What stands behind `#` says which stores read the line.
const PLACES: &str = r#"step newest(m: metrics, asked: promql) -> int {
  found = m.instant(asked, at: run.now)
  own = m.instant(promql"""last_over_time(nav{country="ch"}[1d])""", at: run.now)
  yield found.count + own.count
}

step passed_on(m: metrics) -> int {
  n = newest(m, promql"""last_over_time(fx{job=~"a.*"}[1d])""")
  yield n
}

workflow places {
  use vm: metrics
  fine = vm.instant(promql"""last_over_time(nav{job="a", place="x", country=""}[1d])""", at: run.now)
  known = vm.instant(promql"""sum by (pair) (last_over_time(fx{country=~"ch|.*"}[1d]))""", at: run.now)
  label = vm.instant(promql"""last_over_time(nav{contry="ch"}[1d])""", at: run.now)
  other = vm.instant(promql"""last_over_time(fx{place!="q", pair="x"}[1d])""", at: run.now)
  value = vm.instant(promql"""last_over_time(fx{pair="ch"}[1d])""", at: run.now)
  all = vm.instant(promql"""last_over_time(nav{job="a", place="y"}[1d])""", at: run.now)
  grouped = vm.instant(promql"""max by (country) (last_over_time(nav[1d]))""", at: run.now)
  both = vm.instant(promql"""sum by (place, pair) (last_over_time(nav[1d])) or sum by (pair) (last_over_time(fx[1d]))""", at: run.now) # servers
  nested = vm.instant(promql"""max_over_time((1 - sum(last_over_time(nav{pair="eurchf"}[1d])))[1h:5m])""", at: run.now) # servers
  joined = vm.instant(promql"""last_over_time(nav[1d]) * on (country) group_left (pair) last_over_time(fx[1d])""", at: run.now) # servers
  replaced = vm.instant(promql"""sum by (to) (label_replace(last_over_time(nav[1d]), "to", "$1", "pair", "(.*)"))""", at: run.now) # servers
  counted = vm.instant(promql"""sum by (country) (count_values("country", last_over_time(nav[1d])))""", at: run.now) # servers
  sorted = vm.instant(promql"""sort_by_label(last_over_time(nav[1d]), "country")""", at: run.now) # victoria
  named = vm.instant(promql"""WITH (f = {job="a"}, m = last_over_time(nav{pair="x"}[1d])) sum(m) by (country) + count(last_over_time(nav{f}[1d]))""", at: run.now) # victoria
  with_arguments = vm.instant(promql"""WITH (f(q) = sum(q) by (country)) f(last_over_time(nav[1d]))""", at: run.now) # victoria
  called = passed_on(vm)
  each_job = for each x in [1, 2] {
    yield vm.instant(promql"""last_over_time(nav{place="z"}[1d])""", at: run.now).count + x
  }
  by_name = promql"""last_over_time(fx{country="de"}[1d])"""
  named_before = vm.instant(by_name, at: run.now)
  output counts = [fine.count, known.count, label.count, other.count, value.count, all.count, grouped.count, called, each_job.count]
}
"#;

const PLACES_FOUND: [&str; 17] = [
    "3:47: warning[VF506]: no series of `nav` in `vm` has a label `country`",
    "8:44: warning[VF506]: no series of `fx` in `vm` has a label `job`",
    "16:50: warning[VF506]: no series of `vm` has a label `contry`",
    "17:49: warning[VF506]: no series of `fx` in `vm` has a label `place`",
    "17:66: warning[VF506]: `pair` of `fx` is never `x` in `vm`",
    "18:54: warning[VF506]: `pair` of `fx` is never `ch` in `vm`",
    "19:48: warning[VF506]: no series of `vm` has all of these",
    "20:41: warning[VF506]: no series of `nav` in `vm` has a label `country`",
    "21:45: warning[VF506]: no series of `nav` in `vm` has a label `pair` # servers",
    "22:74: warning[VF506]: no series of `nav` in `vm` has a label `pair` # servers",
    "23:62: warning[VF506]: no series of `nav` in `vm` has a label `country` # servers",
    "24:98: warning[VF506]: no series of `nav` in `vm` has a label `pair` # servers",
    "26:71: warning[VF506]: no series of `nav` in `vm` has a label `country` # victoria",
    "27:75: warning[VF506]: no series of `nav` in `vm` has a label `pair` # victoria",
    "27:102: warning[VF506]: no series of `nav` in `vm` has a label `country` # victoria",
    "31:56: warning[VF506]: `place` of `nav` is never `z` in `vm`",
    "33:48: warning[VF506]: `country` of `fx` is never `de` in `vm`",
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

/// The series that [`PLACES`] is about: metric, labels.
const SERIES: [(&str, &[(&str, &str)]); 3] = [
    ("nav", &[("job", "a"), ("place", "x")]),
    ("nav", &[("job", "b"), ("place", "y")]),
    ("fx", &[("country", "ch"), ("pair", "eurchf")]),
];

/// [`PLACES`] with the lines that a store reads.
fn places(reads: &[&str]) -> String {
    let line = |line: &str| match line.rsplit_once(" # ") {
        Some((_, stores)) if !reads.contains(&stores) => "  # left out\n".to_owned(),
        Some((line, _)) => format!("{line}\n"),
        None => format!("{line}\n"),
    };
    PLACES.lines().map(line).collect()
}

#[tokio::test]
async fn names_are_looked_for_in_the_series_of_the_metric() {
    let server = Throwaway::start(&["-retentionPeriod=100y"]).await;
    let samples = SERIES.map(|(name, labels)| sample(name, labels, 1.5, MIDNIGHT));
    victoria::client(&server.url()).put(&samples).await.unwrap();
    let victoria = configured(&format!("{{ kind: victoria_metrics, url: {} }}", server.url()));
    let lines_of = |line: fn(&str, &[(&str, &str)]) -> String| SERIES.map(|(name, labels)| line(name, labels)).concat();
    let open_metrics = lines_of(|name, labels| {
        let labels: Vec<String> = labels.iter().map(|(label, value)| format!("{label}=\"{value}\"")).collect();
        format!("{name}{{{}}} 1.5 1736467200\n", labels.join(","))
    });
    let prometheus_server =
        Prometheus::start(|directory| fill_with(directory, &format!("{open_metrics}# EOF\n"))).await;
    let prometheus = configured(&format!("{{ kind: prometheus, url: {} }}", prometheus_server.url()));
    let embedded = configured("{ kind: embedded, path: metrics, seed: seed.jsonl }");
    let seed = lines_of(|name, labels| {
        let labels: Vec<String> = labels.iter().map(|(label, value)| format!(",\"{label}\":\"{value}\"")).collect();
        format!(
            "{{\"metric\":{{\"__name__\":\"{name}\"{}}},\"values\":[1.5],\"timestamps\":[1736467200000]}}\n",
            labels.concat()
        )
    });
    embedded.write("seed.jsonl", &seed);
    for (store, sandbox, reads) in [
        ("victoria", &victoria, &["servers", "victoria"][..]),
        ("prometheus", &prometheus, &["servers"]),
        ("embedded", &embedded, &[]),
    ] {
        sandbox.write("names.flow", &places(reads));
        let wanted: Vec<String> = PLACES_FOUND
            .iter()
            .filter_map(|line| {
                let (line, stores) = line.split_once(" # ").unwrap_or((line, ""));
                (stores.is_empty() || reads.contains(&stores)).then(|| format!("names.flow:{line}"))
            })
            .collect();
        assert_eq!(lines(sandbox), wanted, "{store}");
    }
    let human = victoria.run(&["check", "names.flow", "--live"]).stdout;
    for help in ["known here: `eurchf`\n", "known here: `job`, `place`\n", "take those that stand together"] {
        assert!(human.contains(help), "{help}\n{human}");
    }
}

#[tokio::test]
async fn of_a_store_that_does_not_answer_nothing_is_said() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let sandbox = configured(&format!("{{ kind: prometheus, url: \"{url}\", timeout: 200ms }}"));
    sandbox.write("names.flow", "workflow w {\n  use vm: metrics\n  found = vm.instant(promql\"\"\"last_over_time(nva[1d])\"\"\", at: run.now)\n  output n = found.count\n}\n");
    assert_eq!(lines(&sandbox), Vec::<String>::new());
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
