//! Values in the form that another language gives them: ranges by dots, tuples, sets, generators, conversions in holes,
//! and what is put into a part of a value.

use super::signs::is_call;
use super::{RESERVED, slip};
use crate::diagnostic::Diagnostic;
use crate::syntax::parser::Rule;
use crate::syntax::recover::Case;
use crate::syntax::scan::{Bracket, Kind};

/// Whether the innermost open bracket is the `{` of a hole, and a hole ends, or has its format, at this token.
fn ends_hole(case: &Case<'_>, index: usize) -> bool {
    let is_hole = case.innermost_open().is_some_and(|open| case.kind(open) == Some(Kind::Open(Bracket::Hole)));
    is_hole && (case.kind(index) == Some(Kind::Close(Bracket::Hole)) || case.text(index).starts_with(':'))
}

/// `f"{t!r}"`.
pub(super) fn conversion(case: &Case<'_>) -> Option<Diagnostic> {
    let letter = case.text(case.at + 1);
    let is_shape = case.text(case.at) == "!" && matches!(letter, "r" | "s" | "a") && ends_hole(case, case.at + 2);
    // `{!a}` is a condition.
    if !is_shape || case.previous() == case.innermost_open() {
        return None;
    }
    let span = case.span(case.at).to(case.span(case.at + 1));
    slip(span, "a hole has no conversion: a value stands in a text as it is")
        .map(|finding| finding.fix(format!("leave `!{letter}` out"), span, ""))
}

/// `f"{n=}"`.
pub(super) fn self_documenting(case: &Case<'_>) -> Option<Diagnostic> {
    let open = case.innermost_open().filter(|_| case.text(case.at) == "=" && ends_hole(case, case.at + 1))?;
    let span = case.span(open).to(case.span(case.at));
    let inner = case.between(open, case.at).trim();
    let finding = slip(case.span(case.at), "a hole gives the value alone, not its name")?;
    let is_plain = !inner.contains(['{', '}', '"', '\\']);
    Some(if is_plain {
        finding.fix(format!("write `{inner}={{{inner}}}`"), span, format!("{inner}={{{inner}"))
    } else {
        finding.help("write what shall stand before the value in front of the hole: `n={n}`")
    })
}

/// `1..10`, `2025-01-01..2025-01-31`.
pub(super) fn dots(case: &Case<'_>) -> Option<Diagnostic> {
    let dot = case.previous().filter(|dot| case.text(*dot) == "." && case.text(case.at) == ".")?;
    let from = dot.checked_sub(1)?;
    let to = (case.at + 1..case.at + 3).find(|index| !matches!(case.text(*index), "." | "=" | "<"))?;
    let is_number = |index: usize| case.kind(index) == Some(Kind::Number);
    let is_walked = from.checked_sub(1).is_some_and(|before| case.text(before) == "in");
    let is_named = |index: usize| matches!(case.kind(index), Some(Kind::Word | Kind::Close(_)));
    if !is_number(from) && !is_number(to) && !is_walked {
        let finding = slip(case.span(dot).to(case.span(case.at)), "two dots mean nothing")
            .filter(|_| is_named(from) && case.innermost_open().is_some())?;
        return Some(finding.help("write `a through b` for the days from a to b, `a.b` for a field"));
    }
    let (a, b) = (case.text(from), case.text(to));
    let help = match (a.parse::<i64>(), b.parse::<i64>().ok().and_then(|last| last.checked_add(1))) {
        (Ok(first), Some(end)) => format!("write `range({first}, {end})` for the numbers from {a} to {b}"),
        _ if a.contains('T') => format!("write `{a} until {b}`, which ends just before {b}"),
        _ if a.contains('-') => format!("write `{a} through {b}`, which takes both days"),
        _ => "write `range(a, b)` for numbers, `a through b` for days".to_owned(),
    };
    slip(case.span(dot).to(case.span(to).before()), "a range is written with words").map(|finding| finding.help(help))
}

/// `any(n == "a" for n in names)`.
pub(super) fn generator(case: &Case<'_>) -> Option<Diagnostic> {
    let open = case.innermost_open().filter(|open| case.kind(*open) == Some(Kind::Open(Bracket::Paren)))?;
    if case.text(case.at) != "for" || !case.after_expression() || case.text(case.at + 1) == "each" {
        return None;
    }
    let finding = slip(case.span(case.at), "what `for` walks makes a list, and a list stands in `[ ]`")?;
    let last = case.closing(open).and_then(|close| close.checked_sub(1)).filter(|last| *last > case.at);
    let begin = begin_of_part(case, open);
    let (Some(last), false) = (last, last.is_some_and(|last| has_comma(case, case.at, last))) else {
        return Some(finding.help("write `[f(x) for x in xs]`"));
    };
    let span = case.span(begin).to(case.span(last));
    let written = case.between(begin, last);
    let whole = format!("[{}{written}{}]", case.text(begin), case.text(last));
    Some(finding.fix("write `[ ]` around it", span, whole))
}

