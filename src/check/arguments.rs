//! Arguments: which one is for which parameter, and whether it fits.

use std::collections::HashMap;
use std::sync::Arc;

use super::Checker;
use super::foreign;
use super::mismatch::Want;
use super::program::Expr;
use super::scope::{Queried, Scope};
use super::suggest::Candidate;
use super::unify::{has_variable, substitute, unify};
use crate::diagnostic::{Diagnostic, codes};
use crate::primitive::Param;
use crate::source::Span;
use crate::syntax::ast::Argument;
use crate::value::{RecordType, Type};
/// A parameter of either kind of callee.
pub(super) struct Wanted {
    pub(super) name: Arc<str>,
    pub(super) ty: Type,
    pub(super) is_optional: bool,
    /// Where a function of the user's declares it.
    pub(super) span: Option<Span>,
}

/// Arguments by parameter, and whether all of them fit.
pub(super) struct Given {
    pub(super) arguments: Vec<Option<Expr>>,
    pub(super) is_right: bool,
}

/// What is needed to put arguments to parameters.
pub(super) struct CallSite<'a> {
    /// The callee's own name.
    pub(super) name: String,
    /// The callee as written.
    pub(super) text: Arc<str>,
    /// The connection that it is called on.
    pub(super) connection: Option<Queried>,
    /// Whether the file states the type of what it gives.
    pub(super) is_stated: bool,
    pub(super) verb_span: Span,
    pub(super) arguments: &'a [Argument],
    pub(super) arguments_span: Span,
}

