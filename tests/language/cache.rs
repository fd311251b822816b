//! `with { cache: … }`: what is read once and given again, and when it is not.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value as Json, json};
use tokio::runtime::Runtime;

use super::lab;
use crate::support::faulty::{Faulty, answer};
use crate::support::sandbox::{Ran, Sandbox};

/// A source whose number grows with each request, and a project that asks it.
struct Lab {
    sandbox: Sandbox,
    source: Faulty,
    _runtime: Runtime,
}

const PRICES: &str = "workflow prices {
  use api: http
  param day: date = 2025-01-31
  price = api.get(\"/price\", query: { day: day }).json as { n: int, exact: decimal } with { cache: 12h }
  output n = price.n
  output exact = price.exact
}
";

impl Lab {
    fn new(text: &str) -> Self {
        let (runtime, count) = (Runtime::new().unwrap(), AtomicUsize::new(0));
        let source = runtime.block_on(Faulty::start(move |_| {
            let n = count.fetch_add(1, Ordering::SeqCst) + 1;
            answer("200 OK", "", &format!(r#"{{ "n": {n}, "exact": 0.1000000000000000055000 }}"#))
        }));
        let sandbox = lab();
        let connections = format!("{{ api: {{ kind: http, base_url: \"{}\" }} }}", source.url());
        sandbox.write(
            "vmflow.yaml",
            &format!(
                "default_environment: local\nenvironments:\n  local:\n    connections: {connections}\n  other:\n    connections: {connections}\n"
            ),
        );
        sandbox.write("main.flow", text);
        Self { sandbox, source, _runtime: runtime }
    }

    fn ran(&self, at: &str, more: &[&str]) -> Ran {
        self.sandbox.run(&[&["run", "main.flow", "--at", at], more].concat())
    }

    fn run(&self, at: &str, more: &[&str]) -> Json {
        self.ran(at, more).expect(0)
    }

    /// The number that a run gives.
    fn n(&self, at: &str, more: &[&str]) -> Json {
        self.run(at, more)["outputs"]["n"].clone()
    }

    fn asked(&self) -> usize {
        self.source.asked().len()
    }

    /// The files below `.vmflow/cache`.
    fn files(&self) -> Vec<PathBuf> {
        let Ok(folders) = std::fs::read_dir(self.sandbox.path().join(".vmflow/cache")) else { return Vec::new() };
        folders
            .flat_map(|folder| std::fs::read_dir(folder.unwrap().path()).unwrap())
            .map(|f| f.unwrap().path())
            .collect()
    }
}

#[test]
fn a_value_is_given_again_while_it_is_young_enough() {
    let lab = Lab::new(PRICES);
    let first = lab.run("2025-02-01T06:00Z", &[]);
    assert_eq!((&first["outputs"]["n"], lab.asked()), (&json!(1), 1));
    assert_eq!((&first["steps"][0]["attempts"], first["steps"][0].get("cached")), (&json!(1), None));
    let again = lab.run("2025-02-01T17:59:59.999Z", &[]);
    assert_eq!((&again["outputs"], lab.asked()), (&first["outputs"], 1));
    assert_eq!(again["outputs"]["exact"], "0.1000000000000000055000");
    let step = &again["steps"][0];
    assert_eq!((&step["status"], &step["attempts"], &step["cached"]), (&json!("success"), &json!(0), &json!(true)));
    assert_eq!(lab.n("2025-02-01T18:00Z", &[]), 2, "twelve hours later it is too old");
    assert_eq!(lab.n("2025-02-01T18:00Z", &[]), 2, "and the new one is kept from there");
}

#[test]
fn a_run_that_looks_back_never_sees_what_a_later_one_kept() {
    let lab = Lab::new(PRICES);
    assert_eq!(lab.n("2025-02-01T06:00Z", &[]), 1);
    assert_eq!(lab.n("2025-02-01T05:59:59Z", &[]), 2);
    assert_eq!(lab.n("2025-02-01T05:59:59Z", &[]), 2);
}

#[test]
fn people_are_told() {
    let lab = Lab::new(PRICES);
    lab.run("2025-02-01T06:00Z", &[]);
    let human = lab.ran("2025-02-01T06:00Z", &["--format", "human"]).stdout;
    assert!(human.lines().any(|line| line.contains("price") && line.ends_with(", cached")), "{human}");
    let events = lab.ran("2025-02-01T06:00Z", &["--format", "jsonl"]).stdout;
    let finished = events.lines().find(|line| line.contains("step_finished")).unwrap();
    assert_eq!(serde_json::from_str::<Json>(finished).unwrap()["cached"], true);
}

#[test]
fn another_question_is_another_value() {
    let lab = Lab::new(PRICES);
    let at = "2025-02-01T06:00Z";
    assert_eq!(lab.n(at, &[]), 1);
    assert_eq!(lab.n(at, &["-p", "day=2025-01-30"]), 2);
    assert_eq!(lab.n(at, &["--env", "other"]), 3);
    lab.sandbox.write("main.flow", &PRICES.replace("\"/price\"", "\"/rate\""));
    assert_eq!(lab.n(at, &[]), 4);
    lab.sandbox.write("main.flow", PRICES);
    assert_eq!(lab.n(at, &[]), 1, "all others are still there");
    assert_eq!(lab.n(at, &["-p", "day=2025-01-30"]), 2);
}

#[test]
fn a_step_that_looks_at_the_clock_asks_again_when_it_has_moved() {
    let lab = Lab::new(
        "fn moment() -> timestamp = run.now
workflow prices {
  use api: http
  price = api.get(f\"/price/{moment()}\").json as { n: int } with { cache: 12h }
  output n = price.n
}
",
    );
    assert_eq!(lab.n("2025-02-01T06:00Z", &[]), 1);
    assert_eq!(lab.n("2025-02-01T06:00Z", &[]), 1);
    assert_eq!(lab.n("2025-02-01T06:01Z", &[]), 2);
}

#[test]
fn each_item_of_a_loop_has_its_own_value() {
    let lab = Lab::new(
        "step asked(api: http, day: date) -> int {
  answer = api.get(\"/price\", query: { day: day }).json as { n: int }
  yield answer.n
}
workflow prices {
  use api: http
  found = for each day in [2025-01-30, 2025-01-31] {
    n = asked(api, day) with { cache: 1h }
    yield n
  }
  output n = found
}
",
    );
    assert_eq!(lab.n("2025-02-01T06:00Z", &[]), json!([1, 2]));
    assert_eq!(lab.n("2025-02-01T06:30Z", &[]), json!([1, 2]));
    assert_eq!((lab.asked(), lab.files().len()), (2, 2));
}

#[test]
fn a_damaged_value_is_read_anew_with_a_warning() {
    let lab = Lab::new(PRICES);
    let at = "2025-02-01T06:00Z";
    lab.run(at, &[]);
    let [file] = &lab.files()[..] else { panic!("one file: {:?}", lab.files()) };
    let whole = std::fs::read_to_string(file).unwrap();
    for damaged in ["", "{", &whole.replace("\"n\",1", "\"n\",7"), &whole[..whole.len() - 5]] {
        assert_ne!(damaged, whole);
        std::fs::write(file, damaged).unwrap();
        let asked = lab.asked();
        let result = lab.run(at, &[]);
        let warning = result["warnings"][0]["message"].as_str().unwrap();
        assert!(warning.ends_with("it is damaged; it is read anew"), "{warning}");
        assert_eq!((lab.asked(), &result["status"]), (asked + 1, &json!("success")));
        assert_eq!(lab.run(at, &[])["warnings"], json!([]), "it is whole again");
    }
}

#[test]
fn what_cannot_be_kept_is_a_warning_and_no_failure() {
    let lab = Lab::new(PRICES);
    lab.sandbox.write(".vmflow", "in the way");
    let result = lab.run("2025-02-01T06:00Z", &[]);
    let warnings: Vec<&str> =
        result["warnings"].as_array().unwrap().iter().map(|w| w["message"].as_str().unwrap()).collect();
    assert_eq!((&result["outputs"]["n"], &result["status"]), (&json!(1), &json!("success")));
    assert!(
        warnings.last().unwrap().starts_with("its value is not kept: cannot write `.vmflow/cache/"),
        "{warnings:?}"
    );
}

#[test]
fn a_failure_is_not_kept_and_neither_is_what_stands_in_for_it() {
    let runtime = Runtime::new().unwrap();
    let source = runtime.block_on(Faulty::start(|_| answer("404 Not Found", "", "gone")));
    let lab = Lab::new(
        "workflow prices {
  use api: http
  price = api.get(\"/price\").json as { n: int } with { cache: 12h } on failure use { n: 0 }
  output n = price.n
}
",
    );
    let yaml = lab.sandbox.read("vmflow.yaml");
    lab.sandbox.write("vmflow.yaml", &yaml.replace(&lab.source.url(), &source.url()));
    assert_eq!(lab.n("2025-02-01T06:00Z", &[]), 0);
    assert_eq!(lab.n("2025-02-01T06:00Z", &[]), 0);
    assert_eq!((source.asked().len(), lab.files().len()), (2, 0));
}

#[test]
fn runs_side_by_side_leave_one_whole_value() {
    let lab = Lab::new(PRICES);
    let arguments = ["run", "main.flow", "--at", "2025-02-01T06:00Z"];
    let mut commands: Vec<_> = (0..4).map(|_| lab.sandbox.command(&arguments)).collect();
    let running: Vec<_> =
        commands.iter_mut().map(|command| command.stdout(std::process::Stdio::piped()).spawn().unwrap()).collect();
    for run in running {
        let result = Ran::from(run.wait_with_output().unwrap()).expect(0);
        assert_eq!(result["warnings"], json!([]));
    }
    let asked = lab.asked();
    lab.run("2025-02-01T06:00Z", &[]);
    assert_eq!((lab.asked(), lab.files().len()), (asked, 1));
}

#[test]
fn rows_and_series_come_back_as_they_were() {
    let sandbox = lab();
    sandbox.write(
        "vmflow.yaml",
        "default_environment: local\nenvironments:\n  local:\n    connections:\n      db: { kind: sqlite, path: db.sqlite }\n      vm: { kind: embedded, path: metrics, seed: seed.jsonl }\n",
    );
    sandbox.write(
        "seed.jsonl",
        "{\"metric\":{\"__name__\":\"price\",\"isin\":\"A\"},\"values\":[0.1,-2.5e-7],\"timestamps\":[1738388700000,1738389000000]}\n",
    );
    sandbox.write(
        "main.flow",
        "workflow main {
  use db: sql
  use vm: metrics
  rows = db.query(sql\"\"\"select 1 as n, 0.1 as x, null as y, '2025-01-31' as d, '1.500' as e union all select 2, -0.0, 3.0, '2025-02-01', '7'\"\"\")
    as table<{ n: int, x: float, y: float?, d: date, e: decimal }> with { cache: 1h }
  any = db.query(sql\"\"\"select 1.0 as x, 'a' as t\"\"\") with { cache: 1h }
  samples = vm.instant(promql\"\"\"last_over_time(price[1d])\"\"\", at: run.now) with { cache: 1h }
  series = vm.export(promql\"\"\"price\"\"\", over: 2025-02-01T00:00Z until 2025-02-02T00:00Z) with { cache: 1h }
  output rows = rows
  output any = any
  output printed = f\"{rows} {any} {samples} {series}\"
  output samples = samples
  output series = series
}
",
    );
    let arguments = ["run", "main.flow", "--at", "2025-02-01T06:00Z"];
    let (first, again) = (sandbox.run(&arguments).expect(0), sandbox.run(&arguments).expect(0));
    assert_eq!(first["outputs"], again["outputs"]);
    assert_eq!(first["outputs"]["rows"][0]["e"], "1.500");
    let cached = |result: &Json| result["steps"].as_array().unwrap().iter().filter(|s| s["cached"] == true).count();
    assert_eq!((cached(&first), cached(&again)), (0, 4));
    assert_eq!(again["outputs"]["series"][0]["points"][1]["value"], json!(-2.5e-7));
}

#[test]
fn what_a_transaction_sees_is_never_kept() {
    let sandbox = lab();
    sandbox.write("schema.sql", "create table t (n integer not null);");
    sandbox.write(
        "vmflow.yaml",
        "default_environment: local\nenvironments:\n  local:\n    connections:\n      db: { kind: sqlite, path: db.sqlite, schema: schema.sql }\n",
    );
    sandbox.write(
        "main.flow",
        "step counted(db: sql) -> int {
  rows = db.query(sql\"\"\"select count(*) as n from t\"\"\") as table<{ n: int }> with { cache: 1h }
  yield rows.n[0]
}
workflow main {
  use db: sql
  done = do transaction db {
    do db.execute(sql\"\"\"insert into t (n) values (1)\"\"\")
    n = counted(db)
    yield n
  }
  output n = done
}
",
    );
    let n = || sandbox.run(&["run", "main.flow", "--at", "2025-02-01T06:00Z"]).expect(0)["outputs"]["n"].clone();
    let first = n().as_i64().unwrap();
    assert_eq!(n(), first + 1);
    assert!(!sandbox.path().join(".vmflow/cache").exists());
}

#[test]
fn an_age_that_is_none_is_told() {
    let lab = Lab::new(&PRICES.replace("param day", "param age: duration = 1h\n  param day").replace("12h", "age"));
    let refused = lab.ran("2025-02-01T06:00Z", &["-p", "age=0s"]).expect(1);
    assert_eq!(refused["error"]["message"], "expected a duration above zero, found `0s`");
    assert_eq!((lab.n("2025-02-01T06:00Z", &[]), lab.n("2025-02-01T06:30Z", &[])), (json!(1), json!(1)));
    assert_eq!(lab.n("2025-02-01T06:30Z", &["-p", "age=30m"]), 2, "the age that counts is the reader's");
}

#[test]
fn tests_keep_nothing() {
    let lab =
        Lab::new(&format!("{PRICES}\ntest \"a price\" of prices {{\n  at 2025-02-01T06:00Z\n  expect n == 1\n}}\n"));
    lab.run("2025-02-01T06:00Z", &[]);
    let files = lab.files();
    let ran = lab.sandbox.run(&["test", "main.flow"]);
    assert_eq!((ran.code, lab.files(), lab.asked()), (1, files, 1), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("given price"), "what was kept is not given to a test: {}", ran.stdout);
}
