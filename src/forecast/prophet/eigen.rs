//! Eigenvalues and eigenvectors of a symmetric matrix, in Eigen's order of operations: Householder's reflections to a tridiagonal
//! matrix, QR steps with Wilkinson's shift, each rotation applied to the vectors as well. Newton's steps are many and long,
//! and a last bit that differs in one of them leads to another end.

#![allow(clippy::indexing_slicing, clippy::needless_range_loop)]
// All indices run over the matrix's own size: the loops are bounded by it, and every vector is made with it.

use super::square::Square;
use super::sums::{dot, pairs, squares};

/// The most steps for each row; what is there then is taken.
const MOST_STEPS: usize = 30;

/// `|matrix|⁻¹ · right`, where `|matrix|` has the absolute eigenvalues; none if they cannot be computed.
pub(super) fn solve_absolute(matrix: Square, right: &[f64]) -> Option<Vec<f64>> {
    if matrix.values.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let (vectors, values) = decompose(matrix);
    let along = |(place, value): (usize, &f64)| pairs(vectors.column(place), right) / value.abs();
    let shares: Vec<f64> = values.iter().enumerate().map(along).collect();
    Some(vectors.times(&shares))
}

/// The eigenvectors, as columns, and the eigenvalues, ascending.
fn decompose(mut matrix: Square) -> (Square, Vec<f64>) {
    let size = matrix.size;
    if size == 1 {
        let values = std::mem::replace(&mut matrix.values, vec![1.0]);
        return (matrix, values);
    }
    let largest = (0..size).flat_map(|j| &matrix.column(j)[j..]).fold(0.0_f64, |most, value| most.max(value.abs()));
    let scale = if largest == 0.0 { 1.0 } else { largest };
    for value in &mut matrix.values {
        *value /= scale;
    }
    let factors = tridiagonal(&mut matrix);
    let mut diagonal: Vec<f64> = (0..size).map(|i| matrix.column(i)[i]).collect();
    let mut beside: Vec<f64> = (1..size).map(|i| matrix.column(i - 1)[i]).collect();
    unfold(&mut matrix, &factors);
    if diagonalise(&mut diagonal, &mut beside, &mut matrix) {
        sort(&mut diagonal, &mut matrix);
    }
    for value in &mut diagonal {
        *value *= scale;
    }
    (matrix, diagonal)
}

/// Reflects a matrix until only its diagonal and the entries below it are left; the reflections' vectors take the place of what
/// they made zero, without their first entry, which is 1. Gives their factors.
fn tridiagonal(matrix: &mut Square) -> Vec<f64> {
    let size = matrix.size;
    let mut factors = vec![0.0; size - 1];
    for i in 0..size - 1 {
        let (head, rest) = matrix.values.split_at_mut((i + 1) * size);
        let vector = &mut head[i * size + i + 1..];
        let (factor, length) = reflection(vector);
        vector[0] = 1.0;
        let image = &mut factors[i..];
        let corner = Corner { values: rest, stride: size, skip: i + 1 };
        corner.times(vector, factor, image, i % 2 == 1);
        let share = (factor * -0.5) * dot(image, vector);
        for (image, value) in image.iter_mut().zip(&*vector) {
            *image += share * value;
        }
        for (place, column) in rest.chunks_mut(size).enumerate() {
            let (v, w) = (-vector[place], -image[place]);
            let given = image[place..].iter().zip(&vector[place..]);
            for (entry, (image, value)) in column[i + 1 + place..].iter_mut().zip(given) {
                *entry += v * image + w * value;
            }
        }
        vector[0] = length;
        factors[i] = factor;
    }
    factors
}

/// The reflection that leaves only the first entry of a vector, which is replaced by the reflection's; its factor, and that entry.
fn reflection(vector: &mut [f64]) -> (f64, f64) {
    let first = vector[0];
    let rest = &mut vector[1..];
    let square = squares(rest);
    if square <= f64::MIN_POSITIVE {
        rest.fill(0.0);
        return (0.0, first);
    }
    let length = (first * first + square).sqrt();
    let length = if first >= 0.0 { -length } else { length };
    for value in rest {
        *value /= first - length;
    }
    ((length - first) / length, length)
}

/// The lower right corner of a symmetric matrix.
struct Corner<'a> {
    /// The corner's columns, whole.
    values: &'a [f64],
    stride: usize,
    /// How many rows lie above the corner.
    skip: usize,
}

