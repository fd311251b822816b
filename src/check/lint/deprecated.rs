//! Uses of what its author says others should stop using.

use std::collections::{HashMap, HashSet};

use super::{Facts, callee};
use crate::check::deprecation::Deprecation;
use crate::check::modules::Module;
use crate::check::program::{Expr, ExprKind, Function, FunctionParam};
use crate::check::walk;
use crate::diagnostic::Diagnostic;
use crate::source::{SourceId, Span};
use crate::syntax;

/// VF905: a call of a deprecated function, an argument for a deprecated parameter, an import of a deprecated file.
pub(super) fn uses(facts: &Facts<'_>, findings: &mut Vec<Diagnostic>) {
    let old = Old::of(facts);
    if old.functions.is_empty() && old.files.is_empty() && old.with_old_params.is_empty() {
        return;
    }
    let roots = facts.modules.all.iter().filter(|module| module.is_root && !old.files.contains_key(&module.source.id));
    for module in roots {
        old.imports(module, findings);
    }
    let roots: HashSet<SourceId> =
        facts.modules.all.iter().filter(|module| module.is_root).map(|module| module.source.id).collect();
    let is_told = |span: Span, doc: &str| {
        roots.contains(&span.source) && !old.files.contains_key(&span.source) && Deprecation::of(doc).is_none()
    };
    let mut look = |expr: &Expr| {
        // What a call leaves out is a default of some other file.
        if roots.contains(&expr.span.source) {
            old.call(expr, findings);
        }
    };
    for workflow in facts.program.workflows.iter().filter(|workflow| is_told(workflow.span, &workflow.doc)) {
        walk::workflow_expressions(workflow, &mut look);
    }
    for function in facts.program.functions.iter().filter(|function| is_told(function.span, &function.doc)) {
        walk::function_expressions(function, &mut look);
    }
}

/// What is deprecated.
struct Old<'a> {
    facts: &'a Facts<'a>,
    /// Files, by the comments at their heads.
    files: HashMap<SourceId, Deprecation>,
    /// Functions, by where their names stand.
    functions: HashMap<Span, Deprecation>,
    /// Functions of which only parameters are.
    with_old_params: HashSet<Span>,
    /// All functions of the user's, by their files and names.
    by_name: HashMap<(SourceId, &'a str), &'a Function>,
}

impl<'a> Old<'a> {
    fn of(facts: &'a Facts<'a>) -> Self {
        let functions = || facts.program.functions.iter().map(|function| &**function);
        let own = |function: &'a Function| Some((function.span, Deprecation::of(&function.doc)?));
        let has_old = |function: &&Function| function.params.iter().any(|p| Deprecation::of(&p.doc).is_some());
        let head = |module: &Module| Some((module.source.id, Deprecation::of(&syntax::head(&module.source.text))?));
        Self {
            facts,
            files: facts.modules.all.iter().filter_map(head).collect(),
            functions: functions().filter_map(own).collect(),
            with_old_params: functions().filter(has_old).map(|function| function.span).collect(),
            by_name: functions().map(|function| ((function.span.source, &*function.name), function)).collect(),
        }
    }

    fn imports(&self, module: &Module, findings: &mut Vec<Diagnostic>) {
        for import in &module.imports {
            let target = self.facts.modules.all.get(import.module.0);
            let Some(old) = target.and_then(|target| self.files.get(&target.source.id)) else { continue };
            let written = self.facts.text(import.span).trim_matches('"');
            findings.push(old.finding(&format!("`{written}`"), import.span));
        }
    }

    fn call(&self, call: &Expr, findings: &mut Vec<Diagnostic>) {
        let ExprKind::Function(id, arguments) = &call.kind else { return };
        let Some(function) = self.facts.program.functions.get(id.0) else { return };
        if let Some(old) = self.functions.get(&function.span) {
            findings.push(self.old_function(call, function, old));
        } else if self.with_old_params.contains(&function.span) {
            for (param, given) in function.params.iter().zip(arguments) {
                findings.extend(self.old_argument(call, function, param, given));
            }
        }
    }

