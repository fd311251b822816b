//! Written types.

use super::document::{Commas, Doc};
use super::writer::{BRACES, Writer, tight};
use crate::syntax::ast::{Name, TypeExpr, TypeExprKind};

impl<'s> Writer<'s> {
    /// A type; a union breaks before each `|`.
    pub(super) fn ty(&mut self, ty: &TypeExpr) -> Doc<'s> {
        let bar = (self.peek() == "|").then(|| self.word());
        let parts = match &ty.kind {
            TypeExprKind::Union(parts) => parts.as_slice(),
            _ => std::slice::from_ref(ty),
        };
        let mut written: Vec<Doc<'s>> = bar.into_iter().collect();
        let mut rest = Vec::new();
        for (at, part) in parts.iter().enumerate() {
            if at > 0 {
                rest.extend([Doc::Line, self.word(), self.type_part(part)]);
            } else {
                written.push(self.type_part(part));
            }
        }
        if rest.is_empty() {
            return Doc::concat(written);
        }
        written.push(Doc::indent(rest));
        Doc::group(Doc::concat(written))
    }

    fn type_part(&mut self, ty: &TypeExpr) -> Doc<'s> {
        match &ty.kind {
            TypeExprKind::Optional(inner) => Doc::concat([self.type_part(inner), self.token()]),
            TypeExprKind::Record(fields) => self.record_type(fields),
            TypeExprKind::Named { path, arguments } if !arguments.is_empty() => {
                let name = self.path(path);
                let list = self.list(arguments, tight(Commas::Between), false, Self::ty);
                Doc::concat([name, list.hugging().doc()])
            }
            TypeExprKind::Named { path, .. } => self.path(path),
            TypeExprKind::Literal(_) => self.token(),
            TypeExprKind::Union(_) => self.ty(ty),
        }
    }

    fn record_type(&mut self, fields: &[(Name, TypeExpr)]) -> Doc<'s> {
        let breaks = self.ends_line();
        self.list(fields, BRACES, breaks, |writer, (_, ty)| Doc::concat([writer.token(), writer.word(), writer.ty(ty)]))
            .doc()
    }

    /// `a.b.c`.
    pub(super) fn path(&mut self, path: &[Name]) -> Doc<'s> {
        self.tokens((2 * path.len()).saturating_sub(1))
    }
}
