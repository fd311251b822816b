//! Calls: which declaration is meant, which argument goes where, what comes out.

use std::collections::HashMap;
use std::sync::Arc;

use super::Checker;
use super::expression::{broken, strongest, suggest};
use super::modules::ModuleId;
use super::program::{Expr, ExprKind, Function, FunctionId};
use super::scope::Scope;
use crate::diagnostic::{Diagnostic, closest, codes, did_you_mean};
use crate::primitive::{Effect, Form, Known, Param, Spec, registry};
use crate::source::Span;
use crate::syntax::ast::{self, Argument, Name};
use crate::value::{Mismatch, Type, Value};

/// What a callee turned out to be.
enum Callee {
    Primitive(&'static Spec, Option<Expr>),
    Function(FunctionId, Arc<Function>),
}

/// A parameter of either kind of callee.
struct Wanted {
    name: Arc<str>,
    ty: Type,
    is_optional: bool,
}

/// What is needed to put arguments to parameters.
struct CallSite<'a> {
    name: String,
    verb_span: Span,
    arguments: &'a [Argument],
    arguments_span: Span,
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
        let is_do = std::mem::take(&mut scope.is_do);
        let Some((found, verb_span)) = self.callee(scope, callee) else {
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
        let site = CallSite { name, verb_span, arguments, arguments_span };
        let checked = match found {
            Callee::Primitive(spec, receiver) => self.call_primitive(scope, spec, receiver, &site, span),
            Callee::Function(id, function) => self.call_function(scope, id, &function, &site, span),
        };
        self.check_do(&checked, is_do, &site);
        checked
    }

    /// A call that writes stands behind `do`, one that does not, does not.
    fn check_do(&mut self, call: &Expr, is_do: bool, site: &CallSite<'_>) {
        let writes = matches!(&call.kind, ExprKind::Primitive(spec, _) if spec.effect == Effect::Write)
            || matches!(&call.kind, ExprKind::Function(id, _) if self.function(*id).is_some_and(|f| f.effect == Effect::Write));
        if writes && !is_do {
            let message = format!("`{}` changes the outside world, so it needs `do`", site.name);
            let finding = Diagnostic::new(&codes::VF601, site.verb_span, message)
                .help("make it a step of its own, and write `do` before the call")
                .fix("write `do` before it", call.span.before(), "do ");
            self.report(finding);
        }
        if is_do && !writes && call.ty != Type::Error {
            let message = format!("`do` marks a write, and `{}` only looks", site.name);
            self.report(Diagnostic::new(&codes::VF601, site.verb_span, message).help("leave `do` out"));
        }
    }

