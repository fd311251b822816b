//! Written types.

use pest::iterators::Pair;

use super::super::ast::{TypeExpr, TypeExprKind};
use super::super::parser::Rule;
use super::literals::foreign_literal;
use super::{Reader, child, children};
use crate::diagnostic::{Diagnostic, codes};

type Node<'i> = Pair<'i, Rule>;

impl Reader<'_> {
    /// A type, as written.
    pub(super) fn type_expr(&self, pair: &Node<'_>) -> Option<TypeExpr> {
        if let Some(optional) = self.union_with_none(pair) {
            return Some(optional);
        }
        let mut parts: Vec<TypeExpr> =
            children(pair, Rule::ty_part).map(|part| self.type_part(&part)).collect::<Option<_>>()?;
        match parts.len() {
            1 => parts.pop(),
            _ => Some(TypeExpr { kind: TypeExprKind::Union(parts), span: self.span(pair) }),
        }
    }

    /// `int | None`.
    fn union_with_none(&self, pair: &Node<'_>) -> Option<TypeExpr> {
        let parts: Vec<_> = children(pair, Rule::ty_part).collect();
        let (none, parts) = parts.split_last()?;
        let part = parts.first().filter(|_| foreign_literal(self.written(none)) == Some("none"))?;
        let (span, written) = (self.span(pair), format!("{}?", self.written(part).trim_end_matches('?')));
        let finding = Diagnostic::new(&codes::VF001, span, "a type that may be `none` ends with `?`");
        self.report(match parts {
            [_] => finding.fix(format!("write `{written}`"), span, written),
            _ => finding.help("give the union a name, `type T = …`, and write `T?`"),
        });
        let inner = Box::new(self.type_part(part)?);
        Some(TypeExpr { kind: TypeExprKind::Optional(inner), span })
    }

    fn type_part(&self, pair: &Node<'_>) -> Option<TypeExpr> {
        let atom = self.type_atom(&child(pair, Rule::ty_atom)?)?;
        Some(match child(pair, Rule::optional) {
            Some(_) => TypeExpr { kind: TypeExprKind::Optional(Box::new(atom)), span: self.span(pair) },
            None => atom,
        })
    }

    fn type_atom(&self, pair: &Node<'_>) -> Option<TypeExpr> {
        let inner = pair.clone().into_inner().next()?;
        let kind = match inner.as_rule() {
            Rule::string => TypeExprKind::Literal(self.text_value(&inner)),
            Rule::record_ty => TypeExprKind::Record(
                children(&inner, Rule::field_ty)
                    .map(|field| {
                        Some((self.name(&child(&field, Rule::label)?), self.type_expr(&child(&field, Rule::ty)?)?))
                    })
                    .collect::<Option<_>>()?,
            ),
            _ => TypeExprKind::Named {
                path: inner.into_inner().map(|part| self.name(&part)).collect(),
                arguments: children(pair, Rule::ty).map(|ty| self.type_expr(&ty)).collect::<Option<_>>()?,
            },
        };
        Some(TypeExpr { kind, span: self.span(pair) })
    }
}
