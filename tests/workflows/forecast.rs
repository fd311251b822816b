//! `metrics_forecast.flow`: on the embedded default, on VictoriaMetrics and in both databases, once and again.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};
use serde_json::{Value as Json, json};

use crate::support::place::{AT, Place, Samples, import};
use crate::support::victoria;

const FILE: &str = "workflows/metrics_forecast.flow";
const DAY: i64 = 86_400_000;
/// The day after the last of the [history](history), long gone.
const THEN: &str = "2026-08-03T07:00Z";

/// Few changepoints are quickly fitted.
const QUICK: &str = r#"prophet={"n_changepoints": 3}"#;

fn forecast(place: &Place, at: &str, more: &[&str]) -> Json {
    place.run(FILE, &[&["--at", at, "-p", QUICK], more].concat()).expect(0)
}

/// 130 business days through Friday, 31 July 2026, at times of day that no two of them share.
fn history(server: &str, job: &str, auids: &[&str]) {
    let first: NaiveDate = "2026-02-02".parse().unwrap();
    let open = |day: &NaiveDate| day.weekday().num_days_from_monday() < 5;
    let days: Vec<NaiveDate> = first.iter_days().filter(open).take(130).collect();
    for (at, auid) in auids.iter().enumerate() {
        let midnight = |day: &NaiveDate| day.and_hms_opt(0, 0, 0).unwrap().and_utc().timestamp_millis();
        let timestamps: Vec<i64> = days.iter().zip(1..).map(|(day, n)| midnight(day) + n * 61_000).collect();
        let value = |n: usize| 100.0 + 0.3 * n as f64 + 5.0 * ((n + at) as f64 / 9.0).sin();
        let values: Vec<f64> = (0..days.len()).map(value).collect();
        let metric = json!({ "__name__": format!("{job}_nav"), "job": job, "auid": auid });
        import(server, &json!({ "metric": metric, "values": values, "timestamps": timestamps }).to_string());
    }
}

/// The forecasts of a place, by their labels.
fn forecasts(place: &Place, prefix: &str) -> Samples {
    let mut samples = place.samples(prefix);
    samples.retain(|id, _| id.contains("forecast="));
    samples
}

/// How long after midnight the points of each day are, in seconds.
fn seconds(points: &[(i64, f64)]) -> BTreeMap<i64, Vec<i64>> {
    let mut by_day: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for (at, _) in points {
        by_day.entry(at / DAY).or_default().push(at % DAY / 1000);
    }
    by_day
}

#[test]
fn the_embedded_default_is_forecast_and_a_rerun_comes_a_second_later() {
    let place = Place::embedded();
    let first = forecast(&place, AT, &[]);
    assert_eq!((&first["status"], &first["metrics"]["items_processed"]), (&json!("success"), &json!(600)), "{first}");
    let before = forecasts(&place, "apex_data_rate");
    assert_eq!(before.len(), 30, "ten currencies, three variants");
    forecast(&place, AT, &[]);
    let after = forecasts(&place, "apex_data_rate");
    assert_eq!(after.len(), 30);
    for (id, points) in &after {
        assert!(id.contains("auid="), "{id}");
        let days = seconds(points);
        assert_eq!(days.len(), 20, "{id}");
        assert!(days.values().all(|seconds| seconds == &[0, 1]), "{id}: {days:?}");
        // Neither trained on the first forecast nor forecast otherwise: the same history, the same values.
        let values =
            |second: i64| points.iter().filter(move |(at, _)| at % DAY == second * 1000).map(|(_, value)| *value);
        assert!(values(0).eq(values(1)), "{id}");
        assert!(values(0).eq(before[id].iter().map(|(_, value)| *value)), "{id}");
    }
    let jobs = place.texts("select status || ' ' || values_written from vm_forecast_job order by run_id");
    assert_eq!(jobs, ["success 600", "success 600"]);
}

#[test]
fn victoria_metrics_holds_every_day_and_the_rerun_a_second_later() {
    let server = victoria::url();
    let job = victoria::unique("fc");
    history(&server, &job, &["A1", "A2"]);
    let place = Place::real(&server);
    let jobs = format!("jobs=[\"{job}\"]");
    for (run, wanted) in [vec![0], vec![0, 1]].iter().enumerate() {
        let result = forecast(&place, THEN, &["-p", &jobs]);
        assert_eq!(result["metrics"]["items_created"], 120, "{result}");
        assert_eq!(result["outputs"]["forecast_from"], "2026-08-03", "no day is made up");
        let found = forecasts(&place, &job);
        assert_eq!(found.len(), 6);
        for (id, points) in found {
            let days = seconds(&points);
            assert!(days.len() == 20 && days.values().all(|seconds| seconds == wanted), "run {run}, {id}: {days:?}");
        }
    }
    // The other target of the same workflow: the same forecasts, in PostgreSQL, upserted.
    let created =
        |result: &Json| (result["metrics"]["items_created"].clone(), result["metrics"]["items_updated"].clone());
    let sql = ["-p", jobs.as_str(), "-p", "target=sql"];
    assert_eq!(created(&forecast(&place, THEN, &sql)), (json!(120), json!(0)));
    assert_eq!(created(&forecast(&place, THEN, &sql)).0, json!(0));
    let rows = place.texts("select cast(count(*) as text) || ' ' || count(distinct metric_id) from vm_metric_data");
    assert_eq!(rows, ["120 6"]);
    let labels = place.texts("select cast(metric_labels as text) from vm_metric_metadata order by 1");
    assert!(labels.iter().all(|labels| labels.contains("auid") && labels.contains("forecast")), "{labels:?}");
    let targets = place.texts("select target || ' ' || status from vm_forecast_job order by run_id");
    assert_eq!(targets, ["metrics success", "metrics success", "sql success", "sql success"]);
}

