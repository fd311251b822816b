//! Comparisons and conditions whose answer never changes.

use std::cmp::Ordering;

use super::{Facts, literal, whole_number};
use crate::check::program::{Action, BinaryOperator as Op, Expr, ExprKind};
use crate::check::walk;
use crate::diagnostic::{Diagnostic, codes};
use crate::primitive::Effect;
use crate::source::Span;
use crate::value::{Type, Value};

/// VF204: a comparison or a condition that is always true, or always false.
pub(super) fn always_the_same(facts: &Facts<'_>, findings: &mut Vec<Diagnostic>) {
    for expr in &facts.expressions {
        match &expr.kind {
            ExprKind::Binary(op, left, right) => findings.extend(comparison(facts, expr.span, *op, left, right)),
            ExprKind::If(condition, ..) => findings.extend(written_out(condition, "if")),
            ExprKind::ListComprehension(_, within) => {
                findings.extend(within.filter.as_deref().and_then(|filter| written_out(filter, "if")));
            }
            _ => {}
        }
    }
    walk::program_steps(facts.program, &mut |site| match &site.step.action {
        Action::When { arms, .. } => {
            findings.extend(arms.iter().filter_map(|(condition, _)| written_out(condition, "when")));
        }
        // `require false` is how a branch fails on purpose.
        Action::Check { condition, is_expect, .. } if literal(condition) == Some(&Value::Bool(true)) => {
            findings.extend(written_out(condition, if *is_expect { "expect" } else { "require" }));
        }
        _ => {}
    });
}

/// A condition that is `true` or `false` as written.
fn written_out(condition: &Expr, word: &str) -> Option<Diagnostic> {
    let Value::Bool(truth) = literal(condition)? else { return None };
    let message = format!("this condition is `{truth}` in every run");
    Some(
        Diagnostic::new(&codes::VF204, condition.span, message)
            .help(format!("write what is meant, or leave `{word}` out")),
    )
}

/// Why a comparison has one answer.
struct Verdict {
    answer: bool,
    why: String,
    help: &'static str,
}

fn comparison(facts: &Facts<'_>, span: Span, op: Op, left: &Expr, right: &Expr) -> Option<Diagnostic> {
    let verdict = literals(op, left, right)
        .or_else(|| never_none(facts, op, left, right))
        .or_else(|| size(facts, op, left, right))
        .or_else(|| size(facts, mirrored(op)?, right, left))
        .or_else(|| nothing(op, right))
        .or_else(|| with_itself(facts, op, left, right))?;
    let message = format!("{}, so this is always `{}`", verdict.why, verdict.answer);
    Some(Diagnostic::new(&codes::VF204, span, message).help(verdict.help))
}

/// Two values that are both written out.
fn literals(op: Op, left: &Expr, right: &Expr) -> Option<Verdict> {
    let (a, b) = (literal(left)?, literal(right)?);
    let is_undecided = matches!(a, Value::Period(_)) && a != b;
    let answer = answer(op, a.cmp(b)).filter(|_| !is_undecided)?;
    let help = "compare with a name, or leave the comparison out";
    Some(Verdict { answer, why: "both sides are written out".to_owned(), help })
}

/// What can never be `none`, compared with it.
fn never_none(facts: &Facts<'_>, op: Op, left: &Expr, right: &Expr) -> Option<Verdict> {
    let other = match (literal(left), literal(right)) {
        (_, Some(Value::None)) => left,
        (Some(Value::None), _) => right,
        _ => return None,
    };
    let is_sure = !matches!(other.ty, Type::Optional(_) | Type::None | Type::Any | Type::Error | Type::Json);
    let answer = match op {
        Op::Equal => false,
        Op::NotEqual => true,
        _ => return None,
    };
    let help = match &other.kind {
        ExprKind::Field { of, .. } if matches!(of.ty, Type::Map(..)) => {
            "write `map[\"key\"]`, which is `none` without the key; `map.key` fails then"
        }
        _ => "leave the comparison out",
    };
    let why = format!("{} is {} and never `none`", facts.short(other.span), shown(&other.ty));
    is_sure.then_some(Verdict { answer, why, help })
}

/// A count, which is never below zero.
fn size(facts: &Facts<'_>, op: Op, left: &Expr, right: &Expr) -> Option<Verdict> {
    let number = whole_number(right).filter(|_| is_size(left))?;
    let answer = match op {
        Op::Less if number <= 0 => false,
        Op::GreaterOrEqual if number <= 0 => true,
        Op::LessOrEqual | Op::Equal if number < 0 => false,
        Op::Greater | Op::NotEqual if number < 0 => true,
        _ => return None,
    };
    let why = format!("{} is never below 0", facts.short(left.span));
    Some(Verdict { answer, why, help: "for nothing at all write `== 0`, for something `> 0`" })
}

fn is_size(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Property { property, .. } => property.name == "count",
        ExprKind::Primitive(spec, _) => matches!(spec.verb(), "count" | "length"),
        _ => false,
    }
}

/// `x in []`.
fn nothing(op: Op, right: &Expr) -> Option<Verdict> {
    let answer = match op {
        Op::In => false,
        Op::NotIn => true,
        _ => return None,
    };
    let is_empty = matches!(&right.kind, ExprKind::List(items) if items.is_empty());
    let help = "name the list that is meant";
    is_empty.then(|| Verdict { answer, why: "nothing is in `[]`".to_owned(), help })
}

/// Both sides are one text, and computing it twice gives the same.
fn with_itself(facts: &Facts<'_>, op: Op, left: &Expr, right: &Expr) -> Option<Verdict> {
    let is_pure = left.effect == Effect::Pure && right.effect == Effect::Pure;
    let answer = answer(op, Ordering::Equal)?;
    if !is_pure || left.span.len() != right.span.len() || facts.text(left.span) != facts.text(right.span) {
        return None;
    }
    let help = "one of the sides is probably meant to be another name";
    Some(Verdict { answer, why: "both sides are the same".to_owned(), help })
}

/// What a comparison says of two values in this order.
pub(super) fn answer(op: Op, order: Ordering) -> Option<bool> {
    Some(match op {
        Op::Equal => order.is_eq(),
        Op::NotEqual => order.is_ne(),
        Op::Less => order.is_lt(),
        Op::LessOrEqual => order.is_le(),
        Op::Greater => order.is_gt(),
        Op::GreaterOrEqual => order.is_ge(),
        _ => return None,
    })
}

/// The comparison that says the same with its sides exchanged.
fn mirrored(op: Op) -> Option<Op> {
    Some(match op {
        Op::Equal | Op::NotEqual => op,
        Op::Less => Op::Greater,
        Op::LessOrEqual => Op::GreaterOrEqual,
        Op::Greater => Op::Less,
        Op::GreaterOrEqual => Op::LessOrEqual,
        _ => return None,
    })
}

fn shown(ty: &Type) -> String {
    match ty {
        Type::Record(_) => "a record".to_owned(),
        Type::Table(_) => "a table".to_owned(),
        Type::Map(..) => "a map".to_owned(),
        Type::List(_) => "a list".to_owned(),
        other => format!("`{other}`"),
    }
}
