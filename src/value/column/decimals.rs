//! Decimals of a column: digits and where their point stands, as far as an `int` holds the digits.

use std::sync::Arc;

use bigdecimal::num_bigint::BigInt;
use bigdecimal::{BigDecimal, ToPrimitive};

/// Decimals of up to eighteen digits.
#[derive(Debug, Clone, Default)]
pub(super) struct Decimals {
    digits: Vec<i64>,
    scales: Vec<i16>,
}

impl Decimals {
    /// A decimal, exactly as it came: `1.50` keeps its zero. `None` past the end.
    pub(super) fn get(&self, at: usize) -> Option<BigDecimal> {
        let (digits, scale) = self.parts(at)?;
        Some(BigDecimal::new(BigInt::from(digits), i64::from(scale)))
    }

    /// The digits of a decimal and how many of them stand behind the point; `None` past the end.
    pub(super) fn parts(&self, at: usize) -> Option<(i64, i16)> {
        Some((*self.digits.get(at)?, *self.scales.get(at)?))
    }

    /// Whether a decimal is short enough to be held here.
    pub(super) fn fits(decimal: &BigDecimal) -> bool {
        parts(decimal).is_some()
    }

    /// Adds a decimal; `false` when it is too long and was not added.
    pub(super) fn push(&mut self, decimal: &BigDecimal) -> bool {
        let Some((digits, scale)) = parts(decimal) else { return false };
        self.digits.push(digits);
        self.scales.push(scale);
        true
    }

    /// Adds what stands where there is none.
    pub(super) fn push_nothing(&mut self) {
        self.digits.push(0);
        self.scales.push(0);
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.digits.len()
    }

    /// The decimals of some rows; zero for those past the end.
    pub(super) fn pick(&self, rows: &[usize]) -> Self {
        let digits = rows.iter().map(|at| self.digits.get(*at).copied().unwrap_or_default()).collect();
        Self { digits, scales: rows.iter().map(|at| self.scales.get(*at).copied().unwrap_or_default()).collect() }
    }

    /// How many bytes they take.
    pub(super) fn bytes(&self) -> usize {
        self.digits.capacity() * 8 + self.scales.capacity() * 2
    }
}

/// The digits and how many of them stand behind the point, of a decimal that is short enough.
pub(super) fn parts(decimal: &BigDecimal) -> Option<(i64, i16)> {
    let (digits, scale) = decimal.as_bigint_and_scale();
    Some((digits.to_i64()?, i16::try_from(scale).ok()?))
}

/// The value's shared form.
pub(super) fn shared(decimal: BigDecimal) -> super::Value {
    super::Value::Decimal(Arc::new(decimal))
}
