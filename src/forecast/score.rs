//! How good a forecast was, how unusual a value is.

use std::collections::BTreeMap;

/// How far forecasts were from what happened. Shares are of 1: 0.05 is five per cent.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Errors {
    /// The points that were compared: those with a value.
    pub points: usize,
    /// The mean absolute error, in the unit of the values.
    pub mae: f64,
    /// The mean absolute error as a share of the value; points that are 0 are left out, and none is left if all are.
    pub mape: Option<f64>,
    /// The mean of `2 · |y − yhat| / (|y| + |yhat|)`, 0 where both are 0.
    pub smape: f64,
    /// The share of the points within their interval, bounds included.
    pub coverage: f64,
}

/// What happened at a time, and what was forecast for it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// The value; `NaN` where there is none.
    pub y: f64,
    /// Its forecast.
    pub yhat: f64,
    /// The interval's lower bound.
    pub lower: f64,
    /// The interval's upper bound.
    pub upper: f64,
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (count, sum) = values.fold((0.0, 0.0), |(count, sum), value| (count + 1.0, sum + value));
    (count > 0.0).then(|| sum / count)
}

impl Errors {
    /// The errors of some forecasts; none if no point has a value.
    pub fn of(outcomes: &[Outcome]) -> Option<Self> {
        let known: Vec<&Outcome> = outcomes.iter().filter(|outcome| !outcome.y.is_nan()).collect();
        let all = || known.iter().copied();
        let share = |Outcome { y, yhat, .. }: &Outcome| {
            let size = y.abs() + yhat.abs();
            if size > 0.0 { 2.0 * (y - yhat).abs() / size } else { 0.0 }
        };
        let is_within = |outcome: &Outcome| (outcome.lower..=outcome.upper).contains(&outcome.y);
        Some(Self {
            points: known.len(),
            mae: mean(all().map(|outcome| (outcome.y - outcome.yhat).abs()))?,
            mape: mean(
                all().filter(|outcome| outcome.y != 0.0).map(|outcome| ((outcome.y - outcome.yhat) / outcome.y).abs()),
            ),
            smape: mean(all().map(share))?,
            coverage: mean(all().map(|outcome| f64::from(u8::from(is_within(outcome)))))?,
        })
    }
}

impl Outcome {
    /// How unusual the value is, as vmanomaly defines it: its distance from the forecast, as a share of the distance of the bound on
    /// that side. More than 1 is outside; infinite where the bound is the forecast itself and the value is not.
    pub fn anomaly_score(&self) -> f64 {
        let bound = if self.y >= self.yhat { self.upper } else { self.lower };
        let (off, reach) = ((self.y - self.yhat).abs(), (bound - self.yhat).abs());
        if off == 0.0 { 0.0 } else { off / reach }
    }
}

/// How many standard deviations each value is from the median, by the median absolute deviation, which outliers do not move: more
/// than 3.5 is usually called one. `NaN` stays `NaN`.
///
/// Where more than half of the values are the same, the mean absolute deviation from the median is taken instead; where all are,
/// every score is 0. The factors make both the standard deviation of normal values (Iglewicz and Hoaglin 1993).
pub fn robust_z(values: &[f64]) -> Vec<f64> {
    let known: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    let centre = median(known.clone()).unwrap_or(0.0);
    let off = |value: f64| (value - centre).abs();
    let by_median = median(known.iter().map(|value| off(*value)).collect()).unwrap_or(0.0) * 1.482_602_218_505_602;
    let by_mean = mean(known.iter().map(|value| off(*value))).unwrap_or(0.0) * 1.253_314_137_315_5;
    let scale = if by_median > 0.0 { by_median } else { by_mean };
    let score = |value: &f64| if scale > 0.0 || value.is_nan() { (value - centre) / scale } else { 0.0 };
    values.iter().map(score).collect()
}

