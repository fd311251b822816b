//! The XML of `JUnit`: a test for each file that was read. Errors fail it; what else was found stands in its output.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::{location, one_line, printable, short, told};
use crate::diagnostic::Diagnostic;
use crate::source::{Source, SourceId, Sources};

/// The findings of one file, in order.
type Found<'a> = Vec<&'a Diagnostic>;

pub(super) fn render(sources: &Sources, diagnostics: &[Diagnostic]) -> String {
    let mut found: HashMap<Option<SourceId>, Found<'_>> = HashMap::new();
    for diagnostic in diagnostics {
        found.entry(diagnostic.span().map(|span| span.source)).or_default().push(diagnostic);
    }
    let is_shown = |source: &&Source| !source.is_built_in() || found.contains_key(&Some(source.id));
    let read: Vec<&Source> = sources.iter().filter(is_shown).collect();
    let mut tests: Vec<(&str, Found<'_>)> = read.into_iter().map(|source| test(source, &mut found)).collect();
    // What is said of no place.
    tests.extend(found.remove(&None).map(|found| ("check", found)));
    let failed = tests.iter().filter(|(_, found)| found.iter().any(|finding| finding.is_error())).count();
    let counts = format!("tests=\"{}\" failures=\"{failed}\" errors=\"0\"", tests.len());
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(out, "<testsuites name=\"vmflow check\" {counts}>");
    let _ = writeln!(out, "  <testsuite name=\"vmflow check\" {counts}>");
    for (file, found) in &tests {
        case(&mut out, sources, file, found);
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

fn test<'a, 'd>(source: &'a Source, found: &mut HashMap<Option<SourceId>, Found<'d>>) -> (&'a str, Found<'d>) {
    (&source.name, found.remove(&Some(source.id)).unwrap_or_default())
}

fn case(out: &mut String, sources: &Sources, file: &str, found: &Found<'_>) {
    let _ = write!(out, "    <testcase classname=\"vmflow.check\" name=\"{}\"", escaped(&one_line(file)));
    if found.is_empty() {
        out.push_str("/>\n");
        return;
    }
    out.push_str(">\n");
    let (errors, others): (Found<'_>, Found<'_>) = found.iter().partition(|finding| finding.is_error());
    for error in errors {
        failure(out, sources, error);
    }
    if !others.is_empty() {
        let lines: String = others.iter().map(|finding| short(sources, finding)).collect();
        let _ = writeln!(out, "      <system-out>{}</system-out>", escaped(lines.trim_end()));
    }
    out.push_str("    </testcase>\n");
}

fn failure(out: &mut String, sources: &Sources, error: &Diagnostic) {
    let message = escaped(&printable(&error.message)).replace('\n', "&#10;");
    let place = error.span().and_then(|span| location(sources, span)).map(|place| format!("{place}: "));
    let text = format!("{}{}", place.unwrap_or_default(), told(error));
    let _ =
        writeln!(out, "      <failure type=\"{}\" message=\"{message}\">{}</failure>", error.code.id, escaped(&text));
}

/// Text for an element or an attribute; characters that XML 1.0 has no way to write are replaced.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            _ => out.push(letter),
        }
    }
    out
}
