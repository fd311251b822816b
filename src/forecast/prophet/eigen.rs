//! Symmetric matrices: a system solved with the absolute values of its eigenvalues, by Householder's reflections to a
//! tridiagonal matrix and QL rotations of it. Neither is kept as a matrix: they are applied to the right side, and back.

#![allow(clippy::indexing_slicing, clippy::needless_range_loop)]
// All indices run over the matrix's own size: the loops are bounded by it, and every vector is made with it.

/// The most turns of QL for an eigenvalue.
const MOST_TURNS: usize = 60;

/// A symmetric matrix.
#[derive(Debug, Clone)]
pub(super) struct Symmetric {
    size: usize,
    values: Vec<f64>,
}

impl Symmetric {
    pub(super) fn zeros(size: usize) -> Self {
        Self { size, values: vec![0.0; size * size] }
    }

    fn get(&self, row: usize, column: usize) -> f64 {
        self.values[row * self.size + column]
    }

    /// Sets an entry and its mirror image.
    fn set(&mut self, row: usize, column: usize, value: f64) {
        self.values[row * self.size + column] = value;
        self.values[column * self.size + row] = value;
    }

    /// Adds to an entry and to its mirror image.
    pub(super) fn add(&mut self, row: usize, column: usize, value: f64) {
        self.set(row, column, self.get(row, column) + value);
    }

    fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.size..(row + 1) * self.size]
    }
}

/// A reflection: what it leaves out before it acts, its vector, its factor.
struct Reflection {
    from: usize,
    vector: Vec<f64>,
    factor: f64,
}

impl Reflection {
    fn apply(&self, to: &mut [f64]) {
        let to = &mut to[self.from..];
        let along: f64 = self.vector.iter().zip(&*to).map(|(a, b)| a * b).sum();
        let share = self.factor * along;
        for (to, along) in to.iter_mut().zip(&self.vector) {
            *to -= share * along;
        }
    }
}

/// A rotation of two neighbouring entries.
struct Rotation {
    place: usize,
    cosine: f64,
    sine: f64,
}

/// `|matrix|⁻¹ · right`, where `|matrix|` has the absolute eigenvalues; none if they cannot be computed.
pub(super) fn solve_absolute(matrix: Symmetric, right: &[f64]) -> Option<Vec<f64>> {
    if matrix.values.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let mut vector = right.to_vec();
    let (mut diagonal, mut beside, reflections) = tridiagonal(matrix, &mut vector);
    let rotations = ql(&mut diagonal, &mut beside, &mut vector)?;
    for (value, eigenvalue) in vector.iter_mut().zip(&diagonal) {
        *value /= eigenvalue.abs();
    }
    for Rotation { place, cosine, sine } in rotations.iter().rev() {
        let (a, b) = (vector[*place], vector[place + 1]);
        vector[*place] = cosine * a + sine * b;
        vector[place + 1] = cosine * b - sine * a;
    }
    for reflection in reflections.iter().rev() {
        reflection.apply(&mut vector);
    }
    Some(vector)
}

/// Reflects a matrix until only its diagonal and the entries beside it are left, and the vector with it.
fn tridiagonal(mut matrix: Symmetric, vector: &mut [f64]) -> (Vec<f64>, Vec<f64>, Vec<Reflection>) {
    let size = matrix.size;
    let mut beside = vec![0.0; size];
    let mut reflections = Vec::new();
    for k in 0..size.saturating_sub(2) {
        let mut along: Vec<f64> = matrix.row(k)[k + 1..].to_vec();
        let square: f64 = along.iter().map(|value| value * value).sum();
        let rest: f64 = along.iter().skip(1).map(|value| value * value).sum();
        beside[k] = along[0];
        if rest == 0.0 {
            continue;
        }
        let length = if along[0] > 0.0 { -square.sqrt() } else { square.sqrt() };
        along[0] -= length;
        beside[k] = length;
        let norm: f64 = along.iter().map(|value| value * value).sum();
        let reflection = Reflection { from: k + 1, vector: along, factor: 2.0 / norm };
        reflect(&mut matrix, &reflection);
        reflection.apply(vector);
        reflections.push(reflection);
    }
    if size > 1 {
        beside[size - 2] = matrix.get(size - 2, size - 1);
    }
    ((0..size).map(|i| matrix.get(i, i)).collect(), beside, reflections)
}

