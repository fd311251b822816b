//! The part of the language that the embedded store answers exactly as VictoriaMetrics does.
//!
//! What is left out is left out because its result depends on what a store guesses (a bare
//! selector's look-back, `rate`'s value before the window) or on how series are joined. An
//! expression outside fails when it is checked; it never gets an approximate answer.

use std::sync::Arc;

use super::ast::{Binary, Call, Grouping, Length, MatchSign, Matcher, MatcherValue, Node, NodeKind, Window};
use super::build::is_comparison;
use super::{Pattern, PromqlTemplate};
use crate::diagnostic::{Diagnostic, codes};

/// The longest window and offset, in milliseconds: a century.
const LONGEST_MS: f64 = 3_155_760_000_000.0;

/// An expression of the subset.
#[derive(Debug, Clone, PartialEq)]
pub enum SubsetExpr {
    /// The same number for everything.
    Number(f64),
    /// A fold over the points of each series in `(t - offset - range, t - offset]`.
    Fold {
        /// How points become one value.
        fold: Fold,
        /// Which series.
        matchers: Vec<Matcher>,
        /// The window, above zero.
        range_ms: i64,
        /// How far back the window ends.
        offset_ms: i64,
        /// Whether the metric's name stays.
        keeps_name: bool,
    },
    /// `sum by (a) (…)`.
    Aggregate {
        /// How values of a group become one.
        aggregate: Aggregate,
        /// The groups; one for all when `None`.
        grouping: Option<Grouping>,
        /// What is folded.
        of: Box<SubsetExpr>,
    },
    /// `a + b`, of which at least one side is a number.
    Binary {
        /// `+`, `>`, …
        operator: Arc<str>,
        /// `bool`: 1 and 0 instead of a filter.
        is_bool: bool,
        /// The left side.
        left: Box<SubsetExpr>,
        /// The right side.
        right: Box<SubsetExpr>,
    },
}

/// How the points of a window become one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the function of its name")]
pub enum Fold {
    First,
    Last,
    Min,
    Max,
    Sum,
    Average,
    Count,
    FirstTime,
    LastTime,
}

/// How the values of a group become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the aggregate of its name")]
pub enum Aggregate {
    Sum,
    Min,
    Max,
    Average,
    Count,
}

/// Something outside of the subset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outside {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// What it is.
    pub message: String,
    /// What to write instead.
    pub help: &'static str,
}

const USE_SERVER: &str = "run it on VictoriaMetrics: point the connection at a server";

/// A finding for each part of the query that the embedded store does not answer. The query is one
/// for values at an instant; what an export takes is said by [`PromqlTemplate::is_selector`].
pub fn embedded_subset(template: &PromqlTemplate) -> Vec<Diagnostic> {
    let Some(node) = template.tree() else { return Vec::new() };
    let finding = |outside: Outside| {
        let place = template.span.slice(outside.start, outside.end);
        Diagnostic::new(&codes::VF507, place, outside.message).help(outside.help)
    };
    compile(node).err().map(finding).into_iter().collect()
}

/// The expression as one of the subset, or the first part that is outside of it.
pub fn compile(node: &Node) -> Result<SubsetExpr, Outside> {
    match &node.kind {
        NodeKind::Number(value) => Ok(SubsetExpr::Number(*value)),
        // Only reached in a check: a hole of this place is a number.
        NodeKind::Hole(_) => Ok(SubsetExpr::Number(1.0)),
        NodeKind::Negate(of) => {
            let (left, right) = (Box::new(SubsetExpr::Number(0.0)), Box::new(compile(of)?));
            Ok(SubsetExpr::Binary { operator: "-".into(), is_bool: false, left, right })
        }
        NodeKind::List(items) => match items.as_slice() {
            [only] => compile(only),
            _ => Err(outside(node, "a union of several expressions")),
        },
        NodeKind::Call(call) => compile_call(node, call),
        NodeKind::Binary(binary) => compile_binary(node, binary),
        NodeKind::Selector(_) => Err(Outside { help: FOLD_IT, ..outside(node, "a selector without a window") }),
        NodeKind::Rolled { of, window, .. } if window.is_some() && of.matchers().is_some() => {
            Err(Outside { help: FOLD_IT, ..outside(node, "a range that is not folded") })
        }
        NodeKind::Rolled { .. } => Err(outside(node, "a window, an offset or `@` on an expression")),
        NodeKind::Text(_) => Err(outside(node, "a quoted text")),
        NodeKind::With(..) => Err(outside(node, "`WITH`")),
    }
}

const FOLD_IT: &str = "say how far back to look: `last_over_time(m[1d])`; or run it on VictoriaMetrics";

fn outside(node: &Node, what: &str) -> Outside {
    let message = format!("the embedded store does not answer {what}");
    Outside { start: node.start, end: node.end, message, help: USE_SERVER }
}

