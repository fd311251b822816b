//! A file is there whole or not at all, whatever happens to its writer; workflows that read and write.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::json;
use vmflow::connection::{Change, FileFormat};
use vmflow::value::Value;

use super::{csv, names, table, write};
use crate::support::sandbox::Sandbox;

const CONFIGURATION: &str = "default_environment: here
environments:
  here:
    connections:
      inbox: { kind: files, path: inbox }
      out: { kind: files, path: data/out }
";

const COPY: &str = r#"## Keeps the prices that are known.
workflow prices {
  use inbox: files
  use out: files
  param file: text = "prices.csv"

  rows = inbox.read_csv(file) as table<{ day: date, auid: text, price: decimal? }>
  known = [r for r in rows if r.price != none]
  copied = do out.write_csv(known, to: "2025/known.csv")
  lines = do out.write_jsonl(known, to: "known.jsonl")
  back = out.read_jsonl("known.jsonl") as table<{ day: date, price: decimal }> with { after: [lines] }

  output rows = copied.rows
  output files_created = copied.created + lines.created
  output files_updated = copied.updated + lines.updated
  output files_unchanged = copied.unchanged + lines.unchanged
  output total = sum(back.price)
}
"#;

fn project() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("vmflow.yaml", CONFIGURATION);
    sandbox.write("prices.flow", COPY);
    sandbox.write("inbox/prices.csv", "day,auid,price\n2025-01-30,A1,0.1\n2025-01-31,A1,\n2025-01-31,B2,0.2\n");
    sandbox
}

#[test]
fn a_workflow_reads_and_writes_and_counts() {
    let sandbox = project();
    assert_eq!(sandbox.run(&["check", "prices.flow"]).code, 0);
    let outputs = |ran: serde_json::Value| ran["outputs"].clone();
    let first = outputs(sandbox.run(&["run", "prices.flow"]).expect(0));
    assert_eq!(
        first,
        json!({ "rows": 2, "files_created": 2, "files_updated": 0, "files_unchanged": 0, "total": "0.3" })
    );
    assert_eq!(sandbox.read("data/out/2025/known.csv"), "day,auid,price\n2025-01-30,A1,0.1\n2025-01-31,B2,0.2\n");
    assert_eq!(
        sandbox.read("data/out/known.jsonl"),
        "{\"day\":\"2025-01-30\",\"auid\":\"A1\",\"price\":\"0.1\"}\n{\"day\":\"2025-01-31\",\"auid\":\"B2\",\"price\":\"0.2\"}\n"
    );
    let second = outputs(sandbox.run(&["run", "prices.flow"]).expect(0));
    assert_eq!(second["files_unchanged"], 2);
    sandbox.write("inbox/prices.csv", "day,auid,price\n2025-01-31,A1,\n");
    let third = outputs(sandbox.run(&["run", "prices.flow"]).expect(0));
    assert_eq!((&third["rows"], &third["files_updated"]), (&json!(0), &json!(2)));
    // No rows are left, and the header is still that of the type.
    assert_eq!(sandbox.read("data/out/2025/known.csv"), "day,auid,price\n");
    sandbox.write("inbox/prices.csv", "day,auid,price\n2025-01-31,A1,free\n");
    let failed = sandbox.run(&["run", "prices.flow"]);
    assert_eq!(failed.code, 1, "{}", failed.stdout);
    let message = failed.json()["error"]["message"].to_string();
    assert!(message.contains("prices.csv:2: column price: expected decimal or none, got \\\"free\\\""), "{message}");
    assert_eq!(sandbox.read("data/out/2025/known.csv"), "day,auid,price\n");
}

