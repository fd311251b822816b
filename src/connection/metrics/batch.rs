//! Samples made ready for a store: by series, in order of time, each instant once; refused when a
//! store would drop, cut or change them without saying so.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use crate::query::promql::{valid_label_name, valid_metric_name};
use crate::value::{ErrorKind, Labels, Points, Series, StepError, timestamp};

/// Labels of a series, its name included, that a server keeps; it drops the rest without a word.
const MOST_LABELS: usize = 30;
/// Bytes of a label's value that a server keeps; it cuts the rest off.
const LONGEST_VALUE: usize = 16 * 1024;
/// Bytes of a label's name that a server keeps.
const LONGEST_NAME: usize = 256;

/// What there is to write.
#[derive(Debug)]
pub(super) struct Batch {
    /// Each series once, without empty labels, which are none. Instants ascend, each once. Series stay in the order in
    /// which they were given, if each was given once: a server takes them as fast as in any other.
    pub series: Vec<Series>,
    /// Samples given twice with the same value.
    pub repeated: u64,
}

impl Batch {
    /// The same in order of name and labels, so that neighbours share labels and pages.
    pub(super) fn in_order(mut self) -> Self {
        self.series.sort_by(|a, b| (&a.name, &a.labels).cmp(&(&b.name, &b.labels)));
        self
    }

    /// How many samples there are.
    pub(super) fn len(&self) -> usize {
        self.series.iter().map(|one| one.points.len()).sum()
    }
}

/// Groups and checks. `latest_ms` is the last instant that the store keeps, when it has such a limit.
pub(super) fn prepare(given: &[Series], latest_ms: Option<i64>) -> Result<Batch, StepError> {
    refuse_dropped(given, latest_ms)?;
    let mut series = Vec::with_capacity(given.len());
    for one in given.iter().filter(|one| !one.points.is_empty()) {
        check_series(&one.name, &one.labels)?;
        series.push(Series { labels: without_empty(&one.labels), ..one.clone() });
    }
    let mut repeated = 0;
    let mut merged = if is_each_once(&series) { series } else { merged(series) };
    for one in &mut merged {
        if !one.points.at_ms.is_sorted_by(|a, b| a < b) {
            one.points = Arc::new(sorted(one, &mut repeated)?);
        }
    }
    Ok(Batch { series: merged, repeated })
}

/// Whether each series is there once. By their hashes, which takes half as long as putting them in order: two series
/// that happen to have the same only cost that.
fn is_each_once(series: &[Series]) -> bool {
    let keys = RandomState::new();
    let mut seen = HashSet::with_capacity(series.len());
    series.iter().all(|one| seen.insert(keys.hash_one((&one.name, &one.labels))))
}

/// Each series once, in order of name and labels.
fn merged(mut series: Vec<Series>) -> Vec<Series> {
    // Stable: of two values for one instant, the message names the first given first.
    series.sort_by(|a, b| (&a.name, &a.labels).cmp(&(&b.name, &b.labels)));
    let mut merged: Vec<Series> = Vec::with_capacity(series.len());
    for one in series {
        match merged.last_mut().filter(|last| (&last.name, &last.labels) == (&one.name, &one.labels)) {
            Some(last) => append(Arc::make_mut(&mut last.points), &one.points),
            None => merged.push(one),
        }
    }
    merged
}

fn append(points: &mut Points, more: &Points) {
    points.at_ms.extend(&more.at_ms);
    points.values.extend(&more.values);
}

