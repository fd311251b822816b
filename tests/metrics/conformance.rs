//! What every store of metrics does, run on both.

use vmflow::connection::{Metrics, Written};
use vmflow::query::promql::selector;
use vmflow::value::{ErrorKind, Labels};

use super::{DAY, HOUR, MIDNIGHT, WriteSamples, at, embedded, export, sample};
use crate::support::victoria::{self, unique};

/// One test on each store; `$store` is the store, `$job` a label value of this test alone.
macro_rules! on_both_stores {
    ($($name:ident)*) => {
        mod on_victoria {
            use super::*;
            $(#[tokio::test]
            async fn $name() {
                super::$name(&victoria::client(&victoria::url()), &unique(stringify!($name))).await;
            })*
        }
        mod on_embedded {
            use super::*;
            $(#[tokio::test]
            async fn $name() {
                let (store, _directory) = embedded().await;
                super::$name(&store, &unique(stringify!($name))).await;
            })*
        }
    };
}

on_both_stores! {
    gotcha_05_what_is_written_is_read_at_once
    gotcha_08_writing_again_changes_nothing
    a_new_value_replaces_the_old_one
    gotcha_03_samples_at_both_ends_of_a_day_are_found
    gotcha_03_midnight_is_an_instant_like_any_other
    gotcha_09_a_batch_that_contradicts_itself_is_refused
    gotcha_10_nan_is_refused_and_infinity_is_kept
    labels_may_hold_anything
    many_series_are_written_and_read
    a_long_series_comes_in_pieces_and_in_order
    wrong_queries_say_so
    nothing_is_no_error
}

async fn gotcha_05_what_is_written_is_read_at_once(store: &dyn Metrics, job: &str) {
    let samples = [
        sample("a", &[("job", job)], 1.5, MIDNIGHT + HOUR),
        sample("a", &[("job", job)], 2.5, MIDNIGHT + 2 * HOUR),
        sample("b", &[("job", job), ("x", "1")], -3.0, MIDNIGHT + HOUR),
    ];
    assert_eq!(store.put(&samples).await.unwrap(), Written { written: 3, unchanged: 0 });
    let query = format!("last_over_time({{job={job:?}}}[1d])");
    let found = store.instant(&query, at(MIDNIGHT + 3 * HOUR)).await.unwrap();
    let found: Vec<_> = found.iter().map(|s| (&*s.name, s.value, s.at_ms)).collect();
    assert_eq!(found, [("a", 2.5, MIDNIGHT + 3 * HOUR), ("b", -3.0, MIDNIGHT + 3 * HOUR)]);
}

async fn gotcha_08_writing_again_changes_nothing(store: &dyn Metrics, job: &str) {
    let samples: Vec<_> = (0..50).map(|n| sample("a", &[("job", job)], 0.1 * n as f64, MIDNIGHT + n * 1000)).collect();
    assert_eq!(store.put(&samples).await.unwrap(), Written { written: 50, unchanged: 0 });
    assert_eq!(store.put(&samples).await.unwrap(), Written { written: 0, unchanged: 50 });
    let more = [samples.clone(), vec![sample("a", &[("job", job)], 9.0, MIDNIGHT + DAY)]].concat();
    assert_eq!(store.put(&more).await.unwrap(), Written { written: 1, unchanged: 50 });
    let twice = [samples[0].clone(), samples[0].clone()];
    assert_eq!(store.put(&twice).await.unwrap(), Written { written: 0, unchanged: 2 });
    let query = format!("count_over_time(a{{job={job:?}}}[2d])");
    assert_eq!(store.instant(&query, at(MIDNIGHT + DAY)).await.unwrap()[0].value.to_string(), "51");
}

async fn a_new_value_replaces_the_old_one(store: &dyn Metrics, job: &str) {
    for value in [2.0, 1.0, 3.0] {
        let written = store.put(&[sample("a", &[("job", job)], value, MIDNIGHT + HOUR)]).await.unwrap();
        assert_eq!(written, Written { written: 1, unchanged: 0 });
        let points = export(store, &format!("a{{job={job:?}}}"), MIDNIGHT, MIDNIGHT + DAY).await.unwrap();
        assert_eq!(points[0].1, [(MIDNIGHT + HOUR, value)]);
    }
}

