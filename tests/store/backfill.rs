//! A run for each business day.

use std::process::Stdio;

use serde_json::{Value as Json, json};

use super::Project;
use crate::support::sandbox::Ran;

/// Notes the day; fails on the days that a table names.
const DAILY: &str = r#"workflow daily {
  use db: sqlite
  param add: int = 0
  calendar open = calendars.weekdays(zone: "UTC")
  day = business_date(run.now, cutoff: 06:00, on: open)
  bad = db.query(sql"""select n from log where n = 0""") as table<{ n: int }>
  require bad.count == 0 else "it is a bad day"
  do db.upsert("notes", rows: [{ name: f"{day}", v: add }], key: ["name"])
  output day = day
}
"#;

fn project() -> Project {
    let project = Project::new();
    project.sandbox.write("daily.flow", DAILY);
    project
}

const WEEK: [&str; 5] = ["daily.flow", "--from", "2026-10-29", "--to", "2026-11-03"];

fn days(result: &Json, field: &str) -> Vec<String> {
    result["days"].as_array().unwrap().iter().map(|day| day[field].to_string().replace('"', "")).collect()
}

#[test]
fn each_business_day_is_run_once_however_often_it_is_asked_for() {
    let project = project();
    let backfill = |more: &[&str]| project.run(&[&["backfill", "--format", "json"], &WEEK[..], more].concat());
    let planned = backfill(&["--plan"]).expect(0);
    assert_eq!(days(&planned, "day"), ["2026-10-29", "2026-10-30", "2026-11-02", "2026-11-03"]);
    assert_eq!(days(&planned, "now")[0], "2026-10-29T18:00:00+00:00");
    assert!(project.runs().is_empty());

    let first = project
        .run(&["backfill", "daily.flow", "--from", "2026-10-30", "--to", "2026-10-30", "--format", "json"])
        .expect(0);
    assert_eq!(first["days"][0]["result"]["outputs"], json!({ "day": "2026-10-30" }));
    let rest = backfill(&["--max-parallel", "3"]).expect(0);
    assert_eq!(days(&rest, "day"), ["2026-10-29", "2026-11-02", "2026-11-03"]);
    assert_eq!(days(&backfill(&[]).expect(0), "day"), [""; 0]);
    assert_eq!(days(&backfill(&["--plan"]).expect(0), "is_done"), ["true"; 4]);
    assert_eq!(project.numbers("select count(*) from notes"), [4]);
    assert_eq!(project.runs().len(), 4);
    assert_eq!(days(&backfill(&["-p", "add=7"]).expect(0), "exit_code"), ["0"; 4], "another parameter is another one");
}

#[test]
fn days_that_failed_or_broke_off_are_taken_up_again() {
    let project = project();
    project.execute("insert into log values (0)");
    let backfill = [&["backfill", "--format", "json"], &WEEK[..]].concat();
    let failed = project.run(&backfill).expect(1);
    assert_eq!(days(&failed, "exit_code"), ["1"; 4], "a bad day keeps no other from running");
    project.execute("delete from log");
    let human = project.run(&[&["backfill", "--plan"], &WEEK[..]].concat()).stdout;
    assert!(
        human.contains("2026-10-29  to be taken up again: failed") && human.contains("4 of 4 days to do"),
        "{human}"
    );
    // What the day read is on record, so it fails again as it did: to read anew is another run.
    assert_eq!(project.run(&backfill).code, 1);
    assert_eq!(project.runs().len(), 4);
    for run in project.runs() {
        project.run(&["retry", run["run_id"].as_str().unwrap(), "--from", "bad"]).expect(0);
    }
    assert_eq!(days(&project.run(&backfill).expect(0), "day"), [""; 0]);

    let project = self::project();
    assert_eq!(project.abort_at("J1:3", &backfill).code, -1);
    assert_eq!(project.runs()[0]["status"], "crashed");
    assert_eq!(days(&project.run(&backfill).expect(0), "exit_code"), ["0"; 2]);
    assert_eq!((project.runs().len(), project.numbers("select count(*) from notes")), (4, vec![4]));
}

/// Logs the day, by an insert: a day that is run twice is there twice.
const ONCE: &str = r#"import std.dates
workflow once {
  use db: sqlite
  calendar open = calendars.weekdays(zone: "UTC")
  day = business_date(run.now, cutoff: 06:00, on: open)
  do db.insert("log", rows: [{ n: dates.days_between(2026-01-01, day) }])
  output day = day
}
"#;

/// Eight business days.
const DAYS: [&str; 7] = ["backfill", "once.flow", "--from", "2026-10-26", "--to", "2026-11-04", "--format=json"];

/// Each of the eight days is there once, in the log and on record.
fn is_each_day_there_once(project: &Project, at: &str) {
    let (all, different) = ("select count(*) from log", "select count(distinct n) from log");
    assert_eq!((project.numbers(all), project.numbers(different)), (vec![8], vec![8]), "{at}");
    let runs = project.runs();
    assert_eq!(runs.len(), 8, "{at}: {runs:#?}");
    assert!(runs.iter().all(|run| run["status"] == "success"), "{at}: {runs:#?}");
}