fn compile_call(node: &Node, call: &Call) -> Result<SubsetExpr, Outside> {
    let name = call.name.to_ascii_lowercase();
    let outside_name = || Outside { end: call.name_end, ..outside(node, &format!("`{name}`")) };
    let ([argument], None) = (call.arguments.as_slice(), call.limit) else {
        return Err(if call.limit.is_some() { outside(node, "`limit`") } else { outside_name() });
    };
    if let Some(fold) = fold(&name) {
        return compile_fold(fold, argument, call.keep.is_some());
    }
    let aggregate = aggregate(&name).ok_or_else(outside_name)?;
    let grouping = call.grouping.clone();
    if grouping.iter().flat_map(|grouping| &grouping.labels).any(|label| label.contains('\\')) {
        return Err(outside(node, "a label with an escape"));
    }
    Ok(SubsetExpr::Aggregate { aggregate, grouping, of: Box::new(compile(argument)?) })
}

fn fold(name: &str) -> Option<Fold> {
    Some(match name {
        "first_over_time" => Fold::First,
        "last_over_time" => Fold::Last,
        "min_over_time" => Fold::Min,
        "max_over_time" => Fold::Max,
        "sum_over_time" => Fold::Sum,
        "avg_over_time" => Fold::Average,
        "count_over_time" => Fold::Count,
        "tfirst_over_time" => Fold::FirstTime,
        "tlast_over_time" => Fold::LastTime,
        _ => return None,
    })
}

fn aggregate(name: &str) -> Option<Aggregate> {
    Some(match name {
        "sum" => Aggregate::Sum,
        "min" => Aggregate::Min,
        "max" => Aggregate::Max,
        "avg" => Aggregate::Average,
        "count" => Aggregate::Count,
        _ => return None,
    })
}

fn compile_fold(fold: Fold, argument: &Node, keep: bool) -> Result<SubsetExpr, Outside> {
    let NodeKind::Rolled { of, window, offset, at: None } = &argument.kind else {
        return Err(Outside { help: FOLD_IT, ..outside(argument, "this here without a window such as `[1d]`") });
    };
    let (Some(window), Some(matchers)) = (window, of.matchers()) else {
        return Err(outside(argument, "a window on anything but a selector"));
    };
    let Window { range: Some(range), step: None } = window else { return Err(outside(argument, "a subquery")) };
    let range_ms = whole_ms(range).filter(|ms| *ms > 0);
    let range_ms =
        range_ms.ok_or_else(|| outside(argument, "a window in steps, of nothing, or of parts of milliseconds"))?;
    let offset_ms = offset.as_ref().map_or(Some(0), whole_ms);
    let offset_ms = offset_ms.ok_or_else(|| outside(argument, "an offset in steps or parts of milliseconds"))?;
    check_matchers(of, matchers)?;
    let keeps_value = matches!(fold, Fold::First | Fold::Last | Fold::Min | Fold::Max | Fold::Average);
    Ok(SubsetExpr::Fold { fold, matchers: matchers.to_vec(), range_ms, offset_ms, keeps_name: keep || keeps_value })
}

/// Holes stand for whole milliseconds; a second will do for a check.
fn whole_ms(length: &Length) -> Option<i64> {
    match length {
        Length::Hole(_) => Some(1000),
        Length::Fixed { ms, steps } => {
            let is_whole = *steps == 0.0 && ms.fract() == 0.0 && ms.abs() <= LONGEST_MS;
            #[expect(clippy::cast_possible_truncation, reason = "whole and small")]
            is_whole.then_some(*ms as i64)
        }
    }
}

/// Matchers that can be matched exactly: no `WITH` names, no escapes in names, patterns that mean the same here.
pub(crate) fn check_matchers(node: &Node, matchers: &[Matcher]) -> Result<(), Outside> {
    for matcher in matchers {
        let place = |what: &str| Outside { start: matcher.start, end: matcher.end, ..outside(node, what) };
        if matcher.label.contains('\\') {
            return Err(place("a name with an escape"));
        }
        match &matcher.value {
            MatcherValue::Name(_) => return Err(place("a name of a `WITH`")),
            MatcherValue::Text(name)
                if &*matcher.label == "__name__" && matcher.sign == MatchSign::Equal && name.contains('\\') =>
            {
                return Err(place("a name with an escape"));
            }
            MatcherValue::Text(pattern) if matcher.sign.is_regex() => {
                Pattern::new(pattern).map_err(|why| place(&format!("this pattern ({why})")))?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn compile_binary(node: &Node, binary: &Binary) -> Result<SubsetExpr, Outside> {
    let operator = binary.operator.clone();
    let (start, end) = binary.operator_at;
    if !matches!(&*operator, "+" | "-" | "*" | "/" | "%" | "^") && !is_comparison(&operator) {
        return Err(Outside { start, end, ..outside(node, &format!("`{operator}`")) });
    }
    let (left, right) = (compile(&binary.left)?, compile(&binary.right)?);
    if !left.is_number() && !right.is_number() || binary.matching.is_some() {
        return Err(Outside { start, end, ..outside(node, "an operator between series; one side must be a number") });
    }
    Ok(SubsetExpr::Binary { operator, is_bool: binary.is_bool, left: Box::new(left), right: Box::new(right) })
}

impl SubsetExpr {
    /// Whether it is one number and not series.
    pub fn is_number(&self) -> bool {
        match self {
            Self::Number(_) => true,
            Self::Binary { left, right, .. } => left.is_number() && right.is_number(),
            Self::Fold { .. } | Self::Aggregate { .. } => false,
        }
    }
}
