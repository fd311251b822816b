//! Forms that lack a part, or have another language's: what a newcomer writes before reading anything.

use super::{RESERVED, slip};
use crate::diagnostic::{Diagnostic, nearest};
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

/// `fn f(a: int) -> int { a + 1 }`, `fn f(a: int): a + 1`.
pub(super) fn block_of_function(case: &Case<'_>) -> Option<Diagnostic> {
    let sign = case.text(case.at);
    if case.text(case.first) != "fn" || !matches!(sign, "{" | ":") || case.innermost_open().is_some() {
        return None;
    }
    let (head, body) = (case.written(case.first, case.previous()?), body_of_function(case));
    if case.tried.contains(&Rule::arrow) {
        return slip(case.span(case.at), "a `fn` says which type it gives, and is one expression")
            .map(|finding| finding.help(format!("write `{head} -> T = {body}`, with the type that it gives for `T`")));
    }
    let span = case.span(case.previous()?).after().to(case.span(case.at));
    let finding = slip(case.span(case.at), "a `fn` is one expression, behind `=`")
        .filter(|_| case.tried.contains(&Rule::equals))?;
    Some(if sign == ":" && case.text(case.at + 1) != "return" {
        finding.fix("write `=`", span, " =")
    } else {
        finding.help(format!("write `{head} = {body}`; a block that reads is a `step`"))
    })
}

/// The one expression in the braces that a `fn` has elsewhere; `…` where it is not one, or no braces are there.
fn body_of_function<'r>(case: &Case<'r>) -> &'r str {
    let close = case.closing(case.at).filter(|_| case.text(case.at) == "{" && case.text(case.at + 2) != "=");
    let inner = close.map_or("", |close| case.between(case.at, close)).trim();
    let body = inner.strip_prefix("return ").or_else(|| inner.strip_prefix("yield ")).unwrap_or(inner);
    if body.is_empty() || body.contains('\n') { "…" } else { body }
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

/// `require c, "why"`.
pub(super) fn message_behind_comma(case: &Case<'_>) -> Option<Diagnostic> {
    let is_checked = (case.first..case.at).any(|index| matches!(case.text(index), "require" | "expect"));
    let fits = is_checked && case.text(case.at) == "," && case.tried.contains(&Rule::k_else) && !case.at_new_line();
    if !fits || case.innermost_open().is_some() {
        return None;
    }
    let gap = case.span(case.previous()?).after().to(case.span(case.at));
    slip(case.span(case.at), "the message of a condition stands behind `else`")
        .map(|finding| finding.fix("write `else`", gap, " else"))
}

/// `x is none`, `x is not null`, wherever an expression stands.
pub(super) fn is_comparison(case: &Case<'_>) -> Option<Diagnostic> {
    let is_behind = |index: usize| match case.token(index) {
        Some(token) if index == case.first => {
            !token.first && index.checked_sub(1).is_some_and(|before| !matches!(case.text(before), "{" | "}"))
        }
        _ => case.after_expression(),
    };
    let mut words = [case.first, case.at].into_iter();
    let is = words.find(|index| case.text(*index).eq_ignore_ascii_case("is") && is_behind(*index))?;
    let is_negated = case.text(is + 1).eq_ignore_ascii_case("not");
    let (sign, last) = if is_negated { ("!=", is + 1) } else { ("==", is) };
    let is_none = matches!(case.text(last + 1).to_ascii_lowercase().as_str(), "none" | "null" | "nil" | "undefined");
    let (end, written) = if is_none { (last + 1, format!("{sign} none")) } else { (last, sign.to_owned()) };
    let span = case.span(is).to(case.span(end));
    slip(span, "values are compared by `==` and `!=`")
        .map(|finding| finding.fix(format!("write `{written}`"), span, written))
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
                && nearest(word, ["use", "skip", "continue", "stop"]).is_empty() =>
        {
            slip(span, format!("{} is nothing that can be done about a failure", case.described(case.at))).map(
                |finding| finding.help("write `use v`, `skip`, `continue` or `stop` (of a loop), or a block `{ … }`"),
            )
        }
        _ => None,
    }
}

/// `with` where no step stands before it; Python's `with db as d`.
pub(super) fn lone_with(case: &Case<'_>) -> Option<Diagnostic> {
    let is_with = |index: &usize| case.text(*index) == "with";
    let with = [Some(case.at), case.previous()].into_iter().flatten().find(is_with)?;
    let is_pythons = (with + 1..with + LOOKED_AHEAD)
        .take_while(|index| !case.token(*index).is_none_or(|token| token.first))
        .any(|index| case.text(index) == "as" && case.text(with + 1) != "{");
    if is_pythons {
        return slip(case.span(with), "there is no `with … as`").map(|finding| {
            finding.help(
                "a connection is named by `use db: sql`; what belongs together stands in `do transaction db { … }`",
            )
        });
    }
    if with != case.at || case.tried.contains(&Rule::k_with) || case.tried.contains(&Rule::with) {
        return None;
    }
    slip(case.span(with), "`with` says how a step runs, and no step stands before it")
        .map(|finding| finding.help("write it behind a step: `name = … with { timeout: 2m }`"))
}

/// How many tokens further on the `as` of a `with` is looked for.
const LOOKED_AHEAD: usize = 16;

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

/// What changes a list or a map elsewhere.
const CHANGING: [&str; 13] =
    ["append", "push", "add", "insert", "extend", "remove", "pop", "clear", "update", "set", "put", "delete", "sort"];
/// What tells something elsewhere, and `log` itself.
const TELLING: [&str; 8] = ["log", "print", "println", "printf", "echo", "puts", "console.log", "logging.info"];

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
    if CHANGING.contains(&case.text(verb)) && is_value(case, case.first) {
        return slip(span, "nothing changes once it has a name").map(|finding| {
            let name = case.text(case.first);
            finding.help(format!("make a new list, `{name} + [x]`, or a new map, `{name} + {{ key: x }}`"))
        });
    }
    let finding = slip(span, "a call alone is no statement")?;
    Some(if WRITING.contains(&case.text(verb)) {
        finding.help(format!("it writes, so write `do {callee}(…)`")).fix("write `do` before it", span.before(), "do ")
    } else if READING.contains(&case.text(verb)) {
        finding.help(format!("it reads, so name what it gives: `name = {callee}(…)`"))
    } else if TELLING.contains(&&*callee) {
        finding.help("to tell a value in the log of the run, write `_told = log(…)`")
    } else {
        finding.help("begin with `do` when it writes; name the result, `name = …`, when it reads")
    })
}

/// Whether a name is given to a value somewhere: what is called on it is no connection's.
fn is_value(case: &Case<'_>, name: usize) -> bool {
    let named = |index: &usize| case.text(*index) == case.text(name);
    let is_bound = |index: usize| {
        let before = index.checked_sub(1).map_or("", |before| case.text(before));
        case.text(index + 1) == "=" || matches!(before, "param" | "each")
    };
    (0..name).filter(named).any(is_bound)
}
