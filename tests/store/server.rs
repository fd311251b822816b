//! Runs on a server: what every store does, and what only one of many machines has to do.

use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use sqlx::{Connection, Executor, PgConnection};
use uuid::Uuid;
use vmflow::connection::sql::PostgresServer;
use vmflow::store::{
    Attempt, Begin, Claim, EffectRow, Entry, EventRow, Finished, PostgresStore, Program, Pruned, RunStore, Selection,
    Settled, Status, StepRow, StepState, Stop, StoreError, Text,
};

use super::{CONFIG, Project, fresh_schema};
use crate::support::place::wait;
use crate::support::postgres::url;
use crate::support::sandbox::Ran;
use conformance::{begin, finished, step};

#[path = "../../src/store/conformance.rs"]
mod conformance;

/// A lease that is over soon.
const SHORT: Duration = Duration::from_millis(300);
const LONG: Duration = Duration::from_secs(30);

fn store(schema: &str, lease: Duration) -> PostgresStore {
    PostgresStore::in_schema(&PostgresServer::Url(url()), schema, lease).unwrap()
}

fn execute(sql: &str) {
    let sql = sqlx::AssertSqlSafe(sql.to_owned());
    wait(async { PgConnection::connect(&url()).await.unwrap().execute(sqlx::raw_sql(sql)).await.unwrap() });
}

#[test]
fn it_does_what_every_store_does() {
    let schema = fresh_schema();
    wait(conformance::all(&|| Arc::new(store(&schema, LONG))));
}

#[test]
fn machines_that_come_to_an_empty_schema_at_once_make_its_tables_once() {
    let schema = fresh_schema();
    let stores: Vec<PostgresStore> = (0..8).map(|_| store(&schema, LONG)).collect();
    wait(async {
        let runs: Vec<Begin> = stores.iter().map(|_| begin(Uuid::now_v7())).collect();
        let all = stores.iter().zip(&runs).map(|(store, run)| store.begin(run));
        for begun in futures_util::future::join_all(all).await {
            begun.unwrap();
        }
        assert_eq!(stores[0].runs(&Selection::newest(99)).await.unwrap().len(), 8);
    });
    execute(&format!("update {schema}.tables set version = 99"));
    let later = store(&schema, LONG);
    let error = wait(later.runs(&Selection::newest(1))).unwrap_err().to_string();
    assert!(error.contains("later version of vmflow") && error.contains(&schema), "{error}");
}

#[test]
fn who_may_only_look_needs_no_right_to_make_tables() {
    let schema = fresh_schema();
    wait(store(&schema, LONG).begin(&begin(Uuid::now_v7()))).unwrap();
    execute(&format!(
        "create role looks_{schema} login; grant usage on schema {schema} to looks_{schema};
         grant select on all tables in schema {schema} to looks_{schema}"
    ));
    let url = url().replace("vmflow@", &format!("looks_{schema}@"));
    let looks = PostgresStore::in_schema(&PostgresServer::Url(url), &schema, LONG).unwrap();
    let (runs, error) = wait(async {
        let runs = looks.runs(&Selection::newest(9)).await.unwrap();
        (runs, looks.begin(&begin(Uuid::now_v7())).await.unwrap_err())
    });
    assert_eq!(runs.len(), 1);
    assert!(matches!(&error, StoreError::Fault(why) if why.contains("permission denied")), "{error:?}");
}