impl Corner<'_> {
    fn column(&self, place: usize) -> &[f64] {
        &self.values[place * self.stride + self.skip..(place + 1) * self.stride]
    }

    /// `factor · corner · vector`: two columns at a time, the rows below them in pairs, which begin a row later where `odd`,
    /// because Eigen's begin where its registers can be stored; the last columns one by one.
    fn times(&self, vector: &[f64], factor: f64, out: &mut [f64], odd: bool) {
        out.fill(0.0);
        let paired = vector.len().saturating_sub(8) & !1;
        for j in (0..paired).step_by(2) {
            self.add_two(j, vector, factor, out, odd);
        }
        for j in paired..vector.len() {
            let column = self.column(j);
            let (share, mut sum) = (factor * vector[j], 0.0);
            out[j] += column[j] * share;
            for i in j + 1..vector.len() {
                out[i] += column[i] * share;
                sum += column[i] * vector[i];
            }
            out[j] += factor * sum;
        }
    }

    fn add_two(&self, j: usize, vector: &[f64], factor: f64, out: &mut [f64], odd: bool) {
        let (a, b) = (self.column(j), self.column(j + 1));
        let shares = [factor * vector[j], factor * vector[j + 1]];
        out[j] += a[j] * shares[0];
        out[j + 1] += b[j + 1] * shares[1];
        out[j + 1] += a[j + 1] * shares[0];
        let mut single = [a[j + 1] * vector[j + 1], 0.0];
        let mut add = |i: usize, out: &mut [f64]| {
            out[i] += a[i] * shares[0] + b[i] * shares[1];
            single[0] += a[i] * vector[i];
            single[1] += b[i] * vector[i];
        };
        let begin = j + 2 + usize::from(odd);
        if odd {
            add(j + 2, out);
        }
        let end = vector.len() - (vector.len() - begin) % 2;
        let mut sums = [[0.0; 2]; 2];
        let given = a[begin..end].as_chunks::<2>().0.iter().zip(b[begin..end].as_chunks::<2>().0);
        let beside = vector[begin..end].as_chunks::<2>().0.iter().zip(out[begin..end].as_chunks_mut::<2>().0);
        for ((a, b), (value, out)) in given.zip(beside) {
            for k in 0..2 {
                out[k] = a[k] * shares[0] + (b[k] * shares[1] + out[k]);
                sums[0][k] += a[k] * value[k];
                sums[1][k] += b[k] * value[k];
            }
        }
        for i in end..vector.len() {
            add(i, out);
        }
        let [of_a, of_b] = sums;
        out[j] += factor * (single[0] + (of_a[0] + of_a[1]));
        out[j + 1] += factor * (single[1] + (of_b[0] + of_b[1]));
    }
}

/// The product of the reflections, in the place of their vectors.
fn unfold(matrix: &mut Square, factors: &[f64]) {
    let size = matrix.size;
    matrix.values[(size - 1) * size..].fill(0.0);
    matrix.values[size * size - 1] = 1.0;
    for (k, factor) in factors.iter().enumerate().rev() {
        let (head, rest) = matrix.values.split_at_mut((k + 1) * size);
        let column = &mut head[k * size..];
        let vector = &column[(k + 2).min(size)..];
        if *factor != 0.0 {
            for column in rest.chunks_mut(size) {
                let (first, below) = column[k + 1..].split_at_mut(1);
                let along = pairs(below, vector) + first[0];
                first[0] -= factor * along;
                for (entry, value) in below.iter_mut().zip(vector) {
                    *entry -= (factor * value) * along;
                }
            }
        }
        column.fill(0.0);
        column[k] = 1.0;
    }
}

/// QR steps on the last part that is not yet diagonal, until all is; whether they ended.
fn diagonalise(diagonal: &mut [f64], beside: &mut [f64], vectors: &mut Square) -> bool {
    let (mut start, mut end) = (0, diagonal.len() - 1);
    let mut steps = 0;
    while end > 0 {
        for i in start..end {
            let scaled = beside[i] / f64::EPSILON;
            let is_small = scaled * scaled <= diagonal[i].abs() + diagonal[i + 1].abs();
            if beside[i].abs() < f64::MIN_POSITIVE || is_small {
                beside[i] = 0.0;
            }
        }
        while end > 0 && beside[end - 1] == 0.0 {
            end -= 1;
        }
        if end == 0 {
            break;
        }
        steps += 1;
        if steps > MOST_STEPS * diagonal.len() {
            return false;
        }
        start = end - 1;
        while start > 0 && beside[start - 1] != 0.0 {
            start -= 1;
        }
        step(start, end, diagonal, beside, vectors);
    }
    true
}

