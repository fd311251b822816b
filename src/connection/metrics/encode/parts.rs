//! What is to be sent, cut into requests.

use std::iter::from_fn;
use std::ops::Range;

use crate::value::Series;

/// Samples in one request. With five times as many the same server took longer.
const MOST_SAMPLES: usize = 10_000;
/// Bytes of labels in one request; far below the 32 MiB that servers take.
const MOST_LABEL_BYTES: usize = 8 * 1024 * 1024;

/// Points of a series by their places, in order and apart.
pub(in crate::connection::metrics) type Runs = Vec<Range<usize>>;

/// A part of a series to send, and the places of its points. It shares what it has, so that it can be encoded elsewhere.
#[derive(Debug, Clone)]
pub(in crate::connection::metrics) struct Part {
    pub series: Series,
    pub runs: Runs,
}

impl Part {
    /// How many samples it has.
    pub(in crate::connection::metrics) fn len(&self) -> usize {
        self.runs.iter().map(ExactSizeIterator::len).sum()
    }

    /// Instants and values.
    pub(super) fn points(&self) -> impl Iterator<Item = (i64, f64)> {
        let columns = |run: &Range<usize>| {
            let points = &self.series.points;
            let (at_ms, values) = (points.at_ms.get(run.clone()), points.values.get(run.clone()));
            at_ms.unwrap_or_default().iter().copied().zip(values.unwrap_or_default().iter().copied())
        };
        self.runs.iter().flat_map(columns)
    }
}

/// Cuts what is to be sent into requests, series by series: a series split over instants costs a server nearly three
/// times as much. `wanted` gives the places of a series' points to send; `repeats` says that labels are written for
/// each sample.
pub(in crate::connection::metrics) fn requests<'a>(
    series: &'a [Series],
    wanted: impl Fn(usize) -> Runs + 'a,
    repeats: bool,
) -> impl Iterator<Item = Vec<Part>> + 'a {
    let parts = series.iter().enumerate().flat_map(move |(index, one)| {
        let label_bytes = label_bytes(one);
        let most = if repeats { (MOST_LABEL_BYTES / label_bytes.max(1)).clamp(1, MOST_SAMPLES) } else { MOST_SAMPLES };
        let times = move |part: &Part| if repeats { part.len() } else { 1 };
        pieces(one, &wanted(index), most).into_iter().map(move |part| (label_bytes * times(&part), part))
    });
    let mut parts = parts.peekable();
    from_fn(move || {
        let (mut bytes, first) = parts.next()?;
        let (mut samples, mut request) = (first.len(), vec![first]);
        let has_room = |bytes, samples| bytes <= MOST_LABEL_BYTES && samples <= MOST_SAMPLES;
        while let Some((size, part)) = parts.next_if(|(size, part)| has_room(bytes + size, samples + part.len())) {
            bytes += size;
            samples += part.len();
            request.push(part);
        }
        Some(request)
    })
}

/// Bytes of the name and the labels in a request, about.
fn label_bytes(series: &Series) -> usize {
    series.name.len() + series.labels.iter().map(|(name, value)| name.len() + value.len() + 8).sum::<usize>()
}

/// Runs in pieces of at most `most` points.
fn pieces(series: &Series, runs: &[Range<usize>], most: usize) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let mut room = 0;
    for run in runs {
        let mut start = run.start;
        while start < run.end {
            if room == 0 {
                parts.push(Part { series: series.clone(), runs: Vec::new() });
                room = most;
            }
            let end = run.end.min(start + room);
            room -= end - start;
            if let Some(part) = parts.last_mut() {
                part.runs.push(start..end);
            }
            start = end;
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::value::{Labels, Points};

    fn series(points: u16, label: &str) -> Series {
        let at_ms: Vec<i64> = (0..i64::from(points)).collect();
        let labels: Labels = [("job", label)].into_iter().collect();
        let points = Points { values: vec![1.0; points.into()], at_ms };
        Series { name: "m".into(), labels, points: Arc::new(points) }
    }

    fn whole(series: &[Series]) -> impl Fn(usize) -> Runs {
        |at| std::iter::once(0..series[at].points.len()).collect()
    }

    #[test]
    fn requests_hold_whole_series_and_at_most_ten_thousand_samples() {
        let all = [6_000, 6_000, 25_000, 0].map(|points| series(points, "a"));
        let requests = requests(&all, whole(&all), false);
        let sizes: Vec<usize> = requests.map(|parts| parts.iter().map(Part::len).sum()).collect();
        assert_eq!(sizes, [6_000, 6_000, 10_000, 10_000, 5_000]);
    }

    #[test]
    fn requests_are_bounded_in_bytes_too() {
        let all = [series(5_000, &"x".repeat(16_000))];
        let sizes = |repeats| requests(&all, whole(&all), repeats).map(|parts| parts[0].len()).collect::<Vec<_>>();
        assert_eq!(sizes(false), [5_000]);
        assert!(sizes(true).iter().all(|size| *size <= 524) && sizes(true).iter().sum::<usize>() == 5_000);
    }

    #[test]
    fn gaps_are_left_out() {
        let one = series(10, "a");
        let parts = pieces(&one, &[0..3, 5..9], 5);
        let shown: Vec<Vec<i64>> = parts.iter().map(|part| part.points().map(|(at, _)| at).collect()).collect();
        assert_eq!(shown, [vec![0, 1, 2, 5, 6], vec![7, 8]]);
    }
}
