//! Literals: what is written to the value it stands for, or why there is no such value.

use std::sync::Arc;

use pest::iterators::Pair;

use super::super::ast::{ExprKind, Literal, Tag, Tagged};
use super::super::parser::{Rule, apply};
use super::{Reader, quantities, times};
use crate::diagnostic::{Code, Diagnostic, codes};

type Node<'i> = Pair<'i, Rule>;

/// Why a literal is impossible, and what to go on with.
pub(super) struct Impossible<T> {
    /// What is wrong.
    pub(super) message: String,
    /// What to do.
    pub(super) help: Option<String>,
    /// What to write instead, where that is certain.
    pub(super) instead: Option<String>,
    /// The part at fault, as bytes of the literal; empty for all of it.
    pub(super) part: std::ops::Range<usize>,
    /// A value of the kind that was meant.
    pub(super) stand_in: T,
}

impl<T> Impossible<T> {
    /// A literal that is wrong as a whole.
    pub(super) fn new(stand_in: T, message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None, instead: None, part: 0..0, stand_in }
    }

    /// Says what to do.
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Offers a literal instead.
    pub(super) fn instead(mut self, instead: impl Into<String>) -> Self {
        self.instead = Some(instead.into());
        self
    }

    /// The same about a value made of this one.
    pub(super) fn stand_in_with<U>(self, wrap: impl FnOnce(T) -> U) -> Impossible<U> {
        let Self { message, help, instead, part, stand_in } = self;
        Impossible { message, help, instead, part, stand_in: wrap(stand_in) }
    }

    /// Blames a part only.
    pub(super) fn part(mut self, part: std::ops::Range<usize>) -> Self {
        self.part = part;
        self
    }
}

/// What other languages call `none`, `true` and `false`.
pub(super) fn foreign_literal(name: &str) -> Option<&'static str> {
    match name {
        "null" | "nil" | "None" | "NULL" | "Null" | "undefined" => Some("none"),
        "True" | "TRUE" => Some("true"),
        "False" | "FALSE" => Some("false"),
        _ => None,
    }
}

