//! What is fitted: the data of the model as its objective reads them.

use super::super::{ForecastError, Growth, Mode, Start};
use super::features::Feature;
use super::parameters::PartsMut;

/// A model's data. Rows are in the order of time.
#[derive(Debug, Clone)]
pub(super) struct Problem {
    pub(super) growth: Growth,
    pub(super) t: Vec<f64>,
    pub(super) y: Vec<f64>,
    /// Scaled caps; empty unless growth is logistic.
    pub(super) cap: Vec<f64>,
    /// The times of the changepoints, ascending.
    pub(super) changes: Vec<f64>,
    /// For each changepoint the first row that lies at or after it.
    pub(super) starts: Vec<usize>,
    /// The columns of the design matrix.
    pub(super) columns: Vec<Vec<f64>>,
    pub(super) modes: Vec<Option<Mode>>,
    /// The inverse of each column's prior scale.
    pub(super) inverse_priors: Vec<f64>,
    /// The inverse of the changepoints' prior scale.
    pub(super) inverse_tau: f64,
}

impl Problem {
    pub(super) fn new(
        (growth, tau): (Growth, f64),
        (t, y, cap): (Vec<f64>, Vec<f64>, Vec<f64>),
        changes: Vec<f64>,
        features: Vec<Feature>,
    ) -> Self {
        let starts = changes.iter().map(|change| t.partition_point(|t| t < change)).collect();
        let modes = features.iter().map(|feature| feature.mode).collect();
        let inverse_priors = features.iter().map(|feature| 1.0 / feature.prior).collect();
        let columns = features.into_iter().map(|feature| feature.values).collect();
        Self { growth, t, y, cap, changes, starts, columns, modes, inverse_priors, inverse_tau: 1.0 / tau }
    }

    /// How many parameters there are: rate, offset, changes, log of the noise, coefficients.
    pub(super) fn dimension(&self) -> usize {
        3 + self.changes.len() + self.columns.len()
    }

    pub(super) fn has_mode(&self, mode: Mode) -> bool {
        self.modes.contains(&Some(mode))
    }

    /// Where the search begins: through the first and the last point.
    pub(super) fn initial(&self) -> Vec<f64> {
        let (rate, offset) = match self.growth {
            Growth::Linear => self.linear_start(),
            Growth::Logistic => self.logistic_start(),
            Growth::Flat => (0.0, super::sums::mean(&self.y)),
        };
        let mut initial = vec![0.0; self.dimension()];
        for (slot, value) in initial.iter_mut().zip([rate, offset]) {
            *slot = value;
        }
        initial
    }

    /// Where the search begins if it is told some of it.
    pub(super) fn start(&self, told: &Start) -> Result<Vec<f64>, ForecastError> {
        let mut start = self.initial();
        let Some(parts) = PartsMut::of(&mut start, self.changes.len()) else { return Ok(start) };
        for (slot, value) in [(parts.k, told.k), (parts.m, told.m), (parts.log_sigma, told.sigma_obs.map(f64::ln))] {
            *slot = value.unwrap_or(*slot);
        }
        let lists = [("delta", parts.delta, &told.delta), ("beta", parts.beta, &told.beta)];
        for (name, slots, values) in
            lists.into_iter().filter_map(|(name, slots, told)| Some((name, slots, told.as_ref()?)))
        {
            if slots.len() != values.len() {
                let reason = format!("has {} values as `{name}`, the model has {}", values.len(), slots.len());
                return Err(ForecastError::Setting { name: "init", reason });
            }
            slots.copy_from_slice(values);
        }
        Ok(start)
    }

    /// The rows that Prophet takes as ends: the first of the first time, and the first of the last time.
    fn ends(&self) -> (usize, usize) {
        let last = self.t.last().copied().unwrap_or_default();
        (0, self.t.partition_point(|t| *t < last))
    }

    fn at(column: &[f64], row: usize) -> f64 {
        column.get(row).copied().unwrap_or_default()
    }

    fn linear_start(&self) -> (f64, f64) {
        let (first, last) = self.ends();
        let (t0, t1) = (Self::at(&self.t, first), Self::at(&self.t, last));
        let (y0, y1) = (Self::at(&self.y, first), Self::at(&self.y, last));
        let rate = (y1 - y0) / (t1 - t0);
        (rate, y0 - rate * t0)
    }

    fn logistic_start(&self) -> (f64, f64) {
        let (first, last) = self.ends();
        let span = Self::at(&self.t, last) - Self::at(&self.t, first);
        let ratio = |row| {
            let (cap, y) = (Self::at(&self.cap, row), Self::at(&self.y, row));
            let top = if y < 0.99 * cap { y } else { 0.99 * cap };
            cap / if top > 0.01 * cap { top } else { 0.01 * cap }
        };
        let (mut r0, r1) = (ratio(first), ratio(last));
        if (r0 - r1).abs() <= 0.01 {
            r0 *= 1.05;
        }
        let (l0, l1) = ((r0 - 1.0_f64).ln(), (r1 - 1.0_f64).ln());
        ((l0 - l1) / span, l0 * span / (l0 - l1))
    }
}
