//! Taking runs up again.

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use super::{CONFIG, Project};

/// The steps of a result that came from the record.
fn recorded(result: &Json) -> Vec<&str> {
    let steps = result["steps"].as_array().unwrap().iter();
    steps.filter(|step| step["recorded"] == true).map(|step| step["name"].as_str().unwrap()).collect()
}

#[test]
fn a_failed_run_goes_on_with_its_own_program_parameters_and_instant() {
    let project = Project::new();
    let flow = r#"import "lib.flow" as lib
workflow w {
  use db: sqlite
  param most: int = 4
  numbers = db.query(sql"""select n from source where n <= :most order by n""") as table<{ n: int }>
  logged = do db.insert("log", rows: [{ n: lib.twice(numbers.count) }])
  later = db.query(sql"""select v from missing""") as table<{ v: int }> with { after: [logged] }
  output n = later.count
  output now = run.now
  output id = run.id
}
"#;
    project.sandbox.write("w.flow", flow);
    project.sandbox.write("lib.flow", "fn twice(n: int) -> int = 2 * n\n");
    let failed = project.run(&["run", "w.flow", "--at", "2026-10-30T18:00Z", "-p", "most=3"]).expect(1);
    project.sandbox.write("w.flow", "workflow w { output other = 1 }\n");
    std::fs::remove_file(project.sandbox.path().join("lib.flow")).unwrap();
    project.execute("delete from source; create table missing (v integer); insert into missing values (1), (2)");
    let result = project.run(&["resume", "last"]).expect(0);
    assert_eq!(result["run_id"], failed["run_id"]);
    assert_eq!(result["outputs"], json!({ "n": 2, "now": "2026-10-30T18:00:00Z", "id": failed["run_id"] }));
    assert_eq!(recorded(&result), ["numbers", "logged"]);
    assert_eq!(project.numbers("select n from log"), [6], "the insert was made once");
    let runs = project.runs();
    assert_eq!((runs.len(), &runs[0]["status"], &runs[0]["attempts"]), (1, &json!("success"), &json!(2)));
    let log = project.run(&["logs", "last"]).stdout;
    assert!(
        log.contains("-- taken up again, the 2. time that it runs --") && log.contains("numbers: on record"),
        "{log}"
    );
}

#[test]
fn failed_items_are_done_again_and_others_are_not() {
    let project = Project::new();
    let flow = r#"workflow items {
  use db: sqlite
  numbers = db.query(sql"""select n, v from source where n <= 4 order by n""") as table<{ n: int, v: int }>
  logged = for each row in numbers {
    now = db.query(sql"""select v from source where n = :row.n and v < 1000""") as table<{ v: int }>
    require now.count > 0 else "too large"
    do db.insert("log", rows: [{ n: row.n }])
    yield row.n
  } on failure continue
  output done = logged.ok.count
}
"#;
    project.sandbox.write("items.flow", flow);
    project.execute("update source set v = 5000 where n = 3");
    assert_eq!(project.run(&["run", "items.flow"]).expect(3)["outputs"]["done"], 3);
    let refused = project.run(&["resume", "last"]);
    assert!(refused.code == 2 && refused.stderr.contains("--failed-items"), "{}", refused.stderr);
    project.execute("update source set v = 30 where n = 3");
    // What item 3 read is on record, and it still says what it said: to look again is to begin with that step.
    assert_eq!(project.run(&["retry", "last", "--failed-items"]).code, 3);
    let refused = project.run(&["retry", "last", "--from", "logged"]);
    assert!(
        refused.code == 2 && refused.stderr.contains("`--yes` makes it again (3 such writes)"),
        "{}",
        refused.stderr
    );
    assert_eq!(project.numbers("select n from log order by n"), [1, 2, 4]);
    let wrong = project.run(&["retry", "last", "--from", "loged"]);
    assert!(wrong.stderr.contains("did you mean `logged`?"), "{}", wrong.stderr);
    assert_eq!(project.run(&["retry", "last", "--from", "logged", "--yes"]).expect(0)["outputs"]["done"], 4);
    assert_eq!(project.numbers("select count(*) from log"), [7], "as was said");
}

