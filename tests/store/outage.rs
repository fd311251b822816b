//! A server of runs that goes away while a run goes on.

use std::time::Duration;

use serde_json::json;
use sqlx::postgres::PgConnectOptions;

use super::{Project, fresh_schema};
use crate::support::postgres::url;
use crate::support::sandbox::Ran;
use crate::support::wire::Wire;

/// Waits, then copies; all of it may be made twice.
const SAFE: &str = r#"workflow slow {
  use db: sqlite
  waited = wait(1)
  copied = for each n in range(0, 20) {
    do db.upsert("copies", rows: [{ n: n, v: waited }], key: ["n"])
    yield n
  }
  output n = copied.count
}
step wait(n: int) -> int = external.shell("slow.sh")
"#;

/// Waits, then writes what must not be made twice.
const UNSAFE: &str = r#"workflow slow {
  use db: sqlite
  waited = wait(1)
  noted = do db.insert("log", rows: [{ n: waited }])
  output n = waited
}
step wait(n: int) -> int = external.shell("slow.sh")
"#;

/// A project whose runs are on the server at the other end of a wire, with a lease of so long.
fn project(lease: &str) -> (Project, Wire) {
    let options: PgConnectOptions = url().parse().unwrap();
    let wire = Wire::to(&format!("{}:{}", options.get_host(), options.get_port()));
    let url = url().replace(&format!(":{}/", options.get_port()), &format!(":{}/", wire.port));
    (Project::on(&url, &fresh_schema(), lease), wire)
}

/// Takes the server away: it says nothing more, or the wire breaks.
fn interrupt(wire: &Wire, is_silent: bool) {
    if is_silent { wire.silence() } else { wire.cut() }
}

fn warnings(ran: &Ran) -> Vec<&str> {
    ran.stderr.lines().filter(|line| line.starts_with("vmflow: warning: ")).collect()
}

#[test]
fn a_server_that_is_back_in_time_has_the_whole_record() {
    for is_silent in [false, true] {
        let (project, wire) = project("5s");
        let child = project.start_slow(SAFE);
        interrupt(&wire, is_silent);
        project.sandbox.write("go", "");
        std::thread::sleep(Duration::from_millis(700));
        wire.mend();
        let ran = Ran::from(child.wait_with_output().unwrap());
        assert_eq!(ran.expect(0)["outputs"], json!({ "n": 20 }));
        assert!(warnings(&ran).is_empty(), "{}", ran.stderr);
        let shown = project.shown();
        assert_eq!((&shown["status"], &shown["attempts"]), (&json!("success"), &json!(1)));
        let writes = shown["recorded"].as_array().unwrap().iter().filter(|step| step["kind"] == "write");
        assert_eq!(writes.count(), 20);
    }
}

#[test]
fn a_server_that_stays_away_ends_the_record_and_not_the_run() {
    for is_silent in [false, true] {
        let (project, wire) = project("1s");
        let child = project.start_slow(SAFE);
        interrupt(&wire, is_silent);
        project.sandbox.write("go", "");
        let ran = Ran::from(child.wait_with_output().unwrap());
        assert_eq!(ran.expect(0)["outputs"], json!({ "n": 20 }));
        assert!(ran.stderr.contains("the record of this run breaks off here"), "{}", ran.stderr);
        wire.mend();
        project.let_go();
        assert_eq!(project.runs()[0]["status"], "crashed");
        project.run(&["resume", "last"]).expect(0);
        assert_eq!(project.numbers("select count(*) from copies"), [20]);
    }
}

#[test]
fn what_must_not_be_made_twice_is_not_made_while_nobody_would_know() {
    let (project, wire) = project("1s");
    let child = project.start_slow(UNSAFE);
    wire.cut();
    project.sandbox.write("go", "");
    let ran = Ran::from(child.wait_with_output().unwrap());
    let error = &ran.expect(4)["error"];
    assert_eq!(error["kind"], "connection", "{error:#}");
    assert!(error["message"].as_str().unwrap().contains("the run store is away"), "{error:#}");
    assert!(project.numbers("select n from log").is_empty());
    wire.mend();
    project.let_go();
    project.run(&["resume", "last"]).expect(0);
    assert_eq!(project.numbers("select n from log"), [7], "once");
}

#[test]
fn a_wire_that_is_cut_in_the_middle_of_a_message_doubles_nothing() {
    let expected = {
        let project = Project::on_server();
        project.run(&["run", "safe.flow"]).expect(0);
        recorded(&project)
    };
    let mut cuts = 0;
    for bytes in [300, 2_500, 6_000, 9_000, 12_000, 16_000, 20_000, 26_000] {
        let (project, wire) = project("6s");
        // Its tables are there before.
        assert_eq!(project.run(&["runs"]).code, 0);
        wire.cut_after(bytes);
        let mut run = project.sandbox.command(&["run", "safe.flow", "--format", "json"]);
        let child = run.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
        for _ in 0..40 {
            std::thread::sleep(Duration::from_millis(25));
            if wire.is_cut() {
                cuts += 1;
                std::thread::sleep(Duration::from_millis(100));
                wire.mend();
                break;
            }
        }
        let ran = Ran::from(child.wait_with_output().unwrap());
        // A run that sent less is over; whoever looks at it now is not to be cut off in its place.
        wire.cut_after(0);
        wire.mend();
        assert_eq!(ran.expect(0)["outputs"], json!({ "total": 156, "noted": 12 }), "{bytes}");
        if ran.stderr.contains("this run is not recorded") {
            continue;
        }
        assert_eq!(project.shown()["status"], "success", "{bytes}: {}", ran.stderr);
        assert_eq!(recorded(&project), expected, "after {bytes} bytes");
    }
    assert!(cuts >= 4, "{cuts} cuts");
    println!("wires cut in the middle: {cuts}");
}

/// What is on record of the last run, its times aside: how many steps of each kind, and how many lines it told.
fn recorded(project: &Project) -> (usize, usize) {
    let steps = project.shown()["recorded"].as_array().unwrap().len();
    let log = project.run(&["logs", "last", "--format", "json"]).stdout;
    (steps, log.matches("\"event\"").count())
}
