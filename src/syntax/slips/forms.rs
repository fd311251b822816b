//! Forms that lack a part, or have another language's: what a newcomer writes before reading anything.

use super::{RESERVED, slip};
use crate::diagnostic::{Diagnostic, closest};
use crate::syntax::parser::Rule;
use crate::syntax::recover::Case;
use crate::syntax::scan::{Bracket, Kind};

/// `from std import status`, `import std/status`, `import ../lib/status.flow`.
pub(super) fn import(case: &Case<'_>) -> Option<Diagnostic> {
    let word = |offset: usize| case.text(case.first + offset);
    if word(0) == "from" && word(2) == "import" {
        return slip(case.span(case.first), "an import begins with `import`")
            .map(|finding| finding.help(format!("write `import {}.{}`", word(1), word(3))));
    }
    if word(0) != "import" {
        return None;
    }
    if case.at == case.first + 1 && matches!(word(1), "." | "/") {
        return slip(case.span(case.at), "a file is named by a text")
            .map(|finding| finding.help("write `import \"../lib/name.flow\"`, relative to this file"));
    }
    let span = case.span(case.at);
    (case.text(case.at) == "/")
        .then(|| slip(span, "the parts of a module's name are joined by dots"))?
        .map(|finding| finding.fix(format!("write `import {}.{}`", word(1), word(3)), span, "."))
}

/// `workflow my-extractor {`.
pub(super) fn dashed_name(case: &Case<'_>) -> Option<Diagnostic> {
    let is_named = matches!(
        case.text(case.first),
        "workflow" | "step" | "action" | "fn" | "param" | "output" | "use" | "calendar" | "type"
    );
    let (before, dash, after) = (case.token(case.at.checked_sub(1)?)?, case.token(case.at)?, case.token(case.at + 1)?);
    let is_joined = before.end == dash.start && dash.end == after.start;
    if !is_named || !is_joined || case.at != case.first + 2 || case.text(case.at) != "-" {
        return None;
    }
    let name = format!("{}_{}", case.text(case.at - 1), case.text(case.at + 1));
    slip(case.span(case.at - 1).to(case.span(case.at + 1)), "a name has no `-`")
        .map(|finding| finding.fix(format!("write `{name}`"), case.span(case.at), "_"))
}

/// `calendar calendars.weekdays(…)`.
pub(super) fn nameless_calendar(case: &Case<'_>) -> Option<Diagnostic> {
    let is_call = case.at == case.first + 2 && matches!(case.text(case.at), "." | "(");
    if case.text(case.first) != "calendar" || !is_call {
        return None;
    }
    let span = case.span(case.first);
    slip(span, "a calendar has a name")
        .map(|finding| finding.help(format!("write `calendar weekdays = {}…`", case.text(case.first + 1))))
}

/// `step reach(vm: metrics) -> int = { … }`.
pub(super) fn equals_before_block(case: &Case<'_>) -> Option<Diagnostic> {
    let has_block = matches!(case.text(case.first), "step" | "action" | "workflow" | "test");
    let open = (case.first..case.at).find(|index| case.kind(*index) == Some(Kind::Open(Bracket::Brace)))?;
    let equals = open.checked_sub(1).filter(|equals| case.text(*equals) == "=")?;
    let gap = case.span(equals.checked_sub(1)?).after().to(case.span(equals));
    has_block
        .then(|| slip(case.span(equals), "a block of statements follows without `=`"))?
        .map(|finding| finding.fix("remove `=`", gap, ""))
}

/// `param job = "x"`.
pub(super) fn untyped_parameter(case: &Case<'_>) -> Option<Diagnostic> {
    if case.text(case.first) != "param" || case.at != case.first + 2 || case.text(case.at) != "=" {
        return None;
    }
    let name = case.text(case.at - 1);
    let value = case.text(case.at + 1);
    let is_named = case.kind(case.at + 1) == Some(Kind::Word) && !RESERVED.contains(&value);
    let ty = match case.kind(case.at + 1) {
        Some(Kind::Text) => "text",
        Some(Kind::Number) if value.bytes().all(|byte| byte.is_ascii_digit()) => "int",
        _ if matches!(value, "true" | "false") => "bool",
        _ => "T",
    };
    let filled = if ty == "T" && !is_named { ", with its type `T`" } else { "" };
    slip(case.span(case.at - 1), format!("the parameter `{name}` has no type"))
        .map(|finding| finding.help(format!("write `param {name}: {ty} = …`{filled}")))
}

/// `today: business_date(…)`.
pub(super) fn colon_for_equals(case: &Case<'_>) -> Option<Diagnostic> {
    let is_shape = case.at == case.first + 3 && case.text(case.first + 1) == ":" && case.text(case.at) == "(";
    let is_statement = matches!(case.rule, Rule::one_part | Rule::one_statement | Rule::one_test_part);
    if !is_shape || !is_statement || RESERVED.contains(&case.text(case.first)) {
        return None;
    }
    let colon = case.span(case.first + 1);
    slip(colon, "a step gets its name by `=`; behind `:` stands a type")
        .map(|finding| finding.fix("write `=`", colon, " ="))
}