async fn gotcha_03_samples_at_both_ends_of_a_day_are_found(store: &dyn Metrics, job: &str) {
    let instants = [MIDNIGHT - 1, MIDNIGHT, MIDNIGHT + DAY - 1, MIDNIGHT + DAY];
    for (n, instant) in instants.into_iter().enumerate() {
        store.put(&[sample("a", &[("job", job), ("n", &n.to_string())], 1.0, instant)]).await.unwrap();
    }
    let count = |from, to| async move {
        let found = export(store, &format!("{{job={job:?}}}"), from, to).await.unwrap();
        found.into_iter().map(|(_, points)| points[0].0).collect::<Vec<_>>()
    };
    assert_eq!(count(MIDNIGHT, MIDNIGHT + DAY).await, [MIDNIGHT, MIDNIGHT + DAY - 1]);
    // One that begins at midnight, in a window that ends there.
    assert_eq!(count(MIDNIGHT, MIDNIGHT + 1).await, [MIDNIGHT]);
    assert_eq!(count(MIDNIGHT - HOUR, MIDNIGHT).await, [MIDNIGHT - 1]);
    assert_eq!(count(MIDNIGHT + DAY, MIDNIGHT + DAY + 1).await, [MIDNIGHT + DAY]);
    assert_eq!(count(MIDNIGHT, MIDNIGHT).await, Vec::<i64>::new());
}

async fn gotcha_03_midnight_is_an_instant_like_any_other(store: &dyn Metrics, job: &str) {
    store.put(&[sample("a", &[("job", job)], 7.0, MIDNIGHT)]).await.unwrap();
    store.put(&[sample("a", &[("job", job), ("later", "1")], 8.0, MIDNIGHT + 1)]).await.unwrap();
    let last = |offset: &str, instant| {
        let query = format!("last_over_time(a{{job={job:?}}}[1h]{offset})");
        async move {
            let found = store.instant(&query, at(instant)).await.unwrap();
            found.iter().map(|s| (s.value, s.at_ms)).collect::<Vec<_>>()
        }
    };
    assert_eq!(last("", MIDNIGHT).await, [(7.0, MIDNIGHT)]);
    assert_eq!(last(" offset 6h", MIDNIGHT + 6 * HOUR).await, [(7.0, MIDNIGHT + 6 * HOUR)]);
    assert_eq!(last("", MIDNIGHT + HOUR).await, [(8.0, MIDNIGHT + HOUR)]);
    assert_eq!(last("", MIDNIGHT - 1).await, []);
    // Milliseconds are exact, also where a float of seconds falls short.
    for ms in [123, 1, 999, 500, 7] {
        let instant = MIDNIGHT + 3 * HOUR + ms;
        store.put(&[sample("exact", &[("job", job)], ms as f64, instant)]).await.unwrap();
        let query = format!("last_over_time(exact{{job={job:?}}}[1ms])");
        assert_eq!(store.instant(&query, at(instant)).await.unwrap().len(), 1, "{ms}");
        assert_eq!(store.instant(&query, at(instant + 1)).await.unwrap().len(), 0, "{ms}");
    }
}

async fn gotcha_09_a_batch_that_contradicts_itself_is_refused(store: &dyn Metrics, job: &str) {
    let samples =
        [sample("a", &[("job", job)], 1.0, MIDNIGHT), sample("a", &[("job", job), ("empty", "")], 2.0, MIDNIGHT)];
    let error = store.put(&samples).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Data);
    assert!(error.message.contains("two values for one instant: 1 and 2"), "{}", error.message);
    assert!(export(store, &format!("{{job={job:?}}}"), 0, MIDNIGHT + DAY).await.unwrap().is_empty());
}

async fn gotcha_10_nan_is_refused_and_infinity_is_kept(store: &dyn Metrics, job: &str) {
    let error = store.put(&[sample("a", &[("job", job)], f64::NAN, MIDNIGHT)]).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Data);
    assert!(error.message.contains(&format!("a{{job={job:?}}} @ 2025-01-10T00:00:00Z")), "{}", error.message);
    let infinite = [
        sample("a", &[("job", job)], f64::INFINITY, MIDNIGHT),
        sample("a", &[("job", job)], f64::NEG_INFINITY, MIDNIGHT + 1),
        sample("a", &[("job", job)], -0.0, MIDNIGHT + 2),
    ];
    assert_eq!(store.put(&infinite).await.unwrap().written, 3);
    assert_eq!(store.put(&infinite).await.unwrap().unchanged, 3);
    let points = export(store, &format!("a{{job={job:?}}}"), MIDNIGHT, MIDNIGHT + 9).await.unwrap();
    assert_eq!(points[0].1.iter().map(|p| p.1).collect::<Vec<_>>(), [f64::INFINITY, f64::NEG_INFINITY, 0.0]);
}

