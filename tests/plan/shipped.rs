//! The shipped workflows: plan, run, plan again; on the embedded stores and on real servers.

use serde_json::{Value as Json, json};
use sqlx::{Connection, Executor, PgConnection};

use super::{counts, group, only, plan_extractor};
use crate::support::place::{AT, Place, load, wait};
use crate::support::postgres;
use crate::support::source::{Reply, Source};
use crate::support::victoria::Throwaway;

/// A server of one test: on the shared one the gauges of other tests' runs are there already.
fn server() -> Throwaway {
    wait(Throwaway::start(&["-retentionPeriod=100y"]))
}

#[test]
fn the_extractor_does_what_its_plan_says_and_then_has_nothing_to_do() {
    let server = server();
    load(&server.url(), "apex_collector");
    for place in [Place::embedded(), Place::real(&server.url())] {
        let more = ["--detailed-exitcode"];
        let plan = plan_extractor(&place, &more).expect(6);
        let saved = group(&plan, "copied.stored.saved");
        assert_eq!(counts(saved), only("created", 230));
        assert_eq!((&saved["target"], &saved["connection"]), (&json!("vm_extracted_metrics"), &json!("db")));
        assert_eq!(saved["transaction"], "copied.stored");
        assert_eq!((saved["writes"].as_u64(), saved["items"].as_array().unwrap().len()), (Some(23), 23));
        assert_eq!(saved["items"][0]["item"], "2026-09-30");
        assert_eq!(counts(group(&plan, "copied.stored.do db.upsert")), only("created", 23));
        let gauge = group(&plan, "finally.do status.publish.written");
        assert_eq!((counts(gauge), &gauge["target"]), (only("created", 1), &json!("extractor_job_status")));
        assert_eq!(plan["summary"], json!({ "to_write": 254, "unchanged": 0, "conflicting": 0, "unknown": 0 }));
        let unknown = ["items_processed", "items_created", "items_updated", "days_copied", "days_failed"];
        assert_eq!(plan["unknown_outputs"], json!(unknown), "what follows from a write is not guessed");
        assert_eq!(plan["outputs"], json!({ "days_considered": 23 }));

        let ran = place.extract(&[]).expect(0);
        assert_eq!(json!(ran["metrics"]["items_created"]), saved["counts"]["created"]);
        assert_eq!((place.rows().len(), place.copied_days().len()), (230, 23));

        let again = plan_extractor(&place, &more).expect(0);
        assert_eq!(again["summary"], json!({ "to_write": 0, "unchanged": 1, "conflicting": 0, "unknown": 0 }));
    }
}

#[test]
fn the_collector_does_what_its_plan_says_and_then_has_nothing_to_do() {
    let source = Source::start();
    let server = server();
    for place in [Place::empty(), Place::real(&server.url())] {
        let place = place.source(source.url()).impatient();
        let more = ["--at", AT, "-p", "backfill_from=2026-10-01", "-p", "max_days_per_run=30"];
        let plan =
            place.plan("workflows/apex_collector.flow", &[&more[..], &["--detailed-exitcode"]].concat()).expect(6);
        // Three numbers a day: of one id both, of the other the price; and a mark for each day.
        assert_eq!(counts(group(&plan, "published.do vm.write")), only("created", 63));
        assert_eq!(counts(group(&plan, "published.do watermark.advance.do vm.write")), only("created", 21));
        assert_eq!(plan["outputs"]["items_processed"], 63, "what does not follow from a write is known");
        assert_eq!(plan["summary"]["to_write"], 85);
        let ran = place.collect(AT, &more[2..]).expect(0);
        assert_eq!(ran["metrics"]["items_processed"], plan["outputs"]["items_processed"]);
        let stored = |prefix: &str| place.samples(prefix).values().map(Vec::len).sum::<usize>();
        assert_eq!((stored("apex_data_"), stored("apex_collector_watermark_days")), (63, 21));
        assert_eq!(stored("apex_collector_job_status"), 1);
        let again =
            place.plan("workflows/apex_collector.flow", &[&more[..], &["--detailed-exitcode"]].concat()).expect(0);
        assert_eq!((&again["summary"]["to_write"], &again["summary"]["unchanged"]), (&json!(0), &json!(1)));
    }
}

