//! Templates: a query with holes, and the text it becomes with values in them.

use std::fmt::Write;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::ast::{MatchSign, Node};
use super::{LONGEST_QUERY, literal, pattern};
use crate::source::{Span, plain_lines};
use crate::value::{ErrorKind, Sequence, StepError, Type, Value};

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Piece {
    /// Text as written.
    Text(Arc<str>),
    /// The hole with this number.
    Hole(usize),
}

/// Where a hole stands, which decides what fits and how it is written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum HolePosition {
    /// `{label=$x}`.
    LabelValue {
        /// The label.
        label: Arc<str>,
        /// The comparison.
        sign: MatchSign,
        /// Where the comparison stands.
        sign_span: Span,
    },
    /// `[$x]`, `offset $x`; only an offset may be negative, and only without a `-` before it.
    Duration {
        /// Whether a negative duration fits.
        signed: bool,
    },
    /// `@ $x`.
    Instant,
    /// Anywhere else.
    Number,
    /// Where none may stand, which a finding says.
    Nowhere,
}

/// A `$name.field` in a template.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PromqlHole {
    /// `["row", "source"]` for `$row.source`.
    pub path: Vec<Arc<str>>,
    /// Where the path stands, without the dollar.
    pub span: Span,
    /// Where it stands in the query.
    pub position: HolePosition,
}

/// A PromQL literal, read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PromqlTemplate {
    /// Text and holes, in order.
    pub pieces: Vec<Piece>,
    /// The holes, in order of appearance; a name used twice is two holes.
    pub holes: Vec<PromqlHole>,
    /// The text as written.
    pub text: Arc<str>,
    /// Where the text stands.
    pub span: Span,
    tree: Tree,
}

/// What the text means; `None` when it does not parse. It follows from the text, so it takes no part in comparisons.
#[derive(Debug, Clone, Default)]
struct Tree(Option<Arc<Node>>);

impl PartialEq for Tree {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Tree {}

impl Hash for Tree {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl PromqlTemplate {
    pub(super) fn new(text: &str, span: Span, holes: Vec<PromqlHole>, node: Option<Node>) -> Self {
        let mut pieces = Vec::with_capacity(2 * holes.len() + 1);
        let mut from = 0;
        let place = |at: u32| (at.saturating_sub(span.start)) as usize;
        for (index, hole) in holes.iter().enumerate() {
            // The dollar is not part of the span.
            let before = text.get(from..place(hole.span.start).saturating_sub(1)).unwrap_or("");
            pieces.extend((!before.is_empty()).then(|| Piece::Text(plain_lines(before).into())));
            pieces.push(Piece::Hole(index));
            from = place(hole.span.end);
        }
        let rest = text.get(from..).unwrap_or("");
        pieces.extend((!rest.is_empty()).then(|| Piece::Text(plain_lines(rest).into())));
        Self { pieces, holes, text: text.into(), span, tree: Tree(node.map(Arc::new)) }
    }

    /// What it means, whatever its dialect; `None` when it does not parse.
    pub fn tree(&self) -> Option<&Node> {
        self.tree.0.as_deref()
    }

    /// Whether it is a selector and nothing more, as an export wants. A query that does not parse passes
    /// here: it has a finding of its own.
    pub fn is_selector(&self) -> bool {
        self.tree().is_none_or(|node| node.matchers().is_some())
    }

    /// The query with a value for each hole, written as the hole's place wants it. Fails when a value
    /// does not fit, which the checker rules out unless its type is `any`, and when the query grows
    /// beyond what servers take.
    pub fn render(&self, values: &[Value]) -> Result<Arc<str>, StepError> {
        let mut text = String::with_capacity(self.text.len());
        for piece in &self.pieces {
            match piece {
                Piece::Text(part) => text.push_str(part),
                Piece::Hole(at) => {
                    let (Some(hole), Some(value)) = (self.holes.get(*at), values.get(*at)) else {
                        return Err(StepError::new(ErrorKind::Internal, "a hole of the query has no value"));
                    };
                    hole.write(value, &mut text)?;
                }
            }
        }
        if text.len() > LONGEST_QUERY {
            let message = format!("the query has {} bytes; servers take {LONGEST_QUERY}", text.len());
            return Err(StepError::new(ErrorKind::Query, message).help("match fewer label values at a time, in a loop"));
        }
        Ok(text.into())
    }
}

impl PromqlHole {
    /// Whether a value of this type may stand here; if not, what is wanted, in words.
    pub fn accepts(&self, ty: &Type) -> Result<(), String> {
        let (fits, wanted) = match &self.position {
            HolePosition::Nowhere => return Ok(()),
            _ if ty.is_unknown() => return Ok(()),
            HolePosition::LabelValue { label, sign, .. } => {
                let is_list = matches!(ty, Type::List(of) if of.is_text());
                let fits = ty.is_text() || (sign.is_regex() && (is_list || *ty == Type::Regex));
                (fits, self.wanted_label(ty, label, *sign))
            }
            HolePosition::Duration { .. } => {
                let fits = matches!(ty, Type::Duration | Type::Period | Type::Int);
                (fits, "a `duration`, a `period` of days, or an `int` of seconds".to_owned())
            }
            HolePosition::Instant => {
                let fits = matches!(ty, Type::Timestamp | Type::Int | Type::Float);
                (fits, "a `timestamp`, or seconds since 1970 as a number".to_owned())
            }
            HolePosition::Number => (matches!(ty, Type::Int | Type::Float), "an `int` or a `float`".to_owned()),
        };
        if fits { Ok(()) } else { Err(wanted) }
    }

