//! What the server has of a batch: read by groups of series, compared sample by sample.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::VictoriaMetrics;
use crate::connection::metrics::batch::SeriesBatch;
use crate::connection::metrics::same_value;
use crate::query::promql;
use crate::value::{Labels, Series, StepError};

/// Series in one request. Five thousand cost a server 50 ms here; a search for each series, 5 ms each.
const MOST_SERIES: usize = 2_000;
/// Bytes of label values in one request.
const MOST_BYTES: usize = 64 * 1024;

/// What the server has at a sample's instant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Found {
    /// Nothing.
    Absent,
    /// This value.
    Same,
    /// Another value.
    Other(f64),
    /// This value and another: the server does not replace.
    Both(f64),
}

/// For each series of a batch, what was found for each of its points.
pub(super) type Findings = Vec<Vec<Found>>;

impl VictoriaMetrics {
    /// Looks the points of `series` up for which `wanted` says so, in as few requests as possible.
    pub(super) async fn find(&self, series: &[SeriesBatch], wanted: &Findings) -> Result<Findings, StepError> {
        let open: Vec<usize> =
            (0..series.len()).filter(|at| wanted.get(*at).is_some_and(|found| found.iter().any(is_open))).collect();
        let groups = groups(series, &open);
        let parts: Vec<Vec<(usize, Vec<Found>)>> = stream::iter(groups)
            .map(|group| async move { self.find_group(series, &group).await })
            .buffer_unordered(self.pool)
            .try_collect()
            .await?;
        let mut findings = wanted.clone();
        for (index, found) in parts.into_iter().flatten() {
            if let Some(slot) = findings.get_mut(index) {
                *slot = found;
            }
        }
        Ok(findings)
    }

    async fn find_group(&self, all: &[SeriesBatch], group: &[usize]) -> Result<Vec<(usize, Vec<Found>)>, StepError> {
        let members: Vec<(usize, &SeriesBatch)> =
            group.iter().filter_map(|index| Some((*index, all.get(*index)?))).collect();
        let first = members.iter().filter_map(|(_, one)| one.at_ms.first()).min();
        let last = members.iter().filter_map(|(_, one)| one.at_ms.last()).max();
        let (Some(first), Some(last)) = (first, last) else { return Ok(Vec::new()) };
        let by_id: HashMap<(&str, &Labels), usize> =
            members.iter().enumerate().map(|(at, (_, one))| ((&*one.name, &one.labels), at)).collect();
        let mut found: Vec<(usize, Vec<Found>)> =
            members.iter().map(|(index, one)| (*index, vec![Found::Absent; one.at_ms.len()])).collect();
        let mut stored = self.points(selector(&members), *first, last.saturating_add(1));
        while let Some(series) = stored.try_next().await? {
            // The selector may match series of other labels besides; those are nobody's.
            let Some(at) = by_id.get(&(&*series.name, &series.labels)) else { continue };
            if let (Some((_, one)), Some((_, found))) = (members.get(*at), found.get_mut(*at)) {
                compare(one, &series, found);
            }
        }
        Ok(found)
    }
}

/// Whether the sample still has to be looked for.
pub(super) fn is_open(found: &Found) -> bool {
    !matches!(found, Found::Same)
}

fn compare(one: &SeriesBatch, stored: &Series, found: &mut [Found]) {
    for (at_ms, value) in stored.points.at_ms.iter().zip(&stored.points.values) {
        let Ok(at) = one.at_ms.binary_search(at_ms) else { continue };
        let (Some(wanted), Some(found)) = (one.values.get(at), found.get_mut(at)) else { continue };
        let is_same = same_value(*wanted, *value);
        *found = match *found {
            Found::Absent if is_same => Found::Same,
            Found::Absent => Found::Other(*value),
            Found::Same if !is_same => Found::Both(*value),
            Found::Other(other) if is_same => Found::Both(other),
            unchanged => unchanged,
        };
    }
}

/// Neighbours in the batch's order, as many as one request takes. A series that has thousands of
/// points more than the others would stretch everybody's range in time; batches do not look so.
fn groups(series: &[SeriesBatch], open: &[usize]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut bytes = MOST_BYTES;
    for index in open {
        let Some(one) = series.get(*index) else { continue };
        let size = one.name.len() + one.labels.iter().map(|(_, value)| value.len() + 1).sum::<usize>();
        let is_full = groups.last().is_none_or(|group| group.len() >= MOST_SERIES) || bytes + size > MOST_BYTES;
        if is_full {
            groups.push(Vec::new());
            bytes = 0;
        }
        bytes += size;
        if let Some(group) = groups.last_mut() {
            group.push(*index);
        }
    }
    groups
}

/// A selector that matches all of them and little else: for each label, the values it has among them.
fn selector(members: &[(usize, &SeriesBatch)]) -> String {
    let labels: BTreeSet<&str> =
        members.iter().flat_map(|(_, one)| one.labels.iter().map(|(name, _)| &**name)).collect();
    let mut values: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (_, one) in members {
        values.entry("__name__").or_default().insert(&one.name);
        for label in &labels {
            values.entry(label).or_default().insert(one.labels.get(label).map_or("", |value| value));
        }
    }
    let matchers: Vec<String> = values.iter().map(|(label, values)| promql::one_of(label, values)).collect();
    format!("{{{}}}", matchers.join(","))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::value::Points;

    fn series(name: &str, labels: &[(&str, &str)]) -> SeriesBatch {
        SeriesBatch {
            name: name.into(),
            labels: labels.iter().copied().collect(),
            at_ms: vec![1, 2],
            values: vec![1.0, 2.0],
        }
    }

    #[test]
    fn one_selector_covers_many_series() {
        let all = [series("m", &[("a", "1"), ("b", "x.y")]), series("m", &[("a", "2")])];
        let members: Vec<(usize, &SeriesBatch)> = all.iter().enumerate().collect();
        assert_eq!(selector(&members), r#"{__name__="m",a=~"1|2",b=~"|x\\.y"}"#);
        let many: Vec<SeriesBatch> = (0..5000).map(|n| series("m", &[("id", &n.to_string())])).collect();
        let open: Vec<usize> = (0..many.len()).collect();
        assert_eq!(groups(&many, &open).len(), 3);
    }

    #[test]
    fn a_server_that_keeps_both_values_is_noticed() {
        let one = series("m", &[]);
        let stored = |at_ms: Vec<i64>, values: Vec<f64>| Series {
            name: "m".into(),
            labels: Labels::default(),
            points: Arc::new(Points { at_ms, values }),
        };
        let mut found = vec![Found::Absent; 2];
        compare(&one, &stored(vec![1, 1, 3], vec![7.0, 1.0 + 1e-15, 2.0]), &mut found);
        assert_eq!(found, [Found::Both(7.0), Found::Absent]);
        compare(&one, &stored(vec![2], vec![2.5]), &mut found);
        assert_eq!(found[1], Found::Other(2.5));
    }
}
