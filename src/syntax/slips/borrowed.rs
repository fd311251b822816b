//! Words and signs borrowed from Python, JavaScript, SQL or a shell.

use super::{RESERVED, slip};
use crate::diagnostic::Diagnostic;
use crate::syntax::recover::Case;
use crate::syntax::scan::Kind;

/// The number of the word that did not fit: where the case went wrong, or the first one where that stands behind a
/// whole statement, on its line.
pub(super) fn odd_word(case: &Case<'_>) -> Option<usize> {
    let begins_late = case.token(case.first).is_some_and(|token| !token.first);
    let index = if begins_late { case.first } else { case.at };
    (case.kind(index) == Some(Kind::Word) && case.token(index).is_some_and(|token| !token.first)).then_some(index)
}

/// `$day`, `@day`.
pub(super) fn sigil(case: &Case<'_>) -> Option<Diagnostic> {
    let (sign, name) = (case.token(case.at)?, case.token(case.at + 1)?);
    let written = case.text(case.at);
    if !matches!(written, "$" | "@") || sign.end != name.start || case.kind(case.at + 1) != Some(Kind::Word) {
        return None;
    }
    let span = case.span(case.at);
    slip(span, format!("a name is written without `{written}`"))
        .map(|finding| finding.fix(format!("write `{}`", case.text(case.at + 1)), span, ""))
}

/// `` `day ${day}` ``.
pub(super) fn backtick(case: &Case<'_>) -> Option<Diagnostic> {
    if case.text(case.at) != "`" {
        return None;
    }
    slip(case.span(case.at), "texts stand in double quotes")
        .map(|finding| finding.help("write `\"…\"`, or `f\"… {x} …\"` to put a value in"))
}

/// `a mod b`, `a div b`.
pub(super) fn spelt_operator(case: &Case<'_>) -> Option<Diagnostic> {
    let index = odd_word(case)?;
    let written = case.text(index);
    let meant = match written {
        "mod" | "MOD" => "%",
        "div" | "DIV" => "/",
        _ => return None,
    };
    let span = case.span(index);
    slip(span, format!("`{written}` is written `{meant}`"))
        .map(|finding| finding.fix(format!("write `{meant}`"), span, meant))
}

/// `a between x and y`, `a like "x%"`.
pub(super) fn sql_operator(case: &Case<'_>) -> Option<Diagnostic> {
    let index = odd_word(case)?;
    let help = match case.text(index) {
        "between" | "BETWEEN" => "write `a >= x and a <= y` for `a between x and y`",
        "like" | "LIKE" | "ilike" | "ILIKE" => {
            "write `starts_with(a, \"x\")` or `contains(a, \"x\")`, or `matches(a, regex\"\"\"x.*\"\"\")`"
        }
        _ => return None,
    };
    slip(case.span(index), format!("`{}` is an operator of SQL alone", case.text(index)))
        .map(|finding| finding.help(help))
}

/// `select a from t` without quotes.
pub(super) fn bare_sql(case: &Case<'_>) -> Option<Diagnostic> {
    let index = odd_word(case)?;
    let verb = index.checked_sub(1)?;
    let is_verb =
        ["select", "insert", "update", "delete"].iter().any(|known| known.eq_ignore_ascii_case(case.text(verb)));
    if !is_verb || case.kind(verb) != Some(Kind::Word) {
        return None;
    }
    slip(case.span(verb), "SQL is a literal, and given to a connection")
        .map(|finding| finding.help(format!("write `db.query(sql\"\"\"{} …\"\"\")`", case.text(verb))))
}

/// `await db.query(…)`.
pub(super) fn waiting(case: &Case<'_>) -> Option<Diagnostic> {
    let index = odd_word(case)?;
    let word = index.checked_sub(1).filter(|word| matches!(case.text(*word), "await" | "new"))?;
    let span = case.span(word);
    let message = if case.text(word) == "await" {
        "every step waits for what it needs"
    } else {
        "values are made without a word"
    };
    let gap = span.to(case.span(index).before());
    slip(span, message).map(|finding| finding.fix(format!("remove `{}`", case.text(word)), gap, ""))
}

/// `… retry 3`, `… timeout 5s`.
pub(super) fn bare_setting(case: &Case<'_>) -> Option<Diagnostic> {
    let index = odd_word(case)?;
    let setting = case.text(index);
    if !matches!(setting, "retry" | "timeout" | "backoff" | "rate" | "cache" | "retries") {
        return None;
    }
    let setting = if setting == "retries" { "retry" } else { setting };
    slip(case.span(index), "how a step runs stands in `with { … }`")
        .map(|finding| finding.help(format!("write `with {{ {setting}: … }}`")))
}

/// `x = db.query sql"""…"""`.
pub(super) fn call_without_parentheses(case: &Case<'_>) -> Option<Diagnostic> {
    let is_literal = matches!(case.kind(case.first), Some(Kind::Query | Kind::Text));
    let callee = case.first.checked_sub(1).filter(|callee| case.kind(*callee) == Some(Kind::Word))?;
    if !is_literal || case.token(case.first)?.first || RESERVED.contains(&case.text(callee)) {
        return None;
    }
    slip(case.span(callee), "the arguments of a call stand in parentheses")
        .map(|finding| finding.help(format!("write `{}(…)`", case.text(callee))))
}