#[test]
fn the_extract_and_the_converter_do_what_their_plans_say() {
    let place = Place::embedded();
    let more = ["--at", AT, "-p", "jobs=[\"apex_collector\"]"];
    let with = |more: &[&'static str], extra: &[&'static str]| [more, extra].concat();
    let file = "workflows/metrics_extract.flow";
    let extract = with(&more, &["-p", "initial_lookback=100d"]);
    let plan = place.plan(file, &with(&extract, &["--detailed-exitcode"])).expect(6);
    assert_eq!(counts(group(&plan, "extracted.stored.known")), only("created", 440));
    assert_eq!(counts(group(&plan, "extracted.stored.saved")), only("created", 440));
    assert_eq!(counts(group(&plan, "extracted.stored.do db.upsert")), only("created", 1));
    assert_eq!(plan["summary"]["to_write"], 882);
    assert_eq!(place.run(file, &extract).expect(0)["metrics"]["items_created"], 440);
    let again = place.plan(file, &extract).expect(0);
    // Those of the two days that are read again, lest late points be missed.
    assert_eq!(counts(group(&again, "extracted.stored.known")), only("unchanged", 30));
    assert_eq!(group(&again, "extracted.stored.saved")["counts"]["created"], 0);

    let file = "workflows/business_date_converter.flow";
    let convert = with(&more, &["-p", "lookback=100d"]);
    let plan = place.plan(file, &with(&convert, &["--detailed-exitcode"])).expect(6);
    let wrote = group(&plan, "converted.wrote");
    assert_eq!((counts(wrote), &wrote["target"]), (only("created", 440), &json!("apex_data_rate")));
    assert_eq!((&plan["outputs"]["items_processed"], &plan["outputs"]["days_converted"]), (&json!(440), &json!(44)));
    assert_eq!(place.run(file, &convert).expect(0)["metrics"]["items_processed"], plan["outputs"]["items_processed"]);
    let again = place.plan(file, &with(&convert, &["--detailed-exitcode"])).expect(0);
    assert_eq!(again["summary"]["to_write"], 0);
}

#[test]
fn an_item_whose_read_would_fail_is_told_and_its_writes_are_not() {
    let source = Source::start();
    source
        .script(|day, _| if day < "2026-10-03" { Reply::day(day) } else { Reply::status("500 Internal Server Error") });
    let place = Place::empty().source(source.url()).impatient();
    let more = ["--at", AT, "-p", "backfill_from=2026-10-01", "--detailed-exitcode"];
    // Where a run has written something before it fails, this ends with 1; a plan never has.
    let plan = place.plan("workflows/apex_collector.flow", &more).expect(4);
    assert_eq!(plan["status"], "failed");
    assert_eq!((&plan["error"]["step"], &plan["error"]["item"]), (&json!("published.rows"), &json!("2026-10-05")));
    assert_eq!(counts(group(&plan, "published.do vm.write")), only("created", 6));
    // `finally` runs after a failure, too.
    assert_eq!(counts(group(&plan, "finally.do status.publish.written")), only("created", 1));
}

#[test]
fn a_plan_of_new_stores_makes_no_file() {
    let place = Place::embedded();
    let plan = plan_extractor(&place, &[]).expect(0);
    assert_eq!(plan["summary"]["to_write"], 254);
    assert!(!place.sandbox.path().join(".vmflow").exists(), "nothing was made");
}

