//! What documentation says of things that others should stop using.

use serde::Serialize;

use crate::diagnostic::{Diagnostic, codes};
use crate::source::Span;

/// The word that a line of documentation begins with.
const WORD: &str = "deprecated:";

/// What an author says of a thing that should not be used any more: `deprecated: use rate_of instead, it knows the zone`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Deprecation {
    /// What to use instead: a name, or a module's and a name; absent where none is said.
    pub replacement: Option<String>,
    /// All that is said, on one line and without a full stop; may be empty.
    pub said: String,
}

impl Deprecation {
    /// What a documentation says; `None` where no line of it begins with `deprecated:`.
    pub fn of(doc: &str) -> Option<Self> {
        let (_, said, _) = parted(doc)?;
        let said = said.trim_end_matches(['.', ' ']);
        Some(match replacement(said) {
            Some((name, rest)) => {
                Self { replacement: Some(name.to_owned()), said: format!("use `{name}` instead{rest}") }
            }
            None => Self { replacement: None, said: said.to_owned() },
        })
    }

    /// What else a documentation says.
    pub fn rest(doc: &str) -> String {
        let Some((before, _, behind)) = parted(doc) else { return doc.to_owned() };
        let parts = [before.trim_end(), behind.trim_start_matches('\n')];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n")
    }

    /// `Deprecated: use rate_of instead.`, for documentation.
    pub fn sentence(&self) -> String {
        if self.said.is_empty() { "Deprecated.".to_owned() } else { format!("Deprecated: {}.", self.said) }
    }

    /// A finding about a use of `what` at `span`.
    pub(crate) fn finding(&self, what: &str, span: Span) -> Diagnostic {
        let message = format!("{what} is deprecated");
        match &self.replacement {
            Some(_) => Diagnostic::new(&codes::VF905, span, message).help(&*self.said),
            None => {
                let why = if self.said.is_empty() { message } else { format!("{message}: {}", self.said) };
                Diagnostic::new(&codes::VF905, span, why).help("do without it; it will be gone some day")
            }
        }
    }
}

/// What stands before the line, what it says with the lines that go on with it, and what follows the next empty line.
fn parted(doc: &str) -> Option<(&str, String, &str)> {
    let mut at = 0;
    let line = doc.split_inclusive('\n').find(|line| {
        let is_it = begins(line);
        at += if is_it { 0 } else { line.len() };
        is_it
    })?;
    let (before, from) = doc.split_at_checked(at)?;
    let end = from.find("\n\n").unwrap_or(from.len());
    let (said, behind) = from.split_at_checked(end)?;
    let said = said.get(line.len() - line.trim_start().len() + WORD.len()..)?;
    Some((before, said.split_whitespace().collect::<Vec<_>>().join(" "), behind))
}

fn begins(line: &str) -> bool {
    line.trim_start().get(..WORD.len()).is_some_and(|word| word.eq_ignore_ascii_case(WORD))
}

/// The name of `use name instead`, and what follows.
fn replacement(said: &str) -> Option<(&str, &str)> {
    let (name, rest) = said.strip_prefix("use ")?.split_once(" instead")?;
    let name = name.strip_prefix('`').and_then(|name| name.strip_suffix('`')).unwrap_or(name);
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'));
    let is_end = !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    (is_name && is_end).then_some((name, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(doc: &str) -> Option<(Option<String>, String)> {
        Deprecation::of(doc).map(|found| (found.replacement, found.said))
    }

    #[test]
    fn a_line_says_what_to_use_and_why() {
        let said = |name: Option<&str>, reason: &str| Some((name.map(str::to_owned), reason.to_owned()));
        assert_eq!(read("deprecated: use rate_of instead"), said(Some("rate_of"), "use `rate_of` instead"));
        assert_eq!(
            read("Old.\nDeprecated: use `a.b` instead, it is\nfaster.\n\nMore."),
            said(Some("a.b"), "use `a.b` instead, it is faster")
        );
        assert_eq!(read("  deprecated: nobody needs it"), said(None, "nobody needs it"));
        assert_eq!(read("deprecated: use the other one instead"), said(None, "use the other one instead"));
        assert_eq!(read("deprecated: use x insteadly"), said(None, "use x insteadly"));
        assert_eq!(read("deprecated:"), said(None, ""));
        assert_eq!(read("A deprecated: thing"), None);
        assert_eq!(read("deprecated"), None);
        assert_eq!(read("dépré\nü"), None);
    }

    #[test]
    fn the_rest_stays_as_it_is() {
        assert_eq!(Deprecation::rest("One.\n\nTwo."), "One.\n\nTwo.");
        assert_eq!(Deprecation::rest("One.\ndeprecated: use x instead\nsince then\n\nTwo."), "One.\n\nTwo.");
        assert_eq!(Deprecation::rest("deprecated: no"), "");
    }
}
