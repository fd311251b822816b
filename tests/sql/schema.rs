//! Snapshots of databases and what is checked with them, through the built binary.

use serde_json::json;

use super::define;
use crate::support::postgres::{fresh_schema, open};
use crate::support::sandbox::{Sandbox, root};
use crate::support::{golden, mysql};

const TABLES: &str = include_str!("../ui/schema/warehouse.sql");

/// A project whose database has the tables of `tests/ui/schema`.
fn project() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("tables.sql", TABLES);
    let connection = "{ kind: sqlite, path: data/w.db, schema: tables.sql }";
    sandbox.write("vmflow.yaml", &configuration(connection));
    for name in ["right.flow", "wrong.flow", "odd.flow"] {
        sandbox.write(name, &std::fs::read_to_string(root().join("tests/ui/schema").join(name)).unwrap());
    }
    sandbox
}

fn configuration(connection: &str) -> String {
    format!("default_environment: local\nenvironments:\n  local:\n    connections:\n      db: {connection}\n")
}

/// A snapshot's text without what differs from machine to machine.
fn settled(text: &str) -> String {
    let changing = ["\"version\"", "\"pulled_at\"", "\"schema\": \"test_"];
    text.lines().filter(|line| !changing.iter().any(|key| line.contains(key))).map(|line| format!("{line}\n")).collect()
}

#[test]
fn a_snapshot_is_pulled_without_making_the_database() {
    let sandbox = project();
    let pulled = sandbox.run(&["schema", "pull"]);
    assert_eq!((pulled.code, pulled.stdout.as_str()), (0, "schema/db.json: 3 tables\n"), "{}", pulled.stderr);
    assert!(!sandbox.path().join("data").exists());
    golden::assert(&root().join("tests/ui/schema/sqlite.json"), &settled(&sandbox.read("schema/db.json")));
    let before = sandbox.read("schema/db.json");
    assert_eq!(sandbox.run(&["schema", "pull"]).stdout, "schema/db.json: nothing changed\n");
    assert_eq!(sandbox.read("schema/db.json"), before);
    let same = sandbox.run(&["schema", "diff"]);
    assert_eq!((same.code, same.stdout.as_str()), (0, "schema/db.json: the database is as it says\n"));
}

#[test]
fn differences_are_told_and_fail() {
    let sandbox = project();
    let missing = sandbox.run(&["schema", "diff"]);
    assert!(missing.code == 2 && missing.stderr.contains("`vmflow schema pull` writes it"), "{}", missing.stderr);
    sandbox.run(&["schema", "pull"]);
    sandbox.write("tables.sql", &TABLES.replace("name text", "title text").replace("not null unique", "not null"));
    let human = sandbox.run(&["schema", "diff"]);
    golden::assert(&root().join("tests/ui/schema/diff.txt"), &human.stdout);
    let document = sandbox.run(&["schema", "diff", "--format", "json"]).expect(1);
    let first = &document["snapshots"][0]["differences"][1];
    assert_eq!(
        *first,
        json!({ "change": "removed", "table": "assets", "column": "name", "before": "text", "after": null })
    );
    let unknown = sandbox.run(&["schema", "pull", "--connection", "other"]);
    assert!(unknown.code == 2 && unknown.stderr.contains("it has `db`"), "{}", unknown.stderr);
}

