//! `vmflow test` from outside: golden reports, formats, what is chosen, and that the shipped tests guard what they say.

use serde_json::{Value as Json, json};

use crate::support::golden;
use crate::support::sandbox::{Ran, Sandbox, root};

/// Runs the tests of a file of `tests/ui/testing`, far from any configuration.
fn example(name: &str, more: &[&str]) -> Ran {
    let sandbox = Sandbox::new();
    std::fs::remove_file(sandbox.path().join("vmflow.yaml")).unwrap();
    let text = std::fs::read_to_string(root().join("tests/ui/testing").join(name)).unwrap();
    sandbox.write(name, &text);
    sandbox.write("lib/features.py", "def extract(day):\n    raise RuntimeError('a test runs no program')\n");
    sandbox.run(&[&["test", name], more].concat())
}

fn assert_golden(name: &str, code: i32, more: &[&str], text: impl Fn(&Ran) -> String) {
    let (stem, format) = (name.trim_end_matches(".flow"), more.last().copied().unwrap_or("txt"));
    let ran = example(name, more);
    assert_eq!(ran.code, code, "{}{}", ran.stdout, ran.stderr);
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    golden::assert(&root().join(format!("tests/ui/testing/{stem}.{format}")), &text(&ran));
}

#[test]
fn tests_pass() {
    let ran = example("passing.flow", &["--coverage"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    assert!(ran.stdout.ends_with("6 tests: 6 passed\n"), "{}", ran.stdout);
}

#[test]
fn failures_are_told_for_people_and_programs() {
    for more in [&[][..], &["--format", "json"], &["--format", "junit"]] {
        assert_golden("failing.flow", 1, more, |ran| {
            assert_eq!(ran.stderr, "");
            ran.stdout.clone()
        });
    }
}

#[test]
fn what_is_wrong_with_a_test_is_found_before_it_runs() {
    assert_golden("wrong.flow", 1, &[], |ran| {
        assert_eq!(ran.stdout, "");
        ran.stderr.clone()
    });
}

#[test]
fn the_same_tests_give_the_same_report() {
    let first = example("failing.flow", &["--coverage"]).stdout;
    for _ in 0..5 {
        assert_eq!(example("failing.flow", &["--coverage"]).stdout, first);
    }
}

#[test]
fn coverage_names_what_no_test_came_to() {
    let ran = example("failing.flow", &["-k", "a loop's item", "--coverage"]);
    let missed: Vec<&str> = ran.stdout.lines().filter(|line| line.contains("not covered")).collect();
    // The loop was given whole, so nothing of it ran.
    let wanted = [
        "  not covered: failing.flow:9 default in `high`",
        "  not covered: failing.flow:10 branch of `count`",
        "  not covered: failing.flow:15 loop `twice`",
        "  not covered: failing.flow:16 step `require`",
    ];
    assert_eq!(missed, wanted, "{}", ran.stdout);
    let document = example("failing.flow", &["-k", "a loop's item", "--coverage", "--format", "json"]).expect(0);
    let coverage = &document["coverage"][0];
    assert_eq!(
        (&coverage["workflow"], &coverage["places"], &coverage["covered"]),
        (&json!("prices"), &json!(13), &json!(9))
    );
    let on_failure = json!({ "kind": "on_failure", "step": "note", "line": 19, "covered": true });
    assert!(coverage["points"].as_array().unwrap().contains(&on_failure), "{coverage:#}");
}

#[test]
fn only_what_is_asked_for_runs() {
    let sandbox = Sandbox::new();
    let titles = |arguments: &[&str]| -> Vec<String> {
        let document = sandbox.run(&[&["test", "--format", "json"], arguments].concat()).expect(0);
        let tests = document["tests"].as_array().unwrap();
        tests.iter().map(|test| test["title"].as_str().unwrap().to_owned()).collect()
    };
    assert!(titles(&[]).len() > 10);
    assert_eq!(titles(&["-k", "sliding window"]), ["a sliding window goes over days again"]);
    assert!(titles(&["workflows/tests/extractor_test.flow"]).iter().all(|title| !title.contains("watermark")));
    let refused = |arguments: &[&str], why: &str| {
        let ran = sandbox.run(&[&["test"], arguments].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.stderr);
        assert!(ran.stderr.contains(why), "{}", ran.stderr);
    };
    refused(&["-k", "no such thing"], "tests under . has \"no such thing\" in its title");
    refused(&["workflows/extractor.flow"], "there is no test under workflows/extractor.flow");
    refused(&["nope"], "there is no such file");
}

#[test]
fn a_test_needs_no_secret_and_no_program_and_writes_nowhere() {
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.run(&["test", "workflows"]).code, 0);
    assert!(!sandbox.path().join(".vmflow").exists());
}

#[test]
fn a_given_step_that_never_ends_does_not_wait() {
    let sandbox = Sandbox::new();
    let flow = "workflow patient {\n  use vm: metrics\n  found = vm.export(promql\"\"\"{job=\"a\"}\"\"\", over: 2025-01-01T00:00Z until 2025-01-02T00:00Z) with { retry: 1000, backoff: constant(24h) }\n  output n = found.count\n}\ntest \"it is tried again, and nobody waits\" of patient {\n  given found = failure errors.timeout(\"slow\")\n  expect run.status == \"failed\"\n}\n";
    sandbox.write("patient.flow", flow);
    assert_eq!(sandbox.run(&["test", "patient.flow"]).code, 0);
}

/// Breaks a shipped file in one place and gives the titles of the tests that notice.
fn noticed(file: &str, old: &str, new: &str) -> Vec<String> {
    let sandbox = Sandbox::new();
    let text = sandbox.read(file);
    assert!(text.contains(old), "{file} does not hold `{old}`");
    sandbox.write(file, &text.replace(old, new));
    let document: Json = sandbox.run(&["test", "workflows", "--format", "json"]).json();
    let failed = document["tests"].as_array().unwrap().iter().filter(|test| test["status"] == "failed");
    failed.map(|test| test["title"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_shipped_test_of_the_extractor_guards_something() {
    let file = "workflows/extractor.flow";
    let cases = [
        ("is_newer(published_at[d], than: copied_at[d])", "published_at[d] != none", "only days on which"),
        ("with { timeout: 2m }", "with { timeout: 2m } on failure use []", "a day that cannot be read"),
        ("value: last(s.points).value", "value: s.points[0].value", "a copied day is stored"),
        ("      if s.labels[\"auid\"] != none\n    ]", "    ]", "a copied day is stored"),
        ("records_processed: rows.count", "records_processed: found.count", "a copied day is stored"),
        ("require rows.count > 0", "require rows.count >= 0", "a day that changed but holds nothing"),
        ("cutoff: time = 06:00", "cutoff: time = 05:00", "before six in the morning"),
    ];
    for (old, new, title) in cases {
        let titles = noticed(file, old, new);
        assert!(titles.iter().any(|noticed| noticed.starts_with(title)), "`{new}` is noticed by {titles:?} only");
    }
}

#[test]
fn a_write_outside_of_the_transaction_is_noticed() {
    let titles = noticed(
        "workflows/extractor.flow",
        "    stored = do transaction db {\n      saved = do",
        "    early = do db.insert(\"vm_extraction_jobs\", rows: [{ job_id: job }])\n    stored = do transaction db {\n      saved = do",
    );
    assert!(titles.iter().any(|title| title.starts_with("a store that fails half-way")), "{titles:?}");
}

#[test]
fn every_shipped_test_of_the_collector_guards_something() {
    let file = "workflows/apex_collector.flow";
    let cases = [
        ("r.business_date == day and value != none", "value != none", "days follow the watermark"),
        ("biz_date: f\"{day:%d/%m/%Y}\"", "biz_date: f\"{day:%m/%d/%Y}\"", "days follow the watermark"),
        ("data_lag: bdays = 1bd", "data_lag: bdays = 0bd", "days follow the watermark"),
        ("to: day)", "to: start)", "a finished day moves the watermark"),
        (
            "labels: { env: run.env }, to:",
            "labels: { environment: run.env }, to:",
            "a finished day moves the watermark",
        ),
        ("backfill_from ?? end - 20bd", "end - 20bd", "without a watermark it begins where"),
        (".take(max_days_per_run)", "", "without a watermark it begins where"),
        ("end - 20bd", "end - 10bd", "without a watermark and a day to begin with"),
        ("start - sliding_window through", "start through", "a sliding window"),
        ("weekdays.next(done)", "done", "there is nothing to do"),
        ("require samples.count > 0", "require samples.count >= 0", "a day without numbers"),
        ("finally {", "failed {", "there is nothing to do"),
        ("as list<ApexRow>", "as list<ApexRow> on failure use []", "a source that does not answer"),
    ];
    for (old, new, title) in cases {
        let titles = noticed(file, old, new);
        assert!(titles.iter().any(|noticed| noticed.starts_with(title)), "`{new}` is noticed by {titles:?} only");
    }
}

#[test]
fn the_standard_library_passes_its_tests() {
    let sandbox = Sandbox::new();
    for file in ["status_test.flow", "watermark_test.flow"] {
        let text = std::fs::read_to_string(root().join("stdlib/tests").join(file)).unwrap();
        sandbox.write(&format!("stdlib/{file}"), &text);
    }
    let ran = sandbox.run(&["test", "stdlib"]);
    assert!(ran.code == 0 && ran.stdout.ends_with("10 tests: 10 passed\n"), "{}{}", ran.stdout, ran.stderr);
}