impl Reader<'_> {
    /// Any literal but an interpolated text.
    pub(super) fn literal(&self, pair: &Node<'_>) -> Option<ExprKind> {
        let text = self.written(pair);
        let value = match pair.as_rule() {
            Rule::tagged => return self.tagged(pair).map(ExprKind::Tagged),
            Rule::string => Ok(Literal::Text(self.text_value(pair))),
            Rule::number | Rule::moment => numeral(text)?,
            Rule::boolean => Ok(Literal::Bool(text == "true")),
            Rule::none => Ok(Literal::None),
            _ => return None,
        };
        Some(ExprKind::Literal(value.unwrap_or_else(|impossible| self.impossible(pair, impossible))))
    }

    fn impossible(&self, pair: &Node<'_>, impossible: Impossible<Literal>) -> Literal {
        let whole = self.span(pair);
        let part = impossible.part;
        let span = if part.is_empty() { whole } else { whole.slice(part.start, part.end) };
        let mut finding = Diagnostic::new(&codes::VF003, span, impossible.message);
        finding.help = impossible.help;
        if let Some(instead) = impossible.instead {
            finding = finding.fix(format!("write `{instead}`"), whole, instead);
        }
        self.report(finding);
        impossible.stand_in
    }

    fn tagged(&self, pair: &Node<'_>) -> Option<Tagged> {
        let (tag, text) = self.written(pair).split_once("\"\"\"")?;
        let start = self.range(pair).start + tag.len() + 3;
        let text = text.strip_suffix("\"\"\"")?;
        let tag = match tag {
            "sql" => Tag::Sql,
            "promql" => Tag::Promql,
            "regex" => Tag::Regex,
            "python" => Tag::Python,
            _ => Tag::Shell,
        };
        let tagged = Tagged { tag, text: Arc::from(text), text_span: self.span_of(start..start + text.len()) };
        self.tagged.borrow_mut().push(tagged.clone());
        Some(tagged)
    }

    /// What stands between the quotes of a `string`, escapes resolved.
    pub(super) fn text_value(&self, pair: &Node<'_>) -> Arc<str> {
        // A text that stands instead of `'…'` may be followed by spaces.
        let written = self.written(pair).trim_end_matches(' ');
        let inner = written.get(1..written.len().saturating_sub(1)).unwrap_or("");
        self.unescaped(inner, self.range(pair).start + 1, false)
    }

    /// Resolves the escapes of a text that stands at `start`; between the holes of an `f"…"`, doubled
    /// braces as well.
    pub(super) fn unescaped(&self, written: &str, start: usize, interpolated: bool) -> Arc<str> {
        if !written.contains(['\\', '{', '}']) {
            return Arc::from(written);
        }
        let mut text = String::with_capacity(written.len());
        let mut rest = written;
        while let Some(next) = rest.chars().next() {
            let at = start + (written.len() - rest.len());
            let len = match next {
                '\\' => self.escape(rest, at, &mut text),
                '{' | '}' if interpolated => self.brace(rest, at, &mut text),
                _ => {
                    text.push(next);
                    next.len_utf8()
                }
            };
            rest = rest.get(len..).unwrap_or("");
        }
        Arc::from(text)
    }

    /// `{{` or `}}`, or a `}` that should have been doubled; gives what it took.
    fn brace(&self, rest: &str, at: usize, text: &mut String) -> usize {
        let brace = if rest.starts_with('{') { '{' } else { '}' };
        text.push(brace);
        if rest.starts_with("{{") || rest.starts_with("}}") {
            return 2;
        }
        let message = format!("a lone `{brace}` in a text with holes");
        let fix = format!("{brace}{brace}");
        self.report_text(&codes::VF001, at..at + 1, message, "double it: `}}` stands for `}`", Some(&fix));
        1
    }

    /// One escape sequence at the beginning of `rest`; gives what it took.
    fn escape(&self, rest: &str, at: usize, text: &mut String) -> usize {
        let Some(kind) = rest.chars().nth(1) else {
            return rest.len();
        };
        let plain = match kind {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            '"' | '\\' | '{' | '}' => kind,
            'u' => return self.code_point(rest, at, text),
            _ => {
                let message = format!("`\\{kind}` is no escape");
                let help = "write `\\\\` for a backslash; escapes are \\n \\t \\r \\\" \\\\ \\{ \\} \\u{…}";
                let fix = format!("\\\\{kind}");
                self.report_text(&codes::VF001, at..at + 1 + kind.len_utf8(), message, help, Some(&fix));
                kind
            }
        };
        text.push(plain);
        1 + kind.len_utf8()
    }

    /// `\u{20AC}`.
    fn code_point(&self, rest: &str, at: usize, text: &mut String) -> usize {
        let digits = rest.strip_prefix("\\u{").and_then(|digits| digits.find('}').and_then(|end| digits.get(..end)));
        let Some(digits) = digits.filter(|digits| digits.len() <= 6) else {
            self.report_text(
                &codes::VF001,
                at..at + 2,
                "`\\u` needs a code point in braces".to_owned(),
                "write `\\u{20AC}`",
                None,
            );
            return 2;
        };
        let len = digits.len() + 4;
        if let Some(character) = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32) {
            text.push(character);
        } else {
            let message = format!("`{digits}` is no Unicode code point");
            let help = "code points are hexadecimal, from 0 to 10FFFF";
            self.report_text(&codes::VF003, at..at + len, message, help, None);
        }
        len
    }

    fn report_text(
        &self,
        code: &'static Code,
        at: std::ops::Range<usize>,
        message: String,
        help: &str,
        fix: Option<&str>,
    ) {
        let span = self.span_of(at);
        let mut finding = Diagnostic::new(code, span, message).help(help);
        if let Some(fix) = fix {
            finding = finding.fix(format!("write `{fix}`"), span, fix);
        }
        self.report(finding);
    }
}

/// What begins with a digit. Nothing when the grammar does not know it.
fn numeral(text: &str) -> Option<Result<Literal, Impossible<Literal>>> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(number(text));
    }
    let pair = apply(Rule::numeral, text).ok()?.next()?.into_inner().next()?;
    Some(match pair.as_rule() {
        Rule::timestamp => times::literal(times::timestamp(text), Literal::Timestamp),
        Rule::date => times::literal(times::date(text), Literal::Date),
        Rule::time => times::literal(times::time(text), Literal::Time),
        Rule::quantity => quantities::quantity(text),
        Rule::plain => number(text),
        _ => Err(quantities::odd_number(text)),
    })
}

fn number(text: &str) -> Result<Literal, Impossible<Literal>> {
    let digits = text.replace('_', "");
    if digits.contains(['.', 'e', 'E']) {
        return match digits.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(Literal::Float(value)),
            _ => Err(Impossible::new(Literal::Float(0.0), format!("`{text}` is too large for a `float`"))),
        };
    }
    digits.parse().map(Literal::Int).map_err(|_| {
        Impossible::new(Literal::Int(0), format!("`{text}` is too large for an `int`"))
            .help(format!("the largest is {}; a float is written `1.5e20`", i64::MAX))
    })
}
