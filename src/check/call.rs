//! Calls: which declaration is meant, which argument goes where, what comes out.

use std::collections::HashMap;
use std::sync::Arc;

use super::Checker;
use super::arguments::{CallSite, Given, Wanted, wanted_of};
use super::expression::{broken, strongest};
use super::fit::fitted;
use super::foreign;
use super::modules::ModuleId;
use super::program::{Expr, ExprKind, Function, FunctionId};
use super::scope::{Queried, Scope};
use super::statement::LOCAL;
use super::unify::{has_variable, settled, substitute, unify};
use crate::diagnostic::{Diagnostic, closest, codes};
use crate::primitive::{Effect, Form, Known, Spec, registry};
use crate::query::sql::SqlDialect;
use crate::source::Span;
use crate::syntax::ast::{self, Argument, Name};
use crate::value::{ConnectionKind, Type, Value};

/// What a callee turned out to be.
enum Callee {
    Primitive(&'static Spec, Option<Expr>),
    Function(FunctionId, Arc<Function>),
}

impl Checker<'_> {
    pub(super) fn call(
        &mut self,
        scope: &mut Scope,
        callee: &ast::Expr,
        arguments: &[Argument],
        arguments_span: Span,
        span: Span,
    ) -> Expr {
        let do_span = scope.do_span.take();
        let is_step = scope.action.take() == Some(span);
        let is_stated = scope.stated.take() == Some(span);
        if let (Some(level), ast::ExprKind::Name(name)) = (scope.record, &callee.kind)
            && &**name == "writes"
        {
            return self.writes_call(scope, level, arguments, (arguments_span, span));
        }
        let Some((found, verb_span)) = self.callee(scope, callee, arguments) else {
            for argument in arguments {
                self.expr(scope, &argument.value, None);
            }
            return broken(span);
        };
        let name = match &found {
            Callee::Primitive(spec, _) if spec.form == Form::Namespace => spec.name.to_owned(),
            Callee::Primitive(spec, _) => spec.verb().to_owned(),
            Callee::Function(_, function) => function.name.to_string(),
        };
        let connection = match &found {
            Callee::Primitive(_, Some(receiver)) => self.queried(scope, receiver),
            Callee::Primitive(spec, None) if spec.family() == LOCAL => {
                Some(Queried { name: None, dialect: Some(SqlDialect::Sqlite), is_local: true })
            }
            _ => None,
        };
        let text = self.text(callee.span);
        let site = CallSite { name, text, connection, is_stated, verb_span, arguments, arguments_span };
        let before = self.diagnostics.len();
        let checked = match found {
            Callee::Primitive(spec, receiver) => self.call_primitive(scope, spec, receiver, &site, span),
            Callee::Function(id, function) => self.call_function(scope, id, &function, &site, span),
        };
        // Whether the statement is for another call decides whether there is a `do`.
        let is_other = self.diagnostics.iter().skip(before).any(|finding| *finding.code == codes::VF406);
        match (self.writes(&checked), do_span) {
            _ if is_other => {}
            (Some(what), None) => self.missing_do(scope, &checked, what, is_step, &site),
            (None, Some(do_span)) if checked.ty != Type::Error => self.needless_do(scope, &checked, do_span, &site),
            _ => {}
        }
        checked
    }

