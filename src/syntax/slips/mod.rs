//! The slips of people who come from other languages, or from the last line they wrote: each with
//! what it is called here, and with a fix where the fix is certain.

mod borrowed;
mod choices;
mod forms;
mod gaps;
mod shapes;
mod signs;
mod types;
mod values;

use super::build::Reader;
use super::parser::Rule;
use super::recover::Case;
use super::scan::{Bracket, Habit, HabitKind, Kind, requoted, three_quotes};
use crate::diagnostic::{Diagnostic, closest, codes};
use crate::source::{Source, Span};

pub(super) use gaps::help;

/// The keywords, none of which can be a name.
pub(super) const RESERVED: [&str; 45] = [
    "workflow",
    "test",
    "import",
    "type",
    "calendar",
    "fn",
    "step",
    "action",
    "use",
    "param",
    "output",
    "defaults",
    "set",
    "given",
    "do",
    "transaction",
    "for",
    "each",
    "in",
    "parallel",
    "when",
    "if",
    "then",
    "else",
    "and",
    "or",
    "not",
    "true",
    "false",
    "none",
    "require",
    "expect",
    "yield",
    "on",
    "failure",
    "failed",
    "finally",
    "with",
    "as",
    "through",
    "until",
    "match",
    "let",
    "module",
    "async",
];

/// The finding for a habit that was read past.
pub(super) fn habit(reader: &Reader<'_>, habit: &Habit) -> Diagnostic {
    let span = reader.span_of(habit.span.clone());
    let written = reader.source_text().get(habit.span.clone()).unwrap_or("");
    let finding = |message: &str| Diagnostic::new(&codes::VF001, span, message);
    match habit.kind {
        HabitKind::SlashComment if divides(reader.source_text(), habit) => {
            finding("`//` divides nothing here, nor does it begin a comment").help(WHOLE_PART)
        }
        HabitKind::SlashComment => finding("comments begin with `#`, not `//`").fix("write `#`", span.slice(0, 2), "#"),
        HabitKind::DashComment => finding("comments begin with `#`, not `--`").fix("write `#`", span.slice(0, 2), "#"),
        HabitKind::BlockComment => {
            finding("comments begin with `#` and end with their line").help("begin each line with `#`")
        }
        HabitKind::Semicolon => finding(NEEDLESS).fix("remove `;`", span, ""),
        HabitKind::SemicolonForComma => finding("parts are separated by `,`, not by `;`").fix("write `,`", span, ","),
        HabitKind::Quotes => {
            let fixed = requoted(written);
            let is_interpolated = reader.source_text().get(..habit.span.start).is_some_and(|text| text.ends_with('f'));
            let tag = if is_interpolated { "f" } else { "" };
            finding("texts stand in double quotes").fix(format!("write `{tag}{fixed}`"), span, fixed)
        }
        HabitKind::ThreeQuotes => finding("long texts stand in three double quotes").fix(
            "write `\"\"\"` at both ends",
            span,
            three_quotes(written),
        ),
        HabitKind::Division => finding("there is no operator `//`").help(WHOLE_PART),
        HabitKind::And => finding("`&&` is written `and`").fix("write `and`", span, "and"),
        HabitKind::Or => signs::joined_texts(reader, reader.scan().index_at(habit.span.start))
            .unwrap_or_else(|| finding("`||` is written `or`").fix("write `or`", span, "or")),
        HabitKind::Space => finding("this is a no-break space, not a space").fix("write a space", span, " "),
    }
}

/// What helps whoever divides by `//`.
const WHOLE_PART: &str = "write `floor(a / b)` for the whole part of a division; comments begin with `#`";

/// What is said of a `;` that ends a statement.
const NEEDLESS: &str = "statements need no `;`";

