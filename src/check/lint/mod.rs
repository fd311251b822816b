//! What is allowed and will probably surprise: looks at the typed program once names and types are known.
//!
//! A lint is a function from [`Facts`] to findings, one file for each family. Lints look at what was
//! understood, so none of them speaks of a file that has errors in its names or types: there the
//! errors come first.

mod load;
mod sql;

use std::collections::HashMap;

use super::Checker;
use super::program::Program;
use super::surroundings::Surroundings;
use crate::diagnostic::Diagnostic;
use crate::query::sql::Meaning;
use crate::source::Span;

/// What lints look at.
pub(super) struct Facts<'a> {
    /// What they mean.
    pub(super) program: &'a Program,
    /// The connections they will run with.
    pub(super) surroundings: &'a Surroundings,
    /// What the SQL literals mean, by their places.
    pub(super) meanings: &'a HashMap<Span, Meaning>,
}

/// A lint adds what it finds.
type Lint = fn(&Facts<'_>, &mut Vec<Diagnostic>);

/// Every lint.
const LINTS: &[Lint] = &[load::parallel_above_pool, sql::order_of_rows, sql::all_rows_in_a_loop];

impl Checker<'_> {
    /// Runs every lint.
    pub(super) fn lints(&mut self) {
        let facts = Facts { program: &self.program, surroundings: self.surroundings, meanings: &self.meanings };
        let mut findings = Vec::new();
        for lint in LINTS {
            lint(&facts, &mut findings);
        }
        self.diagnostics.extend(findings);
    }
}
