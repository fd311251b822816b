//! Signs that mean something else here: `=`, `!`, `->`, `?`, and units, times and quotes that are written otherwise.

use super::{RESERVED, slip, stops_early};
use crate::diagnostic::Diagnostic;
use crate::syntax::build::{Reader, unit_meant};
use crate::syntax::parser::Rule;
use crate::syntax::recover::Case;
use crate::syntax::scan::{Bracket, Kind, TAGS};

/// `f(x = 1)`, `{ x = 1 }`, `fn f(x = 1)`.
pub(super) fn named_argument(case: &Case<'_>) -> Option<Diagnostic> {
    let name = case.previous().filter(|_| case.text(case.at) == "=")?;
    let open = case.innermost_open()?;
    let begins = name == open + 1 || case.text(name.checked_sub(1)?) == ",";
    let what = match case.kind(open)? {
        Kind::Open(Bracket::Brace) => "the name of an entry",
        Kind::Open(Bracket::Paren) if is_call(case, open) => "an argument's name",
        _ => return None,
    };
    if case.kind(name) != Some(Kind::Word) || !begins {
        return None;
    }
    let written = case.text(name);
    if open >= case.first + 2 && matches!(case.text(case.first), "fn" | "step" | "action") && open == case.first + 2 {
        return slip(case.span(name), format!("the parameter `{written}` has no type"))
            .map(|finding| finding.help(format!("write `{written}: T = …` with its type `T`")));
    }
    let gap = case.span(name).after().to(case.span(case.at));
    let spaced =
        case.token(case.at).zip(case.token(case.at + 1)).is_some_and(|(equals, value)| equals.end < value.start);
    slip(case.span(case.at), format!("{what} is followed by `:`, not by `=`"))
        .map(|finding| finding.fix(format!("write `{written}:`"), gap, if spaced { ":" } else { ": " }))
}

/// Whether a `(` follows what can be called.
pub(super) fn is_call(case: &Case<'_>, open: usize) -> bool {
    let before = open.checked_sub(1).filter(|before| *before >= case.first);
    before.is_some_and(|before| match case.kind(before) {
        Some(Kind::Close(_)) => true,
        Some(Kind::Word) => !RESERVED.contains(&case.text(before)),
        _ => false,
    })
}

/// `do x = f()`.
pub(super) fn name_behind_do(case: &Case<'_>) -> Option<Diagnostic> {
    let (word, name) = (case.first, case.first + 1);
    let fits = case.text(case.at) == "=" && case.text(word) == "do" && case.at == name + 1;
    if !fits || case.kind(name) != Some(Kind::Word) {
        return None;
    }
    let fixed = format!("{} = do", case.text(name));
    slip(case.span(word), "`do` stands before the call, behind the name of the step")
        .map(|finding| finding.fix(format!("write `{fixed} …`"), case.span(word).to(case.span(case.at)), fixed))
}

/// `if a = b`, `require a = b`, `x = a = b`.
pub(super) fn single_equals(case: &Case<'_>) -> Option<Diagnostic> {
    let span = case.span(case.at);
    let fits = case.text(case.at) == "=" && case.after_expression() && !case.at_new_line();
    if !fits || (case.previous() == Some(case.first) && case.kind(case.first) == Some(Kind::Word)) {
        return None;
    }
    if matches!(case.text(case.at + 1), "<" | ">") && case.between(case.at, case.at + 1).is_empty() {
        let (span, sign) = (span.to(case.span(case.at + 1)), case.text(case.at + 1));
        return slip(span, format!("`={sign}` is written `{sign}=`"))
            .map(|finding| finding.fix(format!("write `{sign}=`"), span, format!("{sign}=")));
    }
    slip(span, "`=` gives a step its name; `==` compares").map(|finding| finding.fix("write `==`", span, "=="))
}

/// `x == 1` as a statement, `x := 1`.
pub(super) fn double_equals(case: &Case<'_>) -> Option<Diagnostic> {
    let span = case.span(case.at);
    let written = case.text(case.at);
    if !matches!(written, "==" | ":=") || case.previous() != Some(case.first) || case.at_new_line() {
        return None;
    }
    let message =
        if written == "==" { "`==` compares; `=` gives a step its name" } else { "a step gets its name by `=`" };
    slip(span, message).map(|finding| finding.fix("write `=`", span, "="))
}

/// `!ready`.
pub(super) fn exclamation(case: &Case<'_>) -> Option<Diagnostic> {
    let span = case.span(case.at);
    if case.text(case.at) != "!" {
        return None;
    }
    slip(span, "`!` is written `not`").map(|finding| finding.fix("write `not `", span, "not "))
}

/// `a&&b`, which has no room to be read past.
pub(super) fn unspaced_boolean(case: &Case<'_>) -> Option<Diagnostic> {
    let span = case.span(case.at);
    let word = match case.text(case.at) {
        "&&" => "and",
        "||" => "or",
        _ => return None,
    };
    if let Some(finding) = joined_texts(case.reader, case.at).filter(|_| word == "or") {
        return Some(finding);
    }
    slip(span, format!("`{}` is written `{word}`", case.text(case.at)))
        .map(|finding| finding.fix(format!("write ` {word} `"), span, format!(" {word} ")))
}

