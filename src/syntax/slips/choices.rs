//! Choices in the form that another language gives them: `case when`, `switch`, `match`, `elif`, and their parts in the
//! wrong order.

use super::borrowed::odd_word;
use super::slip;
use crate::diagnostic::{Diagnostic, closest};
use crate::syntax::parser::Rule;
use crate::syntax::recover::Case;
use crate::syntax::scan::{Bracket, Kind};

/// How many tokens further on the rest of a choice is looked for.
const LOOKED_AHEAD: usize = 64;

/// `case when c then a else b end`, `case x when 1 then a end`.
pub(super) fn sql_case(case: &Case<'_>) -> Option<Diagnostic> {
    let word = odd_word(case)?.checked_sub(1).filter(|word| case.text(*word).eq_ignore_ascii_case("case"))?;
    slip(case.span(word), "a choice between two values begins with `if`").map(|finding| {
        finding.help("write `if c then a else b`, or `if c then a else if d then b else e`, without `case` and `end`")
    })
}

/// `y = switch x { … }`, `match x { … }`.
pub(super) fn switch(case: &Case<'_>) -> Option<Diagnostic> {
    let is_one =
        |index: &usize| matches!(case.text(*index), "switch" | "match") && case.kind(index + 1) == Some(Kind::Word);
    let odd = odd_word(case).and_then(|odd| odd.checked_sub(1));
    let word = [Some(case.at), Some(case.first), odd].into_iter().flatten().find(is_one)?;
    let (name, of) = (case.text(word), case.text(word + 1));
    let help = if case.token(word)?.first {
        format!("write `when {of} == a {{ … }} else when {of} == b {{ … }} else {{ … }}`")
    } else {
        format!("write `if {of} == a then … else if {of} == b then … else …`")
    };
    slip(case.span(word), format!("there is no `{name}`: a choice is made of conditions"))
        .map(|finding| finding.help(help))
}

/// `if a then b elif c then d else e`, `if a then b else when c then d else e`.
pub(super) fn further(case: &Case<'_>) -> Option<Diagnostic> {
    (case.first..case.at).rev().find(|index| case.text(*index) == "then")?;
    let span = case.span(case.at);
    match case.text(case.at) {
        word @ ("elif" | "elsif" | "elseif") if case.tried.contains(&Rule::k_else) => {
            slip(span, format!("`{word}` is written `else if` in a choice between values"))
                .map(|finding| finding.fix("write `else if`", span, "else if"))
        }
        "when" if case.previous().is_some_and(|previous| case.text(previous) == "else") => {
            slip(span, "a choice between values goes on by `else if`")
                .map(|finding| finding.fix("write `if`", span, "if"))
        }
        _ => None,
    }
}

/// `x = when c then a else b`.
pub(super) fn when_for_if(case: &Case<'_>) -> Option<Diagnostic> {
    let when = (case.first..case.at).rev().find(|index| case.text(*index) == "when")?;
    if case.text(case.at) != "then" {
        return None;
    }
    let span = case.span(when);
    slip(span, "`when` begins a branch of steps; a choice between two values begins with `if`")
        .map(|finding| finding.fix("write `if`", span, "if"))
}

/// `if c a else b`, `if c { a } else { b }`, `if c: a else b`.
pub(super) fn without_then(case: &Case<'_>) -> Option<Diagnostic> {
    let mut ahead = (case.at..case.at + LOOKED_AHEAD).map(|index| case.text(index));
    let next = ahead.find(|text| matches!(*text, "then" | "else" | ""));
    if !case.tried.contains(&Rule::k_then) || !case.after_expression() || next != Some("else") {
        return None;
    }
    let span = case.span(case.at);
    match case.text(case.at) {
        "{" => slip(span, "a choice between two values has no braces")
            .map(|finding| finding.help("write `if c then a else b`; steps that run only then are `when c { … }`")),
        ":" => slip(span, "a choice is made with `then`, not `:`").map(|finding| {
            let gap = case.previous().map_or(span, |previous| case.span(previous).after().to(span));
            finding.fix("write `then`", gap, " then")
        }),
        _ => slip(span, format!("expected `then` before {}", case.described(case.at)))
            .map(|finding| finding.fix("write `then`", span.before(), "then ")),
    }
}

/// `a if c else b`, and `[x if c]`.
pub(super) fn shifted_if(case: &Case<'_>) -> Option<Diagnostic> {
    let is_inside = case.text(case.at) == "if" && case.after_expression() && !case.at_new_line();
    let is_behind = case.text(case.first) == "if" && case.token(case.first).is_some_and(|token| !token.first);
    let at = if is_inside {
        case.at
    } else if is_behind {
        case.first
    } else {
        return None;
    };
    let is_list = case.innermost_open().is_some_and(|open| {
        matches!(case.kind(open), Some(Kind::Open(Bracket::Square | Bracket::Brace)))
            && !(open..at).any(|index| case.text(index) == "for")
    });
    if is_inside && is_list {
        return slip(case.span(at), "a condition follows `for … in …`")
            .map(|finding| finding.help("write `[f(x) for x in xs if p(x)]`"));
    }
    slip(case.span(at), "a choice begins with its condition")
        .map(|finding| finding.help("write `if c then a else b` for `a if c else b`"))
}

/// `if c then a`, without `else`.
pub(super) fn missing_else(case: &Case<'_>) -> Option<Diagnostic> {
    let then = (case.first..case.at).rev().find(|index| matches!(case.text(*index), "then" | "else"))?;
    let is_misspelt = closest(case.text(case.at), ["else"]).is_some() && !case.at_new_line();
    if case.text(then) != "then" || !case.tried.contains(&Rule::k_else) || is_misspelt {
        return None;
    }
    let end = case.span(case.at.checked_sub(1)?).after();
    slip(end, "`if … then …` also says what holds otherwise")
        .map(|finding| finding.help("add `else none`, or another value"))
}
