//! `local.query`: SQL over values that a workflow has already.

use std::sync::Arc;

use serde_json::json;
use vmflow::connection::sql::local_query;
use vmflow::query::sql::{Hole, Piece, SqlQuery, SqlTemplate, StatementKind};
use vmflow::source::{SourceId, Span};
use vmflow::value::{StepError, Table, Value};

use crate::support::sandbox::Sandbox;

/// A workflow with some rows, and a query of them.
fn workflow(query: &str, behind: &str) -> String {
    format!(
        r#"## Asks what is here.
workflow w {{
  use inbox: files
  param words: list<text> = ["A1", "é"]
  param day: date = 2025-01-30

  least = 9.5 as decimal
  rows = inbox.read_csv("rows.csv") as table<{{ auid: text, day: date, price: decimal, n: int, at: timestamp, is_it: bool, note: text? }}>
  names = [{{ auid: "A1", name: "first" }}, {{ auid: "B2", name: "none of them" }}]
  nothing = [r for r in rows if r.n > 100]
  answer = local.query(sql"""{query}"""){behind}
  output answer = answer
}}
"#
    )
}

const ROWS: &str = "auid,day,price,n,at,is_it,note
A1,2025-01-30,10.10,1,2025-01-30T06:00:00.123456789Z,true,
A1,2025-01-31,9.5000000000000000000000000001,2,2025-01-31T06:00:00Z,false,x
é,2025-01-31,-0.1,3,2025-01-31T06:00:00.5Z,true,\"it's \"\"q\"\"\"
";

/// A project with it.
fn project(query: &str, behind: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("vmflow.yaml", "default_environment: local\nenvironments:\n  local:\n    connections:\n      inbox: { kind: files, path: . }\n");
    sandbox.write("rows.csv", ROWS);
    sandbox.write("w.flow", &workflow(query, behind));
    sandbox
}

fn checked(query: &str, behind: &str) -> String {
    let sandbox = project(query, behind);
    let ran = sandbox.run(&["check", "w.flow", "--format", "short"]);
    format!("{}{}", ran.stdout, ran.stderr)
}

fn answer(query: &str, behind: &str) -> serde_json::Value {
    let sandbox = project(query, behind);
    let ran = sandbox.run(&["run", "w.flow"]);
    ran.expect(0)["outputs"]["answer"].clone()
}

#[test]
fn what_comes_out_is_what_went_in() {
    let rows = answer("select auid, day, price, n, at, is_it, note from rows order by n", "");
    assert_eq!(
        rows,
        json!([
            { "auid": "A1", "day": "2025-01-30", "price": "10.10", "n": 1, "at": "2025-01-30T06:00:00.123456789Z", "is_it": true, "note": null },
            { "auid": "A1", "day": "2025-01-31", "price": "9.5000000000000000000000000001", "n": 2, "at": "2025-01-31T06:00:00Z", "is_it": false, "note": "x" },
            { "auid": "é", "day": "2025-01-31", "price": "-0.1", "n": 3, "at": "2025-01-31T06:00:00.500Z", "is_it": true, "note": "it's \"q\"" },
        ])
    );
}

