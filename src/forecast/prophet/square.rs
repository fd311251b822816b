//! Square matrices, their products summed in Eigen's order.

#![allow(clippy::indexing_slicing)]
// All indices run over the matrix's own size.

/// From so many columns on Eigen multiplies a matrix by a vector in groups of them.
const MANY_COLUMNS: usize = 128;
/// Columns that are longer than these bytes are taken in smaller groups.
const LONG_COLUMN: usize = 32_000;

/// A square matrix, column after column.
#[derive(Debug, Clone)]
pub(super) struct Square {
    pub(super) size: usize,
    pub(super) values: Vec<f64>,
}

impl Square {
    pub(super) fn zeros(size: usize) -> Self {
        Self { size, values: vec![0.0; size * size] }
    }

    /// Adds to an entry.
    pub(super) fn add(&mut self, row: usize, column: usize, value: f64) {
        self.values[column * self.size + row] += value;
    }

    pub(super) fn column(&self, column: usize) -> &[f64] {
        &self.values[column * self.size..][..self.size]
    }

    /// Two columns, the first before the second.
    pub(super) fn columns(&mut self, first: usize, second: usize) -> (&mut [f64], &mut [f64]) {
        let (before, after) = self.values.split_at_mut(second * self.size);
        (&mut before[first * self.size..][..self.size], &mut after[..self.size])
    }

    /// The matrix times a vector: groups of columns, of each the sum of a row's products.
    pub(super) fn times(&self, vector: &[f64]) -> Vec<f64> {
        let group = match self.size {
            size if size < MANY_COLUMNS => size,
            size if size * size_of::<f64>() < LONG_COLUMN => 16,
            _ => 4,
        };
        let mut out = vec![0.0; self.size];
        for (columns, factors) in self.values.chunks(group * self.size).zip(vector.chunks(group)) {
            let mut sums = vec![0.0; self.size];
            for (column, factor) in columns.chunks(self.size).zip(factors) {
                for (sum, value) in sums.iter_mut().zip(column) {
                    *sum += value * factor;
                }
            }
            for (out, sum) in out.iter_mut().zip(sums) {
                *out += sum;
            }
        }
        out
    }

    /// The matrix with rows for columns.
    pub(super) fn transposed(&self) -> Self {
        let entries = (0..self.size).flat_map(|row| (0..self.size).map(move |column| (row, column)));
        let values = entries.map(|(row, column)| self.values[column * self.size + row]).collect();
        Self { size: self.size, values }
    }

    /// The product of two matrices: each entry one sum from the first column to the last.
    pub(super) fn product(&self, right: &Self) -> Self {
        let mut out = Self::zeros(self.size);
        for (place, column) in out.values.chunks_mut(self.size).enumerate() {
            for (left, factor) in self.values.chunks(self.size).zip(right.column(place)) {
                for (entry, value) in column.iter_mut().zip(left) {
                    *entry += value * factor;
                }
            }
        }
        self.add_last_pair(right, &mut out);
        out
    }

    /// Eigen takes four rows and four columns at a time. Where two rows or three are left, two of them have a sum of the even
    /// columns and one of the odd, as far as there are eights of columns, but for columns of the product beyond the fours.
    fn add_last_pair(&self, right: &Self, out: &mut Self) {
        if self.size % 4 < 2 {
            return;
        }
        let (row, most, even_until) = (self.size / 4 * 4, self.size / 4 * 4, self.size / 8 * 8);
        for place in 0..most {
            let factors = right.column(place);
            for row in row..row + 2 {
                let product = |k: usize| self.values[k * self.size + row] * factors[k];
                let [mut even, mut odd] = [0.0, 0.0];
                for k in (0..even_until).step_by(2) {
                    even += product(k);
                    odd += product(k + 1);
                }
                let sum = (even_until..self.size).fold(even + odd, |sum, k| sum + product(k));
                out.values[place * self.size + row] = sum;
            }
        }
    }
}
