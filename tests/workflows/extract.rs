//! `metrics_extract.flow`: raw points into the warehouse, once and again, the same on both databases.

use serde_json::{Value as Json, json};

use crate::support::place::{AT, Place, assert_same, import, load};
use crate::support::victoria;

const FILE: &str = "workflows/metrics_extract.flow";

fn extract(place: &Place, at: &str, jobs: &str) -> Json {
    place.run(FILE, &["--at", at, "-p", &format!("jobs=[\"{jobs}\"]"), "-p", "initial_lookback=100d"]).expect(0)
}

/// Every copied point, with what identifies its series; the job is said apart.
fn points(place: &Place) -> Vec<String> {
    let mut points = place.texts(
        "select metric_name || ' ' || cast(d.metric_value as text) || ' ' || cast(m.metric_labels as text)
         from vm_metric_data d join vm_metric_metadata m on m.metric_id = d.metric_id",
    );
    for point in &mut points {
        let (name_and_value, labels) = point.split_at(point.find('{').unwrap());
        let labels: std::collections::BTreeMap<String, Json> = serde_json::from_str(labels).unwrap();
        *point = format!("{name_and_value}{}", json!(labels));
    }
    points.sort();
    points
}

fn count(place: &Place, table: &str) -> String {
    place.texts(&format!("select cast(count(*) as text) from {table}")).concat()
}

#[test]
fn both_databases_get_every_point_once() {
    let embedded = Place::embedded();
    let first = extract(&embedded, AT, "apex_collector");
    assert_eq!(first["metrics"]["items_created"], 440);
    assert_eq!(first["metrics"]["custom"]["series_created"], 440);
    let server = victoria::url();
    let job = victoria::unique("points");
    load(&server, &job);
    let real = Place::real(&server);
    assert_eq!(extract(&real, AT, &job)["metrics"]["items_created"], 440);
    assert_same(&points(&real), &points(&embedded));
    for (place, job) in [(&embedded, "apex_collector"), (&real, job.as_str())] {
        let again = extract(place, "2026-10-31T18:00Z", job);
        assert_eq!(
            (&again["metrics"]["items_created"], &again["metrics"]["custom"]["series_created"]),
            (&json!(0), &json!(0))
        );
        assert_eq!(
            (count(place, "vm_metric_data").as_str(), count(place, "vm_metric_extract_jobs").as_str()),
            ("440", "2")
        );
    }
}

#[test]
fn points_between_two_runs_and_late_ones_are_copied_as_they_are() {
    let server = victoria::url();
    let job = victoria::unique("late");
    let place = Place::real(&server);
    let line = |timestamps: &[i64], values: &[f64]| {
        let metric = json!({ "__name__": "nav", "job": job, "auid": "A1" });
        import(&server, &json!({ "metric": metric, "values": values, "timestamps": timestamps }).to_string());
    };
    // Two points within a minute, neither on a whole hour, as no resampled copy would have them.
    line(&[1_793_370_001_234, 1_793_370_031_000], &[1.25, 2.5]);
    assert_eq!(extract(&place, AT, &job)["metrics"]["items_created"], 2);
    line(&[1_793_370_000_000, 1_793_390_000_000], &[0.5, 3.0]);
    let second = extract(&place, "2026-10-31T18:00Z", &job);
    assert_eq!(second["metrics"]["items_created"], 2);
    assert_eq!(second["metrics"]["custom"]["series_created"], 0);
    assert_eq!(points(&place).len(), 4);
    assert!(points(&place).iter().any(|point| point.starts_with("nav 1.25 {")), "{:?}", points(&place));
}

#[test]
fn a_store_that_is_down_copies_nothing_and_says_so() {
    let place =
        Place::aimed_at(&crate::support::place::wait(crate::support::postgres::fresh_schema()), "http://127.0.0.1:9");
    place.execute(&place.sandbox.read("workflows/schema/warehouse.sql"));
    place.edit(FILE, "retry: 3, backoff: exponential(1s, max: 30s)", "retry: 1, backoff: constant(10ms)");
    let ran = place.run(FILE, &["--at", AT]);
    assert_ne!(ran.code, 0);
    let result = ran.json();
    assert_eq!(result["metrics"]["items_processed"], 0, "{result}");
    assert_eq!(result["metrics"]["custom"]["jobs_failed"], json!(["apex_collector"]));
    assert_eq!(
        (count(&place, "vm_metric_data"), count(&place, "vm_metric_extract_jobs")),
        ("0".to_owned(), "0".to_owned())
    );
}
