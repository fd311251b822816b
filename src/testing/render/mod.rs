//! Reports for people, as JSON, as the XML of CI servers.

mod human;
mod json;
mod junit;

pub use human::human;
pub use json::json;
pub use junit::junit;

use super::Failure;
use crate::source::{Position, Source, Sources, Span};

/// The source of a span and where in it the span begins.
fn place(sources: &Sources, span: Span) -> (Option<&Source>, Position) {
    let source = sources.get(span.source);
    let position = source.map_or(Position { line: 0, column: 0, offset: 0 }, |source| source.position(span.start));
    (source, position)
}

/// `path:line:column`.
fn location(sources: &Sources, span: Span) -> String {
    let (source, position) = place(sources, span);
    format!("{}:{}:{}", file(source), position.line, position.column)
}

fn file(source: Option<&Source>) -> &str {
    source.map_or("", |source| &source.name)
}

/// The longest text of a file that is repeated, in characters.
const LONGEST: usize = 200;

/// What stands where something failed, on one line; nothing for a name alone, which the message says.
fn excerpt(sources: &Sources, failure: &Failure) -> Option<String> {
    let text = sources.get(failure.place.source).map_or("", |source| source.slice(failure.place));
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().all(|letter| letter.is_alphanumeric() || letter == '_') {
        return None;
    }
    Some(match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text,
    })
}

/// `1 test`, `2 tests`.
fn count(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}
