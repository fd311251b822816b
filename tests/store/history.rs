//! Looking back.

use serde_json::{Value as Json, json};

use super::Project;
use crate::support::place::AT;
use crate::support::sandbox::Sandbox;

#[test]
fn runs_are_listed_shown_and_told_of() {
    let project = Project::new();
    assert!(project.runs().is_empty());
    project.run(&["run", "safe.flow", "--at", AT, "-p", "most=5"]).expect(0);
    project.sandbox.write("bad.flow", "workflow bad {\n  rows = [1]\n  output x = rows[7]\n}\n");
    project.run(&["run", "bad.flow"]).expect(1);
    let runs = project.runs();
    let words: Vec<(&str, &str)> =
        runs.iter().map(|run| (run["workflow"].as_str().unwrap(), run["status"].as_str().unwrap())).collect();
    assert_eq!(words, [("bad", "failed"), ("safe", "success")]);

    let id = runs[1]["run_id"].as_str().unwrap();
    let shown = project.run(&["runs", "show", &id[..13], "--format", "json"]).expect(0);
    assert_eq!((&shown["run_id"], &shown["params"]), (&json!(id), &json!({ "most": 5 })));
    assert_eq!(shown["now"], "2026-10-30T18:00:00Z");
    assert_eq!(shown["result"]["outputs"], json!({ "total": 30, "noted": 5 }));
    let recorded = shown["recorded"].as_array().unwrap();
    let count = |kind: &str| recorded.iter().filter(|step| step["kind"] == kind).count();
    assert_eq!((count("read"), count("write"), count("item")), (6, 6, 5));
    assert!(recorded.iter().all(|step| step["state"] == "done"));

    let human = project.run(&["runs", "show", id]).stdout;
    assert!(human.contains("safe in `local` at 2026-10-30T18:00:00Z") && human.contains("✓ copied"), "{human}");
    let list = project.run(&["runs"]).stdout;
    assert!(list.starts_with("RUN ") && list.contains("safe (local)") && list.contains(&id[..13]), "{list}");

    let all = project.run(&["logs", id]).stdout;
    assert!(all.contains("safe: run ") && all.contains("run ended success"), "{all}");
    let some = project.run(&["logs", id, "copied"]).stdout;
    assert!(some.contains("copied.found[n: 3]: success") && !some.contains("noted"), "{some}");
    let events = project.run(&["logs", id, "noted", "--format", "json"]).stdout;
    let last: Json = serde_json::from_str(events.lines().last().unwrap()).unwrap();
    assert_eq!((&last["event"], &last["status"]), (&json!("step_finished"), &json!("success")));
    let wrong = project.run(&["logs", id, "copid"]);
    assert_eq!(wrong.code, 2, "{}", wrong.stderr);
}

#[test]
fn runs_are_selected_and_named_by_their_beginning() {
    let project = Project::new();
    for most in ["1", "2", "3"] {
        project.run(&["run", "safe.flow", "-p", &format!("most={most}")]).expect(0);
    }
    let runs = |arguments: &[&str]| {
        let list = project.run(&[&["runs", "--format", "json"], arguments].concat()).expect(0);
        list["runs"].as_array().unwrap().len()
    };
    assert_eq!((runs(&[]), runs(&["--limit", "2"]), runs(&["--last", "1h"])), (3, 2, 3));
    assert_eq!((runs(&["--status", "failed,crashed"]), runs(&["--job", "safe"]), runs(&["--job", "x"])), (0, 3, 0));
    let refused = |arguments: &[&str], words: &str| {
        let ran = project.run(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{arguments:?}");
        assert!(ran.stderr.contains(words), "{arguments:?}: {}", ran.stderr);
    };
    refused(&["runs", "show", "0"], "begins the ids of several runs");
    refused(&["runs", "show", "ffff"], "there is no run `ffff`");
    refused(&["runs", "show", "latest"], "`latest` is no id of a run");
    refused(&["runs", "--last", "7"], "`7` is no length of time");
    refused(&["resume", "last"], "this run ended well");

    let removed = project.run(&["runs", "prune", "--older-than", "1s", "--dry-run"]);
    assert_eq!(removed.code, 0, "{}", removed.stderr);
    assert_eq!(runs(&[]), 3);
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let removed = project.run(&["runs", "prune", "--older-than", "1s", "--format", "json"]).expect(0);
    assert_eq!((&removed["runs"], runs(&[])), (&json!(2), 1), "the newest stays");
}

#[test]
fn a_job_is_listed_with_its_last_run() {
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.run(&["jobs", "--format", "json"]).expect(0)["jobs"][1]["last_run"], Json::Null);
    let id = sandbox.run(&["run", "apex_extractor", "--at", AT]).expect(0)["run_id"].clone();
    let jobs = sandbox.run(&["jobs", "--format", "json"]).expect(0);
    assert_eq!((&jobs["jobs"][1]["last_run"]["run_id"], &jobs["jobs"][0]["last_run"]), (&id, &Json::Null));
    assert!(sandbox.run(&["jobs"]).stdout.contains("last run "));
}

#[test]
fn a_plan_and_a_refused_parameter_leave_no_run() {
    let project = Project::new();
    project.run(&["plan", "safe.flow", "--format", "json"]).expect(0);
    assert_eq!(project.run(&["run", "safe.flow", "-p", "most=x"]).code, 2);
    assert!(project.runs().is_empty());
}
