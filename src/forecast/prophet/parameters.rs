//! The vector that is optimised, seen as its parts.

/// A vector of parameters (or of derivatives) in its parts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parts<'a> {
    /// The rate of the trend.
    pub(super) k: f64,
    /// Its offset.
    pub(super) m: f64,
    /// The changes of the rate.
    pub(super) delta: &'a [f64],
    /// The logarithm of the noise.
    pub(super) log_sigma: f64,
    /// The coefficients of the columns.
    pub(super) beta: &'a [f64],
}

impl<'a> Parts<'a> {
    /// The parts of a vector for a model with so many changepoints.
    pub(super) fn of(vector: &'a [f64], changes: usize) -> Self {
        let (ends, rest) = vector.split_at_checked(2).unwrap_or_default();
        let (delta, rest) = rest.split_at_checked(changes).unwrap_or_default();
        let (log_sigma, beta) = rest.split_first().unwrap_or((&0.0, &[]));
        let (k, m) = (ends.first().copied().unwrap_or_default(), ends.last().copied().unwrap_or_default());
        Self { k, m, delta, log_sigma: *log_sigma, beta }
    }
}

/// The parts of a vector, to be written.
pub(super) struct PartsMut<'a> {
    pub(super) k: &'a mut f64,
    pub(super) m: &'a mut f64,
    pub(super) delta: &'a mut [f64],
    pub(super) log_sigma: &'a mut f64,
    pub(super) beta: &'a mut [f64],
}

impl<'a> PartsMut<'a> {
    /// The parts of a vector for a model with so many changepoints; none if it is too short.
    pub(super) fn of(vector: &'a mut [f64], changes: usize) -> Option<Self> {
        let (k, rest) = vector.split_first_mut()?;
        let (m, rest) = rest.split_first_mut()?;
        let (delta, rest) = rest.split_at_mut_checked(changes)?;
        let (log_sigma, beta) = rest.split_first_mut()?;
        Some(Self { k, m, delta, log_sigma, beta })
    }
}
