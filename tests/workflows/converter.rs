//! `business_date_converter.flow`: business dates that are labels become instants, again and again the same.

use serde_json::{Value as Json, json};

use crate::support::place::{AT, Place, Samples, import, load};
use crate::support::victoria;

const FILE: &str = "workflows/business_date_converter.flow";
const DAY: i64 = 86_400_000;

fn convert(place: &Place, at: &str, job: &str) -> Json {
    place.run(FILE, &["--at", at, "-p", &format!("jobs=[\"{job}\"]"), "-p", "lookback=100d"]).expect(0)
}

/// The converted series of a job.
fn converted(place: &Place, name: &str, job: &str) -> Samples {
    let mut samples = place.samples(name);
    samples.retain(|id, _| id.contains(&format!("job={job}_converted")));
    samples
}

#[test]
fn both_stores_get_the_same_points_at_their_midnights() {
    let embedded = Place::embedded();
    let result = convert(&embedded, AT, "apex_collector");
    assert_eq!(
        (&result["metrics"]["items_processed"], &result["metrics"]["custom"]["days_converted"]),
        (&json!(440), &json!(44))
    );
    let server = victoria::url();
    let job = victoria::unique("conv");
    load(&server, &job);
    let real = Place::real(&server);
    convert(&real, AT, &job);
    let of_job = |samples: Samples, job: &str| -> Samples {
        samples.into_iter().map(|(id, points)| (id.replace(job, "JOB"), points)).collect()
    };
    let expected = of_job(converted(&embedded, "apex_data_rate", "apex_collector"), "apex_collector");
    assert_eq!(of_job(converted(&real, "apex_data_rate", &job), &job), expected);
    assert_eq!(expected.len(), 440);
    for (id, points) in &expected {
        assert!(!id.contains("biz_date"), "{id}");
        assert!(points.len() == 1 && points[0].0 % DAY == 0, "{id}: {points:?}");
    }
    for (place, job) in [(&embedded, "apex_collector"), (&real, job.as_str())] {
        assert_eq!(convert(place, "2026-10-30T19:00Z", job)["metrics"]["items_processed"], 0);
    }
}

#[test]
fn a_late_point_goes_a_second_after_the_one_before_and_the_rest_stay() {
    let server = victoria::url();
    let job = victoria::unique("second");
    let place = Place::real(&server);
    let write = |auid: &str, biz_date: &str, timestamp: i64, value: f64| {
        let metric = json!({ "__name__": "nav", "job": job, "auid": auid, "biz_date": biz_date });
        import(&server, &json!({ "metric": metric, "values": [value], "timestamps": [timestamp] }).to_string());
    };
    let midnight = 1_793_232_000_000_i64; // 2026-10-29
    write("A1", "29/10/2026", midnight + 30_600_000, 1.0);
    write("A2", "29/10/2026", midnight + 30_600_001, 2.0);
    convert(&place, "2026-10-29T12:00Z", &job);
    // Corrected two days later, and a day that was missed until then.
    write("A1", "29/10/2026", midnight + 2 * DAY, 1.5);
    write("A1", "28/10/2026", midnight + 2 * DAY, 0.5);
    let result = convert(&place, "2026-10-31T12:00Z", &job);
    assert_eq!(result["metrics"]["custom"]["days_converted"], 2);
    let points: Vec<Vec<(i64, f64)>> = converted(&place, "nav", &job).into_values().collect();
    assert_eq!(points, [vec![(midnight - DAY, 0.5), (midnight, 1.0), (midnight + 1000, 1.5)], vec![(midnight, 2.0)]]);
}

#[test]
fn a_business_date_that_is_none_is_told_and_the_others_are_converted() {
    let server = victoria::url();
    let job = victoria::unique("odd");
    let place = Place::real(&server);
    for biz_date in ["2026-10-29", "30/02/2026", "29/10/2026"] {
        let metric = json!({ "__name__": "nav", "job": job, "biz_date": biz_date });
        import(
            &server,
            &json!({ "metric": metric, "values": [1.0], "timestamps": [1_793_262_600_000_i64] }).to_string(),
        );
    }
    let ran = place.run(FILE, &["--at", AT, "-p", &format!("jobs=[\"{job}\"]")]);
    let result = ran.expect(3);
    assert_eq!(result["metrics"]["custom"]["days_failed"], json!([format!("{job} 30/02/2026")]));
    assert_eq!(result["metrics"]["custom"]["days_converted"], 1);
    assert!(
        result["warnings"][0]["message"].as_str().unwrap().contains("1 values of biz_date are no dates"),
        "{result}"
    );
}
