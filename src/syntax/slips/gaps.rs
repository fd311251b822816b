//! What stands twice, and what is missing between two things: slips of the hand, whatever language it comes from.

use super::{RESERVED, slip};
use crate::diagnostic::Diagnostic;
use crate::syntax::parser::Rule;
use crate::syntax::recover::Case;
use crate::syntax::scan::{Bracket, Kind};
use crate::syntax::words::{Word, sentence, wanted};

/// `ELSE`, `For each`: a keyword in capitals, where it went wrong or where the statement begins.
pub(super) fn capitals(case: &Case<'_>) -> Option<Diagnostic> {
    // Values are names to whoever reads them, and `let` and its like are no words of the language.
    const NOT_MEANT: [&str; 7] = ["true", "false", "none", "let", "match", "module", "async"];
    let keyword = |index: usize| {
        let small = case.text(index).to_ascii_lowercase();
        let is_one = RESERVED.contains(&&*small) && !NOT_MEANT.contains(&&*small);
        (is_one && case.kind(index) == Some(Kind::Word) && small != case.text(index)).then_some((index, small))
    };
    let first = Some(case.first).filter(|first| case.at <= first + 1);
    let before = case.previous().filter(|_| !case.at_new_line());
    let (index, small) = [Some(case.at), before, first].into_iter().flatten().find_map(keyword)?;
    let span = case.span(index);
    slip(span, format!("keywords are written small: `{small}`"))
        .map(|finding| finding.fix(format!("write `{small}`"), span, small))
}

/// `a: : b`, `[a, , b]`, `todo todo`; `if if` is noticed further on only.
pub(super) fn twice(case: &Case<'_>) -> Option<Diagnostic> {
    let is_keyword = |index: usize| RESERVED.contains(&case.text(index)) && case.text(index) != "not";
    let keyword =
        (case.first + 1..case.at).find(|index| is_keyword(*index) && case.text(*index) == case.text(index - 1));
    if let Some(second) = keyword {
        let span = case.span(second);
        return slip(span, format!("{} stands here twice", case.described(second)))
            .map(|finding| finding.fix("remove one", case.span(second - 1).after().to(span), ""));
    }
    // Behind a whole statement the second one began another, on the same line.
    let begins_late = case.token(case.first).is_some_and(|token| !token.first);
    let second = if begins_late { case.first } else { case.at };
    let first = second.checked_sub(1).filter(|first| begins_late || *first >= case.first)?;
    let is_twice = case.text(first) == case.text(second) && case.kind(first) == case.kind(second);
    if !is_twice || case.token(second).is_none_or(|token| token.first) {
        return None;
    }
    let span = case.span(second);
    let finding = slip(span, format!("{} stands here twice", case.described(second)))?;
    match case.kind(second)? {
        Kind::Symbol => Some(finding.fix("remove one", case.span(first).after().to(span), "")),
        Kind::Word | Kind::Number | Kind::Text => {
            Some(finding.help("remove one, or put what is missing between them: `,`, or an operator"))
        }
        _ => None,
    }
}

/// `for day todo`, `for day from todo`.
pub(super) fn loop_without_in(case: &Case<'_>) -> Option<Diagnostic> {
    let name = case.previous().filter(|_| case.tried.contains(&Rule::k_in))?;
    let is_loop = matches!(case.text(name.checked_sub(1)?), "for" | "each" | ",");
    if !is_loop || case.kind(name) != Some(Kind::Word) || case.at_new_line() {
        return None;
    }
    let (name, found) = (case.text(name), case.described(case.at));
    slip(case.span(case.at), format!("expected `in` after `{name}`, found {found}"))
        .map(|finding| finding.help(format!("a loop names what it walks behind `in`: `for {name} in list`")))
}

