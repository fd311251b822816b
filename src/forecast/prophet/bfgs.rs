//! The curvature after Broyden, Fletcher, Goldfarb and Shanno: the inverse of the second derivatives as a full matrix, which every
//! step mends. In the order of operations of Stan and Eigen.

use super::square::Square;
use super::sums::{dot, squares};

/// The inverse of the curvature.
pub(super) struct Full {
    inverse: Square,
}

impl Full {
    pub(super) fn new(size: usize) -> Self {
        Self { inverse: Square::zeros(size) }
    }

    /// Mends the matrix by a step, forgetting what it was if told to; gives the scale of the first curvature then.
    pub(super) fn update(&mut self, gradient: &[f64], point: &[f64], forget: bool) -> f64 {
        let product = dot(gradient, point);
        let share = 1.0 / product;
        let shares: Vec<f64> = point.iter().map(|value| share * value).collect();
        let mut turn = Square::zeros(gradient.len());
        for (place, (column, slope)) in turn.values.chunks_mut(gradient.len()).zip(gradient).enumerate() {
            for (row, (entry, share)) in column.iter_mut().zip(&shares).enumerate() {
                *entry = if row == place { 1.0 } else { 0.0 } - share * slope;
            }
        }
        let scale = if forget { squares(gradient) / product } else { 1.0 };
        if forget {
            self.inverse = turn.product(&turn.transposed());
            let inverse = 1.0 / scale;
            self.inverse.values.iter_mut().for_each(|entry| *entry *= inverse);
        } else {
            // The second of these products Eigen makes row after row.
            self.inverse = turn.product(&turn.product(&self.inverse).transposed()).transposed();
        }
        for (column, value) in self.inverse.values.chunks_mut(point.len()).zip(point) {
            for (entry, share) in column.iter_mut().zip(&shares) {
                *entry += share * value;
            }
        }
        scale
    }

    /// The direction of the next step.
    pub(super) fn direction(&self, gradient: &[f64], out: &mut Vec<f64>) {
        out.clear();
        out.extend(self.inverse.times(gradient).into_iter().map(|along| -along));
    }
}
