//! `extractor.flow`: what it copies, once and again, and that every database gets the same.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use crate::support::place::{Place, assert_same, import, load};
use crate::support::sandbox::root;
use crate::support::victoria;

/// The rows that the shipped data must become, for days from 30 September on.
fn expected_rows() -> Vec<String> {
    let text = std::fs::read_to_string(root().join("workflows/data/apex.jsonl")).unwrap();
    let mut rows: Vec<String> = text.lines().filter_map(expected_row).collect();
    rows.sort();
    rows
}

fn expected_row(line: &str) -> Option<String> {
    let line: Json = serde_json::from_str(line).unwrap();
    let (metric, value) = (&line["metric"], line["values"][0].as_f64().unwrap());
    let day = metric["business_date"].as_str().unwrap();
    let label = |name: &str| metric[name].as_str().unwrap();
    (day >= "2026-09-30").then(|| {
        let (auid, name, source) = (label("auid"), label("__name__"), label("source"));
        format!("{day}|{auid}|{name}{{business_date={day},source={source}}}|{value}|{day}T00:00:00.000000Z|2026-10-30T18:00:00.000000Z")
    })
}

#[test]
fn the_embedded_default_holds_the_shipped_data_exactly() {
    let place = Place::embedded();
    let result = place.extract(&[]).expect(0);
    assert_eq!(result["status"], "success");
    assert_eq!(result["metrics"]["items_created"], 230);
    assert_eq!(result["metrics"]["custom"], json!({ "days_considered": 23, "days_copied": 23, "days_failed": [] }));
    let rows = place.rows();
    assert_eq!(rows.len(), 230);
    assert_same(&rows, &expected_rows());
    assert_eq!(place.copied_days().len(), 23);
}

#[test]
fn the_status_is_written_after_the_outcome() {
    let place = Place::embedded();
    place.extract(&[]).expect(0);
    let gauge = "extractor_job_status{env=local,job_id=extractor,status=success}".to_owned();
    assert_eq!(
        place.samples("extractor_job_status").into_iter().collect::<Vec<_>>(),
        [(gauge, vec![(1_793_383_200_000, 1.0)])]
    );
    let job = place.run("apex_extractor", &["--at", "2026-10-30T19:00Z"]).expect(0);
    assert_eq!(job["job_id"], "apex_extractor");
    let names: Vec<String> = place.samples("extractor_job_status").into_keys().collect();
    assert!(names.iter().any(|name| name.contains("job_id=apex_extractor,status=success")), "{names:?}");
}

#[test]
fn a_second_run_copies_nothing() {
    let place = Place::embedded();
    place.extract(&[]).expect(0);
    let before = place.rows();
    let again = place.run("workflows/extractor.flow", &["--at", "2026-10-30T18:30Z"]).expect(0);
    assert_eq!(again["metrics"]["items_processed"], 0);
    assert_eq!(again["metrics"]["custom"]["days_copied"], 0);
    assert_eq!((place.rows(), place.copied_days().len()), (before, 23));
}

#[test]
fn late_data_of_an_old_day_update_it() {
    let server = victoria::url();
    let job = victoria::unique("late");
    let place = Place::real(&server);
    load(&server, &job);
    let of_job = format!("job={job}");
    place.extract(&["-p", &of_job]).expect(0);
    let late = json!({
        "metric": { "__name__": "apex_data_rate", "auid": "EURUSD", "biz_date": "05/10/2026",
                    "business_date": "2026-10-05", "job": job, "source": "ecb" },
        "values": [9.5], "timestamps": [1_793_000_000_000_i64],
    });
    import(&server, &late.to_string());
    let result = place.run("workflows/extractor.flow", &["--at", "2026-10-30T19:00Z", "-p", &of_job]).expect(0);
    assert_eq!(result["metrics"]["items_updated"], 10);
    assert_eq!(result["metrics"]["items_created"], 0);
    assert_eq!(result["metrics"]["custom"]["days_copied"], 1);
    let rows = place.rows();
    assert_eq!(rows.len(), 230);
    let row = rows.iter().find(|row| row.starts_with("2026-10-05|EURUSD|")).unwrap();
    assert!(row.ends_with("|9.5|2026-10-26T07:33:20.000000Z|2026-10-30T19:00:00.000000Z"), "{row}");
}

#[test]
fn real_servers_give_the_same_rows_as_the_embedded_default() {
    let embedded = Place::embedded();
    embedded.extract(&[]).expect(0);
    let server = victoria::url();
    let job = victoria::unique("same");
    load(&server, &job);
    let real = Place::real(&server);
    let result = real.extract(&["-p", &format!("job={job}")]).expect(0);
    assert_eq!(result["metrics"]["items_created"], 230);
    assert_same(&real.rows(), &embedded.rows());
    assert_eq!(real.copied_days(), embedded.copied_days());
    let days: BTreeSet<String> = real.copied_days().into_iter().collect();
    assert_eq!(days.len(), 23);
}

#[test]
fn mariadb_gets_the_same_rows_once() {
    let server = victoria::url();
    let job = victoria::unique("mariadb");
    load(&server, &job);
    let of_job = format!("job={job}");
    let (postgres, mariadb) = (Place::real(&server), Place::on_mariadb(&server));
    postgres.extract(&["-p", &of_job]).expect(0);
    let result = mariadb.extract(&["-p", &of_job]).expect(0);
    assert_eq!(result["metrics"]["items_created"], 230);
    assert_same(&mariadb.rows(), &postgres.rows());
    assert_eq!(mariadb.copied_days(), postgres.copied_days());
    let again = mariadb.run("workflows/extractor.flow", &["--at", "2026-10-30T18:30Z", "-p", &of_job]).expect(0);
    assert_eq!(again["metrics"]["items_processed"], 0);
    assert_eq!(mariadb.rows().len(), 230);
}

#[test]
fn nothing_published_is_nothing_to_do() {
    let place = Place::embedded();
    let result = place.extract(&["-p", "job=nobody"]).expect(0);
    assert_eq!((&result["status"], &result["metrics"]["custom"]["days_copied"]), (&json!("success"), &json!(0)));
    let earlier = place.run("workflows/extractor.flow", &["--at", "2020-01-31T06:00Z"]).expect(0);
    assert_eq!(earlier["metrics"]["items_processed"], 0);
}
