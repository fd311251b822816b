//! Rows of queries: their order, and how many there are.

use std::collections::HashMap;

use super::Facts;
use crate::check::program::{Action, BinaryOperator as Op, Block, Expr, ExprKind, FunctionBody};
use crate::check::walk::{self, Site};
use crate::diagnostic::{Diagnostic, codes};
use crate::query::sql::{Meaning, StatementKind};
use crate::source::Span;
use crate::value::{Type, Value};

/// What takes a row by its place.
const BY_PLACE: &[&str] = &["lists.first", "lists.last", "list.take"];

/// The steps that hold a query's rows as they came, by their block and slot.
type Rows<'a> = HashMap<(*const Block, usize), Span>;

/// VF409: a row taken by its place from rows that came in no particular order.
pub(super) fn order_of_rows(facts: &Facts<'_>, findings: &mut Vec<Diagnostic>) {
    let mut rows = Rows::new();
    all_steps(facts, &mut |site| {
        let (Some(slot), Some(block)) = (site.step.slot, site.blocks.last()) else { return };
        walk::step_expressions(site.step, &mut |expr| {
            if let Some((literal, meaning)) = query(facts, expr)
                && meaning.rows.is_some_and(|rows| !rows.is_ordered && !rows.is_single)
            {
                rows.insert((std::ptr::from_ref(*block), slot), literal);
            }
        });
    });
    all_steps(facts, &mut |site| {
        if let Action::Check { is_expect: false, condition, .. } = &site.step.action
            && let Some(place) = one_row(condition).and_then(|of| place(of, &site.blocks))
        {
            rows.remove(&place);
        }
    });
    all_steps(facts, &mut |site| {
        walk::step_expressions(site.step, &mut |expr| by_place(expr, &site.blocks, &rows, findings));
        // What the block yields, once.
        let block =
            site.blocks.last().filter(|block| block.steps.last().is_some_and(|last| std::ptr::eq(last, site.step)));
        if let Some(result) = block.and_then(|block| block.result.as_ref()) {
            by_place(result, &site.blocks, &rows, findings);
        }
    });
    for workflow in &facts.program.workflows {
        workflow.outputs.iter().for_each(|output| by_place(&output.value, &[&workflow.body], &rows, findings));
    }
}

/// VF408: all rows of a table, asked for again for every item of a loop.
pub(super) fn all_rows_in_a_loop(facts: &Facts<'_>, findings: &mut Vec<Diagnostic>) {
    all_steps(facts, &mut |site| {
        if site.loops.is_empty() {
            return;
        }
        walk::step_expressions(site.step, &mut |expr| {
            let Some((literal, meaning)) = query(facts, expr) else { return };
            if meaning.rows.is_some_and(|rows| !rows.is_bounded) {
                let message = "every item of the loop reads all rows again";
                let help = "read them once before the loop, or say with `where` which rows the item needs";
                findings.push(Diagnostic::new(&codes::VF408, literal, message).help(help));
            }
        });
    });
}

fn all_steps<'a>(facts: &Facts<'a>, look: &mut impl FnMut(&Site<'a>)) {
    for workflow in &facts.program.workflows {
        walk::workflow_steps(workflow, look);
    }
    for function in &facts.program.functions {
        if let FunctionBody::Block(block) = &function.body {
            walk::steps(block, look);
        }
    }
}

/// The literal of `db.query(sql"""…""")`, also behind `as`, and what it means.
fn query<'f>(facts: &Facts<'f>, expr: &Expr) -> Option<(Span, &'f Meaning)> {
    match &expr.kind {
        ExprKind::Cast(inner, _) | ExprKind::Widen(inner) => query(facts, inner),
        ExprKind::Primitive(spec, arguments) if spec.name == "sql.query" => {
            let literal = arguments.get(1)?.as_ref()?;
            let is_query = matches!(&literal.kind, ExprKind::Sql(template, _) if template.kind == StatementKind::Read);
            Some((literal.span, facts.meanings.get(&literal.span)?)).filter(|_| is_query)
        }
        _ => None,
    }
}

/// The block and the slot that an expression names.
fn place(expr: &Expr, blocks: &[&Block]) -> Option<(*const Block, usize)> {
    let ExprKind::Slot { up, index } = expr.kind else { return None };
    let block = blocks.len().checked_sub(1 + up).and_then(|level| blocks.get(level))?;
    Some((std::ptr::from_ref(*block), index))
}

/// The rows of which a condition says that there is one at most: `rows.count == 1`.
fn one_row(condition: &Expr) -> Option<&Expr> {
    let ExprKind::Binary(operator, counted, count) = &condition.kind else { return None };
    let ExprKind::Literal(Value::Int(count)) = count.kind else { return None };
    let is_one = matches!((operator, count), (Op::Equal | Op::LessOrEqual, 0 | 1) | (Op::Less, 1 | 2));
    match &counted.kind {
        ExprKind::Property { of, property, .. } if is_one && property.name == "count" => Some(of),
        _ => None,
    }
}

fn by_place(expr: &Expr, blocks: &[&Block], rows: &Rows<'_>, findings: &mut Vec<Diagnostic>) {
    walk::visit(expr, &mut |expr| {
        let of = match &expr.kind {
            ExprKind::Index(of, _) => Some(&**of),
            ExprKind::Primitive(spec, arguments) if BY_PLACE.contains(&spec.name) => {
                arguments.first().and_then(Option::as_ref)
            }
            _ => None,
        };
        let of = of.map(|of| match &of.kind {
            ExprKind::Field { of: table, .. } if matches!(table.ty, Type::Table(_)) => table,
            _ => of,
        });
        if let Some(literal) = of.and_then(|of| place(of, blocks)).and_then(|place| rows.get(&place)) {
            let finding = Diagnostic::new(&codes::VF409, expr.span, "which row this is changes from run to run")
                .label(*literal, "gives its rows in any order")
                .help("add `order by` to the query");
            findings.push(finding);
        }
    });
}
