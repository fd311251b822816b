//! Crashes between a commit and its record: what is done again finds its own rows, and leaves them alone.

use crate::support::place::{AT, Place, load, wait};
use crate::support::sandbox::Ran;
use crate::support::victoria;

/// The extractor on two days, ended behind each of its reads and writes before that is on record, and resumed.
fn crashes(what: &str, make: impl Fn() -> Place) {
    let undisturbed = make();
    undisturbed.extract(&["-p", "lookback=1d"]).expect(0);
    let expected = (undisturbed.rows(), undisturbed.copied_days());
    assert_eq!((expected.0.len(), expected.1.len()), (20, 2));
    // Two reads, then a read and a transaction for each day. What had not reached the record yet, a read of what is copied
    // too, is done again as well, and depends on the machine: so there are several rounds.
    let was_done_again = (0..5).any(|_| (3..=6).filter(|point| crash(what, &make(), *point, &expected)).count() > 0);
    assert!(was_done_again, "{what}: no crash fell between a commit and its record");
}

/// Ends a run behind the read or write of that number, and resumes it. Says whether a day was committed, not on record, and
/// so done again.
fn crash(what: &str, place: &Place, point: u32, expected: &(Vec<String>, Vec<String>)) -> bool {
    let mut command = place.command("workflows/extractor.flow", &["--at", AT, "-p", "lookback=1d"]);
    let ran = Ran::from(command.env("VMFLOW_ABORT_AT", format!("J4:{point}")).output().unwrap());
    assert_eq!(ran.code, -1, "{what}, {point}: {}", ran.stderr);
    let committed = place.copied_days().len() as u64;
    let resumed = place.sandbox.run(&["resume", "last", "--yes", "--format", "json"]);
    if resumed.stderr.contains("there is no run") {
        assert_eq!(committed, 0, "{what}, {point}: what has written is on record");
        return false;
    }
    let resumed = resumed.expect(0);
    assert_eq!((&place.rows(), &place.copied_days()), (&expected.0, &expected.1), "{what}, {point}");
    let output = |name: &str| resumed["outputs"][name].as_u64().unwrap();
    let (days, created) = (output("days_copied"), output("items_created"));
    assert!(
        days + committed >= 2 && created + 10 * committed >= 20,
        "{what}, {point}: {days}, {created} of {committed}"
    );
    days == 2 && created < 20
}

#[test]
fn the_extractor_goes_on_behind_a_commit_that_was_not_recorded() {
    crashes("SQLite", Place::embedded);
}

#[test]
fn the_extractor_goes_on_behind_a_commit_on_postgres_that_was_not_recorded() {
    let metrics = wait(victoria::Throwaway::start(&["-retentionPeriod=100y"]));
    load(&metrics.url(), "apex_collector");
    crashes("PostgreSQL", || Place::real(&metrics.url()).impatient());
}

/// The points that were copied, and how far: with the run that says so left out, since each has an id of its own.
fn points(place: &Place) -> (Vec<String>, Vec<String>) {
    let mut points = place.texts(
        "select d.metric_id || ' ' || cast(d.metric_timestamp as text) || ' ' || cast(d.metric_value as text)
         from vm_metric_data d",
    );
    points.sort();
    let marks =
        "select selection_value || ' ' || cast(last_timestamp as text) || ' ' || cast(metrics_saved_count as text)
         from vm_metric_extract_jobs";
    (points, place.texts(marks))
}

/// The copy of raw points, ended behind each of its two reads and behind its transaction, and resumed.
fn extracts(what: &str, make: impl Fn() -> Place) {
    const FILE: &str = "workflows/metrics_extract.flow";
    let arguments = ["--at", AT, "-p", "initial_lookback=100d"];
    let undisturbed = make();
    undisturbed.run(FILE, &arguments).expect(0);
    let expected = points(&undisturbed);
    assert_eq!((expected.0.len(), expected.1.len()), (440, 1));
    for point in 1..=3 {
        let place = make();
        let mut command = place.command(FILE, &arguments);
        let ran = Ran::from(command.env("VMFLOW_ABORT_AT", format!("J4:{point}")).output().unwrap());
        assert_eq!(ran.code, -1, "{what}, {point}: {}", ran.stderr);
        let is_committed = point == 3;
        assert_eq!(points(&place).0.len(), if is_committed { 440 } else { 0 }, "{what}, {point}");
        let resumed = place.sandbox.run(&["resume", "last", "--yes", "--format", "json"]);
        if ["there is no run", "no run was recorded yet"].iter().any(|none| resumed.stderr.contains(none)) {
            assert!(!is_committed, "{what}: what has written is on record");
            continue;
        }
        let created = &resumed.expect(0)["outputs"]["items_created"];
        assert_eq!(created, if is_committed { 0 } else { 440 }, "{what}, {point}: found there, or made");
        assert_eq!(points(&place), expected, "{what}, {point}");
        let next = place.run(FILE, &["--at", "2026-10-31T18:00Z", "-p", "initial_lookback=100d"]).expect(0);
        assert_eq!(next["outputs"]["items_created"], 0, "{what}, {point}: the next copy begins where this one ended");
    }
}

#[test]
fn metrics_extract_goes_on_behind_a_commit_that_was_not_recorded() {
    extracts("SQLite", Place::embedded);
}

#[test]
fn metrics_extract_goes_on_behind_a_commit_on_postgres_that_was_not_recorded() {
    let metrics = wait(victoria::Throwaway::start(&["-retentionPeriod=100y"]));
    load(&metrics.url(), "apex_collector");
    extracts("PostgreSQL", || Place::real(&metrics.url()));
}