fn without_empty(labels: &Labels) -> Labels {
    if labels.iter().all(|(_, value)| !value.is_empty()) {
        return labels.clone();
    }
    labels.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// `series @ instant`, for messages.
pub(super) fn place(id: &str, at_ms: i64) -> String {
    format!("{id} @ {}", crate::value::Value::Timestamp(timestamp(at_ms)))
}

/// Samples that a server would answer 204 for and not keep.
fn refuse_dropped(given: &[Series], latest_ms: Option<i64>) -> Result<(), StepError> {
    if given.iter().all(|one| is_kept(&one.points, latest_ms.unwrap_or(i64::MAX))) {
        return Ok(());
    }
    if let Some(found) = count(given, |_, value| value.is_nan()) {
        let message = format!("{} have the value NaN{}", found.0, found.1);
        return Err(
            StepError::new(ErrorKind::Data, message).help("leave them out: `for s in samples if is_finite(s.value)`")
        );
    }
    if let Some(found) = count(given, |at_ms, _| at_ms < 0) {
        let message = format!("{} lie before 1970{}", found.0, found.1);
        return Err(StepError::new(ErrorKind::Write, message).help("stores of metrics keep nothing before 1970"));
    }
    let Some(latest_ms) = latest_ms else { return Ok(()) };
    let Some(found) = count(given, |at_ms, _| at_ms > latest_ms) else { return Ok(()) };
    let limit = crate::value::Value::Timestamp(timestamp(latest_ms));
    let message = format!("{} lie after {limit}, the last instant that the server keeps{}", found.0, found.1);
    let help = "the server drops them and answers 204; shorten the horizon, or set the connection's \
                `future_retention` to what the server's -futureRetention is";
    Err(StepError::new(ErrorKind::Write, message).help(help))
}

/// Whether all is well, in one look at each column.
fn is_kept(points: &Points, latest_ms: i64) -> bool {
    let has_nan = points.values.iter().fold(false, |any, value| any | value.is_nan());
    let has_time = points.at_ms.iter().fold(true, |all, at_ms| all & (0..=latest_ms).contains(at_ms));
    has_time && !has_nan
}

/// The beginning and the end of a message about the samples that are wrong, when some are: how many, and the first.
fn count(given: &[Series], is_wrong: impl Fn(i64, f64) -> bool) -> Option<(String, String)> {
    let of = |one: &Series| {
        let points = one.points.at_ms.iter().zip(&one.points.values);
        points.filter(|(at_ms, value)| is_wrong(**at_ms, **value)).count()
    };
    let wrong: usize = given.iter().map(of).sum();
    let first = given.iter().find_map(|one| {
        let mut points = one.points.at_ms.iter().zip(&one.points.values);
        points.find(|(at_ms, value)| is_wrong(**at_ms, **value)).map(|(at_ms, _)| place(&one.id(), *at_ms))
    })?;
    let total: usize = given.iter().map(|one| one.points.len()).sum();
    Some((format!("{wrong} of {total} samples"), format!("; first: {first}")))
}

fn check_series(name: &str, labels: &Labels) -> Result<(), StepError> {
    let refuse = |why: String, help: &str| {
        let id = format!("{name}{labels}");
        let id = id.get(..200).map_or(id.as_str(), |start| start).to_owned();
        Err(StepError::new(ErrorKind::Data, format!("the series {id} {why}")).help(help))
    };
    if !valid_metric_name(name) {
        return refuse("has no valid name".to_owned(), "names are of letters, digits, `_` and `:`");
    }
    let count = 1 + labels.iter().filter(|(_, value)| !value.is_empty()).count();
    if count > MOST_LABELS {
        let why = format!("has {count} labels with its name; servers keep {MOST_LABELS}");
        return refuse(why, "put several labels into one");
    }
    for (label, value) in labels.iter() {
        if !valid_label_name(label) || label.len() > LONGEST_NAME {
            return refuse(format!("has the label `{label}`"), "label names are of letters, digits and `_`");
        }
        if value.len() > LONGEST_VALUE {
            let why = format!("has {} bytes in the label `{label}`; servers keep {LONGEST_VALUE}", value.len());
            return refuse(why, "shorten the label's value");
        }
    }
    Ok(())
}

/// Orders the points; the same instant twice is fine with one value and an error with two.
fn sorted(series: &Series, repeated: &mut u64) -> Result<Points, StepError> {
    let points = &series.points;
    let mut pairs: Vec<(i64, f64)> = points.at_ms.iter().copied().zip(points.values.iter().copied()).collect();
    pairs.sort_by_key(|(at_ms, _)| *at_ms);
    let mut sorted = Points::default();
    for (at_ms, value) in pairs {
        match sorted.values.last().filter(|_| sorted.at_ms.last() == Some(&at_ms)) {
            None => {
                sorted.at_ms.push(at_ms);
                sorted.values.push(value);
            }
            // The zeros are one value: a server makes no difference.
            Some(earlier) if earlier.total_cmp(&value).is_eq() || (*earlier, value) == (0.0, 0.0) => *repeated += 1,
            Some(earlier) => {
                let place = place(&series.id(), at_ms);
                let message = format!("two values for one instant: {earlier} and {value} for {place}");
                let help = "choose one before writing, or tell the series apart by a label";
                return Err(StepError::new(ErrorKind::Data, message).help(help));
            }
        }
    }
    Ok(sorted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(name: &str, labels: &[(&str, &str)], value: f64, at_ms: i64) -> Series {
        let points = Arc::new(Points { at_ms: vec![at_ms], values: vec![value] });
        Series { name: name.into(), labels: labels.iter().copied().collect(), points }
    }

    #[test]
    fn columns_in_order_are_not_copied() {
        let points = Arc::new(Points { at_ms: vec![1, 2], values: vec![1.0, 2.0] });
        let given = Series { name: "a".into(), labels: Labels::default(), points };
        let batch = prepare(std::slice::from_ref(&given), None).unwrap();
        assert!(Arc::ptr_eq(&batch.series[0].points, &given.points));
    }

    #[test]
    fn samples_are_grouped_sorted_and_counted_once() {
        let samples = [
            sample("b", &[], 1.0, 5),
            sample("a", &[("x", "1"), ("empty", "")], 2.0, 9),
            sample("a", &[("x", "1")], 1.0, 3),
            sample("b", &[], 1.0, 5),
        ];
        let batch = prepare(&samples, None).unwrap();
        assert_eq!(batch.repeated, 1);
        assert_eq!(batch.series.len(), 2);
        assert_eq!(batch.series[0].points.at_ms, [3, 9]);
    }

    #[test]
    fn what_a_server_would_drop_is_refused() {
        let kind = |samples: &[Series]| prepare(samples, Some(100)).unwrap_err().kind;
        assert_eq!(kind(&[sample("a", &[], f64::NAN, 5)]), ErrorKind::Data);
        assert_eq!(kind(&[sample("a", &[], 1.0, 101)]), ErrorKind::Write);
        assert_eq!(kind(&[sample("a", &[], 1.0, -1)]), ErrorKind::Write);
        assert_eq!(kind(&[sample("a-b", &[], 1.0, 1)]), ErrorKind::Data);
        assert_eq!(kind(&[sample("a", &[("job-id", "1")], 1.0, 1)]), ErrorKind::Data);
        assert_eq!(kind(&[sample("a", &[("x", &"é".repeat(8193))], 1.0, 1)]), ErrorKind::Data);
        assert_eq!(kind(&[sample("a", &[], 1.0, 1), sample("a", &[], 2.0, 1)]), ErrorKind::Data);
        let many: Vec<(String, &str)> = (0..30).map(|n| (format!("l{n}"), "v")).collect();
        let many: Vec<(&str, &str)> = many.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        assert_eq!(kind(&[sample("a", &many, 1.0, 1)]), ErrorKind::Data);
        assert!(prepare(&[sample("a", &many[..29], f64::INFINITY, 1)], Some(100)).is_ok());
    }
}
