//! The second derivatives of the objective by differences of the gradient, as Stan takes them: the kink of the changepoints'
//! prior counts only so, and the rounding of the differences leads where the reference goes.

use super::eigen::Symmetric;
use super::objective::Objective;

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

/// The second derivatives at a point, times a millionth; none if there is no density beside it.
pub(super) fn scaled_hessian(objective: &mut Objective<'_>, at: &[f64]) -> Option<Symmetric> {
    let mut matrix = Symmetric::zeros(at.len());
    let mut moved = at.to_vec();
    let mut gradient = vec![0.0; at.len()];
    for (place, value) in at.iter().enumerate() {
        for (step, weight) in DIFFERENCES {
            if let Some(slot) = moved.get_mut(place) {
                *slot = value + step;
            }
            objective.value_and_gradient(&moved, &mut gradient)?;
            for (other, slope) in gradient.iter().enumerate() {
                matrix.add(place, other, weight * slope);
                if other == place {
                    matrix.add(place, other, weight * slope);
                }
            }
        }
        if let Some(slot) = moved.get_mut(place) {
            *slot = *value;
        }
    }
    Some(matrix)
}