#[test]
fn a_plan_leaves_the_embedded_stores_as_they_are() {
    let place = Place::embedded();
    place.extract(&[]).expect(0);
    place.execute("delete from vm_extraction_jobs where biz_date > '2026-10-25'");
    place.execute("update vm_extracted_metrics set value = 0 where auid = 'EURUSD' and biz_date > '2026-10-25'");
    let file = || std::fs::read(place.sandbox.path().join(".vmflow/warehouse.db")).unwrap();
    let state = || (place.rows(), place.copied_days(), place.samples(""));
    let before = state();
    // Whoever closes the file last has nothing left to write into it.
    place.execute("pragma wal_checkpoint(truncate)");
    let bytes = file();
    let plan = place.plan("workflows/extractor.flow", &["--at", "2026-10-30T19:00Z"]).expect(0);
    // The day of each row's copy changes, too.
    let saved = group(&plan, "copied.stored.saved");
    assert_eq!((saved["counts"]["updated"].as_u64(), saved["counts"]["created"].as_u64()), (Some(50), Some(0)));
    assert_eq!(saved["columns"], json!({ "value": 5, "extracted_at": 50 }));
    assert!(file() == bytes, "the database's file is the same");
    assert_eq!(state(), before);
    let ran = place.run("workflows/extractor.flow", &["--at", "2026-10-30T19:00Z"]).expect(0);
    assert_eq!(ran["metrics"]["items_updated"], saved["counts"]["updated"]);
}

/// A role of the shared server that may look at a schema and change nothing in it.
fn reader_of(url: &str) -> String {
    let schema = url.split("search_path]=").nth(1).unwrap();
    let role = format!("reader_of_{schema}");
    let sql = format!(
        "create role {role} login password 'look'; grant usage on schema {schema} to {role};
         grant select on all tables in schema {schema} to {role}"
    );
    wait(async {
        let mut connection = PgConnection::connect(url).await.unwrap();
        connection.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(sql))).await.unwrap();
    });
    let (scheme, rest) = url.split_once("://").unwrap();
    let host = rest.split_once('@').map_or(rest, |(_, host)| host);
    format!("{scheme}://{role}:look@{host}")
}

#[test]
fn a_plan_of_real_servers_needs_no_right_to_write() {
    let server = server();
    load(&server.url(), "apex_collector");
    let database = wait(postgres::fresh_schema());
    let owner = Place::on(&database, &server.url());
    let before = owner.samples("");
    let reader = Place::aimed_at(&reader_of(&database), &server.url());
    let plan = plan_extractor(&reader, &[]).expect(0);
    assert_eq!(plan["summary"]["to_write"], 254);
    assert_eq!(owner.rows().len() + owner.copied_days().len(), 0);
    assert_eq!(owner.samples(""), before);
    let refused = reader.extract(&[]);
    assert_ne!(refused.code, 0, "the role cannot write: {}", refused.stdout);
}

#[test]
fn people_see_it_in_five_seconds() {
    let place = Place::embedded();
    let shown = plan_extractor(&place, &["--format", "human"]);
    assert_eq!(shown.code, 0, "{}", shown.stderr);
    assert!(shown.stdout.contains("    + 230 rows into vm_extracted_metrics (`db`) (created)\n"), "{}", shown.stdout);
    assert!(shown.stdout.contains("      2026-09-30: 10, 2026-10-01: 10, "), "{}", shown.stdout);
    assert!(shown.stdout.contains("  known after the run: items_processed, "), "{}", shown.stdout);
    assert!(shown.stdout.ends_with("\nplan: 254 to write\n"), "{}", shown.stdout);
    let colored = plan_extractor(&place, &["--format", "human", "--color", "always"]);
    assert!(colored.stdout.contains("\u{1b}[32m+\u{1b}[0m 230 rows"), "{}", colored.stdout);
}

#[test]
fn without_reading_the_structure_is_shown() {
    let place = Place::aimed_at("postgres://nobody:x@127.0.0.1:9/x", "http://127.0.0.1:9");
    let plan = place.plan("workflows/extractor.flow", &["--at", AT, "--offline"]).expect(0);
    let told: Vec<Json> = plan["writes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|group| json!([group["step"], group["action"], group["connection"], group["target"], group["only_if"]]))
        .collect();
    assert_eq!(
        json!(told),
        json!([
            ["copied.stored.saved", "sql.upsert", "db", "vm_extracted_metrics", "for each item of `copied`"],
            ["copied.stored.do db.upsert", "sql.upsert", "db", "vm_extraction_jobs", "for each item of `copied`"],
            ["finally.do status.publish.written", "metrics.write", "vm", null, null],
        ])
    );
    let human = place.plan("workflows/extractor.flow", &["--at", AT, "--offline", "--format", "human"]);
    assert!(human.stdout.ends_with("\nplan: 3 steps that may write\n"), "{}", human.stdout);
}
