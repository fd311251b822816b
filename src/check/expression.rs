//! Expressions: literals, names, fields, look-ups, choices.

use std::sync::Arc;

use super::Checker;
use super::fit::fitted;
use super::foreign;
use super::mismatch::Want;
use super::narrow;
use super::program::{Expr, ExprKind, RunField};
use super::scope::{Found, Scope};
use super::suggest::Candidate;
use crate::diagnostic::{Diagnostic, closest, codes};
use crate::primitive::{Effect, registry};
use crate::source::{Span, Spanned};
use crate::syntax::ast::{self, BinaryOperator, Literal, Name, UnaryOperator};
use crate::value::{Period, Type, Value, decimal_from_text};

/// The facts of a run and their types.
const RUN_FIELDS: &[(&str, RunField)] = &[
    (RunField::Now.name(), RunField::Now),
    (RunField::Id.name(), RunField::Id),
    (RunField::Job.name(), RunField::Job),
    (RunField::Env.name(), RunField::Env),
    (RunField::Workflow.name(), RunField::Workflow),
    (RunField::Status.name(), RunField::Status),
    (RunField::Error.name(), RunField::Error),
];

/// The statuses a run can end with.
const STATUSES: [&str; 5] = ["success", "partial", "failed", "cancelled", "crashed"];

pub(super) fn pure(kind: ExprKind, ty: Type, span: Span) -> Expr {
    Expr { kind, ty, span, effect: Effect::Pure }
}

/// A word where a text is wanted, which may lack its quotes. Names are small letters here: others are hardly one.
fn in_quotes(finding: &Diagnostic, name: &str, wanted: Option<&Type>, span: Span) -> Option<Diagnostic> {
    let is_sure = match wanted.map(Type::required) {
        Some(Type::Literals(members)) => members.contains(name),
        Some(Type::Text) => name.contains(|c: char| c.is_ascii_uppercase()),
        _ => return None,
    };
    let finding = finding.clone().help(format!("a text stands in quotes: `\"{name}\"`"));
    Some(if is_sure { finding.fix(format!("write `\"{name}\"`"), span, format!("\"{name}\"")) } else { finding })
}

/// What stands where an expression is wrong: its finding is told, nothing more follows from it.
pub(super) fn broken(span: Span) -> Expr {
    pure(ExprKind::Literal(Value::None), Type::Error, span)
}

/// The strongest effect among some expressions.
pub(super) fn strongest<'a>(exprs: impl IntoIterator<Item = &'a Expr>) -> Effect {
    exprs.into_iter().map(|expr| expr.effect).max().unwrap_or(Effect::Pure)
}