#[test]
fn a_run_is_its_owners_until_he_has_not_been_heard_of_for_a_lease() {
    let schema = fresh_schema();
    let (mine, theirs) = (store(&schema, SHORT), store(&schema, LONG));
    let run = Uuid::now_v7();
    let status = async || theirs.runs(&Selection::one(run)).await.unwrap()[0].status;
    wait(async {
        mine.begin(&begin(run)).await.unwrap();
        let busy = theirs.claim(run, "b", &[Status::Crashed]).await.unwrap();
        let Claim::Busy { owner, for_ms: Some(1..=300) } = &busy else { panic!("{busy:?}") };
        assert_eq!(owner, "here:1");
        // As long as it is heard of it stays, however long that is.
        let until = Instant::now() + SHORT * 3;
        while Instant::now() < until {
            assert_eq!(mine.beat(run, 1).await, Ok(false));
            assert_eq!(status().await, Status::Running);
            tokio::time::sleep(SHORT / 6).await;
        }
        tokio::time::sleep(SHORT * 2).await;
        assert_eq!(status().await, Status::Crashed);
        // Nobody was faster, so it is still there for its owner.
        assert_eq!(mine.append(run, 1, &[Entry::Step(step("a", None))]).await, Ok(()));
        assert_eq!(status().await, Status::Running);
        tokio::time::sleep(SHORT * 2).await;
        assert_eq!(theirs.claim(run, "b", &[Status::Failed]).await, Ok(Claim::Refused(Status::Crashed)));
        let all = (0..8).map(|_| store(&schema, LONG));
        let all: Vec<PostgresStore> = all.collect();
        let claims = all.iter().map(|store| store.claim(run, "b", &[Status::Crashed]));
        let claims = futures_util::future::join_all(claims).await;
        let granted = claims.iter().filter(|claim| **claim == Ok(Claim::Granted(2))).count();
        let busy = claims.iter().filter(|claim| matches!(claim, Ok(Claim::Busy { .. }))).count();
        assert_eq!((granted, busy), (1, 7), "{claims:?}");
        for refused in [
            mine.append(run, 1, &[Entry::Step(step("late", None))]).await,
            mine.beat(run, 1).await.map(drop),
            mine.finish(run, 1, &[], &finished(Status::Success)).await,
        ] {
            assert_eq!(refused, Err(StoreError::Lost));
        }
        assert_eq!(theirs.steps(run).await.unwrap().len(), 1, "what a former owner writes is not there");
    });
}

#[test]
fn the_clocks_of_machines_do_not_matter() {
    // The owner's machine lives in another year; the lease is the database's.
    let schema = fresh_schema();
    for started_at in [0, 4_000_000_000_000] {
        let (mine, theirs) = (store(&schema, LONG), store(&schema, LONG));
        let run = Begin { started_at, ..begin(Uuid::now_v7()) };
        wait(async {
            mine.begin(&run).await.unwrap();
            let found = theirs.runs(&Selection::one(run.id)).await.unwrap().remove(0);
            assert_eq!((found.status, found.begin.started_at), (Status::Running, started_at));
            assert!(matches!(theirs.claim(run.id, "b", &Status::ALL).await, Ok(Claim::Busy { .. })));
            mine.finish(run.id, 1, &[], &finished(Status::Success)).await.unwrap();
        });
    }
}

#[test]
fn tables_of_an_earlier_version_are_brought_up() {
    let schema = fresh_schema();
    wait(async { store(&schema, LONG).begin(&begin(Uuid::now_v7())).await.unwrap() });
    // As the first version had them.
    let later = format!("alter table {schema}.steps drop column tried; drop table {schema}.days");
    execute(&format!("{later}; update {schema}.tables set version = 1"));
    let (run, row) = (begin(Uuid::now_v7()), step("a", None));
    wait(async {
        let store = store(&schema, LONG);
        assert_eq!(store.runs(&Selection::newest(9)).await.unwrap().len(), 1, "what was there is there");
        store.begin(&run).await.unwrap();
        store.append(run.id, 1, &[Entry::Step(row.clone())]).await.unwrap();
        assert_eq!(store.steps(run.id).await.unwrap(), [row]);
    });
}

#[test]
fn each_attempt_of_a_step_is_on_record() {
    let flow = r#"workflow tries {
  use db: sqlite
  rows = tried() with { retry: 2, backoff: exponential(10ms, max: 20ms) }
  output n = rows
}
step tried() -> int = external.shell("tries.sh")
"#;
    for project in [Project::new(), Project::on_server()] {
        project.sandbox.write("tries.flow", flow);
        project.sandbox.write("tries.sh", "cat > /dev/null\n[ -e once ] && echo 7 && exit\ntouch once\nexit 1\n");
        let ran = project.run(&["run", "tries.flow"]);
        assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
        let shown = project.run(&["runs", "show", "last", "rows", "--format", "json"]).expect(0);
        let tried = shown["steps"][0]["tried"].as_array().unwrap().clone();
        assert_eq!((tried.len(), &tried[0]["number"], &tried[1]["number"]), (2, &json!(1), &json!(2)), "{shown:#}");
        assert!(tried[0]["error"]["message"].is_string() && tried[0]["wait_ms"].is_u64(), "{shown:#}");
        assert_eq!((&tried[1]["error"], &tried[1]["wait_ms"]), (&json!(null), &json!(null)));
        let text = project.run(&["runs", "show", "last", "rows"]).stdout;
        assert!(
            text.contains("attempt 1 at ") && text.contains("; again after ") && text.contains("attempt 2"),
            "{text}"
        );
        let wrong = project.run(&["runs", "show", "last", "rosw"]);
        assert!(wrong.code == 2 && wrong.stderr.contains("did you mean `rows`?"), "{}", wrong.stderr);
    }
}