#[test]
fn what_the_snapshot_knows_is_checked() {
    let sandbox = project();
    sandbox.run(&["schema", "pull"]);
    let snapshot = sandbox.read("schema/db.json");
    let day = snapshot.lines().find(|line| line.contains("pulled_at")).unwrap();
    let pulled = snapshot.replace(day, "  \"pulled_at\": \"2025-01-09T06:00:00Z\",");
    sandbox.write("schema/db.json", &pulled);
    let right = sandbox.run(&["check", "right.flow", "--deny", "warnings"]);
    assert_eq!((right.code, right.stdout.as_str()), (0, "no findings in 1 file\n"), "{}", right.stderr);
    let wrong = sandbox.run(&["check", "wrong.flow"]);
    golden::assert(&root().join("tests/ui/schema/wrong.txt"), &wrong.stdout);
    // What is only odd is told where nothing is wrong.
    let odd = sandbox.run(&["check", "odd.flow"]);
    golden::assert(&root().join("tests/ui/schema/odd.txt"), &odd.stdout);
    // A snapshot of the environment's own goes before the general one.
    sandbox.write("schema/local.db.json", "{ \"database\": \"sqlite\", \"version\": \"\", \"tables\": {} }");
    let other = sandbox.run(&["check", "right.flow", "--format", "short"]);
    assert!(other.stdout.contains("VF404"), "{}", other.stdout);
    sandbox.write("elsewhere/db.json", &pulled);
    let named = sandbox.run(&["check", "right.flow", "--schema", "elsewhere", "--deny", "warnings"]);
    assert_eq!(named.code, 0, "{}", named.stdout);
    sandbox.write("elsewhere/db.json", "{");
    let broken = sandbox.run(&["check", "right.flow", "--schema", "elsewhere"]);
    assert!(broken.code == 2 && broken.stderr.contains("cannot read the snapshot"), "{}", broken.stderr);
}

#[test]
fn what_may_not_be_null_has_a_value() {
    let sandbox = project();
    sandbox.run(&["schema", "pull"]);
    let told = |rows: &str| {
        let text = format!(
            "workflow w {{\n  use db: sql\n  param none_or_one: float? = none\n  day = 2025-01-01\n  \
             n = do db.insert(\"prices\", rows: [{rows}])\n  output m = [f\"{{n}}{{none_or_one ?? 1.0}}{{day}}\"]\n}}\n"
        );
        sandbox.write("w.flow", &text);
        sandbox.run(&["check", "w.flow", "--format", "short"]).stdout
    };
    assert_eq!(told("{ asset_id: 1, day: day, value: 1.0 }"), "");
    assert_eq!(told("{ asset_id: 1, day: day, value: none_or_one }"), "", "it may well have one");
    let none = told("{ asset_id: 1, day: day, value: none }");
    assert!(none.contains("error[VF405]: `none` goes into the column `value`, which holds no null"), "{none}");
    let lacking = told("{ asset_id: 1, source: \"x\" }");
    assert!(
        lacking.contains("warning[VF405]: the rows have no `day`, `value`, which `prices` wants of every row"),
        "{lacking}"
    );
}

#[test]
fn a_name_of_the_workflow_is_offered_where_no_column_is_called_so() {
    let sandbox = project();
    sandbox.run(&["schema", "pull"]);
    let text = "workflow w {\n  use db: sql\n  param asset: text = \"a\"\n  rows = db.query(sql\"\"\"select id from assets where symbol = asset\"\"\")\n  \
                output n = f\"{rows.count}{asset}\"\n}\n";
    sandbox.write("w.flow", text);
    let ran = sandbox.run(&["check", "w.flow", "--fix"]);
    assert_eq!((ran.code, sandbox.read("w.flow")), (0, text.replace("= asset\"", "= :asset\"")), "{}", ran.stdout);
}

#[test]
fn the_file_that_makes_the_tables_is_known_without_a_snapshot() {
    let sandbox = project();
    let right = sandbox.run(&["check", "right.flow", "--deny", "warnings"]);
    assert_eq!((right.code, right.stdout.as_str()), (0, "no findings in 1 file\n"), "{}", right.stderr);
    let query = |text: &str| {
        format!("workflow w {{\n  use db: sql\n  rows = db.query(sql\"\"\"{text}\"\"\")\n  output n = rows.count\n}}\n")
    };
    let told = |text: &str| {
        sandbox.write("w.flow", &query(text));
        sandbox.run(&["check", "w.flow"]).stdout
    };
    let column = told("select dya from prices");
    assert!(column.contains("`prices` has no column `dya`") && column.contains("note: tables.sql"), "{column}");
    let near = told("select day from price");
    assert!(near.contains("has no table `price`") && near.contains("did you mean `prices`?"), "{near}");
    // The database may be older than the file, and hold more.
    let other = told("select day from elsewhere");
    assert!(!other.contains("VF404") && other.contains("VF402"), "{other}");
    // A snapshot goes before it; a file that does not run is told when the database is opened.
    sandbox.run(&["schema", "pull"]);
    assert!(told("select day from elsewhere").contains("has no table `elsewhere`"));
    std::fs::remove_file(sandbox.path().join("schema/db.json")).unwrap();
    sandbox.write("tables.sql", "creat table prices (day date)");
    assert!(!told("select dya from prices").contains("VF404"));
    assert!(!sandbox.path().join("data").exists());
    let ran = sandbox.run(&["run", "w.flow", "--format", "json"]);
    assert!(ran.code != 0 && ran.stdout.contains("the connection's schema does not run"), "{}", ran.stdout);
}

