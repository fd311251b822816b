//! Reading over a range, on both stores and on Prometheus.

use std::sync::Arc;

use vmflow::connection::Metrics;
use vmflow::connection::metrics::Steps;
use vmflow::value::{ErrorKind, Sample};

use super::{DAY, HOUR, MIDNIGHT, WriteSamples, embedded, sample};
use crate::support::victoria::{self, unique};

/// One test on each store.
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
    gotcha_03_a_range_may_begin_and_end_at_midnight
    gotcha_04_the_newest_instant_of_each_day
    series_labels_and_values_are_found
}

async fn gotcha_03_a_range_may_begin_and_end_at_midnight(store: &dyn Metrics, job: &str) {
    let samples: Vec<Arc<Sample>> = (0..=4)
        .map(|day| sample("a", &[("job", job), ("day", &day.to_string())], day as f64, MIDNIGHT + day * DAY))
        .collect();
    store.put(&samples).await.unwrap();
    let steps = Steps { from_ms: MIDNIGHT, to_ms: MIDNIGHT + 3 * DAY, step_ms: DAY };
    let found = store.range(&format!("last_over_time(a{{job={job:?}}}[1h])"), steps).await.unwrap();
    let shown: Vec<_> = found.iter().map(|one| (one.points.at_ms.clone(), one.points.values.clone())).collect();
    assert_eq!(shown, [0, 1, 2].map(|day| (vec![MIDNIGHT + day * DAY], vec![day as f64])));
    let sums = store.range(&format!("sum(last_over_time(a{{job={job:?}}}[1h]))"), steps).await.unwrap();
    assert_eq!((sums.len(), &*sums[0].points.values), (1, &[0.0, 1.0, 2.0][..]));
    // An offset moves the search's end to midnight.
    let later = Steps { from_ms: MIDNIGHT + HOUR, to_ms: MIDNIGHT + HOUR + 1, step_ms: 1000 };
    let moved = store.range(&format!("last_over_time(a{{job={job:?}}}[1ms] offset 1h)"), later).await.unwrap();
    assert_eq!(moved.len(), 1);
    assert!(store.range("last_over_time(a[1d])", Steps { from_ms: 5, to_ms: 5, step_ms: 1 }).await.unwrap().is_empty());
    let wrong = store.range("last_over_time(a[1d])", Steps { from_ms: 0, to_ms: 5, step_ms: 0 }).await.unwrap_err();
    assert_eq!(wrong.kind, ErrorKind::Query);
}

async fn gotcha_04_the_newest_instant_of_each_day(store: &dyn Metrics, job: &str) {
    let at = |metric: &str, value: f64, at_ms| sample(metric, &[("job", job)], value, at_ms);
    let samples = [
        // The highest value is not the newest, the newest is in the last half second, and there are two names.
        at("a", 9.0, MIDNIGHT),
        at("a", 1.0, MIDNIGHT + DAY - 500),
        at("b", 5.0, MIDNIGHT + DAY - 501),
        // A day with nothing, and one whose only sample is its first instant.
        at("a", 1.0, MIDNIGHT + 2 * DAY),
        // The day's last millisecond, and the next one's first.
        at("b", 1.0, MIDNIGHT + 4 * DAY - 1),
        at("b", 1.0, MIDNIGHT + 4 * DAY),
        at("b", 1.0, MIDNIGHT + 5 * DAY + 23 * HOUR),
    ];
    store.put(&samples).await.unwrap();
    let mut days: Vec<(i64, i64)> = (0..5).map(|day| (MIDNIGHT + day * DAY, MIDNIGHT + (day + 1) * DAY)).collect();
    // A day of 23 hours, and the rest of the next.
    days.extend([
        (MIDNIGHT + 5 * DAY, MIDNIGHT + 5 * DAY + 23 * HOUR),
        (MIDNIGHT + 5 * DAY + 23 * HOUR, MIDNIGHT + 6 * DAY),
    ]);
    let newest = store.newest(&format!("{{job={job:?}}} # all"), &days).await.unwrap();
    let wanted = [
        Some(MIDNIGHT + DAY - 500),
        None,
        Some(MIDNIGHT + 2 * DAY),
        Some(MIDNIGHT + 4 * DAY - 1),
        Some(MIDNIGHT + 4 * DAY),
        None,
        Some(MIDNIGHT + 5 * DAY + 23 * HOUR),
    ];
    assert_eq!(newest, wanted);
    assert_eq!(store.newest("nothing{}", &days[..2]).await.unwrap(), [None, None]);
}

