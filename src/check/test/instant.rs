//! Whether a test must say when it runs.

use std::collections::HashSet;

use super::Test;
use crate::check::Checker;
use crate::check::program::{Expr, ExprKind, FunctionBody, FunctionId, Policy, RunField};
use crate::check::walk;
use crate::diagnostic::{Diagnostic, codes};

impl Checker<'_> {
    /// A test whose workflow looks at `run.now` says which instant that is: else it would mean nothing in particular.
    pub(super) fn instant_is_stated(&mut self, test: &Test) {
        if test.at.is_none() && self.looks_at_now(test) {
            let message =
                format!("`{}` looks at `run.now`, and this test does not say when it runs", test.workflow.name);
            let finding = Diagnostic::new(&codes::VF106, test.title.span, message);
            self.report(finding.help("write `at 2025-01-10T07:00Z` first, with an instant that suits the test"));
        }
    }

    fn looks_at_now(&self, test: &Test) -> bool {
        let mut look = Look { is_found: false, functions: Vec::new() };
        let workflow = &*test.workflow;
        for param in &workflow.params {
            let is_set = test.set.iter().any(|(name, _)| *name == param.name);
            let exprs = [&param.default, &param.require, &param.message];
            exprs.into_iter().skip(usize::from(is_set)).flatten().for_each(|expr| look.at(expr));
        }
        workflow.calendars.iter().for_each(|calendar| look.at(&calendar.value));
        workflow.outputs.iter().for_each(|output| look.at(&output.value));
        look.at_policy(&workflow.defaults);
        test.set.iter().for_each(|(_, value)| look.at(value));
        test.givens.iter().for_each(|given| look.at(&given.value));
        walk::steps(&test.block, &mut |site| walk::step_expressions(site.step, &mut |expr| look.at(expr)));
        walk::workflow_steps(workflow, &mut |site| {
            let span = site.step.span;
            let is_given = test.givens.iter().any(|given| given.step.start <= span.start && span.end <= given.step.end);
            if !is_given {
                walk::step_expressions(site.step, &mut |expr| look.at(expr));
            }
        });
        self.follow(look)
    }

    /// Looks into the functions that are called, and those that they call.
    fn follow(&self, mut look: Look) -> bool {
        let mut known: HashSet<FunctionId> = HashSet::new();
        while let Some(id) = look.functions.pop() {
            let Some(function) = self.function(id).filter(|_| known.insert(id)) else { continue };
            match &function.body {
                FunctionBody::Expression(body) => look.at(body),
                FunctionBody::Block(block) => {
                    walk::steps(block, &mut |site| walk::step_expressions(site.step, &mut |expr| look.at(expr)));
                    block.result.iter().for_each(|result| look.at(result));
                }
                FunctionBody::External(_) => {}
            }
        }
        look.is_found
    }
}

struct Look {
    is_found: bool,
    functions: Vec<FunctionId>,
}

impl Look {
    fn at(&mut self, expr: &Expr) {
        walk::visit(expr, &mut |expr| match &expr.kind {
            ExprKind::Run(RunField::Now) => self.is_found = true,
            ExprKind::Function(id, _) => self.functions.push(*id),
            _ => {}
        });
    }

    fn at_policy(&mut self, policy: &Policy) {
        let parts = [&policy.timeout, &policy.retry, &policy.backoff, &policy.rate, &policy.key];
        parts.into_iter().flatten().for_each(|expr| self.at(expr));
    }
}
