//! `--baseline` and `--write-baseline`.

use serde_json::Value as Json;

use crate::support::sandbox::{Ran, Sandbox};

const OLD: &str = "workflow w {\n  x = 1\n  output n = m\n  output o = m\n}\n";

fn project() -> Sandbox {
    let sandbox = Sandbox::new();
    std::fs::remove_file(sandbox.path().join("vmflow.yaml")).unwrap();
    std::fs::remove_dir_all(sandbox.path().join("workflows")).unwrap();
    sandbox.write("a.flow", OLD);
    sandbox.write("b.flow", "workflow w {\n  y = 1\n  output n = 1\n}\n");
    let wrote = sandbox.run(&["check", "--write-baseline", "known.json"]);
    assert_eq!((wrote.code, wrote.stdout.as_str()), (0, ""), "{}", wrote.stderr);
    assert!(wrote.stderr.starts_with("recorded 3 findings in known.json"), "{}", wrote.stderr);
    sandbox
}

fn check(sandbox: &Sandbox, paths: &[&str]) -> Ran {
    sandbox.run(&[&["check", "--baseline", "known.json", "--format", "short"], paths].concat())
}

#[test]
fn what_is_known_is_not_told_wherever_it_moves() {
    let sandbox = project();
    let ran = check(&sandbox, &[]);
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", ""));
    sandbox.write("a.flow", &format!("# moved\n{}", OLD.replace("  output o", "\n    output o")));
    let ran = check(&sandbox, &[]);
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", ""));
}

#[test]
fn what_is_new_is_told_also_when_the_same_is_known() {
    let sandbox = project();
    sandbox.write("a.flow", &OLD.replace("output o = m", "output o = m  output p = m"));
    let ran = check(&sandbox, &[]);
    assert_eq!(ran.code, 1);
    // The line reads otherwise now, so both findings in it are new.
    assert_eq!(ran.stdout.lines().count(), 2, "{}", ran.stdout);
    assert!(ran.stderr.contains("1 entry of the baseline is gone; write it anew"), "{}", ran.stderr);
}

#[test]
fn a_line_twice_is_known_once() {
    let sandbox = project();
    let twice = "workflow w {\n  output n = 1\n}\nworkflow v {\n  x = 1\n  output n = 1\n}\n";
    sandbox.write("a.flow", twice);
    sandbox.run(&["check", "a.flow", "--write-baseline", "known.json"]);
    sandbox.write("a.flow", &twice.replacen("{\n  output", "{\n  x = 1\n  output", 1));
    let ran = check(&sandbox, &["a.flow"]);
    assert_eq!(ran.stdout.lines().count(), 1, "{}", ran.stdout);
}

#[test]
fn what_is_gone_is_told_of_files_that_were_looked_at() {
    let sandbox = project();
    sandbox.write("a.flow", "workflow w {\n  output n = 1\n}\n");
    let ran = check(&sandbox, &[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""));
    assert!(ran.stderr.contains("2 entries of the baseline are gone; write it anew"), "{}", ran.stderr);
    assert_eq!(check(&sandbox, &["b.flow"]).stderr, "");
    std::fs::remove_file(sandbox.path().join("a.flow")).unwrap();
    assert!(check(&sandbox, &["b.flow"]).stderr.contains("2 entries"));
}

#[test]
fn the_file_is_sorted_and_stable() {
    let sandbox = project();
    let first = sandbox.read("known.json");
    sandbox.run(&["check", "b.flow", "a.flow", "--write-baseline", "known.json"]);
    assert_eq!(sandbox.read("known.json"), first);
    let document: Json = serde_json::from_str(&first).unwrap();
    let files: Vec<&str> =
        document["findings"].as_array().unwrap().iter().map(|entry| entry["file"].as_str().unwrap()).collect();
    assert!(files.is_sorted() && files.first() == Some(&"a.flow"), "{first}");
    assert_eq!(document["findings"][0]["text"], "output n = m");
}

#[test]
fn a_secret_is_not_kept() {
    let sandbox = Sandbox::new();
    let text = sandbox.read("vmflow.yaml");
    let local = "kind: sqlite, path: .vmflow/warehouse.db";
    let clear = text.replacen(local, "kind: postgres, url: \"postgres://u:hunter2@h/x\"", 1);
    sandbox.write("vmflow.yaml", &clear);
    let told = sandbox.run(&["check", "--format", "short"]).stdout;
    assert!(told.contains("VF702"), "{told}");
    sandbox.run(&["check", "--write-baseline", "known.json"]);
    let kept = sandbox.read("known.json");
    assert!(kept.contains("VF702") && !kept.contains("hunter2"), "{kept}");
}

#[test]
fn what_is_no_baseline_is_refused() {
    let sandbox = project();
    for (text, why) in [("[]", "it is no baseline"), ("{\"version\":2,\"findings\":[]}", "it is of version 2")] {
        sandbox.write("known.json", text);
        let ran = check(&sandbox, &[]);
        assert!(ran.code == 2 && ran.stderr.contains(why), "{}", ran.stderr);
    }
    std::fs::remove_file(sandbox.path().join("known.json")).unwrap();
    let ran = check(&sandbox, &[]);
    assert!(ran.code == 2 && ran.stderr.contains("there is no such file"), "{}", ran.stderr);
    let ran = sandbox.run(&["check", "--write-baseline", "no/such/place.json"]);
    assert!(ran.code == 4 && ran.stderr.contains("cannot write `no/such/place.json`"), "{}", ran.stderr);
}

#[test]
fn what_was_not_looked_for_is_not_gone() {
    let sandbox = project();
    let ran = check(&sandbox, &["--ignore", "VF103"]);
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", ""));
    sandbox.run(&["check", "--select", "all", "--write-baseline", "known.json"]);
    assert!(sandbox.read("known.json").contains("VF902"));
    let ran = check(&sandbox, &[]);
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", ""));
    // What is found with `--live` only cannot be gone without it.
    let live = sandbox.read("known.json").replace("VF902", "VF506");
    sandbox.write("known.json", &live);
    assert_eq!(check(&sandbox, &[]).stderr, "");
}
