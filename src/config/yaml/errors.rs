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
    if indented_with_tab(source, span) {
        let finding = Diagnostic::new(&codes::VF701, span, "a tab indents this line, and YAML wants spaces");
        return finding.help("replace the tab by spaces");
    }
    Diagnostic::new(&codes::VF701, span, message).help(help)
}

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
            (format!("not valid YAML: {}", line.trim_end_matches('.')), "check indentation, quotes and brackets")
        }
    }
}

/// Whether the line of `span` begins with white space that holds a tab.
fn indented_with_tab(source: &Source, span: Span) -> bool {
    let line = source.position(span.start).line;
    let indent = |line: &str| line.chars().take_while(|c| c.is_whitespace()).any(|c| c == '\t');
    source.text.lines().nth(line.saturating_sub(1)).is_some_and(indent)
}
