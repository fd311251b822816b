//! Both workflows one after the other, and two runs at once.

use std::process::Child;

use crate::support::place::{AT, Place, assert_same, load, wait};
use crate::support::sandbox::Ran;
use crate::support::source::Source;
use crate::support::victoria::{self, Throwaway};

#[test]
fn the_extractor_finds_what_the_collector_published() {
    let source = Source::start();
    let server = wait(Throwaway::start(&["-retentionPeriod=100y"]));
    let mut all = Vec::new();
    for place in [Place::empty(), Place::real(&server.url())] {
        let place = place.source(source.url()).impatient();
        place.collect(AT, &["-p", "backfill_from=2026-10-01", "-p", "max_days_per_run=30"]).expect(0);
        let result = place.extract(&[]).expect(0);
        // Three numbers a day: of one id both, of the other the price.
        assert_eq!(result["metrics"]["items_created"], 3 * 21);
        assert_eq!(result["metrics"]["custom"]["days_copied"], 21);
        all.push(place.rows());
    }
    assert!(
        all[0][0].starts_with("2026-10-01|A1|apex_data_price{business_date=2026-10-01,source=apex}|"),
        "{}",
        all[0][0]
    );
    assert_same(&all[0], &all[1]);
}

#[test]
fn two_runs_at_once_double_nothing() {
    let server = victoria::url();
    let job = victoria::unique("twice");
    load(&server, &job);
    let of_job = format!("job={job}");
    for (place, more) in [(Place::embedded(), "job=apex_collector"), (Place::real(&server), of_job.as_str())] {
        let start = || -> Child {
            let mut command = place.command("workflows/extractor.flow", &["--at", AT, "-p", more]);
            command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap()
        };
        let children = [start(), start()];
        for child in children {
            let ran = Ran::from(child.wait_with_output().unwrap());
            let result = ran.json();
            assert!([0, 3].contains(&ran.code), "{}\n{}", ran.stdout, ran.stderr);
            assert_eq!(result["status"], if ran.code == 0 { "success" } else { "partial" });
        }
        assert_eq!(place.rows().len(), 230);
        place.extract(&["-p", more]).expect(0);
        assert_eq!(place.rows().len(), 230);
    }
}