#[test]
fn a_write_of_which_nobody_knows_stops_the_run_until_somebody_says() {
    for (point, has_happened) in [("J3:2", false), ("J4:3", true)] {
        let project = Project::new();
        assert_eq!(project.abort_at(point, &["run", "unsafe.flow"]).code, -1);
        let made = if has_happened { vec![1, 2] } else { vec![1] };
        assert_eq!(project.numbers("select n from log"), made, "{point}");
        for _ in 0..2 {
            let stopped = project.run(&["resume", "last"]).expect(1);
            let error = &stopped["error"];
            assert_eq!((&error["kind"], &error["item"]), (&json!("ambiguous"), &json!("n: 2")), "{error:#}");
            assert!(error["help"].as_str().unwrap().contains("--done 'logged["), "{error:#}");
            assert_eq!(project.runs()[0]["status"], "crashed");
        }
        let open: Vec<Json> = project.shown()["recorded"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|step| step["state"] == "unknown")
            .cloned()
            .collect();
        assert_eq!(open.len(), 1);
        let key = open[0]["key"].as_str().unwrap();
        assert!(project.run(&["runs", "show", "last"]).stdout.contains(&format!("--redo '{key}'")));
        let wrong = project.run(&["resume", "last", "--redo", "logged.nope"]);
        assert!(wrong.code == 2 && wrong.stderr.contains("no write `logged.nope` is open"), "{}", wrong.stderr);
        let result = project.run(&["resume", "last", if has_happened { "--done" } else { "--redo" }, "logged.noted"]);
        assert_eq!(project.numbers("select n from log"), [1, 2, 3], "{point}\n{}", result.stderr);
        assert_eq!(project.runs()[0]["status"], "success");
    }
}

#[test]
fn what_a_done_write_gave_can_be_said() {
    let project = Project::new();
    let flow =
        "workflow said {\n  use db: sqlite\n  noted = do db.insert(\"log\", rows: [{ n: 7 }])\n  output n = noted\n}\n";
    project.sandbox.write("said.flow", flow);
    let whole = project.run(&["run", "said.flow"]).expect(0);
    assert_eq!(project.abort_at("J4:1", &["run", "said.flow"]).code, -1);
    let refused = project.run(&["resume", "last", "--done", "noted"]);
    assert!(refused.code == 2 && refused.stderr.contains("say what it gave"), "{}", refused.stderr);
    let wrong = project.run(&["resume", "last", "--done", "noted={"]);
    assert!(wrong.code == 2 && wrong.stderr.contains("no JSON"), "{}", wrong.stderr);
    let said = format!("noted={}", whole["outputs"]["n"]);
    assert_eq!(project.run(&["resume", "last", "--done", &said]).expect(0)["outputs"], whole["outputs"]);
    assert_eq!(project.numbers("select count(*) from log"), [2]);
}

#[test]
fn a_run_that_goes_on_is_left_alone_and_one_that_was_killed_is_not() {
    let project = Project::new();
    let flow = r#"workflow slow {
  use db: sqlite
  first = db.query(sql"""select n from source where n = 1""") as table<{ n: int }>
  waited = wait(first.count)
  output n = waited
}
step wait(n: int) -> int = external.shell("slow.sh")
"#;
    project.sandbox.write("slow.flow", flow);
    project.sandbox.write("slow.sh", "cat > /dev/null\n[ -e fast ] || sleep 20\necho 7\n");
    let mut child =
        project.sandbox.command(&["run", "slow.flow"]).stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while project.runs().is_empty() || project.shown()["recorded"].as_array().unwrap().is_empty() {
        assert!(Instant::now() < deadline, "it did not begin");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(project.runs()[0]["status"], "running");
    let refused = project.run(&["resume", "last"]);
    assert!(refused.code == 2 && refused.stderr.contains("this run goes on"), "{}", refused.stderr);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(project.runs()[0]["status"], "crashed");
    project.sandbox.write("fast", "");
    let result = project.run(&["resume", "last"]).expect(0);
    assert_eq!((&result["outputs"], recorded(&result)), (&json!({ "n": 7 }), vec!["first"]));
}

#[test]
fn connections_that_lead_elsewhere_are_asked_about() {
    let project = Project::new();
    project.execute("drop table notes");
    assert_eq!(project.run(&["run", "safe.flow"]).code, 1);
    project.execute("create table notes (name text primary key, v integer not null)");
    for end in ["", "-wal", "-shm"] {
        let [from, to] = ["data.db", "other.db"].map(|name| project.sandbox.path().join(format!("{name}{end}")));
        if from.exists() {
            std::fs::rename(from, to).unwrap();
        }
    }
    project.sandbox.write("vmflow.yaml", &CONFIG.replace("data.db", "other.db"));
    let refused = project.run(&["resume", "last"]);
    assert!(refused.code == 2 && refused.stderr.contains("lead elsewhere"), "{}", refused.stderr);
    let result = project.run(&["resume", "last", "--yes"]).expect(0);
    assert_eq!(result["outputs"], json!({ "total": 156, "noted": 12 }));
}
