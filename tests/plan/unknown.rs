//! What follows from a write is said to be unknown, and nothing is made of it.

use serde_json::json;

use super::{counts, group, only, plan, project};
use crate::support::place::AT;

const TABLES: &str = "create table nav (id integer primary key, value real);
create table log (n integer, what text);";

#[test]
fn unknown_values_go_from_step_to_step_and_known_ones_stay() {
    let sandbox = project(
        TABLES,
        r#"
  stored = do db.upsert("nav", rows: [{ id: 1, value: 1.5 }], key: ["id"])
  next = stored.created + 1
  either = if next > 1 then "a" else "b"
  known = 40 + 2
  again = known + 1
  do db.insert("log", rows: [{ n: next, what: either }])
  do db.insert("log", rows: [{ n: again, what: "known" }])
  output next = next
  output again = again"#,
    );
    let plan = plan(&sandbox, &[]).expect(0);
    assert_eq!(plan["unknown_outputs"], json!(["next"]));
    assert_eq!(plan["outputs"], json!({ "again": 43 }));
    let logged: Vec<_> = plan["writes"].as_array().unwrap().iter().filter(|one| one["target"] == "log").collect();
    // Both steps are called `do db.insert`; what is known of one is not mixed up with what is not known of the other.
    let unknown: u64 = logged.iter().map(|one| one["unknown"].as_u64().unwrap()).sum();
    let created: u64 = logged.iter().map(|one| one["counts"]["created"].as_u64().unwrap()).sum();
    assert_eq!((unknown, created), (1, 1), "{plan:#}");
    assert_eq!(plan["summary"], json!({ "to_write": 2, "unchanged": 0, "conflicting": 0, "unknown": 1 }));
    let why = logged.iter().find_map(|one| one["why"].as_str()).unwrap();
    assert_eq!(why, "known after the run: it follows from what `stored` writes");
}

#[test]
fn what_depends_on_it_may_happen() {
    let sandbox = project(
        TABLES,
        r#"
  stored = do db.upsert("nav", rows: [{ id: 1, value: 1.5 }], key: ["id"])
  require stored.created >= 0 else "never"
  when stored.created > 0 {
    do db.insert("log", rows: [{ n: 1, what: "new" }])
  } else {
    do vm.write([sample("seen", value: 1.0, at: run.now)])
  }
  gone = for each n in range(stored.created) {
    do db.execute(sql"""delete from log where n = :n""")
    yield n
  }
  after = db.query(sql"""select count(*) as n from nav""") as table<{ n: int }>
  output counted = after[0].n
  output gone = gone.count"#,
    );
    let plan = plan(&sandbox, &[]).expect(0);
    let branches: Vec<_> =
        plan["writes"].as_array().unwrap().iter().map(|one| (&one["action"], &one["only_if"])).collect();
    let why = json!("known after the run: it follows from what `stored` writes");
    assert_eq!(branches.len(), 4, "{plan:#}");
    assert_eq!(branches[0], (&json!("sql.upsert"), &json!(null)));
    for (action, only_if) in &branches[1..] {
        assert_eq!(**only_if, why, "{action}");
    }
    let actions: Vec<_> = branches.iter().map(|(action, _)| action.as_str().unwrap()).collect();
    assert_eq!(actions, ["sql.upsert", "sql.insert", "metrics.write", "sql.execute"]);
    assert_eq!(plan["unknown_checks"], json!([{ "step": "require", "message": "stored.created >= 0" }]));
    let late = &plan["reads_before_writes"];
    assert_eq!(late[0]["step"], "after");
    assert_eq!(late[0]["message"], "it reads `db` as it was before `stored` writes to it");
    assert_eq!(plan["outputs"], json!({ "counted": 0 }), "read, as it is now");
    assert_eq!(plan["unknown_outputs"], json!(["gone"]));
    assert!(!sandbox.path().join("data").exists());
}

