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