#[test]
fn tables_are_joined_grouped_and_compared_by_value() {
    assert_eq!(
        answer(
            "select r.auid, names.name, count(*) as n, max(r.price) as top, min(r.at) as first
             from rows r left join names using (auid) group by r.auid, names.name order by r.auid",
            " as table<{ auid: text, name: text?, n: int, top: decimal?, first: timestamp? }>"
        ),
        json!([
            { "auid": "A1", "name": "first", "n": 2, "top": "10.10", "first": "2025-01-30T06:00:00.123456789Z" },
            { "auid": "é", "name": null, "n": 1, "top": "-0.1", "first": "2025-01-31T06:00:00.500Z" },
        ])
    );
    let numbers = |query: &str| {
        let rows = answer(query, "");
        rows.as_array().unwrap().iter().map(|row| row["n"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(
        numbers("select n from rows order by price"),
        [3, 2, 1],
        "9.5 is less than 10.1, whatever their first digit"
    );
    assert_eq!(numbers("select n from rows where price > 9.5 order by n"), [1, 2]);
    assert_eq!(numbers("select n from rows where price > :least and day >= :day order by n"), [1, 2]);
    assert_eq!(numbers("select n from rows where price = 10.1"), [1]);
    assert_eq!(numbers("select n from rows where auid in :words and price between -1 and 9.6 order by n"), [2, 3]);
    assert_eq!(numbers("select n from rows where at >= '2025-01-31 07:00:00+01:00' order by n"), [2, 3]);
    assert_eq!(
        numbers(
            "with best as (select auid, max(price) as top from rows group by auid)
                 select r.n from rows r join best b on r.auid = b.auid and r.price = b.top order by r.n"
        ),
        [1, 3]
    );
    assert_eq!(numbers("select count(*) as n from nothing"), [0]);
    assert_eq!(answer("select auid, price from nothing", ""), json!([]));
}

#[test]
fn what_cannot_be_right_is_told_before_the_run() {
    let typed = " as table<{ x: float? }>";
    for (query, wanted) in [
        (
            "select n from rws",
            "w.flow:11:44: error[VF404]: nothing here is called `rws`, and a local query reads what is here",
        ),
        ("select prize from rows", "error[VF404]: `rows` has no column `prize`"),
        ("select least from least", "error[VF403]: `decimal` is no table"),
        ("delete from rows", "error[VF406]: a local query reads, and this statement does not"),
        ("select n from rows where n = :nn", "error[VF403]"),
        ("select sum(price) as x from rows", "error[VF411]: a local query has no `sum` for decimals"),
        (
            "select n as x, price * 2 as y from rows",
            "w.flow:11:45: error[VF411]: a local query has no arithmetic for decimals",
        ),
        ("select date_trunc('month', day) as x from rows", "error[VF401]: SQLite has no function `date_trunc`"),
        ("select n from rows union select n as m from rows order by k", "error[VF404]: the result has no column `k`"),
        (
            "select auid, max(price) as x from rows group by auid order by max(price)",
            "error[VF411]: a local query does not order",
        ),
        (
            "select auid, max(price) as x from rows group by auid order by x",
            "error[VF411]: a local query does not order",
        ),
        (
            "select auid, max(price) as x from rows group by auid order by 2",
            "error[VF411]: a local query does not order",
        ),
        (
            "select n as x from rows r join names using (auid) order by coalesce(price, price)",
            "error[VF411]: a local query does not order",
        ),
        ("select n as x from rows group by auid having max(price) > 5", "error[VF411]: a local query does not compare"),
        ("select 1 as x from rows where price > n", "error[VF411]: a local query does not compare"),
        ("select coalesce(price, 0) as x from rows", "error[VF411]: a local query has no `coalesce` for decimals"),
        ("select from rows", "error[VF401]"),
    ] {
        let told = checked(query, typed);
        assert!(told.contains(wanted), "{query}\n{told}");
    }
    let told = checked("select nope.n from rows as nope, names where nope.n = 1 order by nope.price", "");
    assert!(!told.contains("error"), "{told}");
    assert!(checked("select * from rows join names using (auid)", "").contains("VF402"));
    let told = checked("select note as x from rows", " as table<{ x: int }>");
    assert!(told.contains("error[VF201]"), "{told}");
    let told = checked("select cast(price as real) as x, sum(cast(price as real)) as y from rows group by 1", "");
    assert!(!told.contains("error"), "{told}");
}

/// A query of one table, whatever it is called.
async fn ask(name: &str, table: Table, select: &str) -> Result<Table, StepError> {
    let span = Span::new(SourceId(0), 0, 0);
    let template = SqlTemplate {
        pieces: vec![Piece::Text(select.into()), Piece::Text(" from ".into()), Piece::Hole(0)],
        holes: vec![Hole { path: vec![name.into()], span, is_list: false }],
        kind: StatementKind::Read,
    };
    local_query(&SqlQuery { template: Arc::new(template), arguments: vec![Value::Table(Arc::new(table))] }).await
}

fn table(names: &[&str], rows: impl IntoIterator<Item = Vec<Value>>) -> Table {
    let mut table = Table::new(names.iter().map(|name| Arc::from(*name)).collect());
    rows.into_iter().for_each(|row| table.push(row));
    table
}

#[tokio::test]
async fn names_are_names_whatever_is_in_them() {
    for name in ["select", "a\"b", "x; drop table y", "sqlite_x2", "é", "main.t", "--", "'"] {
        let rows = table(&[name, "b\"; --"], [vec![Value::Int(1), Value::text("t")]]);
        let asked = ask(name, rows.clone(), "select *").await;
        if name == "sqlite_x2" {
            assert!(asked.unwrap_err().message.contains("reserved"), "{name}");
        } else {
            assert_eq!(asked.unwrap(), rows, "{name}");
        }
    }
}

#[tokio::test]
async fn what_sql_does_not_have_is_refused_by_column_and_row() {
    let message = async |value: Value| {
        let rows = table(&["x"], [vec![Value::None], vec![value]]);
        ask("rows", rows, "select *").await.unwrap_err().message
    };
    assert_eq!(
        message(Value::Float(f64::NAN)).await,
        "`rows`: column `x`, row 2: a `float` that is not a number is no value of SQL"
    );
    assert_eq!(
        message(Value::Secret("s".into())).await,
        "`rows`: column `x`, row 2: a `secret`, which no query gives back"
    );
    let mixed = table(&["x"], [vec![Value::Int(1)], vec![Value::text("a")]]);
    assert_eq!(
        ask("rows", mixed, "select *").await.unwrap_err().message,
        "`rows`: column `x`, row 2: `text`, where the rows before hold `int`"
    );
    let floats = table(&["x"], [vec![Value::Int(1)], vec![Value::Float(0.5)]]);
    let floats = ask("rows", floats, "select *").await.unwrap();
    assert_eq!(floats.columns, [[Value::Float(1.0), Value::Float(0.5)]]);
    let twice = table(&["x", "X"], [vec![Value::Int(1), Value::Int(2)]]);
    assert!(ask("rows", twice, "select *").await.unwrap_err().message.contains("duplicate column name"));
    let none = Table { shape: [].into(), columns: Vec::new(), rows: 3 };
    assert_eq!(ask("rows", none, "select *").await.unwrap_err().message, "`rows`: the rows have no columns");
}

#[tokio::test]
async fn a_million_rows_are_grouped() {
    let row = |n: i64| vec![Value::text(format!("asset {}", n % 1000)), Value::Int(n)];
    let rows = table(&["auid", "n"], (0..1_000_000).map(row));
    let answer =
        ask("rows", rows, "select count(distinct auid) as assets, sum(n) as n, count(*) as rows").await.unwrap();
    assert_eq!(answer.row(0).unwrap().values, [Value::Int(1000), Value::Int(499_999_500_000), Value::Int(1_000_000)]);
}

/// Whether SQLite is at work in this process: it works on a thread of its own for each connection.
fn is_at_work() -> bool {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap().flatten();
    let names = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok());
    names.into_iter().any(|name| name.starts_with("sqlx-sqlite"))
}

#[tokio::test]
#[ignore = "run by `a_query_that_nobody_waits_for_is_stopped`, in a process of its own"]
async fn a_query_is_abandoned() {
    let rows = table(&["n"], (0..2000).map(|n| vec![Value::Int(n)]));
    let select = "select (select count(*) from rows a, rows b, rows c, rows d where a.n + b.n + c.n + d.n = -1) as n";
    let asking = tokio::time::timeout(std::time::Duration::from_millis(500), ask("rows", rows, select));
    assert!(asking.await.is_err(), "it would take years");
    while is_at_work() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

#[test]
fn a_query_that_nobody_waits_for_is_stopped() {
    let test = std::env::current_exe().unwrap();
    let mut command = std::process::Command::new("timeout");
    let ran = command
        .arg("120")
        .arg(test)
        .args(["--exact", "sql::local::a_query_is_abandoned", "--ignored"])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success() && told.contains("1 passed"), "{:?} {told}", ran.status);
}