    /// What a call changes, in words; `None` when it only looks.
    fn writes(&self, call: &Expr) -> Option<&'static str> {
        match &call.kind {
            ExprKind::Primitive(spec, _) if spec.effect == Effect::Write => Some(match spec.family() {
                "sql" => "changes the database",
                "metrics" => "changes the store of metrics",
                "files" => "writes a file",
                _ => "changes the outside world",
            }),
            ExprKind::Function(id, _) => {
                self.function(*id).filter(|f| f.effect == Effect::Write).map(|_| "is an action, which writes")
            }
            _ => None,
        }
    }

    fn missing_do(&mut self, scope: &Scope, call: &Expr, what: &str, is_step: bool, site: &CallSite<'_>) {
        let message = format!("`{}` {what}, so it needs `do`", site.text);
        let finding = Diagnostic::new(&codes::VF601, site.verb_span, message);
        self.report(if is_step {
            finding.help(format!("write `do {}(…)`", site.text)).fix("write `do` before it", call.span.before(), "do ")
        } else if scope.blocks.is_empty() {
            finding.help(format!("a `fn` only computes: declare an `action` whose block has `do {}(…)`", site.text))
        } else {
            finding.help(format!("make it a step of its own: `name = do {}(…)`", site.text))
        });
    }

    fn needless_do(&mut self, scope: &Scope, call: &Expr, do_span: Span, site: &CallSite<'_>) {
        let does = if call.effect == Effect::Pure { "computes" } else { "reads" };
        let message = format!("`do` marks a write, and `{}` only {does}", site.text);
        let gap = Span { start: do_span.start, end: call.span.start, ..do_span };
        let finding = Diagnostic::new(&codes::VF601, do_span, message).label(site.verb_span, format!("only {does}"));
        // Without `do` a call alone is no statement: it needs a name, which nobody can guess.
        self.report(if scope.step.is_some() {
            finding.help("leave `do` out").fix("leave `do` out", gap, "")
        } else {
            finding.help(format!("name what it gives: `name = {}(…)`, or `_name` when nobody uses it", site.text))
        });
    }

    fn callee(&mut self, scope: &mut Scope, callee: &ast::Expr, arguments: &[Argument]) -> Option<(Callee, Span)> {
        match &callee.kind {
            ast::ExprKind::Name(name) => self.plain_callee(scope, name, callee.span).map(|found| (found, callee.span)),
            ast::ExprKind::Field { of, name, optional: false } => {
                self.dotted_callee(scope, of, name, arguments).map(|found| (found, name.span))
            }
            _ => {
                let finding = Diagnostic::new(&codes::VF101, callee.span, "only a function can be called");
                self.report(finding.help("write an operator between the two, or leave the parentheses out"));
                None
            }
        }
    }

    fn plain_callee(&mut self, scope: &mut Scope, name: &Arc<str>, span: Span) -> Option<Callee> {
        if let Some(found) =
            self.find_function(scope.module, name).or_else(|| self.find_function(self.modules.prelude?, name))
        {
            return Some(found);
        }
        if let Some(spec) = registry::prelude(name) {
            return Some(Callee::Primitive(spec, None));
        }
        let finding = if let Some(bound) = scope.bound_at(name).filter(|_| scope.step.as_ref() != Some(name)) {
            Diagnostic::new(&codes::VF101, span, format!("`{name}` is a value, not a function"))
                .label(bound, "bound here")
                .help("leave the parentheses out")
        } else if let Some(method) = registry::all().find(|spec| spec.form == Form::Method && spec.verb() == &**name) {
            Diagnostic::new(&codes::VF101, span, format!("`{name}` is called on a value"))
                .help(format!("write `{}.{name}(…)`", method.params.first().map_or("value", |param| param.name)))
        } else {
            let mut known = self.callable_names(scope.module);
            known.extend(scope.record.is_some().then(|| "writes".into()));
            let finding = Diagnostic::new(&codes::VF101, span, format!("no function is called `{name}`"));
            match (foreign::function(name), lacks_dot(scope, name)) {
                (Some(help), _) => finding.help(help),
                (None, Some(meant)) => {
                    finding.help(format!("did you mean `{meant}`?")).fix(format!("write `{meant}`"), span, meant)
                }
                (None, None) => {
                    let finding = finding.help("`vmflow doc` lists the functions that there are");
                    self.suggest(finding, name, known.iter().map(|name| &**name), span)
                }
            }
        };
        self.report(finding);
        None
    }

    /// Reports that nothing is called `name` where a connection stands: what can be called like `warehouse.query(…)`, or is
    /// wanted as an argument. One that a workflow does not name at all is told once.
    pub(super) fn unknown_connection(&mut self, scope: &Scope, name: &str, span: Span, kind: ConnectionKind) {
        let (used, kind) = (scope.connections(kind), kind.name());
        let finding = Diagnostic::new(&codes::VF101, span, format!("no connection is called `{name}` here"));
        if let Some(near) = closest(name, used.iter().map(|name| &**name)) {
            let finding = finding.help(format!("did you mean `{near}`?"));
            self.report(finding.respell(name, near, span));
        } else if self.missed_connections.insert(Arc::from(name)) {
            self.report(match used.as_slice() {
                [only] => finding.help(format!("write `{only}`, or name another: `use {name}: {kind}`")),
                _ => finding.help(format!("name it at the top of the workflow: `use {name}: {kind}`")),
            });
        }
    }

    fn callable_names(&self, module: ModuleId) -> Vec<Arc<str>> {
        let scopes = [Some(module), self.modules.prelude.filter(|prelude| *prelude != module)];
        let own =
            scopes.into_iter().flatten().filter_map(|id| self.signatures.get(&id)).flat_map(|of| of.keys().cloned());
        own.chain(registry::all().filter(|spec| spec.form == Form::Prelude).map(|spec| spec.verb().into())).collect()
    }

    /// Whether a name can be called from a module without a dot.
    pub(super) fn is_function(&self, module: ModuleId, name: &str) -> bool {
        let is_in = |id: ModuleId| self.signatures.get(&id).is_some_and(|of| of.contains_key(name));
        registry::prelude(name).is_some() || is_in(module) || self.modules.prelude.is_some_and(is_in)
    }

    fn find_function(&self, module: ModuleId, name: &Arc<str>) -> Option<Callee> {
        let id = *self.signatures.get(&module)?.get(name)?;
        Some(Callee::Function(id, self.function(id)?.clone()))
    }

    fn dotted_callee(
        &mut self,
        scope: &mut Scope,
        of: &ast::Expr,
        name: &Name,
        arguments: &[Argument],
    ) -> Option<Callee> {
        if let ast::ExprKind::Name(left) = &of.kind
            && scope.bound_at(left).is_none()
        {
            if self.is_unresolved(scope.module, left) {
                return None;
            }
            if let Some(module) = self.imported(scope.module, left) {
                return self.module_callee(module, left, name);
            }
            if registry::is_namespace(left) {
                return self.namespace_callee(left, name);
            }
            if let Some((kind, _)) = other_connections(scope, &name.node) {
                self.unknown_connection(scope, left, of.span, kind);
                return None;
            }
        }
        if let Some(module) = foreign::module_in(scope, of) {
            self.report(foreign::unknown_module(module, of.span, name));
            return None;
        }
        let receiver = self.expr(scope, of, None);
        self.method_callee(scope, receiver, name, arguments)
    }

    fn module_callee(&mut self, module: ModuleId, alias: &str, name: &Name) -> Option<Callee> {
        self.find_function(module, &name.node).or_else(|| {
            let names: Vec<Arc<str>> =
                self.signatures.get(&module).into_iter().flat_map(|of| of.keys().cloned()).collect();
            let finding =
                Diagnostic::new(&codes::VF101, name.span, format!("`{alias}` has no function `{}`", name.node));
            let finding = self.suggest(finding, &name.node, names.iter().map(|name| &**name), name.span);
            self.report(finding);
            None
        })
    }

    fn namespace_callee(&mut self, family: &str, name: &Name) -> Option<Callee> {
        registry::namespace(family, &name.node).map(|spec| Callee::Primitive(spec, None)).or_else(|| {
            let names =
                registry::all().filter(|spec| spec.form == Form::Namespace && spec.family() == family).map(Spec::verb);
            let finding = Diagnostic::new(&codes::VF101, name.span, format!("`{family}` has no `{}`", name.node));
            let finding = self.suggest(finding, &name.node, names, name.span);
            self.report(finding);
            None
        })
    }

    fn method_callee(&mut self, scope: &Scope, receiver: Expr, name: &Name, arguments: &[Argument]) -> Option<Callee> {
        let ty = match &receiver.ty {
            Type::Error => return None,
            Type::Optional(_) | Type::None => self.decide(&receiver, &format!("`.{}(…)`", name.node)),
            ty => ty.clone(),
        };
        if let Some(spec) = ty.family().and_then(|family| registry::method(family, &name.node)) {
            return Some(Callee::Primitive(spec, Some(receiver)));
        }
        let finding = match foreign::method_of_kind(&receiver, &ty, name, arguments) {
            Some(finding) => finding,
            None => self.no_method(scope, &receiver, &ty, name),
        };
        self.report(finding);
        None
    }

    fn no_method(&mut self, scope: &Scope, receiver: &Expr, ty: &Type, name: &Name) -> Diagnostic {
        let family = ty.family().unwrap_or_default();
        if *ty == Type::Any {
            return Diagnostic::new(
                &codes::VF402,
                receiver.span,
                format!("nobody said what type this has, so `.{}(…)` has no meaning yet", name.node),
            )
            .help("state it where it is read: `… as table<{ column: type }>`");
        }
        let is_field = matches!(ty, Type::Record(record) if record.get(&name.node).is_some());
        if is_field || registry::property(family, &name.node).is_some() {
            return Diagnostic::new(&codes::VF101, name.span, format!("`.{}` is not called", name.node))
                .help(format!("write `.{}` without `(…)`", name.node));
        }
        if let Type::Outcomes(..) = ty {
            let message =
                format!("this loop goes on after failures, so it gives outcomes, which have no `{}`", name.node);
            return Diagnostic::new(&codes::VF203, name.span, message)
                .help("write `.ok` for the results, `.failed` for what went wrong");
        }
        if registry::prelude(&name.node).is_some() {
            return Diagnostic::new(
                &codes::VF101,
                name.span,
                format!("`{}` is a function, not a method of `{ty}`", name.node),
            )
            .help(format!("write `{}(…)`", name.node));
        }
        let names = registry::all()
            .filter(|spec| spec.form == Form::Method && spec.family() == family)
            .map(Spec::verb)
            .chain(registry::properties().filter(|p| p.family == family).map(|p| p.name));
        let message = format!("no method `{}` on {}", name.node, shown(ty));
        let finding = Diagnostic::new(&codes::VF101, name.span, message).label(receiver.span, format!("`{ty}`"));
        if let Type::Connection(_) = ty
            && let Some((kind, others)) = other_connections(scope, &name.node)
        {
            let kind = kind.name();
            return match others.as_slice() {
                [only] => finding
                    .help(format!("`{only}` is a `{kind}` connection: write `{only}.{}(…)`", name.node))
                    .fix(format!("write `{only}`"), receiver.span, &**only),
                [] => finding.help(format!("a `{kind}` connection has it: `use name: {kind}`")),
                _ => finding.help(format!("a `{kind}` connection has it: `{}`", others.join("`, `"))),
            };
        }
        let of_time = foreign::member_of_time(&name.node).filter(|_| *ty == Type::Timestamp);
        let member = of_time.or_else(|| foreign::member(&name.node));
        match member.filter(|_| !matches!(ty, Type::Connection(_))) {
            Some(help) => finding.help(help),
            None => self.suggest(finding, &name.node, names, name.span),
        }
    }

    fn call_primitive(
        &mut self,
        scope: &mut Scope,
        spec: &'static Spec,
        receiver: Option<Expr>,
        site: &CallSite<'_>,
        span: Span,
    ) -> Expr {
        let offset = usize::from(receiver.is_some());
        let wanted: Vec<Wanted> = spec.params.iter().skip(offset).map(wanted_of).collect();
        let mut variables = HashMap::new();
        if let (Some(receiver), Some(param)) = (&receiver, spec.params.first()) {
            let _ = unify(&(param.ty)(), &receiver.ty, &mut variables);
        }
        let reader = self.reads_promql(scope, receiver.as_ref());
        let outer = std::mem::replace(&mut self.promql_reader, reader);
        let Given { arguments, is_right } = self.arguments(scope, &wanted, site, &mut variables);
        self.promql_reader = outer;
        let arguments: Vec<Option<Expr>> = receiver.into_iter().map(Some).chain(arguments).collect();
        self.check_literals(spec, &arguments);
        // After a wrong argument nothing more is said of the result.
        let ty = if is_right { self.returned(spec, &arguments, &variables, site) } else { Type::Error };
        let inner = strongest(arguments.iter().flatten());
        self.note_primitive(scope, spec, &arguments, site);
        let is_query = matches!(spec.name, "sql.query" | "local.query");
        let rows = if is_query && is_right { self.queried_rows(&arguments, site) } else { None };
        let effect = inner.max(spec.effect);
        let call = Expr { kind: ExprKind::Primitive(spec, arguments), ty, span, effect };
        match rows {
            // The database's own types are not always the columns': SQLite gives a day that it computed as a text.
            Some((ty, true)) => Expr { kind: ExprKind::Cast(Box::new(call), None), ty, span, effect },
            Some((ty, false)) => Expr { ty, ..call },
            None if spec.widens && !call.ty.is_unknown() => {
                let ty = call.ty.clone();
                Expr { kind: ExprKind::Widen(Box::new(call)), ty, span, effect }
            }
            None => call,
        }
    }

    /// Notes what a primitive writes through, and looks at queries for a store that knows a subset only.
    fn note_primitive(&mut self, scope: &mut Scope, spec: &Spec, arguments: &[Option<Expr>], site: &CallSite<'_>) {
        if spec.effect == Effect::Write {
            scope.footprint.written.extend(connections_in(scope, arguments.iter().flatten()));
            scope.footprint.is_unsafe_to_repeat |= !spec.idempotent;
        }
        self.check_names(spec, arguments);
        if spec.family() == "sql"
            && let Some(query) = arguments.get(1).and_then(Option::as_ref)
        {
            let connection = site.text.rsplit_once('.').map_or("db", |(connection, _)| connection);
            self.check_statement(spec.verb(), query, connection);
            self.check_rows(spec, arguments, site);
        }
        if spec.family() == LOCAL
            && let Some(Some(query)) = arguments.first()
        {
            self.check_local_statement(query);
        }
        if spec.family() == "metrics" {
            self.check_metrics_query(scope, spec.verb(), arguments);
        }
    }

    fn returned(
        &mut self,
        spec: &Spec,
        arguments: &[Option<Expr>],
        variables: &HashMap<&'static str, Type>,
        site: &CallSite<'_>,
    ) -> Type {
        let types: Vec<Option<Type>> =
            arguments.iter().map(|argument| argument.as_ref().map(|a| a.ty.clone())).collect();
        let literals: Vec<Option<Value>> =
            arguments.iter().map(|argument| argument.as_ref().and_then(constant)).collect();
        let declared = || settled(substitute(&(spec.returns)(), variables));
        if types.iter().flatten().any(|ty| *ty == Type::Error) {
            return declared();
        }
        match (spec.infer)(Known { types: &types, literals: &literals }) {
            None => declared(),
            Some(Ok(ty)) => ty,
            Some(Err(why)) => {
                let (message, help) = why.split_once("; ").unwrap_or((&why, "look at the arguments' types"));
                let span = named_in(message, arguments.iter().flatten()).unwrap_or(site.arguments_span);
                self.report(Diagnostic::new(&codes::VF201, span, message).help(help));
                Type::Error
            }
        }
    }

    /// What types cannot say of a literal argument: a zone that is none, a format that is none.
    fn check_literals(&mut self, spec: &Spec, arguments: &[Option<Expr>]) {
        for (param, argument) in spec.params.iter().zip(arguments) {
            let Some((argument, value)) = argument.as_ref().and_then(|a| Some((a, constant(a)?))) else { continue };
            if argument.ty.fits(&(param.ty)()).is_err() || has_variable(&(param.ty)()) {
                continue;
            }
            if let Err(crate::value::ReflectError::Value(why)) = (param.accepts)(value) {
                let finding = refused(argument.span, &why);
                self.report(finding);
            }
        }
    }

    fn call_function(
        &mut self,
        scope: &mut Scope,
        id: FunctionId,
        function: &Function,
        site: &CallSite<'_>,
        span: Span,
    ) -> Expr {
        if self.without_meaning.contains(&id) {
            for argument in site.arguments {
                self.expr(scope, &argument.value, None);
            }
            return broken(span);
        }
        let wanted: Vec<Wanted> = function
            .params
            .iter()
            .map(|param| Wanted {
                name: param.name.clone(),
                ty: param.ty.clone(),
                is_optional: param.default.is_some() || param.ty.is_optional(),
                span: Some(param.span),
            })
            .collect();
        let Given { arguments, is_right } = self.arguments(scope, &wanted, site, &mut HashMap::new());
        let arguments: Vec<Expr> = function
            .params
            .iter()
            .zip(arguments)
            .map(|(param, given)| {
                given.or_else(|| param.default.clone()).unwrap_or_else(|| none_at(site.arguments_span))
            })
            .collect();
        if function.needs_outcome {
            self.outcome_is_known(scope, &function.name, site.verb_span);
        }
        if function.effect == Effect::Write {
            scope.footprint.written.extend(connections_in(scope, &arguments));
            scope.footprint.is_unsafe_to_repeat |= self.unsafe_to_repeat.contains(&id);
        }
        let effect = strongest(&arguments).max(function.effect);
        let arguments =
            arguments.into_iter().zip(&function.params).map(|(given, param)| fitted(given, &param.ty)).collect();
        let ty = if is_right { function.returns.clone() } else { Type::Error };
        Expr { kind: ExprKind::Function(id, arguments), ty, span, effect }
    }
}

