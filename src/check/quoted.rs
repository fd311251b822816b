//! Parameters in quotes: `':job'` inside a query is a text of four letters, not the value of `job`.

use std::ops::Range;

use super::Checker;
use super::scope::Scope;
use crate::diagnostic::{Diagnostic, codes};
use crate::syntax::ast::{Tag, Tagged};

impl Checker<'_> {
    /// Reports the `texts` of a query that are nothing but the placeholder of a name in scope.
    pub(super) fn quoted_parameters(&mut self, scope: &Scope, tagged: &Tagged, texts: Vec<Range<usize>>) {
        let (code, mark) = match tagged.tag {
            Tag::Sql => (&codes::VF403, ':'),
            _ => (&codes::VF502, '$'),
        };
        for place in texts {
            let written = tagged.text.get(place.clone()).unwrap_or_default();
            let before = tagged.text.get(..place.start).unwrap_or_default();
            let Some(name) = placeholder(written, tagged.tag, is_compared(before)) else { continue };
            if scope.bound_at(name).is_none() {
                continue;
            }
            let wanted = format!("{mark}{name}");
            let span = tagged.text_span.slice(place.start, place.end);
            let message = format!("`{written}` is a text as it stands, not the value of `{name}`");
            let finding = Diagnostic::new(code, span, message).help(format!("write `{wanted}`, without quotes"));
            self.report(finding.fix(format!("write `{wanted}`"), span, wanted));
        }
    }
}

/// The name in a quoted text that is nothing but a placeholder. Braces alone are also an array of PostgreSQL, and a
/// group of `label_replace`: they count where a value is compared.
fn placeholder(quoted: &str, tag: Tag, is_compared: bool) -> Option<&str> {
    let inner = quoted.strip_prefix(['\'', '"', '`'])?.strip_suffix(['\'', '"', '`'])?;
    let in_braces = |opener: &str| inner.strip_prefix(opener)?.strip_suffix('}');
    let braces = || in_braces("${").or_else(|| in_braces("{")).filter(|_| is_compared);
    let python = || inner.strip_prefix("%(")?.strip_suffix(")s");
    // In PromQL `"$name"` is refused where the query is read.
    let dollar = || inner.strip_prefix('$').filter(|_| tag == Tag::Sql);
    let name = inner.strip_prefix(':').or_else(python).or_else(braces).or_else(dollar)?;
    let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_name.then_some(name)
}

/// Whether what stands next is compared with what stands before.
fn is_compared(before: &str) -> bool {
    let before = before.trim_end();
    before.ends_with(['=', '~']) || before.ends_with("<>")
}
