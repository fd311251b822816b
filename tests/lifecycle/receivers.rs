//! Runs of the program, told to receivers that others wrote.

use serde_json::{Value as Json, json};
use vmflow::lifecycle::{BigQueryOptions, Credentials, EndStatus, SinkKind};

use super::{InMemory, run_id, sink, standing, story, tell};
use crate::support::place::wait;
use crate::support::receivers::{BigQuery, Collector};
use crate::support::sandbox::{Sandbox, root};

const FLOW: &str = r#"workflow counted {
  use db: sql
  param most: int = 3
  numbers = [n for n in [1, 2, 3, 4] if n <= most]
  tenfold = for each n in numbers {
    found = db.query(sql"""select 10 * :n as n""") as table<{ n: int }>
    yield found[0].n
  }
  require sum(tenfold) < 70 else "too many"
  output total = sum(numbers)
}
"#;

fn project(sink: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let config = format!(
        "default_environment: local\nenvironments:\n  local:\n    connections:\n      db: {{ kind: sqlite, path: data.db }}\n    lifecycle: [{sink}]\n"
    );
    sandbox.write("vmflow.yaml", &config);
    sandbox.write("counted.flow", FLOW);
    sandbox
}

/// The statement by which the documentation says that the table is made.
fn table() -> String {
    let page = std::fs::read_to_string(root().join("docs/sinks.md")).unwrap();
    let (_, statement) = page.split_once("```sql\n").unwrap();
    statement.split_once("```").unwrap().0.to_owned()
}

/// The ids of the runs on record, the oldest first.
fn runs(sandbox: &Sandbox) -> Vec<String> {
    let document = sandbox.run(&["runs", "--format", "json"]).expect(0);
    let ids = document["runs"].as_array().unwrap().iter().rev();
    ids.map(|run| run["run_id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn bigquery_has_a_row_for_each_start_and_end_once_the_documented_table_is_there() {
    let server = BigQuery::start();
    let sandbox =
        project(&format!("{{ kind: bigquery, project: p, dataset: events, endpoint: \"{}\" }}", server.url()));
    let ran = sandbox.run(&["run", "counted.flow"]);
    assert!(ran.code == 0 && ran.stderr.contains("the sink `bigquery` is told later"), "{}", ran.stderr);
    server.ask(&table());
    assert_eq!(sandbox.run(&["run", "counted.flow", "-p", "most=4"]).code, 1);
    let standing = sandbox.run(&["sinks", "--format", "json"]).expect(0);
    assert_eq!((&standing["sinks"][0]["waiting"], &standing["sinks"][0]["dropped"]), (&json!(0), &json!(0)));

    let rows = server.ask(
        "SELECT correlation_id, event_type, status, source_system, error_message, JSON_VALUE(payload, '$.counters.total'), \
         JSON_VALUE(payload, '$.params.most') FROM events.event_log ORDER BY created_at, event_type DESC",
    );
    let ids = runs(&sandbox);
    let row = |run: usize, event: &str, status: &str, error: Option<&str>, total: Option<&str>, most: Option<&str>| {
        let texts = [Some(&*ids[run]), Some(event), Some(status), Some("counted"), error, total, most];
        texts.map(|text| text.map(str::to_owned)).to_vec()
    };
    let wanted = [
        row(0, "job.started", "success", None, None, Some("3")),
        row(0, "job.completed", "success", None, Some("6"), None),
        row(1, "job.started", "success", None, None, Some("4")),
        row(1, "job.failed", "failed", Some("too many"), Some("10"), None),
    ];
    assert_eq!(rows, wanted);
}

#[test]
fn bigquery_tells_repetitions_by_the_id_of_the_event() {
    let server = BigQuery::start();
    server.ask(&table());
    let sink = sink(
        "bq",
        SinkKind::BigQuery(BigQueryOptions {
            project: "p".into(),
            dataset: "events".into(),
            table: "event_log".into(),
            endpoint: Some(server.url().to_owned()),
            source_system: None,
            credentials: Credentials::None,
        }),
    );
    let events = [story(&run_id(), EndStatus::Success), story(&run_id(), EndStatus::Cancelled)].concat();
    for _ in 0..2 {
        assert_eq!(wait(tell(&sink, &InMemory::of(&events), 60)), standing("bq", 4, 0));
    }
    let counted = server.ask("SELECT COUNT(DISTINCT event_id), COUNT(DISTINCT correlation_id) FROM events.event_log");
    assert_eq!(counted, [[Some("4".to_owned()), Some("2".to_owned())]]);
}

fn attribute<'a>(span: &'a Json, name: &str) -> &'a Json {
    let all = span["attributes"].as_array().unwrap();
    all.iter().find(|one| one["key"] == name).map_or(&Json::Null, |one| &one["value"])
}

fn nanoseconds(span: &Json, name: &str) -> u64 {
    span[name].as_str().unwrap().parse().unwrap()
}

#[test]
fn a_collector_has_each_run_as_a_tree_of_spans_each_within_the_one_above() {
    let collector = Collector::start();
    let mut sandbox = project(&format!("{{ kind: otlp, url: \"{}\" }}", collector.url()));
    sandbox.set("TRACEPARENT", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    sandbox.run(&["run", "counted.flow"]).expect(0);
    sandbox.run(&["run", "counted.flow", "-p", "most=4"]).expect(1);
    // Of each the run; the two steps, and one for each item, each with its attempt; of the second a `require`, too.
    let spans = collector.spans((1 + 2 * (2 + 3)) + (1 + 2 * (2 + 4 + 1)));
    assert!(spans.iter().all(|span| span["traceId"] == "0af7651916cd43dd8448eb211c80319c"), "{spans:#?}");
    let of = |name: &str| spans.iter().filter(|span| span["name"] == name).collect::<Vec<_>>();
    let runs = of("counted");
    assert_eq!(runs.len(), 2);
    assert!(runs.iter().all(|run| run["parentSpanId"] == "b7ad6b7169203331"), "{runs:#?}");
    assert_eq!(
        (&runs[0]["status"]["code"], attribute(runs[0], "vmflow.counter.total")),
        (&json!(1), &json!({ "intValue": "6" }))
    );
    assert_eq!(runs[1]["status"], json!({ "message": "too many", "code": 2 }));
    assert_eq!(of("tenfold.found").len(), 7);
    assert_eq!(of("require attempt 1").len(), 1);
    let mut ids: Vec<&Json> = spans.iter().map(|span| &span["spanId"]).collect();
    ids.sort_by_key(|id| id.as_str());
    ids.dedup();
    assert_eq!(ids.len(), spans.len(), "each span has an id of its own");
    for span in spans.iter().filter(|span| span["name"] != "counted") {
        let above =
            spans.iter().find(|other| other["spanId"] == span["parentSpanId"]).unwrap_or_else(|| panic!("{span}"));
        assert_eq!(attribute(above, "vmflow.run_id"), attribute(span, "vmflow.run_id"));
        let within = |name| {
            nanoseconds(span, name) >= nanoseconds(above, "startTimeUnixNano")
                && nanoseconds(span, name) <= nanoseconds(above, "endTimeUnixNano")
        };
        assert!(within("startTimeUnixNano") && within("endTimeUnixNano"), "{span:#} is not within {above:#}");
    }
}
