//! What a server has of a batch: read by groups of series, compared sample by sample as the answer arrives.

use std::collections::HashMap;

use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::{Duplicates, Server};
use crate::connection::metrics::encode::Runs;
use crate::connection::metrics::same_value;
use crate::value::{Labels, Points, Series, StepError};

/// Series in one request. Five thousand cost a server 50 ms here; a search for each series, 5 ms each.
const MOST_SERIES: usize = 2_000;
/// Bytes of label values in one request.
const MOST_BYTES: usize = 64 * 1024;

/// What the server has at a sample's instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::connection::metrics) enum Found {
    /// Nothing.
    Absent,
    /// This value.
    Same,
    /// Another value.
    Other,
    /// This value and another: the server does not replace.
    Both,
}

/// What was found of a series: a byte for each of its points, and one value that is none of ours.
#[derive(Debug, Clone, Default)]
pub(super) struct Finding {
    pub points: Vec<Found>,
    /// The place of the first point that has another value, and that value.
    pub other: Option<(usize, f64)>,
}

impl Finding {
    fn nothing(points: usize) -> Self {
        Self { points: vec![Found::Absent; points], other: None }
    }

    /// Whether some sample still has to be looked for.
    pub(super) fn is_open(&self) -> bool {
        self.points.iter().any(|found| *found != Found::Same)
    }

    /// The points to send: those that the server does not have, or has with another value only.
    pub(super) fn to_send(&self) -> Runs {
        let mut runs = Runs::new();
        for (at, found) in self.points.iter().enumerate() {
            if matches!(found, Found::Same | Found::Both) {
                continue;
            }
            match runs.last_mut().filter(|run| run.end == at) {
                Some(run) => run.end = at + 1,
                None => runs.push(at..at + 1),
            }
        }
        runs
    }

    fn note(&mut self, at: usize, is_same: bool, stored: f64) {
        let Some(found) = self.points.get_mut(at) else { return };
        *found = match (*found, is_same) {
            (Found::Absent | Found::Same, true) => Found::Same,
            (Found::Absent | Found::Other, false) => Found::Other,
            _ => Found::Both,
        };
        if !is_same && self.other.is_none_or(|(first, _)| at < first) {
            self.other = Some((at, stored));
        }
    }

    /// Compares stored points with ours. Both are in order, so the search goes on where it ended.
    fn compare(&mut self, ours: &Points, stored: &Points) {
        let mut next = 0;
        for (at_ms, value) in stored.at_ms.iter().zip(&stored.values) {
            if ours.at_ms.get(next) != Some(at_ms) {
                let Ok(at) = ours.at_ms.binary_search(at_ms) else { continue };
                next = at;
            }
            let is_same = ours.values.get(next).is_some_and(|wanted| same_value(*wanted, *value));
            self.note(next, is_same, *value);
            // The next is mostly the neighbour; one instant twice is found by searching.
            next += 1;
        }
    }
}

/// For each series of a batch, what was found for its points.
pub(super) type Findings = Vec<Finding>;

/// Looks all points of `series` up.
pub(super) async fn find(server: &dyn Server, series: &[Series]) -> Result<Findings, StepError> {
    let mut findings: Findings = series.iter().map(|one| Finding::nothing(one.points.len())).collect();
    look(server, series, &mut findings).await?;
    Ok(findings)
}

/// Looks those series up again of which something is missing or another.
pub(super) async fn look(server: &dyn Server, series: &[Series], findings: &mut Findings) -> Result<(), StepError> {
    if !server.replaces_equal_instants_only().await {
        return look_at(server, series, findings, Duplicates::Merged).await;
    }
    look_at(server, series, findings, Duplicates::Shown).await?;
    // What is shown twice may be one to whoever asks as usual: that is what counts.
    let is_doubled = findings.iter().any(|finding| finding.points.contains(&Found::Both));
    if is_doubled { look_at(server, series, findings, Duplicates::Merged).await } else { Ok(()) }
}