/// A workflow that waits until a file is there.
const SLOW: &str = r#"workflow slow {
  use db: sqlite
  first = db.query(sql"""select n from source where n = 1""") as table<{ n: int }>
  waited = wait(first.count)
  copied = do db.upsert("copies", rows: [{ n: waited, v: 1 }], key: ["n"])
  output n = waited
}
step wait(n: int) -> int = external.shell("slow.sh")
"#;

impl Project {
    /// Runs the workflow that waits, until it does.
    pub(super) fn start_slow(&self, flow: &str) -> std::process::Child {
        self.sandbox.write("slow.flow", flow);
        self.sandbox.write("slow.sh", "cat > /dev/null\ntouch waits\nuntil [ -e go ]; do sleep 0.05; done\necho 7\n");
        let mut command = self.sandbox.command(&["run", "slow.flow", "--format", "json"]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let deadline = Instant::now() + Duration::from_secs(30);
        while !self.sandbox.path().join("waits").exists() || self.runs().is_empty() {
            assert!(Instant::now() < deadline, "it did not begin");
            std::thread::sleep(Duration::from_millis(20));
        }
        child
    }
}

#[test]
fn a_run_that_goes_on_is_left_alone_and_a_killed_one_is_taken_up_when_its_lease_is_over() {
    let project = Project::on_server();
    let mut child = project.start_slow(SLOW);
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!(project.runs()[0]["status"], "running", "it is heard of for longer than a lease lasts");
    let refused = project.run(&["resume", "last"]);
    assert!(refused.code == 2 && refused.stderr.contains("this run goes on"), "{}", refused.stderr);
    child.kill().unwrap();
    child.wait().unwrap();
    project.let_go();
    assert_eq!(project.runs()[0]["status"], "crashed");
    project.sandbox.write("go", "");
    let result = project.run(&["resume", "last"]).expect(0);
    assert_eq!(result["outputs"], json!({ "n": 7 }));
    assert_eq!(result["steps"][0]["recorded"], true);
    assert_eq!(project.runs()[0]["attempts"], 2);
}

/// An insert that must not be made twice, and an upsert, behind a step that waits.
const BOTH: &str = r#"workflow slow {
  use db: sqlite
  waited = wait(1)
  noted = do db.insert("log", rows: [{ n: waited }])
  copied = do db.upsert("copies", rows: [{ n: waited, v: 1 }], key: ["n"]) with { after: [noted] }
  output n = waited
  finally {
    do db.insert("log", rows: [{ n: 1 }])
  }
}
step wait(n: int) -> int = external.shell("slow.sh")
"#;

#[test]
fn whoever_slept_while_another_took_his_run_over_finds_out_and_writes_nothing_more() {
    let project = Project::on_server();
    let child = project.start_slow(BOTH);
    let signal = |name: &str| {
        assert!(std::process::Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
    };
    signal("-STOP");
    project.let_go();
    assert_eq!(project.runs()[0]["status"], "crashed");
    project.sandbox.write("go", "");
    project.run(&["resume", "last"]).expect(0);
    let (shown, logs) = (project.shown(), project.run(&["logs", "last"]).stdout);
    assert_eq!(project.numbers("select n from log order by n"), [1, 7]);
    signal("-CONT");
    let ran = Ran::from(child.wait_with_output().unwrap());
    assert_eq!(ran.expect(130)["status"], "cancelled");
    assert!(ran.stderr.contains("somebody else has taken this run over"), "{}", ran.stderr);
    assert_eq!(project.numbers("select n from log order by n"), [1, 7], "nothing is there twice\n{}", ran.stderr);
    assert_eq!((project.shown(), project.run(&["logs", "last"]).stdout), (shown, logs), "nor on record");
}

/// Waits, and says in `finally` how it went.
const STOPPABLE: &str = r#"workflow slow {
  use db: sqlite
  waited = wait(1)
  noted = do db.insert("log", rows: [{ n: waited }])
  output n = waited
  finally {
    do db.insert("log", rows: [{ n: if run.status == "cancelled" then 99 else 1 }])
  }
}
step wait(n: int) -> int = external.shell("slow.sh")
"#;