#[test]
fn sqlite_gets_each_row_once() {
    let place = Place::embedded();
    let sql = ["-p", "target=sql", "-p", "horizon=5bd"];
    assert_eq!(forecast(&place, AT, &sql)["metrics"]["items_created"], 150);
    assert_eq!(forecast(&place, AT, &sql)["metrics"]["items_created"], 0);
    assert_eq!(place.texts("select cast(count(*) as text) from vm_metric_data"), ["150"]);
    assert!(forecasts(&place, "apex_data_rate").is_empty());
}

/// What a database holds of each series: its labels, how many days, the sum of the values.
fn stored(place: &Place) -> Vec<String> {
    let labels = place.texts("select metric_labels from vm_metric_metadata order by metric_id");
    let sums = place.texts(
        "select concat(metric_id, ' ', count(*), ' ', round(sum(metric_value), 6), ' ', min(metric_timestamp))
         from vm_metric_data group by metric_id order by metric_id",
    );
    labels.into_iter().zip(sums).map(|(labels, sums)| format!("{labels} {sums}")).collect()
}

#[test]
fn mariadb_gets_each_row_once_and_keeps_every_label() {
    let server = victoria::url();
    let job = victoria::unique("fcmaria");
    history(&server, &job, &["A1", "A2"]);
    let place = Place::on_mariadb(&server);
    // One series has too few points for its own settings, though not for those of the run.
    place.execute(
        r#"insert into vm_forecast_config (config_id, job_id, metric_labels, min_points, prophet) values
           (1, 'metrics_forecast', '{"auid":"A2"}', 131, null), (2, 'metrics_forecast', '{"auid":"A1"}', null, '{"growth":"flat"}')"#,
    );
    let jobs = format!("jobs=[\"{job}\"]");
    let run = || forecast(&place, THEN, &["-p", &jobs, "-p", "target=sql", "-p", "horizon=5bd"]);
    let counts = |result: &Json| {
        ["items_created", "items_updated", "items_skipped"].map(|name| result["metrics"][name].as_i64().unwrap())
    };
    assert_eq!(counts(&run()), [15, 0, 1]);
    let first = stored(&place);
    assert_eq!(first.len(), 3);
    assert!(first.iter().all(|row| row.contains(r#""auid":"A1""#) && row.contains(" 5 ")), "{first:?}");
    assert_eq!(counts(&run())[0], 0);
    assert_eq!(stored(&place), first, "a rerun changes nothing");
    // Other settings: the same keys with other values, and the second series.
    place.execute("update vm_forecast_config set enabled = false");
    assert_eq!(counts(&run()), [15, 15, 0]);
    let second = stored(&place);
    assert_eq!(second.len(), 6);
    assert!(first.iter().all(|row| !second.contains(row)), "{second:?}");
    let told =
        place.texts("select concat(target, ' ', status, ' ', values_written) from vm_forecast_job order by run_id");
    assert_eq!((told.len(), &*told[0], &*told[2]), (3, "sql success 15", "sql success 30"));
}

#[test]
fn what_a_server_would_drop_is_refused_before_anything_is_written() {
    let server = victoria::url();
    let job = victoria::unique("far");
    history(&server, &job, &["A1"]);
    let place = Place::real(&server);
    // A server keeps two days ahead unless it is told otherwise; here the last point counts as today's.
    place.edit("vmflow.yaml", "future_retention: 60d", "future_retention: 2d");
    let jobs = format!("jobs=[\"{job}\"]");
    let ran = place.run(FILE, &["--at", THEN, "-p", &jobs, "-p", "horizon=260bd", "-p", QUICK]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let result = ran.json();
    let message = result["error"]["message"].as_str().unwrap();
    assert!(message.contains("drops later ones") && message.contains("target: sql"), "{message}");
    assert!(forecasts(&place, &job).is_empty());
    let told = place.texts("select status || ' ' || series_processed || ' ' || values_written from vm_forecast_job");
    assert_eq!(told, ["failed 1 0"]);
}

#[test]
fn settings_come_from_the_table_and_from_the_job() {
    let place = Place::embedded();
    // Makes the tables.
    forecast(&place, AT, &["-p", "target=sql", "-p", "horizon=1bd"]);
    place.execute(
        r#"insert into vm_forecast_config (config_id, job_id, metric_name, metric_labels, prophet) values
           (1, 'metrics_forecast', null, '{"auid":"EURUSD"}', '{"growth":"flat"}'),
           (2, 'metrics_forecast', null, '{"auid":"EURJPY"}', '{"growht":"flat"}'),
           (3, 'another', null, null, '{"growth":"wrong"}')"#,
    );
    let ran = place
        .run(FILE, &["--at", AT, "-p", "horizon=2bd", "-p", r#"prophet={"interval_width": 0.5, "n_changepoints": 3}"#]);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    let result = ran.json();
    assert_eq!(result["outputs"]["series_failed"], 1);
    let failure = &result["failures"][0];
    assert!(failure["message"].as_str().unwrap().contains("no setting `growht`"), "{failure}");
    assert_eq!(failure["help"], "did you mean `growth`?");
    assert_eq!(forecasts(&place, "apex_data_rate").len(), 27);
}
