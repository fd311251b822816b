//! Runs on record: looking back, taking up again, what a crash at any point leaves, what never gets into the file.

mod asleep;
mod backfill;
mod crash;
mod full;
mod history;
mod lookback;
mod outage;
mod points;
mod resume;
mod rows;
mod secrets;
mod server;
mod trouble;

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use sqlx::{Connection, Executor, SqliteConnection};

use crate::support::place::wait;
use crate::support::postgres;
use crate::support::sandbox::{Ran, Sandbox};

/// The configuration of the tests: one database.
const CONFIG: &str = "default_environment: local
environments:
  local:
    connections:
      db: { kind: sqlite, path: data.db }
";

/// Twelve numbers to copy, and a table for every way of writing.
const TABLES: &str = "create table source (n integer primary key, v integer not null);
  with recursive r(n) as (select 1 union all select n + 1 from r where n < 12) insert into source select n, 10 * n from r;
  create table copies (n integer primary key, v integer not null);
  create table notes (name text primary key, v integer not null);
  create table log (n integer not null);";

/// Reads, upserts side by side, a transaction; no write that is unsafe to repeat.
const SAFE: &str = r#"workflow safe {
  use db: sqlite
  param most: int = 12
  numbers = db.query(sql"""select n from source where n <= :most order by n""") as table<{ n: int }>
  copied = for each row in numbers in parallel 3 {
    found = db.query(sql"""select v from source where n = :row.n""") as table<{ v: int }>
    do db.upsert("copies", rows: [{ n: row.n, v: sum(found.v) }], key: ["n"])
    yield row.n * 2
  }
  noted = do transaction db {
    do db.upsert("notes", rows: [{ name: "all", v: copied.count }], key: ["name"])
    yield copied.count
  }
  output total = sum(copied)
  output noted = noted
}
"#;

/// An insert for each number: made twice, it would be there twice.
const UNSAFE: &str = r#"workflow unsafe {
  use db: sqlite
  numbers = db.query(sql"""select n from source where n <= 3 order by n""") as table<{ n: int }>
  logged = for each row in numbers {
    noted = do db.insert("log", rows: [{ n: row.n }])
    yield row.n
  }
  output total = sum(logged)
}
"#;

/// A project with that database, and its runs in a file or on a server.
struct Project {
    sandbox: Sandbox,
}

/// A name for a schema that no other test has.
fn fresh_schema() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("runs_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

impl Project {
    fn new() -> Self {
        let project = Self { sandbox: Sandbox::new() };
        project.sandbox.write("vmflow.yaml", CONFIG);
        project.sandbox.write("safe.flow", SAFE);
        project.sandbox.write("unsafe.flow", UNSAFE);
        project.execute(TABLES);
        project
    }

    /// With its runs on the server that the tests share, and the shortest lease.
    fn on_server() -> Self {
        Self::on(&postgres::url(), &fresh_schema(), "1s")
    }

    /// With its runs on a server.
    fn on(url: &str, schema: &str, lease: &str) -> Self {
        let project = Self::new();
        let runs = format!("runs: {{ url: \"{url}\", schema: {schema}, lease: {lease} }}\n{CONFIG}");
        project.sandbox.write("vmflow.yaml", &runs);
        project
    }

    /// Waits until the last run is nobody's any more: on a server that takes as long as its lease lasts.
    fn let_go(&self) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while self.runs().first().is_some_and(|run| run["status"] == "running") {
            assert!(Instant::now() < deadline, "its owner is gone");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    async fn database(&self) -> SqliteConnection {
        let file = self.sandbox.path().join("data.db");
        SqliteConnection::connect(&format!("sqlite:{}?mode=rwc", file.display())).await.unwrap()
    }

    fn execute(&self, sql: &str) {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        wait(async { self.database().await.execute(sqlx::raw_sql(sql)).await.unwrap() });
    }

    /// The only column of a query, which is of whole numbers.
    fn numbers(&self, sql: &str) -> Vec<i64> {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        wait(async { sqlx::query_scalar(sql).fetch_all(&mut self.database().await).await.unwrap() })
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.sandbox.run(arguments)
    }

    /// Runs and ends the process at a point.
    fn abort_at(&self, point: &str, arguments: &[&str]) -> Ran {
        self.sandbox.command(arguments).env("VMFLOW_ABORT_AT", point).output().unwrap().into()
    }

    /// `vmflow runs`, newest first.
    fn runs(&self) -> Vec<Json> {
        match self.run(&["runs", "--format", "json"]) {
            Ran { code: 0, stdout, .. } => {
                serde_json::from_str::<Json>(&stdout).unwrap()["runs"].as_array().unwrap().clone()
            }
            Ran { stderr, .. } => {
                assert!(stderr.contains("no run was recorded yet"), "{stderr}");
                Vec::new()
            }
        }
    }

    fn shown(&self) -> Json {
        self.run(&["runs", "show", "last", "--format", "json"]).expect(0)
    }
}