#[test]
fn a_run_is_stopped_from_elsewhere_as_by_ctrl_c() {
    for project in [Project::new(), Project::on_server()] {
        let child = project.start_slow(STOPPABLE);
        let asked = project.run(&["cancel", "last"]);
        assert!(asked.code == 0 && asked.stdout.starts_with("asked "), "{}{}", asked.stdout, asked.stderr);
        let ran = Ran::from(child.wait_with_output().unwrap());
        assert_eq!(ran.expect(130)["status"], "cancelled");
        assert!(ran.stderr.contains("`vmflow cancel` asks this run to stop"), "{}", ran.stderr);
        assert_eq!(project.numbers("select n from log"), [99], "`finally` ran, and nothing else");
        assert_eq!(project.runs()[0]["status"], "cancelled");
        let over = project.run(&["cancel", "last"]);
        assert!(over.code == 2 && over.stderr.contains("this run is over: cancelled"), "{}", over.stderr);
        project.sandbox.write("go", "");
        assert_eq!(project.run(&["resume", "last"]).expect(0)["outputs"], json!({ "n": 7 }));
        let unknown = project.run(&["cancel", "ffffffff"]);
        assert!(unknown.code == 2 && unknown.stderr.contains("there is no run"), "{}", unknown.stderr);
        assert_eq!(project.abort_at("J4:9", &["run", "safe.flow"]).code, -1);
        project.let_go();
        let crashed = project.run(&["cancel", "last"]);
        assert!(crashed.code == 2 && crashed.stderr.contains("this run broke off"), "{}", crashed.stderr);
    }
}

#[test]
fn all_commands_work_on_a_server() {
    let project = Project::on_server();
    let listed = project.run(&["runs"]);
    assert_eq!(listed.code, 0, "{}", listed.stderr);
    let flow = r#"workflow part {
  use db: sqlite
  numbers = db.query(sql"""select n, v from source where n <= 4 order by n""") as table<{ n: int, v: int }>
  logged = for each row in numbers {
    require row.v < 1000 else "too large"
    do db.insert("log", rows: [{ n: row.n }])
    told = log(row.n, label: "row")
    yield told
  } on failure continue
  output done = logged.ok.count
}
"#;
    project.sandbox.write("part.flow", flow);
    project.execute("update source set v = 5000 where n = 3");
    assert_eq!(project.run(&["run", "part.flow"]).expect(3)["outputs"]["done"], 3);
    let shown = project.shown();
    assert_eq!((&shown["status"], &shown["workflow"]), (&json!("partial"), &json!("part")));
    assert_eq!(shown["recorded"].as_array().unwrap().iter().filter(|step| step["state"] == "failed").count(), 1);
    let logs = project.run(&["logs", "last"]).stdout;
    assert!(logs.contains("row"), "{logs}");
    project.execute("update source set v = 30 where n = 3");
    let again = project.run(&["retry", "last", "--from", "numbers", "--yes"]).expect(0);
    assert_eq!(again["outputs"]["done"], 4);
    assert_eq!(project.runs()[0]["attempts"], 2);

    assert_eq!(project.abort_at("J4:5", &["run", "safe.flow"]).code, -1);
    project.let_go();
    assert_eq!(project.run(&["resume", "last"]).expect(0)["outputs"], json!({ "total": 156, "noted": 12 }));

    let days = ["--from", "2026-10-26", "--to", "2026-10-28", "--on", "weekdays", "--max-parallel", "2"];
    let filled = project.run(&[&["backfill", "safe.flow"][..], &days].concat());
    assert!(filled.code == 0 && filled.stdout.contains("3 of 3 days went well"), "{}{}", filled.stdout, filled.stderr);
    let filled = project.run(&[&["backfill", "safe.flow"][..], &days].concat());
    assert!(filled.stdout.contains("3 were done before"), "{}", filled.stdout);
    assert_eq!(project.runs().len(), 5);

    std::thread::sleep(Duration::from_millis(1100));
    let pruned = project.run(&["runs", "prune", "--older-than", "1s", "--keep", "2"]);
    assert!(pruned.code == 0 && pruned.stdout.contains('3'), "{}{}", pruned.stdout, pruned.stderr);
    assert_eq!(project.runs().len(), 2);
    assert!(!project.sandbox.path().join(".vmflow/runs.db").exists(), "nothing of it is in a file");
}