#[test]
fn a_plan_says_which_files_would_change_and_writes_none() {
    let sandbox = project();
    // A plan reads what is there: before the first run that is nothing.
    let text = COPY.lines().filter(|line| !line.contains("back")).collect::<Vec<_>>().join("\n");
    sandbox.write("prices.flow", &text);
    let plan = |code: i32| sandbox.run(&["plan", "prices.flow", "--detailed-exitcode"]).expect(code);
    let written = |plan: &serde_json::Value| {
        let groups = plan["writes"].as_array().unwrap().clone();
        let of = |group: &serde_json::Value| {
            let counts = &group["counts"];
            let counted = ["created", "updated", "unchanged"].map(|name| counts[name].as_u64().unwrap());
            (group["target"].as_str().unwrap().to_owned(), counted, group["examples"][0]["what"].clone())
        };
        groups.iter().map(of).collect::<Vec<_>>()
    };
    let (csv, lines) = ("2025/known.csv".to_owned(), "known.jsonl".to_owned());
    let first = plan(6);
    assert_eq!(
        written(&first),
        [(csv.clone(), [1, 0, 0], json!("2 rows, 51 bytes")), (lines.clone(), [1, 0, 0], json!("2 rows, 94 bytes"))]
    );
    assert!(!sandbox.path().join("data").exists(), "nothing was made");
    sandbox.run(&["run", "prices.flow"]).expect(0);
    let counted =
        |plan: &serde_json::Value| written(plan).into_iter().map(|(_, counted, _)| counted).collect::<Vec<_>>();
    assert_eq!(counted(&plan(0)), [[0, 0, 1], [0, 0, 1]]);
    let before = names(&sandbox.path().join("data/out"));
    sandbox.write("data/out/known.jsonl", "");
    assert_eq!(counted(&plan(6)), [[0, 0, 1], [0, 1, 0]]);
    assert_eq!(names(&sandbox.path().join("data/out")), before);
    std::fs::remove_file(sandbox.path().join("data/out/known.jsonl")).unwrap();
    std::fs::create_dir(sandbox.path().join("data/out/known.jsonl")).unwrap();
    let failing = plan(1);
    let message = failing["error"]["message"].as_str().unwrap();
    assert!(message.contains("cannot write `known.jsonl`: a directory stands there, not a file"), "{message}");
}

#[test]
fn what_cannot_be_right_is_told_before_the_run() {
    let sandbox = project();
    let check = |line: &str| {
        let text = format!("workflow w {{\n  use inbox: files\n  use out: files\n  {line}\n}}\n");
        sandbox.write("wrong.flow", &text);
        let ran = sandbox.run(&["check", "wrong.flow", "--format", "short"]);
        assert_eq!(ran.code, 1, "{line}\n{}{}", ran.stdout, ran.stderr);
        format!("{}{}", ran.stdout, ran.stderr)
    };
    let path = "expected a path below the connection's directory, such as `2025/prices.csv`, found";
    assert!(check("output t = inbox.read_text(\"/etc/passwd\")").contains(path));
    assert!(check("output t = inbox.read_text(\"a/../../b\")").contains(path));
    assert!(check("do out.write_jsonl([{ n: 1 }], to: \"../a\")").contains(path));
    assert!(check("output t = inbox.read_csv(\"a\", delimiter: \"::\")").contains("expected one character"));
    assert!(check("output t = inbox.read_csv(\"a\", dates: \"%H\")").contains("whole day"));
    assert!(
        check("output t = inbox.read_csv(\"a\") as table<{ n: duration }>")
            .contains("column `n`: a file holds no `duration`")
    );
    assert!(check("output t = inbox.read_csv(\"a\") as text").contains("a file of rows cannot be `text`"));
    assert!(check("output t = out.write_csv([{ n: 1 }], to: \"a\")").contains("writes a file, so it needs `do`"));
    assert!(check("do out.write_csv([1, 2], to: \"a\")").contains("`rows` wants a list of records"));
}

#[test]
fn a_test_gives_what_is_read_and_sees_what_is_written() {
    let sandbox = project();
    sandbox.write(
        "prices_test.flow",
        r#"import "prices.flow"

test "prices that are not known are left out" of prices.prices {
  given rows = [
    { day: 2025-01-30, auid: "A1", price: 0.5 as decimal },
    { day: 2025-01-31, auid: "A1", price: none },
  ]
  given back = [{ day: 2025-01-30, price: 0.5 as decimal }]
  expect writes(out).count == 2
  expect writes(out, path: "2025/known.csv")[0].format == "csv"
  expect writes(out, path: "2025/known.csv")[0].rows.count == 1
  expect copied.rows == 1
}

test "nothing is read that is not given" of prices.prices {
  expect run.status == "failed"
}
"#,
    );
    let ran = sandbox.run(&["test", "prices_test.flow"]);
    assert!(ran.stdout.contains("1 passed") && ran.stdout.contains("rows"), "{}{}", ran.stdout, ran.stderr);
    assert!(!sandbox.path().join("data").exists());
}

