//! Samples made ready for a store: by series, in order of time, each instant once; refused when a
//! store would drop, cut or change them without saying so.

use std::sync::Arc;

use indexmap::IndexMap;

use crate::query::promql::{valid_label_name, valid_metric_name};
use crate::value::{ErrorKind, Labels, Sample, StepError, timestamp};

/// Labels of a series, its name included, that a server keeps; it drops the rest without a word.
const MOST_LABELS: usize = 30;
/// Bytes of a label's value that a server keeps; it cuts the rest off.
const LONGEST_VALUE: usize = 16 * 1024;
/// Bytes of a label's name that a server keeps.
const LONGEST_NAME: usize = 256;

/// The samples of one series.
#[derive(Debug)]
pub(super) struct SeriesBatch {
    pub name: Arc<str>,
    /// Without empty ones: an empty label is no label.
    pub labels: Labels,
    /// Instants, ascending, each once.
    pub at_ms: Vec<i64>,
    /// A value for each instant.
    pub values: Vec<f64>,
}

impl SeriesBatch {
    /// `name{labels}`.
    pub(super) fn id(&self) -> String {
        format!("{}{}", self.name, self.labels)
    }
}

/// What there is to write.
#[derive(Debug)]
pub(super) struct Batch {
    /// In order of name and labels, so that neighbours share labels and pages.
    pub series: Vec<SeriesBatch>,
    /// Samples given twice with the same value.
    pub repeated: u64,
}

/// Instants and values.
type Points = Vec<(i64, f64)>;

/// Groups and checks. `latest_ms` is the last instant that the store keeps, when it has such a limit.
pub(super) fn prepare(samples: &[Arc<Sample>], latest_ms: Option<i64>) -> Result<Batch, StepError> {
    refuse_dropped(samples, latest_ms)?;
    let mut groups: IndexMap<(&Arc<str>, &Labels), Points> = IndexMap::new();
    for sample in samples {
        groups.entry((&sample.name, &sample.labels)).or_default().push((sample.at_ms, sample.value));
    }
    let mut merged: IndexMap<(Arc<str>, Labels), Points> = IndexMap::with_capacity(groups.len());
    for ((name, labels), points) in groups {
        check_series(name, labels)?;
        merged.entry((name.clone(), without_empty(labels))).or_default().extend(points);
    }
    let mut repeated = 0;
    let mut series = merged
        .into_iter()
        .map(|((name, labels), points)| sorted(name, labels, points, &mut repeated))
        .collect::<Result<Vec<_>, _>>()?;
    series.sort_unstable_by(|a, b| (&a.name, &a.labels).cmp(&(&b.name, &b.labels)));
    Ok(Batch { series, repeated })
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

fn at(sample: &Sample) -> String {
    place(&format!("{}{}", sample.name, sample.labels), sample.at_ms)
}

/// Samples that a server would answer 204 for and not keep.
fn refuse_dropped(samples: &[Arc<Sample>], latest_ms: Option<i64>) -> Result<(), StepError> {
    let count_of = |wrong: &dyn Fn(&Sample) -> bool| {
        let mut all = samples.iter().filter(|sample| wrong(sample));
        all.next().map(|first| (1 + all.count(), at(first)))
    };
    if let Some((count, first)) = count_of(&|sample| sample.value.is_nan()) {
        let message = format!("{count} of {} samples have the value NaN; first: {first}", samples.len());
        return Err(
            StepError::new(ErrorKind::Data, message).help("leave them out: `for s in samples if is_finite(s.value)`")
        );
    }
    if let Some((count, first)) = count_of(&|sample| sample.at_ms < 0) {
        let message = format!("{count} of {} samples lie before 1970; first: {first}", samples.len());
        return Err(StepError::new(ErrorKind::Write, message).help("stores of metrics keep nothing before 1970"));
    }
    let Some(latest_ms) = latest_ms else { return Ok(()) };
    if let Some((count, first)) = count_of(&|sample| sample.at_ms > latest_ms) {
        let limit = crate::value::Value::Timestamp(timestamp(latest_ms));
        let message = format!(
            "{count} of {} samples lie after {limit}, the last instant that the server keeps; first: {first}",
            samples.len()
        );
        let help = "the server drops them and answers 204; shorten the horizon, or set the connection's \
                    `future_retention` to what the server's -futureRetention is";
        return Err(StepError::new(ErrorKind::Write, message).help(help));
    }
    Ok(())
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
fn sorted(name: Arc<str>, labels: Labels, mut points: Points, repeated: &mut u64) -> Result<SeriesBatch, StepError> {
    points.sort_by_key(|(at_ms, _)| *at_ms);
    let mut series = SeriesBatch { name, labels, at_ms: Vec::new(), values: Vec::new() };
    series.at_ms.reserve_exact(points.len());
    series.values.reserve_exact(points.len());
    for (at_ms, value) in points {
        let earlier = series.values.last().copied().filter(|_| series.at_ms.last() == Some(&at_ms));
        match earlier {
            None => {
                series.at_ms.push(at_ms);
                series.values.push(value);
            }
            Some(earlier) if earlier.total_cmp(&value).is_eq() || (earlier, value) == (0.0, 0.0) => *repeated += 1,
            Some(earlier) => {
                let place = place(&series.id(), at_ms);
                let message = format!("two values for one instant: {earlier} and {value} for {place}");
                let help = "choose one before writing, or tell the series apart by a label";
                return Err(StepError::new(ErrorKind::Data, message).help(help));
            }
        }
    }
    Ok(series)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(name: &str, labels: &[(&str, &str)], value: f64, at_ms: i64) -> Arc<Sample> {
        Arc::new(Sample { name: name.into(), labels: labels.iter().copied().collect(), value, at_ms })
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
        assert_eq!(batch.series[0].at_ms, [3, 9]);
    }

    #[test]
    fn what_a_server_would_drop_is_refused() {
        let kind = |samples: &[Arc<Sample>]| prepare(samples, Some(100)).unwrap_err().kind;
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
