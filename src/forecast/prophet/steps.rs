//! The trend's columns: each is 0 before its changepoint and 1 from it on.

use fearless_simd::Simd;

use super::lanes::{Quad, add};
use super::matrix::group_size;

/// Columns summed at once, so that additions need not wait for each other.
const AT_ONCE: usize = 8;

type Pair = [f64; 2];

/// The changepoints' columns.
#[derive(Debug, Clone)]
pub(super) struct Steps {
    rows: usize,
    /// For each column its first row that is 1, ascending.
    starts: Vec<usize>,
}

impl Steps {
    pub(super) fn new(starts: &[usize], rows: usize) -> Self {
        Self { rows, starts: starts.to_vec() }
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

    /// For each column the sums of two vectors over its rows, which is the transposed product: of the pairs of rows, and of an odd
    /// last row.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "as the loops in it")]
    pub(super) fn sums<S: Simd>(&self, simd: S, pairs: &[Quad], last: Option<Pair>, out: &mut Vec<Pair>) {
        out.clear();
        if let [start] = *self.starts {
            out.push(one(start, pairs, last));
            return;
        }
        let size = self.starts.len().div_ceil(self.starts.len().div_ceil(AT_ONCE).max(1)).max(1);
        for starts in self.starts.chunks(size) {
            match starts.len() {
                1 => self.few::<1, S>(simd, starts, (pairs, last), out),
                2 => self.few::<2, S>(simd, starts, (pairs, last), out),
                3 => self.few::<3, S>(simd, starts, (pairs, last), out),
                4 => self.few::<4, S>(simd, starts, (pairs, last), out),
                5 => self.few::<5, S>(simd, starts, (pairs, last), out),
                6 => self.few::<6, S>(simd, starts, (pairs, last), out),
                7 => self.few::<7, S>(simd, starts, (pairs, last), out),
                _ => self.few::<AT_ONCE, S>(simd, starts, (pairs, last), out),
            }
        }
    }

    /// The sums of a few columns. All run along from the first one's start; what was added before a column begins is forgotten.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "as the loops in it")]
    fn few<const N: usize, S: Simd>(
        &self,
        simd: S,
        starts: &[usize],
        (pairs, last): (&[Quad], Option<Pair>),
        out: &mut Vec<Pair>,
    ) {
        let mut sums = [[0.0; 4]; N];
        for (place, start) in starts.iter().enumerate() {
            if let Some(sum) = sums.get_mut(place) {
                *sum = begun(*start, pairs);
            }
            let end = starts.get(place + 1).map_or(pairs.len(), |next| next.div_ceil(2));
            add(simd, pairs.get(start.div_ceil(2)..end).unwrap_or_default(), &mut sums);
        }
        let last = |sum: f64, place: usize| last.map_or(sum, |last| sum + last.get(place).copied().unwrap_or(0.0));
        out.extend(starts.iter().zip(sums).map(|(start, [a_even, a_odd, b_even, b_odd])| {
            if *start < self.rows { [last(a_even + a_odd, 0), last(b_even + b_odd, 1)] } else { [0.0; 2] }
        }));
    }
}

/// The sums of a column that begins: a first row that is odd counts by itself.
fn begun(start: usize, pairs: &[Quad]) -> Quad {
    match pairs.get(start / 2) {
        Some([_, a, _, b]) if start % 2 == 1 => [0.0, *a, 0.0, *b],
        _ => [0.0; 4],
    }
}

/// A single column is summed row by row.
fn one(start: usize, pairs: &[Quad], last: Option<Pair>) -> Pair {
    let [_, mut a, _, mut b] = begun(start, pairs);
    for [even_a, odd_a, even_b, odd_b] in pairs.iter().skip(start.div_ceil(2)) {
        (a, b) = ((a + even_a) + odd_a, (b + even_b) + odd_b);
    }
    let [last_a, last_b] = last.filter(|_| start <= 2 * pairs.len()).unwrap_or_default();
    [a + last_a, b + last_b]
}
