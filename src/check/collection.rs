//! Lists, records, maps, tables and comprehensions.

use std::collections::HashMap;
use std::sync::Arc;

use super::Checker;
use super::expression::{broken, pure, strongest};
use super::fit::fitted;
use super::program::{Comprehension, Expr, ExprKind, Loop};
use super::scope::{Local, Scope};
use super::suggest::Candidate;
use crate::diagnostic::{Diagnostic, codes};
use crate::primitive::Effect;
use crate::source::Span;
use crate::syntax::ast::{self, Entry, Name, Pattern};
use crate::value::{Field, RecordType, Type, Value};

impl Checker<'_> {
    pub(super) fn list(&mut self, scope: &mut Scope, items: &[ast::Expr], wanted: Option<&Type>, span: Span) -> Expr {
        let item_wanted = wanted.and_then(|wanted| wanted.required().item());
        let checked: Vec<Expr> = items.iter().map(|item| self.expr(scope, item, item_wanted.as_ref())).collect();
        let ty = match item_wanted {
            Some(Type::Any) => Type::Any,
            // The item that does not fit is to blame, not the list.
            Some(wanted) if checked.iter().any(|item| item.ty.fits(&wanted).is_err()) => {
                for item in &checked {
                    self.expect(item, &wanted, "an item of this list");
                }
                Type::Error
            }
            Some(wanted) if is_known(&wanted) => wanted,
            _ => self.join_all(checked.iter().map(|item| (&item.ty, item.span)), "the items of a list"),
        };
        let effect = strongest(&checked);
        let items = checked.into_iter().map(|item| fitted(item, &ty)).collect();
        Expr { kind: ExprKind::List(items), ty: Type::list(ty), span, effect }
    }

    /// The one type of some expressions; of none it is the type that fits everywhere.
    fn join_all<'e>(&mut self, mut exprs: impl Iterator<Item = (&'e Type, Span)>, what: &str) -> Type {
        let Some((first, span)) = exprs.next() else { return Type::Error };
        let mut so_far = first.clone();
        for next in exprs {
            so_far = self.join_typed((&so_far, span), next, what);
            if so_far == Type::Error {
                break;
            }
        }
        so_far
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
        let mut seen: HashMap<Arc<str>, Span> = HashMap::new();
        let mut fields: Vec<(Arc<str>, Type)> = Vec::with_capacity(entries.len());
        let mut values = Vec::with_capacity(entries.len());
        for entry in entries {
            let Some(name) = label(entry) else { continue };
            if let Some(before) = seen.insert(name.clone(), entry.key.span) {
                self.report(twice("field", &name, entry.key.span, before));
                continue;
            }
            let wanted = guide.as_ref().and_then(|guide| guide.get(&name));
            let mut value = self.expr(scope, &entry.value, wanted);
            let fits = wanted.is_none_or(|wanted| self.expect(&value, wanted, &format!("the field `{name}`")));
            if let (Some(wanted), true) = (wanted, fits) {
                value = fitted(value, wanted);
            }
            fields.push((name, if fits { value.ty.clone() } else { Type::Error }));
            values.push(value);
        }
        if let Some(guide) = &guide {
            return self.guided(entries, guide, fields, values, span);
        }
        let shape = fields.iter().map(|(name, _)| name.clone()).collect();
        let effect = strongest(&values);
        Expr { kind: ExprKind::Record(shape, values), ty: Type::Record(RecordType::new(fields)), span, effect }
    }

    /// A record where one with certain fields is wanted: it has that type, what differs is told at its place.
    fn guided(
        &mut self,
        entries: &[Entry],
        guide: &RecordType,
        fields: Vec<(Arc<str>, Type)>,
        mut values: Vec<Expr>,
        span: Span,
    ) -> Expr {
        let has = |name: &str| fields.iter().any(|(known, _)| **known == *name);
        // A type that nobody knows was told where it stands; it might have been optional.
        let is_wanted = |field: &&Field| !field.ty.is_optional() && !field.ty.has_error() && !has(&field.name);
        let missing: Vec<&Field> = guide.fields.iter().filter(is_wanted).collect();
        let surplus: Vec<&Entry> =
            entries.iter().filter(|entry| label(entry).is_some_and(|name| guide.get(&name).is_none())).collect();
        let is_right = missing.is_empty() && surplus.is_empty();
        for entry in &surplus {
            let name = label(entry).unwrap_or_default();
            let message = format!("no field `{name}` is wanted here");
            let known = guide.fields.iter().filter(|field| !has(&field.name));
            let known = known.map(|field| Candidate { name: &field.name, ty: Some(&field.ty) });
            let finding = Diagnostic::new(&codes::VF201, entry.key.span, message).help("leave it out");
            let finding = self.suggest(finding, &name, known, entry.key.span);
            self.report(finding);
        }
        if surplus.is_empty() && !missing.is_empty() {
            let named: Vec<String> = missing.iter().map(|field| format!("`{}: {}`", field.name, field.ty)).collect();
            let message = format!("this record lacks {}", named.join(" and "));
            self.report(Diagnostic::new(&codes::VF201, span, message).help("add it between the braces"));
        }
        let absent = guide.fields.iter().filter(|field| field.ty.is_optional() && !has(&field.name));
        let shape =
            fields.iter().map(|(name, _)| name).chain(absent.clone().map(|field| &field.name)).cloned().collect();
        values.extend(absent.map(|field| pure(ExprKind::Literal(Value::None), field.ty.clone(), span)));
        let effect = strongest(&values);
        let stated = Type::Record(Arc::new(guide.clone()));
        let ty = match is_right {
            true if is_known(&stated) => stated,
            true => Type::Record(RecordType::new(fields)),
            false => Type::Error,
        };
        Expr { kind: ExprKind::Record(shape, values), ty, span, effect }
    }

    fn map(&mut self, scope: &mut Scope, entries: &[Entry], wanted: Option<(&Type, &Type)>, span: Span) -> Expr {
        let mut pairs = Vec::with_capacity(entries.len());
        let mut seen: HashMap<Value, Span> = HashMap::new();
        let mut is_right = true;
        for entry in entries {
            let is_text_key = entry.is_label && wanted.is_none_or(|(key, _)| key.is_text() || key.is_unknown());
            let key =
                if is_text_key { text_key(entry) } else { self.expr(scope, &entry.key, wanted.map(|(key, _)| key)) };
            let value = self.expr(scope, &entry.value, wanted.map(|(_, value)| value));
            if let ExprKind::Literal(name) = &key.kind
                && let Some(before) = seen.insert(name.clone(), key.span)
            {
                self.report(twice("key", &name.to_string(), key.span, before));
            }
            if let Some((key_type, value_type)) = wanted {
                is_right &= self.expect(&key, key_type, "a key of this map");
                is_right &= self.expect(&value, value_type, "a value of this map");
            }
            pairs.push((key, value));
        }
        let ty = match wanted {
            Some(_) if !is_right => Type::Error,
            Some((key, value)) if !key.is_unknown() && !value.is_unknown() => Type::map(key.clone(), value.clone()),
            _ => Type::map(
                self.join_all(pairs.iter().map(|(key, _)| (&key.ty, key.span)), "the keys of a map"),
                self.join_all(pairs.iter().map(|(_, value)| (&value.ty, value.span)), "the values of a map"),
            ),
        };
        let effect = pairs.iter().map(|(key, value)| key.effect.max(value.effect)).max().unwrap_or(Effect::Pure);
        let pairs = match &ty {
            Type::Map(k, v) => pairs.into_iter().map(|(key, value)| (fitted(key, k), fitted(value, v))).collect(),
            _ => pairs,
        };
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
        let mut loops = Vec::with_capacity(comprehension.loops.len());
        for (at, (pattern, over)) in comprehension.loops.iter().enumerate() {
            let later = comprehension.loops.get(at + 1..).unwrap_or_default();
            loops.push(if self.bound_later(scope, over, later) {
                let at = scope.locals.len();
                let names = std::iter::once(&pattern.first).chain(&pattern.second);
                names.for_each(|name| self.bind_local(scope, name, Type::Error));
                Loop { first: at, second: pattern.second.as_ref().map(|_| at + 1), over: broken(over.span) }
            } else {
                self.comprehension_loop(scope, pattern, over)
            });
        }
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

    /// Whether a loop walks what only a loop behind it binds; that is told.
    fn bound_later(&mut self, scope: &mut Scope, over: &ast::Expr, later: &[(Pattern, ast::Expr)]) -> bool {
        let ast::ExprKind::Name(name) = &over.kind else { return false };
        let mut names = later.iter().flat_map(|(pattern, _)| std::iter::once(&pattern.first).chain(&pattern.second));
        let Some(bound) = names.find(|bound| bound.node == *name) else { return false };
        if scope.find(name).is_some() {
            return false;
        }
        let finding = Diagnostic::new(&codes::VF101, over.span, format!("`{name}` is bound by a loop further right"))
            .label(bound.span, "bound here")
            .help(format!("the outer loop stands first: `for {name} in … for … in {name}`"));
        self.report(finding);
        true
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
        scope.locals.push(Local { name: name.node.clone(), ty, span: name.span, is_param: false });
    }

    /// The types that the names of a pattern take when `over` is walked.
    pub(super) fn walked(&mut self, over: &Expr, pattern: &Pattern) -> (Type, Option<Type>) {
        let ty = self.decide(over, "a loop");
        match (&ty, &pattern.second) {
            (Type::Map(key, value), Some(_)) => ((**key).clone(), Some((**value).clone())),
            (Type::Map(..), None) => {
                let message = "a map is walked with two names, its key and its value";
                let (key, value) = match &*pattern.first.node {
                    "value" | "v" => ("key", &*pattern.first.node),
                    key => (key, "value"),
                };
                let help = format!("write `for {key}, {value} in …`, or walk `.keys` or `.values`");
                self.report(Diagnostic::new(&codes::VF201, pattern.first.span, message).help(help));
                (Type::Error, None)
            }
            (Type::Any | Type::Error, second) => (ty.clone(), second.as_ref().map(|_| ty.clone())),
            (other, second) => {
                if let Some(item) = other.item() {
                    if let Some(name) = second {
                        let message = format!("two names walk a map; this is `{other}`");
                        let finding = Diagnostic::new(&codes::VF201, name.span, message);
                        let help = format!("leave `{}` out", name.node);
                        self.report(finding.label(over.span, format!("`{other}`")).help(help));
                    }
                    (item, second.as_ref().map(|_| Type::Error))
                } else {
                    self.expect(over, &Type::list(Type::Any), "a loop");
                    (Type::Error, second.as_ref().map(|_| Type::Error))
                }
            }
        }
    }

    /// No name hides another.
    pub(super) fn refuse_shadow(&mut self, scope: &Scope, name: &Name) {
        if &*name.node == "run" {
            let finding = Diagnostic::new(&codes::VF102, name.span, "`run` is the run itself, with its `now` and `id`");
            self.report(finding.help("choose another name; no name hides another"));
        }
        if let Some(before) = scope.bound_at(&name.node) {
            let finding =
                Diagnostic::new(&codes::VF102, name.span, format!("`{}` already has a meaning here", name.node))
                    .at("bound again")
                    .label(before, "first bound here")
                    .help("choose another name; no name hides another");
            self.report(finding);
        }
    }

    pub(super) fn table(
        &mut self,
        scope: &mut Scope,
        columns: &[Name],
        rows: &[Vec<ast::Expr>],
        wanted: Option<&Type>,
        span: Span,
    ) -> Expr {
        let wanted = wanted.and_then(|wanted| wanted.required().item());
        let wanted: Vec<Option<Type>> = columns
            .iter()
            .map(|column| match &wanted {
                Some(Type::Record(row)) => row.get(&column.node).cloned(),
                _ => None,
            })
            .collect();
        let mut row = |row: &Vec<ast::Expr>| {
            let cells = row.iter().zip(&wanted);
            cells.map(|(cell, wanted)| self.expr(scope, cell, wanted.as_ref())).collect::<Vec<_>>()
        };
        let rows: Vec<Vec<Expr>> = rows.iter().map(&mut row).collect();
        let mut seen: HashMap<Arc<str>, Span> = HashMap::new();
        let mut fields: Vec<(Arc<str>, Type)> = Vec::with_capacity(columns.len());
        let mut is_right = true;
        for (at, column) in columns.iter().enumerate() {
            let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| (&cell.ty, cell.span));
            let joined = self.join_all(cells.clone(), &format!("the cells of the column `{}`", column.node));
            let wanted = wanted.get(at).and_then(Option::as_ref).filter(|wanted| is_known(wanted));
            let fits = wanted.is_none_or(|wanted| cells.clone().all(|(ty, _)| ty.fits(wanted).is_ok()));
            let ty = wanted.filter(|_| fits).cloned().unwrap_or(joined);
            is_right &= fits;
            if let Some(before) = seen.insert(column.node.clone(), column.span) {
                self.report(twice("column", &column.node, column.span, before));
                return broken(span);
            }
            fields.push((column.node.clone(), ty));
        }
        let shape = columns.iter().map(|column| column.node.clone()).collect();
        let effect = strongest(rows.iter().flatten());
        let fit_row = |row: Vec<Expr>| row.into_iter().zip(&fields).map(|(cell, (_, ty))| fitted(cell, ty)).collect();
        // The cell that does not fit is to blame for what it is.
        let rows = if is_right { rows.into_iter().map(fit_row).collect() } else { rows };
        Expr { kind: ExprKind::Table(shape, rows), ty: Type::Table(RecordType::new(fields)), span, effect }
    }
}

/// Whether a type says everything about its values.
fn is_known(ty: &Type) -> bool {
    match ty {
        Type::Any | Type::Error => false,
        Type::List(inner) | Type::Optional(inner) | Type::Range(inner) => is_known(inner),
        Type::Map(key, value) => is_known(key) && is_known(value),
        Type::Record(record) | Type::Table(record) => record.fields.iter().all(|field| is_known(&field.ty)),
        _ => true,
    }
}

fn twice(what: &str, name: &str, span: Span, before: Span) -> Diagnostic {
    Diagnostic::new(&codes::VF102, span, format!("the {what} `{name}` is there twice"))
        .label(before, "the first")
        .help("leave one out")
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
