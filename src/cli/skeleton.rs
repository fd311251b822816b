//! A test of a workflow to go on from: a value for each parameter, nothing for each read.

use std::fmt::Write;
use std::sync::Arc;

use indexmap::IndexMap;

use crate::check::program::{Action, Block, Expr, ExprKind, Function, FunctionBody, Step, Workflow};
use crate::check::walk;
use crate::primitive::Effect;
use crate::source::Sources;
use crate::testing::example;
use crate::value::Type;

/// The text of the test, not in canonical form yet.
pub(super) fn test(workflow: &Workflow, functions: &[Arc<Function>], sources: &Sources) -> String {
    let name = &workflow.name;
    let mut text = format!("test \"{name} succeeds\" of {name} {{\n  at 2026-01-15T12:00Z\n");
    let set: Vec<String> = workflow
        .params
        .iter()
        .filter_map(|param| Some(format!("{}: {}", param.name, set(param.default.as_ref(), &param.ty, sources)?)))
        .collect();
    if !set.is_empty() {
        let _ = writeln!(text, "  set {{ {} }}", set.join(", "));
    }
    let mut givens = IndexMap::new();
    for block in [Some(&workflow.body), workflow.failed.as_ref(), workflow.finally.as_ref()].into_iter().flatten() {
        reads(block, "", functions, &mut givens);
    }
    if !givens.is_empty() {
        text.push('\n');
        for (path, ty) in givens {
            let _ = writeln!(text, "  given {path} = {}", value(ty).unwrap_or_else(|| "none".to_owned()));
        }
    }
    text.push_str("\n  expect run.status == \"success\"\n}\n");
    text
}

/// The default where it stands for itself, or a value of the type. A default that looks at the run, at another
/// parameter, or at a function or a type of its file is left to do that.
fn set(default: Option<&Expr>, ty: &Type, sources: &Sources) -> Option<String> {
    match default {
        Some(default) if is_closed(default) => Some(sources.slice(default.span).to_owned()),
        Some(_) => None,
        None => value(ty),
    }
}

fn is_closed(expr: &Expr) -> bool {
    let mut is_closed = true;
    walk::visit(expr, &mut |expr| {
        is_closed &= !matches!(
            expr.kind,
            ExprKind::Slot { .. } | ExprKind::Run(_) | ExprKind::Function(..) | ExprKind::Cast(..)
        );
    });
    is_closed
}

/// The steps that read and have a name, by the paths that they are given by. A name that several branches bind is given
/// once, for all of them.
fn reads<'a>(block: &'a Block, path: &str, functions: &'a [Arc<Function>], givens: &mut IndexMap<String, &'a Type>) {
    for step in &block.steps {
        let is_named = step.slot.is_some();
        if is_named && is_read(step) {
            givens.entry(format!("{path}{}", step.name)).or_insert(&step.ty);
            continue;
        }
        let inner = if is_named { format!("{path}{}.", step.name) } else { path.to_owned() };
        let called = Some(step).filter(|_| is_named).and_then(|step| called(step, functions));
        for block in walk::inner_blocks(step).into_iter().chain(called) {
            reads(block, &inner, functions, givens);
        }
    }
}

/// Whether a step reads by itself, not only in blocks that it holds.
fn is_read(step: &Step) -> bool {
    match &step.action {
        Action::Expression(_) => step.effect == Effect::Read,
        Action::ForEach(each) => each.over.effect == Effect::Read,
        Action::When { arms, .. } => arms.iter().any(|(condition, _)| condition.effect == Effect::Read),
        Action::Transaction { .. } | Action::Check { .. } => false,
    }
}

/// The block of the action that a step calls.
fn called<'a>(step: &Step, functions: &'a [Arc<Function>]) -> Option<&'a Block> {
    let Action::Expression(expr) = &step.action else { return None };
    match &functions.get(walk::called(expr)?.0)?.body {
        FunctionBody::Block(block) => Some(block),
        _ => None,
    }
}

/// A plain value of a type, as a file has it; `None` for types without literals.
fn value(ty: &Type) -> Option<String> {
    Some(match ty {
        Type::Bool => "true".to_owned(),
        Type::Int => "1".to_owned(),
        Type::Float => "1.0".to_owned(),
        Type::Decimal => "1 as decimal".to_owned(),
        Type::Text => "\"a\"".to_owned(),
        Type::Url => "\"https://a.example\" as url".to_owned(),
        Type::Regex => "regex\"\"\"a\"\"\"".to_owned(),
        Type::Json => "parse_json(\"{}\")".to_owned(),
        Type::Literals(texts) => format!("{:?}", texts.first()?),
        Type::Date => "2026-01-15".to_owned(),
        Type::Time => "06:00".to_owned(),
        Type::Timestamp => "2026-01-15T06:00Z".to_owned(),
        Type::Duration => "1h".to_owned(),
        Type::Period => "30d".to_owned(),
        Type::BusinessDays => "1bd".to_owned(),
        Type::Range(of) if **of == Type::Date => "2026-01-01 through 2026-01-15".to_owned(),
        Type::Range(_) => "2026-01-15T00:00Z until 2026-01-16T00:00Z".to_owned(),
        Type::Table(row) if !row.fields.is_empty() => {
            let columns: Vec<&str> = row.names().collect();
            format!("table {{\n| {} |\n}}", columns.join(" | "))
        }
        Type::List(_) | Type::Table(_) | Type::Outcomes(..) | Type::Any => "[]".to_owned(),
        Type::Map(..) => "{}".to_owned(),
        Type::Optional(_) | Type::None => "none".to_owned(),
        Type::Record(record) => {
            let fields = record.fields.iter().map(|field| Some(format!("{}: {}", field.name, value(&field.ty)?)));
            format!("{{ {} }}", fields.collect::<Option<Vec<_>>>()?.join(", "))
        }
        other => return example(other),
    })
}
