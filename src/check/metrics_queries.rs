//! What the queries of a program ask of stores of metrics, for somebody who can look into the stores.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::program::{Action, Block, Expr, ExprKind, FunctionBody, FunctionId, Program, Workflow};
use super::walk;
use crate::query::promql::PromqlTemplate;
use crate::source::Span;
use crate::value::{Type, Value};

/// A query of a workflow, or of a function that it calls.
#[derive(Debug, Clone)]
pub struct MetricsQuery {
    /// The name of the connection that answers it.
    pub connection: Arc<str>,
    /// What it asks.
    pub template: Arc<PromqlTemplate>,
}

/// The PromQL literals that workflows give to their connections, and those that functions give to the connections which
/// workflows give to them.
pub fn metrics_queries(program: &Program) -> Vec<MetricsQuery> {
    let (found, templates) = (Vec::new(), templates(program));
    let mut asked = Asked { program, found, templates, seen: HashSet::new(), called: HashSet::new() };
    for workflow in &program.workflows {
        asked.workflow(workflow);
    }
    asked.found
}

/// What is known of a value that a block's outermost scope holds before its steps ran.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
struct Given {
    /// The connection that it is.
    connection: Option<Arc<str>>,
    /// The queries that it may be, by the places of their texts.
    queries: Vec<Span>,
}

struct Asked<'a> {
    program: &'a Program,
    found: Vec<MetricsQuery>,
    templates: HashMap<Span, Arc<PromqlTemplate>>,
    seen: HashSet<(Arc<str>, Span)>,
    /// The functions with what they were given.
    called: HashSet<(FunctionId, Vec<Given>)>,
}

/// Where an expression stands: the blocks around it, outermost first, and what the outermost one begins with, by slot.
struct Place<'a, 'p> {
    blocks: Vec<&'a Block>,
    given: &'p [Given],
}

impl<'a> Asked<'a> {
    fn workflow(&mut self, workflow: &'a Workflow) {
        let slots = workflow.connections.iter().map(|used| used.slot + 1).max().unwrap_or(0);
        let mut given = vec![Given::default(); slots];
        for used in &workflow.connections {
            if let Some(slot) = given.get_mut(used.slot) {
                slot.connection = Some(used.name.clone());
            }
        }
        let mut place = Place { blocks: Vec::new(), given: &given };
        self.block(&workflow.body, &mut place);
        place.blocks.push(&workflow.body);
        for handler in workflow.failed.iter().chain(&workflow.finally) {
            self.block(handler, &mut place);
        }
    }

    fn block(&mut self, block: &'a Block, place: &mut Place<'a, '_>) {
        place.blocks.push(block);
        for step in &block.steps {
            let mut expressions = Vec::new();
            walk::step_expressions(step, &mut |expr| expressions.push(expr));
            for expr in expressions {
                self.expression(expr, place);
            }
            for inner in walk::inner_blocks(step) {
                self.block(inner, place);
            }
        }
        if let Some(result) = &block.result {
            self.expression(result, place);
        }
        place.blocks.pop();
    }

    fn expression(&mut self, expr: &'a Expr, place: &Place<'a, '_>) {
        let mut calls = Vec::new();
        walk::visit(expr, &mut |expr| calls.push(expr));
        for call in calls {
            match &call.kind {
                ExprKind::Primitive(_, arguments) => self.asks(arguments, place),
                ExprKind::Function(id, arguments) => self.call(*id, arguments, place),
                _ => {}
            }
        }
    }

    /// The queries that a call gives to a connection.
    fn asks(&mut self, arguments: &[Option<Expr>], place: &Place<'a, '_>) {
        let Some((Some(receiver), rest)) = arguments.split_first() else { return };
        let Some(connection) = Self::given(receiver, place).connection else { return };
        for argument in rest.iter().flatten() {
            for query in Self::queries(argument, place) {
                if let Some(template) = self.templates.get(&query).cloned()
                    && self.seen.insert((connection.clone(), query))
                {
                    self.found.push(MetricsQuery { connection: connection.clone(), template });
                }
            }
        }
    }

    fn call(&mut self, id: FunctionId, arguments: &[Expr], place: &Place<'a, '_>) {
        let Some(FunctionBody::Block(block)) = self.program.functions.get(id.0).map(|function| &function.body) else {
            return;
        };
        let given: Vec<Given> = arguments.iter().map(|argument| Self::given(argument, place)).collect();
        if given.iter().any(|given| given.connection.is_some()) && self.called.insert((id, given.clone())) {
            self.block(block, &mut Place { blocks: Vec::new(), given: &given });
        }
    }

    fn given(expr: &Expr, place: &Place<'a, '_>) -> Given {
        let own = beginning(expr, place).and_then(|given| given.connection.clone());
        Given { connection: own, queries: Self::queries(expr, place) }
    }

    /// The queries that an expression may be: literals in it, in the step that it names, or given for a parameter.
    fn queries(expr: &Expr, place: &Place<'a, '_>) -> Vec<Span> {
        let mut found = literals(expr);
        walk::visit(expr, &mut |inner| {
            if inner.ty == Type::Promql {
                found.extend(beginning(inner, place).into_iter().flat_map(|given| given.queries.iter().copied()));
                found.extend(bound(inner, place).into_iter().flat_map(literals));
            }
        });
        found.sort();
        found.dedup();
        found
    }
}

/// What the outermost block begins with in the slot that an expression names.
fn beginning<'p>(expr: &Expr, place: &Place<'_, 'p>) -> Option<&'p Given> {
    let ExprKind::Slot { up, index } = expr.kind else { return None };
    place.given.get(index).filter(|_| up + 1 == place.blocks.len())
}

/// The places of the literals in an expression.
fn literals(expr: &Expr) -> Vec<Span> {
    let mut found = Vec::new();
    walk::visit(expr, &mut |inner| {
        if let ExprKind::Promql(template, _) = &inner.kind {
            found.push(template.span);
        }
    });
    found
}

/// The expression of the step that a name means.
fn bound<'a>(name: &Expr, place: &Place<'a, '_>) -> Option<&'a Expr> {
    let ExprKind::Slot { up, index } = name.kind else { return None };
    let block = place.blocks.len().checked_sub(1 + up).and_then(|level| place.blocks.get(level))?;
    let step = block.steps.iter().find(|step| step.slot == Some(index))?;
    match &step.action {
        Action::Expression(expr) => Some(expr),
        _ => None,
    }
}

/// The literals of a program, by the places of their texts.
fn templates(program: &Program) -> HashMap<Span, Arc<PromqlTemplate>> {
    let mut found = HashMap::new();
    walk::expressions(program, &mut |expr| {
        if let ExprKind::Promql(template, _) = &expr.kind {
            found.insert(template.span, template.clone());
        }
    });
    found
}

/// All texts that a program states, and the names of the fields of its records: among them are the names, labels and values
/// of what it writes itself.
pub fn stated_texts(program: &Program) -> HashSet<Arc<str>> {
    let mut found = HashSet::new();
    walk::expressions(program, &mut |expr| match &expr.kind {
        ExprKind::Literal(Value::Text(text)) => drop(found.insert(text.clone())),
        ExprKind::Record(shape, _) => found.extend(shape.iter().cloned()),
        _ => {}
    });
    found
}
