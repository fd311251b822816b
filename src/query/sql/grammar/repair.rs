//! The small change that lets a text pass: a word spelt right, a comma or an `and` more, a sign less.
//!
//! Nothing is guessed: a change is offered only when the grammar then reads the whole text.

use super::complaint::Complaint;
use super::{Grammar, Source, parse};
use crate::diagnostic::codes::VF401;
use crate::diagnostic::{Diagnostic, nearest};
use crate::query::sql::scan::{Token, TokenKind, scan};

/// Words that are misspelt.
const WORDS: &[&str] = &[
    "all",
    "and",
    "any",
    "as",
    "asc",
    "begin",
    "between",
    "by",
    "case",
    "cast",
    "conflict",
    "cross",
    "current",
    "desc",
    "distinct",
    "do",
    "else",
    "end",
    "escape",
    "except",
    "exists",
    "fetch",
    "filter",
    "first",
    "following",
    "from",
    "full",
    "group",
    "having",
    "in",
    "inner",
    "insert",
    "intersect",
    "into",
    "is",
    "join",
    "last",
    "lateral",
    "left",
    "like",
    "limit",
    "natural",
    "not",
    "nothing",
    "null",
    "nulls",
    "offset",
    "on",
    "or",
    "order",
    "outer",
    "over",
    "partition",
    "preceding",
    "range",
    "recursive",
    "returning",
    "right",
    "row",
    "rows",
    "select",
    "set",
    "then",
    "unbounded",
    "union",
    "update",
    "using",
    "values",
    "when",
    "where",
    "window",
    "with",
    "within",
];

/// How many words are tried.
const MOST_TRIED: usize = 8;

/// How many words before the one that stopped the reading are looked at.
const REACH: usize = 3;

/// The finding with the change.
pub(super) fn find(source: &Source<'_>, grammar: Grammar, complaint: &Complaint) -> Option<Diagnostic> {
    let stopped = complaint.at.map_or(source.tokens.len(), |at| source.token_at(at));
    let passes = |from: usize, to: usize, with: &str| reads(source, grammar, from, to, with);
    misspelt(source, stopped, &passes)
        .or_else(|| surplus(source, stopped, &passes))
        .or_else(|| missing(source, stopped, &passes))
}

/// Whether the text is read with its bytes `from..to` replaced.
fn reads(source: &Source<'_>, grammar: Grammar, from: usize, to: usize, with: &str) -> bool {
    let (Some(before), Some(after)) = (source.text.get(..from), source.text.get(to..)) else { return false };
    let changed = format!("{before}{with}{after}");
    let (tokens, _) = scan(&changed);
    parse(&Source { text: &changed, span: source.span, tokens: &tokens }, grammar).is_ok()
}

type Passes<'p> = &'p dyn Fn(usize, usize, &str) -> bool;

/// `oder by`, `adn`, `lfet join`: at the word that stopped the reading or just before.
fn misspelt(source: &Source<'_>, stopped: usize, passes: Passes<'_>) -> Option<Diagnostic> {
    // A text that ends too early may have gone wrong anywhere.
    let from = if stopped < source.tokens.len() { stopped.saturating_sub(REACH) } else { 0 };
    let near = source.tokens.get(from..(stopped + 2).min(source.tokens.len()))?;
    let candidates = |token: &'_ Token| {
        let lower = token.text(source.text).to_lowercase();
        let is_word = token.kind == TokenKind::Word && !WORDS.contains(&&*lower);
        if is_word { nearest(&lower, WORDS.iter().copied()) } else { Vec::new() }
    };
    let misspelt = near.iter().rev().map(|token| (token, candidates(token))).filter(|(_, near)| !near.is_empty());
    misspelt.take(MOST_TRIED).find_map(|(token, mut near)| {
        let (written, span) = (token.text(source.text), source.at(token));
        near.retain(|meant| passes(token.start, token.end, meant));
        let words: Vec<String> = near.iter().map(|meant| format!("`{meant}`")).collect();
        let message = format!("expected {}, found `{written}`", words.join(" or "));
        let finding = Diagnostic::new(&VF401, span, message).at(format!("did you mean {}?", words.join(" or ")));
        match near.as_slice() {
            [] => None,
            [meant] => Some(finding.respell(written, meant, span)),
            _ => Some(finding),
        }
    })
}

/// `where where`, `a,, b`, `and order by`: a word or sign that is one too many.
fn surplus(source: &Source<'_>, stopped: usize, passes: Passes<'_>) -> Option<Diagnostic> {
    let same = |at: usize, other: Option<usize>| {
        let text = |at: usize| source.tokens.get(at).map(|token| token.text(source.text).to_lowercase());
        other.is_some_and(|other| text(at) == text(other))
    };
    let removable = |at: &usize| {
        let joins = |token: &Token| token.is_punct(source.text, ",") || token.is_any(source.text, &["and", "or"]);
        // `&&` is another database's `and`.
        let is_sign = source.tokens.get(*at).is_some_and(|token| token.is_punct(source.text, "&"));
        let is_doubled = !is_sign && (same(*at, at.checked_sub(1)) || same(*at, Some(at + 1)));
        is_doubled || source.tokens.get(*at).is_some_and(joins)
    };
    let surplus = (stopped.saturating_sub(2)..=stopped)
        .filter(removable)
        .filter_map(|at| source.tokens.get(at))
        .find(|token| passes(token.start, token.end, ""))?;
    let word = surplus.text(source.text);
    let finding = Diagnostic::new(&VF401, source.at(surplus), format!("`{word}` is one too many"));
    Some(finding.fix(format!("remove `{word}`"), source.at(surplus), ""))
}

/// `a b c`, `where a = 1 b = 2`, `order a`: what is missing before the word that stopped the reading.
fn missing(source: &Source<'_>, stopped: usize, passes: Passes<'_>) -> Option<Diagnostic> {
    // What stops at `max(` is the word before its parenthesis.
    let opens = source.tokens.get(stopped)?.is_punct(source.text, "(");
    let stopped = stopped.checked_sub(usize::from(opens))?;
    let token = source.tokens.get(stopped)?;
    if token.is_any(source.text, &["order", "group", "partition"]) {
        let next = source.tokens.get(stopped + 1)?;
        let message = format!("expected `by`, found `{}`", next.text(source.text));
        let finding = || Diagnostic::new(&VF401, source.at(next), message).help("is a `by` missing before it?");
        return passes(next.start, next.start, "by ").then(finding);
    }
    if token.kind == TokenKind::Punct || token.is_any(source.text, WORDS) {
        return None;
    }
    let has_condition = source.tokens.get(..stopped)?.iter().any(|t| t.is_any(source.text, &["where", "on", "having"]));
    let word = token.text(source.text);
    let missing = [if has_condition { "and" } else { "," }, ",", "from", "on"]
        .into_iter()
        .find(|missing| passes(token.start, token.start, &format!("{missing} ")))?;
    let finding = Diagnostic::new(&VF401, source.at(token), format!("`{word}` cannot stand here"));
    let article = if matches!(missing, "and" | "on") { "an" } else { "a" };
    Some(finding.help(format!("is {article} `{missing}` missing before it?")))
}