    /// The comparison that would take a list or a pattern, and where it goes, when the one written takes one text.
    pub fn comparison_for(&self, ty: &Type) -> Option<(Span, &'static str)> {
        let HolePosition::LabelValue { sign, sign_span, .. } = &self.position else { return None };
        let has_several = matches!(ty, Type::List(of) if of.is_text()) || *ty == Type::Regex;
        has_several.then_some(match sign {
            MatchSign::Equal => (*sign_span, "=~"),
            MatchSign::NotEqual => (*sign_span, "!~"),
            MatchSign::Matches | MatchSign::NotMatches => return None,
        })
    }

    fn wanted_label(&self, ty: &Type, label: &str, sign: MatchSign) -> String {
        let name = self.path.join(".");
        let regex = if matches!(sign, MatchSign::Equal | MatchSign::Matches) { "=~" } else { "!~" };
        match ty {
            Type::List(of) if of.is_text() => format!("one `text`; for a list write `{label}{regex}${name}`"),
            Type::Regex => format!("one `text`; for a pattern write `{label}{regex}${name}`"),
            Type::Date | Type::Time | Type::Timestamp => {
                format!("a `text`; format it first: `f\"{{{name}:%Y-%m-%d}}\"`")
            }
            _ if sign.is_regex() => "a `text`, a `list<text>` or a `regex`".to_owned(),
            _ => "a `text`".to_owned(),
        }
    }

    fn write(&self, value: &Value, text: &mut String) -> Result<(), StepError> {
        let written = match &self.position {
            HolePosition::LabelValue { sign, .. } => label_value(value, *sign).map(|value| literal::quote(&value)),
            HolePosition::Duration { signed } => duration(value, *signed),
            HolePosition::Instant => instant(value),
            HolePosition::Number => number(value),
            HolePosition::Nowhere => None,
        };
        let written = written.ok_or_else(|| self.misfit(value))?;
        text.push_str(&written);
        Ok(())
    }

    fn misfit(&self, value: &Value) -> StepError {
        let name = self.path.join(".");
        let wanted = match &self.position {
            HolePosition::LabelValue { label, sign, .. } => self.wanted_label(&Type::None, label, *sign),
            HolePosition::Duration { signed: true } => "a duration of whole milliseconds or days".to_owned(),
            HolePosition::Duration { signed: false } => "a duration above zero".to_owned(),
            HolePosition::Instant => "a `timestamp` or a number".to_owned(),
            HolePosition::Number | HolePosition::Nowhere => "an `int` or a `float`".to_owned(),
        };
        let found = match value {
            Value::Secret(_) => "a secret".to_owned(),
            Value::Duration(_) | Value::Period(_) | Value::Int(_) => format!("`{value}`"),
            other => format!("a value of kind `{}`", other.kind()),
        };
        StepError::new(ErrorKind::Data, format!("`${name}` in the query is {found}; {wanted} is wanted"))
    }
}

fn label_value(value: &Value, sign: MatchSign) -> Option<String> {
    match value {
        Value::Text(text) if sign.is_regex() => Some(pattern::escape(text)),
        Value::Text(text) => Some(text.to_string()),
        Value::Regex(regex) if sign.is_regex() => Some(regex.to_string()),
        Value::List(_) | Value::Column(_) if sign.is_regex() => alternation(value),
        _ => None,
    }
}

fn alternation(list: &Value) -> Option<String> {
    let items = Sequence::of(list)?;
    if items.is_empty() {
        return Some(pattern::NOTHING.to_owned());
    }
    let mut text = String::new();
    for (at, item) in items.iter().enumerate() {
        let Value::Text(item) = item else { return None };
        text.push_str(if at == 0 { "" } else { "|" });
        text.push_str(&pattern::escape(&item));
    }
    Some(text)
}

fn duration(value: &Value, signed: bool) -> Option<String> {
    let (amount, unit) = match value {
        Value::Duration(ms) => (*ms, "ms"),
        Value::Period(period) if period.months == 0 => (i64::from(period.days), "d"),
        Value::Int(seconds) => (*seconds, "s"),
        _ => return None,
    };
    (signed || amount > 0).then(|| format!("{amount}{unit}"))
}

fn instant(value: &Value) -> Option<String> {
    match value {
        Value::Timestamp(at) => Some(literal::seconds(at.timestamp_millis())),
        Value::Int(_) | Value::Float(_) => number(value),
        _ => None,
    }
}

/// Negative numbers stand in parentheses, so that `2 ^ $n` and `-$n` mean what they say.
fn number(value: &Value) -> Option<String> {
    let mut text = String::new();
    let negative = match value {
        Value::Int(n) => {
            write!(text, "{n}").ok()?;
            *n < 0
        }
        Value::Float(x) if x.is_nan() => return Some("NaN".to_owned()),
        Value::Float(x) if x.is_infinite() => return Some(if *x > 0.0 { "Inf" } else { "(-Inf)" }.to_owned()),
        // The shortest text that reads back to the same float; an exponent keeps it short.
        Value::Float(x) => {
            let plain = (1e-5..1e15).contains(&x.abs()) || *x == 0.0;
            if plain { write!(text, "{x}") } else { write!(text, "{x:e}") }.ok()?;
            x.is_sign_negative()
        }
        _ => return None,
    };
    Some(if negative { format!("({text})") } else { text })
}