/// Reflects what is left of a matrix from both sides.
fn reflect(matrix: &mut Symmetric, reflection: &Reflection) {
    let (from, size) = (reflection.from, matrix.size);
    let vector = &reflection.vector;
    let product = |i: usize| -> f64 { matrix.row(i)[from..].iter().zip(vector).map(|(a, b)| a * b).sum() };
    let mut images: Vec<f64> = (from..size).map(|i| reflection.factor * product(i)).collect();
    let along: f64 = images.iter().zip(vector).map(|(a, b)| a * b).sum();
    let share = 0.5 * reflection.factor * along;
    for (image, value) in images.iter_mut().zip(vector) {
        *image -= share * value;
    }
    for i in from..size {
        let (v, w) = (vector[i - from], images[i - from]);
        let row = &mut matrix.values[i * size + from..(i + 1) * size];
        for ((entry, value), image) in row.iter_mut().zip(vector).zip(&images) {
            *entry -= v * image + w * value;
        }
    }
}

/// QL with implicit shifts: the eigenvalues on the diagonal, the vector rotated along; none if it does not end.
fn ql(diagonal: &mut [f64], beside: &mut [f64], vector: &mut [f64]) -> Option<Vec<Rotation>> {
    let size = diagonal.len();
    let mut rotations = Vec::with_capacity(2 * size * size);
    for low in 0..size {
        for turn in 0.. {
            let split = (low..size - 1).find(|m| {
                let scale = diagonal[*m].abs() + diagonal[m + 1].abs();
                beside[*m].abs() <= f64::EPSILON * scale
            });
            let high = split.unwrap_or(size - 1);
            if high == low {
                break;
            }
            if turn >= MOST_TURNS {
                return None;
            }
            chase(low, high, (&mut *diagonal, &mut *beside), vector, &mut rotations);
        }
    }
    Some(rotations)
}

/// The length of a vector of two; the squares are taken where they can be held, which is many times faster.
fn length_of(a: f64, b: f64) -> f64 {
    let square = a * a + b * b;
    if square.is_normal() && square > 1e-200 { square.sqrt() } else { a.hypot(b) }
}

/// One turn: a bulge chased from the lower end of an unreduced part to its upper end.
fn chase(
    low: usize,
    high: usize,
    (diagonal, beside): (&mut [f64], &mut [f64]),
    vector: &mut [f64],
    rotations: &mut Vec<Rotation>,
) {
    let mut shift = (diagonal[low + 1] - diagonal[low]) / (2.0 * beside[low]);
    let root = length_of(shift, 1.0);
    shift = diagonal[high] - diagonal[low] + beside[low] / (shift + if shift >= 0.0 { root } else { -root });
    let (mut sine, mut cosine, mut moved) = (1.0, 1.0, 0.0);
    for i in (low..high).rev() {
        let (f, b) = (sine * beside[i], cosine * beside[i]);
        let length = length_of(f, shift);
        beside[i + 1] = length;
        if length == 0.0 {
            diagonal[i + 1] -= moved;
            beside[high] = 0.0;
            return;
        }
        (sine, cosine) = (f / length, shift / length);
        shift = diagonal[i + 1] - moved;
        let turned = (diagonal[i] - shift) * sine + 2.0 * cosine * b;
        moved = sine * turned;
        diagonal[i + 1] = shift + moved;
        shift = cosine * turned - b;
        let (u, v) = (vector[i], vector[i + 1]);
        vector[i + 1] = sine * u + cosine * v;
        vector[i] = cosine * u - sine * v;
        rotations.push(Rotation { place: i, cosine, sine });
    }
    diagonal[low] -= moved;
    beside[low] = shift;
    beside[high] = 0.0;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `A · |A|⁻¹ · b` has the signs of `A` on the eigenvectors: applied twice it is `b`.
    #[test]
    fn signs_are_dropped_and_nothing_else() {
        for size in 1..30_usize {
            let mut matrix = Symmetric::zeros(size);
            for i in 0..size {
                for j in 0..=i {
                    let value = ((i * 7 + j * 13) % 11) as f64 - 5.0;
                    matrix.set(i, j, if i == j { value * 3.0 + 0.5 } else { value });
                }
            }
            let right: Vec<f64> = (0..size).map(|i| i as f64 - 3.3).collect();
            let signs = |right: &[f64]| -> Vec<f64> {
                let solved = solve_absolute(matrix.clone(), right).unwrap();
                (0..size).map(|i| matrix.row(i).iter().zip(&solved).map(|(a, b)| a * b).sum()).collect()
            };
            for (twice, once) in signs(&signs(&right)).iter().zip(&right) {
                assert!((twice - once).abs() < 1e-9 * size as f64, "{size}: {twice} is not {once}");
            }
        }
    }
}