/// The same within groups: each value beside those of its own group, such as its weekday. The columns have one length.
pub fn robust_z_within<G: Ord>(values: &[f64], groups: &[G]) -> Vec<f64> {
    let mut of_group: BTreeMap<&G, (Vec<usize>, Vec<f64>)> = BTreeMap::new();
    for (place, (value, group)) in values.iter().zip(groups).enumerate() {
        let (places, members) = of_group.entry(group).or_default();
        places.push(place);
        members.push(*value);
    }
    let mut scores = vec![f64::NAN; values.len()];
    for (places, members) in of_group.into_values() {
        for (place, score) in places.into_iter().zip(robust_z(&members)) {
            if let Some(slot) = scores.get_mut(place) {
                *slot = score;
            }
        }
    }
    scores
}

/// The day of the week of a time, Monday 0 to Sunday 6, in UTC.
pub fn weekday(at_s: i64) -> u8 {
    // The first of January 1970 was a Thursday.
    u8::try_from((at_s.div_euclid(86_400) + 3).rem_euclid(7)).unwrap_or(0)
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    let half = values.len() / 2;
    if values.is_empty() {
        return None;
    }
    let even = values.len().is_multiple_of(2);
    let (below, middle, _) = values.select_nth_unstable_by(half, f64::total_cmp);
    let middle = *middle;
    let lower = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    Some(if even { 0.5 * (lower + middle) } else { middle })
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "the figures are exact")]
mod tests {
    use super::*;

    fn outcome(y: f64, yhat: f64) -> Outcome {
        Outcome { y, yhat, lower: yhat - 2.0, upper: yhat + 4.0 }
    }

    #[test]
    fn errors_are_means_over_the_points_with_a_value() {
        let outcomes = [outcome(10.0, 9.0), outcome(f64::NAN, 1.0), outcome(0.0, 3.0), outcome(-4.0, -4.0)];
        let errors = Errors::of(&outcomes).unwrap();
        assert_eq!((errors.points, errors.mae, errors.mape), (3, 4.0 / 3.0, Some(0.05)));
        assert!((errors.smape - (2.0 / 19.0 + 2.0) / 3.0).abs() < 1e-15);
        assert_eq!(errors.coverage, 2.0 / 3.0);
        assert_eq!(Errors::of(&[outcome(f64::NAN, 1.0)]), None);
        assert_eq!(Errors::of(&[outcome(0.0, 1.0)]).unwrap().mape, None);
    }

    #[test]
    fn a_score_above_1_is_outside() {
        assert_eq!(outcome(13.0, 9.0).anomaly_score(), 1.0);
        assert_eq!(outcome(8.0, 9.0).anomaly_score(), 0.5);
        assert_eq!(outcome(3.0, 9.0).anomaly_score(), 3.0);
        let certain = Outcome { y: 2.0, yhat: 2.0, lower: 2.0, upper: 2.0 };
        assert_eq!(certain.anomaly_score(), 0.0);
        assert_eq!(Outcome { y: 3.0, ..certain }.anomaly_score(), f64::INFINITY);
    }

    #[test]
    fn outliers_do_not_hide_themselves() {
        let scores = robust_z(&[1.0, 2.0, 3.0, 4.0, 1000.0, f64::NAN]);
        assert_eq!(scores[2], 0.0);
        assert!((scores[4] - 997.0 / 1.482_602_218_505_602).abs() < 1e-9 && scores[5].is_nan());
        assert_eq!(robust_z(&[5.0; 4]), [0.0; 4]);
        let spike = robust_z(&[0.0, 0.0, 0.0, 0.0, 9.0]);
        assert!(spike[4] > 3.5 && spike[0] == 0.0);
    }

    #[test]
    fn a_monday_is_compared_with_mondays() {
        let at_s: Vec<i64> = (0..35).map(|day| day * 86_400).collect();
        let days: Vec<u8> = at_s.iter().map(|at_s| weekday(*at_s)).collect();
        assert_eq!(days[..5], [3, 4, 5, 6, 0]);
        let noise = |day: usize| (day * 7 % 5) as f64 * 0.1;
        let mut y: Vec<f64> =
            days.iter().enumerate().map(|(row, day)| f64::from(*day) * 100.0 + noise(row / 7)).collect();
        y[11] = 600.0;
        // On a Monday 600 is far off, though Sundays are like that.
        assert!(robust_z(&y)[11] < 3.5 && robust_z_within(&y, &days)[11] > 3.5);
    }
}
