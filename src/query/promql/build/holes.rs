//! Holes, and those in places where none can be.

use std::sync::Arc;

use pest::iterators::Pair;

use super::{Builder, place};
use crate::diagnostic::{Diagnostic, codes};
use crate::query::promql::syntax::Rule;
use crate::query::promql::template::{HolePosition, PromqlHole};

impl Builder<'_> {
    pub(super) fn misplaced(&mut self, (start, end): (usize, usize), what: &str, help: &str) {
        let finding = Diagnostic::new(&codes::VF502, self.span.slice(start, end), format!("a hole cannot be {what}"));
        self.findings.push(finding.help(help));
    }

    /// Says that the hole cannot be a metric's name, as it is in `$name[5m]` and `$name{a="b"}`; its filters, if any,
    /// begin at `filters`.
    pub(super) fn misplaced_name(
        &mut self,
        hole: usize,
        (start, end): (usize, usize),
        filters: Option<&Pair<'_, Rule>>,
    ) {
        self.place_hole(hole, HolePosition::Nowhere);
        self.misplaced((start, end), "a metric's name", "compare the name like a label, inside `{…}`");
        let name = self.text.get(start..end).unwrap_or_default();
        let (to, replacement) = match filters {
            None => (end, format!("{{__name__={name}}}")),
            Some(filters) => {
                let comma = if filters.clone().into_inner().next().is_some() { ", " } else { "" };
                (place(filters).0 + 1, format!("{{__name__={name}{comma}"))
            }
        };
        let span = self.span.slice(start, to);
        if let Some(finding) = self.findings.pop() {
            self.findings.push(finding.fix(format!("write `{replacement}`"), span, replacement));
        }
    }

    pub(super) fn hole(&mut self, pair: &Pair<'_, Rule>, position: HolePosition) -> usize {
        let (start, end) = place(pair);
        let path = pair.as_str().trim_start_matches('$').split('.').map(Arc::from).collect();
        let hole = PromqlHole { path, span: self.span.slice(start + 1, end), position };
        let Some(holes) = &mut self.holes else {
            let finding = self.error((start, end), format!("`{}` has no value here", pair.as_str()));
            self.findings.push(*finding);
            return 0;
        };
        holes.push(hole);
        holes.len() - 1
    }

    /// Whether a finding says of the hole that it stands wrong, as it does where filters follow: `$name{a="b"}[5m]`.
    pub(super) fn is_misplaced(&self, hole: usize) -> bool {
        let hole = self.holes.as_ref().and_then(|holes| holes.get(hole));
        hole.is_some_and(|hole| hole.position == HolePosition::Nowhere)
    }

    pub(super) fn place_hole(&mut self, hole: usize, position: HolePosition) {
        if let Some(hole) = self.holes.as_mut().and_then(|holes| holes.get_mut(hole)) {
            hole.position = position;
        }
    }
}

/// Where a text holds `$name`. `$1` and `${name}` belong to `label_replace`, a `$` at the end to patterns.
pub(super) fn hole_in_text(text: &str) -> Option<(usize, usize)> {
    let mut starts = text.match_indices('$').map(|(at, _)| at);
    let name = |at: usize| {
        let rest = text.get(at + 1..)?;
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        rest.chars().next().filter(|c| c.is_ascii_alphabetic() || *c == '_')?;
        Some((at, at + 1 + rest.find(|c| !is_name(c)).unwrap_or(rest.len())))
    };
    starts.find_map(name)
}
