//! Which series of a group do not go with the others: by the median and the median absolute deviation of each day.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::History;
use crate::forecast::robust_z;

/// The fewest series with a value on a day for that day to say anything.
const FEWEST: usize = 4;

/// A value that does not go with those of the other series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outlier {
    /// The place of its series.
    pub series: usize,
    /// The day.
    pub day: NaiveDate,
    /// The value.
    pub value: f64,
    /// The median of all series that day.
    pub median: f64,
    /// How many standard deviations, robustly taken, lie between.
    pub score: f64,
}

/// The values that lie more than `threshold` robust standard deviations from the others of their day; days of fewer
/// than four series say nothing, nor do filled ones.
pub fn outliers(histories: &[History], threshold: f64) -> Vec<Outlier> {
    let mut by_day: BTreeMap<NaiveDate, Vec<(usize, f64)>> = BTreeMap::new();
    for (series, history) in histories.iter().enumerate() {
        let days = history.days.iter().zip(&history.values).zip(&history.filled);
        for ((day, value), _) in days.filter(|(_, filled)| !**filled) {
            by_day.entry(*day).or_default().push((series, *value));
        }
    }
    let mut found = Vec::new();
    for (day, values) in by_day.into_iter().filter(|(_, values)| values.len() >= FEWEST) {
        let of_day: Vec<f64> = values.iter().map(|(_, value)| *value).collect();
        let scores = robust_z(&of_day);
        let median = middle(of_day);
        let far = values.into_iter().zip(scores).filter(|(_, z)| z.abs() > threshold);
        found.extend(far.map(|((series, value), z)| Outlier { series, day, value, median, score: z.abs() }));
    }
    found
}

/// The median of at least one value.
fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    let at = |place: usize| values.get(place).copied().unwrap_or(f64::NAN);
    if values.len().is_multiple_of(2) { f64::midpoint(at(half.saturating_sub(1)), at(half)) } else { at(half) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_that_went_its_own_way_is_found() {
        let day = |n: i64| NaiveDate::default() + chrono::TimeDelta::days(n);
        let series = |offset: f64| History {
            days: (0..10).map(day).collect(),
            values: (0..10).map(|n| f64::from(n) + offset).collect(),
            filled: vec![false; 10],
            closed: 0,
        };
        let mut all: Vec<History> = (0..6).map(|n| series(f64::from(n) / 10.0)).collect();
        all[2].values[7] = 40.0;
        let found = outliers(&all, 3.5);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].series, found[0].day), (2, day(7)));
        assert!(found[0].score > 50.0);
        all[2].filled[7] = true;
        assert!(outliers(&all, 3.5).is_empty());
        assert!(outliers(&all[..3], 3.5).is_empty());
    }
}
