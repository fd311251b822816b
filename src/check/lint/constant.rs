//! What is computed from nothing but what is written out, and fails.

use std::collections::HashMap;
use std::ptr;

use super::Facts;
use crate::check::program::{BinaryOperator as Op, Expr, ExprKind, WorkflowParam};
use crate::check::walk;
use crate::diagnostic::{Diagnostic, codes};
use crate::operation::{binary, index, negate, property, truth};
use crate::primitive::{RawArguments, Run};
use crate::value::{ErrorKind, StepError, Type, Value};

/// VF207: a computation that fails whenever it is made, a default that its own `require` refuses.
pub(super) fn always_fails(facts: &Facts<'_>, findings: &mut Vec<Diagnostic>) {
    let mut constants = Constants::default();
    // What is inside comes after what it is inside of.
    for expr in facts.expressions.iter().rev() {
        if let Some(Err(error)) = constants.learn(expr) {
            findings.push(failing(expr, error));
        }
    }
    let params = facts.program.workflows.iter().flat_map(|workflow| &workflow.params);
    findings.extend(params.filter_map(|param| refused_default(facts, &constants, param)));
}

fn failing(expr: &Expr, error: StepError) -> Diagnostic {
    let finding = Diagnostic::new(&codes::VF207, expr.span, error.message)
        .note("it is computed from what is written here, and fails in every run");
    // That a divisor is to be tested is no help where it is written out.
    let help = error.help.filter(|_| error.kind != ErrorKind::Arithmetic);
    finding.help(help.unwrap_or_else(|| "write other values".to_owned()))
}

fn refused_default(facts: &Facts<'_>, constants: &Constants, param: &WorkflowParam) -> Option<Diagnostic> {
    let (default, require) = (param.default.as_ref()?, param.require.as_ref()?);
    // `none` is no default to be used: it is how a parameter asks to be given, with a message of its own.
    let value = constants.value(default).filter(|value| !value.is_none())?;
    let mut given = Constants { param: Some((param.slot, value)), ..Constants::default() };
    let mut parts = Vec::new();
    walk::visit(require, &mut |part| parts.push(part));
    for part in parts.into_iter().rev() {
        given.learn(part);
    }
    if given.value(require)? != Value::Bool(false) {
        return None;
    }
    let message = format!("`{}` has a default that its own `require` refuses", param.name);
    let finding = Diagnostic::new(&codes::VF207, default.span, message);
    let finding = finding.label(require.span, format!("{} does not hold", facts.short(require.span)));
    Some(finding.help("give a default that fits, or none"))
}

/// The values of expressions that are the same in every run.
#[derive(Default)]
struct Constants {
    /// Of what has operands, by its place in memory.
    known: HashMap<*const Expr, Value>,
    /// A parameter's slot, with the value to take for it.
    param: Option<(usize, Value)>,
}

impl Constants {
    /// Computes an expression whose operands are known; `None` if they are not all, or if nothing is computed.
    fn learn(&mut self, expr: &Expr) -> Option<Result<(), StepError>> {
        let computed = self.compute(expr)?;
        Some(computed.map(|value| {
            self.known.insert(ptr::from_ref(expr), value);
        }))
    }

    fn value(&self, expr: &Expr) -> Option<Value> {
        match &expr.kind {
            ExprKind::Literal(value) => Some(value.clone()),
            ExprKind::Slot { up: 0, index } => {
                self.param.as_ref().filter(|(slot, _)| slot == index).map(|(_, value)| value.clone())
            }
            // As long as what is written, and made only for what looks into it.
            ExprKind::List(items) => items.iter().map(|item| self.value(item)).collect::<Option<_>>().map(Value::list),
            _ => self.known.get(&ptr::from_ref(expr)).cloned(),
        }
    }

    fn compute(&self, expr: &Expr) -> Option<Result<Value, StepError>> {
        // What is looked up is no larger than what is written.
        if !is_small(&expr.ty) && !matches!(expr.kind, ExprKind::Index(..)) {
            return None;
        }
        match &expr.kind {
            ExprKind::Negate(of) => Some(negate(&self.value(of)?)),
            ExprKind::Not(of) => Some(truth(&self.value(of)?).map(|holds| Value::Bool(!holds))),
            ExprKind::Binary(Op::And, left, right) => self.either(false, left, right),
            ExprKind::Binary(Op::Or, left, right) => self.either(true, left, right),
            ExprKind::Binary(Op::Coalesce, ..) => None,
            ExprKind::Binary(op, left, right) => Some(binary(*op, self.value(left)?, self.value(right)?)),
            ExprKind::Index(of, at) => Some(index(&self.value(of)?, &self.value(at)?)),
            ExprKind::Property { of, property: wanted, optional } => {
                Some(property(&self.value(of)?, wanted, *optional))
            }
            ExprKind::Primitive(spec, given) => self.call(spec.run, given),
            _ => None,
        }
    }

    /// `and` and `or`: the left side decides when it is `decisive`.
    fn either(&self, decisive: bool, left: &Expr, right: &Expr) -> Option<Result<Value, StepError>> {
        let decisive = Value::Bool(decisive);
        let left = self.value(left)?;
        Some(Ok(if left == decisive { decisive } else { self.value(right)? }))
    }

    fn call(&self, run: Run, given: &[Option<Expr>]) -> Option<Result<Value, StepError>> {
        let Run::Pure(run) = run else { return None };
        let mut arguments = Vec::with_capacity(given.len());
        for argument in given {
            arguments.push(match argument {
                Some(argument) => Some(self.value(argument)?),
                None => None,
            });
        }
        Some(run(RawArguments::new(arguments)))
    }
}

/// Whether a value of the type takes little memory, whatever was given for it: a check may make no texts and lists of any length.
fn is_small(ty: &Type) -> bool {
    match ty {
        Type::Optional(inner) => is_small(inner),
        Type::Bool | Type::Int | Type::Float | Type::Decimal => true,
        Type::Date | Type::Time | Type::Timestamp | Type::Duration | Type::Period | Type::BusinessDays => true,
        Type::Range(_) => true,
        _ => false,
    }
}
