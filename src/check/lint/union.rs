//! Choices over the members of a union that forget some of them.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use super::Facts;
use crate::check::program::{Action, BinaryOperator as Op, Block, Expr, ExprKind, Step};
use crate::check::walk;
use crate::diagnostic::{Diagnostic, codes};
use crate::source::Span;
use crate::value::{Type, Value};

/// VF206: `if … else if … else none`, and a `when` that gives a value, over some members of a union.
pub(super) fn not_covered(facts: &Facts<'_>, findings: &mut Vec<Diagnostic>) {
    let mut inner: HashSet<Span> = HashSet::new();
    for expr in &facts.expressions {
        if !matches!(expr.kind, ExprKind::If(..)) || inner.contains(&expr.span) {
            continue;
        }
        let (conditions, last) = chain(expr, &mut inner);
        if matches!(last.kind, ExprKind::Literal(Value::None)) {
            findings.extend(forgotten(facts, &conditions).map(|found| found.in_choice(last.span)));
        }
    }
    walk::program_steps(facts.program, &mut |site| {
        if let Action::When { arms, otherwise: None } = &site.step.action
            && site.step.slot.is_some()
        {
            findings.extend(of_when(facts, site.step, arms));
        }
    });
}

fn of_when(facts: &Facts<'_>, step: &Step, arms: &[(Expr, Block)]) -> Option<Diagnostic> {
    if arms.iter().any(|(_, block)| block.result.is_none()) {
        return None;
    }
    let conditions: Vec<&Expr> = arms.iter().map(|(condition, _)| condition).collect();
    Some(forgotten(facts, &conditions)?.in_when(&step.name))
}

/// The conditions of `if … else if …`, and what stands behind the last `else`.
fn chain<'a>(first: &'a Expr, inner: &mut HashSet<Span>) -> (Vec<&'a Expr>, &'a Expr) {
    let mut conditions = Vec::new();
    let mut last = first;
    while let ExprKind::If(condition, _, otherwise) = &last.kind {
        inner.insert(last.span);
        conditions.push(&**condition);
        last = otherwise;
    }
    (conditions, last)
}

/// What is compared, its members, and those that no condition names.
struct Forgotten<'a> {
    subject: &'a str,
    place: Span,
    ty: Type,
    missing: Vec<Arc<str>>,
}

/// Reported only where more members are named than forgotten: one case of many is a question, not a choice.
fn forgotten<'a>(facts: &Facts<'a>, conditions: &[&Expr]) -> Option<Forgotten<'a>> {
    let first = subject(conditions.first()?)?;
    let text = facts.text(first.span);
    let mut named = BTreeSet::new();
    for condition in conditions {
        named.extend(members(facts, condition, text)?);
    }
    let Type::Literals(all) = first.ty.required() else { return None };
    let missing: Vec<Arc<str>> = all.difference(&named).cloned().collect();
    let is_choice = !missing.is_empty() && missing.len() < named.len();
    is_choice.then(|| Forgotten { subject: text, place: first.span, ty: first.ty.clone(), missing })
}

/// What the first comparison of a condition looks at. The statuses of a run are no choice of the author's.
fn subject(condition: &Expr) -> Option<&Expr> {
    let found = match &condition.kind {
        ExprKind::Binary(Op::Or, left, _) => subject(left)?,
        ExprKind::Binary(Op::Equal, left, right) if text(left).is_some() => right,
        ExprKind::Binary(Op::Equal | Op::In, left, _) => left,
        _ => return None,
    };
    (!matches!(found.kind, ExprKind::Run(_))).then_some(found)
}

/// The members for which a condition holds, when it only says that.
fn members(facts: &Facts<'_>, condition: &Expr, of: &str) -> Option<BTreeSet<Arc<str>>> {
    let is_of = |expr: &Expr| facts.text(expr.span) == of;
    match &condition.kind {
        ExprKind::Binary(Op::Or, left, right) => {
            let mut both = members(facts, left, of)?;
            both.extend(members(facts, right, of)?);
            Some(both)
        }
        ExprKind::Binary(Op::Equal, left, right) if is_of(left) => Some(BTreeSet::from([text(right)?])),
        ExprKind::Binary(Op::Equal, left, right) if is_of(right) => Some(BTreeSet::from([text(left)?])),
        ExprKind::Binary(Op::In, left, right) if is_of(left) => match &right.kind {
            ExprKind::List(items) => items.iter().map(text).collect(),
            _ => None,
        },
        _ => None,
    }
}

fn text(expr: &Expr) -> Option<Arc<str>> {
    match super::literal(expr)? {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    }
}

impl Forgotten<'_> {
    fn in_choice(&self, last: Span) -> Diagnostic {
        let message = format!("`{}` can also be {}, which ends here as `none`", self.subject, self.listed());
        let help = format!("add `else if {} == {} then …`", self.subject, self.first());
        Diagnostic::new(&codes::VF206, last, message).help(help).label(self.place, format!("`{}`", self.ty))
    }

    fn in_when(&self, step: &str) -> Diagnostic {
        let message = format!("`{}` can also be {}, and `{step}` is `none` then", self.subject, self.listed());
        let help = format!("add `else when {} == {} {{ … }}`", self.subject, self.first());
        Diagnostic::new(&codes::VF206, self.place, message).help(help).at(format!("`{}`", self.ty))
    }

    fn listed(&self) -> String {
        self.missing.iter().map(|member| format!("{member:?}")).collect::<Vec<_>>().join(" and ")
    }

    fn first(&self) -> String {
        self.missing.first().map(|member| format!("{member:?}")).unwrap_or_default()
    }
}
