//! What MySQL and MariaDB have not, where no few words in a row tell it.

use super::Source;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::codes::VF401;
use crate::query::sql::scan::{Token, TokenKind};

/// Types that columns have and casts have not, with what a cast writes.
const CASTS: &[(&str, &str)] = &[
    ("text", "char"),
    ("longtext", "char"),
    ("varchar", "char"),
    ("bigint", "signed"),
    ("int8", "signed"),
    ("smallint", "signed"),
    ("boolean", "signed"),
    ("bool", "signed"),
    ("numeric", "decimal(20, 8)"),
    ("real", "double"),
    ("timestamp", "datetime(6)"),
    ("timestamptz", "datetime(6)"),
    ("jsonb", "json"),
    ("blob", "binary"),
    ("bytea", "binary"),
];

/// The first of it.
pub(super) fn find(source: &Source<'_>) -> Option<Diagnostic> {
    cast(source).or_else(|| clause(source))
}

fn found(source: &Source<'_>, token: &Token, name: &str, help: String) -> Diagnostic {
    Diagnostic::new(&VF401, source.at(token), format!("MySQL has no {name}")).help(help)
}

/// `cast(… as text)`.
fn cast(source: &Source<'_>) -> Option<Diagnostic> {
    let opens = source.tokens.windows(2).enumerate().filter(
        |(_, pair)| matches!(pair, [word, next] if word.is(source.text, "cast") && next.is_punct(source.text, "(")),
    );
    opens.into_iter().find_map(|(at, _)| {
        let at = type_of_cast(source, at + 2)?;
        let (ty, next) = (source.tokens.get(at)?, source.tokens.get(at + 1));
        let written = ty.text(source.text).to_lowercase();
        let (_, instead) = CASTS.iter().find(|(theirs, _)| *theirs == written)?;
        // MariaDB has this one, with its length.
        if written == "varchar" && next.is_some_and(|next| next.is_punct(source.text, "(")) {
            return None;
        }
        let help = format!("write `cast(… as {instead})`");
        Some(found(source, ty, &format!("casts to `{written}`"), help))
    })
}

/// Where the type of a cast begins whose parenthesis has been opened.
fn type_of_cast(source: &Source<'_>, from: usize) -> Option<usize> {
    let mut depth = 1;
    for (at, token) in source.tokens.iter().enumerate().skip(from) {
        depth += depth_change(source, token);
        if depth == 0 {
            return None;
        }
        if depth == 1 && token.is(source.text, "as") {
            return Some(at + 1);
        }
    }
    None
}

/// `with … insert`, `update … from`, `update … returning`: a clause of a statement that has it elsewhere only.
fn clause(source: &Source<'_>) -> Option<Diagnostic> {
    let first = source.tokens.first()?;
    let outer = |word: &str| {
        let mut depth = 0;
        source.tokens.iter().find(|token| {
            depth += depth_change(source, token);
            depth == 0 && token.is(source.text, word)
        })
    };
    if first.is(source.text, "with") {
        let help = "write `insert into … with … select …`".to_owned();
        return outer("insert").map(|token| found(source, token, "`with` before `insert`", help));
    }
    if !first.is(source.text, "update") {
        return None;
    }
    let from = outer("from").map(|token| {
        found(source, token, "`update … from`", "write `update a join b on … set a.name = b.name`".to_owned())
    });
    from.or_else(|| {
        outer("returning")
            .map(|token| found(source, token, "`update … returning`", "read the rows with `db.query`".to_owned()))
    })
}

fn depth_change(source: &Source<'_>, token: &Token) -> i32 {
    match (token.kind, token.text(source.text)) {
        (TokenKind::Punct, "(") => 1,
        (TokenKind::Punct, ")") => -1,
        _ => 0,
    }
}
