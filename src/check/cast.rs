//! `e as T`: states a type that nobody stated, decodes json, narrows to a union.

use std::sync::Arc;

use super::Checker;
use super::expression::broken;
use super::program::{Expr, ExprKind};
use super::scope::Scope;
use crate::diagnostic::{Diagnostic, codes};
use crate::primitive::Stated;
use crate::source::Span;
use crate::syntax::ast::{self, TypeExpr};
use crate::value::Type;

impl Checker<'_> {
    pub(super) fn cast(&mut self, scope: &mut Scope, of: &ast::Expr, written: &TypeExpr, span: Span) -> Expr {
        let target = self.read_type(scope.module, written);
        let written_of = of;
        let guide = Some(&target).filter(|target| is_guided(&of.kind, target));
        scope.stated = Some(of.span);
        let of = self.expr(scope, of, guide);
        scope.stated = None;
        if target.has_error() || of.ty == Type::Error {
            return Expr { ty: target, ..broken(span) };
        }
        if !can_cast(&of.ty, &target) {
            let finding = Diagnostic::new(&codes::VF201, written.span, format!("`{}` cannot become `{target}`", of.ty))
                .label(of.span, format!("`{}`", of.ty));
            self.report(match reader(&of.ty, &target, &self.text(of.span)) {
                Some((reader, true)) => finding.fix(format!("write `{reader}`"), span, reader),
                Some((reader, false)) => finding.help(format!("write `{reader}`, with the format that it has")),
                None => finding.help(hint(&of.ty, &target)),
            });
            // Whoever forgot `?` has often written behind it what to do without a value.
            if of.ty.is_optional() {
                return broken(span);
            }
            return Expr { ty: target, ..broken(span) };
        }
        if let ExprKind::Primitive(spec, _) = &of.kind
            && let Stated::Result(accepts) = spec.stated
            && let Err(why) = accepts(&target)
        {
            let (message, help) = why.split_once("; ").unwrap_or((&why, "state types that a file can hold"));
            self.report(Diagnostic::new(&codes::VF201, written.span, message).help(help));
            return Expr { ty: target, ..broken(span) };
        }
        self.compare_columns(written_of, &target, written);
        let effect = of.effect;
        let name = self.called(scope, written_of);
        Expr { kind: ExprKind::Cast(Box::new(of), name), ty: target, span, effect }
    }

    /// What the author calls a value: a path from a name is its own text, and an answer has the name of its step.
    fn called(&self, scope: &Scope, of: &ast::Expr) -> Option<Arc<str>> {
        let mut inner = of;
        while let ast::ExprKind::Field { of, .. } | ast::ExprKind::Index(of, _) = &inner.kind {
            inner = of;
        }
        match inner.kind {
            ast::ExprKind::Name(_) => Some(self.text(of.span)),
            _ => scope.step.clone(),
        }
    }
}

/// Whether the wanted type says what a literal is. What the literal holds is judged by the cast itself.
fn is_guided(of: &ast::ExprKind, target: &Type) -> bool {
    match of {
        ast::ExprKind::Literal(_) => true,
        ast::ExprKind::List(items) => items.is_empty(),
        ast::ExprKind::Record(_) => matches!(target.required(), Type::Map(..)),
        _ => false,
    }
}

fn can_cast(from: &Type, to: &Type) -> bool {
    match (from, to) {
        (Type::Any, _)
        | (Type::Int | Type::Float | Type::Decimal, Type::Int | Type::Float | Type::Decimal)
        | (Type::Text, Type::Url) => true,
        (Type::Json, to) => can_decode(to),
        (Type::Optional(inner), Type::Optional(to)) => can_cast(inner, to),
        (from, Type::Literals(_)) if from.is_text() => true,
        (Type::List(from), Type::List(to)) => can_cast(from, to),
        (Type::Table(from), Type::Table(to)) => {
            to.fields.iter().all(|field| from.get(&field.name).is_some_and(|ty| can_cast(ty, &field.ty)))
        }
        (from, to) => from.fits(to).is_ok(),
    }
}

/// Whether json can be read as this type.
pub(super) fn can_decode(ty: &Type) -> bool {
    match ty {
        Type::List(inner) | Type::Optional(inner) => can_decode(inner),
        Type::Map(key, value) => (key.is_text() || **key == Type::Date) && can_decode(value),
        Type::Record(record) | Type::Table(record) => record.fields.iter().all(|field| can_decode(&field.ty)),
        Type::Bool
        | Type::Int
        | Type::Float
        | Type::Decimal
        | Type::Text
        | Type::Json
        | Type::Date
        | Type::Time
        | Type::Timestamp
        | Type::Url
        | Type::Literals(_) => true,
        _ => false,
    }
}

/// What reads a text as a value of a type, and whether that is all there is to say.
fn reader(from: &Type, to: &Type, written: &str) -> Option<(String, bool)> {
    let reader = to.reader().filter(|_| *from == Type::Text)?;
    Some((reader.replacen("text", written, 1), !matches!(to, Type::Date | Type::Timestamp)))
}

fn hint(from: &Type, to: &Type) -> &'static str {
    match (from, to) {
        (Type::Optional(_), _) => "it may be `none`: write the type with `?`, or decide first with `??`",
        (Type::Timestamp, Type::Date) => "name the zone: `date_of(at, \"UTC\")`",
        (Type::Date, Type::Timestamp) => "name the zone: `midnight(day, \"UTC\")`",
        (_, Type::Text) => "write it in a text: `f\"{…}\"`",
        (Type::Json, _) => "json holds texts, numbers, lists and records; compute the rest from those",
        _ => "`as` decodes json, changes one number type into another, and holds a text against a union",
    }
}
