//! Servers that answer, and say no.

use serde_json::json;

use super::assert_error;
use crate::support::faulty::{Faulty, answer};
use crate::support::place::{Place, load};
use crate::support::victoria;

/// The shipped data on real servers, under a job of their own.
fn loaded() -> (Place, String) {
    let job = victoria::unique("refused");
    load(&victoria::url(), &job);
    (Place::real(&victoria::url()).impatient(), format!("job={job}"))
}

#[test]
fn a_missing_table_fails_the_run() {
    let (place, job) = loaded();
    place.execute("drop table vm_extraction_jobs");
    let result = place.extract(&["-p", &job]).expect(1);
    assert_eq!((&result["status"], &result["error"]["step"]), (&json!("failed"), &json!("copies")));
    assert_error(&result, "query", &["vm_extraction_jobs", "does not exist"]);
    assert_eq!(place.rows().len(), 0);
}

#[test]
fn a_query_that_the_server_refuses_fails_the_run() {
    let (place, job) = loaded();
    // Two series of one name cannot be told apart without `by`: a thing only the server can see.
    place.edit(
        "workflows/extractor.flow",
        "max by (biz_date) (tlast_over_time({job=$job, biz_date=~$labels}[400d]))",
        "label_del(last_over_time({job=$job, biz_date=~$labels}[400d]), \"auid\", \"biz_date\", \"business_date\")",
    );
    let result = place.extract(&["-p", &job]).expect(1);
    assert_eq!(result["error"]["step"], "newest");
    assert_error(&result, "query", &["answered 422"]);
}

#[test]
fn one_bad_day_among_good_ones_is_named_and_completed_later() {
    let (real, job) = loaded();
    let embedded = Place::embedded().impatient();
    let trigger = "create function no() returns trigger language plpgsql as $$ begin
          if new.biz_date = '2026-10-09' then raise exception 'the 9th is closed' using errcode = '23514'; end if;
          return new; end $$;
        create trigger closed before insert on vm_extraction_jobs for each row execute function no()";
    real.execute(trigger);
    // The first run makes the tables.
    embedded.extract(&["-p", "job=nobody"]).expect(0);
    embedded.execute(
        "create trigger closed before insert on vm_extraction_jobs when new.biz_date = '2026-10-09'
        begin select raise(abort, 'the 9th is closed'); end",
    );
    for (place, job, repair) in [
        (&real, job.as_str(), "drop trigger closed on vm_extraction_jobs"),
        (&embedded, "job=apex_collector", "drop trigger closed"),
    ] {
        let ran = place.extract(&["-p", job]);
        let result = ran.expect(3);
        assert_eq!(result["status"], "partial");
        assert_eq!(result["metrics"]["items_created"], 220);
        assert_eq!(result["metrics"]["custom"]["days_failed"], json!(["2026-10-09"]));
        let message = result["message"].as_str().unwrap();
        assert!(message.contains("22 of 23 items") && message.contains("2026-10-09 failed: "), "{message}");
        assert!(message.contains("the 9th is closed"), "{message}");
        assert!(ran.stderr.contains("copied.stored[2026-10-09]"), "{}", ran.stderr);
        let rows = place.rows();
        assert_eq!(rows.len(), 220, "the day's own rows were rolled back");
        assert!(!rows.iter().any(|row| row.starts_with("2026-10-09")));
        place.execute(repair);
        let result = place.extract(&["-p", job]).expect(0);
        assert_eq!(result["metrics"]["items_created"], 10);
        assert_eq!(place.rows().len(), 230);
    }
    let status = status_of(&embedded);
    assert!(status.iter().any(|name| name.contains("status=partial")), "{status:?}");
}

/// The series of the status metric.
fn status_of(place: &Place) -> Vec<String> {
    place.samples("extractor_job_status").into_keys().collect()
}

#[test]
fn a_write_that_is_refused_fails_each_day() {
    let (place, job) = loaded();
    place.execute("alter table vm_extracted_metrics add constraint none check (value < 0)");
    let result = place.extract(&["-p", &job]).expect(3);
    assert_eq!(result["metrics"]["items_processed"], 0);
    assert_eq!(result["metrics"]["custom"]["days_failed"].as_array().unwrap().len(), 23);
    let message = result["message"].as_str().unwrap();
    assert!(message.contains("0 of 23 items") && message.contains("violates check constraint"), "{message}");
    assert!(message.contains("20 more failed"), "{message}");
    assert_eq!((place.rows().len(), place.copied_days().len()), (0, 0));
}

#[test]
fn a_change_without_samples_fails_its_day() {
    let place = Place::embedded().impatient();
    // A mark before the day itself: it makes the day stale, and the day's own window is empty.
    let (job, at) = ("early", 1_792_713_600_000_i64 - 86_400_000);
    let line = json!({ "metric": { "__name__": "apex_data_rate", "auid": "A", "biz_date": "23/10/2026", "job": job },
                       "values": [1.0], "timestamps": [at] });
    place.sandbox.write("workflows/data/apex.jsonl", &line.to_string());
    let result = place.extract(&["-p", "job=early"]).expect(3);
    assert_eq!(result["metrics"]["custom"]["days_failed"], json!(["2026-10-23"]));
    let message = result["message"].as_str().unwrap();
    assert!(message.contains("2026-10-23: VictoriaMetrics says it changed, but holds no samples"), "{message}");
    assert_eq!((place.rows().len(), place.copied_days().len()), (0, 0));
}

#[test]
fn series_without_an_auid_are_left_out_with_a_warning() {
    let place = Place::embedded();
    let text = place.sandbox.read("workflows/data/apex.jsonl");
    let line = r#"{"metric":{"__name__":"apex_data_rate","biz_date":"30/10/2026","job":"apex_collector"},"values":[1.0],"timestamps":[1793318400000]}"#;
    place.sandbox.write("workflows/data/apex.jsonl", &format!("{text}{line}\n"));
    let result = place.extract(&[]).expect(0);
    assert_eq!(result["warnings"][0]["item"], "2026-10-30");
    assert_eq!(result["warnings"][0]["message"], "2026-10-30: series without an auid are left out");
    assert_eq!(place.rows().len(), 230);
}

#[test]
fn a_status_that_cannot_be_written_is_a_warning() {
    let job = victoria::unique("status");
    load(&victoria::url(), &job);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(Faulty::start(|_| answer("400 Bad Request", "", "no more samples, please")));
    let mut place = Place::real(&victoria::url()).impatient();
    place.sandbox.set("VM_WRITE_URL", &server.url());
    let ran = place.extract(&["-p", &format!("job={job}"), "--at", "2026-10-30T18:00:01Z"][..2]);
    let result = ran.expect(0);
    assert_eq!((&result["status"], &result["metrics"]["items_created"]), (&json!("success"), &json!(230)));
    // What the shared server holds already is not sent again, so a run of its own instant is needed.
    let again = place.run("workflows/extractor.flow", &["-p", &format!("job={job}"), "--at", "2026-10-30T18:47:11Z"]);
    let result = again.expect(0);
    assert_eq!(result["status"], "success");
    let warning = result["warnings"][0]["message"].as_str().unwrap();
    assert!(warning.contains("answered 400: no more samples, please"), "{warning}");
    assert_eq!(again.stderr.matches("no more samples").count(), 1, "{}", again.stderr);
}
