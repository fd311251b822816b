//! A text as the grammar can read it, and the way back to the places of its parts.

use sqlparser::tokenizer::{Location, Token, TokenWithSpan};

use super::{Grammar, Source};
use crate::query::sql::scan::TokenKind;

/// The text with each hole as a placeholder of the same length, `$` for the colon and `h` for the name. For the
/// grammar of MySQL also with names in backticks and texts without backslashes.
pub(super) fn masked(source: &Source<'_>, is_mysql: bool) -> String {
    let mut masked = String::with_capacity(source.text.len());
    let mut from = 0;
    for token in source.tokens {
        let written = token.text(source.text);
        let mask = match token.kind {
            TokenKind::Hole => format!("${}", "h".repeat(written.len() - 1)),
            TokenKind::QuotedName if is_mysql && !written.contains('`') => written.replace('"', "`"),
            TokenKind::Text if is_mysql => written.replace('\\', "/"),
            _ => continue,
        };
        masked.push_str(source.text.get(from..token.start).unwrap_or_default());
        masked.push_str(&mask);
        from = token.end;
    }
    masked.push_str(source.text.get(from..).unwrap_or_default());
    masked
}

/// The tokens as the grammar can read them: parentheses around a list's hole, `in :days`, and its words for what
/// a dialect says otherwise.
pub(super) fn readable(mut tokens: Vec<TokenWithSpan>, grammar: Grammar) -> Vec<TokenWithSpan> {
    tokens.retain(|token| !matches!(token.token, Token::Whitespace(_)));
    if grammar.is_mysql {
        for token in &mut tokens {
            placeholder(&mut token.token);
        }
    }
    let words: Vec<String> = tokens.iter().map(|token| bare(&token.token)).collect();
    let mut all = Vec::with_capacity(tokens.len());
    let mut rest = tokens.into_iter().enumerate();
    while let Some((at, token)) = rest.next() {
        let Some((taken, written)) = rewritten(&words, at, &token.token, grammar) else {
            all.push(token);
            continue;
        };
        let span = token.span;
        all.extend(written.into_iter().map(|token| TokenWithSpan { token, span }));
        rest.by_ref().take(taken - 1).for_each(drop);
    }
    all
}

/// Where something else is written for a token: how many are taken at once, and that.
fn rewritten(words: &[String], at: usize, token: &Token, grammar: Grammar) -> Option<(usize, Vec<Token>)> {
    let Grammar { has_general_is, is_mysql, .. } = grammar;
    let word = |n: usize| words.get(at + n).map_or("", String::as_str);
    let before = at.checked_sub(1).and_then(|at| words.get(at)).map_or("", String::as_str);
    let keyword = |word: &str| Token::make_keyword(word);
    Some(match (word(0), word(1)) {
        ("isnull", _) if !before.is_empty() && !is_mysql => (1, vec![keyword("IS"), keyword("NULL")]),
        ("materialized", "") if before == "as" => (1, Vec::new()),
        ("not", "materialized") if before == "as" => (2, Vec::new()),
        ("not", "indexed") => (2, Vec::new()),
        ("indexed", "by") => (3, Vec::new()),
        ("not", "glob" | "regexp" | "match") => (2, vec![keyword("NOT"), keyword("LIKE")]),
        ("is", "not") if has_general_is && !IS_KNOWN.contains(&word(2)) => {
            (2, ["IS", "DISTINCT", "FROM"].map(keyword).to_vec())
        }
        ("is", next) if has_general_is && next != "not" && !IS_KNOWN.contains(&next) => {
            (1, ["IS", "NOT", "DISTINCT", "FROM"].map(keyword).to_vec())
        }
        _ => match token {
            Token::Placeholder(hole) if before == "in" => {
                (1, vec![Token::LParen, Token::Placeholder(hole.clone()), Token::RParen])
            }
            _ => return None,
        },
    })
}

/// A dollar begins a name there: what is one is a hole, since [`masked`] writes it and nobody else may.
fn placeholder(token: &mut Token) {
    if let Token::Word(word) = token
        && word.quote_style.is_none()
        && word.value.starts_with('$')
    {
        *token = Token::Placeholder(word.value.clone());
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
