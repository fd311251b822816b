//! Values become of the type that is wanted of them: an `int` a `float`, a record gets the optional fields that it lacks.
//!
//! [`Type::fits`] says what may stand where; where it says so of a type that is not the same, what stands there is converted, so
//! that a value is what its type says wherever it goes: into a query, a program, a comparison.

use std::sync::Arc;

use super::program::{Action, Block, Expr, ExprKind};
use crate::value::{Type, Value};

/// The expression, as one of type `wanted`, which it fits.
pub(super) fn fitted(expr: Expr, wanted: &Type) -> Expr {
    if !expr.ty.is_widened_to(wanted) {
        return expr;
    }
    let (span, effect) = (expr.span, expr.effect);
    let kind = match expr.kind {
        // As SQL and Python do, to the nearest float.
        #[allow(clippy::cast_precision_loss)]
        ExprKind::Literal(Value::Int(number)) if wanted.required() == Type::Float => {
            ExprKind::Literal(Value::Float(number as f64))
        }
        _ => ExprKind::Widen(Box::new(expr)),
    };
    Expr { kind, ty: wanted.clone(), span, effect }
}

/// Makes what an action gives of the type of its step.
pub(super) fn fit_action(action: &mut Action, ty: &Type) {
    match action {
        Action::Expression(expr) => fit(expr, ty),
        Action::Transaction { block, .. } => fit_result(block, ty),
        Action::When { arms, otherwise } => {
            arms.iter_mut().map(|(_, block)| block).chain(otherwise).for_each(|block| fit_result(block, ty));
        }
        Action::ForEach(each) => {
            if let (Type::List(item), Some(each)) = (ty.required(), Arc::get_mut(each)) {
                fit_result(&mut each.block, &item);
            }
        }
        Action::Check { .. } => {}
    }
}

/// Makes what a block yields of type `ty`.
pub(super) fn fit_result(block: &mut Block, ty: &Type) {
    block.result.iter_mut().for_each(|result| fit(result, ty));
}

/// Makes what an expression gives of type `ty`.
pub(super) fn fit(expr: &mut Expr, ty: &Type) {
    let taken = std::mem::replace(expr, super::expression::broken(expr.span));
    *expr = fitted(taken, ty);
}
