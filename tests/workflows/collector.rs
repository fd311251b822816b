//! `apex_collector.flow`: every business day once, oldest first, whatever happened in between.

use std::time::Duration;

use serde_json::json;

use crate::support::place::Place;
use crate::support::place::wait;
use crate::support::source::{Reply, Source};
use crate::support::victoria::Throwaway;

/// The business days of October 2026 that a run at its end answers for.
fn october() -> Vec<String> {
    let weekend = [3, 4, 10, 11, 17, 18, 24, 25];
    (1..=29).filter(|day| !weekend.contains(day)).map(|day| format!("2026-10-{day:02}")).collect()
}

/// Where collecting is tested: the embedded stores, then real servers.
fn places(source: &Source) -> Vec<(Place, Option<Throwaway>)> {
    let server = wait(Throwaway::start(&["-retentionPeriod=100y"]));
    vec![
        (Place::empty().source(source.url()).impatient(), None),
        (Place::real(&server.url()).source(source.url()).impatient(), Some(server)),
    ]
}

/// The days with data, in order; every series must hold each instant once.
fn published(place: &Place) -> Vec<String> {
    let mut days = Vec::new();
    for (series, points) in place.samples("apex_data_price") {
        let day = series.split("business_date=").nth(1).unwrap()[..10].to_owned();
        assert_eq!(points.len(), 1, "{series} holds {points:?}");
        days.push(day);
    }
    days.sort();
    let each: Vec<String> = days.iter().step_by(2).cloned().collect();
    assert_eq!(days, each.iter().flat_map(|day| [day.clone(), day.clone()]).collect::<Vec<_>>(), "two ids a day");
    each
}

/// The days marked as done, in order.
fn marked(place: &Place) -> Vec<String> {
    let marks = place.samples("apex_collector_watermark_days");
    let points = marks.values().flatten();
    points
        .map(|(at, value)| {
            assert!((*at as f64 / 1000.0 - value).abs() < 0.5, "a mark's value is its instant");
            chrono::DateTime::from_timestamp_millis(*at).unwrap().format("%Y-%m-%d").to_string()
        })
        .collect()
}

#[test]
fn it_publishes_the_oldest_days_first_and_catches_up_without_holes() {
    let source = Source::start();
    for (place, _server) in places(&source) {
        let mut runs = 0;
        loop {
            let result = place.collect("2026-10-30T18:00Z", &["-p", "backfill_from=2026-10-01"]).expect(0);
            let asked = source.take_asked();
            assert_eq!(json!(asked.len()), result["metrics"]["custom"]["days_published"]);
            if asked.is_empty() {
                break;
            }
            let done = (runs * 5 + 5).min(21);
            assert_eq!(asked, october()[runs * 5..done], "oldest first, five at a time");
            assert_eq!(published(&place), october()[..done]);
            assert_eq!(marked(&place), october()[..done]);
            runs += 1;
        }
        assert_eq!(runs, 5);
        assert_eq!(published(&place), october());
    }
}

#[test]
fn a_day_that_fails_stops_the_loop_and_is_not_marked() {
    let source = Source::start();
    for (place, _server) in places(&source) {
        source.script(
            |day, _| if day < "2026-10-06" { Reply::day(day) } else { Reply::status("500 Internal Server Error") },
        );
        let arguments = ["-p", "backfill_from=2026-10-01"];
        let failed = place.collect("2026-10-30T18:00Z", &arguments).expect(1);
        assert_eq!(failed["status"], "failed");
        assert_eq!(failed["error"]["item"], "2026-10-06");
        assert_eq!(failed["error"]["step"], "published.rows");
        assert!(failed["error"]["message"].as_str().unwrap().contains("answered 500"), "{}", failed["error"]);
        assert_eq!(failed["metrics"]["items_processed"], 9, "what was published counts");
        assert_eq!(failed["metrics"]["custom"]["days_published"], 3);
        assert_eq!(marked(&place), october()[..3]);
        source.script(|day, _| Reply::day(day));
        for _ in 0..4 {
            place.collect("2026-10-30T18:00Z", &arguments).expect(0);
        }
        assert_eq!(published(&place), october());
        assert_eq!(marked(&place), october());
    }
}