/// The eigenvalue of the last two rows that lies nearer to the last one.
fn shift(before: f64, last: f64, beside: f64) -> f64 {
    let half = (before - last) * 0.5;
    if half == 0.0 {
        return last - beside.abs();
    }
    if beside == 0.0 {
        return last;
    }
    let (long, short) = (half.abs().max(beside.abs()), half.abs().min(beside.abs()));
    let ratio = short / long;
    let length = long * (1.0 + ratio * ratio).sqrt();
    let (square, far) = (beside * beside, half + if half > 0.0 { length } else { -length });
    last - if square == 0.0 { beside / (far / beside) } else { square / far }
}

/// The cosine and sine of the rotation that leaves nothing of the second entry.
fn rotation(first: f64, second: f64) -> (f64, f64) {
    let signed = |root: f64, by: f64| if by < 0.0 { -root } else { root };
    if second == 0.0 {
        (signed(1.0, first), 0.0)
    } else if first == 0.0 {
        (0.0, signed(-1.0, second))
    } else if first.abs() > second.abs() {
        let ratio = second / first;
        let cosine = 1.0 / signed((1.0 + ratio * ratio).sqrt(), first);
        (cosine, -ratio * cosine)
    } else {
        let ratio = first / second;
        let sine = -1.0 / signed((1.0 + ratio * ratio).sqrt(), second);
        (-ratio * sine, sine)
    }
}

/// One step: a bulge chased from the first to the last row of a part.
fn step(start: usize, end: usize, diagonal: &mut [f64], beside: &mut [f64], vectors: &mut Square) {
    let mut x = diagonal[start] - shift(diagonal[end - 1], diagonal[end], beside[end - 1]);
    let mut z = beside[start];
    for k in start..end {
        if z == 0.0 {
            break;
        }
        let (c, s) = rotation(x, z);
        let turned = s * diagonal[k] + c * beside[k];
        let next = s * beside[k] + c * diagonal[k + 1];
        diagonal[k] = c * (c * diagonal[k] - s * beside[k]) - s * (c * beside[k] - s * diagonal[k + 1]);
        diagonal[k + 1] = s * turned + c * next;
        beside[k] = c * turned - s * next;
        if k > start {
            beside[k - 1] = c * beside[k - 1] - s * z;
        }
        x = beside[k];
        if k + 1 < end {
            z = -s * beside[k + 1];
            beside[k + 1] *= c;
        }
        let (first, second) = vectors.columns(k, k + 1);
        for (a, b) in first.iter_mut().zip(second) {
            (*a, *b) = (c * *a - s * *b, c * *b + s * *a);
        }
    }
}

/// The least eigenvalue first, its vector with it.
fn sort(values: &mut [f64], vectors: &mut Square) {
    for i in 0..values.len() {
        let least = (i..values.len()).fold(i, |least, k| if values[k] < values[least] { k } else { least });
        if least > i {
            values.swap(i, least);
            let (first, second) = vectors.columns(i, least);
            first.swap_with_slice(second);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `A · |A|⁻¹ · b` has the signs of `A` on the eigenvectors: applied twice it is `b`.
    #[test]
    fn signs_are_dropped_and_nothing_else() {
        for size in 1..30_usize {
            let mut matrix = Square::zeros(size);
            for i in 0..size {
                for j in 0..=i {
                    let value = ((i * 7 + j * 13) % 11) as f64 - 5.0;
                    matrix.add(i, j, if i == j { value * 3.0 + 0.5 } else { value });
                    matrix.add(j, i, if i == j { 0.0 } else { value });
                }
            }
            let right: Vec<f64> = (0..size).map(|i| i as f64 - 3.3).collect();
            let signs = |right: &[f64]| matrix.times(&solve_absolute(matrix.clone(), right).unwrap());
            for (twice, once) in signs(&signs(&right)).iter().zip(&right) {
                assert!((twice - once).abs() < 1e-9 * size as f64, "{size}: {twice} is not {once}");
            }
        }
    }
}
