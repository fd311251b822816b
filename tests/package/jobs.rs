//! Listing, showing and running.

use serde_json::json;

use super::{AT, assert_refused, project, run, with_broken};
use crate::support::golden;
use crate::support::sandbox::root;

fn golden(name: &str, text: &str) {
    golden::assert(&root().join("tests/ui/jobs").join(name), text);
}

#[test]
fn jobs_are_listed_and_a_broken_package_beside_them() {
    let sandbox = project();
    let good = sandbox.run(&["jobs", "list"]);
    assert_eq!((good.code, good.stderr.as_str()), (0, ""));
    golden("list.txt", &good.stdout);
    assert_eq!(sandbox.run(&["jobs"]).stdout, good.stdout);
    assert_eq!(sandbox.run(&["run", "--list-jobs"]).stdout, good.stdout);
    golden("list.json", &sandbox.run(&["jobs", "list", "rates", "--format", "json"]).stdout);
    with_broken(&sandbox);
    let all = sandbox.run(&["jobs", "list"]);
    assert_eq!((all.code, all.stderr.as_str()), (1, ""));
    golden("broken.txt", &all.stdout);
    let json = sandbox.run(&["jobs", "list", "--format", "json"]).expect(1);
    let ids: Vec<&str> = json["jobs"].as_array().unwrap().iter().map(|job| job["id"].as_str().unwrap()).collect();
    assert!(ids.contains(&"rates/copy") && ids.contains(&"broken/lost") && ids.contains(&"twice/other"), "{ids:?}");
    let of = |name: &str| json["packages"].as_array().unwrap().iter().find(|it| it["name"] == name).unwrap().clone();
    assert_eq!((&of("rates")["errors"], &of("rates")["version"]), (&json!([]), &json!("1.10")));
    assert_eq!(of("broken")["errors"].as_array().unwrap().len(), 4, "{}", of("broken"));
    assert_eq!(of("broken")["errors"][0]["file"], "packages/broken/bad.flow");
    // The good ones do not mind.
    assert_eq!(sandbox.run(&["jobs", "list", "rates"]).code, 0);
    assert_eq!(sandbox.run(&["jobs", "list", "twice"]).code, 1);
    assert_refused(
        &sandbox.run(&["jobs", "list", "rats"]),
        2,
        &["no package is called `rats`", "did you mean `rates`?"],
    );
}

#[test]
fn a_job_is_shown_with_all_that_it_needs() {
    let mut sandbox = project();
    sandbox.set("RATES_KEY", "very-secret-key");
    let shown = |job: &str| {
        let ran = sandbox.run(&["jobs", "show", job, "--at", AT]);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{job}");
        ran.stdout
    };
    golden("copy.txt", &shown("rates/copy"));
    golden("copy_all.txt", &shown("rates/copy_all"));
    golden("nightly.txt", &shown("nightly"));
    golden("loan.txt", &shown("loans/loan"));
    golden("file.txt", &shown("packages/rates/more/days.flow:texts"));
    golden("copy.json", &sandbox.run(&["jobs", "show", "rates/copy", "--at", AT, "--format", "json"]).stdout);
    for text in [shown("rates/copy_all"), sandbox.run(&["jobs", "show", "rates/copy_all", "--format", "json"]).stdout] {
        assert!(!text.contains("very-secret-key"), "{text}");
    }
    let help = sandbox.run(&["run", "rates/copy", "--help", "--at", AT]);
    assert_eq!(help.code, 0);
    assert!(help.stdout.starts_with(&shown("rates/copy")), "{}", help.stdout);
    assert!(help.stdout.contains("`vmflow run --help` tells"), "{}", help.stdout);
    assert!(sandbox.run(&["run", "--help"]).stdout.contains("Run a workflow, or a job"));
}

#[test]
fn the_next_time_minds_zones_and_calendars() {
    let sandbox = project();
    let due = |calendar: &str, cron: &str, at: &str| {
        let manifest = format!(
            "jobs: {{ loan: {{ schedule: {{ cron: '{cron}', timezone: Europe/London, calendar: {calendar} }} }} }}"
        );
        sandbox.write("shared/loans/package.yaml", &manifest);
        let json = sandbox.run(&["jobs", "show", "loans/loan", "--at", at, "--format", "json"]).expect(0);
        (json["schedule"]["next_due"].clone(), json["schedule"]["next_due_is_certain"].clone())
    };
    let certain = |at: &str| (json!(at), json!(true));
    assert_eq!(due("weekdays", "0 6 * * *", "2026-10-30T18:00Z"), certain("2026-11-02T06:00:00+00:00"));
    assert_eq!(due("england", "0 6 * * *", "2026-12-24T18:00Z"), certain("2026-12-29T06:00:00+00:00"));
    assert_eq!(due("weekdays", "0 6 L * *", "2026-07-01T00:00Z"), certain("2026-07-31T06:00:00+01:00"));
    assert_eq!(due("ours", "0 6 * * *", "2026-10-30T18:00Z"), (json!("2026-10-31T06:00:00+00:00"), json!(false)));
    assert_eq!(due("target", "0 6 1 1 *", "2026-10-30T18:00Z"), (json!(null), json!(true)));
}

