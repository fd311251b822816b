//! The trend's columns: each is 0 before its changepoint and 1 from it on.

use super::matrix::group_size;

/// Columns summed at once, so that additions need not wait for each other.
const AT_ONCE: usize = 4;

type Pair = [f64; 2];
type Sums = [Pair; AT_ONCE];

/// Sums under way: some columns' of both vectors.
pub(super) type State = Vec<(Sums, Sums)>;

/// The changepoints' columns.
#[derive(Debug, Clone)]
pub(super) struct Steps {
    rows: usize,
    /// For each column its first row that is 1, ascending.
    starts: Vec<usize>,
    /// Runs of pairs of rows with the same columns: from where, how many pairs, how many columns.
    runs: Vec<Run>,
}

#[derive(Debug, Clone, Copy)]
struct Run {
    pairs: usize,
    columns: usize,
}

impl Steps {
    pub(super) fn new(starts: &[usize], rows: usize) -> Self {
        let starts = starts.to_vec();
        let pairs = rows / 2;
        let mut runs = Vec::new();
        let mut from = 0;
        for columns in 0..=starts.len() {
            let to = starts.get(columns).map_or(pairs, |start| start.div_ceil(2).min(pairs));
            runs.push(Run { pairs: to.saturating_sub(from), columns });
            from = to.max(from);
        }
        Self { rows, starts, runs }
    }

    /// For each number of changepoints behind it, how many rows follow: the first has none behind.
    pub(super) fn stretches(&self) -> impl Iterator<Item = usize> {
        let ends = self.starts.iter().copied().chain([self.rows]);
        let mut from = 0;
        ends.map(move |end| {
            let rows = end.min(self.rows) - from;
            from += rows;
            rows
        })
    }

    /// What the columns times `factors` are on each stretch of rows, in the order in which Eigen sums columns.
    pub(super) fn levels(&self, factors: impl Iterator<Item = f64>) -> impl Iterator<Item = f64> {
        let size = group_size(self.starts.len(), self.rows);
        let (mut done, mut group) = (0.0, 0.0);
        let levels = factors.enumerate().map(move |(place, factor)| {
            if place > 0 && place % size == 0 {
                done += group;
                group = 0.0;
            }
            group += factor;
            done + group
        });
        [0.0].into_iter().chain(levels)
    }

    /// For each column the sums of `a` and of `b` over its rows: the transposed product, both at once.
    pub(super) fn sums(&self, a: &[f64], b: &[f64], state: &mut State, out: &mut Vec<Pair>) {
        if self.starts.len() == 1 {
            self.one(a, b, out);
            return;
        }
        let blank = ([[0.0; 2]; AT_ONCE], [[0.0; 2]; AT_ONCE]);
        state.clear();
        state.resize(self.starts.len().div_ceil(AT_ONCE), blank);
        let (mut a_pairs, mut b_pairs) = (a.as_chunks::<2>().0, b.as_chunks::<2>().0);
        let mut begun = 0;
        for run in &self.runs {
            self.begin(begun..run.columns, a, b, state);
            begun = run.columns;
            let (Some((a_now, a_later)), Some((b_now, b_later))) =
                (a_pairs.split_at_checked(run.pairs), b_pairs.split_at_checked(run.pairs))
            else {
                break;
            };
            for (a_sums, b_sums) in state.iter_mut().take(run.columns.div_ceil(AT_ONCE)) {
                add(a_now, b_now, a_sums, b_sums);
            }
            (a_pairs, b_pairs) = (a_later, b_later);
        }
        self.close(a, b, state, out);
    }

    /// Columns that begin: what was added to them before is forgotten, and a first row that is odd counts by itself.
    fn begin(&self, columns: std::ops::Range<usize>, a: &[f64], b: &[f64], state: &mut [(Sums, Sums)]) {
        for column in columns {
            let start = self.starts.get(column).copied().unwrap_or(self.rows);
            let first = |values: &[f64]| if start % 2 == 1 { values.get(start).copied().unwrap_or(0.0) } else { 0.0 };
            let Some((a_sums, b_sums)) = state.get_mut(column / AT_ONCE) else { continue };
            for (sums, values) in [(a_sums, a), (b_sums, b)] {
                if let Some(sum) = sums.get_mut(column % AT_ONCE) {
                    *sum = [0.0, first(values)];
                }
            }
        }
    }

    fn close(&self, a: &[f64], b: &[f64], state: &[(Sums, Sums)], out: &mut Vec<Pair>) {
        let odd = self.rows % 2 == 1;
        let sums = state.iter().flat_map(|(a, b)| a.iter().zip(b));
        out.clear();
        out.extend(self.starts.iter().zip(sums).map(|(start, (a_sum, b_sum))| {
            let total = |[even, odd_rows]: Pair, values: &[f64]| {
                let sum = even + odd_rows;
                if odd { sum + values.last().copied().unwrap_or(0.0) } else { sum }
            };
            if *start < self.rows { [total(*a_sum, a), total(*b_sum, b)] } else { [0.0; 2] }
        }));
    }

    /// A single column is summed row by row.
    fn one(&self, a: &[f64], b: &[f64], out: &mut Vec<Pair>) {
        let start = self.starts.first().copied().unwrap_or(self.rows);
        let masked = |values: &[f64]| {
            let rows = values.iter().enumerate();
            rows.map(|(row, value)| if row < start { 0.0 } else { *value }).fold(0.0, |sum, value| sum + value)
        };
        out.clear();
        out.push([masked(a), masked(b)]);
    }
}

fn add(a: &[Pair], b: &[Pair], a_sums: &mut Sums, b_sums: &mut Sums) {
    let (mut u, mut v) = (*a_sums, *b_sums);
    for ([a0, a1], [b0, b1]) in a.iter().zip(b) {
        for (sum_a, sum_b) in u.iter_mut().zip(&mut v) {
            let ([even_a, odd_a], [even_b, odd_b]) = (sum_a, sum_b);
            *even_a += a0;
            *odd_a += a1;
            *even_b += b0;
            *odd_b += b1;
        }
    }
    (*a_sums, *b_sums) = (u, v);
}