/// A `;` behind which nothing can go on stands in the middle of something: one finding, at the `;`.
pub(super) fn semicolons_in_the_middle(source: &Source, findings: &mut Vec<Diagnostic>) {
    let mut middle: Option<Span> = None;
    for at in (0..findings.len()).rev() {
        let Some(finding) = findings.get_mut(at) else { continue };
        let Some(span) = finding.span() else { continue };
        let is_before = |next: &Span| source.slice(Span { start: span.end, end: next.start, ..span }).trim().is_empty();
        if finding.message != NEEDLESS {
            middle = Some(span).filter(|_| finding.code == &codes::VF001);
        } else if middle.take().is_some_and(|next| {
            next.start >= span.end && source.line(next.start) == source.line(span.start) && is_before(&next)
        }) {
            *finding = Diagnostic::new(&codes::VF001, span, "`;` stands in the middle of this")
                .help("write what belongs there: `,` between parts, an operator between values");
            findings.remove(at + 1);
        }
    }
}

/// Whether `// 2` stands behind something, and is one word or number: then it is hardly a comment.
fn divides(text: &str, habit: &Habit) -> bool {
    let before = text.get(..habit.span.start).and_then(|text| text.lines().next_back()).unwrap_or_default();
    let divisor = text.get(habit.span.clone()).unwrap_or_default().trim_start_matches('/').trim();
    let is_one = divisor.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'));
    let is_after_value = before.trim_end().ends_with(|c: char| c.is_alphanumeric() || matches!(c, ')' | ']' | '_'));
    is_after_value && is_one && !divisor.is_empty()
}

