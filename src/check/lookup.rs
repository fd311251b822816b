//! `record[name]`: a field by a name that a value says.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Checker;
use super::expression::broken;
use super::program::{Expr, ExprKind};
use super::scope::Scope;
use super::suggest::Candidate;
use crate::diagnostic::{Diagnostic, codes};
use crate::source::Span;
use crate::syntax::ast;
use crate::value::{RecordType, Type, Value};

impl Checker<'_> {
    /// The names must be known: a literal, or a union of them. The result is the one type of the fields.
    pub(super) fn field_by_name(
        &mut self,
        scope: &mut Scope,
        of: Expr,
        record: &RecordType,
        key: &ast::Expr,
        span: Span,
    ) -> Expr {
        let key = self.expr(scope, key, None);
        if key.ty == Type::Error {
            return broken(span);
        }
        let Some(names) = names(&key) else {
            let message = format!("a field of a record is named by a union of names, found `{}`", key.ty.brief());
            let fields: Vec<String> = record.names().take(2).map(|name| format!("{name:?}")).collect();
            let help = format!("say which they are, `… as {}`, or read it with a dot: `r.name`", fields.join(" | "));
            self.report(Diagnostic::new(&codes::VF201, key.span, message).help(help));
            return broken(span);
        };
        let mut ty = Type::Error;
        for name in names.iter() {
            let Some(field) = record.get(name) else {
                let finding = Diagnostic::new(&codes::VF101, key.span, format!("this record has no field `{name}`"));
                let fields = record.fields.iter().map(|field| Candidate { name: &field.name, ty: Some(&field.ty) });
                let finding = self.suggest(finding, name, fields, key.span);
                self.report(Diagnostic { fix: None, ..finding });
                return broken(span);
            };
            let before = if ty == Type::Error { field.clone() } else { ty };
            ty = self.join_typed((&before, key.span), (field, key.span), "fields that one look-up reads");
            if ty == Type::Error {
                return broken(span);
            }
        }
        let effect = of.effect.max(key.effect);
        Expr { kind: ExprKind::Index(Box::new(of), Box::new(key)), ty, span, effect }
    }
}

fn names(key: &Expr) -> Option<Arc<BTreeSet<Arc<str>>>> {
    match (&key.ty, &key.kind) {
        (Type::Literals(names), _) => Some(names.clone()),
        (_, ExprKind::Literal(Value::Text(name))) => Some(Arc::new(BTreeSet::from([name.clone()]))),
        _ => None,
    }
}
