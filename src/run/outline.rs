//! The writes of a block as its text has them, for where nothing can be evaluated.

use std::sync::Arc;

use super::preview::{Noted, Rank, Write, begin};
use super::scope::Scope;
use crate::check::program::{
    Action, Block, Expr, ExprKind, Function, FunctionBody, FunctionId, Program, Step, Workflow,
};
use crate::check::walk;
use crate::connection::preview::Change;
use crate::primitive::{Effect, Spec};
use crate::value::Value;

/// The most writes that are told of one workflow; functions that call others twice each would make very many.
const MOST: usize = 1000;

/// The parameters of primitives that say what is written to.
pub const TARGETS: [&str; 2] = ["table", "path"];

/// The writes of a workflow.
pub(super) fn of_workflow(program: &Program, workflow: &Workflow) -> Vec<Noted<Write>> {
    let scope = Scope::new(workflow.body.slots, None);
    for used in &workflow.connections {
        scope.set(used.slot, Value::Connection(used.kind, used.name.clone()));
    }
    let mut found = Vec::new();
    let nowhere = Noted { rank: Rank::new(), step: Vec::new(), item: None, what: () };
    let blocks = [("", Some(&workflow.body), 0), ("failed", workflow.failed.as_ref(), 1)];
    for (name, block, depth) in blocks.into_iter().chain([("finally", workflow.finally.as_ref(), 1)]) {
        let Some(block) = block else { continue };
        let mut place = nowhere.clone();
        place.step.extend((!name.is_empty()).then(|| name.to_owned()));
        let names = Names::Scope { scope: &scope, depth };
        let mut walk = Walk { program, found: &mut found };
        walk.block(block, &names, &Place { at: place, only_if: None, transaction: None });
    }
    found
}

/// The writes of a block that stands in a step, of which it is not known whether it runs.
pub(super) fn of_block(
    program: &Program,
    scope: &Scope,
    block: &Block,
    place: &Noted<()>,
    why: &str,
) -> Vec<Noted<Write>> {
    let mut found = Vec::new();
    let names = Names::Scope { scope, depth: 1 };
    let place = Place { at: place.clone(), only_if: Some(why.to_owned()), transaction: None };
    Walk { program, found: &mut found }.block(block, &names, &place);
    found
}

/// What a connection's expression names.
enum Names<'a> {
    /// A scope that lies so many blocks out.
    Scope { scope: &'a Scope, depth: usize },
    /// The arguments of a call, so many blocks out.
    Call { arguments: &'a [Option<Arc<str>>], depth: usize },
}

impl Names<'_> {
    fn deeper(&self) -> Self {
        match self {
            Self::Scope { scope, depth } => Names::Scope { scope, depth: depth + 1 },
            Self::Call { arguments, depth } => Names::Call { arguments, depth: depth + 1 },
        }
    }

    fn of(&self, expr: &Expr) -> Option<Arc<str>> {
        let ExprKind::Slot { up, index } = expr.kind else { return None };
        match self {
            Self::Scope { scope, depth } => match scope.get(up.checked_sub(*depth)?, index) {
                Some(Value::Connection(_, name)) => Some(name.clone()),
                _ => None,
            },
            Self::Call { arguments, depth } => {
                (up == *depth).then(|| arguments.get(index).cloned().flatten()).flatten()
            }
        }
    }
}

#[derive(Clone)]
struct Place {
    at: Noted<()>,
    only_if: Option<String>,
    transaction: Option<Vec<String>>,
}

struct Walk<'a> {
    program: &'a Program,
    found: &'a mut Vec<Noted<Write>>,
}

impl Walk<'_> {
    fn block(&mut self, block: &Block, names: &Names<'_>, place: &Place) {
        for step in block.steps.iter().filter(|step| step.effect == Effect::Write) {
            let mut place = place.clone();
            place.at.step.push(step.name.to_string());
            place.at.rank.push((begin(step.span), 0));
            walk::step_expressions(step, &mut |expr| {
                walk::visit(expr, &mut |expr| self.expression(expr, names, &place));
            });
            if matches!(step.action, Action::Transaction { .. }) {
                place.transaction = Some(place.at.step.clone());
            }
            place.only_if = place.only_if.or_else(|| condition(step));
            for inner in walk::inner_blocks(step) {
                self.block(inner, &names.deeper(), &place);
            }
        }
    }

    fn expression(&mut self, expr: &Expr, names: &Names<'_>, place: &Place) {
        match &expr.kind {
            ExprKind::Primitive(spec, given) if spec.effect == Effect::Write => {
                let argument = |name: &str| {
                    let at = spec.params.iter().position(|param| param.name == name)?;
                    given.get(at)?.as_ref()
                };
                let connection = argument("connection").and_then(|expr| names.of(expr));
                let target = TARGETS.iter().find_map(|name| text(argument(name)?));
                self.note(spec.name, connection, target, place);
            }
            ExprKind::Function(id, arguments) => self.call(*id, arguments, names, place),
            _ => {}
        }
    }

    fn call(&mut self, id: FunctionId, arguments: &[Expr], names: &Names<'_>, place: &Place) {
        let program = self.program;
        let Some(function) = program.functions.get(id.0) else { return };
        if function.effect != Effect::Write {
            return;
        }
        match &function.body {
            FunctionBody::Block(block) => {
                let arguments: Vec<Option<Arc<str>>> = arguments.iter().map(|argument| names.of(argument)).collect();
                self.block(block, &Names::Call { arguments: &arguments, depth: 0 }, place);
            }
            FunctionBody::External(_) => {
                self.note("external", None, Some(program_name(function)), place);
            }
            FunctionBody::Expression(_) => {}
        }
    }

    fn note(&mut self, action: &str, connection: Option<Arc<str>>, target: Option<String>, place: &Place) {
        if self.found.len() >= MOST {
            return;
        }
        let what = Write {
            action: action.to_owned(),
            connection: connection.map(|name| name.to_string()),
            target,
            transaction: place.transaction.clone(),
            change: Change::unknown("nothing was read"),
            digest: None,
            only_if: place.only_if.clone(),
        };
        let Noted { rank, step, item, .. } = place.at.clone();
        self.found.push(Noted { rank, step, item, what });
    }
}

/// What decides whether the blocks of a step run, or how often.
fn condition(step: &Step) -> Option<String> {
    match &step.action {
        Action::ForEach(_) => Some(format!("for each item of `{}`", step.name)),
        Action::When { .. } => Some(format!("if the condition of `{}` holds", step.name)),
        _ => None,
    }
}

fn text(expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Literal(value) => value.as_text().map(ToString::to_string),
        _ => None,
    }
}

/// What a program of the user's own is called.
pub(super) fn program_name(function: &Function) -> String {
    function.name.to_string()
}

/// The connection and the target among a call's arguments.
pub(super) fn addressed(spec: &Spec, values: &[Option<Value>]) -> (Option<String>, Option<String>) {
    let value = |name: &str| {
        let at = spec.params.iter().position(|param| param.name == name)?;
        values.get(at)?.as_ref()
    };
    let connection = match value("connection") {
        Some(Value::Connection(_, name)) => Some(name.to_string()),
        _ => None,
    };
    let target = TARGETS.iter().find_map(|name| value(name)?.as_text().map(ToString::to_string));
    (connection, target)
}