async fn series_labels_and_values_are_found(store: &dyn Metrics, job: &str) {
    let label = format!("l_{}", &job[job.len() - 12..]);
    let samples = [
        sample("a", &[("job", job), (&label, "x y")], 1.0, MIDNIGHT),
        sample("a", &[("job", job), (&label, "z")], 1.0, MIDNIGHT + HOUR),
        sample("b", &[("job", job)], 1.0, MIDNIGHT + HOUR),
        sample("b", &[("job", job), (&label, "later")], 1.0, MIDNIGHT + DAY),
    ];
    store.put(&samples).await.unwrap();
    let (selector, to) = (format!("{{job={job:?}}}"), MIDNIGHT + DAY);
    let found = store.series(&selector, MIDNIGHT, to).await.unwrap();
    let names: Vec<_> = found.iter().map(|(name, labels)| (&**name, labels.len())).collect();
    assert_eq!(names.len(), 3);
    assert_eq!(names.iter().filter(|one| **one == ("a", 2)).count(), 2);
    assert_eq!(store.series(&selector, MIDNIGHT + 1, to).await.unwrap().len(), 2);
    let values = async |label: &str, selector| {
        let found = store.label_values(label, selector, MIDNIGHT, to).await.unwrap();
        found.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(values(&label, Some(&*selector)).await, ["x y", "z"]);
    assert_eq!(values("__name__", Some(&*selector)).await, ["a", "b"]);
    assert!(values(&label, None).await.contains(&"x y".to_owned()));
    assert!(store.labels(MIDNIGHT, to).await.unwrap().iter().any(|name| **name == *label));
    assert!(store.labels(to, MIDNIGHT).await.unwrap().is_empty());
}

#[tokio::test]
async fn gotcha_13_a_range_of_more_than_thirty_thousand_steps_is_split() {
    let (store, job) = (victoria::client(&victoria::url()), unique("split"));
    let samples: Vec<Arc<Sample>> =
        (0..10).map(|n| sample("a", &[("job", &job)], n as f64, MIDNIGHT + n * 4_000_000)).collect();
    store.put(&samples).await.unwrap();
    let steps = Steps { from_ms: MIDNIGHT, to_ms: MIDNIGHT + 40_000_000, step_ms: 1000 };
    let found = store.range(&format!("last_over_time(a{{job={job:?}}}[4000s])"), steps).await.unwrap();
    let points = &found[0].points;
    assert_eq!((found.len(), points.len()), (1, 40_000));
    assert!(points.at_ms.iter().zip(steps.instants()).all(|(found, wanted)| *found == wanted));
    assert!(points.values.iter().enumerate().all(|(at, value)| value.total_cmp(&((at / 4000) as f64)).is_eq()));
    let refused = store.range("running_sum(a)", steps).await.unwrap_err();
    assert!(refused.message.contains("`running_sum` looks at its whole range"), "{}", refused.message);
    // So is a list of days.
    let days: Vec<(i64, i64)> = (0..40_000).map(|n| (MIDNIGHT + n * 1000, MIDNIGHT + (n + 1) * 1000)).collect();
    let newest = store.newest(&format!("a{{job={job:?}}}"), &days).await.unwrap();
    assert_eq!(newest.iter().flatten().count(), 10);
}

/// A server puts older values into the places of those of the last 30 seconds, unless it is told not to.
#[tokio::test]
async fn the_newest_values_of_a_range_are_what_was_written() {
    let server = victoria::Throwaway::start_as_shipped(&["-retentionPeriod=100y"]).await;
    let store = victoria::client(&server.url());
    let now = vmflow::connection::Clock::now(&vmflow::connection::clock::SystemClock).timestamp() * 1000;
    let samples: Vec<Arc<Sample>> = (0..60).map(|n| sample("a", &[], n as f64, now - 60_000 + n * 1000)).collect();
    store.put(&samples).await.unwrap();
    let steps = Steps { from_ms: now - 60_000, to_ms: now, step_ms: 1000 };
    let found = store.range("last_over_time(a[1s])", steps).await.unwrap();
    assert_eq!(found[0].points.values, (0..60).map(f64::from).collect::<Vec<_>>());
}

#[tokio::test]
async fn gotcha_06_a_back_fill_is_seen_in_a_range_that_was_read_before() {
    let (store, job) = (victoria::client(&victoria::url()), unique("cached"));
    let steps = Steps { from_ms: MIDNIGHT, to_ms: MIDNIGHT + DAY, step_ms: 60_000 };
    let query = format!("sum(count_over_time(a{{job={job:?}}}[1m]))");
    let sum = async || {
        let found = store.range(&query, steps).await.unwrap();
        found.iter().flat_map(|one| one.points.values.clone()).sum::<f64>()
    };
    for round in 1..=3 {
        let samples: Vec<Arc<Sample>> = (0..100)
            .map(|n| sample("a", &[("job", &job), ("round", &round.to_string())], 1.0, MIDNIGHT + n * 60_000))
            .collect();
        store.put(&samples).await.unwrap();
        assert_eq!(sum().await.to_string(), (round * 100).to_string());
    }
}
