//! `--since` and `--until`.

use serde_json::json;

use super::{AT, assert_refused, param, project, run};

#[test]
fn a_range_takes_the_form_of_its_parameters() {
    let sandbox = project();
    let range = |job: &str, since: &str, until: &str| {
        let ran = run(&sandbox, job, &["--since", since, "--until", until]);
        (param(&ran, "since"), param(&ran, "until_"))
    };
    for (job, since, until, wanted) in [
        // The job's schedule is in London, where it was 18:00 an hour earlier while it was summer.
        ("rates/copy", "-7d", "now", ["2026-10-23T17:00:00Z", "2026-10-30T18:00:00Z"]),
        ("rates/copy", "-7d@UTC", "now", ["2026-10-23T18:00:00Z", "2026-10-30T18:00:00Z"]),
        ("rates/copy", "-12h", "-90m", ["2026-10-30T06:00:00Z", "2026-10-30T16:30:00Z"]),
        ("rates/copy", "2026-10-24", "today", ["2026-10-23T23:00:00Z", "2026-10-30T00:00:00Z"]),
        ("rates/copy", "2026-10-24@UTC", "2026-10-30T06:00+01:00", ["2026-10-24T00:00:00Z", "2026-10-30T05:00:00Z"]),
        ("rates/days", "-2w", "today", ["2026-10-16", "2026-10-30"]),
        ("rates/days", "yesterday@Asia/Tokyo", "now@Asia/Tokyo", ["2026-10-30", "2026-10-31"]),
        ("rates/texts", "-7d", "2026-10-30", ["2026-10-23T18:00:00Z", "2026-10-30"]),
    ] {
        assert_eq!(range(job, since, until), (json!(wanted[0]), json!(wanted[1])), "{job} {since} {until}");
    }
}

#[test]
fn times_are_settled_wherever_they_are_given() {
    let sandbox = project();
    // By the manifest, in the zone of its schedule; a job without one counts in UTC.
    assert_eq!(param(&run(&sandbox, "rates/copy", &[]), "since"), "2026-10-29T00:00:00Z");
    assert_eq!(param(&run(&sandbox, "rates/copy_all", &[]), "since"), "2024-01-01T00:00:00Z");
    assert_eq!(param(&run(&sandbox, "rates/copy", &["-p", "since=-1h"]), "since"), "2026-10-30T17:00:00Z");
    assert_eq!(param(&run(&sandbox, "rates/copy", &["-p", "until_=-1h"]), "until_"), "2026-10-30T17:00:00Z");
    sandbox.write("p.json", r#"{ "since": "-1mo" }"#);
    let from_file = run(&sandbox, "rates/days", &["--params", "p.json"]);
    assert_eq!((param(&from_file, "since"), param(&from_file, "until_")), (json!("2026-09-30"), json!(null)));
    // A text may be something else, unless a flag says that it is a time.
    assert_eq!(param(&run(&sandbox, "rates/texts", &["-p", "since=v1.2"]), "since"), "v1.2");
    assert_refused(&run(&sandbox, "rates/texts", &["--since", "v1.2"]), 2, &["`v1.2` is no time", "write `-7d`"]);
}

#[test]
fn what_a_range_cannot_be_is_refused() {
    let sandbox = project();
    for (more, words) in [
        (["--since", "now", "--until", "-7d"].as_slice(), ["is after `until`", "2026-10-23T17:00:00Z"].as_slice()),
        (&["--since", "7d"], &["`7d` is no time", "for a time before now write `-7d`"]),
        (&["--since", "soon"], &["`soon` is no time"]),
        (&["--since", "-7x"], &["`x` in `-7x` is no unit"]),
        (&["--since", ""], &["`` is no time"]),
        (&["--since", "2026-02-30"], &["`2026-02-30` is no time"]),
        (&["--since", "today@Europe/Londn"], &["no time zone `Europe/Londn`", "did you mean `Europe/London`?"]),
        (&["--since", "2026-03-29T01:30@Europe/London"], &["never show", "they jump to `2026-03-29T02:00+01:00`"]),
        (
            &["--since", "2026-10-25T01:30[Europe/London]"],
            &["show 2026-10-25 01:30:00 twice", "`2026-10-25T01:30+00:00`"],
        ),
        (&["--since", "-99999999999w"], &["beyond the years"]),
        (&["--since", "now", "-p", "since=now"], &["`since` is given twice"]),
    ] {
        assert_refused(&run(&sandbox, "rates/copy", more), 2, words);
    }
    assert_refused(
        &run(&sandbox, "loans/loan", &["--until", "now"]),
        2,
        &["the workflow `loan` has no parameter for `--until`", "`param until_: timestamp`"],
    );
}

#[test]
fn a_saved_plan_keeps_its_range() {
    let sandbox = project();
    let plan = sandbox.run(&["plan", "rates/copy", "--at", AT, "--since", "-7d@UTC", "-o", "p.json"]);
    assert_eq!(plan.code, 0, "{}", plan.stderr);
    assert!(sandbox.read("p.json").contains("2026-10-23T18:00:00Z"), "{}", sandbox.read("p.json"));
    let ran = sandbox.run(&["run", "--plan", "p.json"]);
    assert_eq!((param(&ran, "since"), param(&ran, "account")), (json!("2026-10-23T18:00:00Z"), json!("acct1")));
}
