//! Reports as one JSON document; `docs/cli.md` describes it.

use serde_json::{Value as Json, json};

use super::{file, place};
use crate::source::{Sources, Span};
use crate::testing::coverage::{Coverage, Point};
use crate::testing::{Failure, Report};

/// The whole document, its last line ended.
pub fn json(sources: &Sources, reports: &[Report], coverage: Option<&[Coverage]>) -> String {
    let failed = reports.iter().filter(|report| !report.failures.is_empty()).count();
    let mut document = json!({
        "tests": reports.iter().map(|report| test(sources, report)).collect::<Vec<_>>(),
        "summary": { "tests": reports.len(), "passed": reports.len() - failed, "failed": failed },
    });
    if let (Some(fields), Some(coverage)) = (document.as_object_mut(), coverage) {
        let coverage = coverage.iter().map(|one| workflow(sources, one)).collect();
        fields.insert("coverage".to_owned(), Json::Array(coverage));
    }
    format!("{document:#}\n")
}

fn test(sources: &Sources, report: &Report) -> Json {
    let (source, position) = place(sources, report.test.title.span);
    json!({
        "title": &*report.test.title.node,
        "workflow": &*report.test.workflow.name,
        "file": file(source),
        "line": position.line,
        "status": if report.failures.is_empty() { "passed" } else { "failed" },
        "failures": report.failures.iter().map(|one| failure(sources, one)).collect::<Vec<_>>(),
    })
}

fn failure(sources: &Sources, failure: &Failure) -> Json {
    let mut json = at(sources, failure.place);
    if let Some(fields) = json.as_object_mut() {
        fields.insert("message".to_owned(), json!(failure.message));
        fields.insert("left".to_owned(), json!(failure.sides.as_ref().map(|(left, _)| left)));
        fields.insert("right".to_owned(), json!(failure.sides.as_ref().map(|(_, right)| right)));
        fields.insert("notes".to_owned(), json!(failure.notes));
        fields.insert("help".to_owned(), json!(failure.help));
    }
    json
}

fn at(sources: &Sources, span: Span) -> Json {
    let (source, position) = place(sources, span);
    json!({ "file": file(source), "line": position.line, "column": position.column })
}

fn workflow(sources: &Sources, one: &Coverage) -> Json {
    let point = |point: &Point| {
        let (_, position) = place(sources, point.place);
        json!({ "kind": point.kind, "step": &*point.step, "line": position.line, "covered": point.is_covered })
    };
    let (source, _) = place(sources, one.workflow.span);
    json!({
        "workflow": &*one.workflow.name,
        "file": file(source),
        "places": one.points.len(),
        "covered": one.covered(),
        "points": one.points.iter().map(point).collect::<Vec<_>>(),
    })
}
