//! Loops, paths and blocks in the shape that another language gives them.

use super::slip;
use crate::diagnostic::Diagnostic;
use crate::syntax::parser::Rule;
use crate::syntax::recover::Case;
use crate::syntax::scan::{Bracket, Kind};

/// `api.get(/rows)`.
pub(super) fn bare_path(case: &Case<'_>) -> Option<Diagnostic> {
    let before = case.text(case.previous()?);
    if case.text(case.at) != "/" || case.at_new_line() || !matches!(before, "(" | "," | ":" | "=") {
        return None;
    }
    slip(case.span(case.at), "a path is a text, and a text stands in double quotes")
        .map(|finding| finding.help("write it as `\"/path\"`"))
}

/// `for (key, value) in m`.
pub(super) fn pair_in_parentheses(case: &Case<'_>) -> Option<Diagnostic> {
    let before = case.text(case.previous()?);
    let is_pair = case.text(case.at + 2) == "," && case.text(case.at + 4) == ")";
    if case.text(case.at) != "(" || !matches!(before, "for" | "each") || !is_pair {
        return None;
    }
    let span = case.span(case.at).to(case.span(case.at + 4));
    let wanted = format!("{}, {}", case.text(case.at + 1), case.text(case.at + 3));
    slip(span, "two names of a loop stand without parentheses")
        .map(|finding| finding.fix(format!("write `{wanted}`"), span, wanted))
}

/// `[f(x, y) for x in xs, for y in ys]`, `[x for x in xs, if p(x)]`.
pub(super) fn comma_of_loops(case: &Case<'_>) -> Option<Diagnostic> {
    let open = case.innermost_open()?;
    let is_list = matches!(case.kind(open), Some(Kind::Open(Bracket::Square | Bracket::Brace)));
    let next = case.text(case.at + 1);
    if case.text(case.at) != "," || !is_list || !matches!(next, "for" | "if") {
        return None;
    }
    let span = case.span(case.at);
    slip(span, format!("no comma stands before `{next}`")).map(|finding| finding.fix("remove the comma", span, ""))
}

/// `xs[0:2]`, `xs[1:]`.
pub(super) fn slice(case: &Case<'_>) -> Option<Diagnostic> {
    let open = case.innermost_open().filter(|open| case.kind(*open) == Some(Kind::Open(Bracket::Square)))?;
    let of = open.checked_sub(1).and_then(|before| case.token(before))?;
    let (first, second) = case.text(case.at).split_once(':')?;
    let is_index = case.token(open).is_some_and(|open| of.end == open.start);
    if !is_index || ![first, second].iter().all(|part| part.chars().all(|c| c.is_ascii_digit())) {
        return None;
    }
    slip(case.span(case.at), "an index is one number, not `from:to`")
        .map(|finding| finding.help("write `xs.skip(1).take(2)` for `xs[1:3]`, `xs.take(2)` for `xs[:2]`"))
}

/// `when c: …`, `for each x in xs: …`.
pub(super) fn colon_for_block(case: &Case<'_>) -> Option<Diagnostic> {
    let begins = (case.first..case.at).find(|index| matches!(case.text(*index), "when" | "each" | "else"))?;
    if case.text(case.at) != ":" || begins > case.first + 3 || case.innermost_open().is_some_and(|open| open >= begins)
    {
        return None;
    }
    let span = case.span(case.at);
    if case.text(case.at + 1) == "{" {
        return slip(span, "no `:` stands before a block").map(|finding| finding.fix("remove `:`", span, ""));
    }
    case.reader.note_unopened();
    slip(span, "the steps of a block stand in braces").map(|finding| finding.help("write `{ … }` around them"))
}

/// `given rows: […]`.
pub(super) fn given_by_colon(case: &Case<'_>) -> Option<Diagnostic> {
    if case.text(case.first) != "given"
        || case.text(case.at) != ":"
        || case.innermost_open().is_some_and(|open| open >= case.first)
    {
        return None;
    }
    let span = case.span(case.at);
    slip(span, "what a step gives stands behind `=`").map(|finding| finding.fix("write `=`", span, " ="))
}

/// `set days = 3`, `test name of w`.
pub(super) fn bare_set_or_test(case: &Case<'_>) -> Option<Diagnostic> {
    if case.at != case.first + 1 || case.kind(case.at) != Some(Kind::Word) {
        return None;
    }
    let (name, span) = (case.text(case.at), case.span(case.at));
    match case.text(case.first) {
        "set" => slip(span, "the parameters of a test stand in braces")
            .map(|finding| finding.help(format!("write `set {{ {name}: … }}`"))),
        "test" => slip(span, "the name of a test is a text")
            .map(|finding| finding.fix(format!("write `\"{name}\"`"), span, format!("\"{name}\""))),
        _ => None,
    }
}

/// `params { n: 5 }` in a test.
pub(super) fn params_of_test(case: &Case<'_>) -> Option<Diagnostic> {
    let word = case.text(case.first);
    let is_known = matches!(word, "param" | "params" | "parameters" | "args" | "arguments" | "inputs" | "with");
    if case.rule != Rule::one_test_part || !is_known || case.text(case.first + 1) != "{" {
        return None;
    }
    let span = case.span(case.first);
    slip(span, "a test gives parameters by `set`").map(|finding| finding.fix("write `set`", span, "set"))
}
