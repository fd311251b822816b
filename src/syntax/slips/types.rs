//! Types in the shape that another language gives them.

use super::slip;
use crate::diagnostic::Diagnostic;
use crate::syntax::parser::Rule;
use crate::syntax::recover::Case;
use crate::syntax::scan::Kind;

/// `type Row { … }`.
pub(super) fn without_equals(case: &Case<'_>) -> Option<Diagnostic> {
    let is_shape = case.text(case.first) == "type" && case.at == case.first + 2 && case.text(case.at) == "{";
    let name = is_shape.then(|| case.text(case.first + 1))?;
    let end = case.span(case.first + 1).after();
    slip(end, "`=` stands between the name of a type and what it is")
        .map(|finding| finding.fix(format!("write `type {name} = {{ … }}`"), end, " ="))
}

/// `list[int]`, `List[int]`, `int[]`, `Optional[int]`, `Dict[str, int]`.
pub(super) fn in_brackets(case: &Case<'_>) -> Option<Diagnostic> {
    let name = case.previous().filter(|_| case.text(case.at) == "[" && case.tried.contains(&Rule::langle))?;
    let Some((wanted, end)) = bracketed(case, name, DEEPEST) else {
        let of = case.text(name).to_ascii_lowercase();
        let of = if matches!(of.as_str(), "map" | "table" | "range") { of } else { "list".to_owned() };
        return slip(case.span(case.at), "what a type holds stands in `<…>`")
            .map(|finding| finding.help(format!("write `{of}<…>`")));
    };
    let span = case.span(name).to(case.span(end - 1));
    let (message, help) = match wanted.chars().last() {
        Some('?') => ("a type that may be `none` ends with `?`", "write `T?`"),
        _ => ("what a type holds stands in `<…>`", "write `list<T>`"),
    };
    // A second pair of brackets is another thing: which one was meant nobody knows.
    let finding = slip(span, message)?;
    Some(if case.text(end) == "[" {
        finding.help(help)
    } else {
        finding.fix(format!("write `{wanted}`"), span, wanted)
    })
}

/// How deep types in brackets are read.
const DEEPEST: usize = 8;

/// The type that begins with the token `at`, written as it is here, and the number of the token behind it.
fn bracketed(case: &Case<'_>, at: usize, depth: usize) -> Option<(String, usize)> {
    let name = (case.kind(at) == Some(Kind::Word)).then(|| case.text(at))?;
    let depth = depth.checked_sub(1)?;
    match (case.text(at + 1), case.text(at + 2)) {
        ("[", "]") => return Some((format!("list<{name}>"), at + 3)),
        ("[", _) => {}
        ("?", _) => return Some((format!("{name}?"), at + 2)),
        _ => return Some((name.to_owned(), at + 1)),
    }
    let (first, mut end) = bracketed(case, at + 2, depth)?;
    let mut second = None;
    if case.text(end) == "," {
        let (ty, behind) = bracketed(case, end + 1, depth)?;
        (second, end) = (Some(ty), behind);
    }
    let wanted = match (name.to_ascii_lowercase().as_str(), second) {
        ("optional", None) => format!("{first}?"),
        ("list" | "array" | "vec" | "vector" | "set" | "sequence" | "iterable", None) => format!("list<{first}>"),
        ("map" | "dict" | "mapping" | "hashmap", Some(second)) => format!("map<{first}, {second}>"),
        ("range", None) => format!("range<{first}>"),
        _ => return None,
    };
    (case.text(end) == "]").then_some((wanted, end + 1))
}

/// `date | none`.
pub(super) fn optional_union(case: &Case<'_>) -> Option<Diagnostic> {
    let bar = case.previous().filter(|bar| case.text(*bar) == "|" && case.text(case.at) == "none")?;
    let ty = bar.checked_sub(1).filter(|ty| case.kind(*ty) == Some(Kind::Word))?;
    let gap = case.span(ty).after().to(case.span(case.at));
    slip(case.span(bar).to(case.span(case.at)), "a type that may be `none` ends with `?`")
        .map(|finding| finding.fix(format!("write `{}?`", case.text(ty)), gap, "?"))
}

/// `as [Row]`, `param days: [date]`.
pub(super) fn list(case: &Case<'_>) -> Option<Diagnostic> {
    let before = case.text(case.previous()?);
    let is_shape =
        case.text(case.at) == "[" && case.text(case.at + 2) == "]" && case.kind(case.at + 1) == Some(Kind::Word);
    if !is_shape || !matches!(before, "as" | ":" | "->" | "<") {
        return None;
    }
    let span = case.span(case.at).to(case.span(case.at + 2));
    let wanted = format!("list<{}>", case.text(case.at + 1));
    slip(span, "a type of lists is written `list<…>`")
        .map(|finding| finding.fix(format!("write `{wanted}`"), span, wanted))
}

/// `param n?: int`.
pub(super) fn optional_name(case: &Case<'_>) -> Option<Diagnostic> {
    let name = case.previous().filter(|name| case.kind(*name) == Some(Kind::Word))?;
    let ty = case.at + 2;
    if case.text(case.at) != "?" || case.text(case.at + 1) != ":" || !case.tried.contains(&Rule::colon) {
        return None;
    }
    let (written, of) = (case.text(name), case.text(ty));
    let finding = slip(case.span(case.at), "what may be `none` says so by its type, which ends with `?`")?;
    let is_whole = case.kind(ty) == Some(Kind::Word)
        && (case.token(ty + 1).is_none_or(|next| next.first) || matches!(case.text(ty + 1), "=" | "," | "}" | ")"));
    let span = case.span(name).to(case.span(ty));
    Some(if is_whole {
        finding.fix(format!("write `{written}: {of}?`"), span, format!("{written}: {of}?"))
    } else {
        finding.help(format!("write `{written}: T?` with its type `T`"))
    })
}

/// `list<>`.
pub(super) fn of_nothing(case: &Case<'_>) -> Option<Diagnostic> {
    let opens = |index: usize| case.text(index) == "<>" || (case.text(index) == "<" && case.text(index + 1) == ">");
    let index = [Some(case.at), case.previous()].into_iter().flatten().find(|index| opens(*index))?;
    let name = case.text(index.checked_sub(1)?);
    let example = match name {
        "list" => "list<text>",
        "map" => "map<text, int>",
        "table" => "table<{ name: text }>",
        "range" => "range<date>",
        _ => return None,
    };
    slip(case.span(index), format!("a `{name}` says what it holds"))
        .map(|finding| finding.help(format!("write its type there, as in `{example}`")))
}
