//! The parameters that a fit gives.

use super::parameters::Parts;

/// Fitted parameters.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Parameters {
    pub(super) k: f64,
    pub(super) m: f64,
    pub(super) delta: Vec<f64>,
    pub(super) sigma: f64,
    pub(super) beta: Vec<f64>,
}

impl Parameters {
    /// The parameters of the vector that was optimised, each with the digits that Prophet reads of it: Stan writes eight, and
    /// Prophet forecasts from what was written.
    pub(super) fn written(vector: &[f64], changes: usize) -> Self {
        let parts = Parts::of(vector, changes);
        let all = |values: &[f64]| values.iter().map(|value| eight_digits(*value)).collect();
        Self {
            k: eight_digits(parts.k),
            m: eight_digits(parts.m),
            delta: all(parts.delta),
            sigma: eight_digits(parts.log_sigma.exp()),
            beta: all(parts.beta),
        }
    }

    /// Without changepoints the change of the one at the beginning belongs to the rate.
    pub(super) fn fold(&mut self) {
        self.k += self.delta.iter().sum::<f64>();
        self.delta.fill(0.0);
    }
}

/// A number as its eight significant digits say it.
fn eight_digits(value: f64) -> f64 {
    format!("{value:.7e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::eight_digits;

    #[test]
    fn eight_digits_are_kept() {
        assert_eq!(eight_digits(0.332_142_349_620_621_6), 0.332_142_35);
        assert_eq!(eight_digits(-5.913_268_063_444_184e-9), -5.913_268_1e-9);
        assert_eq!(eight_digits(0.0), 0.0);
    }
}
