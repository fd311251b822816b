//! Parameters in quotes: `':job'` inside a query is a text of four letters, not the value of `job`, and so is what stands
//! within a longer one, `'%:job%'`.

use std::ops::Range;

use super::Checker;
use super::scope::Scope;
use crate::diagnostic::{Diagnostic, codes};
use crate::source::Span;
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
            let span = tagged.text_span.slice(place.start, place.end);
            let Some(name) = placeholder(written, tagged.tag, is_compared(before)) else {
                if tagged.tag == Tag::Sql {
                    self.parameters_within(scope, written, span);
                }
                continue;
            };
            if scope.bound_at(name).is_none() {
                continue;
            }
            let wanted = format!("{mark}{name}");
            let message = format!("`{written}` is a text as it stands, not the value of `{name}`");
            let finding = Diagnostic::new(code, span, message).help(format!("write `{wanted}`, without quotes"));
            self.report(finding.fix(format!("write `{wanted}`"), span, wanted));
        }
    }

    /// `'%:job%'`, whose value must be joined to the rest.
    fn parameters_within(&mut self, scope: &Scope, quoted: &str, span: Span) {
        let Some(text) = quoted.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) else { return };
        let is_known = |part: &Part<'_>| scope.bound_at(part.path.split('.').next().unwrap_or(part.path)).is_some();
        let parts: Vec<Part<'_>> = parts(text).into_iter().filter(is_known).collect();
        if let Some(first) = parts.first() {
            let written = text.get(first.place.clone()).unwrap_or_default();
            let message = format!("`{written}` within a text is letters, not the value of `{}`", first.path);
            let help = format!("join the value to the text: `{}`", joined(text, &parts));
            self.report(Diagnostic::new(&codes::VF403, span, message).help(help));
        } else if let Some(name) = in_braces(text, "{{", "}}") {
            let message = format!("`{quoted}` is a text as it stands: a SQL literal is no template");
            let help = format!("write `:{name}`, without quotes, and say above what `{name}` is");
            self.report(Diagnostic::new(&codes::VF403, span, message).help(help));
        }
    }
}

/// A placeholder within a text.
struct Part<'t> {
    place: Range<usize>,
    path: &'t str,
}

/// What placeholders are written between; a colon needs nothing behind it.
const MARKS: &[(&str, &str)] = &[("{{", "}}"), ("${", "}"), ("#{", "}"), ("{", "}"), ("%(", ")s"), (":", "")];

/// The placeholders within a text.
fn parts(text: &str) -> Vec<Part<'_>> {
    let (mut parts, mut from) = (Vec::new(), 0);
    while let Some(rest) = text.get(from..).filter(|rest| !rest.is_empty()) {
        let before = text.get(..from).and_then(|before| before.chars().next_back());
        match MARKS.iter().find_map(|(opener, closer)| part(rest, before, opener, closer)) {
            // All of it in braces is an array of PostgreSQL's, or JSON.
            Some((length, path)) if !(rest.starts_with('{') && !rest.starts_with("{{") && text.starts_with('{')) => {
                parts.push(Part { place: from..from + length, path });
                from += length;
            }
            _ => from += rest.chars().next().map_or(1, char::len_utf8),
        }
    }
    parts
}

/// The placeholder that a text begins with: its length, and the name with its fields.
fn part<'t>(text: &'t str, before: Option<char>, opener: &str, closer: &str) -> Option<(usize, &'t str)> {
    // A colon also stands in times, in paths and in JSON.
    if closer.is_empty() && !before.is_none_or(|before| "%-/([=|,".contains(before)) {
        return None;
    }
    let inner = text.strip_prefix(opener)?;
    let inner = if opener == "{{" { inner.trim_start() } else { inner };
    let end = inner.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.')).unwrap_or(inner.len());
    let path = inner.get(..end)?.trim_end_matches('.');
    let behind = inner.get(path.len()..)?;
    let behind = if opener == "{{" { behind.trim_start() } else { behind };
    let rest = behind.strip_prefix(closer)?;
    path.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_').then_some((text.len() - rest.len(), path))
}

/// The text with its values joined to it.
fn joined(text: &str, parts: &[Part<'_>]) -> String {
    let (mut pieces, mut from) = (Vec::new(), 0);
    let quoted = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(|text| format!("'{text}'"));
    for part in parts {
        pieces.extend(quoted(text.get(from..part.place.start)));
        pieces.push(format!(":{}", part.path));
        from = part.place.end;
    }
    pieces.extend(quoted(text.get(from..)));
    pieces.join(" || ")
}

/// The name that is all there is between two marks.
fn in_braces<'t>(text: &'t str, opener: &str, closer: &str) -> Option<&'t str> {
    let name = text.strip_prefix(opener)?.strip_suffix(closer)?.trim();
    (!name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')).then_some(name)
}

/// The name in a quoted text that is nothing but a placeholder. Braces alone are also an array of PostgreSQL, and a
/// group of `label_replace`: they count where a value is compared.
fn placeholder(quoted: &str, tag: Tag, is_compared: bool) -> Option<&str> {
    let inner = quoted.strip_prefix(['\'', '"', '`'])?.strip_suffix(['\'', '"', '`'])?;
    let braces = || in_braces(inner, "${", "}").or_else(|| in_braces(inner, "{", "}")).filter(|_| is_compared);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_within_texts_are_joined_to_them() {
        for (text, wanted) in [
            ("%:t%", "'%' || :t || '%'"),
            ("%{day}%", "'%' || :day || '%'"),
            ("{{ ds }}", ":ds"),
            ("x-{{ds}}", "'x-' || :ds"),
            (":a-:row.b.", ":a || '-' || :row.b || '.'"),
            ("%(day)s%", ":day || '%'"),
            ("it''s ${x}", "'it''s ' || :x"),
        ] {
            assert_eq!(joined(text, &parts(text)), wanted);
        }
    }

    #[test]
    fn colons_of_times_and_braces_of_arrays_are_left_alone() {
        for text in [
            "12:30",
            "a: b",
            "a:b",
            "HH24:MI:SS",
            "%H:%M",
            "{a}",
            "{{a},{b}}",
            "{\"a\":b}",
            "a::b",
            "%",
            "urn:isbn",
            "{a,b}",
        ] {
            assert!(parts(text).is_empty(), "{text}");
        }
    }
}
