//! Where expressions stand. Their ends are looked for along one edge of the tree: the tree's own places are worked out by
//! recursion, and a chain of conditions may be long.

use sqlparser::ast::{Expr, Function};
use sqlparser::tokenizer::Span as TreeSpan;

use super::Reader;
use super::expression::arguments;
use crate::source::Span;

/// The side of an expression.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Edge {
    Left,
    Right,
}

impl Reader<'_> {
    /// The place of an expression, as far as its names and values tell; of the statement where they do not.
    pub(super) fn whole(&self, expr: &Expr) -> Span {
        match (edge(expr, Edge::Left), edge(expr, Edge::Right)) {
            (Some(first), Some(last)) => self.between(first.start, last.end),
            _ => self.surroundings.span,
        }
    }
}

/// The outermost part of an expression that knows its place.
fn edge(expr: &Expr, side: Edge) -> Option<TreeSpan> {
    let mut at = expr;
    loop {
        at = match at {
            Expr::BinaryOp { left, right, .. } => {
                if side == Edge::Left {
                    left
                } else {
                    right
                }
            }
            Expr::Nested(inner) | Expr::IsNull(inner) | Expr::IsNotNull(inner) => inner,
            Expr::UnaryOp { expr, .. } | Expr::Cast { expr, .. } | Expr::Collate { expr, .. } => expr,
            Expr::Ceil { expr, .. } | Expr::Floor { expr, .. } => expr,
            Expr::Function(call) => match (side, arguments(&call.args).last()) {
                (Edge::Right, Some(last)) => last,
                _ => return name_of(call),
            },
            Expr::Identifier(name) => return Some(name.span),
            Expr::CompoundIdentifier(path) => {
                let part = if side == Edge::Left { path.first() } else { path.last() };
                return part.map(|part| part.span);
            }
            Expr::Value(value) => return Some(value.span),
            Expr::Case { case_token, end_token, .. } => {
                return Some(if side == Edge::Left { case_token.0.span } else { end_token.0.span });
            }
            _ => return None,
        };
    }
}

fn name_of(call: &Function) -> Option<TreeSpan> {
    call.name.0.last()?.as_ident().map(|name| name.span)
}