/// In the order in which they are looked for: the first one that fits is told.
const SLIPS: [fn(&Case<'_>) -> Option<Diagnostic>; 89] = [
    other_alphabet,
    forms::import,
    types::without_equals,
    types::in_brackets,
    types::optional_union,
    types::list,
    types::optional_name,
    types::of_nothing,
    shapes::bare_path,
    shapes::pair_in_parentheses,
    shapes::comma_of_loops,
    choices::sql_case,
    choices::switch,
    choices::further,
    choices::when_for_if,
    choices::without_then,
    shapes::slice,
    shapes::colon_for_block,
    shapes::given_by_colon,
    shapes::bare_set_or_test,
    shapes::params_of_test,
    forms::dashed_name,
    forms::comparison,
    forms::message_behind_comma,
    documentation,
    table_row,
    borrowed::sigil,
    borrowed::backtick,
    borrowed::long_text,
    borrowed::comma_in_number,
    borrowed::power,
    borrowed::percent,
    borrowed::pipe,
    borrowed::lambda,
    borrowed::type_first,
    borrowed::half_declaration,
    borrowed::spelt_operator,
    forms::is_comparison,
    gaps::capitals,
    borrowed::sql_operator,
    borrowed::bare_sql,
    borrowed::waiting,
    borrowed::call_without_parentheses,
    values::conversion,
    values::self_documenting,
    values::dots,
    values::generator,
    values::tuple,
    values::set,
    values::assigned_part,
    signs::named_argument,
    signs::name_behind_do,
    signs::single_equals,
    signs::double_equals,
    signs::exclamation,
    forms::untyped_parameter,
    forms::colon_for_equals,
    signs::unspaced_boolean,
    signs::arrow,
    signs::question_mark,
    signs::space_before_unit,
    signs::short_time,
    signs::untagged_quotes,
    declaration,
    gaps::twice,
    forms::block_of_function,
    forms::equals_before_block,
    forms::inner_do,
    forms::nameless_calendar,
    reserved_name,
    else_if,
    forms::loop_of,
    gaps::loop_without_in,
    gaps::comprehension_word,
    loop_head,
    forms::recovery,
    forms::lone_with,
    forms::bare_with,
    borrowed::bare_setting,
    choices::shifted_if,
    choices::missing_else,
    foreign_statement,
    gaps::line_of_operator,
    misplaced,
    forms::lone_call,
    shifted_assignment,
    misspelt,
    gaps::name_before_kind,
    leftover,
];

/// The finding for a slip, if it is one of those known.
pub(super) fn recognised(case: &Case<'_>) -> Option<Diagnostic> {
    SLIPS.iter().find_map(|slip| slip(case))
}

#[expect(clippy::unnecessary_wraps, reason = "each slip is an option")]
fn slip(span: Span, message: impl Into<String>) -> Option<Diagnostic> {
    Some(Diagnostic::new(&codes::VF001, span, message))
}

/// Names in other alphabets.
fn other_alphabet(case: &Case<'_>) -> Option<Diagnostic> {
    let word = [Some(case.at), case.previous()]
        .into_iter()
        .flatten()
        .find(|index| case.kind(*index) == Some(Kind::Word) && !case.text(*index).is_ascii())?;
    let message = format!("`{}` has letters that no name can have", case.text(word));
    slip(case.span(word), message).map(|finding| finding.help("names are made of a–z, A–Z, 0–9 and `_`"))
}

/// `##` in the middle of a statement.
fn documentation(case: &Case<'_>) -> Option<Diagnostic> {
    if case.kind(case.at) != Some(Kind::Doc) {
        return None;
    }
    let span = case.span(case.at).slice(0, 2);
    slip(span, "`##` documents an item that follows; none does here").map(|finding| finding.fix("write `#`", span, "#"))
}

/// A row of a pipe table that is not closed, or holds more than literals and names.
fn table_row(case: &Case<'_>) -> Option<Diagnostic> {
    let open = case.innermost_open().filter(|open| case.text(open.saturating_sub(1)) == "table")?;
    if case.kind(open) != Some(Kind::Open(Bracket::Brace)) {
        return None;
    }
    slip(case.span(case.at), format!("{} does not fit into a row of a table", case.described(case.at)))
        .map(|finding| finding.help("a row is one line, `| a | b |`, of literals and names, with `|` at both ends"))
}

/// `let x = 1`, `var x = 1`, `def f(…)`.
fn declaration(case: &Case<'_>) -> Option<Diagnostic> {
    let word = case.text(case.first);
    let span = case.span(case.first);
    let named = case.kind(case.first + 1) == Some(Kind::Word);
    match word {
        "let" | "var" | "const" | "val" | "local" | "auto" if named => {
            let gap = span.to(case.span(case.first + 1).before());
            slip(span, format!("a step needs no `{word}`"))
                .map(|finding| finding.fix(format!("remove `{word}`"), gap, ""))
        }
        "def" | "function" | "func" | "fun" | "proc" if named && case.text(case.first + 2) == "(" => {
            slip(span, format!("there is no `{word}`")).map(|finding| {
                finding
                    .help("write `fn` for one expression, `step` for a block that reads, `action` for one that writes")
            })
        }
        _ => None,
    }
}

/// A keyword where a name is wanted.
fn reserved_name(case: &Case<'_>) -> Option<Diagnostic> {
    let begins = RESERVED.contains(&case.text(case.first))
        && matches!(case.text(case.first + 1), "=" | ":")
        && case.at <= case.first + 1;
    let wanted =
        case.tried.iter().any(|rule| matches!(rule, Rule::ident | Rule::pattern | Rule::param_sig | Rule::path));
    let keyword = if begins {
        case.first
    } else if wanted && !case.at_new_line() && RESERVED.contains(&case.text(case.at)) {
        case.at
    } else {
        return None;
    };
    let word = case.text(keyword);
    slip(case.span(keyword), format!("`{word}` is a reserved word and cannot be a name"))
        .map(|finding| finding.help(format!("choose another name, such as `{word}_`")))
}

/// `elif`, `else if`.
fn else_if(case: &Case<'_>) -> Option<Diagnostic> {
    let first = case.text(case.first);
    if matches!(first, "elif" | "elsif" | "elseif") {
        let span = case.span(case.first);
        return slip(span, format!("`{first}` is written `else when`"))
            .map(|finding| finding.fix("write `else when`", span, "else when"));
    }
    let previous = case.previous()?;
    if case.text(case.at) != "if" || case.text(previous) != "else" {
        return None;
    }
    let span = case.span(case.at);
    slip(span, "a further branch is written `else when`").map(|finding| finding.fix("write `when`", span, "when"))
}

/// `for x in xs {`, `foreach x in xs {`, and `for each` in a comprehension.
fn loop_head(case: &Case<'_>) -> Option<Diagnostic> {
    let first = case.text(case.first);
    if first == "foreach" {
        let span = case.span(case.first);
        return slip(span, "`foreach` is written `for each`")
            .map(|finding| finding.fix("write `for each`", span, "for each"));
    }
    let previous = case.previous().filter(|previous| case.text(*previous) == "for")?;
    let span = case.span(case.at);
    if case.text(case.at) == "each" {
        let gap = case.span(previous).after().to(span);
        return slip(span, "a comprehension has `for` alone; `for each` is a loop with a block")
            .map(|finding| finding.fix("remove `each`", gap, ""));
    }
    case.tried.contains(&Rule::k_each).then_some(())?;
    let names_follow = case.kind(case.at + 1) == Some(Kind::Word) && case.text(case.at + 1) != "in";
    if names_follow && closest(case.text(case.at), ["each"]).is_some() {
        let message = format!("`{}` is no keyword; did you mean `each`?", case.text(case.at));
        return slip(span, message).map(|finding| finding.fix("write `each`", span, "each"));
    }
    slip(case.span(previous), "a loop begins with `for each`")
        .map(|finding| finding.fix("write `for each`", case.span(previous), "for each"))
}

/// Statements of other languages.
fn foreign_statement(case: &Case<'_>) -> Option<Diagnostic> {
    let word = case.text(case.first);
    let span = case.span(case.first);
    if !matches!(case.rule, Rule::one_part | Rule::one_statement | Rule::one_test_part)
        || matches!(case.text(case.first + 1), "=" | "." | ":")
    {
        return None;
    }
    match word {
        "if" | "unless" | "switch" => {
            slip(span, format!("a branch begins with `when`, not with `{word}`")).map(|finding| {
                if word == "if" {
                    finding.fix("write `when`", span, "when")
                } else {
                    finding.help("write `when c { … } else { … }`")
                }
            })
        }
        "while" | "loop" | "repeat" => slip(span, format!("there is no `{word}`: every workflow ends"))
            .map(|finding| finding.help("walk a list, `for each x in xs { … }`")),
        "return" => {
            slip(span, "a block gives its value by `yield`").map(|finding| finding.fix("write `yield`", span, "yield"))
        }
        "try" | "catch" | "except" | "throw" | "raise" => slip(span, format!("there is no `{word}`")).map(|finding| {
            finding.help(
                "put `on failure use …`, `on failure skip` or `on failure { … }` after the step; `require` fails one",
            )
        }),
        "assert" if case.rule == Rule::one_test_part => slip(span, "a test states a condition by `expect`")
            .map(|finding| finding.fix("write `expect`", span, "expect")),
        "assert" => slip(span, "a condition is stated by `require`, or by `expect` to warn only")
            .map(|finding| finding.fix("write `require`", span, "require")),
        _ => None,
    }
}

/// Items of a workflow outside of one, top-level items inside of one.
fn misplaced(case: &Case<'_>) -> Option<Diagnostic> {
    let word = case.text(case.first);
    let span = case.span(case.first);
    let next = case.text(case.first + 1);
    if case.at > case.first + 1 {
        return None;
    }
    let top = matches!(word, "import" | "type" | "fn" | "step" | "action" | "workflow" | "test");
    let inner = matches!(
        word,
        "use"
            | "param"
            | "output"
            | "defaults"
            | "failed"
            | "finally"
            | "do"
            | "for"
            | "when"
            | "require"
            | "expect"
            | "yield"
            | "given"
            | "set"
            | "with"
    );
    match case.rule {
        Rule::one_item if inner || (case.kind(case.first) == Some(Kind::Word) && matches!(next, "=")) => {
            slip(span, format!("`{word}` stands outside of any workflow"))
                .map(|finding| finding.help("move it between the braces of a `workflow`, `step` or `action`"))
        }
        Rule::one_part | Rule::one_statement | Rule::one_test_part if top => {
            slip(span, format!("`{word}` belongs at the top level of the file"))
                .map(|finding| finding.help("move it out of the braces"))
        }
        Rule::one_statement | Rule::one_test_part
            if matches!(word, "use" | "param" | "output" | "defaults" | "failed" | "finally" | "calendar") =>
        {
            slip(span, format!("`{word}` belongs directly in a workflow"))
                .map(|finding| finding.help("move it out of this block"))
        }
        Rule::one_part | Rule::one_statement if matches!(word, "given" | "set") => {
            slip(span, format!("`{word}` belongs in a `test`"))
        }
        _ => None,
    }
}

/// `x += 1`.
fn shifted_assignment(case: &Case<'_>) -> Option<Diagnostic> {
    let next = case.token(case.at + 1)?;
    let operator = matches!(case.text(case.at), "+" | "-" | "*" | "/" | "%") && case.text(case.at + 1) == "=";
    if !operator || case.token(case.at)?.end != next.start {
        return None;
    }
    slip(case.span(case.at).to(case.span(case.at + 1)), "a name keeps its value")
        .map(|finding| finding.help("give the new value a name of its own, or add up with `sum([… for x in xs])`"))
}

/// A word that is nearly the one that was wanted.
fn misspelt(case: &Case<'_>) -> Option<Diagnostic> {
    const AFTER_STATEMENT: [&str; 9] = ["with", "on", "and", "or", "not", "in", "as", "through", "until"];
    const BEGINNING: [&str; 18] = [
        "workflow",
        "test",
        "import",
        "type",
        "calendar",
        "step",
        "action",
        "use",
        "param",
        "output",
        "defaults",
        "when",
        "require",
        "expect",
        "yield",
        "failed",
        "finally",
        "transaction",
    ];
    let continues = case.token(case.first).is_some_and(|token| !token.first);
    let (index, wanted): (usize, Vec<&str>) =
        if case.kind(case.at) == Some(Kind::Word) && !case.at_new_line() && case.at > case.first + 1 {
            (case.at, case.tried.iter().flat_map(|rule| exact(*rule)).collect())
        } else if !stops_early(case) {
            return None;
        } else if continues {
            (case.first, AFTER_STATEMENT.to_vec())
        } else {
            (case.first, BEGINNING.to_vec())
        };
    let word = case.text(index);
    let near = closest(word, wanted)
        .filter(|_| case.kind(index) == Some(Kind::Word) && word.len() > 2 && !RESERVED.contains(&word))?;
    let span = case.span(index);
    slip(span, format!("`{word}` is no keyword; did you mean `{near}`?"))
        .map(|finding| finding.fix(format!("write `{near}`"), span, near))
}

/// The words that a rule stands for.
fn exact(rule: Rule) -> Vec<&'static str> {
    match super::words::word(rule) {
        super::words::Word::Exact(words) => words.split(['`', ' ', ',']).filter(|word| word.len() > 1).collect(),
        _ => Vec::new(),
    }
}

/// Whether the first word is at fault: nothing behind the second fitted, and it does not bind a name.
fn stops_early(case: &Case<'_>) -> bool {
    case.at <= case.first + 1 && !matches!(case.text(case.first + 1), "=" | ":" | "." | "(")
}

/// A word after a whole statement, on its line: `x = a b`.
fn leftover(case: &Case<'_>) -> Option<Diagnostic> {
    let begins = matches!(case.rule, Rule::one_part | Rule::one_statement | Rule::one_test_part | Rule::one_item);
    let token = case.token(case.first)?;
    if !begins
        || !stops_early(case)
        || token.first
        || token.kind != Kind::Word
        || matches!(case.text(case.first.checked_sub(1)?), "{" | "}")
    {
        return None;
    }
    let before = case.described(case.first - 1);
    slip(case.span(case.first), format!("`{}` cannot follow {before}", case.text(case.first))).map(|finding| {
        finding.help("an operator or a comma may be missing between them; the next statement goes on a line of its own")
    })
}