    fn old_function(&self, call: &Expr, function: &Function, old: &Deprecation) -> Diagnostic {
        let whole = callee(self.facts, call);
        let written = self.facts.text(whole).trim_end();
        let at = written.strip_suffix(&*function.name).map_or(0, str::len);
        let name = whole.slice(at, written.len());
        let finding = old.finding(&format!("`{written}`"), name).label(function.span, "defined here");
        let Some(wanted) = &old.replacement else { return finding };
        match self.by_name.get(&(function.span.source, wanted.as_str())) {
            Some(other) if is_alike(function, other) => finding.fix(format!("write `{wanted}`"), name, wanted.as_str()),
            Some(other) => finding.note(format!("it is called differently: `{}`", signature(other))),
            None => finding,
        }
    }

    /// Of a parameter that a call gives a value for. What a call leaves out is its default, which stands elsewhere.
    fn old_argument(
        &self,
        call: &Expr,
        function: &Function,
        param: &FunctionParam,
        given: &Expr,
    ) -> Option<Diagnostic> {
        let old = Deprecation::of(&param.doc).filter(|_| is_within(given, call))?;
        let name = self.name_before(call, given, &param.name);
        let what = format!("the argument `{}` of `{}`", param.name, function.name);
        let finding = old.finding(&what, name.unwrap_or(given.span)).label(param.span, "declared here");
        let other = old.replacement.and_then(|wanted| function.params.iter().find(|other| *other.name == *wanted));
        Some(match (name, other) {
            (_, Some(other)) if is_given_too(function, other, call) => {
                finding.help(format!("leave it out: `{}` is given, too", other.name))
            }
            (Some(name), Some(other)) if other.ty == param.ty => {
                finding.fix(format!("write `{}`", other.name), name, &*other.name)
            }
            _ => finding,
        })
    }

    /// Where `name:` stands before a value.
    fn name_before(&self, call: &Expr, given: &Expr, name: &str) -> Option<Span> {
        let before = self.facts.text(Span { end: given.span.start, ..call.span });
        let written = before.trim_end_matches(|c: char| c == '(' || c.is_whitespace()).strip_suffix(':')?.trim_end();
        let at = written.strip_suffix(name)?.len();
        Some(call.span.slice(at, at + name.len()))
    }
}

/// Whether a call gives a value for a parameter.
fn is_given_too(function: &Function, param: &FunctionParam, call: &Expr) -> bool {
    let ExprKind::Function(_, arguments) = &call.kind else { return true };
    let at = function.params.iter().position(|known| known.span == param.span);
    at.and_then(|at| arguments.get(at)).is_some_and(|given| is_within(given, call))
}

/// Whether a value is written in a call: a default stands elsewhere, and what is absent ends with the call itself.
fn is_within(given: &Expr, call: &Expr) -> bool {
    given.span.source == call.span.source && call.span.start <= given.span.start && given.span.end < call.span.end
}

/// Whether a function can stand for another one in every call.
fn is_alike(function: &Function, other: &Function) -> bool {
    let params = |function: &Function| -> Vec<_> {
        function.params.iter().map(|param| (param.name.clone(), param.ty.clone(), param.default.is_some())).collect()
    };
    params(function) == params(other)
        && function.returns == other.returns
        && (function.effect, function.needs_outcome) == (other.effect, other.needs_outcome)
        && Deprecation::of(&other.doc).is_none()
}

/// `rate_of(pair: text, day: date) -> float`
fn signature(function: &Function) -> String {
    let params: Vec<String> = function.params.iter().map(|param| format!("{}: {}", param.name, param.ty)).collect();
    format!("{}({}) -> {}", function.name, params.join(", "), function.returns)
}
