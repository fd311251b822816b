//! Names in braces in a plain text: without `f` before it they are letters.

use std::collections::HashSet;

use super::Checker;
use super::scope::Scope;
use crate::diagnostic::{Diagnostic, codes};
use crate::source::Span;
use crate::syntax::ast::Literal;
use crate::syntax::is_name;
use crate::value::{Type, check_format};

/// What stands between braces: a name with its fields, and a format.
struct Hole<'t> {
    path: &'t str,
    format: Option<&'t str>,
}

impl Hole<'_> {
    /// The name, without its fields.
    fn root(&self) -> &str {
        self.path.split_once('.').map_or(self.path, |(root, _)| root)
    }
}

impl Checker<'_> {
    /// VF208: a text that would have the value of a name in it if it began with `f`.
    pub(super) fn plain_braces(&mut self, scope: &mut Scope, literal: &Literal, span: Span) {
        let Literal::Text(text) = literal else { return };
        let Some(holes) = text.contains('{').then(|| holes(text)).flatten() else { return };
        let known: Vec<&Hole<'_>> = holes.iter().filter(|hole| is_known(scope, hole)).collect();
        let Some(hole) = known.first().filter(|_| !self.is_filled_in(span, &holes)) else { return };
        for hole in &known {
            scope.mark_meant(hole.root());
        }
        let message = format!("`{{{}}}` in a plain text is letters, not the value of `{}`", hole.path, hole.path);
        let finding = Diagnostic::new(&codes::VF208, span, message).help("put `f` before a text with values in it");
        self.warn(finding.fix("write `f` before it", span.before(), "f"));
    }

    /// Whether the file replaces a name in braces by itself.
    fn is_filled_in(&mut self, span: Span, holes: &[Hole<'_>]) -> bool {
        let modules = self.modules;
        let names = self.filled_in.entry(span.source).or_insert_with(|| {
            let module = modules.all.iter().find(|module| module.source.id == span.source);
            module.map(|module| filled_in(&module.source.text)).unwrap_or_default()
        });
        holes.iter().any(|hole| names.contains(hole.path))
    }
}

/// The names that stand alone in braces in a file that replaces something.
fn filled_in(text: &str) -> HashSet<String> {
    if !text.contains("replace(") {
        return HashSet::new();
    }
    let texts = text.split("\"{").skip(1).filter_map(|behind| behind.split_once("}\""));
    texts.map(|(name, _)| name).filter(|name| name.split('.').all(is_name)).map(str::to_owned).collect()
}

/// The holes of a text; `None` where a brace in it is none of one.
fn holes(text: &str) -> Option<Vec<Hole<'_>>> {
    let mut holes = Vec::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('{') {
        let (inner, after) = behind.split_once('}')?;
        let (path, format) = inner.split_once(':').map_or((inner, None), |(path, format)| (path, Some(format)));
        let is_path = path.split('.').all(is_name) && !before.contains('}');
        holes.push(is_path.then_some(Hole { path, format })?);
        rest = after;
    }
    (!rest.contains('}')).then_some(holes)
}

/// Whether a hole names a value that is in scope, with a format that fits it.
fn is_known(scope: &Scope, hole: &Hole<'_>) -> bool {
    let is_field = hole.root() != hole.path;
    match (scope.type_of(hole.root()), hole.format) {
        (Some(Type::Connection(_) | Type::Calendar) | None, _) => false,
        (Some(_), None) => true,
        // A format of a type that nobody knows is one of dates, or nothing is sure.
        (Some(_), Some(format)) if is_field => format.starts_with('%'),
        (Some(ty), Some(format)) => !ty.is_unknown() && !format.starts_with(' ') && check_format(ty, format).is_ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_replaces_itself_is_known() {
        let names = filled_in("a = replace(t, \"{day}\", by: d) b = \"{of} {x}\" c = \"{n");
        assert_eq!(names, HashSet::from(["day".to_owned()]));
        assert!(filled_in("b = \"{day}\"").is_empty());
    }

    #[test]
    fn only_whole_placeholders_are_holes() {
        let found = |text| holes(text).map(|holes| holes.iter().map(|hole| hole.path).collect::<Vec<_>>());
        assert_eq!(found("{day} of {r.month:%m}").unwrap(), ["day", "r.month"]);
        for text in ["{\"a\": {day}}", "{day", "day}", "{day }", "{}", "a{1,2}", "{{day}}", "{a b}"] {
            assert!(found(text).is_none(), "{text}");
        }
        assert_eq!(found("plain").unwrap(), Vec::<&str>::new());
    }
}
