//! Near names for misspelt ones.

use crate::diagnostic::{Diagnostic, closest, did_you_mean};
use crate::source::Span;
use crate::value::Type;

use super::Checker;

/// How many names are compared in one file. Each comparison is cheap, but a file in which every line
/// is misspelt would compare every name with every other; after this many, findings come without a
/// proposal.
const MOST_COMPARED: usize = 50_000;

/// What is left of the comparisons.
#[derive(Debug, Clone)]
pub(super) struct Suggestions {
    left: usize,
}

impl Default for Suggestions {
    fn default() -> Self {
        Self { left: MOST_COMPARED }
    }
}

/// A name that could have been meant.
pub(super) struct Candidate<'a> {
    pub(super) name: &'a str,
    /// Its type, where it is known.
    pub(super) ty: Option<&'a Type>,
}

impl<'a> From<&'a str> for Candidate<'a> {
    fn from(name: &'a str) -> Self {
        Self { name, ty: None }
    }
}

/// A type longer than this says more than the name it stands beside.
const LONGEST_TYPE: usize = 40;

impl Checker<'_> {
    /// Adds a near name as help and fix, or all of the names when they are few.
    pub(super) fn suggest<'a, C: Into<Candidate<'a>>>(
        &mut self,
        finding: Diagnostic,
        name: &str,
        candidates: impl IntoIterator<Item = C>,
        span: Span,
    ) -> Diagnostic {
        let candidates: Vec<Candidate<'a>> =
            candidates.into_iter().take(self.suggestions.left).map(Into::into).collect();
        self.suggestions.left -= candidates.len();
        propose(finding, name, &candidates, span)
    }
}

fn propose(mut finding: Diagnostic, name: &str, candidates: &[Candidate<'_>], span: Span) -> Diagnostic {
    let names = || candidates.iter().map(|candidate| candidate.name);
    let Some(near) = closest(name, names()) else {
        finding.help = did_you_mean(name, names()).or(finding.help);
        return finding;
    };
    let ty = candidates.iter().find(|candidate| candidate.name == near).and_then(|candidate| candidate.ty);
    let shown = ty.filter(|ty| !ty.is_unknown()).map(|ty| format!(" (`{ty}`)")).unwrap_or_default();
    let shown = if shown.len() > LONGEST_TYPE { String::new() } else { shown };
    finding.help(format!("did you mean `{near}`{shown}?")).fix(format!("write `{near}`"), span, near)
}