async fn labels_may_hold_anything(store: &dyn Metrics, job: &str) {
    let values = [
        "a b",
        "\"quoted\"",
        "back\\slash",
        "line\nbreak",
        "é€𝄞",
        "a.b|c*",
        "{x=\"y\"}",
        "$w",
        "tab\t",
        "\u{1}",
        "],\"timestamps\":[",
    ];
    let samples: Vec<_> = values.iter().map(|v| sample("a", &[("job", job), ("v", v)], 1.0, MIDNIGHT + 1)).collect();
    assert_eq!(store.put(&samples).await.unwrap().written, values.len() as u64);
    assert_eq!(store.put(&samples).await.unwrap().unchanged, values.len() as u64);
    for value in values {
        let labels: Labels = [("job", job), ("v", value)].into_iter().collect();
        let found: Vec<_> = export(store, &selector(Some("a"), &labels), 0, MIDNIGHT + DAY).await.unwrap();
        assert_eq!(found.len(), 1, "{value:?}");
        assert_eq!(found[0].0, format!("a{labels}"));
    }
}

async fn many_series_are_written_and_read(store: &dyn Metrics, job: &str) {
    let samples: Vec<_> = (0..3000)
        .map(|n| {
            sample(
                "many",
                &[("job", job), ("id", &format!("series-{n}")), ("kind", ["x", "y"][n % 2])],
                n as f64,
                MIDNIGHT + 1,
            )
        })
        .collect();
    assert_eq!(store.put(&samples).await.unwrap().written, 3000);
    assert_eq!(store.put(&samples).await.unwrap().unchanged, 3000);
    let query = format!("count(last_over_time({{job={job:?}}}[1h])) by (kind)");
    let counts = store.instant(&query, at(MIDNIGHT + HOUR)).await.unwrap();
    let counts: Vec<_> = counts.iter().map(|s| (s.labels.get("kind").unwrap().to_string(), s.value)).collect();
    assert_eq!(counts, [("x".to_owned(), 1500.0), ("y".to_owned(), 1500.0)]);
}

async fn a_long_series_comes_in_pieces_and_in_order(store: &dyn Metrics, job: &str) {
    let samples: Vec<_> = (0..25_000).map(|n| sample("long", &[("job", job)], n as f64, MIDNIGHT + n * 1000)).collect();
    assert_eq!(store.put(&samples).await.unwrap().written, 25_000);
    let found = export(store, &format!("{{job={job:?}}}"), MIDNIGHT, MIDNIGHT + 2 * DAY).await.unwrap();
    let expected: Vec<_> = (0..25_000).map(|n| (MIDNIGHT + n * 1000, n as f64)).collect();
    assert_eq!(found[0].1, expected);
}

async fn wrong_queries_say_so(store: &dyn Metrics, job: &str) {
    let kind = |query: String| async move { store.instant(&query, at(MIDNIGHT)).await.unwrap_err().kind };
    assert_eq!(kind("last_over_time(".to_owned()).await, ErrorKind::Query);
    assert_eq!(kind("nosuch(a[1d])".to_owned()).await, ErrorKind::Query);
    assert_eq!(kind(format!("a{{job={job:?}}}[1d]")).await, ErrorKind::Query);
    let error = export(store, "a{", 0, 10).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Query);
    assert_eq!(export(store, "sum(a)", 0, 10).await.unwrap_err().kind, ErrorKind::Query);
    // Two metrics that become one series.
    let samples = [sample("a", &[("job", job)], 1.0, MIDNIGHT), sample("b", &[("job", job)], 1.0, MIDNIGHT)];
    store.put(&samples).await.unwrap();
    let twice = store.instant(&format!("tlast_over_time({{job={job:?}}}[1d])"), at(MIDNIGHT + 1)).await.unwrap_err();
    assert_eq!(twice.kind, ErrorKind::Query);
    assert!(twice.message.contains("duplicate"), "{}", twice.message);
}

async fn nothing_is_no_error(store: &dyn Metrics, job: &str) {
    assert_eq!(store.put(&[]).await.unwrap(), Written::default());
    assert!(store.instant(&format!("last_over_time({{job={job:?}}}[1d])"), at(MIDNIGHT)).await.unwrap().is_empty());
    assert!(export(store, &format!("{{job={job:?}}}"), 0, MIDNIGHT).await.unwrap().is_empty());
}
