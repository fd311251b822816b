//! Workflow commands of GitHub Actions: lines that a job's log turns into annotations.

use super::{Place, place, printable, told};
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::Sources;

/// `::error file=…,line=…,col=…,endLine=…,endColumn=…,title=VF101: unknown name::message`
pub(super) fn command(sources: &Sources, diagnostic: &Diagnostic) -> String {
    let word = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "notice",
    };
    let place = diagnostic.span().and_then(|span| place(sources, span)).map(|place| properties(&place));
    let title = property(&format!("{}: {}", diagnostic.code.id, diagnostic.code.title));
    format!("::{word} {}title={title}::{}\n", place.unwrap_or_default(), data(&told(diagnostic)))
}

/// Columns are understood within one line only.
fn properties(place: &Place<'_>) -> String {
    let (start, end) = (place.start, place.end);
    let columns =
        if start.line == end.line { format!("col={},endColumn={},", start.column, end.column) } else { String::new() };
    format!("file={},line={},endLine={},{columns}", property(&printable(place.file)), start.line, end.line)
}

/// Text behind the second `::`.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