/// The first token of the part, between commas and behind its name, in which it went wrong.
fn begin_of_part(case: &Case<'_>, open: usize) -> usize {
    let comma = commas(case, open, case.at).last().unwrap_or(open);
    if case.text(comma + 2) == ":" && case.kind(comma + 1) == Some(Kind::Word) { comma + 3 } else { comma + 1 }
}

fn has_comma(case: &Case<'_>, open: usize, end: usize) -> bool {
    commas(case, open, end).next().is_some()
}

/// The commas between two tokens that stand in no bracket of their own.
fn commas(case: &Case<'_>, open: usize, end: usize) -> impl Iterator<Item = usize> {
    let mut depth = 0_usize;
    (open + 1..end).filter(move |index| {
        match case.kind(*index) {
            Some(Kind::Open(_)) => depth += 1,
            Some(Kind::Close(_)) => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && case.text(*index) == ","
    })
}

/// `(1, 2)`.
pub(super) fn tuple(case: &Case<'_>) -> Option<Diagnostic> {
    let open = case.innermost_open().filter(|open| case.kind(*open) == Some(Kind::Open(Bracket::Paren)))?;
    let holds_one = case.tried.contains(&Rule::rparen) && !case.tried.contains(&Rule::comma);
    if case.text(case.at) != "," || !holds_one || is_call(case, open) {
        return None;
    }
    slip(case.span(case.at), "parentheses hold one value: there are no tuples")
        .map(|finding| finding.help("write a list, `[a, b]`, or a record, `{ first: a, second: b }`"))
}

/// `{1, 2}`, `{ day, rows }`.
pub(super) fn set(case: &Case<'_>) -> Option<Diagnostic> {
    let open = case.innermost_open().filter(|open| case.kind(*open) == Some(Kind::Open(Bracket::Brace)))?;
    let is_entry = case.text(case.at) == "," && case.tried.contains(&Rule::colon) && !has_comma(case, open, case.at);
    if !is_entry || case.at == open + 1 {
        return None;
    }
    let help = if case.at == open + 2 && case.kind(open + 1) == Some(Kind::Word) {
        let name = case.text(open + 1);
        format!("write `{name}: {name}` for an entry of that name; a list is written `[a, b]`")
    } else {
        "write a list, `[a, b]`, which `unique(xs)` takes each value of once".to_owned()
    };
    slip(case.span(case.at), "what stands in braces is entries, `name: value`").map(|finding| finding.help(help))
}

/// `r.a = 2`, `xs[0] = 5`.
pub(super) fn assigned_part(case: &Case<'_>) -> Option<Diagnostic> {
    let is_statement = matches!(case.rule, Rule::one_part | Rule::one_statement | Rule::one_test_part);
    let is_path = case.kind(case.first) == Some(Kind::Word) && matches!(case.text(case.first + 1), "." | "[");
    if !is_statement || !is_path || case.at != case.first + 1 || RESERVED.contains(&case.text(case.first)) {
        return None;
    }
    let (mut part, mut end) = (case.first, case.first + 1);
    while let Some(behind) = behind_part(case, end) {
        (part, end) = (end, behind);
    }
    if case.text(end) != "=" {
        return None;
    }
    let (whole, key) = (case.written(case.first, part - 1), case.text(part + 1));
    let help = match (case.text(part), case.kind(part + 1)) {
        (".", _) => format!("make a new record: `{whole} + {{ {key}: … }}`"),
        (_, Some(Kind::Text)) => format!("make a new map: `{whole} + {{ {key}: … }}`"),
        _ => format!("make a new list or map, as in `[f(x) for x in {whole}]`"),
    };
    slip(case.span(case.first).to(case.span(end - 1)), "nothing changes once it has a name")
        .map(|finding| finding.help(help))
}

/// The number of the token behind `.name` or `[…]`.
fn behind_part(case: &Case<'_>, at: usize) -> Option<usize> {
    match case.text(at) {
        "." if case.kind(at + 1) == Some(Kind::Word) => Some(at + 2),
        "[" => case.closing(at).map(|close| close + 1),
        _ => None,
    }
}