#[test]
fn what_is_read_after_a_write_is_not_what_was_there_before() {
    let sandbox = project(
        TABLES,
        r#"
  param n: int = 1
  rows = [{ id: i, value: 1.5 } for i in range(n)]
  stored = do db.upsert("nav", rows: rows, key: ["id"])
  now = db.query(sql"""select count(*) as n from nav""") as table<{ n: int }> with { after: [stored] }
  other = vm.label_values("a", over: 2025-01-01T00:00Z until 2025-01-02T00:00Z) with { after: [stored] }
  logged = for each i in range(n) {
    do db.insert("log", rows: [{ n: i, what: "x" }])
    yield i
  }
  later = for each i in logged {
    found = db.query(sql"""select count(*) as n from log where n = :i""") as table<{ n: int }>
    yield found[0].n
  }
  elsewhere = [1 for s in vm.series(promql"""{a="x"}""", over: 2025-01-01T00:00Z until 2025-01-02T00:00Z) for i in logged]
  inside = do transaction db {
    before = db.query(sql"""select count(*) as n from nav""") as table<{ n: int }>
    kept = do db.upsert("nav", rows: rows, key: ["id"])
    after = db.query(sql"""select count(*) as n from nav""") as table<{ n: int }>
    yield { before: before[0].n, after: after[0].n }
  }
  output now = now[0].n
  output other = other.count
  output later = later
  output elsewhere = elsewhere.count
  output before = inside.before"#,
    );
    let plan = plan(&sandbox, &[]).expect(0);
    // What another connection gives is told from what is stated to come after.
    assert_eq!(plan["outputs"], json!({ "elsewhere": 0 }), "{plan:#}");
    assert_eq!(plan["unknown_outputs"], json!(["now", "other", "later", "before"]));
    let nothing = super::plan(&sandbox, &["-p", "n=0"]).expect(0);
    let known = json!({ "now": 0, "other": 0, "later": [], "elsewhere": 0, "before": 0 });
    assert_eq!((&nothing["outputs"], &nothing["writes"]), (&known, &json!([])), "nothing is written before them");
}

#[test]
fn nothing_to_write_is_known_and_no_write() {
    let sandbox = project(
        TABLES,
        r#"
  rows = db.query(sql"""select id, value from nav where value is not null""") as table<{ id: int, value: float }>
  stored = do db.upsert("nav", rows: rows, key: ["id"])
  written = do vm.write([sample("nav", value: r.value, at: run.now) for r in rows])
  output created = stored.created
  output written = written"#,
    );
    let plan = plan(&sandbox, &["--detailed-exitcode"]).expect(0);
    assert_eq!(plan["writes"], json!([]));
    assert_eq!(plan["outputs"], json!({ "created": 0, "written": 0 }));
    let human = super::plan(&sandbox, &["--format", "human"]);
    assert!(human.stdout.ends_with("  nothing\n\nplan: no changes\n"), "{}", human.stdout);
}

#[test]
fn programs_that_write_are_not_run() {
    let sandbox = project(
        TABLES,
        r#"
  told = do shout(text: "hello")
  output told = told"#,
    );
    let flow = sandbox.read("a.flow");
    let action = "action shout(text: text) -> text = external.shell(\"shout.sh\")\n";
    sandbox.write("a.flow", &format!("{action}{flow}"));
    sandbox.write("shout.sh", "touch ran; echo done\n");
    let plan = plan(&sandbox, &[]).expect(0);
    assert_eq!((&group(&plan, "told")["action"], &group(&plan, "told")["unknown"]), (&json!("external"), &json!(1)));
    assert!(!sandbox.path().join("ran").exists());
}

#[test]
fn failures_are_those_of_the_run() {
    let sandbox = project(
        TABLES,
        r#"
  done = for each n in [1, 2, 3] {
    rows = db.query(sql"""select case when :n = 2 then json('{') else 1 end as x""") as table<{ x: int }>
    do db.insert("nav", rows: [{ id: n + rows.count, value: 1.0 }])
    yield rows.count
  } on failure continue
  failed {
    do db.insert("log", rows: [{ n: 0, what: "failed" }])
  }"#,
    );
    let plan = plan(&sandbox, &["--detailed-exitcode"]).expect(3);
    assert_eq!(plan["status"], "partial");
    assert_eq!(counts(group(&plan, "done.do db.insert")), only("created", 2));
    let failures = plan["failures"].as_array().unwrap();
    assert_eq!((failures.len(), &failures[0]["item"]), (1, &json!("2")));
    assert_eq!(plan["if_failed"][0]["step"], "failed.do db.insert");
    let human = sandbox.run(&["plan", "a.flow", "--at", AT, "--format", "human"]);
    assert!(human.stdout.contains("\n  2 would fail in `done`: "), "{}", human.stdout);
    assert!(human.stdout.contains("  only if the run fails:\n    sql.insert to log (`db`)\n"), "{}", human.stdout);
    assert!(human.stdout.ends_with("; the run would end `partial`\n"), "{}", human.stdout);
}
