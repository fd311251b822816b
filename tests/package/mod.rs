//! Packages: what is listed and shown of them, how their jobs run, and what an enemy puts into them.

mod enemies;
mod jobs;
mod range;

use serde_json::Value as Json;

use crate::support::sandbox::{Ran, Sandbox};

/// The instant at which everything here happens: a Friday.
const AT: &str = "2026-10-30T18:00Z";

const CONFIG: &str = "default_environment: local
packages: [shared/loans]
environments:
  local:
    connections:
      db: { kind: sqlite, path: .vmflow/warehouse.db }
      api: { kind: http, base_url: \"http://127.0.0.1:1\" }
jobs:
  nightly:
    name: Copies of the night
    workflow: packages/rates/copy.flow
    params: { account: acct0 }
    schedule: { cron: \"0 2 * * *\", timezone: Europe/London }
";

const MANIFEST: &str = "name: rates
version: 1.10
description: Reference rates
defaults:
  labels: { team: data }
  params: { limit: 50, not_of_everyone: 1 }
  schedule: { timezone: Europe/London, calendar: weekdays }
jobs:
  copy:
    params: { account: acct1, since: yesterday }
    schedule: { cron: \"30 6 * * *\" }
    timeout: 1h
  copy_all:
    description: Everything, from the beginning
    workflow: copy.flow:copy
    params: { since: 2024-01-01, account: all, api_key: \"${RATES_KEY:-none at all}\" }
    labels: { kind: big }
    after: copy
";

const COPY: &str = "## Copies one account's rates of a range of days.
##
## Days that are there already are left alone.
workflow copy {
  use db: sql
  ## Which account.
  param account: text
  ## From when on.
  param since: timestamp = run.now
  ## Until when.
  param until_: timestamp = run.now
  param limit: int = 100
  param full: bool = false
  ## How they are shown.
  param format: \"long\" | \"short\" = \"short\"
  param api_key: text? = none
  one = db.query(sql\"\"\"select 1 as n\"\"\") as table<{ n: int }>
  ## What was copied.
  output said = f\"{account} {limit} {full} {format}\"
  output rows = one.count
  output has_key = api_key != none
}
";

/// Both ends of a range in each form that they may be declared in.
const DAYS: &str = "workflow days {
  param since: date
  param until_: date? = none
  output since = since
  output until_ = until_
}

workflow texts {
  param since: text
  param until_: text = \"\"
  output since = since
  output until_ = until_
}
";

const TEST: &str = "import \"../copy.flow\"

test \"it says what it copied\" of copy {
  at 2026-01-15T12:00Z
  set { account: \"a\" }
  given one = table {
    | n |
    | 1 |
  }
  expect run.status == \"success\"
}
";

/// A project with a good package by convention, and one that is named.
fn project() -> Sandbox {
    let sandbox = Sandbox::new();
    for (file, text) in [
        ("vmflow.yaml", CONFIG),
        ("packages/rates/package.yaml", MANIFEST),
        ("packages/rates/copy.flow", COPY),
        ("packages/rates/more/days.flow", DAYS),
        ("packages/rates/tests/copy_test.flow", TEST),
        ("shared/loans/loan.flow", "## Loans.\r\nworkflow loan {\r\n  output x = 1\r\n}\r\n"),
        ("shared/loans/package.yaml", "description: Written on Windows\r\n"),
    ] {
        sandbox.write(file, text);
    }
    sandbox
}

/// Adds a package in which everything is wrong, in three files and the manifest.
fn with_broken(sandbox: &Sandbox) {
    for (file, text) in [
        ("packages/broken/package.yaml", "nmae: broken\njobs:\n  fine: { parms: {} }\n  gone: {}\n"),
        ("packages/broken/fine.flow", "workflow fine { output x = 1 }\n"),
        ("packages/broken/bad.flow", "workflow bad {\n  output x = 1 +\n}\nworkflow beside { output y = 2 }\n"),
        ("packages/broken/lost.flow", "import std.nothing\nworkflow lost { output x = nothing.x() }\n"),
        ("packages/twice/a.flow", "workflow same { output x = 1 }\nworkflow other { output x = 1 }\n"),
        ("packages/twice/b.flow", "workflow same { output x = 2 }\n"),
    ] {
        sandbox.write(file, text);
    }
}

/// Runs a job at [`AT`].
fn run(sandbox: &Sandbox, job: &str, more: &[&str]) -> Ran {
    sandbox.run(&[&["run", job, "--at", AT], more].concat())
}

/// What a run gave for a parameter.
fn param(ran: &Ran, name: &str) -> Json {
    ran.expect(0)["params"][name].clone()
}

/// Asserts the exit code, nothing on stdout, and what stderr holds.
#[track_caller]
fn assert_refused(ran: &Ran, code: i32, words: &[&str]) {
    assert_eq!((ran.code, ran.stdout.as_str()), (code, ""), "{}", ran.stderr);
    for word in words {
        assert!(ran.stderr.contains(word), "`{word}` is not in\n{}", ran.stderr);
    }
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
}
