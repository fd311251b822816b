//! Which rows of a column are `none`.

/// A set of rows, one bit each; takes no memory while it is empty.
#[derive(Debug, Clone, Default)]
pub(super) struct Nulls(Vec<u64>);

impl Nulls {
    /// The first so many rows.
    pub(super) fn first(count: usize) -> Self {
        let mut nulls = Self::default();
        (0..count).for_each(|at| nulls.add(at));
        nulls
    }

    /// Adds a row.
    pub(super) fn add(&mut self, at: usize) {
        let word = at / 64;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        if let Some(bits) = self.0.get_mut(word) {
            *bits |= 1 << (at % 64);
        }
    }

    /// Whether the row is in the set.
    pub(super) fn has(&self, at: usize) -> bool {
        self.0.get(at / 64).is_some_and(|bits| bits & (1 << (at % 64)) != 0)
    }

    /// Whether no row is.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many bytes they take.
    pub(super) fn bytes(&self) -> usize {
        self.0.capacity() * 8
    }
}
