//! The second derivatives of the objective by differences of the gradient, as Stan takes them: the kink of the changepoints'
//! prior counts only so, and the rounding of the differences leads where the reference goes.

use super::objective::Objective;
use super::square::Square;

/// The distance of the differences.
const STEP: f64 = 1e-3;
/// Stan's differences are not divided by their distance, but multiplied by it, and each counts half for both entries.
const HALF: f64 = 0.5 * STEP;
/// How far each of them is, and its weight.
const DIFFERENCES: [(f64, f64); 4] = [
    (-2.0 * STEP, HALF * (1.0 / 12.0)),
    (-STEP, HALF * (-2.0 / 3.0)),
    (STEP, HALF * (2.0 / 3.0)),
    (2.0 * STEP, HALF * (-1.0 / 12.0)),
];

/// The second derivatives of the log density at a point, times a millionth, on the diagonal and below it; none if there is no
/// density beside the point.
pub(super) fn scaled_hessian(objective: &mut Objective<'_>, at: &[f64]) -> Option<Square> {
    let mut matrix = Square::zeros(at.len());
    let mut moved = at.to_vec();
    let mut gradient = vec![0.0; at.len()];
    for (place, value) in at.iter().enumerate() {
        for (step, weight) in DIFFERENCES {
            if let Some(slot) = moved.get_mut(place) {
                *slot = value + step;
            }
            objective.value_and_gradient(&moved, &mut gradient)?;
            for (other, slope) in gradient.iter().enumerate() {
                // What is minimised is the negative log density.
                let share = weight * -slope;
                matrix.add(place.max(other), place.min(other), share);
                if other == place {
                    matrix.add(place, other, share);
                }
            }
        }
        if let Some(slot) = moved.get_mut(place) {
            *slot = *value;
        }
    }
    Some(matrix)
}
