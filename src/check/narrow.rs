//! What a condition says about `none`.
//!
//! A fact is the path of an expression that is known to have a value: `done`, `copied_at[d]`,
//! `s.labels.auid`. Facts follow names, fields and look-ups by name or literal.

use crate::syntax::ast::{BinaryOperator, Expr, ExprKind, Literal, UnaryOperator};

/// The paths that have a value when `condition` is `truth`.
pub(super) fn facts(condition: &Expr, truth: bool) -> Vec<String> {
    match &condition.kind {
        ExprKind::Unary(operator, inner) if operator.node == UnaryOperator::Not => facts(inner, !truth),
        ExprKind::Binary(left, operator, right) => match (operator.node, truth) {
            (BinaryOperator::And, true) | (BinaryOperator::Or, false) => {
                let mut both = facts(left, truth);
                both.extend(facts(right, truth));
                both
            }
            (BinaryOperator::NotEqual, true) | (BinaryOperator::Equal, false) => {
                compared_with_none(left, right).into_iter().collect()
            }
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

fn compared_with_none(left: &Expr, right: &Expr) -> Option<String> {
    match (&left.kind, &right.kind) {
        (_, ExprKind::Literal(Literal::None)) => path(left),
        (ExprKind::Literal(Literal::None), _) => path(right),
        _ => None,
    }
}

/// The path of an expression, the same for `m.k` and `m["k"]`; `None` for what is no path.
pub(super) fn path(expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Name(name) => Some(name.to_string()),
        ExprKind::Field { of, name, .. } => Some(format!("{}.{}", path(of)?, name.node)),
        ExprKind::Index(of, key) => match &key.kind {
            ExprKind::Literal(Literal::Text(text)) => Some(format!("{}.{text}", path(of)?)),
            ExprKind::Literal(literal) => Some(format!("{}[{literal:?}]", path(of)?)),
            _ => Some(format!("{}[{}]", path(of)?, path(key)?)),
        },
        _ => None,
    }
}