#[test]
fn rows_have_the_types_that_were_promised() {
    let sandbox = project();
    sandbox.run(&["schema", "pull"]);
    sandbox.write(
        "typed.flow",
        r#"workflow typed {
  use db: sql
  made = do db.execute(sql"""insert into prices (asset_id, day, value) values (1, '2025-01-31', 2), (1, '2025-02-03', 3)""")
  require made == 2
  rows = db.query(sql"""select asset_id, max(day) as last_day, count(*) as n, sum(value) as total from prices group by asset_id order by asset_id""")
    with { timeout: 10s, after: [made] }
  output next = [r.last_day + 1d for r in rows if r.last_day != none]
  output n = [r.n * 2 for r in rows]
}
"#,
    );
    let text =
        sandbox.read("typed.flow").replace("\n    with { timeout: 10s, after: [made] }", " with { after: [made] }");
    sandbox.write("typed.flow", &text);
    let ran = sandbox.run(&["run", "typed.flow", "--format", "json"]);
    let document = ran.expect(0);
    assert_eq!(document["outputs"]["next"], json!(["2025-02-04"]), "{}", ran.stdout);
    assert_eq!(document["outputs"]["n"], json!([4]));
}

#[test]
fn the_shipped_snapshot_is_that_of_the_shipped_warehouse() {
    let sandbox = Sandbox::new();
    for file in ["schema/db.json", "schema/market.json"] {
        sandbox.write(file, &std::fs::read_to_string(root().join(file)).unwrap());
    }
    let same = sandbox.run(&["schema", "diff"]);
    let told = "schema/db.json: the database is as it says\nschema/market.json: the database is as it says\n";
    assert_eq!((same.code, same.stdout.as_str()), (0, told));
    for environment in ["local", "prod"] {
        let ran = sandbox.run(&["check", "workflows", "--env", environment, "--deny", "warnings"]);
        assert!(ran.code == 0 && ran.stdout.starts_with("no findings in "), "{environment}: {}", ran.stdout);
    }
    let text = sandbox.read("workflows/extractor.flow").replace("select biz_date, max", "select biz_dat, max");
    sandbox.write("workflows/extractor.flow", &text);
    let ran = sandbox.run(&["check", "workflows", "--format", "short"]);
    assert!(ran.stdout.contains("error[VF404]: `vm_extraction_jobs` has no column `biz_dat`"), "{}", ran.stdout);
}