#[test]
fn a_source_that_recovers_is_asked_again() {
    let source = Source::start();
    source.script(|day, nth| if nth < 3 { Reply::status("503 Service Unavailable") } else { Reply::day(day) });
    let place = Place::empty().source(source.url()).impatient();
    let ran = place.collect("2026-10-30T18:00Z", &["-p", "max_days_per_run=2"]);
    let result = ran.expect(0);
    assert_eq!(result["metrics"]["custom"]["days_published"], 2);
    assert!(ran.stderr.contains("answered 503"), "{}", ran.stderr);
}

#[test]
fn answers_that_are_no_data_fail_the_day() {
    let source = Source::start();
    let place = Place::empty().source(source.url()).impatient();
    #[allow(clippy::type_complexity, reason = "a table")]
    let cases: [(&str, fn(&str) -> Reply, &str, &str); 5] = [
        ("empty", |_| Reply::body("[]"), "require", "the source has nothing for 2026-10-01"),
        ("not JSON", |_| Reply::body("<html>log in</html>"), "data", "is not JSON"),
        ("another shape", |_| Reply::body(r#"{"rows": 3}"#), "data", "list"),
        ("another day", |_| Reply::day("2026-09-30"), "require", "the source has nothing for 2026-10-01"),
        (
            "nulls",
            |day| Reply::body(json!([{ "business_date": day, "auid": "A1", "values": { "price": null } }]).to_string()),
            "require",
            "the source has nothing for 2026-10-01",
        ),
    ];
    for (name, reply, kind, message) in cases {
        source.script(move |day, _| reply(day));
        let result = place.collect("2026-10-30T18:00Z", &["-p", "backfill_from=2026-10-01"]).expect(1);
        assert_eq!(result["error"]["kind"], kind, "{name}");
        assert!(result["error"]["message"].as_str().unwrap().contains(message), "{name}: {}", result["error"]);
        assert_eq!(result["error"]["item"], "2026-10-01", "{name}");
        assert_eq!(marked(&place), [""; 0], "{name}");
    }
}

#[test]
fn a_run_that_dies_in_the_middle_loses_and_doubles_nothing() {
    let source = Source::start();
    for (place, _server) in places(&source) {
        source.take_asked();
        source.script(|day, _| Reply::day(day).after(if day == "2026-10-07" { 10_000 } else { 0 }));
        let arguments = ["--at", "2026-10-30T18:00Z", "-p", "backfill_from=2026-10-01", "-p", "max_days_per_run=30"];
        let mut child = place.command("workflows/apex_collector.flow", &arguments).spawn().unwrap();
        let mut asked = Vec::new();
        while !asked.iter().any(|day| day == "2026-10-07") {
            std::thread::sleep(Duration::from_millis(10));
            asked.extend(source.take_asked());
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(marked(&place), october()[..4]);
        source.script(|day, _| Reply::day(day));
        place.run("workflows/apex_collector.flow", &arguments).expect(0);
        assert_eq!(source.take_asked(), october()[4..]);
        assert_eq!(published(&place), october());
        assert_eq!(marked(&place), october());
    }
}

#[test]
fn a_clock_set_back_does_no_harm() {
    let source = Source::start();
    let place = Place::empty().source(source.url()).impatient();
    let arguments = ["-p", "backfill_from=2026-10-01", "-p", "max_days_per_run=30"];
    place.collect("2026-10-15T18:00Z", &arguments).expect(0);
    let before = (published(&place), marked(&place));
    source.take_asked();
    for at in ["2026-10-08T18:00Z", "2026-09-01T00:00Z", "2026-10-15T18:00Z"] {
        let result = place.collect(at, &arguments).expect(0);
        assert_eq!((at, &result["metrics"]["custom"]["days_published"]), (at, &json!(0)));
    }
    assert_eq!(source.take_asked(), [""; 0]);
    assert_eq!((published(&place), marked(&place)), before);
    place.collect("2026-10-30T18:00Z", &arguments).expect(0);
    assert_eq!(published(&place), october());
}
