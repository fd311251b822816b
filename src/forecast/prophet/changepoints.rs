//! Where the trend may change.

use super::super::{ForecastError, Settings};

/// The times of the changepoints, ascending: the given ones, or so many spread over the first share of the history.
pub(super) fn changepoints(settings: &Settings, at_s: &[i64]) -> Result<Vec<i64>, ForecastError> {
    let Some(given) = &settings.changepoints else {
        return Ok(spread(at_s, settings.n_changepoints, settings.changepoint_range));
    };
    let (first, last) = (at_s.first().copied(), at_s.last().copied());
    if let Some(at_s) = given.iter().find(|at_s| Some(**at_s) < first || Some(**at_s) > last) {
        return Err(ForecastError::ChangepointOutside { at_s: *at_s });
    }
    let mut given = given.clone();
    given.sort_unstable();
    Ok(given)
}

/// Evenly spread by rows; the first row is none. Places are rounded half to even, as numpy rounds.
fn spread(at_s: &[i64], wanted: usize, range: f64) -> Vec<i64> {
    let size = (at_s.len() as f64 * range).floor() as usize;
    let count = wanted.min(size.saturating_sub(1));
    let end = size.saturating_sub(1) as f64;
    let step = end / count as f64;
    let place = |i: usize| if i == count { end } else { (i as f64 * step).round_ties_even() };
    (1..=count).filter_map(|i| at_s.get(place(i) as usize).copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_even() {
        let rows: Vec<i64> = (0..100).collect();
        assert_eq!(spread(&rows, 4, 0.8), [20, 40, 59, 79]);
        assert_eq!(spread(&rows[..3], 25, 0.8), [1]);
        assert_eq!(spread(&rows, 25, 0.0), Vec::<i64>::new());
        // 2.5 and 7.5 go to the even neighbour.
        assert_eq!(spread(&rows[..11], 4, 1.0), [2, 5, 8, 10]);
    }
}
