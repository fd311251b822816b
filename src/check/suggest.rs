//! Near names for misspelt ones.

use std::collections::HashMap;

use crate::diagnostic::{Diagnostic, did_you_mean, nearest};
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
        self.suggest_of(finding, name, candidates, None, span)
    }

    /// Whether one of some names is near, of as many as may still be looked at.
    pub(super) fn has_near<'n>(&mut self, name: &str, names: impl IntoIterator<Item = &'n str>) -> bool {
        let names: Vec<&str> = names.into_iter().take(self.suggestions.left).collect();
        self.suggestions.left -= names.len();
        !nearest(name, names).is_empty()
    }

    /// The same where a value of type `wanted` is expected: a name that does not fit is no fix.
    pub(super) fn suggest_of<'a, C: Into<Candidate<'a>>>(
        &mut self,
        finding: Diagnostic,
        name: &str,
        candidates: impl IntoIterator<Item = C>,
        wanted: Option<&Type>,
        span: Span,
    ) -> Diagnostic {
        let candidates: Vec<Candidate<'a>> =
            candidates.into_iter().take(self.suggestions.left).map(Into::into).collect();
        self.suggestions.left -= candidates.len();
        propose(finding, (name, span), &candidates, wanted)
    }
}

fn propose(
    mut finding: Diagnostic,
    (name, span): (&str, Span),
    candidates: &[Candidate<'_>],
    wanted: Option<&Type>,
) -> Diagnostic {
    let names = || candidates.iter().map(|candidate| candidate.name);
    let near = nearest(name, names());
    // Where names are numbered all of them are equally near.
    let types: HashMap<&str, Option<&Type>> =
        candidates.iter().rev().map(|candidate| (candidate.name, candidate.ty)).collect();
    let ty = |near: &str| types.get(near).copied().flatten();
    let fits = |near: &&&str| ty(near).zip(wanted).is_none_or(|(ty, wanted)| ty.fits(wanted).is_ok());
    let fitting: Vec<&str> = near.iter().filter(fits).copied().collect();
    let ([near], is_fit) = (if fitting.is_empty() { &*near } else { &*fitting }, !fitting.is_empty()) else {
        finding.help = did_you_mean(name, names()).or(finding.help);
        return finding;
    };
    let shown = ty(near).filter(|ty| !ty.is_unknown()).map(|ty| format!(" (`{ty}`)")).unwrap_or_default();
    let shown = if shown.len() > LONGEST_TYPE { String::new() } else { shown };
    let finding = finding.help(format!("did you mean `{near}`{shown}?"));
    if is_fit { finding.respell(name, near, span) } else { finding }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::codes;
    use crate::source::SourceId;

    /// The help, and whether it is a fix.
    fn proposed(name: &str, known: &[(&str, Type)], wanted: Option<&Type>) -> (String, bool) {
        let span = Span::new(SourceId(0), 0, 1);
        let candidates: Vec<_> = known.iter().map(|(name, ty)| Candidate { name, ty: Some(ty) }).collect();
        let finding = propose(Diagnostic::new(&codes::VF101, span, ""), (name, span), &candidates, wanted);
        (finding.help.unwrap_or_default(), finding.fix.is_some())
    }

    #[test]
    fn a_name_of_another_type_is_no_fix() {
        let known = [("end", Type::Date), ("envs", Type::Text), ("values", Type::Float)];
        assert_eq!(proposed("env", &known, Some(&Type::Text)), ("did you mean `envs` (`text`)?".to_owned(), true));
        assert_eq!(
            proposed("valuez", &known, Some(&Type::Int)),
            ("did you mean `values` (`float`)?".to_owned(), false)
        );
        assert_eq!(proposed("env", &known, None), ("did you mean `end` or `envs`?".to_owned(), false));
        assert_eq!(proposed("dn", &[("db", Type::Sql)], None), ("did you mean `db` (`sql`)?".to_owned(), false));
    }
}
