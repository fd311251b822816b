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
    /// The parameters of the vector that was optimised, each with the digits that Prophet reads of it: Stan writes eight unless
    /// told otherwise, and Prophet forecasts from what was written.
    pub(super) fn written(vector: &[f64], changes: usize, digits: usize) -> Self {
        let parts = Parts::of(vector, changes);
        let all = |values: &[f64]| values.iter().map(|value| with_digits(*value, digits)).collect();
        Self {
            k: with_digits(parts.k, digits),
            m: with_digits(parts.m, digits),
            delta: all(parts.delta),
            sigma: with_digits(parts.log_sigma.exp(), digits),
            beta: all(parts.beta),
        }
    }

    /// Without changepoints the change of the one at the beginning belongs to the rate.
    pub(super) fn fold(&mut self) {
        self.k += self.delta.iter().sum::<f64>();
        self.delta.fill(0.0);
    }
}

/// A number as its first significant digits say it.
fn with_digits(value: f64, digits: usize) -> f64 {
    format!("{value:.*e}", digits.saturating_sub(1)).parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::with_digits;

    #[test]
    fn digits_are_kept() {
        let eight_digits = |value| with_digits(value, 8);
        assert_eq!(eight_digits(0.332_142_349_620_621_6), 0.332_142_35);
        assert_eq!(eight_digits(-5.913_268_063_444_184e-9), -5.913_268_1e-9);
        assert_eq!(eight_digits(0.0), 0.0);
        assert_eq!((with_digits(0.1 + 0.2, 18), with_digits(-187.5, 1)), (0.1 + 0.2, -200.0));
    }
}