/// `for each day of days`.
pub(super) fn loop_of(case: &Case<'_>) -> Option<Diagnostic> {
    let head = case.previous()?.checked_sub(1)?;
    if case.text(case.at) != "of" || !matches!(case.text(head), "each" | "for" | ",") {
        return None;
    }
    let span = case.span(case.at);
    slip(span, "a loop walks what stands behind `in`").map(|finding| finding.fix("write `in`", span, "in"))
}

/// `a === b`, `a !== b`, `a <> b`.
pub(super) fn comparison(case: &Case<'_>) -> Option<Diagnostic> {
    let previous = case.previous()?;
    let (before, at) = (case.token(previous)?, case.token(case.at)?);
    let sign = match (case.text(previous), case.text(case.at)) {
        ("==", "=") => "==",
        ("!=", "=") | ("<", ">") => "!=",
        _ => return None,
    };
    let span = case.span(previous).to(case.span(case.at));
    let written = format!("{}{}", case.text(previous), case.text(case.at));
    (before.end == at.start)
        .then(|| slip(span, format!("`{written}` is written `{sign}`")))?
        .map(|finding| finding.fix(format!("write `{sign}`"), span, sign))
}

/// `x is none`, `x is not none`.
pub(super) fn is_comparison(case: &Case<'_>) -> Option<Diagnostic> {
    if case.text(case.at) != "is" || !case.after_expression() {
        return None;
    }
    let (span, sign) = if case.text(case.at + 1) == "not" {
        (case.span(case.at).to(case.span(case.at + 1)), "!=")
    } else {
        (case.span(case.at), "==")
    };
    slip(span, "values are compared by `==` and `!=`").map(|finding| finding.fix(format!("write `{sign}`"), span, sign))
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

/// `on error …`, `on failure retry`.
pub(super) fn recovery(case: &Case<'_>) -> Option<Diagnostic> {
    let previous = case.previous()?;
    let span = case.span(case.at);
    match (case.text(previous), case.text(case.at)) {
        ("on", "error" | "errors" | "exception" | "fail" | "failed") => {
            slip(span, format!("`on {}` is written `on failure`", case.text(case.at)))
                .map(|finding| finding.fix("write `on failure`", span, "failure"))
        }
        ("failure", "retry") => slip(span, "how often a step is tried again stands in `with`")
            .map(|finding| finding.help("write `with { retry: 3 }` instead")),
        ("failure", word)
            if case.tried.contains(&Rule::recovery_word)
                && closest(word, ["use", "skip", "continue", "stop"]).is_none() =>
        {
            slip(span, format!("{} is nothing that can be done about a failure", case.described(case.at))).map(
                |finding| finding.help("write `use v`, `skip`, `continue` or `stop` (of a loop), or a block `{ … }`"),
            )
        }
        _ => None,
    }
}

/// `with timeout: 2m`.
pub(super) fn bare_with(case: &Case<'_>) -> Option<Diagnostic> {
    let previous = case.previous()?;
    if case.text(previous) != "with" || case.kind(case.at) != Some(Kind::Word) {
        return None;
    }
    let name = case.text(case.at);
    slip(case.span(case.at), "what follows `with` stands in braces")
        .map(|finding| finding.help(format!("write `with {{ {name}: … }}`")))
}

/// `1 + do db.upsert(…)`.
pub(super) fn inner_do(case: &Case<'_>) -> Option<Diagnostic> {
    if case.text(case.at) != "do" || case.at == case.first || case.at_new_line() {
        return None;
    }
    slip(case.span(case.at), "a write is a step of its own, and no part of an expression")
        .map(|finding| finding.help("write `name = do …` above, and use `name` here"))
}

/// What writes by its name, and what reads.
const WRITING: [&str; 13] = [
    "write", "publish", "advance", "upsert", "insert", "execute", "delete", "update", "append", "save", "set", "put",
    "post",
];
const READING: [&str; 8] = ["query", "instant", "range", "get", "export", "read", "series", "newest"];

/// `db.query(…)` as a statement.
pub(super) fn lone_call(case: &Case<'_>) -> Option<Diagnostic> {
    let statement = matches!(case.rule, Rule::one_part | Rule::one_statement | Rule::one_test_part);
    let called = case.kind(case.first) == Some(Kind::Word)
        && matches!(case.text(case.first + 1), "." | "(")
        && case.at == case.first + 1;
    if !statement || !called || RESERVED.contains(&case.text(case.first)) {
        return None;
    }
    let verb = if case.text(case.first + 1) == "." { case.first + 2 } else { case.first };
    let callee = if verb == case.first {
        case.text(verb).to_owned()
    } else {
        format!("{}.{}", case.text(case.first), case.text(verb))
    };
    let span = case.span(case.first);
    let finding = slip(span, "a call alone is no statement")?;
    Some(if WRITING.contains(&case.text(verb)) {
        finding.help(format!("it writes, so write `do {callee}(…)`")).fix("write `do` before it", span.before(), "do ")
    } else if READING.contains(&case.text(verb)) {
        finding.help(format!("it reads, so name what it gives: `name = {callee}(…)`"))
    } else {
        finding.help("begin with `do` when it writes; name the result, `name = …`, when it reads")
    })
}