/// `"a" || "b"`, SQL's concatenation, where the token `at` stands beside a text that is compared with nothing.
pub(super) fn joined_texts(reader: &Reader<'_>, at: usize) -> Option<Diagnostic> {
    let token = |index: usize| reader.scan().token(index);
    let text = |index: usize| token(index).map_or("", |token| token.text(reader.source_text()));
    let is_text = |index: usize| {
        token(index).is_some_and(|token| token.kind == Kind::Text)
            && text(index).len() > 1
            && text(index).ends_with(['"', '\''])
    };
    let (left, right) = (at.checked_sub(1)?, at + 1);
    let begins = left
        .checked_sub(1)
        .is_none_or(|before| matches!(text(before), "=" | "(" | "[" | "," | ":" | "||" | "then" | "else"));
    let ends = token(right + 1).is_none_or(|next| next.first)
        || matches!(text(right + 1), ")" | "]" | "}" | "," | "||" | "then" | "else");
    let is_joined =
        |index: usize, stands_alone: bool| stands_alone && is_text(index) && !text(index).starts_with("f\"");
    let sides = (is_joined(left, begins), is_joined(right, ends));
    let span = reader.span_of(token(at)?.range());
    let finding = slip(span, "`||` joins conditions, and a text is none").filter(|_| sides.0 || sides.1)?;
    Some(match sides {
        (true, true) => finding.fix("write `+`", span, "+"),
        _ => finding.help("write `f\"{a}{b}\"` to join texts, `a ?? b` for what to take instead of `none`"),
    })
}

/// `x => x + 1`, `x -> x + 1`; also `=>` before a result type.
pub(super) fn arrow(case: &Case<'_>) -> Option<Diagnostic> {
    let span = case.span(case.at);
    let written = case.text(case.at);
    if written == "=>" && case.tried.contains(&Rule::arrow) {
        return slip(span, "a result type follows `->`").map(|finding| finding.fix("write `->`", span, "->"));
    }
    if !matches!(written, "=>" | "->") {
        return None;
    }
    if written == "=>" && is_condition(case) {
        return slip(span, "`=>` is written `>=`").map(|finding| finding.fix("write `>=`", span, ">="));
    }
    slip(span, format!("there are no functions without a name, so `{written}` means nothing here"))
        .map(|finding| finding.help("write a comprehension, `[f(x) for x in xs if p(x)]`, or a `fn` with a name"))
}

/// Whether a condition is read, outside of any bracket in it.
fn is_condition(case: &Case<'_>) -> bool {
    let begins =
        (case.first..case.at).rfind(|index| matches!(case.text(*index), "require" | "expect" | "when" | "if" | "then"));
    let is_within = |begin: usize| case.innermost_open().is_none_or(|open| open < begin);
    begins.is_some_and(|begin| case.text(begin) != "then" && is_within(begin)) && case.after_expression()
}

/// `a ? b : c`.
pub(super) fn question_mark(case: &Case<'_>) -> Option<Diagnostic> {
    if case.text(case.at) != "?" || !case.after_expression() {
        return None;
    }
    slip(case.span(case.at), "a choice is written with words")
        .map(|finding| finding.help("write `if a then b else c` for `a ? b : c`"))
}

/// `30 d`, `5 minutes`.
pub(super) fn space_before_unit(case: &Case<'_>) -> Option<Diagnostic> {
    // The unit is a word, so it either stands where something else was wanted, or began a statement of its own.
    let unit = if case.at_new_line() || case.kind(case.at) != Some(Kind::Word) { case.first } else { case.at };
    if unit == case.first && !stops_early(case) {
        return None;
    }
    let number = unit.checked_sub(1)?;
    let near = case.token(unit).is_some_and(|token| !token.first) && case.kind(number) == Some(Kind::Number);
    let short =
        unit_meant(case.text(unit)).filter(|_| near && case.text(number).bytes().all(|byte| byte.is_ascii_digit()))?;
    let written = format!("{}{short}", case.text(number));
    let span = case.span(number).to(case.span(unit));
    slip(span, "a unit follows its number without a space")
        .map(|finding| finding.fix(format!("write `{written}`"), span, written))
}

/// `6:00`.
pub(super) fn short_time(case: &Case<'_>) -> Option<Diagnostic> {
    let index =
        [Some(case.at), case.previous()].into_iter().flatten().find(|index| case.kind(*index) == Some(Kind::Number))?;
    let (hour, minute) = case.text(index).split_once(':')?;
    if hour.len() != 1 || minute.len() < 2 {
        return None;
    }
    let written = format!("0{}", case.text(index));
    let span = case.span(index);
    slip(span, "the hour of a time has two digits")
        .map(|finding| finding.fix(format!("write `{written}`"), span, written))
}

/// `sql"select 1"`, or `"""` without a tag.
pub(super) fn untagged_quotes(case: &Case<'_>) -> Option<Diagnostic> {
    let span = case.span(case.at);
    if case.kind(case.at) == Some(Kind::Query) && case.text(case.at).starts_with('"') {
        return slip(span.slice(0, 3), "three quotes need to say which language is between them").map(|finding| {
            finding.help("write `sql\"\"\"`, `promql\"\"\"` or another tag; a text stands in one pair of quotes")
        });
    }
    let tag = if case.kind(case.at) == Some(Kind::Text) { case.previous()? } else { case.first };
    let text = tag + 1;
    if !TAGS.contains(&case.text(tag))
        || case.kind(text) != Some(Kind::Text)
        || case.token(text)?.start != case.token(tag)?.end
    {
        return None;
    }
    let inner = case.text(text).trim_matches('"');
    let span = case.span(text);
    slip(span, format!("`{}` is followed by three quotes", case.text(tag)))
        .map(|finding| finding.fix("write three quotes", span, format!("\"\"\"{inner}\"\"\"")))
}
