//! A few words in a row, as lists of constructs name them.

use super::Source;
use crate::query::sql::scan::{Token, TokenKind};

/// `distinct on (`: words and signs as written; `'` stands for any text, `_` for any one word, `#` for a number, `:` for a hole.
pub(super) type Pattern = &'static str;

/// The places where a pattern begins.
pub(super) fn places<'s>(source: &'s Source<'_>, pattern: Pattern) -> impl Iterator<Item = usize> + 's {
    let parts: Vec<&str> = pattern.split(' ').collect();
    let count = parts.len();
    let matches = move |window: &[Token]| window.iter().zip(&parts).all(|(token, part)| is(source.text, token, part));
    source.tokens.windows(count).enumerate().filter(move |(_, window)| matches(window)).map(|(at, _)| at)
}

fn is(text: &str, token: &Token, part: &str) -> bool {
    match (part, token.kind) {
        ("'", kind) => kind == TokenKind::Text,
        ("#", kind) => kind == TokenKind::Number,
        (":", TokenKind::Hole) => true,
        ("_", kind) => kind == TokenKind::Word,
        (word, TokenKind::Word) => token.is(text, word),
        (sign, _) => token.is_punct(text, sign),
    }
}