/// The value and its method when only the dot between them is missing: `vmexport(…)`.
fn lacks_dot(scope: &Scope, name: &str) -> Option<String> {
    scope.names().find_map(|candidate| {
        let verb = name.strip_prefix(candidate.name)?;
        registry::method(candidate.ty?.family()?, verb).map(|_| format!("{}.{verb}", candidate.name))
    })
}

fn none_at(span: Span) -> Expr {
    super::expression::pure(ExprKind::Literal(Value::None), Type::None, span)
}

/// The finding for a literal that a parameter does not accept; what stands behind a `;` is what to do.
fn refused(span: Span, why: &str) -> Diagnostic {
    let (message, help) = why.split_once("; ").map_or((why, None), |(what, help)| (what, Some(help.to_owned())));
    let wanted = message.strip_prefix("expected ").and_then(|rest| rest.split(", found").next());
    let mut finding = Diagnostic::new(&codes::VF003, span, message);
    finding.help = help.or_else(|| wanted.map(|wanted| format!("write {wanted}")));
    finding
}

/// The value of an expression that is the same in every run.
pub(super) fn constant(expr: &Expr) -> Option<Value> {
    match &expr.kind {
        ExprKind::Literal(value) => Some(value.clone()),
        ExprKind::List(items) => items.iter().map(constant).collect::<Option<Vec<_>>>().map(Value::list),
        ExprKind::Record(shape, fields) => {
            let values = fields.iter().map(constant).collect::<Option<Vec<_>>>()?;
            Some(Value::record(shape.iter().cloned().zip(values)))
        }
        ExprKind::Negate(of) => match constant(of)? {
            Value::Int(n) => n.checked_neg().map(Value::Int),
            Value::Float(x) => Some(Value::Float(-x)),
            _ => None,
        },
        _ => None,
    }
}