async fn look_at(
    server: &dyn Server,
    series: &[Series],
    findings: &mut Findings,
    duplicates: Duplicates,
) -> Result<(), StepError> {
    let is_open = |(at, found): (usize, &Finding)| found.is_open().then_some(at);
    let open: Vec<usize> = findings.iter().enumerate().filter_map(is_open).collect();
    let mut looks = stream::iter(groups(series, &open))
        .map(|group| async move { find_group(server, series, &group, duplicates).await })
        .buffer_unordered(server.width());
    while let Some(found) = looks.try_next().await? {
        for (index, found) in found {
            if let Some(slot) = findings.get_mut(index) {
                *slot = found;
            }
        }
    }
    Ok(())
}

async fn find_group(
    server: &dyn Server,
    all: &[Series],
    group: &[usize],
    duplicates: Duplicates,
) -> Result<Vec<(usize, Finding)>, StepError> {
    let members: Vec<(usize, &Series)> = group.iter().filter_map(|index| Some((*index, all.get(*index)?))).collect();
    let first = members.iter().filter_map(|(_, one)| one.points.at_ms.first()).min();
    let last = members.iter().filter_map(|(_, one)| one.points.at_ms.last()).max();
    let (Some(first), Some(last)) = (first, last) else { return Ok(Vec::new()) };
    let by_id: HashMap<(&str, &Labels), usize> =
        members.iter().enumerate().map(|(at, (_, one))| ((&*one.name, &one.labels), at)).collect();
    let mut found: Vec<(usize, Finding)> =
        members.iter().map(|(index, one)| (*index, Finding::nothing(one.points.len()))).collect();
    let series: Vec<&Series> = members.iter().map(|(_, one)| *one).collect();
    let mut stored = server.stored(&series, *first, last.saturating_add(1), duplicates);
    while let Some(series) = stored.try_next().await? {
        // There may be series of other labels besides; those are nobody's.
        let Some(at) = by_id.get(&(&*series.name, &series.labels)) else { continue };
        if let (Some((_, one)), Some((_, found))) = (members.get(*at), found.get_mut(*at)) {
            found.compare(&one.points, &series.points);
        }
    }
    Ok(found)
}

/// Neighbours in the batch's order, as many as one request takes. A series that has thousands of
/// points more than the others would stretch everybody's range in time; batches do not look so.
pub(in crate::connection::metrics) fn groups(series: &[Series], open: &[usize]) -> Vec<Vec<usize>> {
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn series(name: &str, labels: &[(&str, &str)]) -> Series {
        let points = Arc::new(Points { at_ms: vec![1, 2], values: vec![1.0, 2.0] });
        Series { name: name.into(), labels: labels.iter().copied().collect(), points }
    }

    #[test]
    fn many_series_are_looked_up_together() {
        let many: Vec<Series> = (0..5000).map(|n| series("m", &[("id", &n.to_string())])).collect();
        let open: Vec<usize> = (0..many.len()).collect();
        assert_eq!(groups(&many, &open).len(), 3);
    }

    #[test]
    fn a_server_that_keeps_both_values_is_noticed() {
        let ours = Points { at_ms: vec![1, 2, 3], values: vec![1.0, 2.0, 3.0] };
        let stored = |at_ms: &[i64], values: &[f64]| Points { at_ms: at_ms.to_vec(), values: values.to_vec() };
        let mut found = Finding::nothing(3);
        found.compare(&ours, &stored(&[0, 1, 1, 4], &[9.0, 7.0, 1.0 + 1e-15, 2.0]));
        assert_eq!(found.points, [Found::Both, Found::Absent, Found::Absent]);
        assert_eq!(found.other, Some((0, 7.0)));
        found.compare(&ours, &stored(&[2, 3], &[2.5, 3.0]));
        assert_eq!(found.points, [Found::Both, Found::Other, Found::Same]);
        // A request that was sent twice leaves the same value twice.
        found.compare(&ours, &stored(&[3], &[3.0]));
        assert_eq!(found.points[2], Found::Same);
        found.compare(&ours, &stored(&[1], &[1.0]));
        assert_eq!(Finding::nothing(2).to_send().first(), Some(&(0..2)));
        assert_eq!(found.to_send().first(), Some(&(1..2)));
    }
}