/// `[x use x in xs]`: another word for `for`.
pub(super) fn comprehension_word(case: &Case<'_>) -> Option<Diagnostic> {
    let is_list = case
        .innermost_open()
        .is_some_and(|open| matches!(case.kind(open), Some(Kind::Open(Bracket::Square | Bracket::Brace))));
    let is_word = case.kind(case.at) == Some(Kind::Word) && !matches!(case.text(case.at), "for" | "if" | "and" | "or");
    let walks = case.text(case.at + 2) == "in" || (case.text(case.at + 2) == "," && case.text(case.at + 4) == "in");
    if !is_list || !is_word || !walks || !case.after_expression() || case.kind(case.at + 1) != Some(Kind::Word) {
        return None;
    }
    let span = case.span(case.at);
    slip(span, "a comprehension walks a list by `for`").map(|finding| finding.fix("write `for`", span, "for"))
}

/// `extractor workflow {`.
pub(super) fn name_before_kind(case: &Case<'_>) -> Option<Diagnostic> {
    let (name, kind) = (case.text(case.first), case.text(case.first + 1));
    let is_kind = matches!(kind, "workflow" | "step" | "action" | "fn" | "type" | "calendar" | "param" | "use");
    if !is_kind || case.kind(case.first) != Some(Kind::Word) || RESERVED.contains(&name) {
        return None;
    }
    let span = case.span(case.first).to(case.span(case.first + 1));
    let written = format!("{kind} {name}");
    slip(span, format!("the name follows the word `{kind}`"))
        .map(|finding| finding.fix(format!("write `{written}`"), span, written))
}

/// `= 1` on a line of its own.
pub(super) fn line_of_operator(case: &Case<'_>) -> Option<Diagnostic> {
    let is_odd = matches!(case.text(case.at), "=" | ":" | "," | "." | "->" | "=>");
    if !is_odd || !case.at_new_line() || !matches!(*wanted(case.tried), [] | [Word::Operator]) {
        return None;
    }
    slip(case.span(case.at), format!("no line begins with `{}`", case.text(case.at)))
        .map(|finding| finding.help("write the name of a step before it, or join it to the line above"))
}

/// What helps where `wanted` was expected: a sign that is missing between two things, or a thing between two signs.
pub(in crate::syntax) fn help(case: &Case<'_>, wanted: &[Word]) -> Option<String> {
    let previous = case.previous()?;
    let has = |word: Word| wanted.contains(&word);
    let before = case.described(previous);
    let found = case.described(case.at);
    let help = match case.text(previous) {
        "-" if is_piece_of_a_date(case.text(case.at)) => DATES.to_owned(),
        before if is_piece_of_a_date(before) && is_number_or_colon(case) => DATES.to_owned(),
        "." => "write the name of a field after `.`, or remove it".to_owned(),
        "table" if has(Word::Exact("`<`")) => "the type of a table is written `table<{ name: text }>`".to_owned(),
        "[" if case.text(case.at) == "]" && follows_a_value(case, previous) => {
            "what is looked for stands between the brackets: `list[0]`, `map[\"key\"]`".to_owned()
        }
        _ if has(Word::Closer("`,`")) && begins_a_value(case) => {
            format!("put `,` between them, or an operator if {found} belongs to {before}")
        }
        _ if RESERVED.contains(&case.text(previous)) && has(Word::Exact("`:`")) => {
            format!("{before} is a word of the language: it is no value, and no name")
        }
        name if has(Word::Exact("`=`")) && !case.at_new_line() && case.text(case.at + 1) != "=" => {
            format!("a value gets its name by `=`: `{name} = …`")
        }
        _ if has(Word::Exact("`:`")) && begins_a_value(case) => "put `:` between them".to_owned(),
        _ if case.text(case.at) == "," && has(Word::Noun("a name")) => {
            "write a name before `,`, or remove the `,`".to_owned()
        }
        _ if case.text(case.at) == ":" && has(Word::Noun("an entry `name: value`")) => {
            "write the name of the entry before `:`".to_owned()
        }
        _ if case.text(case.at) == ":" && has(Word::Noun("an argument")) => {
            "write the name of the argument before `:`".to_owned()
        }
        _ if case.text(case.at) == "," && (has(Word::Noun("an argument")) || has(Word::Noun("an expression"))) => {
            "write a value before `,`, or remove the `,`".to_owned()
        }
        _ if has(Word::Noun("an argument")) && case.kind(case.at) == Some(Kind::Symbol) => {
            format!("write a value between {before} and {found}, or remove one of them")
        }
        _ if has(Word::Closer("`]`")) && follows_a_loop(case) => {
            "a comprehension ends here, or goes on with `if …` or another `for …`".to_owned()
        }
        _ if has(Word::Exact("`=`")) && case.text(case.at + 1) == "=" => "one name stands before `=`".to_owned(),
        _ if has(Word::Exact("`{`")) => "a block of statements stands between `{` and `}`".to_owned(),
        _ if has(Word::Exact("`else`")) => "a choice has three parts: `if c then a else b`".to_owned(),
        _ if has(Word::Noun("a type")) => {
            "write a type, such as `text`, `int`, `date`, `list<text>` or `{ name: text }`".to_owned()
        }
        _ if has(Word::Noun("an expression")) && !case.at_new_line() && case.kind(case.at).is_some() => {
            format!("write a value between {before} and {found}, or remove one of them")
        }
        _ if is_keyword(case) => format!("{found} is a word of the language: it is no value, and no name"),
        _ => return anything(case, wanted, &before, &found),
    };
    Some(help)
}