#[test]
fn sinks_are_told_from_a_server() {
    let project = Project::new();
    let schema = fresh_schema();
    let sinks = "    lifecycle:\n      - { kind: file, path: told.jsonl }\n";
    let runs = format!("runs: {{ url: \"{}\", schema: {schema} }}\n{CONFIG}{sinks}", url());
    project.sandbox.write("vmflow.yaml", &runs);
    project.run(&["run", "safe.flow"]).expect(0);
    project.run(&["run", "safe.flow"]).expect(0);
    let told = project.sandbox.read("told.jsonl");
    let count = |word: &str| told.lines().filter(|line| line.contains(word)).count();
    assert_eq!((count("\"run.started\""), count("\"run.ended\"")), (2, 2), "{told}");
    let standing = project.run(&["sinks", "--format", "json"]).expect(0);
    assert_eq!((&standing["sinks"][0]["waiting"], &standing["sinks"][0]["dropped"]), (&json!(0), &json!(0)));
}

#[test]
fn where_runs_are_is_read_when_it_is_needed_and_its_password_is_never_shown() {
    let mut project = Project::new();
    let runs = "runs: { host: 127.0.0.1, port: 9, database: runs, user: me, password: \"${RUNS_PASSWORD}\" }";
    project.sandbox.write("vmflow.yaml", &format!("{runs}\n{CONFIG}"));
    assert_eq!(project.run(&["check", "safe.flow"]).code, 0, "what is only checked needs no store");
    assert_eq!(project.run(&["plan", "safe.flow"]).code, 0, "nor does a plan");
    let refused = project.run(&["run", "safe.flow"]);
    assert_eq!(refused.code, 4, "{}", refused.stderr);
    assert!(refused.stderr.contains("`RUNS_PASSWORD` is not set"), "{}", refused.stderr);
    assert!(project.run(&["runs"]).stderr.contains("`RUNS_PASSWORD` is not set"));
    project.sandbox.set("RUNS_PASSWORD", "hunter2-hunter2");
    let ran = project.run(&["run", "safe.flow", "-vv"]);
    assert_eq!(ran.code, 0, "a run does not fail because of its record\n{}", ran.stderr);
    assert!(ran.stderr.contains("this run is not recorded") && ran.stderr.contains("127.0.0.1:9"), "{}", ran.stderr);
    let listed = project.run(&["runs"]);
    assert_eq!(listed.code, 4);
    assert!(listed.stderr.contains("127.0.0.1:9"), "{}", listed.stderr);
    assert!(!format!("{}{}{}", ran.stderr, ran.stdout, listed.stderr).contains("hunter2"));
    for (wrong, words) in [
        ("runs: { path: x.db, url: \"postgres://h/d\" }", "`path` is given beside `url`"),
        ("runs: { url: \"postgres://h/d\", schema: \"a\\\"b\" }", "is no name of a schema here"),
        ("runs: { url: \"postgres://h/d\", lease: 10ms }", "too short to be kept"),
        ("runs: { url: \"mysql://h/d\" }", "a URL that begins with"),
        ("runs: { host: h.example.com, database: d, password: hunter2 }", "VF702"),
    ] {
        project.sandbox.write("vmflow.yaml", &format!("{wrong}\n{CONFIG}"));
        let checked = project.run(&["check", "safe.flow", "--config", "vmflow.yaml"]);
        let told = format!("{}{}", checked.stdout, checked.stderr);
        assert!(told.contains(words), "{wrong}: {told}");
    }
}
