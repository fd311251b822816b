//! What each kind of write is said to do, and that it does it.

use std::fmt::Write;

use serde_json::{Value as Json, json};

use super::{counts, group, only, plan, project};
use crate::support::place::{AT, Place, wait};
use crate::support::sandbox::{Ran, Sandbox};
use crate::support::{mysql, postgres, victoria};

const TABLES: &str = "create table nav (day date, auid text, value numeric(10, 2), note text, primary key (day, auid));
create table log (n integer unique, what text);
insert into nav values ('2026-01-01', 'A1', 1.56, 'a'), ('2026-01-02', 'A1', 2.5, 'b'), ('2026-01-03', 'A1', 3, null);
insert into log values (1, 'one'), (2, 'two');";

const BODY: &str = r#"
  saved = do db.upsert("nav", key: ["day", "auid"], rows: [
    { day: 2026-01-01, auid: "A1", value: 1.57, note: "a" },
    { day: 2026-01-02, auid: "A1", value: 2.5, note: "b" },
    { day: 2026-01-03, auid: "A1", value: 3.0, note: "c" },
    { day: 2026-01-04, auid: "A1", value: 4.0, note: none },
  ])
  added = do db.insert("log", rows: [{ n: 2, what: "taken" }, { n: 3, what: "three" }])
  old = 2026-01-03
  gone = do db.execute(sql"""delete from nav where day < :old and auid in ('A1', 'A2')""")
  per_row = do db.each(sql"""update log set what = :what where n <= :n""", rows: [{ n: 1, what: "x" }, { n: 2, what: "y" }])
  odd = do db.execute(sql"""insert into log values (1, 'z') on conflict (n) do nothing""")"#;

/// Plans on SQLite and on PostgreSQL.
fn on_both(tables: &str, body: &str, more: &[&str]) -> Vec<Ran> {
    let sqlite = project(tables, body);
    let mut real = project(tables, body);
    let url = wait(postgres::fresh_schema());
    let place = Place::aimed_at(&url, "http://127.0.0.1:9");
    place.execute(tables);
    real.set("URL", &url);
    let config = real.read("vmflow.yaml").replace(
        "{ kind: sqlite, path: data/warehouse.db, schema: schema.sql }",
        "{ kind: postgres, url: \"${URL}\" }",
    );
    real.write("vmflow.yaml", &config);
    [sqlite, real].iter().map(|sandbox| plan(sandbox, more)).collect()
}

#[test]
fn rows_are_compared_as_the_database_compares_them() {
    for ran in on_both(TABLES, BODY, &[]) {
        let plan = ran.expect(0);
        let saved = group(&plan, "saved");
        let counted: Vec<_> =
            ["created", "updated", "unchanged"].iter().map(|name| saved["counts"][name].as_u64()).collect();
        assert_eq!(counted, [Some(1), Some(2), Some(1)], "{saved:#}");
        assert_eq!(saved["columns"], json!({ "value": 1, "note": 1 }));
        let first = &saved["examples"][0];
        assert_eq!(first["what"], "day = 2026-01-01, auid = A1");
        assert_eq!(first["differences"], json!([{ "column": "value", "old": "1.56", "new": "1.57" }]));
        assert_eq!(saved["examples"][1]["differences"], json!([{ "column": "note", "old": "none", "new": "c" }]));

        let added = group(&plan, "added");
        assert_eq!(counts(added), [("created".to_owned(), 1), ("taken".to_owned(), 1)]);
        let gone = group(&plan, "gone");
        assert_eq!((counts(gone), &gone["target"]), (only("touched", 2), &json!("nav")));
        assert_eq!(counts(group(&plan, "per_row")), only("touched", 3));
        let odd = group(&plan, "odd");
        assert_eq!((odd["unknown"].as_u64(), odd["counts"]["created"].as_u64()), (Some(1), Some(0)));
        assert_eq!((&saved["seen_before"], &odd["seen_before"]), (&json!(null), &json!(null)));
    }
}

