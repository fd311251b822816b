//! Sums in the order in which the reference adds, which decides their last bits.

/// A sum as Eigen adds with registers of two numbers: four running sums, then the pair that is left, then the last one.
pub(super) fn redux(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len();
    let mut values = values;
    let mut sums = [0.0; 4];
    for _ in 0..count / 4 {
        for sum in &mut sums {
            *sum += values.next().unwrap_or(0.0);
        }
    }
    let [a, b, c, d] = sums;
    let mut pair = [a + c, b + d];
    if count % 4 >= 2 {
        for sum in &mut pair {
            *sum += values.next().unwrap_or(0.0);
        }
    }
    let [even, odd] = pair;
    values.fold(even + odd, |sum, value| sum + value)
}

/// The scalar product of two vectors.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let (a_fours, a_rest) = a.as_chunks::<4>();
    let (b_fours, b_rest) = b.as_chunks::<4>();
    let mut sums = [0.0; 4];
    for (a, b) in a_fours.iter().zip(b_fours) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    fours(sums, a_rest.iter().zip(b_rest).map(|(a, b)| a * b))
}

/// The end of such a sum: what the fours of a vector came to, and what is left after them.
pub(super) fn fours([s0, s1, s2, s3]: [f64; 4], mut rest: impl ExactSizeIterator<Item = f64>) -> f64 {
    let mut pair = [s0 + s2, s1 + s3];
    if rest.len() >= 2 {
        for sum in &mut pair {
            *sum += rest.next().unwrap_or(0.0);
        }
    }
    let [even, odd] = pair;
    rest.fold(even + odd, |sum, value| sum + value)
}

/// A column's product with a vector, as Eigen makes it for a whole matrix: even and odd rows by themselves, then an odd last one.
pub(super) fn pairs(a: &[f64], b: &[f64]) -> f64 {
    let ((a_pairs, a_rest), (b_pairs, b_rest)) = (a.as_chunks::<2>(), b.as_chunks::<2>());
    let [mut even, mut odd] = [0.0, 0.0];
    for ([a_even, a_odd], [b_even, b_odd]) in a_pairs.iter().zip(b_pairs) {
        even += a_even * b_even;
        odd += a_odd * b_odd;
    }
    a_rest.iter().zip(b_rest).fold(even + odd, |sum, (a, b)| sum + a * b)
}

/// The sum of the squares of a vector.
pub(super) fn squares(a: &[f64]) -> f64 {
    dot(a, a)
}

/// A sum as numpy adds: eight running sums in blocks of at most 128, the blocks in pairs.
pub(super) fn pairwise(values: &[f64]) -> f64 {
    if values.len() < 8 {
        return values.iter().fold(0.0, |sum, value| sum + value);
    }
    if values.len() <= 128 {
        return block(values);
    }
    let half = values.len() / 2;
    let (left, right) = values.split_at(half - half % 8);
    pairwise(left) + pairwise(right)
}

/// One of numpy's blocks.
fn block(values: &[f64]) -> f64 {
    let (eights, rest) = values.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for eight in eights {
        for (sum, value) in sums.iter_mut().zip(eight) {
            *sum += value;
        }
    }
    let [s0, s1, s2, s3, s4, s5, s6, s7] = sums;
    let sum = ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7));
    rest.iter().fold(sum, |sum, value| sum + value)
}

/// The mean, as numpy computes it.
pub(super) fn mean(values: &[f64]) -> f64 {
    pairwise(values) / values.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_is_the_sum_of_its_products() {
        for count in 0..23 {
            let a: Vec<f64> = (0..count).map(|i| 1.0 / f64::from(i + 3)).collect();
            let b: Vec<f64> = (0..count).map(|i| f64::from(i * i) - 0.3).collect();
            let products: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a * b).collect();
            assert_eq!(dot(&a, &b).to_bits(), redux(products.iter().copied()).to_bits(), "{count}");
        }
    }

    #[test]
    fn sums_are_in_the_reference_s_order() {
        // (1e16 + 1) loses the 1: only this order keeps the others.
        let values = [1e16, 1.0, -1e16, 1.0, 3.0, 1.0];
        assert_eq!(redux(values.iter().copied()).to_bits(), 6.0_f64.to_bits());
        let nine: Vec<f64> = [1e16, 1.0, 1.0, 1.0, -1e16, 1.0, 1.0, 1.0, 2.0].to_vec();
        assert_eq!(pairwise(&nine).to_bits(), 6.0_f64.to_bits());
    }
}
