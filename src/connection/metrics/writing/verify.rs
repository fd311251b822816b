//! What a server has of a batch: read by groups of series, compared sample by sample as the answer arrives.

use std::mem::take;

use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::{Ask, Duplicates, Looked, Server};
use crate::connection::metrics::encode::Runs;
use crate::connection::metrics::same_value;
use crate::value::{Points, Series, StepError};

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

impl Found {
    /// Whether the server does not have the point, or has it with another value only.
    fn is_to_send(self) -> bool {
        matches!(self, Self::Absent | Self::Other)
    }
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

    /// What was found before counts no more.
    fn forget(&mut self) {
        self.points.fill(Found::Absent);
        self.other = None;
    }

    /// Whether some sample still has to be looked for.
    pub(super) fn is_open(&self) -> bool {
        self.points.iter().any(|found| *found != Found::Same)
    }

    /// How many points there are to send.
    pub(super) fn count_to_send(&self) -> usize {
        self.points.iter().filter(|found| found.is_to_send()).count()
    }

    /// The points to send.
    pub(super) fn to_send(&self) -> Runs {
        let mut runs = Runs::new();
        for (at, found) in self.points.iter().enumerate() {
            if !found.is_to_send() {
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

/// Looks up what a server has of a batch.
pub(super) struct Looker<'a> {
    server: &'a dyn Server,
    series: &'a [Series],
    /// For each series, what was found for its points.
    pub findings: Vec<Finding>,
    /// Whether one look at all is worth trying.
    is_broad: bool,
    /// Whether all of it should be there, as it has been sent.
    pub is_sent: bool,
}

impl<'a> Looker<'a> {
    pub(super) fn new(server: &'a dyn Server, series: &'a [Series]) -> Self {
        let findings = series.iter().map(|one| Finding::nothing(one.points.len())).collect();
        Self { server, series, findings, is_broad: true, is_sent: false }
    }

    /// Looks up those series of which something is missing or another.
    pub(super) async fn look(&mut self) -> Result<(), StepError> {
        if !self.server.replaces_equal_instants_only().await {
            return self.look_for(Duplicates::Merged).await;
        }
        self.look_for(Duplicates::Shown).await?;
        // What is shown twice may be one to whoever asks as usual: that is what counts.
        let is_doubled = self.findings.iter().any(|finding| finding.points.contains(&Found::Both));
        if is_doubled { self.look_for(Duplicates::Merged).await } else { Ok(()) }
    }

    async fn look_for(&mut self, duplicates: Duplicates) -> Result<(), StepError> {
        let series = self.series;
        let is_open = |(at, found): (usize, &Finding)| found.is_open().then_some(at);
        let open: Vec<usize> = self.findings.iter().enumerate().filter_map(is_open).collect();
        if self.is_broad && (open.len() > MOST_SERIES || groups(series, &open).len() > 1) {
            // In two halves at once, told apart by a label, it took a server a tenth more and no less time.
            self.is_broad = self.look_at(vec![open.clone()], duplicates, true).await?;
            if self.is_broad {
                return Ok(());
            }
        }
        self.look_at(groups(series, &open), duplicates, false).await.map(drop)
    }

    /// Looks at some groups at once. False when others came in the way.
    async fn look_at(
        &mut self,
        groups: Vec<Vec<usize>>,
        duplicates: Duplicates,
        is_broad: bool,
    ) -> Result<bool, StepError> {
        let (server, series, is_sent) = (self.server, self.series, self.is_sent);
        let looks: Vec<Look> = groups.into_iter().map(|group| self.take(group)).collect();
        let mut looks = stream::iter(looks)
            .map(|look| async move { look.at(server, series, Question { duplicates, is_broad, is_sent }).await })
            .buffer_unordered(server.width());
        let mut is_whole = true;
        while let Some((is_found, found)) = looks.try_next().await? {
            is_whole &= is_found;
            for (index, found) in found.group.into_iter().zip(found.findings) {
                if let Some(slot) = self.findings.get_mut(index) {
                    *slot = found;
                }
            }
        }
        Ok(is_whole)
    }

    fn take(&mut self, group: Vec<usize>) -> Look {
        let mut finding = |index: &usize| self.findings.get_mut(*index).map(take).unwrap_or_default();
        let findings = group.iter().map(&mut finding).collect();
        Look { group, findings }
    }
}

/// How series are asked for.
#[derive(Clone, Copy)]
struct Question {
    duplicates: Duplicates,
    is_broad: bool,
    is_sent: bool,
}

/// Series to look at, and what is found of them.
struct Look {
    group: Vec<usize>,
    findings: Vec<Finding>,
}

impl Look {
    /// Looks; false when others come in the way.
    async fn at(mut self, server: &dyn Server, all: &[Series], question: Question) -> Result<(bool, Self), StepError> {
        let series: Vec<&Series> = self.group.iter().filter_map(|index| all.get(*index)).collect();
        let first = series.iter().filter_map(|one| one.points.at_ms.first()).min();
        let last = series.iter().filter_map(|one| one.points.at_ms.last()).max();
        let (Some(from_ms), Some(last)) = (first.copied(), last) else { return Ok((true, self)) };
        let Question { duplicates, is_broad, is_sent } = question;
        let ask = Ask { series: &series, from_ms, to_ms: last.saturating_add(1), duplicates, is_broad, is_sent };
        loop {
            self.findings.iter_mut().for_each(Finding::forget);
            let mut take = |at: usize, stored: &Points| {
                if let (Some(one), Some(found)) = (series.get(at), self.findings.get_mut(at)) {
                    found.compare(&one.points, stored);
                }
            };
            match server.look(ask, &mut take).await? {
                Looked::Whole => return Ok((true, self)),
                Looked::TooBroad => return Ok((false, self)),
                Looked::Again => {}
            }
        }
    }
}

/// Neighbours in order of name and labels, which have most values in common, as many as one request takes. A series that
/// has thousands of points more than the others would stretch everybody's range in time; batches do not look so.
pub(in crate::connection::metrics) fn groups(series: &[Series], open: &[usize]) -> Vec<Vec<usize>> {
    let mut open: Vec<(&Series, usize)> = open.iter().filter_map(|at| Some((series.get(*at)?, *at))).collect();
    open.sort_by(|(a, _), (b, _)| (&a.name, &a.labels).cmp(&(&b.name, &b.labels)));
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut bytes = MOST_BYTES;
    for (one, index) in open {
        let size = one.name.len() + one.labels.iter().map(|(_, value)| value.len() + 1).sum::<usize>();
        let is_full = groups.last().is_none_or(|group| group.len() >= MOST_SERIES) || bytes + size > MOST_BYTES;
        if is_full {
            groups.push(Vec::new());
            bytes = 0;
        }
        bytes += size;
        if let Some(group) = groups.last_mut() {
            group.push(index);
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