#[test]
fn mysql_compares_rows_as_it_would_store_them() {
    use sqlx::{Connection, Executor};
    let url = wait(mysql::fresh_database());
    let tables = "create table nav (day date, auid varchar(20), value decimal(10, 2), note text, at datetime(6), x double, n int unsigned,
        is_it boolean, doc json, primary key (day, auid)) collate utf8mb4_unicode_ci;
      create table log (n integer unique, what text);
      insert into nav values ('2026-01-01', 'A1', 1.56, 'a', '2026-01-01 06:00:00.5', 0.1, 7, true, '{\"a\":1}'),
        ('2026-01-02', 'A1', 2.5, 'b', null, null, null, null, null), ('2026-01-03', 'A1', 3, null, null, null, null, null, null);
      insert into log values (1, 'one'), (2, 'two');";
    wait(async {
        let mut connection = sqlx::MySqlConnection::connect(&url).await.unwrap();
        connection.execute(sqlx::raw_sql(tables)).await.unwrap();
    });
    let upsert = r#"
  saved = do db.upsert("nav", key: ["day", "auid"], rows: [
    { day: 2026-01-01, auid: "A1", value: 1.564, note: "a", at: 2026-01-01T06:00:00.5Z, x: 0.1, n: 7, is_it: true, doc: { "a": 1 } },
    { day: 2026-01-02, auid: "a1", value: 2.5, note: "B", at: none, x: none, n: none, is_it: none, doc: none },
    { day: 2026-01-03, auid: "A1", value: 3.01, note: none, at: 2026-01-01T06:00:00Z, x: 1.5, n: 0, is_it: false, doc: none },
    { day: 2026-01-04, auid: "é'\"", value: none, note: none, at: none, x: none, n: none, is_it: none, doc: none },
  ])"#;
    let insert = r#"
  added = do db.insert("log", rows: [{ n: 2, what: "taken" }, { n: 3, what: "three" }])"#;
    let mut sandbox = project("", upsert);
    sandbox.set("URL", &url);
    let config = sandbox.read("vmflow.yaml");
    let sqlite = "{ kind: sqlite, path: data/warehouse.db, schema: schema.sql }";
    sandbox.write("vmflow.yaml", &config.replace(sqlite, "{ kind: mysql, url: \"${URL}\" }"));
    let planned = plan(&sandbox, &[]).expect(0);
    let saved = group(&planned, "saved");
    let counted = ["created", "updated", "unchanged"].map(|name| saved["counts"][name].as_u64().unwrap());
    assert_eq!((counted, &saved["unknown"]), ([1, 2, 1], &json!(0)), "{saved:#}");
    assert_eq!(saved["columns"], json!({ "value": 1, "note": 1, "at": 1, "x": 1, "n": 1, "is_it": 1 }));
    assert_eq!(saved["examples"][0]["differences"], json!([{ "column": "note", "old": "b", "new": "B" }]));
    sandbox.run(&["run", "a.flow", "--at", AT]).expect(0);
    let again = plan(&sandbox, &["--detailed-exitcode"]).expect(0);
    assert_eq!(counts(group(&again, "saved")), only("unchanged", 4));
    let text = sandbox.read("a.flow").replace(upsert, insert);
    sandbox.write("a.flow", &text);
    let added = plan(&sandbox, &[]).expect(0);
    assert_eq!(counts(group(&added, "added")), [("created".to_owned(), 1), ("taken".to_owned(), 1)]);
}

#[test]
fn a_key_without_an_index_fails_as_the_run_would() {
    // A key that is written out would be refused before the plan.
    let body = r#"
  column = lower("AUID")
  do db.upsert("nav", rows: [{ auid: "A1", note: "x" }], key: [column])"#;
    for ran in on_both(TABLES, body, &[]) {
        let plan = ran.expect(1);
        let message = plan["error"]["message"].as_str().unwrap();
        assert_eq!(message, "`nav` has no unique index on (auid)");
    }
}

/// Samples at two instants, one of which is stored with the same value and one with another.
const SAMPLES: &str = r#"
  param name: text = "nav"
  done = do vm.write([
    sample(name, labels: { auid: a }, value: v, at: 2026-10-01T00:00Z)
    for a, v in { "A1": 1.0, "A2": 2.0, "A3": 3.0 }
  ])"#;

