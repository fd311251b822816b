//! The design matrix in blocks of rows, and the two products with it in the order in which Eigen computes them.

use fearless_simd::Simd;

use super::super::Mode;
use super::lanes::{Block, Pairs, Quad, ROWS, add_up};
use super::problem::Problem;

/// A column cut into blocks, the last filled with zeros.
pub(super) fn blocks(column: &[f64]) -> Vec<Block> {
    let (whole, rest) = column.as_chunks::<ROWS>();
    let mut blocks = whole.to_vec();
    if !rest.is_empty() {
        let mut last = [0.0; ROWS];
        for (slot, value) in last.iter_mut().zip(rest) {
            *slot = *value;
        }
        blocks.push(last);
    }
    blocks
}

/// The columns of one mode. All rows of a block stand together, so that both products need them from the cache once.
#[derive(Debug, Clone)]
pub(super) struct Matrix {
    /// Block by block, in each of them column by column.
    data: Vec<Block>,
    /// The same by pairs of columns, without the last row if the number of rows is odd: what the transposed product reads. It costs as
    /// much memory again, and is faster than to shuffle one form in registers.
    pairs: Vec<Pairs>,
    /// The last row, if the number of rows is odd.
    last: Option<Vec<f64>>,
    /// Where in all columns these are.
    places: Vec<usize>,
    /// How many of these columns each group has that Eigen sums by itself.
    groups: Vec<usize>,
}

impl Matrix {
    /// The columns of a mode.
    pub(super) fn new(problem: &Problem, mode: Mode) -> Self {
        let own = problem.modes.iter().zip(&problem.columns).enumerate().filter(|(_, (own, _))| **own == Some(mode));
        let (places, columns): (Vec<usize>, Vec<&Vec<f64>>) = own.map(|(place, (_, column))| (place, column)).unzip();
        let cut: Vec<Vec<Block>> = columns.iter().map(|column| blocks(column)).collect();
        let count = problem.t.len().div_ceil(ROWS);
        let data: Vec<Block> =
            (0..count).flat_map(|block| cut.iter().filter_map(move |column| column.get(block).copied())).collect();
        let in_pairs = data.chunks(places.len().max(1)).flat_map(|columns| columns.chunks(2));
        let mut pairs: Vec<Pairs> = in_pairs.map(interleaved).collect();
        let odd = problem.t.len() % 2 == 1;
        if odd {
            let before = pairs.len().saturating_sub(places.len().div_ceil(2));
            pairs.iter_mut().skip(before).for_each(|pairs| without_row(pairs, (problem.t.len() - 1) % ROWS));
        }
        let last = odd.then(|| columns.iter().filter_map(|column| column.last().copied()).collect());
        let groups = groups(&places, group_size(problem.columns.len(), problem.t.len()));
        Self { data, pairs, last, places, groups }
    }

    /// Whether there are no columns.
    pub(super) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The columns, block by block: by themselves and in pairs.
    pub(super) fn row_blocks(&self) -> impl Iterator<Item = (&[Block], &[Pairs])> {
        let columns = self.places.len();
        self.data.chunks_exact(columns.max(1)).zip(self.pairs.chunks_exact(columns.div_ceil(2).max(1)))
    }

    /// Sums for [`gather`](super::lanes::gather), nothing in them yet.
    pub(super) fn reset(&self, sums: &mut Vec<Quad>) {
        sums.clear();
        sums.resize(self.places.len().div_ceil(2), [0.0; 4]);
    }

    /// The coefficients of these columns.
    pub(super) fn pick(&self, beta: &[f64], own: &mut Vec<f64>) {
        own.clear();
        own.extend(self.places.iter().filter_map(|place| beta.get(*place).copied()));
    }

    /// The product of a block of rows with the coefficients: column after column.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "as the loops in it")]
    pub(super) fn times<S: Simd>(&self, simd: S, columns: &[Block], own: &[f64], out: &mut Block) {
        if self.groups.len() <= 1 {
            add_up(simd, columns, own, out);
            return;
        }
        let (mut columns, mut own) = (columns, own);
        *out = [0.0; ROWS];
        for group in &self.groups {
            let (Some((now, later)), Some((these, others))) =
                (columns.split_at_checked(*group), own.split_at_checked(*group))
            else {
                break;
            };
            let mut sums = [0.0; ROWS];
            add_up(simd, now, these, &mut sums);
            for (total, sum) in out.iter_mut().zip(sums) {
                *total += sum;
            }
            (columns, own) = (later, others);
        }
    }

    /// Adds the sums of `gathered` (see [`gather`](super::lanes::gather)) to the derivatives of these columns, with what the odd last row brings.
    pub(super) fn scatter(&self, gathered: &[Quad], last_weight: f64, beta: &mut [f64]) {
        let last = self.last.iter().flatten().copied().map(|value| value * last_weight);
        let odd = self.last.is_some();
        let mut last = last;
        for (place, [even_rows, odd_rows]) in self.places.iter().zip(gathered.as_flattened().as_chunks::<2>().0) {
            let mut sum = even_rows + odd_rows;
            if odd {
                sum += last.next().unwrap_or(0.0);
            }
            if let Some(slot) = beta.get_mut(*place) {
                *slot += sum;
            }
        }
    }
}

/// Two columns of a block row by row; zeros where there is but one.
fn interleaved(columns: &[Block]) -> Pairs {
    let mut pairs = [[0.0; 4]; ROWS / 2];
    for (column, half) in columns.iter().zip([0, 2]) {
        for (pair, rows) in pairs.iter_mut().zip(column.as_chunks::<2>().0) {
            for (slot, value) in pair.iter_mut().skip(half).zip(rows) {
                *slot = *value;
            }
        }
    }
    pairs
}

/// Takes out an even row.
fn without_row(pairs: &mut Pairs, row: usize) {
    if let Some([a, _, b, _]) = pairs.get_mut(row / 2) {
        (*a, *b) = (0.0, 0.0);
    }
}

/// How many columns Eigen sums before it adds them to the result.
pub(super) fn group_size(columns: usize, rows: usize) -> usize {
    if columns < 128 {
        columns.max(1)
    } else if rows * size_of::<f64>() < 32_000 {
        16
    } else {
        4
    }
}

/// How many of the columns at these places fall into each group of all.
fn groups(places: &[usize], size: usize) -> Vec<usize> {
    let mut groups = Vec::new();
    let mut of = usize::MAX;
    for place in places {
        if place / size != of {
            of = place / size;
            groups.push(0);
        }
        if let Some(last) = groups.last_mut() {
            *last += 1;
        }
    }
    groups
}