#[tokio::test]
async fn postgres_is_read_and_asked() {
    let url = fresh_schema().await;
    let own = "
        create type mood as enum ('good', 'bad');
        create domain amount as numeric(20, 8) not null;
        create table odd (id serial primary key, m mood, a amount, tags text[], v varchar(5), n integer, \"Odd\" date);
        create unique index on odd (v) where n > 1;
        create unique index on odd (n, v)";
    define(&open(&url), &format!("{TABLES};{own}")).await;
    let sandbox = project();
    sandbox.write("vmflow.yaml", &configuration(&format!("{{ kind: postgres, url: \"{url}\" }}")));
    let pulled = sandbox.run(&["schema", "pull"]);
    assert_eq!((pulled.code, pulled.stdout.as_str()), (0, "schema/db.json: 4 tables\n"), "{}", pulled.stderr);
    golden::assert(&root().join("tests/ui/schema/postgres.json"), &settled(&sandbox.read("schema/db.json")));
    let right = sandbox.run(&["check", "right.flow", "--deny", "warnings"]);
    assert_eq!((right.code, right.stdout.as_str()), (0, "no findings in 1 file\n"), "{}", right.stdout);
    // The database itself finds what no snapshot tells, and points at the word.
    sandbox.write(
        "live.flow",
        "workflow live {\n  use db: sql\n  param n: int = 1\n  a = db.query(sql\"\"\"select 'é' as x, no_function(:n) as y from assets\"\"\") as table<{ x: text, y: int }>\n  output a = a.count\n}\n",
    );
    let blind = sandbox.run(&["check", "live.flow", "--format", "short"]);
    assert_eq!(blind.code, 0, "{}", blind.stdout);
    let live = sandbox.run(&["check", "live.flow", "--live", "--format", "short"]);
    assert_eq!(live.code, 1, "{}", live.stderr);
    let wanted = "live.flow:4:39: error[VF401]: the database refuses this: function no_function(";
    assert!(live.stdout.starts_with(wanted), "{}", live.stdout);
    let right = sandbox.run(&["check", "right.flow", "--live"]);
    // What the workflow makes itself is not asked for.
    assert_eq!(right.stdout, "no findings in 1 file\n");
    define(&open(&url), "alter table assets add column more text; drop table odd").await;
    assert_eq!(sandbox.run(&["schema", "diff"]).code, 1);
}

#[tokio::test]
async fn mariadb_is_read_and_asked() {
    let url = mysql::fresh_database().await;
    let own = "
        create table odd (
            id integer auto_increment primary key, m enum('good', 'bad') default 'good', a decimal(20, 8) not null,
            v varchar(5), n bigint unsigned, twice integer as (id * 2), at datetime(3) default current_timestamp(3),
            unique (n, v), unique (v(2))
        )";
    let tables = TABLES.replace("jsonb", "json").replace("timestamptz", "datetime(6)");
    define(&mysql::open(&url), &format!("{tables};{own}")).await;
    let sandbox = project();
    sandbox.write("vmflow.yaml", &configuration(&format!("{{ kind: mysql, url: \"{url}\" }}")));
    let pulled = sandbox.run(&["schema", "pull"]);
    assert_eq!((pulled.code, pulled.stdout.as_str()), (0, "schema/db.json: 4 tables\n"), "{}", pulled.stderr);
    golden::assert(&root().join("tests/ui/schema/mysql.json"), &settled(&sandbox.read("schema/db.json")));
    for arguments in [&["check", "right.flow", "--deny", "warnings"][..], &["check", "right.flow", "--live"]] {
        let right = sandbox.run(arguments);
        assert_eq!((right.code, right.stdout.as_str()), (0, "no findings in 1 file\n"), "{}", right.stderr);
    }
    // The database itself finds what no snapshot tells, and points at the word.
    sandbox.write(
        "live.flow",
        "workflow live {\n  use db: mysql\n  param n: int = 1\n  a = db.query(sql\"\"\"select 'é' as x, no_function(:n) as y from assets\"\"\") as table<{ x: text, y: int }>\n  output a = a.count\n}\n",
    );
    let blind = sandbox.run(&["check", "live.flow", "--format", "short"]);
    assert_eq!(blind.code, 0, "{}", blind.stdout);
    let live = sandbox.run(&["check", "live.flow", "--live", "--format", "short"]);
    assert_eq!(live.code, 1, "{}", live.stderr);
    assert!(live.stdout.contains("error[VF401]: the database refuses this: FUNCTION"), "{}", live.stdout);
    let wrong = sandbox.read("live.flow").replace("no_function(:n)", "a::int");
    sandbox.write("live.flow", &wrong);
    let found = sandbox.run(&["check", "live.flow", "--format", "short"]);
    assert!(found.stdout.contains("error[VF401]: MySQL has no `::` casts"), "{}", found.stdout);
    define(&mysql::open(&url), "alter table assets add column more text; drop table odd").await;
    assert_eq!(sandbox.run(&["schema", "diff"]).code, 1);
}

#[test]
fn a_live_check_that_has_nobody_to_ask_says_so() {
    let sandbox = Sandbox::new();
    sandbox.write("right.flow", "workflow right {\n  output n = 1\n}\n");
    sandbox.write("vmflow.yaml", "environments:\n  a: {}\n  b: {}\n");
    assert_eq!(sandbox.run(&["check", "right.flow"]).code, 0);
    let unchosen = sandbox.run(&["check", "right.flow", "--live", "--format", "short"]);
    assert!(unchosen.code == 1 && unchosen.stdout.contains("environment"), "{}{}", unchosen.stdout, unchosen.stderr);
    std::fs::remove_file(sandbox.path().join("vmflow.yaml")).unwrap();
    let alone = sandbox.run(&["check", "right.flow", "--live"]);
    assert!(alone.code == 2 && alone.stderr.contains("there is no vmflow.yaml"), "{}{}", alone.stdout, alone.stderr);
}

#[test]
fn a_live_check_of_sqlite_asks_it_and_makes_nothing() {
    let sandbox = project();
    let text = "workflow live {\n  use db: sql\n  a = db.query(sql\"\"\"select typeof(1, 2) as x from assets\"\"\") as table<{ x: int }>\n  output a = a.count\n}\n";
    sandbox.write("live.flow", text);
    let live = sandbox.run(&["check", "live.flow", "--live", "--format", "short"]);
    let wanted =
        "live.flow:3:22: error[VF401]: the database refuses this: wrong number of arguments to function typeof()\n";
    assert_eq!((live.code, live.stdout.as_str()), (1, wanted), "{}", live.stderr);
    assert!(!sandbox.path().join("data").exists());
}

/// A SQLite file as others make them, with two views that cannot be read any more.
async fn foreign(path: &std::path::Path, journal: &str) {
    let statements = "create table plain (a int); create view fine as select a from plain;
         create view broken as select nope from plain; create view orphan as select a from gone;";
    let address = format!("sqlite://{}?mode=rwc", path.display());
    let mut made = <sqlx::SqliteConnection as sqlx::Connection>::connect(&address).await.unwrap();
    let text = format!("pragma journal_mode = {journal}; {statements}");
    sqlx::raw_sql(sqlx::AssertSqlSafe(text)).execute(&mut made).await.unwrap();
    sqlx::Connection::close(made).await.unwrap();
}

#[tokio::test]
async fn looking_at_a_sqlite_file_changes_nothing_and_names_the_views_that_it_cannot_read() {
    for journal in ["delete", "wal"] {
        let sandbox = Sandbox::new();
        let db = sandbox.path().join("db");
        std::fs::create_dir(&db).unwrap();
        foreign(&db.join("x.db"), journal).await;
        sandbox.write("vmflow.yaml", &configuration("{ kind: sqlite, path: db/x.db }"));
        sandbox.write("w.flow", "workflow w {\n  use db: sql\n  a = db.query(sql\"\"\"select a from fine\"\"\") as table<{ a: int? }>\n  output a = a.count\n}\n");
        let before = std::fs::read(db.join("x.db")).unwrap();
        for (arguments, out) in [
            (["schema", "pull"].as_slice(), "schema/db.json: 2 tables\n"),
            (&["schema", "diff"], "schema/db.json: the database is as it says\n"),
            (&["check", "w.flow", "--live"], "no findings in 1 file\n"),
        ] {
            let ran = sandbox.run(arguments);
            assert_eq!((ran.code, ran.stdout.as_str()), (0, out), "{}", ran.stderr);
            let told = "vmflow: the connection `db`: the view `broken` is left out, as the database cannot read it: no such column: nope\n";
            assert!(ran.stderr.contains(told) && ran.stderr.contains("the view `orphan`"), "{}", ran.stderr);
        }
        assert_eq!(std::fs::read(db.join("x.db")).unwrap(), before, "{journal}");
        assert_eq!(std::fs::read_dir(&db).unwrap().count(), 1, "{journal}");
    }
}

#[test]
fn a_folder_of_snapshots_that_is_not_there_is_told() {
    let sandbox = project();
    let ran = sandbox.run(&["check", "right.flow", "--schema", "nope"]);
    let told = "vmflow: there is no folder `nope`; `vmflow schema pull --schema nope` writes snapshots there\n";
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (2, "", told));
}
