//! A text as the grammar can read it, and the way back to the places of its parts.

use sqlparser::tokenizer::{Location, Token, TokenWithSpan};

use super::Source;
use crate::query::sql::scan::TokenKind;

/// The text with each hole as a placeholder of the same length, `$` for the colon and `h` for the name.
pub(super) fn masked(source: &Source<'_>) -> String {
    let mut masked = String::with_capacity(source.text.len());
    let mut from = 0;
    for token in source.tokens.iter().filter(|token| token.kind == TokenKind::Hole) {
        masked.push_str(source.text.get(from..token.start).unwrap_or_default());
        masked.push('$');
        masked.extend(std::iter::repeat_n('h', token.end - token.start - 1));
        from = token.end;
    }
    masked.push_str(source.text.get(from..).unwrap_or_default());
    masked
}

/// The tokens as the grammar can read them: parentheses around a list's hole, `in :days`, and its words for what
/// a dialect says otherwise.
pub(super) fn readable(tokens: Vec<TokenWithSpan>, has_general_is: bool) -> Vec<TokenWithSpan> {
    let tokens: Vec<TokenWithSpan> =
        tokens.into_iter().filter(|token| !matches!(token.token, Token::Whitespace(_))).collect();
    let mut all = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let before = at.checked_sub(1).and_then(|at| tokens.get(at));
        let (taken, written) = rewritten(before, tokens.get(at..).unwrap_or_default(), has_general_is);
        let span = token.span;
        match written {
            Some(written) => all.extend(written.into_iter().map(|token| TokenWithSpan { token, span })),
            None => all.push(token.clone()),
        }
        at += taken;
    }
    all
}

/// How many tokens are taken at once, and what is written for them where it is something else.
fn rewritten(
    before: Option<&TokenWithSpan>,
    tokens: &[TokenWithSpan],
    has_general_is: bool,
) -> (usize, Option<Vec<Token>>) {
    let word = |n: usize| tokens.get(n).map_or(String::new(), |token| bare(&token.token));
    let before = before.map_or(String::new(), |token| bare(&token.token));
    let keyword = |word: &str| Token::make_keyword(word);
    match (word(0).as_str(), word(1).as_str()) {
        ("isnull", _) if !before.is_empty() => (1, Some(vec![keyword("IS"), keyword("NULL")])),
        ("materialized", "") if before == "as" => (1, Some(Vec::new())),
        ("not", "materialized") if before == "as" => (2, Some(Vec::new())),
        ("not", "indexed") => (2, Some(Vec::new())),
        ("indexed", "by") => (3, Some(Vec::new())),
        ("not", "glob" | "regexp" | "match") => (2, Some(vec![keyword("NOT"), keyword("LIKE")])),
        ("is", "not") if has_general_is && !IS_KNOWN.contains(&&*word(2)) => {
            (2, Some(["IS", "DISTINCT", "FROM"].map(keyword).to_vec()))
        }
        ("is", next) if has_general_is && next != "not" && !IS_KNOWN.contains(&next) => {
            (1, Some(["IS", "NOT", "DISTINCT", "FROM"].map(keyword).to_vec()))
        }
        _ => match tokens.first().map(|token| &token.token) {
            Some(Token::Placeholder(hole)) if before == "in" => {
                (1, Some(vec![Token::LParen, Token::Placeholder(hole.clone()), Token::RParen]))
            }
            _ => (1, None),
        },
    }
}

/// What may stand behind `is` and `is not` in the grammar.
const IS_KNOWN: &[&str] =
    &["null", "true", "false", "unknown", "distinct", "normalized", "nfc", "nfd", "nfkc", "nfkd", "json", "document"];

/// A bare word in lower case; nothing for other tokens.
fn bare(token: &Token) -> String {
    match token {
        Token::Word(word) if word.quote_style.is_none() => word.value.to_lowercase(),
        _ => String::new(),
    }
}

/// Where lines and characters begin in a text.
#[derive(Debug)]
pub(in crate::query::sql) struct Positions {
    /// The number of the first character of each line.
    lines: Vec<usize>,
    /// The first byte of each character, and the text's end.
    bytes: Vec<usize>,
}

impl Positions {
    pub(super) fn of(text: &str) -> Self {
        let mut lines = vec![0];
        let mut bytes = Vec::with_capacity(text.len() + 1);
        for (at, (byte, letter)) in text.char_indices().enumerate() {
            bytes.push(byte);
            if letter == '\n' {
                lines.push(at + 1);
            }
        }
        bytes.push(text.len());
        Self { lines, bytes }
    }

    /// The byte of a place, which counts lines and characters from 1; `None` for the place of nothing.
    pub(in crate::query::sql) fn byte(&self, place: Location) -> Option<usize> {
        let line = usize::try_from(place.line).ok()?.checked_sub(1)?;
        let column = usize::try_from(place.column).ok()?.checked_sub(1)?;
        self.bytes.get(self.lines.get(line)? + column).copied()
    }
}