impl Checker<'_> {
    /// Checks an expression where a value of type `wanted` is expected.
    pub(super) fn expr_of<'w>(
        &mut self,
        scope: &mut Scope,
        expr: &ast::Expr,
        wanted: &Type,
        want: impl Into<Want<'w>>,
    ) -> Expr {
        let checked = self.expr(scope, expr, Some(wanted));
        if self.expect(&checked, wanted, want) { fitted(checked, wanted) } else { checked }
    }

    /// Checks an expression. `wanted` only guides literals that could be several things.
    pub(super) fn expr(&mut self, scope: &mut Scope, expr: &ast::Expr, wanted: Option<&Type>) -> Expr {
        let keeps_do = matches!(
            expr.kind,
            ast::ExprKind::Call { .. }
                | ast::ExprKind::Field { .. }
                | ast::ExprKind::Index(..)
                | ast::ExprKind::Cast(..)
        );
        if !keeps_do {
            scope.do_span = None;
        }
        let mut checked = self.expr_kind(scope, expr, wanted);
        if checked.ty.is_optional() && !scope.narrowed.is_empty() && scope.has_value(expr) {
            checked.ty = checked.ty.required();
        }
        checked
    }

    fn expr_kind(&mut self, scope: &mut Scope, expr: &ast::Expr, wanted: Option<&Type>) -> Expr {
        let span = expr.span;
        match &expr.kind {
            ast::ExprKind::Literal(literal) => {
                self.plain_braces(scope, literal, span);
                self.literal(literal, span, wanted)
            }
            ast::ExprKind::Interpolated(fragments) => self.interpolated(scope, fragments, span),
            ast::ExprKind::Tagged(tagged) => self.tagged(scope, tagged, wanted, span),
            ast::ExprKind::Name(name) => self.name(scope, name, wanted, span),
            ast::ExprKind::Field { of, name, optional } => self.field(scope, of, name, *optional, wanted, span),
            ast::ExprKind::Call { callee, arguments, arguments_span } => {
                self.call(scope, callee, arguments, *arguments_span, span)
            }
            ast::ExprKind::Index(of, key) => self.index(scope, of, key, span),
            ast::ExprKind::Cast(of, ty) => self.cast(scope, of, ty, span),
            ast::ExprKind::Unary(operator, of) => self.unary(scope, operator, of, wanted, span),
            ast::ExprKind::Binary(left, operator, right) => self.binary(scope, left, operator, right, wanted, span),
            ast::ExprKind::If(condition, then, otherwise) => {
                self.choice(scope, condition, then, otherwise, wanted, span)
            }
            ast::ExprKind::List(items) => self.list(scope, items, wanted, span),
            ast::ExprKind::ListComprehension(item, comprehension) => {
                self.list_comprehension(scope, item, comprehension, wanted, span)
            }
            ast::ExprKind::Record(entries) => self.braces(scope, entries, wanted, span),
            ast::ExprKind::MapComprehension(entry, comprehension) => {
                self.map_comprehension(scope, entry, comprehension, wanted, span)
            }
            ast::ExprKind::Table { columns, rows } => self.table(scope, columns, rows, wanted, span),
        }
    }

    fn literal(&self, literal: &Literal, span: Span, wanted: Option<&Type>) -> Expr {
        let (value, ty) = literal_value(literal);
        match (&value, wanted.map(Type::required)) {
            (Value::Text(text), Some(Type::Literals(_))) => {
                let ty = Type::literals([&**text]);
                pure(ExprKind::Literal(value), ty, span)
            }
            (Value::Int(_) | Value::Float(_), Some(Type::Decimal)) => {
                self.decimal(span).unwrap_or_else(|| pure(ExprKind::Literal(value), ty, span))
            }
            _ => pure(ExprKind::Literal(value), ty, span),
        }
    }

    /// A number that is written out, by its digits.
    pub(super) fn decimal(&self, span: Span) -> Option<Expr> {
        let digits = self.source_text(span).replace('_', "");
        let value = Value::Decimal(Arc::new(decimal_from_text(&digits)?));
        Some(pure(ExprKind::Literal(value), Type::Decimal, span))
    }

    fn name(&mut self, scope: &mut Scope, name: &Arc<str>, wanted: Option<&Type>, span: Span) -> Expr {
        match scope.find(name) {
            Some(Found::Slot { up, slot, ty, param }) => {
                self.declared.extend(param.map(|param| (span, param)));
                pure(ExprKind::Slot { up, index: slot }, ty, span)
            }
            Some(Found::Local { index, ty, param }) => {
                self.declared.extend(param.map(|param| (span, param)));
                pure(ExprKind::Local(index), ty, span)
            }
            None => {
                let is_told = self.is_unresolved(scope.module, name) || self.lacks_import(scope.module, name, span);
                match wanted {
                    _ if is_told => {}
                    Some(Type::Connection(kind)) => self.unknown_connection(scope, name, span, *kind),
                    _ => {
                        let finding = self.unknown_name(scope, name, wanted, span);
                        self.report(finding);
                    }
                }
                broken(span)
            }
        }
    }

    /// Reports a setting whose value, as it is written, no run could take.
    pub(super) fn within(&mut self, setting: &Expr, holds: impl Fn(&Value) -> bool, wanted: &str) {
        let text = self.text(setting.span);
        // What stands for a literal that could not be read is 0, too, and was told.
        if text.starts_with(['0', '-']) && stated(setting).is_some_and(|value| !holds(&value)) {
            let message = format!("expected {wanted}, found `{text}`");
            self.report(Diagnostic::new(&codes::VF003, setting.span, message).help(format!("write {wanted}")));
        }
    }

    /// The finding for a name that means nothing here; a function's name without a call is its own mistake.
    fn unknown_name(&mut self, scope: &Scope, name: &str, wanted: Option<&Type>, span: Span) -> Diagnostic {
        if self.is_function(scope.module, name) {
            let message = format!("`{name}` is a function and is not called");
            return Diagnostic::new(&codes::VF101, span, message).help(format!("write `{name}(…)`"));
        }
        if name == "run" {
            return Diagnostic::new(&codes::VF101, span, "`run` is not a value by itself")
                .help(format!("name what you want of it: {}", run_fields()));
        }
        let finding = Diagnostic::new(&codes::VF101, span, format!("nothing is called `{name}` here"));
        if let Some(word) = ["none", "true", "false"].into_iter().find(|word| name.eq_ignore_ascii_case(word)) {
            return finding.help(format!("did you mean `{word}`?")).fix(format!("write `{word}`"), span, word);
        }
        if let Some(finding) = self.bound_further_in(scope.module, name, finding.clone()) {
            return finding;
        }
        let finding = finding.help("define it as a step, `name = …`, or as a parameter, `param name: type`");
        if let Some(quoted) = in_quotes(&finding, name, wanted, span)
            && !self.has_near(name, scope.names().map(|known| known.name))
        {
            return quoted;
        }
        self.suggest_of(finding, name, scope.names().chain([Candidate::from("run")]), wanted, span)
    }

    fn field(
        &mut self,
        scope: &mut Scope,
        of: &ast::Expr,
        name: &Name,
        optional: bool,
        wanted: Option<&Type>,
        span: Span,
    ) -> Expr {
        if let Some(expr) = self.run_field(scope, of, name, span) {
            return expr;
        }
        if let Some(finding) = self.uncalled(scope, of, name, span) {
            self.report(finding);
            return broken(span);
        }
        let of = self.expr(scope, of, None);
        let before = self.diagnostics.len();
        let ty = self.left_of_dot(&of, optional, &format!("`.{}`", name.node));
        let decided = self.diagnostics.len();
        let found = self.field_of(of, &ty, name, (optional, wanted), span);
        // That there may be no value matters when there is such a field.
        if self.diagnostics.len() > decided {
            self.diagnostics.drain(before..decided);
        }
        match (optional, found) {
            (true, Expr { kind, ty, span, effect }) => Expr { kind, ty: ty.optional(), span, effect },
            (false, found) => found,
        }
    }

    /// The type whose field is read. A json may be missing on the way: the next look gives `none` again.
    fn left_of_dot(&mut self, of: &Expr, optional: bool, doing: &str) -> Type {
        let is_json = of.ty.required() == Type::Json;
        if optional || is_json { of.ty.required() } else { self.decide(of, doing) }
    }

    fn field_of(
        &mut self,
        of: Expr,
        ty: &Type,
        name: &Name,
        (optional, wanted): (bool, Option<&Type>),
        span: Span,
    ) -> Expr {
        let effect = of.effect;
        let field = |of: Expr, ty: Type| Expr {
            kind: ExprKind::Field { of: Box::new(of), name: name.node.clone(), optional },
            ty,
            span,
            effect,
        };
        if let Type::Record(record) = ty {
            return match record.get(&name.node) {
                Some(found) => {
                    let found = found.clone();
                    field(of, found)
                }
                None => self.no_field(of.span, ty, name, wanted, span),
            };
        }
        if let Some(property) = ty.family().and_then(|family| registry::property(family, &name.node)) {
            let ty = (property.ty)(ty);
            return Expr { kind: ExprKind::Property { of: Box::new(of), property, optional }, ty, span, effect };
        }
        match ty {
            // Also what an empty list would hold: looking for it fails, and must be done.
            Type::Error => field(of, Type::Error),
            Type::Any => field(of, Type::Any),
            Type::Json => field(of, Type::Json.optional()),
            Type::Map(key, value) if key.is_text() => field(of, (**value).clone()),
            Type::Table(row) => match row.get(&name.node) {
                Some(column) => field(of, Type::list(column.clone())),
                None => self.no_field(of.span, ty, name, wanted, span),
            },
            _ => self.no_field(of.span, ty, name, wanted, span),
        }
    }

    fn no_field(&mut self, of: Span, ty: &Type, name: &Name, wanted: Option<&Type>, span: Span) -> Expr {
        let family = ty.family().unwrap_or_default();
        if registry::method(family, &name.node).is_some() {
            let message = format!("`{}` is a method and is not called", name.node);
            self.report(Diagnostic::new(&codes::VF101, name.span, message).help(format!("write `.{}(…)`", name.node)));
            return broken(span);
        }
        if let Type::Outcomes(..) = ty {
            let message =
                format!("this loop goes on after failures, so it gives outcomes, which have no `{}`", name.node);
            let finding = Diagnostic::new(&codes::VF203, name.span, message)
                .help("write `.ok` for the results, `.failed` for what went wrong")
                .fix("write `.ok` first", name.span.before(), "ok.");
            self.report(finding);
            return broken(span);
        }
        let properties = registry::properties().filter(|property| property.family == family);
        let fields = match ty {
            Type::Record(record) | Type::Table(record) => record.fields.as_slice(),
            _ => &[],
        };
        let candidates = properties
            .map(|property| Candidate::from(property.name))
            .chain(fields.iter().map(|field| Candidate { name: &field.name, ty: Some(&field.ty) }));
        let message = format!("{} has no field `{}`", shown(ty), name.node);
        let finding = Diagnostic::new(&codes::VF101, name.span, message).label(of, format!("`{}`", ty.brief()));
        let of_time = foreign::member_of_time(&name.node).filter(|_| *ty == Type::Timestamp);
        if let Some(help) = of_time.or_else(|| foreign::member(&name.node)) {
            self.report(finding.help(help));
            return broken(span);
        }
        let finding = match self.of_each(of, ty, &name.node) {
            Some(help) => finding.help(help),
            None => self.suggest_of(finding, &name.node, candidates, wanted, name.span),
        };
        self.report(finding);
        broken(span)
    }

    /// How to read a field of the records in a list.
    fn of_each(&self, list: Span, ty: &Type, name: &str) -> Option<String> {
        let Type::List(item) = ty else { return None };
        let Type::Record(record) = &**item else { return None };
        let own = record.get(name).map(|_| name);
        let near = own.or_else(|| closest(name, record.fields.iter().map(|field| &*field.name)))?;
        Some(format!("take it of each record: `[r.{near} for r in {}]`", self.short(list)))
    }

    fn run_field(&mut self, scope: &mut Scope, of: &ast::Expr, name: &Name, span: Span) -> Option<Expr> {
        let ast::ExprKind::Name(run) = &of.kind else { return None };
        if &**run != "run" || scope.bound_at("run").is_some() {
            return None;
        }
        let Some((_, field)) = RUN_FIELDS.iter().find(|(known, _)| *known == &*name.node) else {
            let finding = Diagnostic::new(&codes::VF101, name.span, format!("a run has no `{}`", name.node));
            let known = RUN_FIELDS.iter().map(|(known, _)| *known);
            let finding = match &*name.node {
                "secret" | "secrets" | "credentials" | "password" | "token" => finding
                    .help("a secret is a parameter of the workflow: write `param key: secret`, and `key` here; its job gives it"),
                "params" | "parameters" | "args" | "arguments" => {
                    finding.help("a parameter is named alone: `param day: date` is `day` here")
                }
                _ => self.suggest(finding, &name.node, known, name.span),
            };
            self.report(finding);
            return Some(broken(span));
        };
        if matches!(field, RunField::Status | RunField::Error) {
            self.outcome_is_known(scope, &format!("run.{}", name.node), span);
            if !scope.knows_outcome {
                return Some(broken(span));
            }
        }
        let ty = run_type(*field);
        let is_sure = *field == RunField::Error && scope.has_failed;
        Some(pure(ExprKind::Run(*field), if is_sure { ty.required() } else { ty }, span))
    }

    /// The outcome is known in `failed` and `finally` alone, and in what is called from there.
    pub(super) fn outcome_is_known(&mut self, scope: &mut Scope, what: &str, span: Span) {
        scope.footprint.needs_outcome = true;
        if !scope.knows_outcome {
            let finding = Diagnostic::new(&codes::VF107, span, format!("`{what}` is not known while the run goes on"))
                .help("look at it in `finally { … }` or `failed { … }`");
            self.report(finding);
        }
    }

    /// `module.name` or `namespace.name` without a call.
    fn uncalled(&self, scope: &Scope, of: &ast::Expr, name: &Name, span: Span) -> Option<Diagnostic> {
        let ast::ExprKind::Name(left) = &of.kind else { return None };
        if scope.bound_at(left).is_some() {
            return None;
        }
        let is_import = self.modules.all.get(scope.module.0)?.imports.iter().any(|import| import.name == *left);
        (is_import || registry::is_namespace(left)).then(|| {
            Diagnostic::new(&codes::VF101, span, format!("`{left}.{}` is not called", name.node))
                .help(format!("write `{left}.{}(…)`", name.node))
        })
    }

    fn index(&mut self, scope: &mut Scope, of: &ast::Expr, key: &ast::Expr, span: Span) -> Expr {
        let of = self.expr(scope, of, None);
        let ty = self.left_of_dot(&of, false, "`[…]`");
        let (wanted, result) = match &ty {
            Type::Map(key, value) => ((**key).clone(), value.as_ref().clone().optional()),
            Type::Json => (Type::Any, Type::Json.optional()),
            Type::Any | Type::Error => (Type::Any, ty.clone()),
            Type::Record(record) => return self.field_by_name(scope, of, record, key, span),
            Type::Outcomes(..) => {
                self.expect(&of, &Type::list(Type::Any), "`[…]`");
                return broken(span);
            }
            other => {
                let Some(item) = other.item() else {
                    let message = format!("`[…]` needs a list or a map, found `{other}`");
                    let help = "a field of a record is read with a dot: `r.name`";
                    self.report(Diagnostic::new(&codes::VF201, of.span, message).help(help));
                    return broken(span);
                };
                (Type::Int, item)
            }
        };
        let key = self.expr_of(scope, key, &wanted, "this look-up");
        let effect = of.effect.max(key.effect);
        Expr { kind: ExprKind::Index(Box::new(of), Box::new(key)), ty: result, span, effect }
    }

    fn unary(
        &mut self,
        scope: &mut Scope,
        operator: &Spanned<UnaryOperator>,
        of: &ast::Expr,
        wanted: Option<&Type>,
        span: Span,
    ) -> Expr {
        match operator.node {
            UnaryOperator::Not => {
                let of = self.expr_of(scope, of, &Type::Bool, "`not`");
                let effect = of.effect;
                Expr { kind: ExprKind::Not(Box::new(of)), ty: Type::Bool, span, effect }
            }
            UnaryOperator::Negate => {
                let of = self.expr(scope, of, wanted);
                let ty = self.decide(&of, "`-`");
                let is_signed = ty.is_number() || matches!(ty, Type::Period | Type::BusinessDays);
                if !is_signed {
                    let finding = Diagnostic::new(&codes::VF201, of.span, format!("`-` needs a number, found `{ty}`"));
                    self.report(finding.help("leave `-` out, or give a number, a period or business days"));
                    return broken(span);
                }
                let effect = of.effect;
                Expr { kind: ExprKind::Negate(Box::new(of)), ty, span, effect }
            }
        }
    }

    fn choice(
        &mut self,
        scope: &mut Scope,
        condition: &ast::Expr,
        then: &ast::Expr,
        otherwise: &ast::Expr,
        wanted: Option<&Type>,
        span: Span,
    ) -> Expr {
        let checked = self.expr_of(scope, condition, &Type::Bool, "a condition");
        let yes = self.narrowed(scope, condition, true, |checker, scope| checker.expr(scope, then, wanted));
        let no = self.narrowed(scope, condition, false, |checker, scope| checker.expr(scope, otherwise, wanted));
        let ty = self.join(&yes, &no, "the branches of an `if`");
        let effect = strongest([&checked, &yes, &no]);
        let (yes, no) = (fitted(yes, &ty), fitted(no, &ty));
        Expr { kind: ExprKind::If(Box::new(checked), Box::new(yes), Box::new(no)), ty, span, effect }
    }

    /// Checks something where `condition` is known to be `truth`.
    pub(super) fn narrowed<R>(
        &mut self,
        scope: &mut Scope,
        condition: &ast::Expr,
        truth: bool,
        visit: impl FnOnce(&mut Self, &mut Scope) -> R,
    ) -> R {
        let depth = scope.narrowed.len();
        scope.narrowed.extend(narrow::facts(condition, truth));
        let result = visit(self, scope);
        scope.narrowed.truncate(depth);
        result
    }

    /// The one type of two expressions, or a finding.
    pub(super) fn join(&mut self, a: &Expr, b: &Expr, what: &str) -> Type {
        self.join_typed((&a.ty, a.span), (&b.ty, b.span), what)
    }

    /// The one type of two types and the places they come from, or a finding.
    pub(super) fn join_typed(&mut self, a: (&Type, Span), b: (&Type, Span), what: &str) -> Type {
        if let Some(ty) = a.0.join(b.0) {
            return ty;
        }
        let finding = Diagnostic::new(&codes::VF201, b.1, format!("{what} have one type; this is `{}`", b.0))
            .at(format!("`{}`", b.0))
            .label(a.1, format!("`{}`", a.0))
            .help("make both of one type; for different things that belong together use a record, `{ name: value }`");
        self.report(finding);
        Type::Error
    }
}

