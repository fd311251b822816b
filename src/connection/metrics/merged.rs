//! Series whose pieces arrive one after the other.

use std::sync::Arc;

use indexmap::IndexMap;
use indexmap::map::Entry;

use crate::value::{Labels, Points, Series};

/// Series put together from pieces.
#[derive(Debug, Default)]
pub struct Merged {
    series: IndexMap<(Arc<str>, Labels), Arc<Points>>,
}

impl Merged {
    /// Adds a piece of a series.
    pub fn add(&mut self, piece: Series) {
        match self.series.entry((piece.name, piece.labels)) {
            Entry::Vacant(entry) => {
                entry.insert(piece.points);
            }
            Entry::Occupied(mut entry) => {
                let points = Arc::make_mut(entry.get_mut());
                points.at_ms.extend(&piece.points.at_ms);
                points.values.extend(&piece.points.values);
            }
        }
    }

    /// The series by name and labels, their points in order of time, so that the same data gives the same value
    /// whatever order it came in.
    pub fn finish(self) -> Vec<Series> {
        let one = |((name, labels), points)| Series { name, labels, points: Points::in_order(points) };
        // Not in the map, which would have to find each again afterwards.
        let mut series: Vec<Series> = self.series.into_iter().map(one).collect();
        series.sort_unstable_by(|a, b| (&a.name, &a.labels).cmp(&(&b.name, &b.labels)));
        series
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(name: &str, at_ms: &[i64]) -> Series {
        let values = at_ms.iter().map(|at| *at as f64).collect();
        let points = Arc::new(Points { at_ms: at_ms.to_vec(), values });
        Series { name: name.into(), labels: Labels::default(), points }
    }

    #[test]
    fn pieces_of_a_series_become_one_in_order() {
        let mut merged = Merged::default();
        for series in [piece("b", &[5, 6]), piece("a", &[1]), piece("b", &[1, 2])] {
            merged.add(series);
        }
        let series = merged.finish();
        let names: Vec<&str> = series.iter().map(|series| &*series.name).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(series[1].points.at_ms, [1, 2, 5, 6]);
        assert_eq!(series[1].points.values, [1.0, 2.0, 5.0, 6.0]);
    }
}