/// What helps wherever nothing better is known.
fn anything(case: &Case<'_>, wanted: &[Word], before: &str, found: &str) -> Option<String> {
    let wanted = sentence(wanted)?;
    Some(if case.kind(case.at).is_none() {
        format!("write {wanted} behind {before}")
    } else if case.at_new_line() {
        format!("write {wanted} behind {before}, or join the line with the next")
    } else {
        format!("write {wanted} between {before} and {found}, or remove one of them")
    })
}

fn is_keyword(case: &Case<'_>) -> bool {
    case.kind(case.at) == Some(Kind::Word) && RESERVED.contains(&case.text(case.at)) && !case.at_new_line()
}

const DATES: &str = "a day is written `2025-01-09`, a moment `2025-01-09T07:00Z`";

/// Whether what did not fit could belong to a moment before it.
fn is_number_or_colon(case: &Case<'_>) -> bool {
    case.text(case.at) == ":" || case.kind(case.at) == Some(Kind::Number)
}

/// Whether what did not fit stands in a comprehension, behind what it walks.
fn follows_a_loop(case: &Case<'_>) -> bool {
    let open = case.innermost_open().unwrap_or(case.at);
    case.after_expression() && (open..case.at).any(|index| case.text(index) == "for")
}

/// `09T00:00Z`, `01`: what is left of a day when a sign is missing in it.
fn is_piece_of_a_date(text: &str) -> bool {
    let is_number = text.starts_with(|first: char| first.is_ascii_digit());
    is_number && (text.contains('T') || (text.len() > 1 && text.starts_with('0')))
}

/// Whether a bracket stands right behind something: `xs[`.
fn follows_a_value(case: &Case<'_>, bracket: usize) -> bool {
    let before = bracket.checked_sub(1).filter(|before| *before >= case.first).and_then(|before| case.token(before));
    before.zip(case.token(bracket)).is_some_and(|(before, bracket)| before.end == bracket.start)
}

/// Whether what did not fit could be the beginning of a value.
fn begins_a_value(case: &Case<'_>) -> bool {
    let text = case.text(case.at);
    match case.kind(case.at) {
        Some(Kind::Word) => !RESERVED.contains(&text) || matches!(text, "if" | "not" | "true" | "false" | "none"),
        Some(Kind::Number | Kind::Text | Kind::Query | Kind::Open(_)) => true,
        _ => false,
    }
}
