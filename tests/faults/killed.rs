//! Servers that are killed in the middle of the loop.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::{Value as Json, json};

use crate::support::place::{AT, Place, load, wait};
use crate::support::sandbox::Ran;
use crate::support::{postgres, victoria};

/// Makes each day take its time, so that a blow falls in the middle.
const SLOW: &str = "create function slow() returns trigger language plpgsql as
      $$ begin perform pg_sleep(0.15); return new; end $$;
    create trigger slow before insert on vm_extraction_jobs for each row execute function slow()";

/// Runs the extractor and does something once three days are stored; gives the exit code and the result.
fn blow(place: &Place, then: impl FnOnce()) -> (i32, Json) {
    let mut command = place.command("workflows/extractor.flow", &["--at", AT, "--format", "jsonl"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut then = Some(then);
    let (mut stored, mut last) = (0, Json::Null);
    for line in &mut lines {
        last = serde_json::from_str(&line.unwrap()).unwrap();
        stored += usize::from(last["path"] == json!(["copied", "stored"]) && last["status"] == "success");
        if stored == 3
            && let Some(then) = then.take()
        {
            then();
        }
    }
    let ran = Ran::from(child.wait_with_output().unwrap());
    assert!(then.is_none(), "three days were stored\n{}", ran.stderr);
    assert_eq!(last["event"], "result");
    (ran.code, last["result"].clone())
}

/// Some days were stored, some failed and are named, and the run says so.
fn assert_partial(place_rows: usize, code: i32, result: &Json, reason: &str) {
    assert_eq!((code, result["status"].as_str()), (3, Some("partial")), "{result:#}");
    let failed = result["metrics"]["custom"]["days_failed"].as_array().unwrap().len();
    assert!((1..=20).contains(&failed), "{failed} days failed");
    assert_eq!(result["metrics"]["items_created"], (23 - failed) * 10);
    assert_eq!(place_rows, (23 - failed) * 10, "what counts as stored is stored");
    let message = result["message"].as_str().unwrap();
    assert!(message.contains(reason) && message.contains("2026-10-"), "{message}");
}

#[test]
fn killing_postgres_in_the_middle_is_partial_and_the_next_run_completes_it() {
    let metrics = wait(victoria::Throwaway::start(&["-retentionPeriod=100y"]));
    load(&metrics.url(), "apex_collector");
    let database = postgres::Throwaway::start();
    let place = Place::on(&database.url, &metrics.url()).impatient();
    place.execute(SLOW);
    let (code, result) = blow(&place, || database.kill());
    database.restart();
    assert_partial(place.rows().len(), code, &result, "PostgreSQL");
    place.execute("drop trigger slow on vm_extraction_jobs");
    place.extract(&[]).expect(0);
    assert_eq!((place.rows().len(), place.copied_days().len()), (230, 23), "completed, nothing doubled");
    assert_eq!(place.extract(&[]).expect(0)["metrics"]["items_processed"], 0);
}

#[test]
fn killing_victoria_metrics_in_the_middle_is_partial_and_the_next_run_completes_it() {
    let mut metrics = wait(victoria::Throwaway::start(&["-retentionPeriod=100y"]));
    load(&metrics.url(), "apex_collector");
    // What a server took is on its disk some seconds later; a snapshot does that at once.
    wait(async { reqwest::get(format!("{}/snapshot/create", metrics.url())).await.unwrap() });
    let place = Place::real(&metrics.url()).impatient();
    place.execute(SLOW);
    let (code, result) = blow(&place, || metrics.kill());
    assert_partial(place.rows().len(), code, &result, "VictoriaMetrics");
    assert!(!result["warnings"].as_array().unwrap().is_empty(), "the status could not be written");
    metrics.respawn();
    wait(victoria::wait_for(&metrics.url()));
    place.execute("drop trigger slow on vm_extraction_jobs");
    place.extract(&[]).expect(0);
    assert_eq!((place.rows().len(), place.copied_days().len()), (230, 23), "completed, nothing doubled");
}
