//! What is allowed and will probably surprise: looks at the typed program once names and types are known.
//!
//! A lint is a function from [`Facts`] to findings, one file for each family. Lints look at what was
//! understood, so none of them speaks of a file that has errors in its names or types: there the
//! errors come first.

mod bound;
mod calendars;
mod cast;
mod clock;
mod comparison;
mod constant;
mod cost;
mod deprecated;
mod house;
mod load;
mod metrics;
mod name;
mod range;
mod repeat;
mod sql;
mod swallowed;
mod union;
mod unused;
mod wait;

use std::collections::HashMap;

use super::modules::Modules;
use super::program::{Expr, ExprKind, Program};
use super::surroundings::Surroundings;
use super::{Checker, STACK, walk};
use crate::diagnostic::Diagnostic;
use crate::parallel;
use crate::query::sql::Meaning;
use crate::source::{Source, SourceId, Span};
use crate::value::Value;

/// What lints look at.
pub(super) struct Facts<'a> {
    /// What they mean.
    pub(super) program: &'a Program,
    /// The files as they were read.
    pub(super) modules: &'a Modules,
    /// The connections they will run with.
    pub(super) surroundings: &'a Surroundings,
    sources: HashMap<SourceId, &'a Source>,
    /// Every expression of the program, those inside others included.
    pub(super) expressions: Vec<&'a Expr>,
    /// What the SQL literals mean, by their places.
    pub(super) meanings: &'a HashMap<Span, Meaning>,
}

impl<'a> Facts<'a> {
    /// What stands in the file.
    fn text(&self, span: Span) -> &'a str {
        self.sources.get(&span.source).map_or("", |source| source.slice(span))
    }

    /// What stands in the file, short enough for a message.
    fn short(&self, span: Span) -> String {
        let text = self.text(span);
        let is_short = text.len() <= LONGEST_QUOTE && !text.contains('\n');
        if is_short { format!("`{text}`") } else { "this".to_owned() }
    }
}

/// With so many bytes of text it is worth to look at different things at once.
const LONG: usize = 64 << 10;

/// The longest text that a message repeats.
const LONGEST_QUOTE: usize = 40;

/// A lint adds what it finds.
type Lint = fn(&Facts<'_>, &mut Vec<Diagnostic>);

/// Every lint.
const LINTS: &[Lint] = &[
    bound::unbounded,
    calendars::not_covered,
    cast::lossy_or_repeated,
    clock::impossible_times,
    comparison::always_the_same,
    constant::always_fails,
    cost::query_per_item,
    deprecated::uses,
    house::repeated_literals,
    house::undocumented,
    house::untested,
    load::parallel_above_pool,
    name::style,
    range::off_by_one,
    repeat::in_parallel,
    sql::all_rows_in_a_loop,
    sql::order_of_rows,
    swallowed::decides_writes,
    union::not_covered,
    unused::lost_results,
    metrics::queries,
    metrics::beyond_the_future,
    metrics::unbounded_labels,
    metrics::same_series_twice,
    wait::without_timeout,
];

impl Checker<'_> {
    /// Runs every lint.
    pub(super) fn lints(&mut self) {
        let sources = self.modules.all.iter().map(|module| (module.source.id, &module.source)).collect();
        let mut expressions = Vec::new();
        walk::expressions(&self.program, &mut |expr| expressions.push(expr));
        let facts = Facts {
            program: &self.program,
            modules: self.modules,
            surroundings: self.surroundings,
            sources,
            expressions,
            meanings: &self.meanings,
        };
        let look = |(): &mut (), lint: &Lint| {
            let mut findings = Vec::new();
            lint(&facts, &mut findings);
            findings
        };
        let is_long = self.modules.all.iter().map(|module| module.source.text.len()).sum::<usize>() > LONG;
        let found = if is_long {
            parallel::map(LINTS, STACK, || (), look)
        } else {
            LINTS.iter().map(|lint| look(&mut (), lint)).collect()
        };
        self.warnings.extend(found.into_iter().flatten());
    }
}

/// A value that is written out.
fn literal(expr: &Expr) -> Option<&Value> {
    match &expr.kind {
        ExprKind::Literal(value) => Some(value),
        _ => None,
    }
}

/// A whole number that is written out, with its sign.
fn whole_number(expr: &Expr) -> Option<i64> {
    match &expr.kind {
        ExprKind::Literal(Value::Int(number)) => Some(*number),
        ExprKind::Negate(of) => whole_number(of)?.checked_neg(),
        _ => None,
    }
}

/// The argument that a call of a primitive gives for a parameter.
fn argument<'a>(call: &'a Expr, name: &str) -> Option<&'a Expr> {
    let ExprKind::Primitive(spec, arguments) = &call.kind else { return None };
    let at = spec.params.iter().position(|param| param.name == name)?;
    arguments.get(at)?.as_ref()
}

/// Where the name of a called function stands, without its arguments.
fn callee(facts: &Facts<'_>, call: &Expr) -> Span {
    let end = facts.text(call.span).find('(').unwrap_or(call.span.len() as usize);
    call.span.slice(0, end)
}

#[cfg(test)]
mod tests;