impl Checker<'_> {
    /// Puts arguments to parameters; one entry for each parameter.
    pub(super) fn arguments(
        &mut self,
        scope: &mut Scope,
        wanted: &[Wanted],
        site: &CallSite<'_>,
        variables: &mut HashMap<&'static str, Type>,
    ) -> Given {
        let before = self.diagnostics.len();
        let mut given: Vec<Option<Expr>> = wanted.iter().map(|_| None).collect();
        if self.shuffled(site) {
            for argument in site.arguments {
                self.expr(scope, &argument.value, None);
            }
            return Given { arguments: given, is_right: false };
        }
        let mut is_complete = true;
        let placed = placed(site.arguments, wanted);
        let is_free = |at: usize| !placed.iter().any(|(_, taken)| *taken == Some(at));
        let free: Vec<&Wanted> =
            wanted.iter().enumerate().filter(|(at, _)| is_free(*at)).map(|(_, param)| param).collect();
        for (argument, at) in placed {
            let Some((at, param)) = at.and_then(|at| Some((at, wanted.get(at)?))) else {
                self.no_parameter(argument, wanted.len(), &free, site);
                self.expr(scope, &argument.value, None);
                is_complete = false;
                continue;
            };
            scope.row = if param.ty == Type::Sql { rows_of(wanted, &given) } else { None };
            let connection = site.connection.clone().filter(|_| param.ty == Type::Sql);
            scope.queried = connection.map(|connection| (argument.value.span, connection));
            let checked = self.argument(scope, argument, param, site, variables);
            (scope.row, scope.queried) = (None, None);
            if let Some(slot) = given.get_mut(at) {
                if slot.is_some() {
                    let message = format!("the argument `{}` is given twice", param.name);
                    self.report(Diagnostic::new(&codes::VF106, argument.value.span, message).help("leave one out"));
                }
                *slot = Some(checked);
            }
        }
        if is_complete {
            self.missing_arguments(wanted, &given, site);
        }
        let is_right = !self.diagnostics.iter().skip(before).any(Diagnostic::is_error);
        Given { arguments: given, is_right }
    }

    /// Reports a positional argument behind a named one: nobody can say which parameter it is for.
    fn shuffled(&mut self, site: &CallSite<'_>) -> bool {
        let named = site.arguments.iter().find_map(|argument| argument.name.as_ref());
        let late = site.arguments.iter().skip_while(|argument| argument.name.is_none());
        let (Some(named), Some(late)) = (named, late.into_iter().find(|argument| argument.name.is_none())) else {
            return false;
        };
        let message = "an argument without a name comes before those with one";
        let finding = Diagnostic::new(&codes::VF106, late.value.span, message)
            .label(named.span, "the first with a name")
            .help(format!("give it its name, `name: {}`", self.short(late.value.span)));
        self.report(finding);
        true
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
        let whence = format!("argument `{}` of `{}`", param.name, site.name);
        match unify(&param.ty, &checked.ty, variables) {
            Ok(()) => {}
            Err(mismatch) => {
                let wanted = substitute(&param.ty, variables);
                let want = Want { what: &whence, declared: param.span };
                self.report_mismatch(&checked, &wanted, &mismatch, want);
            }
        }
        checked
    }

    /// `free` are the parameters that have no argument yet.
    fn no_parameter(&mut self, argument: &Argument, count: usize, free: &[&Wanted], site: &CallSite<'_>) {
        let finding = if let Some(name) = &argument.name {
            let message = format!("`{}` has no argument `{}`", site.text, name.node);
            let finding = Diagnostic::new(&codes::VF106, name.span, message).help("leave it out");
            let meant =
                foreign::parameter(&name.node).iter().find(|meant| free.iter().any(|param| *param.name == ***meant));
            let known = free.iter().map(|param| Candidate { name: &param.name, ty: Some(&param.ty) });
            match meant {
                Some(meant) => {
                    finding.help(format!("that is `{meant}` here")).fix(format!("write `{meant}`"), name.span, *meant)
                }
                None => self.suggest(finding, &name.node, known, name.span),
            }
        } else {
            let plural = if count == 1 { "" } else { "s" };
            let message = format!("`{}` takes {count} argument{plural}, and this is one more", site.text);
            Diagnostic::new(&codes::VF106, argument.value.span, message).help("leave it out")
        };
        self.report(finding);
    }

    fn missing_arguments(&mut self, wanted: &[Wanted], given: &[Option<Expr>], site: &CallSite<'_>) {
        let missing: Vec<String> = wanted
            .iter()
            .zip(given)
            .filter(|(param, given)| given.is_none() && !param.is_optional)
            .map(|(param, _)| format!("{}: {}", param.name, param.ty))
            .collect();
        if let Some(first) = missing.first() {
            let message = format!("`{}` needs `{}`", site.text, missing.join("` and `"));
            let name = first.split(':').next().unwrap_or_default();
            let before = if site.arguments.is_empty() { "" } else { "…, " };
            let help = format!("add it: `{}({before}{name}: …)`", site.text);
            self.report(Diagnostic::new(&codes::VF106, site.arguments_span, message).help(help));
        }
    }
}

/// Each argument with the parameter it is for. A statement that runs for rows comes after the rows, whose
/// fields are names in it.
fn placed<'a>(arguments: &'a [Argument], wanted: &[Wanted]) -> Vec<(&'a Argument, Option<usize>)> {
    let place = |(next, argument): (usize, &'a Argument)| {
        let at = match &argument.name {
            Some(name) => wanted.iter().position(|param| param.name == name.node),
            None => Some(next).filter(|at| *at < wanted.len()),
        };
        (argument, at)
    };
    let mut placed: Vec<_> = arguments.iter().enumerate().map(place).collect();
    placed.sort_by_key(|(_, at)| at.and_then(|at| wanted.get(at)).is_some_and(|param| param.ty == Type::Sql));
    placed
}

/// The fields of the argument `rows`, when the call has one.
fn rows_of(wanted: &[Wanted], given: &[Option<Expr>]) -> Option<Arc<RecordType>> {
    let at = wanted.iter().position(|param| &*param.name == "rows")?;
    match given.get(at)?.as_ref()?.ty.item()? {
        Type::Record(row) => Some(row),
        _ => None,
    }
}

pub(super) fn wanted_of(param: &Param) -> Wanted {
    Wanted { name: param.name.into(), ty: (param.ty)(), is_optional: param.is_optional(), span: None }
}
