//! SARIF 2.1.0: one run, a rule for each code that was found. Columns count characters, as declared.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::{place, printable, told};
use crate::diagnostic::{Code, Diagnostic, Fix, Label, Severity, codes};
use crate::source::{SourceId, Sources, Span};

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

pub(super) fn render(sources: &Sources, diagnostics: &[Diagnostic]) -> String {
    let rules: Vec<&Code> =
        codes::ALL.iter().copied().filter(|code| diagnostics.iter().any(|found| found.code == *code)).collect();
    let document = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "vmflow",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(|code| rule(code)).collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "results": diagnostics.iter().map(|found| result(sources, &rules, found)).collect::<Vec<_>>(),
        }],
    });
    format!("{document:#}\n")
}

fn rule(code: &Code) -> Value {
    json!({
        "id": code.id,
        "shortDescription": { "text": code.title },
        "fullDescription": { "text": code.explanation() },
        "help": { "text": code.page, "markdown": code.page },
        "defaultConfiguration": { "level": level(code.severity) },
    })
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

fn result(sources: &Sources, rules: &[&Code], found: &Diagnostic) -> Value {
    let mut result = Map::new();
    result.insert("ruleId".to_owned(), json!(found.code.id));
    result.insert("ruleIndex".to_owned(), json!(rules.iter().position(|code| *code == found.code)));
    result.insert("level".to_owned(), json!(level(found.severity)));
    result.insert("message".to_owned(), json!({ "text": told(found) }));
    let mut labels = found.labels.iter();
    let primary = labels.next().and_then(|label| location(sources, label));
    result.insert("locations".to_owned(), primary.into_iter().collect());
    let related: Vec<Value> = labels.filter_map(|label| location(sources, label)).collect();
    if !related.is_empty() {
        result.insert("relatedLocations".to_owned(), related.into());
    }
    if let Some(fix) = &found.fix {
        result.insert("fixes".to_owned(), json!([fixed(sources, fix)]));
    }
    result.into()
}

fn location(sources: &Sources, label: &Label) -> Option<Value> {
    let physical = json!({
        "artifactLocation": artifact(sources, label.span.source)?,
        "region": region(sources, label.span)?,
    });
    let mut location = Map::from_iter([("physicalLocation".to_owned(), physical)]);
    if !label.text.is_empty() {
        location.insert("message".to_owned(), json!({ "text": printable(&label.text) }));
    }
    Some(location.into())
}

fn artifact(sources: &Sources, source: SourceId) -> Option<Value> {
    Some(json!({ "uri": uri(&sources.get(source)?.name) }))
}

fn region(sources: &Sources, span: Span) -> Option<Value> {
    let place = place(sources, span)?;
    Some(json!({
        "startLine": place.start.line,
        "startColumn": place.start.column,
        "endLine": place.end.line,
        "endColumn": place.end.column,
    }))
}

/// A patch as SARIF has it: replacements, grouped by file.
fn fixed(sources: &Sources, fix: &Fix) -> Value {
    let mut files: Vec<SourceId> = fix.edits.iter().map(|edit| edit.span.source).collect();
    files.sort_unstable();
    files.dedup();
    let change = |file: &SourceId| {
        let edits = fix.edits.iter().filter(|edit| edit.span.source == *file);
        let replacements = edits.filter_map(|edit| {
            let deleted = region(sources, edit.span)?;
            Some(json!({ "deletedRegion": deleted, "insertedContent": { "text": edit.replacement } }))
        });
        Some(json!({
            "artifactLocation": artifact(sources, *file)?,
            "replacements": replacements.collect::<Vec<_>>(),
        }))
    };
    let changes: Vec<Value> = files.iter().filter_map(change).collect();
    json!({ "description": { "text": printable(&fix.message) }, "artifactChanges": changes })
}

/// A path as a URI reference: relative as it is written, absolute with its scheme.
fn uri(path: &str) -> String {
    let mut uri = if path.starts_with('/') { "file://".to_owned() } else { String::new() };
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}
