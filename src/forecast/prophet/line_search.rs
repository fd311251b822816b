//! Stan's line search: a step along a direction that meets the strong Wolfe conditions, found by enlarging, then by cubic
//! interpolation within a bracket.

use super::objective::Objective;
use super::sums::dot;

/// How much of the expected decrease must be reached.
const DECREASE: f64 = 1e-4;
/// How much of the slope may be left.
const CURVATURE: f64 = 0.9;
/// The step that stands for none.
const LEAST_STEP: f64 = 1e-12;
/// A bracket that is narrower holds nothing.
const NARROWEST: f64 = 1e-16;
const MOST_STEPS: usize = 20;
const MOST_RETRIES: usize = 10;

/// A point with its value and derivatives.
#[derive(Debug, Clone, Default)]
pub(super) struct Point {
    pub(super) at: Vec<f64>,
    pub(super) value: f64,
    pub(super) gradient: Vec<f64>,
}

/// A step that was tried: its length, the value there, the slope along the direction.
#[derive(Debug, Clone, Copy)]
struct Trial {
    step: f64,
    value: f64,
    slope: f64,
}

/// A search from a point along a direction.
struct Search<'s, 'p> {
    objective: &'s mut Objective<'p>,
    from: &'s Point,
    direction: &'s [f64],
    slope: f64,
}

impl Search<'_, '_> {
    /// What is at a step; none where the density is none.
    fn at(&mut self, step: f64, to: &mut Point) -> Option<Trial> {
        to.at.clear();
        to.at.extend(self.from.at.iter().zip(self.direction).map(|(from, along)| from + step * along));
        to.gradient.resize(to.at.len(), 0.0);
        to.value = self.objective.value_and_gradient(&to.at, &mut to.gradient)?;
        Some(Trial { step, value: to.value, slope: dot(&to.gradient, self.direction) })
    }

    fn is_flat(&self, trial: &Trial) -> bool {
        trial.slope.abs() <= -(CURVATURE * self.slope)
    }

    /// Narrows the bracket between the better end and the other one; none if nothing is in it.
    fn zoom(&mut self, mut best: Trial, mut other: Trial, to: &mut Point) -> Option<f64> {
        for turn in 1_usize.. {
            let width = (best.step - other.step).abs();
            if width < NARROWEST || best.step.next_toward(other.step) == other.step {
                return None;
            }
            let step = if turn % 5 == 0 { 0.5 * (best.step + other.step) } else { interpolated(&best, &other) };
            let trial = self.first_finite(step, smaller(best.step, other.step), to)?;
            if trial.value > self.from.value + trial.step * (DECREASE * self.slope) || trial.value >= best.value {
                other = trial;
                continue;
            }
            if self.is_flat(&trial) {
                return Some(trial.step);
            }
            if trial.slope * (other.step - best.step) >= 0.0 {
                other = best;
            }
            best = trial;
        }
        None
    }

    /// The first of ever smaller steps at which there is a density.
    fn first_finite(&mut self, mut step: f64, least: f64, to: &mut Point) -> Option<Trial> {
        loop {
            if let Some(trial) = self.at(step, to) {
                return Some(trial);
            }
            let before = step;
            step = 0.5 * (step + least);
            if step == before || (least - step).abs() < NARROWEST {
                return None;
            }
        }
    }
}

/// The step that meets the conditions, with the point there; none if the search fails.
pub(super) fn search(
    objective: &mut Objective<'_>,
    from: &Point,
    direction: &[f64],
    first: f64,
    to: &mut Point,
) -> Option<f64> {
    let slope = dot(&from.gradient, direction);
    let mut search = Search { objective, from, direction, slope };
    let mut before = Trial { step: LEAST_STEP, value: from.value, slope };
    let (mut step, mut enlarged, mut retries) = (first, 0, 0);
    while enlarged < MOST_STEPS {
        let Some(trial) = search.at(step, to) else {
            if retries >= MOST_RETRIES {
                return None;
            }
            retries += 1;
            step = 0.5 * (before.step + step);
            continue;
        };
        retries = 0;
        // The first step stands here for each: it is what the reference compares with.
        if trial.value > from.value + first * (DECREASE * slope) || (trial.value >= before.value && enlarged > 0) {
            return search.zoom(before, trial, to);
        }
        if search.is_flat(&trial) {
            return Some(step);
        }
        if trial.slope >= 0.0 {
            return search.zoom(trial, before, to);
        }
        before = trial;
        step *= 10.0;
        enlarged += 1;
    }
    None
}

/// As C++ takes the smaller: the first where they cannot be compared.
fn smaller(a: f64, b: f64) -> f64 {
    if b < a { b } else { a }
}

fn larger(a: f64, b: f64) -> f64 {
    if a < b { b } else { a }
}

/// Where the cubic through both ends is least, unless that is too close to an end to be of use.
fn interpolated(best: &Trial, other: &Trial) -> f64 {
    let (low, high) = (best, other);
    let d1 = low.slope + high.slope - 3.0 * (low.value - high.value) / (low.step - high.step);
    let mut d2 = (d1 * d1 - low.slope * high.slope).sqrt();
    if high.step < low.step {
        d2 = -d2;
    }
    let step = high.step - (high.step - low.step) * (high.slope + d2 - d1) / (high.slope - low.slope + 2.0 * d2);
    let margin = 0.01 * (low.step - high.step).abs();
    let (least, most) = (smaller(low.step, high.step), larger(low.step, high.step));
    if !step.is_finite() || step < least + margin || step > most - margin {
        return 0.5 * (low.step + high.step);
    }
    step
}

/// The first step of the next search: where the cubic through the last step's ends is least, within 0 and 1.
pub(super) fn guess(slope: f64, step: f64, change: f64, slope_there: f64) -> f64 {
    let c3 = (-12.0 * change + 6.0 * step * (slope + slope_there)) / (step * step * step);
    let c2 = -(4.0 * slope + 2.0 * slope_there) / step + 6.0 * change / (step * step);
    let root = (c2 * c2 - 2.0 * slope * c3).sqrt();
    let at = |x: f64| x * (x * (x * c3 / 3.0 + c2) / 2.0 + slope);
    let (low, high) = (LEAST_STEP, 1.0);
    let mut least = (at(low), low);
    if at(high) < least.0 {
        least = (at(high), high);
    }
    for candidate in [-(c2 + root) / c3, -(c2 - root) / c3] {
        if low < candidate && candidate < high && at(candidate) < least.0 {
            least = (at(candidate), candidate);
        }
    }
    smaller(1.0, 1.01 * least.1)
}

/// The neighbour of a number in the direction of another.
trait NextToward {
    fn next_toward(self, other: f64) -> f64;
}

impl NextToward for f64 {
    fn next_toward(self, other: f64) -> f64 {
        if other > self {
            self.next_up()
        } else if other < self {
            self.next_down()
        } else {
            other
        }
    }
}
