//! What the queries of a program ask of stores of metrics, for somebody who can look into the stores.

use std::collections::HashSet;
use std::sync::Arc;

use super::program::{ConnectionUse, Expr, ExprKind, Program, Workflow};
use super::walk::{self, Site};
use crate::query::promql::PromqlTemplate;
use crate::value::Value;

/// A query of a workflow.
#[derive(Debug, Clone)]
pub struct MetricsQuery {
    /// The name of the connection that answers it.
    pub connection: Arc<str>,
    /// What it asks.
    pub template: Arc<PromqlTemplate>,
}

/// The PromQL literals that workflows give to their connections. What functions ask of the connections that they are
/// given is not among them.
pub fn metrics_queries(program: &Program) -> Vec<MetricsQuery> {
    let mut found = Vec::new();
    for workflow in &program.workflows {
        walk::workflow_steps(workflow, &mut |site| {
            walk::step_expressions(site.step, &mut |expr| {
                walk::visit(expr, &mut |expr| found.extend(given_to_connection(workflow, site, expr)));
            });
        });
    }
    found
}

/// The queries that a call gives to a connection of the workflow.
fn given_to_connection(workflow: &Workflow, site: &Site<'_>, call: &Expr) -> Vec<MetricsQuery> {
    let ExprKind::Primitive(_, arguments) = &call.kind else { return Vec::new() };
    let Some((Some(receiver), rest)) = arguments.split_first() else { return Vec::new() };
    let ExprKind::Slot { up, index } = receiver.kind else { return Vec::new() };
    let used = workflow.connections.iter().find(|used| site.is_outermost(up) && used.slot == index);
    let asks = |used: &ConnectionUse| {
        let templates = rest.iter().flatten().filter_map(|argument| match &argument.kind {
            ExprKind::Promql(template, _) => Some(template.clone()),
            _ => None,
        });
        templates.map(|template| MetricsQuery { connection: used.name.clone(), template }).collect()
    };
    used.map(asks).unwrap_or_default()
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