/// `1,000`, `1,5`.
pub(super) fn comma_in_number(case: &Case<'_>) -> Option<Diagnostic> {
    let before = case.previous()?;
    let (whole, comma, rest) = (case.token(before)?, case.token(case.at)?, case.token(case.at + 1)?);
    let is_digits = |index: usize| {
        case.kind(index) == Some(Kind::Number) && case.text(index).bytes().all(|byte| byte.is_ascii_digit())
    };
    let is_joined = whole.end == comma.start && comma.end == rest.start;
    if case.text(case.at) != "," || !is_joined || !is_digits(before) || !is_digits(case.at + 1) {
        return None;
    }
    let (message, sign) = match rest.end - rest.start {
        3 => ("digits are grouped by `_`", "_"),
        _ => ("a fraction follows a dot", "."),
    };
    let written = format!("{}{sign}{}", case.text(before), case.text(case.at + 1));
    let span = case.span(case.at);
    slip(span, message).map(|finding| finding.fix(format!("write `{written}`"), span, sign))
}

/// `5%`.
pub(super) fn percent(case: &Case<'_>) -> Option<Diagnostic> {
    let sign = case.previous().filter(|sign| case.text(*sign) == "%")?;
    let number = sign.checked_sub(1).filter(|number| case.kind(*number) == Some(Kind::Number))?;
    if case.token(number)?.end != case.token(sign)?.start {
        return None;
    }
    slip(case.span(number).to(case.span(sign)), "a share is a number")
        .map(|finding| finding.help("write `0.05` for 5 per cent; `a % b` is what is left of a division"))
}

/// `a ** b`.
pub(super) fn power(case: &Case<'_>) -> Option<Diagnostic> {
    if case.text(case.at) != "**" {
        return None;
    }
    slip(case.span(case.at), "there is no operator `**`").map(|finding| finding.help("write `x * x` for `x ** 2`"))
}

/// `xs | sum`, `xs |> sum`, `{ a: 1 } | { b: 2 }`.
pub(super) fn pipe(case: &Case<'_>) -> Option<Diagnostic> {
    if !matches!(case.text(case.at), "|" | "|>") || !case.after_expression() {
        return None;
    }
    let span = case.span(case.at);
    let is_merge = case.previous().is_some_and(|previous| case.text(previous) == "}") && case.text(case.at + 1) == "{";
    if is_merge {
        return slip(span, "records and maps are put together by `+`")
            .map(|finding| finding.fix("write `+`", span, "+"));
    }
    slip(span, "a value is given to a function in parentheses")
        .map(|finding| finding.help("write `sum(xs)` for `xs | sum`"))
}

/// `lambda r: r.day`.
pub(super) fn lambda(case: &Case<'_>) -> Option<Diagnostic> {
    let word = [Some(case.at), case.previous()].into_iter().flatten().find(|index| case.text(*index) == "lambda")?;
    slip(case.span(word), "there are no functions without a name")
        .map(|finding| finding.help("write a comprehension, `[f(x) for x in xs if p(x)]`, or a `fn` with a name"))
}

/// `int x = 1`.
pub(super) fn type_first(case: &Case<'_>) -> Option<Diagnostic> {
    let ty = case.text(case.first);
    let is_type = matches!(
        ty,
        "int" | "float" | "decimal" | "text" | "bool" | "date" | "time" | "timestamp" | "duration" | "period" | "json"
    );
    let is_shape = case.at == case.first + 1 && case.kind(case.at) == Some(Kind::Word) && case.text(case.at + 1) == "=";
    if !is_type || !is_shape {
        return None;
    }
    let written = format!("{}: {ty}", case.text(case.at));
    let span = case.span(case.first).to(case.span(case.at));
    slip(span, "a type follows the name").map(|finding| finding.fix(format!("write `{written}`"), span, written))
}

/// `use sql`, `use x = sql`, `output x`, `output x: 1`.
pub(super) fn half_declaration(case: &Case<'_>) -> Option<Diagnostic> {
    let name = case.text(case.first + 1);
    if case.at != case.first + 2 || case.kind(case.first + 1) != Some(Kind::Word) {
        return None;
    }
    let span = case.span(case.at);
    match (case.text(case.first), case.text(case.at)) {
        ("use", "=") => slip(span, "the kind of a connection follows `:`")
            .map(|finding| finding.fix("write `:`", case.span(case.first + 1).after().to(span), ":")),
        ("use", _) if case.at_new_line() && matches!(name, "sql" | "metrics" | "http" | "files") => {
            slip(case.span(case.first + 1), "a connection has a name, and then its kind")
                .map(|finding| finding.help(format!("write `use name: {name}`, with its name in the configuration")))
        }
        ("output", ":") => slip(span, "the value of an output follows `=`")
            .map(|finding| finding.fix("write `=`", case.span(case.first + 1).after().to(span), " =")),
        ("output", _) if case.at_new_line() => {
            let end = case.span(case.first + 1).after();
            slip(case.span(case.first + 1), "an output has a name and a value")
                .map(|finding| finding.fix(format!("write `output {name} = {name}`"), end, format!(" = {name}")))
        }
        _ => None,
    }
}

/// `f"""…"""`.
pub(super) fn long_text(case: &Case<'_>) -> Option<Diagnostic> {
    let end = case.previous()?;
    let begin = end.checked_sub(1)?;
    let is_joined = case.token(end)?.end == case.token(case.at)?.start;
    if !is_joined || case.text(begin) != "f\"" || case.text(end) != "\"" || case.kind(case.at) != Some(Kind::Text) {
        return None;
    }
    slip(case.span(begin).to(case.span(end)).to(case.span(case.at).slice(0, 1)), "a text with holes stands in one pair of quotes, on one line")
        .map(|finding| finding.help("write `f\"…\"`, with `\\n` for a new line; SQL takes values as parameters: `sql\"\"\"… where day = :day\"\"\"`"))
}