    fn callee(&mut self, scope: &mut Scope, callee: &ast::Expr) -> Option<(Callee, Span)> {
        match &callee.kind {
            ast::ExprKind::Name(name) => self.plain_callee(scope, name, callee.span).map(|found| (found, callee.span)),
            ast::ExprKind::Field { of, name, optional: false } => {
                self.dotted_callee(scope, of, name).map(|found| (found, name.span))
            }
            _ => {
                self.report(Diagnostic::new(&codes::VF101, callee.span, "only a function can be called"));
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
        let finding = if let Some(bound) = scope.bound_at(name) {
            Diagnostic::new(&codes::VF101, span, format!("`{name}` is a value, not a function"))
                .label(bound, "bound here")
        } else if let Some(method) = registry::all().find(|spec| spec.form == Form::Method && spec.verb() == &**name) {
            Diagnostic::new(&codes::VF101, span, format!("`{name}` is called on a value"))
                .help(format!("write `{}.{name}(…)`", method.params.first().map_or("value", |param| param.name)))
        } else {
            let known = self.callable_names(scope.module);
            let known: Vec<&str> = known.iter().map(|name| &**name).collect();
            suggest(Diagnostic::new(&codes::VF101, span, format!("no function is called `{name}`")), name, &known, span)
        };
        self.report(finding);
        None
    }

    fn callable_names(&self, module: ModuleId) -> Vec<Arc<str>> {
        let own = self
            .signatures
            .keys()
            .filter(|(of, _)| *of == module || Some(*of) == self.modules.prelude)
            .map(|(_, name)| name.clone());
        own.chain(registry::all().filter(|spec| spec.form == Form::Prelude).map(|spec| spec.verb().into())).collect()
    }

    /// Whether a name can be called from a module without a dot.
    pub(super) fn is_function(&self, module: ModuleId, name: &str) -> bool {
        registry::prelude(name).is_some() || self.callable_names(module).iter().any(|known| &**known == name)
    }

    fn find_function(&self, module: ModuleId, name: &Arc<str>) -> Option<Callee> {
        let signature = self.signatures.get(&(module, name.clone()))?;
        Some(Callee::Function(signature.id, self.function(signature.id)?.clone()))
    }

    fn dotted_callee(&mut self, scope: &mut Scope, of: &ast::Expr, name: &Name) -> Option<Callee> {
        if let ast::ExprKind::Name(left) = &of.kind
            && scope.bound_at(left).is_none()
        {
            if let Some(module) = self.imported(scope.module, left) {
                return self.module_callee(module, left, name);
            }
            if registry::is_namespace(left) {
                return self.namespace_callee(left, name);
            }
        }
        let receiver = self.expr(scope, of, None);
        self.method_callee(receiver, name)
    }

    fn module_callee(&mut self, module: ModuleId, alias: &str, name: &Name) -> Option<Callee> {
        self.find_function(module, &name.node).or_else(|| {
            let names: Vec<Arc<str>> =
                self.signatures.keys().filter(|(of, _)| *of == module).map(|(_, name)| name.clone()).collect();
            let names: Vec<&str> = names.iter().map(|name| &**name).collect();
            let finding =
                Diagnostic::new(&codes::VF101, name.span, format!("`{alias}` has no function `{}`", name.node));
            self.report(suggest(finding, &name.node, &names, name.span));
            None
        })
    }

    fn namespace_callee(&mut self, family: &str, name: &Name) -> Option<Callee> {
        registry::namespace(family, &name.node).map(|spec| Callee::Primitive(spec, None)).or_else(|| {
            let names: Vec<&str> = registry::all()
                .filter(|spec| spec.form == Form::Namespace && spec.family() == family)
                .map(Spec::verb)
                .collect();
            let finding = Diagnostic::new(&codes::VF101, name.span, format!("`{family}` has no `{}`", name.node));
            self.report(suggest(finding, &name.node, &names, name.span));
            None
        })
    }

    fn method_callee(&mut self, receiver: Expr, name: &Name) -> Option<Callee> {
        let ty = match &receiver.ty {
            Type::Error => return None,
            Type::Optional(_) | Type::None => self.decide(&receiver, &format!("`.{}(…)`", name.node)),
            ty => ty.clone(),
        };
        if let Some(spec) = ty.family().and_then(|family| registry::method(family, &name.node)) {
            return Some(Callee::Primitive(spec, Some(receiver)));
        }
        let finding = self.no_method(&receiver, &ty, name);
        self.report(finding);
        None
    }

    fn no_method(&self, receiver: &Expr, ty: &Type, name: &Name) -> Diagnostic {
        let family = ty.family().unwrap_or_default();
        if *ty == Type::Any {
            return Diagnostic::new(
                &codes::VF402,
                receiver.span,
                format!("nobody said what type this has, so `.{}(…)` has no meaning yet", name.node),
            )
            .help("state it where it is read: `… as table<{ column: type }>`");
        }
        if registry::property(family, &name.node).is_some() {
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
        let names: Vec<&str> = registry::all()
            .filter(|spec| spec.form == Form::Method && spec.family() == family)
            .map(Spec::verb)
            .chain(registry::properties().filter(|p| p.family == family).map(|p| p.name))
            .collect();
        let finding = Diagnostic::new(&codes::VF101, name.span, format!("`{ty}` has no `{}`", name.node));
        suggest(finding, &name.node, &names, name.span)
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
        let given = self.arguments(scope, &wanted, site, &mut variables);
        let arguments: Vec<Option<Expr>> = receiver.into_iter().map(Some).chain(given).collect();
        self.check_literals(spec, &arguments);
        let ty = self.returned(spec, &arguments, &variables, site);
        let inner = strongest(arguments.iter().flatten());
        self.note_primitive(scope, spec, &arguments);
        Expr { kind: ExprKind::Primitive(spec, arguments), ty, span, effect: inner.max(spec.effect) }
    }

    /// Notes what a primitive writes through, and looks at queries for a store that knows a subset only.
    fn note_primitive(&mut self, scope: &mut Scope, spec: &Spec, arguments: &[Option<Expr>]) {
        if spec.effect == Effect::Write {
            scope.footprint.written.extend(connections_in(scope, arguments.iter().flatten()));
            scope.footprint.is_unsafe_to_repeat |= !spec.idempotent;
        }
        if spec.family() == "sql"
            && let Some(query) = arguments.get(1).and_then(Option::as_ref)
        {
            self.check_statement(spec.verb(), query);
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
        if types.iter().flatten().any(|ty| *ty == Type::Error) {
            return substitute(&(spec.returns)(), variables);
        }
        match (spec.infer)(Known { types: &types, literals: &literals }) {
            None => substitute(&(spec.returns)(), variables),
            Some(Ok(ty)) => ty,
            Some(Err(why)) => {
                self.report(Diagnostic::new(&codes::VF201, site.arguments_span, why));
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
                self.report(Diagnostic::new(&codes::VF003, argument.span, why));
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
        let wanted: Vec<Wanted> = function
            .params
            .iter()
            .map(|param| Wanted {
                name: param.name.clone(),
                ty: param.ty.clone(),
                is_optional: param.default.is_some() || param.ty.is_optional(),
            })
            .collect();
        let given = self.arguments(scope, &wanted, site, &mut HashMap::new());
        let arguments: Vec<Expr> = function
            .params
            .iter()
            .zip(given)
            .map(|(param, given)| {
                given.or_else(|| param.default.clone()).unwrap_or_else(|| none_at(site.arguments_span))
            })
            .collect();
        if function.needs_outcome {
            self.outcome_is_known(scope, &function.name, site.verb_span);
        }
        if function.effect == Effect::Write {
            scope.footprint.written.extend(connections_in(scope, &arguments));
            scope.footprint.is_unsafe_to_repeat |= self.is_unsafe_to_repeat(id);
        }
        let effect = strongest(&arguments).max(function.effect);
        Expr { kind: ExprKind::Function(id, arguments), ty: function.returns.clone(), span, effect }
    }

    fn is_unsafe_to_repeat(&self, id: FunctionId) -> bool {
        self.signatures.values().any(|signature| signature.id == id && signature.is_unsafe_to_repeat)
    }

    /// Puts arguments to parameters; one entry for each parameter.
    fn arguments(
        &mut self,
        scope: &mut Scope,
        wanted: &[Wanted],
        site: &CallSite<'_>,
        variables: &mut HashMap<&'static str, Type>,
    ) -> Vec<Option<Expr>> {
        let mut given: Vec<Option<Expr>> = wanted.iter().map(|_| None).collect();
        let mut next = 0;
        let mut is_complete = true;
        for argument in site.arguments {
            let at = match &argument.name {
                Some(name) => wanted.iter().position(|param| param.name == name.node),
                None => Some(next).filter(|at| *at < wanted.len()),
            };
            next += 1;
            let Some((at, param)) = at.and_then(|at| Some((at, wanted.get(at)?))) else {
                self.no_parameter(argument, wanted, site);
                self.expr(scope, &argument.value, None);
                is_complete = false;
                continue;
            };
            let checked = self.argument(scope, argument, param, site, variables);
            if let Some(slot) = given.get_mut(at) {
                if slot.is_some() {
                    let message = format!("the argument `{}` is given twice", param.name);
                    self.report(Diagnostic::new(&codes::VF106, argument.value.span, message));
                }
                *slot = Some(checked);
            }
        }
        if is_complete {
            self.missing_arguments(wanted, &given, site);
        }
        given
    }

    fn argument(
        &mut self,
        scope: &mut Scope,
        argument: &Argument,
        param: &Wanted,
        site: &CallSite<'_>,
        variables: &mut HashMap<&'static str, Type>,
    ) -> Expr {
        let known = substitute(&param.ty, variables);
        let guide = if has_variable(&known) { None } else { Some(&known) };
        let checked = self.expr(scope, &argument.value, guide);
        let whence = format!("`{}` of `{}`", param.name, site.name);
        match unify(&param.ty, &checked.ty, variables) {
            Ok(()) => {}
            Err(mismatch) => {
                let wanted = substitute(&param.ty, variables);
                let finding = super::mismatch::describe(checked.span, &checked.ty, &wanted, &mismatch, &whence);
                self.report(finding);
            }
        }
        checked
    }

    fn no_parameter(&mut self, argument: &Argument, wanted: &[Wanted], site: &CallSite<'_>) {
        let names: Vec<&str> = wanted.iter().map(|param| &*param.name).collect();
        let finding = match &argument.name {
            Some(name) => {
                let finding = Diagnostic::new(
                    &codes::VF106,
                    name.span,
                    format!("`{}` has no argument `{}`", site.name, name.node),
                );
                let mut finding = match closest(&name.node, names.iter().copied()) {
                    Some(near) => finding.fix(format!("write `{near}`"), name.span, near),
                    None => finding,
                };
                finding.help = did_you_mean(&name.node, names);
                finding
            }
            None => {
                let count = wanted.len();
                let message = format!(
                    "`{}` takes {count} argument{}, this is one more",
                    site.name,
                    if count == 1 { "" } else { "s" }
                );
                Diagnostic::new(&codes::VF106, argument.value.span, message)
            }
        };
        self.report(finding);
    }

    fn missing_arguments(&mut self, wanted: &[Wanted], given: &[Option<Expr>], site: &CallSite<'_>) {
        let missing: Vec<String> = wanted
            .iter()
            .zip(given)
            .filter(|(param, given)| given.is_none() && !param.is_optional)
            .map(|(param, _)| format!("`{}: {}`", param.name, param.ty))
            .collect();
        if !missing.is_empty() {
            let message = format!("`{}` needs {}", site.name, missing.join(" and "));
            self.report(
                Diagnostic::new(&codes::VF106, site.arguments_span, message)
                    .help("add what is missing between the parentheses"),
            );
        }
    }
}

fn wanted_of(param: &Param) -> Wanted {
    Wanted { name: param.name.into(), ty: (param.ty)(), is_optional: param.is_optional() }
}

fn none_at(span: Span) -> Expr {
    super::expression::pure(ExprKind::Literal(Value::None), Type::None, span)
}

/// The value of an expression that is the same in every run.
pub(super) fn constant(expr: &Expr) -> Option<Value> {
    match &expr.kind {
        ExprKind::Literal(value) => Some(value.clone()),
        ExprKind::List(items) => items.iter().map(constant).collect::<Option<Vec<_>>>().map(Value::list),
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

fn has_variable(ty: &Type) -> bool {
    match ty {
        Type::Variable(_) | Type::Number(_) | Type::Ordered(_) => true,
        Type::List(inner) | Type::Optional(inner) | Type::Range(inner) => has_variable(inner),
        Type::Map(key, value) => has_variable(key) || has_variable(value),
        Type::Outcomes(item, result) => has_variable(item) || has_variable(result),
        Type::Record(record) | Type::Table(record) => record.fields.iter().any(|field| has_variable(&field.ty)),
        _ => false,
    }
}

/// Puts what the variables stand for into a type; a variable that nothing fixed is `any`-like.
fn substitute(ty: &Type, variables: &HashMap<&'static str, Type>) -> Type {
    let within = |inner: &Type| Box::new(substitute(inner, variables));
    match ty {
        Type::Variable(name) | Type::Number(name) | Type::Ordered(name) => {
            variables.get(name).cloned().unwrap_or_else(|| ty.clone())
        }
        Type::List(inner) => Type::List(within(inner)),
        Type::Optional(inner) => substitute(inner, variables).optional(),
        Type::Range(inner) => Type::Range(within(inner)),
        Type::Map(key, value) => Type::Map(within(key), within(value)),
        Type::Outcomes(item, result) => Type::Outcomes(within(item), within(result)),
        other => other.clone(),
    }
}

/// Fits an argument's type to a parameter's, fixing variables on the way.
fn unify(wanted: &Type, found: &Type, variables: &mut HashMap<&'static str, Type>) -> Result<(), Mismatch> {
    match (wanted, found) {
        (Type::Variable(name) | Type::Number(name) | Type::Ordered(name), found) => {
            bind_variable(wanted, name, found, variables)
        }
        (Type::List(item), found) => match found.item() {
            Some(found_item) if !matches!(found, Type::Error | Type::Any) => {
                unify(item, &found_item, variables).map_err(|m| within(m, "of the list's items"))
            }
            _ if found.is_unknown() => Ok(()),
            _ => found.fits(&substitute(wanted, variables)),
        },
        (Type::Map(key, value), Type::Map(found_key, found_value)) => {
            unify(key, found_key, variables).map_err(|m| within(m, "of the map's keys"))?;
            unify(value, found_value, variables).map_err(|m| within(m, "of the map's values"))
        }
        (Type::Optional(_), Type::None) => Ok(()),
        (Type::Optional(inner), Type::Optional(found)) => unify(inner, found, variables),
        (Type::Optional(inner), found) => unify(inner, found, variables),
        _ => found.fits(&substitute(wanted, variables)),
    }
}

fn within(mut mismatch: Mismatch, place: &str) -> Mismatch {
    mismatch.place = if mismatch.place.is_empty() { place.to_owned() } else { format!("{} {place}", mismatch.place) };
    mismatch
}

fn bind_variable(
    wanted: &Type,
    name: &'static str,
    found: &Type,
    variables: &mut HashMap<&'static str, Type>,
) -> Result<(), Mismatch> {
    let no = |wanted: &Type| Mismatch { place: String::new(), wanted: wanted.clone(), found: found.clone() };
    let is_fit = match wanted {
        Type::Number(_) => found.is_number() || *found == Type::Error,
        Type::Ordered(_) => found.is_ordered() || found.is_unknown(),
        _ => true,
    };
    if !is_fit {
        // A concrete type reads better than a letter: any number will do, `float` is the widest.
        return Err(no(if matches!(wanted, Type::Number(_)) { &Type::Float } else { wanted }));
    }
    match variables.get(name) {
        None => {
            variables.insert(name, found.clone());
            Ok(())
        }
        Some(known) => match known.join(found) {
            Some(joined) => {
                variables.insert(name, joined);
                Ok(())
            }
            None => Err(no(&known.clone())),
        },
    }
}
