//! The grammar's front: text to pairs, and its complaints in the author's words.

// The derive makes a public enum of the rules; it stays in here.
mod grammar {
    #[derive(pest_derive::Parser)]
    #[grammar = "grammar/metricsql.pest"]
    pub(in crate::query::promql) struct Grammar;
}

pub(super) use grammar::{Grammar, Rule};

use pest::Parser;
use pest::error::InputLocation;
use pest::iterators::Pair;

use crate::diagnostic::{Diagnostic, codes};
use crate::source::Span;

/// The `query` pair.
pub(super) fn pairs(text: &str, span: Span) -> Result<Pair<'_, Rule>, Box<Diagnostic>> {
    let mut pairs = Grammar::parse(Rule::query, text).map_err(|error| complaint(text, span, &error))?;
    pairs.next().ok_or_else(|| Box::new(Diagnostic::new(&codes::VF501, span, "the query cannot be read")))
}

fn complaint(text: &str, span: Span, error: &pest::error::Error<Rule>) -> Box<Diagnostic> {
    let at = match error.location {
        InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
    };
    let rest = text.get(at..).unwrap_or("");
    if rest.is_empty() {
        let end = text.trim_end().len();
        let finding = Diagnostic::new(&codes::VF501, span.slice(end, end), "the query ends too early");
        return Box::new(finding.at("something is missing here"));
    }
    let token = token(rest);
    let place = span.slice(at, at + token.len());
    let finding = Diagnostic::new(&codes::VF501, place, format!("`{token}` cannot stand here"));
    if let Some(word) = labels_word(text, at).filter(|_| is_name(token)) {
        let (finding, written) =
            (finding.help(format!("labels stand in parentheses: `{word} ({token})`")), format!("({token})"));
        let is_list = rest.get(token.len()..).is_some_and(|behind| behind.trim_start().starts_with(','));
        return Box::new(if is_list { finding } else { finding.fix(format!("write `{written}`"), place, written) });
    }
    Box::new(match hint(text, at, token) {
        Some(help) => finding.help(help),
        None => finding,
    })
}

/// The word, number, text or sign that `rest` begins with.
fn token(rest: &str) -> &str {
    let first = rest.chars().next().unwrap_or(' ');
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '.' | '$');
    let end = match first {
        '"' | '\'' | '`' => rest.get(1..).and_then(|inside| inside.find(first)).map_or(rest.len(), |at| at + 2),
        c if word(c) => rest.find(|c| !word(c)).unwrap_or(rest.len()),
        '=' | '!' | '<' | '>' => rest.find(|c| !matches!(c, '=' | '!' | '<' | '>' | '~')).unwrap_or(rest.len()),
        c => c.len_utf8(),
    };
    rest.get(..end).unwrap_or(rest)
}

/// The word that stands right before `at` and takes labels in parentheses.
fn labels_word(text: &str, at: usize) -> Option<&'static str> {
    let before = text.get(..at).unwrap_or("").trim_end();
    let last = before.rsplit(|c: char| !is_word(c)).next().unwrap_or("");
    ["by", "without", "on", "ignoring"].into_iter().find(|word| last.eq_ignore_ascii_case(word))
}

/// Whether labels stand right before `at`, of an aggregate that has no arguments yet: `sum by (job)`.
fn follows_groups(before: &str) -> bool {
    let open = before.strip_suffix(')').and_then(|labels| labels.rfind('(').map(|open| (labels, open)));
    open.is_some_and(|(labels, open)| matches!(labels_word(labels, open), Some("by" | "without")))
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && token.chars().all(is_word)
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The common slips.
fn hint(text: &str, at: usize, token: &str) -> Option<&'static str> {
    let before = text.get(..at).unwrap_or("").trim_end();
    let in_braces = before.rfind('{') > before.rfind('}');
    let in_window = before.rfind('[') > before.rfind(']');
    Some(match token {
        "=" if !in_braces => "compare with `==`; label filters stand inside `{…}`",
        "=~" | "!~" if !in_braces => "label filters stand inside `{…}`",
        "=" | "==" if in_braces => "a label is compared with `=`, `!=`, `=~` or `!~`, and its value is quoted",
        "=>" | ">" if before.ends_with(['=', '<']) => "write `>=` or `!=`",
        "or" | "and" if in_braces => "label filters are joined with `,`",
        "by" | "without" | "limit" => "only an aggregate such as `sum(…)` takes this, once, before its offset",
        "keep_metric_names" => "it follows the call of a function directly: `f(…) keep_metric_names`",
        "group_left" | "group_right" | "on" | "ignoring" => "it follows an operator: `a * on (x) group_left b`",
        "bool" => "it follows a comparison directly: `a > bool b`",
        "[" => "a window stands once, directly after what it looks back on",
        _ if !in_braces && !in_window && follows_groups(before) => {
            "what an aggregate folds stands in parentheses: `sum by (job) (rate(m[5m]))`"
        }
        _ if before.ends_with(':') || token.starts_with(':') => "a hole in PromQL is written `$name`",
        _ if in_window => "a window is of a number and `ms`, `s`, `m`, `h`, `d`, `w`, `y` or `i`: `[1h30m]`",
        _ if in_braces => "label filters are `label=\"value\"`, joined with `,`",
        _ => return None,
    })
}
