//! What the YAML parser refuses, in our words.

use serde_saphyr::{DefaultMessageFormatter, Error, Location, MessageFormatter};

use super::build::bytes;
use crate::diagnostic::{Diagnostic, codes};
use crate::source::{Source, Span};

/// The finding for a document that could not be read.
pub(super) fn finding(error: &Error, source: &Source, mark: usize) -> Diagnostic {
    let error = innermost(error);
    let span = error.location().map_or_else(|| source.span().after(), |location| place(location, source, mark));
    let (message, help) = words(error);
    if let Some(tab) = indenting_tab(source, span) {
        let finding = Diagnostic::new(&codes::VF701, tab, "a tab indents this line, and YAML wants spaces");
        return finding.help("replace the tab by spaces");
    }
    Diagnostic::new(&codes::VF701, span, message).help(help)
}

/// What the scanner says of slips that people make often, what we say instead, and what helps.
const SLIPS: [(&str, &str, &str); 12] = [
    (
        "mapping values are not allowed",
        "a key cannot stand here",
        "the line above lacks its `:`, or this one is indented more than the keys beside it",
    ),
    (
        "simple key expected ':'",
        "this line has no `:`",
        "write `key: value`, or `key:` above what is indented under it",
    ),
    (
        "did not find expected key",
        "this line is indented like none of the keys above",
        "indent it as much as the keys beside it",
    ),
    (
        "did not find expected '-'",
        "this line stands among the items of a list and begins none",
        "begin it with `- `, or indent it as much as the keys of the item above",
    ),
    ("expected ',' or '}'", "a `{` above is not closed", "close it with `}`"),
    ("expected ',' or ']'", "a `[` above is not closed", "close it with `]`"),
    ("illegal placement of ':'", "a `[` or `{` above is not closed before this `:`", "close it with `]` or `}`"),
    ("misplaced bracket", "this bracket closes nothing", "remove it, or put the text that it belongs to into quotes"),
    ("unclosed bracket", "this bracket is not closed", "close it"),
    (
        "invalid trailing content",
        "a text in quotes ends before this",
        "a quote above is one too many, or one is missing; a quote within a text is written `\\\"`",
    ),
    ("multiline quoted scalar", "a text in quotes above is not closed before this line", "close it with `\"`"),
    ("comment intercepting", "this line has no `:` before its comment", "write `key: value`"),
];

/// The bytes of a location; errors of the scanner know only a line and a column of characters.
fn place(location: Location, source: &Source, mark: usize) -> Span {
    if location.span().byte_offset().is_some() {
        return bytes(location, source, mark);
    }
    let line = usize::try_from(location.line()).unwrap_or(1).saturating_sub(1);
    let column = usize::try_from(location.column()).unwrap_or(1).saturating_sub(1);
    let text = source.text.get(mark..).unwrap_or_default();
    let before: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let within = text.get(before..).unwrap_or_default();
    let at = within.char_indices().nth(column).map_or(within.len(), |(at, _)| at);
    let length =
        within.get(at..).and_then(|rest| rest.chars().next()).filter(|c| !c.is_control()).map_or(0, char::len_utf8);
    source.span().slice(mark + before + at, mark + before + at + length)
}

fn innermost(error: &Error) -> &Error {
    match error {
        Error::WithSnippet { error, .. } | Error::AliasError { error, .. } => innermost(error),
        other => other,
    }
}

fn words(error: &Error) -> (String, &'static str) {
    match error {
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. }
        | Error::AliasReplayCounterOverflow { .. } => {
            ("too deep or too large, counting what its aliases stand for".to_owned(), "write a smaller file")
        }
        Error::MultipleDocuments { .. } => {
            ("a second document begins here".to_owned(), "keep one document; remove the `---` and what is behind it")
        }
        Error::RecursiveReferencesRequireWeakTypes { .. } => {
            ("this alias stands inside what it stands for".to_owned(), "write the value out")
        }
        Error::UnknownAnchor { .. } => {
            ("no anchor with this name stands above".to_owned(), "write `&name` at the value that `*name` repeats")
        }
        Error::NonFiniteFloat { .. } => ("a number has to be finite".to_owned(), "write an ordinary number"),
        Error::Eof { .. } => ("the file ends too early".to_owned(), "close what was opened"),
        other => {
            let message = DefaultMessageFormatter.format_message(other);
            let line = message.lines().next().unwrap_or_default();
            let known = SLIPS.iter().find(|(said, ..)| line.contains(said)).map(|(_, message, help)| (*message, *help));
            let (message, help) =
                known.unwrap_or((line.trim_end_matches('.'), "check indentation, quotes and brackets"));
            (format!("not valid YAML: {message}"), help)
        }
    }
}

/// The tab that indents the line of `span` or the next: a value on the line before is read on into it.
fn indenting_tab(source: &Source, span: Span) -> Option<Span> {
    let line = source.position(span.start).line.saturating_sub(1);
    let mut start: usize = source.text.split_inclusive('\n').take(line).map(str::len).sum();
    for line in source.text.split_inclusive('\n').skip(line).take(2) {
        let indent = line.len() - line.trim_start().len();
        if let Some(tab) = line.get(..indent).and_then(|indent| indent.find('\t')) {
            return Some(source.span().slice(start + tab, start + tab + 1));
        }
        start += line.len();
    }
    None
}