/// A big inbox, whose copy takes long enough to be interrupted.
fn fill(sandbox: &Sandbox) {
    let row = |n: usize| format!("2025-01-31,A{n},{n}.5\n");
    let rows: String = (0..60_000).map(row).collect();
    sandbox.write("inbox/prices.csv", &format!("day,auid,price\n{rows}"));
}

fn temporary(path: &Path) -> bool {
    path.is_dir() && names(path).iter().any(|name| name.starts_with(".vmflow-"))
}

/// How often it is tried to stop a writer half-way, which a busy machine may miss.
const TRIES: usize = 50;

/// Kills a run while it writes into `folder`; whether it was in time.
fn is_killed_half_way(sandbox: &Sandbox, folder: &Path) -> bool {
    let mut command = sandbox.command(&["run", "prices.flow"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while !temporary(folder) && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_micros(100));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    temporary(folder)
}

#[test]
fn a_writer_that_is_killed_leaves_the_old_file_and_the_next_one_tidies_up() {
    let sandbox = project();
    fill(&sandbox);
    let folder = sandbox.path().join("data/out/2025");
    let is_killed = (0..TRIES).any(|_| {
        sandbox.write("data/out/2025/known.csv", "old\n");
        is_killed_half_way(&sandbox, &folder)
    });
    assert!(is_killed, "it was always killed too late");
    assert_eq!(sandbox.read("data/out/2025/known.csv"), "old\n");
    sandbox.run(&["run", "prices.flow"]).expect(0);
    assert_eq!(names(&folder), ["known.csv"]);
    assert_eq!(sandbox.read("data/out/2025/known.csv").lines().count(), 60_001);
}

#[test]
fn a_disk_that_takes_no_more_leaves_the_old_file() {
    let sandbox = project();
    sandbox.run(&["run", "prices.flow"]).expect(0);
    let before = sandbox.read("data/out/2025/known.csv");
    fill(&sandbox);
    // A limit on the size of files stands for a full disk: it needs no rights, and stops a write half-way as well.
    let script = format!("trap '' XFSZ; ulimit -f 256; exec {} run prices.flow", env!("CARGO_BIN_EXE_vmflow"));
    let mut command = std::process::Command::new("bash");
    let ran = command.args(["-c", &script]).current_dir(sandbox.path()).env("CI", "true").output().unwrap();
    let told = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert_eq!(ran.status.code(), Some(1), "{told}");
    assert!(
        told.contains("cannot write `2025/known.csv`: file too large; what was there before is unchanged"),
        "{told}"
    );
    assert_eq!(sandbox.read("data/out/2025/known.csv"), before);
    assert_eq!(names(&sandbox.path().join("data/out/2025")), ["known.csv"]);
}

#[tokio::test]
async fn a_write_that_is_given_up_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let row = [Value::text("x".repeat(50)), Value::Int(1)];
    let rows: Vec<&[Value]> = (0..200_000).map(|_| row.as_slice()).collect();
    let rows = table(&["text", "n"], &rows);
    let format = FileFormat::Csv(csv());
    let appears = async || {
        while !temporary(folder.path()) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    for _ in 0..TRIES {
        tokio::select! {
            _ = write(folder.path(), "a.csv", &format, &rows) => {}
            () = appears() => {}
        }
        while temporary(folder.path()) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        if std::fs::remove_file(folder.path().join("a.csv")).is_err() {
            assert_eq!(names(folder.path()), [] as [&str; 0]);
            let few = table(&["n"], &[&[Value::Int(1)]]);
            assert_eq!(write(folder.path(), "a.csv", &format, &few).await.unwrap().change, Change::Created);
            return;
        }
    }
    panic!("it was always given up too late");
}
