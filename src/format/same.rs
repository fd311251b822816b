//! Whether two texts say the same.
//!
//! They do if they hold the same tokens and the same comments in the same order. Left out of the comparison is
//! what formatting may do: a comma before a closing bracket comes or goes, a comment changes sides with a comma,
//! the lines of a query move.

use super::lexemes::{Lexeme, lexemes};
use super::queries;
use crate::syntax::Kind;

/// Compares; the error says what stands where it differs.
pub(super) fn compare(before: &str, after: &str) -> Result<(), String> {
    let (before, after) = (lexemes(before), lexemes(after));
    differ(&significant(&before), &significant(&after))?;
    differ(&with_comments(&before), &with_comments(&after))
}

fn differ(before: &[&str], after: &[&str]) -> Result<(), String> {
    let at = before.iter().zip(after).take_while(|(before, after)| same(before, after)).count();
    match (before.get(at), after.get(at)) {
        (None, None) => Ok(()),
        (before, after) => {
            Err(format!("formatting would make `{}` of `{}`", after.unwrap_or(&""), before.unwrap_or(&"")))
        }
    }
}

fn same(before: &str, after: &str) -> bool {
    before == after || queries::differ_in_indentation(before, after)
}

/// The tokens without the commas before closing brackets.
fn significant<'s>(lexemes: &[Lexeme<'s>]) -> Vec<&'s str> {
    let next = lexemes.iter().skip(1);
    let closed = |next: &Lexeme<'_>| matches!(next.kind, Some(Kind::Close(_)));
    let kept = lexemes.iter().zip(next).filter(|(lexeme, next)| lexeme.text != "," || !closed(next));
    kept.flat_map(|(lexeme, _)| characters(lexeme)).collect()
}

/// The tokens and comments without any comma.
fn with_comments<'s>(lexemes: &[Lexeme<'s>]) -> Vec<&'s str> {
    let all = |lexeme: &Lexeme<'s>| {
        let token = if lexeme.text == "," { Vec::new() } else { characters(lexeme) };
        let leading = lexeme.leading.iter().map(|comment| comment.text);
        leading.chain(token).chain(lexeme.trailing).collect::<Vec<_>>()
    };
    lexemes.iter().flat_map(all).collect()
}

/// A token; a symbol character by character, because `>=` is two where it ends a type and begins a value.
fn characters<'s>(lexeme: &Lexeme<'s>) -> Vec<&'s str> {
    match lexeme.kind {
        Some(Kind::Symbol) => lexeme.text.split_inclusive(|_| true).collect(),
        _ => vec![lexeme.text],
    }
}
