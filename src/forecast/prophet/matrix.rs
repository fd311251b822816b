//! The design matrix in blocks of rows, and the two products with it in the order in which Eigen computes them.

use super::super::Mode;
use super::problem::Problem;

/// Rows in a block: all its columns fit in the nearest cache.
pub(super) const ROWS: usize = 64;

/// Rows whose sums are held in registers.
const AT_ONCE: usize = 16;

/// Columns whose sums are held in registers.
const TOGETHER: usize = 8;

/// A block of one column, or of a vector.
pub(super) type Block = [f64; ROWS];

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
        let data =
            (0..count).flat_map(|block| cut.iter().filter_map(move |column| column.get(block).copied())).collect();
        let odd = problem.t.len() % 2 == 1;
        let last = odd.then(|| columns.iter().filter_map(|column| column.last().copied()).collect());
        let groups = groups(&places, group_size(problem.columns.len(), problem.t.len()));
        Self { data, last, places, groups }
    }

    /// Whether there are no columns.
    pub(super) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The columns, block by block.
    pub(super) fn row_blocks(&self) -> impl Iterator<Item = &[Block]> {
        self.data.chunks_exact(self.places.len().max(1))
    }

    /// The coefficients of these columns.
    pub(super) fn pick(&self, beta: &[f64], own: &mut Vec<f64>) {
        own.clear();
        own.extend(self.places.iter().filter_map(|place| beta.get(*place).copied()));
    }

    /// The product of a block of rows with the coefficients: column after column.
    pub(super) fn times(&self, columns: &[Block], own: &[f64]) -> Block {
        if self.groups.len() <= 1 {
            return add_up(columns, own);
        }
        let (mut columns, mut own) = (columns, own);
        let mut total = [0.0; ROWS];
        for group in &self.groups {
            let (Some((now, later)), Some((these, others))) =
                (columns.split_at_checked(*group), own.split_at_checked(*group))
            else {
                break;
            };
            for (total, sum) in total.iter_mut().zip(add_up(now, these)) {
                *total += sum;
            }
            (columns, own) = (later, others);
        }
        total
    }

    /// Adds the sums of `gathered` (see [`gather`]) to the derivatives of these columns, with what the odd last row brings.
    pub(super) fn scatter(&self, gathered: &[[f64; 2]], last_weight: f64, beta: &mut [f64]) {
        let last = self.last.iter().flatten().copied().map(|value| value * last_weight);
        let odd = self.last.is_some();
        let mut last = last;
        for (place, [even_rows, odd_rows]) in self.places.iter().zip(gathered) {
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

fn add_up(columns: &[Block], own: &[f64]) -> Block {
    let mut sums = [0.0; ROWS];
    let (parts, _) = sums.as_chunks_mut::<AT_ONCE>();
    for (place, part) in parts.iter_mut().enumerate() {
        let mut held = [0.0; AT_ONCE];
        for (column, coefficient) in columns.iter().zip(own) {
            let Some(values) = column.as_chunks::<AT_ONCE>().0.get(place) else { continue };
            for (sum, value) in held.iter_mut().zip(values) {
                *sum += value * coefficient;
            }
        }
        *part = held;
    }
    sums
}

/// Adds a block's part of the transposed product: for each column the sums over its even and over its odd rows.
pub(super) fn gather(columns: &[Block], weights: &Block, sums: &mut [[f64; 2]]) {
    let (weights, _) = weights.as_chunks::<2>();
    let (many, few) = columns.as_chunks::<TOGETHER>();
    let (sums, rest) = sums.as_chunks_mut::<TOGETHER>();
    for (columns, sums) in many.iter().zip(sums) {
        gather_together(columns.each_ref(), weights, sums);
    }
    // What is missing to a whole group is taken twice, and not kept.
    if let (Some(last), false) = (few.first(), rest.is_empty()) {
        let mut group = [last; TOGETHER];
        group.iter_mut().zip(few).for_each(|(slot, column)| *slot = column);
        let mut held = [[0.0; 2]; TOGETHER];
        held.iter_mut().zip(&*rest).for_each(|(slot, sum)| *slot = *sum);
        gather_together(group, weights, &mut held);
        rest.iter_mut().zip(held).for_each(|(slot, sum)| *slot = sum);
    }
}

fn gather_together(columns: [&Block; TOGETHER], weights: &[[f64; 2]], sums: &mut [[f64; 2]; TOGETHER]) {
    let [c0, c1, c2, c3, c4, c5, c6, c7] = columns.map(|column| column.as_chunks::<2>().0);
    let low = c0.iter().zip(c1).zip(c2.iter().zip(c3));
    let high = c4.iter().zip(c5).zip(c6.iter().zip(c7));
    let mut held = *sums;
    for ((weight, ((a, b), (c, d))), ((e, f), (g, h))) in weights.iter().zip(low).zip(high) {
        for (sum, pair) in held.iter_mut().zip([a, b, c, d, e, f, g, h]) {
            let ([even, odd], [x, y], [u, v]) = (sum, pair, weight);
            *even += x * u;
            *odd += y * v;
        }
    }
    *sums = held;
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
