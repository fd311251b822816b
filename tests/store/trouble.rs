//! A store that cannot be written fails no run.

use crate::support::sandbox::Ran;

use super::{CONFIG, Project};

fn is_told_and_well(ran: &Ran, words: &str) {
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let warnings = ran.stderr.lines().filter(|line| line.starts_with("vmflow: warning: ")).count();
    assert_eq!(warnings, 1, "{}", ran.stderr);
    assert!(ran.stderr.contains(words), "{}", ran.stderr);
}

#[test]
fn a_store_that_cannot_be_made_is_told_of_and_the_run_goes_on() {
    let project = Project::new();
    project.sandbox.write("vmflow.yaml", &format!("runs: {{ path: data.db/runs.db }}\n{CONFIG}"));
    is_told_and_well(&project.run(&["run", "safe.flow"]), "this run is not recorded");
    assert_eq!(project.numbers("select count(*) from copies"), [12]);
    project.sandbox.write("no.db", &"this is no database, whatever its name may say".repeat(100));
    project.sandbox.write("vmflow.yaml", &format!("runs: {{ path: no.db }}\n{CONFIG}"));
    is_told_and_well(&project.run(&["run", "safe.flow"]), "no.db");
    let listed = project.run(&["runs"]);
    assert_eq!(listed.code, 4);
    assert!(listed.stderr.contains("no.db") && !listed.stderr.contains("panicked"), "{}", listed.stderr);
    assert_eq!(project.run(&["jobs"]).code, 0, "the jobs are there all the same");
}

#[test]
fn a_store_that_fills_up_ends_the_record_and_not_the_run() {
    let project = Project::new();
    // The WAL may grow a little beyond what the tables take, and no further. The workflow itself writes no file.
    let reads = "workflow reads {\n  use db: sqlite\n  rows = for each n in range(0, 200) {\n    row = db.query(sql\"\"\"select :n as n, hex(zeroblob(500)) as x\"\"\") as table<{ n: int, x: text }>\n    yield row.n\n  }\n  output n = rows.count\n}\n";
    project.sandbox.write("reads.flow", reads);
    project.run(&["run", "reads.flow"]).expect(0);
    std::fs::remove_dir_all(project.sandbox.path().join(".vmflow")).unwrap();
    let vmflow = env!("CARGO_BIN_EXE_vmflow");
    let limited = format!("trap '' XFSZ; ulimit -f 128; exec {vmflow} run reads.flow --format json");
    let output = std::process::Command::new("bash").args(["-c", &limited]).current_dir(project.sandbox.path()).output();
    let ran = Ran::from(output.unwrap());
    is_told_and_well(&ran, "the record of this run breaks off here");
    assert_eq!(ran.json()["outputs"]["n"], 200);
    let runs = project.runs();
    assert_eq!((runs[0]["status"].as_str(), runs[0]["is_broken_off"].as_bool()), (Some("crashed"), Some(true)));
    let refused = project.run(&["resume", "last"]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("its record broke off"), "{}", refused.stderr);
    project.run(&["run", "reads.flow"]).expect(0);
    assert_eq!(project.runs().len(), 2, "the store is whole");
}

#[test]
fn turned_off_there_is_no_store() {
    let project = Project::new();
    project.sandbox.write("vmflow.yaml", &format!("runs: {{ enabled: false }}\n{CONFIG}"));
    project.run(&["run", "safe.flow"]).expect(0);
    assert!(!project.sandbox.path().join(".vmflow/runs.db").exists());
    let listed = project.run(&["runs"]);
    assert_eq!(listed.code, 2);
    assert!(listed.stderr.contains("`enabled: false`"), "{}", listed.stderr);
    project.sandbox.write("vmflow.yaml", &format!("runs: {{ paht: x }}\n{CONFIG}"));
    assert!(project.run(&["run", "safe.flow"]).stderr.contains("did you mean `path`?"));
}