#[test]
fn two_back_fills_that_are_started_at_once_begin_no_day_twice() {
    for make in [Project::new, Project::on_server] {
        let project = make();
        project.sandbox.write("once.flow", ONCE);
        let start = || {
            let mut command = project.sandbox.command(&[&DAYS[..], &["--max-parallel", "2"]].concat());
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        };
        let started: Vec<_> = (0..3).map(|_| start()).collect();
        let ran: Vec<Ran> = started.into_iter().map(|child| child.wait_with_output().unwrap().into()).collect();
        let done: usize = ran.iter().map(|ran| ran.expect(0)["days"].as_array().unwrap().len()).sum();
        assert_eq!(done, 8, "together they did each day once");
        is_each_day_there_once(&project, "at once");
    }
}

#[test]
fn a_back_fill_that_is_cut_off_as_it_begins_a_day_begins_it_once() {
    for make in [Project::new, Project::on_server] {
        for point in ["J9:2", "J0:5", "J1:3"] {
            let project = make();
            project.sandbox.write("once.flow", ONCE);
            assert_eq!(project.abort_at(point, &DAYS).code, -1);
            project.let_go();
            assert_eq!(project.run(&DAYS).code, 0);
            is_each_day_there_once(&project, point);
        }
    }
}

#[test]
fn a_day_whose_record_broke_off_is_run_anew_by_one_back_fill() {
    let project = Project::new();
    project.sandbox.write("once.flow", ONCE);
    let day = ["backfill", "once.flow", "--from", "2026-10-26", "--to", "2026-10-26", "--format", "json"];
    assert_eq!(project.abort_at("J1", &day).code, -1);
    // A run that goes on without a record has no file that says whose it is.
    std::fs::remove_dir_all(project.sandbox.path().join(".vmflow/runs/leases")).unwrap();
    let start = || project.sandbox.command(&day).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let started = [start(), start()];
    for mut child in started {
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }
    assert_eq!((project.numbers("select count(*) from log"), project.runs().len()), (vec![1], 2));
    assert_eq!(days(&project.run(&day).expect(0), "day"), [""; 0]);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let project = project();
    let refused = |arguments: &[&str], words: &str| {
        let ran = project.run(&[&["backfill", "daily.flow"], arguments].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{arguments:?}");
        assert!(ran.stderr.contains(words), "{arguments:?}: {}", ran.stderr);
    };
    refused(&["--from", "2026-10-30", "--to", "2026-10-29"], "lies after");
    refused(&["--from", "2026-10-31", "--to", "2026-11-01"], "there is no business day");
    refused(&["--from", "2026-10-31", "--to", "tomorrow"], "invalid value 'tomorrow'");
    refused(&["--from", "2026-10-29", "--to", "2026-10-30", "--on", "mars"], "`--on mars`");
    refused(&["--from", "2026-10-29", "--to", "2026-10-30", "--on", "1 + 1"], "it is a `int` and no calendar");
    refused(&["--from", "1990-10-29", "--to", "1990-10-30", "--on", "target"], "knows its holidays from");
    refused(&["--from", "2026-03-29", "--to", "2026-03-30", "--time", "25:00"], "write a time such as");
    let wrong = project.run(&["backfill", "daily.flow", "--from", "2026-10-29", "--to", "2026-10-30", "-p", "ad=1"]);
    assert!(wrong.code == 2 && wrong.stderr.matches("did you mean `add`?").count() == 1, "told once: {}", wrong.stderr);
    assert!(project.runs().is_empty());
}

#[test]
fn a_day_has_its_time_by_the_clocks_of_its_zone_when_they_change() {
    let project = Project::new();
    project.sandbox.write("daily.flow", &DAILY.replace("\"UTC\"", "\"Europe/London\""));
    let london = "calendars.weekdays(zone: \"Europe/London\")";
    let backfill = |from: &str, to: &str, more: &[&str]| {
        let days = ["backfill", "daily.flow", "--from", from, "--to", to, "--on", london, "--format", "json"];
        project.run(&[&days[..], more].concat()).expect(0)
    };
    // The clocks went forward on Sunday the 29th of March, and back on the 25th of October.
    let spring = days(&backfill("2026-03-27", "2026-03-30", &["--plan"]), "now");
    assert_eq!(spring, ["2026-03-27T18:00:00+00:00", "2026-03-30T17:00:00+00:00"]);
    let autumn = days(&backfill("2026-10-23", "2026-10-26", &["--plan"]), "now");
    assert_eq!(autumn, ["2026-10-23T17:00:00+00:00", "2026-10-26T18:00:00+00:00"]);
    // Each day is run once though its instants are 71 and 73 hours apart, and its date is that of the zone.
    for (from, to) in [("2026-03-27", "2026-03-30"), ("2026-10-23", "2026-10-26")] {
        let early = ["--time", "06:00"];
        let ran = backfill(from, to, &early);
        assert_eq!(days(&ran, "day"), [from, to]);
        assert_eq!(ran["days"][1]["result"]["outputs"], json!({ "day": to }), "six by the clocks of London");
        assert_eq!(days(&backfill(from, to, &early), "day"), [""; 0], "again, and nothing is left to do");
    }
}
