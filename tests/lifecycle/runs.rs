//! Runs of the program, told to sinks that are there, that are away and that hang.

use serde_json::{Value as Json, json};

use crate::support::faulty::{Faulty, answer};
use crate::support::sandbox::Sandbox;

const FLOW: &str = r#"workflow counted {
  param most: int = 3
  numbers = [n for n in [1, 2, 3, 4] if n <= most]
  doubled = for each n in numbers {
    yield n * 2
  }
  require sum(doubled) < 15 else "too many"
  output total = sum(doubled)
}
"#;

fn project(sinks: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let config =
        format!("default_environment: local\nenvironments:\n  local:\n    connections: {{}}\n    lifecycle:\n{sinks}");
    sandbox.write("vmflow.yaml", &config);
    sandbox.write("counted.flow", FLOW);
    sandbox
}

/// The events in a file, and what is wanted of each.
fn events(sandbox: &Sandbox) -> Vec<Json> {
    let text = std::fs::read_to_string(sandbox.path().join("events.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn sinks(sandbox: &Sandbox, arguments: &[&str], code: u8) -> Vec<Json> {
    let ran = sandbox.run(&[&["sinks", "--format", "json"], arguments].concat());
    assert_eq!(ran.code, i32::from(code), "{}", ran.stderr);
    let document: Json = serde_json::from_str(&ran.stdout).unwrap();
    document["sinks"].as_array().unwrap().clone()
}

#[test]
fn a_run_is_told_from_its_start_to_its_end_and_so_is_one_that_fails() {
    let sandbox = project("      - { kind: file, path: events.jsonl }\n");
    assert_eq!(sandbox.run(&["run", "counted.flow"]).code, 0);
    assert_eq!(sandbox.run(&["run", "counted.flow", "-p", "most=4"]).code, 1);
    let events = events(&sandbox);
    let names: Vec<&str> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    let steps = names.iter().filter(|name| **name == "step.ended").count();
    assert_eq!((names.iter().filter(|name| **name == "run.started").count(), steps > 3), (2, true), "{names:?}");
    let ends: Vec<&Json> = events.iter().filter(|event| event["event"] == "run.ended").collect();
    assert_eq!((&ends[0]["status"], &ends[0]["counters"]), (&json!("success"), &json!({ "total": 12 })));
    assert_eq!((&ends[1]["status"], &ends[1]["error"]["message"]), (&json!("failed"), &json!("too many")));
    assert_eq!(events[0]["params"], json!({ "most": 3 }));
    let mut ids: Vec<&str> = events.iter().map(|event| event["id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), events.len(), "each event has an id of its own");
    let standing = sinks(&sandbox, &[], 0);
    assert_eq!((&standing[0]["waiting"], &standing[0]["dropped"]), (&json!(0), &json!(0)));
}

#[test]
fn a_run_that_is_taken_up_belongs_to_the_trace_of_whoever_took_it_up() {
    let mut sandbox = project("      - { kind: file, path: events.jsonl }\n");
    sandbox.set("TRACEPARENT", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    assert_eq!(sandbox.run(&["run", "counted.flow", "-p", "most=4"]).code, 1);
    let begun = events(&sandbox).len();
    let trace = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01";
    sandbox.set("TRACEPARENT", trace);
    assert_eq!(sandbox.run(&["resume", "last"]).code, 1);
    let later = events(&sandbox).split_off(begun);
    assert!(!later.is_empty() && later.iter().all(|event| event["run"]["traceparent"] == trace), "{later:#?}");
}

#[tokio::test]
async fn a_sink_that_is_away_or_hangs_changes_nothing_and_is_told_later() {
    let hanging = Faulty::start(|_| Vec::new()).await;
    let hook = |url: &str| {
        format!(
            "      - {{ kind: file, path: events.jsonl }}\n      - {{ kind: webhook, url: \"{url}\", secret: \"${{HOOK:-s3cret}}\" }}\n"
        )
    };
    let sandbox = project(&hook(&hanging.url()));
    let ran =
        tokio::task::spawn_blocking(move || (sandbox.run(&["run", "counted.flow", "--format", "json"]), sandbox)).await;
    let (ran, sandbox) = ran.unwrap();
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("the sink `webhook` is told later: it did not answer in time"), "{}", ran.stderr);
    assert!(ran.stdout.contains("\"total\": 12"), "{}", ran.stdout);
    assert_eq!(events(&sandbox).last().unwrap()["event"], "run.ended");
    let standing = sinks(&sandbox, &[], 0);
    let count = |name: &str| standing.iter().find(|sink| sink["name"] == name).unwrap()["waiting"].as_u64().unwrap();
    assert_eq!(count("file"), 0);
    assert!(count("webhook") > 1, "{standing:?}");
    // Another run, while nobody is there.
    let written = sandbox.path().join("vmflow.yaml");
    let text = std::fs::read_to_string(&written).unwrap();
    std::fs::write(&written, text.replace(&hanging.url(), "http://127.0.0.1:9")).unwrap();
    let (ran, sandbox) =
        tokio::task::spawn_blocking(move || (sandbox.run(&["run", "counted.flow"]), sandbox)).await.unwrap();
    assert!(ran.code == 0 && ran.stderr.contains("cannot be reached"), "{}", ran.stderr);
    // And somebody is there again.
    let there = Faulty::start(|_| answer("200 OK", "", "")).await;
    let text = std::fs::read_to_string(&written).unwrap();
    std::fs::write(&written, text.replace("http://127.0.0.1:9", &there.url())).unwrap();
    let (standing, sandbox) =
        tokio::task::spawn_blocking(move || (sinks(&sandbox, &["--tell"], 0), sandbox)).await.unwrap();
    assert!(standing.iter().all(|sink| sink["waiting"] == 0 && sink["failing_since"].is_null()), "{standing:?}");
    let told: Vec<Json> = there.asked().iter().map(|asked| serde_json::from_slice(&asked.body).unwrap()).collect();
    let names: Vec<&str> = told.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(names, ["run.started", "run.ended", "run.started", "run.ended"], "in order, none missing");
    drop(sandbox);
}

#[test]
fn what_is_wrong_with_a_sink_is_said_before_anything_runs() {
    for (sink, words) in [
        ("{ kind: fiel, path: x }", "did you mean `file`?"),
        ("{ kind: file, paht: x }", "did you mean `path`?"),
        (
            "{ kind: influx, url: \"http://localhost\", database: d, token: \"${T:-x}\" }",
            "`token` is given beside `database`",
        ),
        ("{ kind: webhook, url: \"ftp://x\" }", "begins with"),
        ("{ kind: bigquery, project: p, dataset: d, account: nowhere.json }", "nowhere.json"),
    ] {
        let sandbox = project(&format!("      - {sink}\n"));
        let ran = sandbox.run(&["run", "counted.flow"]);
        assert_eq!(ran.code, 4, "{sink}: {}", ran.stderr);
        assert!(ran.stderr.contains(words), "{sink}: {}", ran.stderr);
        assert!(!sandbox.path().join("events.jsonl").exists());
    }
}