fn stored(sandbox: &Sandbox, more: &[&str]) {
    let flow = sandbox.read("a.flow");
    sandbox
        .write("b.flow", &flow.replace("workflow a", "workflow b").replace(r#", "A3": 3.0"#, "").replace("2.0", "2.5"));
    sandbox.run(&[&["run", "b.flow", "--at", AT], more].concat()).expect(0);
}

#[test]
fn samples_are_new_the_same_or_at_odds() {
    let embedded = project("create table t (a int);", SAMPLES);
    let real = project("create table t (a int);", SAMPLES);
    let url = victoria::url();
    let config = real.read("vmflow.yaml").replace(
        "{ kind: embedded, path: data/metrics }",
        &format!("{{ kind: victoria_metrics, read_url: \"{url}\", write_url: \"{url}\" }}"),
    );
    real.write("vmflow.yaml", &config);
    for sandbox in [embedded, real] {
        let name = victoria::unique("nav");
        let of_name = format!("name={name}");
        stored(&sandbox, &["-p", &of_name]);
        let plan = plan(&sandbox, &["-p", &of_name]).expect(0);
        let done = group(&plan, "done");
        let counted: Vec<_> =
            ["created", "unchanged", "conflicting"].iter().map(|name| done["counts"][name].as_u64()).collect();
        assert_eq!(counted, [Some(1), Some(1), Some(1)], "{done:#}");
        assert_eq!(done["target"], json!(name));
        let example = &done["examples"][0];
        assert_eq!(example["what"], format!("{name}{{auid=\"A2\"}} @ 2026-10-01T00:00:00Z"));
        assert_eq!(example["differences"], json!([{ "column": "value", "old": "2.5", "new": "2" }]));
        assert_eq!(plan["summary"], json!({ "to_write": 2, "unchanged": 1, "conflicting": 1, "unknown": 0 }));
    }
}

#[test]
fn what_no_store_keeps_fails_as_the_run_would() {
    let body = r#"
  do vm.write([sample("nav", value: parse_float("NaN"), at: run.now)])"#;
    let sandbox = project("create table t (a int);", body);
    let planned = plan(&sandbox, &[]).expect(1);
    let ran = sandbox.run(&["run", "a.flow", "--at", AT]).expect(1);
    assert_eq!(planned["error"]["message"], ran["error"]["message"]);
}

#[test]
fn a_hundred_thousand_rows_and_samples_are_a_page() {
    let body = r#"
  done = do db.upsert("nav", key: ["day", "auid"], rows: [
    { day: 2026-01-01, auid: f"B{n}", value: 1.0, note: "a" } for n in range(100000)
  ])
  items = for each n in range(1000) {
    do db.insert("log", rows: [{ n: n + 10, what: "x" }])
    yield n
  }
  written = do vm.write([sample("nav", labels: { n: f"{n % 100}" }, value: 1.0, at: run.now - n * 1s) for n in range(100000)])"#;
    let sandbox = project(TABLES, body);
    let shown = plan(&sandbox, &["--format", "human", "-o", "plan.json"]);
    assert_eq!(shown.code, 0, "{}", shown.stderr);
    assert!(shown.stdout.lines().count() < 30, "{}", shown.stdout);
    let saved = sandbox.read("plan.json");
    assert!(saved.len() < 60_000, "{} bytes", saved.len());
    let plan: Json = serde_json::from_str(&saved).unwrap();
    assert_eq!(counts(group(&plan, "done")), only("created", 100_000));
    assert_eq!(counts(group(&plan, "written")), only("created", 100_000));
    let items = group(&plan, "items.do db.insert");
    assert_eq!((items["items"].as_array().unwrap().len(), &items["items_left_out"]), (100, &json!(900)));
}

#[test]
fn requests_are_told_and_not_sent() {
    let sandbox = project("create table t (a int);", "");
    let mut config = sandbox.read("vmflow.yaml");
    writeln!(config, "      api: {{ kind: http, base_url: \"http://127.0.0.1:9\" }}").unwrap();
    sandbox.write("vmflow.yaml", &config);
    sandbox.write(
        "a.flow",
        r#"workflow a {
  use api: http
  told = do api.post("/hooks/done", json: { text: "done" }, query: { day: 2026-01-01 })
  output status = told.status
}
"#,
    );
    let plan = plan(&sandbox, &[]).expect(0);
    let told = group(&plan, "told");
    assert_eq!((counts(told), &told["target"]), (only("sent", 1), &json!("/hooks/done")));
    assert_eq!(told["examples"][0]["what"], Json::from("POST /hooks/done?day=2026-01-01, 15 bytes"));
    assert_eq!(plan["unknown_outputs"], json!(["status"]));
}
