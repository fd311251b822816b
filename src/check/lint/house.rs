//! House rules: what is documented, named once, tested. Looked for on request.

use std::collections::{HashMap, HashSet};

use super::Facts;
use crate::check::program::{Expr, ExprKind};
use crate::diagnostic::{Diagnostic, codes};
use crate::source::{SourceId, Span};
use crate::syntax::ast::ItemKind;
use crate::value::Value;

/// How often a value is written before it should have a name.
const OFTEN: usize = 3;

/// VF902: a workflow, parameter or output without documentation.
pub(super) fn undocumented(facts: &Facts<'_>, findings: &mut Vec<Diagnostic>) {
    for workflow in &facts.program.workflows {
        let own = std::iter::once(("workflow", &workflow.name, &workflow.doc, workflow.span));
        let params = workflow.params.iter().map(|param| ("parameter", &param.name, &param.doc, param.span));
        let outputs = workflow.outputs.iter().map(|output| ("output", &output.name, &output.doc, output.span));
        for (what, name, _, span) in own.chain(params).chain(outputs).filter(|(_, _, doc, _)| doc.is_empty()) {
            let finding = Diagnostic::new(&codes::VF902, span, format!("nothing says what the {what} `{name}` is"));
            findings.push(finding.help("write a line above it that begins with `##`"));
        }
    }
}

/// VF903: a number, a date, a time that stands in a file again and again.
pub(super) fn repeated_literals(facts: &Facts<'_>, findings: &mut Vec<Diagnostic>) {
    let mut places: HashMap<(SourceId, &str), Vec<Span>> = HashMap::new();
    let mut passed: HashSet<Span> = HashSet::new();
    for expr in &facts.expressions {
        passed.extend(data(expr));
        if let ExprKind::Literal(value) = &expr.kind
            && is_magic(value, facts.text(expr.span))
            && passed.insert(expr.span)
        {
            places.entry((expr.span.source, facts.text(expr.span))).or_default().push(expr.span);
        }
    }
    for ((_, text), mut spans) in places.into_iter().filter(|(_, spans)| spans.len() >= OFTEN) {
        spans.sort();
        findings.extend(repeated(text, &spans));
    }
}

fn repeated(text: &str, spans: &[Span]) -> Option<Diagnostic> {
    let (first, others) = spans.split_first()?;
    let message = format!("`{text}` is written {} times in this file", spans.len());
    let finding = Diagnostic::new(&codes::VF903, *first, message);
    let finding = others.iter().take(OFTEN - 1).fold(finding, |finding, span| finding.label(*span, "again"));
    Some(finding.help(format!("give it a name that says what it is, `name = {text}`, and use that")))
}

/// Lists and tables of literals are data, not settings.
fn data(expr: &Expr) -> Vec<Span> {
    let literals = |items: &[Expr]| items.iter().all(|item| matches!(item.kind, ExprKind::Literal(_)));
    match &expr.kind {
        ExprKind::List(items) if literals(items) => items.iter().map(|item| item.span).collect(),
        ExprKind::Table(_, rows) => rows.iter().flatten().map(|cell| cell.span).collect(),
        _ => Vec::new(),
    }
}

/// Whether a value could mean anything: small numbers, one of a unit and a day's hours explain themselves.
fn is_magic(value: &Value, text: &str) -> bool {
    match value {
        Value::Int(number) => !(0..=10).contains(number) && ![24, 60, 100, 1000].contains(number),
        Value::Float(number) => ![0.0, 0.5, 1.0, 2.0, 10.0, 100.0].contains(number),
        Value::Duration(_) | Value::Period(_) | Value::BusinessDays(_) => {
            let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
            let is_one = matches!(text.strip_suffix(unit), Some("0" | "1")) && unit.chars().all(char::is_alphabetic);
            !is_one && text != "24h"
        }
        Value::Date(_) | Value::Time(_) | Value::Timestamp(_) => true,
        _ => false,
    }
}

/// VF904: a workflow that no test in the checked files is of.
pub(super) fn untested(facts: &Facts<'_>, findings: &mut Vec<Diagnostic>) {
    let items = || facts.modules.all.iter().filter(|module| module.is_root).flat_map(|module| &module.file.items);
    let tested: HashSet<&str> = items()
        .filter_map(|item| match &item.kind {
            ItemKind::Test(test) => test.workflow.last().map(|name| &*name.node),
            _ => None,
        })
        .collect();
    for item in items() {
        if let ItemKind::Workflow(workflow) = &item.kind
            && !tested.contains(&*workflow.name.node)
        {
            let name = &workflow.name;
            let finding = Diagnostic::new(&codes::VF904, name.span, format!("no test is of `{}`", name.node));
            findings.push(finding.help(format!("write `test \"what it should do\" of {} {{ … }}`", name.node)));
        }
    }
}