#[test]
fn parameters_are_flags() {
    let sandbox = project();
    let all = ["--account", "acct9", "--limit=7", "--full", "-p", "format=long"];
    let ran = run(&sandbox, "rates/copy", &all);
    let result = ran.expect(0);
    assert_eq!((&result["job_id"], &result["workflow"]), (&json!("rates/copy"), &json!("copy")));
    assert_eq!(result["outputs"]["said"], "acct9 7 true long");
    // What the job gives, and what all jobs of the package do.
    assert_eq!(run(&sandbox, "rates/copy", &[]).expect(0)["outputs"]["said"], "acct1 50 false short");
    assert_eq!(run(&sandbox, "nightly", &["--limit", "-3"]).expect(0)["outputs"]["said"], "acct0 -3 false short");
    let file = run(&sandbox, "packages/rates/copy.flow", &["--account", "a b", "--api-key", "k", "--format", "json"]);
    assert_eq!(file.expect(0)["outputs"], json!({ "said": "a b 100 false short", "rows": 1, "has_key": true }));
    for (more, words) in [
        (["--acount", "x"].as_slice(), ["`--acount` is no option", "did you mean `--account`?"].as_slice()),
        (&["--fromat", "json"], &["did you mean `--format`?"]),
        (&["--account"], &["`--account` wants a value, a `text`"]),
        (&["--account", "a", "-p", "account=b"], &["`account` is given twice"]),
        (&["--account", "a", "--account", "b"], &["`account` is given twice"]),
        (&["--limit", "many"], &["`many` is not a `int`"]),
        (&["--full", "perhaps"], &["`perhaps` is not a `bool`"]),
        (&["--", "--account"], &["unexpected argument"]),
    ] {
        assert_refused(&run(&sandbox, "rates/copy", more), 2, words);
    }
    assert_refused(&run(&sandbox, "loans/loan", &["--zzz", "1"]), 2, &["it has none"]);
    assert_refused(&sandbox.run(&["run", "--account", "x"]), 2, &["unexpected argument '--account'"]);
    assert_refused(&sandbox.run(&["check", "--account", "x"]), 2, &["unexpected argument '--account'"]);
}

#[test]
fn names_that_are_none_are_told_with_the_near_one() {
    let sandbox = project();
    with_broken(&sandbox);
    for (name, code, words) in [
        ("rates/cpy", 2, ["the package `rates` has no job `rates/cpy`", "did you mean `rates/copy`?"].as_slice()),
        ("rate/copy", 2, &["`rate/copy` is no file, and no job has this id", "did you mean `rates/copy`?"]),
        ("nigthly", 2, &["did you mean `nightly`?"]),
        ("rates", 2, &["`rates` is a package, and `vmflow jobs list rates` lists its jobs"]),
        ("rates/", 2, &["`rates` is a package"]),
        ("../rates/copy", 2, &["is no file"]),
        ("rates/../loans/loan", 2, &["is no file"]),
        ("/rates/copy", 2, &["is no file"]),
        ("rates/copy/x", 2, &["is no file"]),
        ("broken/fine", 4, &["a package has no key `nmae`", "did you mean `name`?", "`broken` cannot be read"]),
        ("twice/same", 4, &["two workflows of the package are called `same`"]),
    ] {
        assert_refused(&run(&sandbox, name, &[]), code, words);
        assert_refused(&sandbox.run(&["jobs", "show", name]), code, words);
    }
    assert_eq!(run(&sandbox, "twice/other", &[]).code, 0);
    sandbox.write("packages/broken/package.yaml", "");
    assert_eq!(run(&sandbox, "broken/fine", &[]).code, 0);
    assert_refused(&run(&sandbox, "broken/bad", &[]), 1, &["expected an expression", "does not pass its checks"]);
    assert_refused(&run(&sandbox, "broken/lost", &[]), 1, &["no module is called `std.nothing`"]);
}

