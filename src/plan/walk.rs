//! Walking expressions.

use crate::check::program::{Comprehension, Expr, ExprKind, Fragment};

/// Calls `look` for an expression and every expression inside it. Iterative: a chain may be long.
pub(crate) fn visit<'a>(expr: &'a Expr, look: &mut impl FnMut(&'a Expr)) {
    let mut waiting = vec![expr];
    while let Some(expr) = waiting.pop() {
        look(expr);
        push_children(expr, &mut waiting);
    }
}

fn push_children<'a>(expr: &'a Expr, to: &mut Vec<&'a Expr>) {
    match &expr.kind {
        ExprKind::Literal(_) | ExprKind::Slot { .. } | ExprKind::Local(_) | ExprKind::Run(_) => {}
        ExprKind::Property { of, .. }
        | ExprKind::Field { of, .. }
        | ExprKind::Cast(of)
        | ExprKind::Negate(of)
        | ExprKind::Not(of) => to.push(of),
        ExprKind::Index(a, b) | ExprKind::Binary(_, a, b) => to.extend([&**a, &**b]),
        ExprKind::AddBusinessDays(a, b, c) | ExprKind::If(a, b, c) => to.extend([&**a, &**b, &**c]),
        ExprKind::Interpolated(fragments) => to.extend(fragments.iter().filter_map(|fragment| match fragment {
            Fragment::Hole(expr, _) => Some(expr),
            Fragment::Text(_) => None,
        })),
        ExprKind::Sql(_, items)
        | ExprKind::Promql(_, items)
        | ExprKind::List(items)
        | ExprKind::Record(_, items)
        | ExprKind::Function(_, items) => to.extend(items),
        ExprKind::Map(pairs) => to.extend(pairs.iter().flat_map(|(key, value)| [key, value])),
        ExprKind::Table(_, rows) => to.extend(rows.iter().flatten()),
        ExprKind::Primitive(_, arguments) => to.extend(arguments.iter().flatten()),
        ExprKind::ListComprehension(item, comprehension) => {
            to.push(item);
            push_comprehension(comprehension, to);
        }
        ExprKind::MapComprehension(pair, comprehension) => {
            to.extend([&pair.0, &pair.1]);
            push_comprehension(comprehension, to);
        }
    }
}

fn push_comprehension<'a>(comprehension: &'a Comprehension, to: &mut Vec<&'a Expr>) {
    to.extend(comprehension.loops.iter().map(|l| &l.over));
    to.extend(comprehension.filter.as_deref());
}