/// A type at the beginning of a sentence; what is long stands in a label.
fn shown(ty: &Type) -> String {
    match ty {
        Type::Record(_) if *ty != Type::point() => "this record".to_owned(),
        Type::Table(_) => "this table".to_owned(),
        other => format!("`{}`", other.brief()),
    }
}

/// The operators whose right side is checked with what the left side says.
pub(super) fn right_side_truth(operator: BinaryOperator) -> Option<bool> {
    match operator {
        BinaryOperator::And => Some(true),
        BinaryOperator::Or => Some(false),
        _ => None,
    }
}

fn run_fields() -> String {
    RUN_FIELDS.iter().map(|(name, _)| format!("`run.{name}`")).collect::<Vec<_>>().join(", ")
}

fn run_type(field: RunField) -> Type {
    match field {
        RunField::Now => Type::Timestamp,
        RunField::Id | RunField::Job | RunField::Env | RunField::Workflow => Type::Text,
        RunField::Status => Type::literals(STATUSES),
        RunField::Error => Type::Failure.optional(),
    }
}

/// A literal's value and type.
pub(super) fn literal_value(literal: &Literal) -> (Value, Type) {
    match literal {
        Literal::None => (Value::None, Type::None),
        Literal::Bool(b) => (Value::Bool(*b), Type::Bool),
        Literal::Int(n) => (Value::Int(*n), Type::Int),
        Literal::Float(x) => (Value::Float(*x), Type::Float),
        Literal::Text(text) => (Value::Text(text.clone()), Type::Text),
        Literal::Date(date) => (Value::Date(*date), Type::Date),
        Literal::Time(time) => (Value::Time(*time), Type::Time),
        Literal::Timestamp(at) => (Value::Timestamp(*at), Type::Timestamp),
        Literal::Duration(ms) => (Value::Duration(*ms), Type::Duration),
        Literal::Period { months, days } => (Value::Period(Period { months: *months, days: *days }), Type::Period),
        Literal::BusinessDays(n) => (Value::BusinessDays(*n), Type::BusinessDays),
    }
}

/// The value that a literal is, with its sign.
pub(super) fn stated(expr: &Expr) -> Option<Value> {
    match &expr.kind {
        ExprKind::Literal(value) => Some(value.clone()),
        ExprKind::Negate(inner) => match stated(inner)? {
            Value::Int(n) => n.checked_neg().map(Value::Int),
            Value::Duration(ms) => ms.checked_neg().map(Value::Duration),
            _ => None,
        },
        _ => None,
    }
}