#[test]
fn other_commands_take_jobs_too() {
    let sandbox = project();
    assert!(sandbox.run(&["graph", "rates/copy"]).stdout.starts_with("workflow copy\n"));
    assert!(sandbox.run(&["graph", "nightly"]).stdout.starts_with("workflow copy\n"));
    assert_refused(&sandbox.run(&["graph", "rates/cpy"]), 2, &["did you mean `rates/copy`?"]);
    assert_eq!(sandbox.run(&["plan", "rates/copy", "--at", AT, "--account", "x"]).expect(0)["job_id"], "rates/copy");
    for (what, tests) in [("rates", 1), ("rates/copy", 1)] {
        let ran = sandbox.run(&["test", what, "--format", "json"]).expect(0);
        assert_eq!(ran["summary"], json!({ "tests": tests, "passed": tests, "failed": 0 }));
    }
    assert_refused(&sandbox.run(&["test", "rates/days"]), 2, &["there is no test"]);
    for what in ["rates", "rates/copy", "packages", "."] {
        let ran = sandbox.run(&["check", what]);
        assert_eq!(ran.code, 0, "{what}: {}{}", ran.stdout, ran.stderr);
    }
    assert_refused(&sandbox.run(&["check", "rates/cpy"]), 2, &["did you mean `rates/copy`?"]);
    assert_refused(&sandbox.run(&["check", "rats"]), 2, &["`rats`", "no such file"]);
    with_broken(&sandbox);
    let ran = sandbox.run(&["check", "packages", "--format", "short"]);
    assert_eq!(ran.code, 1);
    golden("check.txt", &ran.stdout);
    assert_eq!(sandbox.run(&["check", "rates"]).code, 0);
}

#[test]
fn a_manifest_is_held_against_its_workflows() {
    let sandbox = project();
    for (manifest, place, message) in [
        ("jobs: { lone: {} }", "1:9", "no workflow of the package `loans` is called `lone`"),
        ("jobs: { loan: { params: { y: 1 } } }", "1:27", "`loan` has no parameter `y`"),
        (
            "jobs: { a: { workflow: nope.flow } }",
            "1:24",
            "no file of the package with a workflow is called `nope.flow`",
        ),
        ("jobs: { a: { workflow: ../../packages/rates/copy.flow } }", "1:24", "no file of the package with a workflow"),
        ("jobs: { a: { workflow: loan.flow:lone } }", "1:24", "`loan.flow` has no workflow `lone`"),
        ("jobs: { a: { workflow: loan } }", "1:24", "where a path such as"),
        ("jobs: { loan: { after: nobody } }", "1:24", "no job `nobody` to wait for"),
        ("jobs: { loan: { after: a }, a: { workflow: loan.flow, after: loan } }", "1:24", "jobs wait for each other"),
        ("jobs: { loan: { environment: nowhere } }", "1:30", "no environment `nowhere`"),
        ("jobs: { loan: { schedule: { cron: '61 * * * *' } } }", "1:36", "`61` is no minute"),
        ("jobs: { 'a/b': { workflow: loan.flow } }", "1:9", "`a/b` cannot be the name of a job"),
        ("jobs: { '..': { workflow: loan.flow } }", "1:9", "`..` cannot be the name of a job"),
        ("name: ../up", "1:7", "`../up` cannot be the name of a package"),
        ("name: a/b", "1:7", "`a/b` cannot be the name of a package"),
        ("defaults: { schedule: { cron: '0 1 * * *' } }", "1:25", "the schedule that all jobs share has no key `cron`"),
        ("defaults: { workflow: a.flow }", "1:13", "what all jobs share has no key `workflow`"),
        ("version: 1\nversion: 2", "2:1", "version"),
        ("jobs: [", "1:", "not valid YAML"),
        ("- a", "1:1", "where a map is wanted"),
    ] {
        sandbox.write("shared/loans/package.yaml", manifest);
        let ran = sandbox.run(&["check", "loans", "--format", "short"]);
        let line = ran.stdout.lines().find(|line| line.starts_with(&format!("shared/loans/package.yaml:{place}")));
        assert!(ran.code == 1 && line.is_some_and(|line| line.contains(message)), "{manifest}:\n{}", ran.stdout);
        let listed = sandbox.run(&["jobs", "list"]);
        assert!(listed.code == 1 && listed.stdout.contains("rates/copy"), "{manifest}: {}", listed.stdout);
    }
    // A scheduled job has nobody to ask for what it lacks.
    sandbox.write("packages/rates/package.yaml", "jobs: { copy: { schedule: { cron: '0 1 * * *' } } }");
    let ran = sandbox.run(&["check", "rates", "--format", "short"]);
    assert!(ran.stdout.contains("the job `rates/copy` lacks the parameter `account: text`"), "{}", ran.stdout);
    sandbox.write("packages/rates/package.yaml", "jobs: { copy: { params: { limit: 1 } } }");
    assert_eq!(sandbox.run(&["check", "rates"]).code, 0);
}
