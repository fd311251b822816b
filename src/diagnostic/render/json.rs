//! The document of `check --format json`, and the lines of `jsonl`.

use serde_json::{Value, json};

use super::{Counts, place, severity_name};
use crate::diagnostic::{Diagnostic, Edit, Fix, Label};
use crate::source::{Sources, Span};

pub(super) fn render(sources: &Sources, diagnostics: &[Diagnostic], files: usize) -> String {
    let counts = Counts::of(diagnostics);
    let document = json!({
        "diagnostics": diagnostics.iter().map(|diagnostic| finding(sources, diagnostic)).collect::<Vec<_>>(),
        "summary": { "errors": counts.errors, "warnings": counts.warnings, "files": files },
    });
    format!("{document:#}\n")
}

/// The findings alone, a line each.
pub(super) fn lines(sources: &Sources, diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().flat_map(|diagnostic| [finding(sources, diagnostic).to_string(), "\n".to_owned()]).collect()
}

fn finding(sources: &Sources, diagnostic: &Diagnostic) -> Value {
    let at = diagnostic.span();
    json!({
        "code": diagnostic.code.id,
        "severity": severity_name(diagnostic.severity),
        "message": diagnostic.message,
        "file": at.and_then(|span| file(sources, span)),
        "span": at.and_then(|at| span(sources, at)),
        "labels": diagnostic.labels.iter().map(|it| label(sources, it)).collect::<Vec<_>>(),
        "help": diagnostic.help,
        "fix": diagnostic.fix.as_ref().map(|it| fix(sources, it)),
    })
}

fn label(sources: &Sources, label: &Label) -> Value {
    json!({ "file": file(sources, label.span), "span": span(sources, label.span), "message": label.text })
}

fn fix(sources: &Sources, fix: &Fix) -> Value {
    let edit = |edit: &Edit| json!({ "span": span(sources, edit.span), "replacement": edit.replacement });
    json!({ "message": fix.message, "edits": fix.edits.iter().map(edit).collect::<Vec<_>>() })
}

fn file(sources: &Sources, span: Span) -> Option<&str> {
    sources.get(span.source).map(|source| &*source.name)
}

fn span(sources: &Sources, span: Span) -> Option<Value> {
    let place = place(sources, span)?;
    Some(json!({ "start": place.start, "end": place.end }))
}
