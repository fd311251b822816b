//! The inner loops over rows, in registers of four numbers. Each number is added to what Eigen's registers of two would add it to,
//! and nothing is fused, so that the last bits are the reference's whatever registers a machine has.

#![allow(clippy::inline_always, reason = "only what is inlined is compiled for the registers at hand")]

use fearless_simd::{Simd, f64x2, f64x4, prelude::*};

/// Rows in a block: all its columns fit in the nearest cache.
pub(super) const ROWS: usize = 32;
/// Registers of sums that are held at once.
const HELD: usize = 8;

/// A block of one column, or of a vector.
pub(super) type Block = [f64; ROWS];
/// What fits in a register.
pub(super) type Quad = [f64; 4];
/// A block of two columns or vectors, row by row: two rows of the one, then the same of the other.
pub(super) type Pairs = [Quad; ROWS / 2];

#[inline(always)]
pub(super) fn load<S: Simd>(simd: S, values: &Quad) -> f64x4<S> {
    f64x4::simd_from(simd, *values)
}

/// A block of columns times their coefficients: column after column.
#[inline(always)]
pub(super) fn add_up<S: Simd>(simd: S, columns: &[Block], coefficients: &[f64], out: &mut Block) {
    for (place, part) in out.as_chunks_mut::<{ 4 * HELD }>().0.iter_mut().enumerate() {
        let mut held = [f64x4::splat(simd, 0.0); HELD];
        for (column, coefficient) in columns.iter().zip(coefficients) {
            let Some(values) = column.as_chunks::<{ 4 * HELD }>().0.get(place) else { continue };
            let coefficient = f64x4::splat(simd, *coefficient);
            for (sum, values) in held.iter_mut().zip(values.as_chunks::<4>().0) {
                *sum += load(simd, values) * coefficient;
            }
        }
        for (out, sum) in part.as_chunks_mut::<4>().0.iter_mut().zip(held) {
            *out = sum.into();
        }
    }
}

/// Residuals, divided by the noise; adds the squares of as many registers of them as are asked for.
#[inline(always)]
pub(super) fn residuals<S: Simd>(
    simd: S,
    [y, added, scaled]: [&Block; 3],
    inverse_sigma: f64,
    out: &mut Block,
    (squares, count): (&mut Quad, usize),
) {
    let inverse = f64x4::splat(simd, inverse_sigma);
    let mut sums = load(simd, squares);
    let given = y.as_chunks::<4>().0.iter().zip(added.as_chunks::<4>().0).zip(scaled.as_chunks::<4>().0);
    for (place, (((y, added), scaled), out)) in given.zip(out.as_chunks_mut::<4>().0).enumerate() {
        let residual = ((load(simd, y) - load(simd, added)) - load(simd, scaled)) * inverse;
        *out = residual.into();
        if place < count {
            sums += residual * residual;
        }
    }
    *squares = sums.into();
}

/// The products of two blocks.
#[inline(always)]
pub(super) fn multiply<S: Simd>(simd: S, a: &Block, b: &Block, out: &mut Block) {
    let given = a.as_chunks::<4>().0.iter().zip(b.as_chunks::<4>().0);
    for ((a, b), out) in given.zip(out.as_chunks_mut::<4>().0) {
        *out = (load(simd, a) * load(simd, b)).into();
    }
}

/// A block times a number.
#[inline(always)]
pub(super) fn scale<S: Simd>(simd: S, a: &Block, by: f64, out: &mut Block) {
    let by = f64x4::splat(simd, by);
    for (a, out) in a.as_chunks::<4>().0.iter().zip(out.as_chunks_mut::<4>().0) {
        *out = (load(simd, a) * by).into();
    }
}

/// Weights times their times, beside the weights themselves.
#[inline(always)]
pub(super) fn weigh<S: Simd>(simd: S, t: &Block, weights: &Block, out: &mut Pairs) {
    let given = t.as_chunks::<4>().0.iter().zip(weights.as_chunks::<4>().0);
    for ((t, weights), out) in given.zip(out.as_chunks_mut::<2>().0) {
        let weights = load(simd, weights);
        let [a0, a1, a2, a3] = (load(simd, t) * weights).into();
        let [b0, b1, b2, b3] = weights.into();
        *out = [[a0, a1, b0, b1], [a2, a3, b2, b3]];
    }
}

