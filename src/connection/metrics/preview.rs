//! What writing samples would do: what a store has at their instants, compared with what is given.

use std::collections::HashMap;

use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::batch::place;
use super::same_value;
use super::writing::{groups, selector};
use crate::connection::Metrics;
use crate::connection::preview::Change;
use crate::connection::preview::{Counts, Difference, EXAMPLES, Example};
use crate::value::{Labels, Points, Series, StepError, Value};

/// What a store has at a sample's instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Absent,
    Same,
    Other,
}

/// What was found of a series.
#[derive(Debug, Clone)]
struct Seen {
    points: Vec<Found>,
    /// The first points with another value, and that value.
    others: Vec<(usize, f64)>,
}

impl Seen {
    fn nothing(points: usize) -> Self {
        Self { points: vec![Found::Absent; points], others: Vec::new() }
    }

    fn compare(&mut self, ours: &Points, stored: &Points) {
        for (at_ms, value) in stored.at_ms.iter().zip(&stored.values) {
            let Ok(at) = ours.at_ms.binary_search(at_ms) else { continue };
            let (Some(wanted), Some(found)) = (ours.values.get(at), self.points.get_mut(at)) else { continue };
            if same_value(*wanted, *value) {
                *found = if *found == Found::Other { Found::Other } else { Found::Same };
                continue;
            }
            *found = Found::Other;
            if self.others.len() < EXAMPLES {
                self.others.push((at, *value));
            }
        }
    }

    fn count(&self, wanted: Found) -> u64 {
        self.points.iter().filter(|found| **found == wanted).count() as u64
    }
}

/// Compares series, made ready by `batch::prepare`, with what a store has.
pub(super) async fn compare(store: &dyn Metrics, series: &[Series]) -> Result<Change, StepError> {
    let all: Vec<usize> = (0..series.len()).collect();
    let mut seen: Vec<Seen> = series.iter().map(|one| Seen::nothing(one.points.len())).collect();
    let mut looks = stream::iter(groups(series, &all))
        .map(|group| async move { look(store, series, &group).await })
        .buffer_unordered(store.pool_size().max(1));
    while let Some(found) = looks.try_next().await? {
        for (index, found) in found {
            if let Some(slot) = seen.get_mut(index) {
                *slot = found;
            }
        }
    }
    Ok(told(series, &seen))
}

async fn look(store: &dyn Metrics, all: &[Series], group: &[usize]) -> Result<Vec<(usize, Seen)>, StepError> {
    let members: Vec<(usize, &Series)> = group.iter().filter_map(|index| Some((*index, all.get(*index)?))).collect();
    let first = members.iter().filter_map(|(_, one)| one.points.at_ms.first()).min();
    let last = members.iter().filter_map(|(_, one)| one.points.at_ms.last()).max();
    let (Some(first), Some(last)) = (first, last) else { return Ok(Vec::new()) };
    let by_id: HashMap<(&str, &Labels), usize> =
        members.iter().enumerate().map(|(at, (_, one))| ((&*one.name, &one.labels), at)).collect();
    let mut seen: Vec<(usize, Seen)> =
        members.iter().map(|(index, one)| (*index, Seen::nothing(one.points.len()))).collect();
    let selector = selector(&members.iter().map(|(_, one)| *one).collect::<Vec<_>>());
    let mut stored = store.export(&selector, *first, last.saturating_add(1));
    while let Some(series) = stored.try_next().await? {
        // The selector may match series of other labels besides; those are nobody's.
        let Some(at) = by_id.get(&(&*series.name, &series.labels)) else { continue };
        if let (Some((_, one)), Some((_, seen))) = (members.get(*at), seen.get_mut(*at)) {
            seen.compare(&one.points, &series.points);
        }
    }
    Ok(seen)
}

fn told(series: &[Series], seen: &[Seen]) -> Change {
    let sum = |wanted| seen.iter().map(|seen| seen.count(wanted)).sum();
    let counts = Counts {
        created: sum(Found::Absent),
        unchanged: sum(Found::Same),
        conflicting: sum(Found::Other),
        ..Counts::default()
    };
    let others = series.iter().zip(seen).flat_map(|(one, seen)| seen.others.iter().map(move |other| (one, *other)));
    let example = |(one, (at, stored)): (&Series, (usize, f64))| {
        let (at_ms, value) = (one.points.at_ms.get(at)?, one.points.values.get(at)?);
        let differences = vec![Difference::new("value", &Value::Float(stored), &Value::Float(*value))];
        Some(Example { what: place(&one.id(), *at_ms), differences })
    };
    let examples = others.filter_map(example).take(EXAMPLES).collect();
    let mut names = series.iter().map(|one| &one.name);
    let first = names.next();
    let target = first.filter(|first| names.all(|name| name == *first)).map(ToString::to_string);
    Change { target, examples, ..Change::of(counts) }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn samples_are_new_the_same_or_at_odds() {
        let points = |at_ms: &[i64], values: &[f64]| Points { at_ms: at_ms.to_vec(), values: values.to_vec() };
        let ours = points(&[1, 2, 3], &[1.0, 2.0, 3.0]);
        let mut seen = Seen::nothing(3);
        seen.compare(&ours, &points(&[2, 3, 4], &[2.0 + 1e-15, 3.5, 4.0]));
        assert_eq!(seen.points, [Found::Absent, Found::Same, Found::Other]);
        let one = Series { name: "nav".into(), labels: Labels::default(), points: Arc::new(ours) };
        let change = told(&[one], &[seen]);
        assert_eq!((change.counts.created, change.counts.unchanged, change.counts.conflicting), (1, 1, 1));
        assert_eq!(change.target.as_deref(), Some("nav"));
        assert_eq!(change.examples[0].differences[0].old, "3.5");
    }

    #[test]
    fn a_store_that_keeps_both_values_is_at_odds() {
        let ours = Points { at_ms: vec![1], values: vec![1.0] };
        for values in [[1.0, 2.0], [2.0, 1.0]] {
            let mut seen = Seen::nothing(1);
            seen.compare(&ours, &Points { at_ms: vec![1, 1], values: values.to_vec() });
            assert_eq!(seen.points, [Found::Other]);
        }
    }
}
