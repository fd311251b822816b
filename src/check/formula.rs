//! An expression by itself, outside of any workflow.

use std::sync::Arc;

use super::modules::Modules;
use super::program::{Expr, Formula};
use super::scope::{Local, Scope};
use super::{Checker, Surroundings, modules::ModuleId};
use crate::diagnostic::{self, Diagnostic, codes};
use crate::primitive::Effect;
use crate::source::Source;
use crate::syntax::ast::{self, Name};

/// Checks `expr`, a text of its own in `source`, with names for the values in `given`. It stands where the root among
/// `modules` does and sees what that imports.
pub fn check_formula(
    mut modules: Modules,
    source: &Source,
    expr: &ast::Expr,
    given: &[(Name, ast::Expr)],
) -> (Formula, Vec<Diagnostic>) {
    let root = modules.all.iter().position(|module| module.is_root).unwrap_or_default();
    if let Some(module) = modules.all.get_mut(root) {
        module.source = source.clone();
    }
    let surroundings = Surroundings::default();
    let mut checker = Checker::new(&modules, &surroundings);
    checker.functions();
    let mut scope = Scope::new(ModuleId(root));
    let given = given.iter().map(|(name, value)| checker.given(&mut scope, name, value)).collect();
    let expr = checker.expr(&mut scope, expr, None);
    if expr.effect > Effect::Pure {
        let message = "this looks at the outside world, and there is none here";
        let help = "put it into a step of a workflow, and run that";
        checker.report(Diagnostic::new(&codes::VF602, expr.span, message).help(help));
    }
    let mut findings = std::mem::take(&mut checker.diagnostics);
    diagnostic::sort(&mut findings);
    (Formula { program: Arc::new(checker.program), given, expr }, findings)
}

impl Checker<'_> {
    fn given(&mut self, scope: &mut Scope, name: &Name, value: &ast::Expr) -> Expr {
        let checked = self.expr(scope, value, None);
        self.refuse_shadow(scope, name);
        let local = Local { name: name.node.clone(), ty: checked.ty.clone(), span: name.span, is_param: false };
        scope.locals.push(local);
        checked
    }
}