/// Two sums that run over all rows one after another: each addition waits for the one before, so they are made beside others.
pub(super) struct Running<'a> {
    /// What is added to each of them.
    pub(super) of: &'a Pairs,
    pub(super) sums: &'a mut [f64; 2],
}

/// Adds a block's part of the transposed product: for each column the sums over its even and over its odd rows.
#[inline(always)]
pub(super) fn gather<S: Simd>(
    simd: S,
    columns: &[Pairs],
    weights: &Block,
    sums: &mut [Quad],
    running: Option<Running<'_>>,
) {
    let (mut none, blank) = ([0.0; 2], []);
    let (of, ends) = running.map_or((&blank[..], &mut none), |Running { of, sums }| (&of[..], sums));
    let mut rows = of.iter();
    let [mut first, mut second] = *ends;
    let mut run = |rows: &mut std::slice::Iter<'_, Quad>| {
        if let Some([a0, a1, b0, b1]) = rows.next() {
            first = (first + a0) + a1;
            second = (second + b0) + b1;
        }
    };
    let size = columns.len().div_ceil(columns.len().div_ceil(HELD).max(1)).max(1);
    for (columns, sums) in columns.chunks(size).zip(sums.chunks_mut(size)) {
        let mut beside = || run(&mut rows);
        match columns.len() {
            1 => gather_few::<1, S>(simd, columns, weights, sums, &mut beside),
            2 => gather_few::<2, S>(simd, columns, weights, sums, &mut beside),
            3 => gather_few::<3, S>(simd, columns, weights, sums, &mut beside),
            4 => gather_few::<4, S>(simd, columns, weights, sums, &mut beside),
            5 => gather_few::<5, S>(simd, columns, weights, sums, &mut beside),
            6 => gather_few::<6, S>(simd, columns, weights, sums, &mut beside),
            7 => gather_few::<7, S>(simd, columns, weights, sums, &mut beside),
            _ => gather_few::<HELD, S>(simd, columns, weights, sums, &mut beside),
        }
    }
    while !rows.as_slice().is_empty() {
        run(&mut rows);
    }
    *ends = [first, second];
}

#[inline(always)]
fn gather_few<const N: usize, S: Simd>(
    simd: S,
    columns: &[Pairs],
    weights: &Block,
    sums: &mut [Quad],
    beside: &mut impl FnMut(),
) {
    let (Some(columns), Some(sums)) = (columns.first_chunk::<N>(), sums.first_chunk_mut::<N>()) else { return };
    let mut held = take(simd, sums);
    for (place, pair) in weights.as_chunks::<2>().0.iter().enumerate() {
        let weights = f64x4::block_splat(f64x2::simd_from(simd, *pair));
        for (sum, column) in held.iter_mut().zip(columns) {
            let Some(values) = column.get(place) else { continue };
            *sum += load(simd, values) * weights;
        }
        if place % 2 == 0 {
            beside();
        }
    }
    give(held, sums);
}

/// Adds rows to several sums.
#[inline(always)]
pub(super) fn add<const N: usize, S: Simd>(simd: S, rows: &[Quad], sums: &mut [Quad; N]) {
    let mut held = take(simd, sums);
    for row in rows {
        let row = load(simd, row);
        for sum in &mut held {
            *sum += row;
        }
    }
    give(held, sums);
}

#[inline(always)]
fn take<const N: usize, S: Simd>(simd: S, sums: &[Quad; N]) -> [f64x4<S>; N] {
    let mut held = [f64x4::splat(simd, 0.0); N];
    for (held, sum) in held.iter_mut().zip(sums) {
        *held = load(simd, sum);
    }
    held
}

#[inline(always)]
fn give<const N: usize, S: Simd>(held: [f64x4<S>; N], sums: &mut [Quad; N]) {
    for (sum, held) in sums.iter_mut().zip(held) {
        *sum = held.into();
    }
}
