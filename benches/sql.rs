//! How many rows a second go through a SQL connection, and how much memory that takes; run by `scripts/bench-sql`.
//!
//!     sql (sqlite FILE | postgres URL) (insert | upsert | query) ROWS DAY VALUE
//!
//! The table `bench` is there. Prints a JSON object: the seconds that the call took, the bytes by which the process grew
//! at most meanwhile, and what the call gave. The rows are made before the clock starts, and there are as many a day.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::sync::Arc;
use std::time::Instant;

use chrono::{Days, NaiveDate};
use serde_json::json;
use vmflow::connection::Sql;
use vmflow::connection::sql::{PostgresDatabase, PostgresOptions, PostgresServer, SqliteDatabase, SqliteOptions};
use vmflow::query::sql::{SqlQuery, parse};
use vmflow::source::{SourceId, Span};
use vmflow::value::{Table, Value};

fn open(store: &str, place: &str) -> Box<dyn Sql> {
    if store == "sqlite" {
        return Box::new(SqliteDatabase::open(SqliteOptions { path: place.into(), schema_sql: None }));
    }
    let server = PostgresServer::Url(place.to_owned());
    Box::new(PostgresDatabase::connect(&PostgresOptions { server, pool: 2, connect_timeout_ms: 10_000 }).unwrap())
}

/// A thousand assets on each of so many days.
fn rows(count: usize, first: NaiveDate, value: f64) -> Table {
    let mut table = Table::new(["auid", "biz_date", "value", "copied_at"].map(Arc::from).into());
    let at = Value::Timestamp("2025-01-31T06:00:00Z".parse().unwrap());
    for n in 0..count {
        let day = first.checked_add_days(Days::new((n / 1000) as u64)).unwrap();
        let auid = Value::text(format!("asset-{:04}", n % 1000));
        table.push([auid, Value::Date(day), Value::Float(value + n as f64 / 8.0), at.clone()]);
    }
    table
}

fn query(text: &str) -> SqlQuery {
    let span = Span::new(SourceId(0), 0, u32::try_from(text.len()).unwrap());
    let (template, findings) = parse(text, span);
    assert_eq!(findings, []);
    SqlQuery { template: Arc::new(template), arguments: Vec::new() }
}

/// A figure of this process in bytes: `VmRSS`, `VmHWM`.
fn memory(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [store, place, work, count, first, value] = arguments.as_slice() else {
        // `cargo test --benches` calls it without.
        return;
    };
    let db = open(store, place);
    let mut session = db.session().await.unwrap();
    let given =
        rows(if work == "query" { 0 } else { count.parse().unwrap() }, first.parse().unwrap(), value.parse().unwrap());
    let key: [Arc<str>; 2] = ["auid".into(), "biz_date".into()];
    let read = query("select auid, biz_date, value, copied_at from bench");
    // Forgets the peak of making the rows.
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = memory("VmRSS");
    let started = Instant::now();
    let gave = match work.as_str() {
        "insert" => json!({ "rows": session.insert("bench", &given).await.unwrap() }),
        "upsert" => {
            let done = session.upsert("bench", &given, &key, &[]).await.unwrap();
            json!({ "created": done.created, "updated": done.updated, "unchanged": done.unchanged })
        }
        "query" => json!({ "rows": session.query(&read).await.unwrap().rows }),
        other => panic!("no such work: {other}"),
    };
    let seconds = started.elapsed().as_secs_f64();
    let grew = memory("VmHWM").saturating_sub(before);
    println!("{}", json!({ "seconds": seconds, "grew": grew, "gave": gave }));
}