/// The connections among some arguments, as the blocks and slots that hold them.
fn connections_in<'e>(scope: &Scope, arguments: impl IntoIterator<Item = &'e Expr>) -> Vec<(usize, usize)> {
    let slot = |expr: &Expr| match (&expr.ty, &expr.kind) {
        (Type::Connection(_), ExprKind::Slot { up, index }) => Some((scope.blocks.len().checked_sub(1 + up)?, *index)),
        _ => None,
    };
    arguments.into_iter().filter_map(slot).collect()
}

/// A type in a message: connections and long records by their kind.
fn shown(ty: &Type) -> String {
    match ty {
        Type::Connection(kind) => format!("a `{}` connection", kind.name()),
        Type::Record(_) if *ty != Type::point() => "this record".to_owned(),
        Type::List(_) => "a list".to_owned(),
        Type::Table(_) => "a table".to_owned(),
        Type::Map(..) => "a map".to_owned(),
        other => format!("`{other}`"),
    }
}

/// The kind of connection that has a method, and the connections of that kind.
fn other_connections(scope: &Scope, method: &str) -> Option<(ConnectionKind, Vec<Arc<str>>)> {
    let kinds = [ConnectionKind::Sql, ConnectionKind::Metrics, ConnectionKind::Http, ConnectionKind::Files];
    let kind = kinds.into_iter().find(|kind| registry::method(kind.family(), method).is_some())?;
    Some((kind, scope.connections(kind)))
}

/// The text among the arguments, or the items of a list of them, that a message names.
fn named_in<'e>(message: &str, arguments: impl Iterator<Item = &'e Expr>) -> Option<Span> {
    let is_named = |text: &str| message.split('`').skip(1).step_by(2).any(|named| named == text);
    arguments
        .flat_map(|argument| match &argument.kind {
            ExprKind::List(items) => items.as_slice(),
            _ => std::slice::from_ref(argument),
        })
        .find_map(|item| match &item.kind {
            ExprKind::Literal(Value::Text(text)) if is_named(text) => Some(item.span),
            _ => None,
        })
}
