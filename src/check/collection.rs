//! Lists, records, maps, tables and comprehensions.

use std::sync::Arc;

use super::Checker;
use super::expression::{broken, strongest};
use super::program::{Comprehension, Expr, ExprKind, Loop};
use super::scope::{Local, Scope};
use crate::diagnostic::{Diagnostic, codes};
use crate::primitive::Effect;
use crate::source::Span;
use crate::syntax::ast::{self, Entry, Name, Pattern};
use crate::value::{RecordType, Type, Value};

impl Checker<'_> {
    pub(super) fn list(&mut self, scope: &mut Scope, items: &[ast::Expr], wanted: Option<&Type>, span: Span) -> Expr {
        let item_wanted = wanted.and_then(|wanted| wanted.required().item());
        let checked: Vec<Expr> = items.iter().map(|item| self.expr(scope, item, item_wanted.as_ref())).collect();
        let ty = match &item_wanted {
            Some(Type::Any) => Type::Any,
            _ => self.join_all(&checked, "the items of a list"),
        };
        let effect = strongest(&checked);
        Expr { kind: ExprKind::List(checked), ty: Type::list(ty), span, effect }
    }

    /// The one type of some expressions; of none it is the type that fits everywhere.
    fn join_all(&mut self, exprs: &[Expr], what: &str) -> Type {
        let Some((first, rest)) = exprs.split_first() else { return Type::Error };
        let mut so_far = first.clone();
        for expr in rest {
            so_far.ty = self.join(&so_far, expr, what);
            if so_far.ty == Type::Error {
                break;
            }
        }
        so_far.ty
    }

    /// `{ … }` with entries: a record, or a map where one is wanted or the keys are expressions.
    pub(super) fn braces(&mut self, scope: &mut Scope, entries: &[Entry], wanted: Option<&Type>, span: Span) -> Expr {
        match wanted.map(Type::required) {
            Some(Type::Map(key, value)) => self.map(scope, entries, Some((&key, &value)), span),
            _ if entries.iter().all(|entry| entry.is_label) => self.record(scope, entries, wanted, span),
            _ => self.map(scope, entries, None, span),
        }
    }

    fn record(&mut self, scope: &mut Scope, entries: &[Entry], wanted: Option<&Type>, span: Span) -> Expr {
        let guide = match wanted.map(Type::required) {
            Some(Type::Record(record)) => Some(record),
            _ => None,
        };
        let mut fields: Vec<(Arc<str>, Type)> = Vec::with_capacity(entries.len());
        let mut values = Vec::with_capacity(entries.len());
        for entry in entries {
            let Some(name) = label(entry) else { continue };
            if fields.iter().any(|(known, _)| *known == name) {
                self.report(Diagnostic::new(
                    &codes::VF102,
                    entry.key.span,
                    format!("the field `{name}` is there twice"),
                ));
                continue;
            }
            let value = self.expr(scope, &entry.value, guide.as_ref().and_then(|guide| guide.get(&name)));
            fields.push((name, value.ty.clone()));
            values.push(value);
        }
        let shape = fields.iter().map(|(name, _)| name.clone()).collect();
        let effect = strongest(&values);
        Expr { kind: ExprKind::Record(shape, values), ty: Type::Record(RecordType::new(fields)), span, effect }
    }

    fn map(&mut self, scope: &mut Scope, entries: &[Entry], wanted: Option<(&Type, &Type)>, span: Span) -> Expr {
        let mut pairs = Vec::with_capacity(entries.len());
        for entry in entries {
            let is_text_key = entry.is_label && wanted.is_none_or(|(key, _)| key.is_text() || key.is_unknown());
            let key =
                if is_text_key { text_key(entry) } else { self.expr(scope, &entry.key, wanted.map(|(key, _)| key)) };
            let value = self.expr(scope, &entry.value, wanted.map(|(_, value)| value));
            if let Some((key_type, value_type)) = wanted {
                self.expect(&key, key_type, "this map's key");
                self.expect(&value, value_type, "this map");
            }
            pairs.push((key, value));
        }
        let ty = match wanted {
            Some((key, value)) => Type::map(key.clone(), value.clone()),
            None => {
                let (keys, values): (Vec<Expr>, Vec<Expr>) = pairs.iter().cloned().unzip();
                Type::map(self.join_all(&keys, "the keys of a map"), self.join_all(&values, "the values of a map"))
            }
        };
        let effect = pairs.iter().map(|(key, value)| key.effect.max(value.effect)).max().unwrap_or(Effect::Pure);
        Expr { kind: ExprKind::Map(pairs), ty, span, effect }
    }

    pub(super) fn list_comprehension(
        &mut self,
        scope: &mut Scope,
        item: &ast::Expr,
        comprehension: &ast::Comprehension,
        wanted: Option<&Type>,
        span: Span,
    ) -> Expr {
        let item_wanted = wanted.and_then(|wanted| wanted.required().item());
        let (loops, item) =
            self.comprehension(scope, comprehension, |checker, scope| checker.expr(scope, item, item_wanted.as_ref()));
        let ty = Type::list(item.ty.clone());
        let effect = item.effect.max(loops_effect(&loops));
        Expr { kind: ExprKind::ListComprehension(Box::new(item), loops), ty, span, effect }
    }

    pub(super) fn map_comprehension(
        &mut self,
        scope: &mut Scope,
        entry: &Entry,
        comprehension: &ast::Comprehension,
        wanted: Option<&Type>,
        span: Span,
    ) -> Expr {
        let wanted = match wanted.map(Type::required) {
            Some(Type::Map(key, value)) => Some((*key, *value)),
            _ => None,
        };
        let (loops, (key, value)) = self.comprehension(scope, comprehension, |checker, scope| {
            let key = checker.expr(scope, &entry.key, wanted.as_ref().map(|(key, _)| key));
            (key, checker.expr(scope, &entry.value, wanted.as_ref().map(|(_, value)| value)))
        });
        if key.ty.is_optional() {
            self.decide(&key, "a map's key");
        }
        let ty = Type::map(key.ty.clone(), value.ty.clone());
        let effect = key.effect.max(value.effect).max(loops_effect(&loops));
        Expr { kind: ExprKind::MapComprehension(Box::new((key, value)), loops), ty, span, effect }
    }

    /// Checks loops and filter, then `visit` with their names in scope.
    fn comprehension<R>(
        &mut self,
        scope: &mut Scope,
        comprehension: &ast::Comprehension,
        visit: impl FnOnce(&mut Self, &mut Scope) -> R,
    ) -> (Comprehension, R) {
        let depth = scope.locals.len();
        let loops =
            comprehension.loops.iter().map(|(pattern, over)| self.comprehension_loop(scope, pattern, over)).collect();
        let (filter, result) = match &comprehension.filter {
            Some(filter) => {
                let checked = self.expr_of(scope, filter, &Type::Bool, "a filter");
                (Some(Box::new(checked)), self.narrowed(scope, filter, true, visit))
            }
            None => (None, visit(self, scope)),
        };
        scope.locals.truncate(depth);
        (Comprehension { loops, filter }, result)
    }

    fn comprehension_loop(&mut self, scope: &mut Scope, pattern: &Pattern, over: &ast::Expr) -> Loop {
        let over = self.expr(scope, over, None);
        let (first, second) = self.walked(&over, pattern);
        let at = scope.locals.len();
        self.bind_local(scope, &pattern.first, first);
        if let (Some(name), Some(ty)) = (&pattern.second, second) {
            self.bind_local(scope, name, ty);
        }
        Loop { first: at, second: pattern.second.as_ref().map(|_| at + 1), over }
    }

    fn bind_local(&mut self, scope: &mut Scope, name: &Name, ty: Type) {
        self.refuse_shadow(scope, name);
        scope.locals.push(Local { name: name.node.clone(), ty, span: name.span });
    }

    /// The types that the names of a pattern take when `over` is walked.
    pub(super) fn walked(&mut self, over: &Expr, pattern: &Pattern) -> (Type, Option<Type>) {
        let ty = self.decide(over, "a loop");
        match (&ty, &pattern.second) {
            (Type::Map(key, value), Some(_)) => ((**key).clone(), Some((**value).clone())),
            (Type::Map(..), None) => {
                let message = "a map is walked with two names, its key and its value";
                let help = format!("write `for {}, value in …`, or walk `.keys` or `.values`", pattern.first.node);
                self.report(Diagnostic::new(&codes::VF201, pattern.first.span, message).help(help));
                (Type::Error, None)
            }
            (Type::Any | Type::Error, second) => (ty.clone(), second.as_ref().map(|_| ty.clone())),
            (other, second) => match other.item() {
                Some(item) => {
                    if let Some(name) = second {
                        let message = format!("two names walk a map; this is `{other}`");
                        self.report(
                            Diagnostic::new(&codes::VF201, name.span, message).label(over.span, format!("`{other}`")),
                        );
                    }
                    (item, second.as_ref().map(|_| Type::Error))
                }
                None => {
                    self.expect(over, &Type::list(Type::Any), "a loop");
                    (Type::Error, second.as_ref().map(|_| Type::Error))
                }
            },
        }
    }

    /// No name hides another.
    pub(super) fn refuse_shadow(&mut self, scope: &Scope, name: &Name) {
        if let Some(before) = scope.bound_at(&name.node) {
            let finding =
                Diagnostic::new(&codes::VF102, name.span, format!("`{}` already has a meaning here", name.node))
                    .at("bound again")
                    .label(before, "first bound here")
                    .help("choose another name; no name hides another");
            self.report(finding);
        }
    }

    pub(super) fn table(&mut self, scope: &mut Scope, columns: &[Name], rows: &[Vec<ast::Expr>], span: Span) -> Expr {
        let rows: Vec<Vec<Expr>> =
            rows.iter().map(|row| row.iter().map(|cell| self.expr(scope, cell, None)).collect()).collect();
        let mut fields: Vec<(Arc<str>, Type)> = Vec::with_capacity(columns.len());
        for (at, column) in columns.iter().enumerate() {
            let cells: Vec<Expr> = rows.iter().filter_map(|row| row.get(at).cloned()).collect();
            let ty = self.join_all(&cells, &format!("the cells of the column `{}`", column.node));
            if fields.iter().any(|(known, _)| *known == column.node) {
                self.report(Diagnostic::new(
                    &codes::VF102,
                    column.span,
                    format!("the column `{}` is there twice", column.node),
                ));
                return broken(span);
            }
            fields.push((column.node.clone(), ty));
        }
        let shape = columns.iter().map(|column| column.node.clone()).collect();
        let effect = strongest(rows.iter().flatten());
        Expr { kind: ExprKind::Table(shape, rows), ty: Type::Table(RecordType::new(fields)), span, effect }
    }
}

fn label(entry: &Entry) -> Option<Arc<str>> {
    match &entry.key.kind {
        ast::ExprKind::Name(name) => Some(name.clone()),
        _ => None,
    }
}

fn text_key(entry: &Entry) -> Expr {
    let key = label(entry).map_or(Value::None, Value::Text);
    super::expression::pure(ExprKind::Literal(key), Type::Text, entry.key.span)
}

fn loops_effect(comprehension: &Comprehension) -> Effect {
    let loops = strongest(comprehension.loops.iter().map(|one| &one.over));
    comprehension.filter.iter().map(|filter| filter.effect).max().unwrap_or(Effect::Pure).max(loops)
}
