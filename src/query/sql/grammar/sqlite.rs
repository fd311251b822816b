//! What SQLite has not, where no few words in a row tell it.

use super::Source;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::codes::VF401;
use crate::query::sql::scan::{Token, TokenKind};

/// The first of it.
pub(super) fn find(source: &Source<'_>) -> Option<Diagnostic> {
    source.tokens.windows(2).find_map(|pair| {
        let [sign, next] = pair else { return None };
        (sign.end == next.start).then(|| and(source, sign, next).or_else(|| hole(source, sign, next))).flatten()
    })
}

/// `a && b`.
fn and(source: &Source<'_>, sign: &Token, next: &Token) -> Option<Diagnostic> {
    if !sign.is_punct(source.text, "&") || !next.is_punct(source.text, "&") {
        return None;
    }
    let span = source.span.slice(sign.start, next.end);
    let finding = Diagnostic::new(&VF401, span, "SQLite has no `&&`");
    let is_apart = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_whitespace());
    let before = sign.start.checked_sub(1).and_then(|at| source.text.as_bytes().get(at).copied());
    let after = source.text.as_bytes().get(next.end).copied();
    Some(if is_apart(before) && is_apart(after) {
        finding.fix("write `and`", span, "and")
    } else {
        finding.help("write `and`")
    })
}

/// `@day`, which is a parameter that nobody binds: a null.
fn hole(source: &Source<'_>, sign: &Token, next: &Token) -> Option<Diagnostic> {
    if !sign.is_punct(source.text, "@") || next.kind != TokenKind::Word {
        return None;
    }
    let span = source.span.slice(sign.start, next.end);
    let (written, wanted) = (next.text(source.text), format!(":{}", next.text(source.text)));
    let finding = Diagnostic::new(&VF401, span, format!("`@{written}` is not how a parameter is written in SQL"));
    Some(finding.help(format!("write `{wanted}`")).fix(format!("write `{wanted}`"), span, wanted))
}
