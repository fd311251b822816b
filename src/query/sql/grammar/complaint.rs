//! What the grammar has against a text, in an analyst's words.

use sqlparser::tokenizer::Location;

use super::Source;
use super::text::Positions;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::codes::VF401;
use crate::query::sql::scan::TokenKind;

/// Where reading stopped, and what would have let it go on.
#[derive(Debug)]
pub(super) struct Complaint {
    /// The byte; `None` at the text's end.
    pub(super) at: Option<usize>,
    /// In the grammar's words.
    expected: String,
}

/// Its words for what may follow, and ours.
const WANTED: &[(&str, &str)] = &[
    ("an expression", "a value"),
    ("identifier", "a name"),
    ("SELECT, VALUES, or a subquery in the query body", "a query, such as `select`"),
    ("Expected identifier", "a name"),
];

impl Complaint {
    /// From a message such as `Expected: identifier, found: ) at Line: 1, Column: 8`.
    pub(super) fn of(message: &str, positions: &Positions) -> Self {
        let place = message.rsplit_once(" at Line: ").and_then(|(_, place)| {
            let (line, column) = place.split_once(", Column: ")?;
            Some(Location { line: line.trim().parse().ok()?, column: column.trim().parse().ok()? })
        });
        let expected = message.split_once("Expected: ").and_then(|(_, rest)| rest.split(", found: ").next());
        Self { at: place.and_then(|place| positions.byte(place)), expected: expected.unwrap_or_default().to_owned() }
    }

    /// What was wanted, where that helps.
    fn wanted(&self) -> Option<String> {
        let expected = self.expected.as_str();
        if let Some((_, ours)) = WANTED.iter().find(|(theirs, _)| *theirs == expected) {
            return Some((*ours).to_owned());
        }
        let is_sign = expected.len() <= 2 && expected.chars().all(|c| c.is_ascii_punctuation());
        let is_word = expected.chars().all(|c| c.is_ascii_uppercase() || c == ' ') && expected.len() < 20;
        (!expected.is_empty() && (is_sign || is_word)).then(|| format!("`{}`", expected.to_lowercase()))
    }

    /// The finding.
    pub(super) fn told(&self, source: &Source<'_>) -> Diagnostic {
        if let Some(finding) = open_case(source) {
            return finding;
        }
        let Some(token) = self.at.and_then(|at| source.tokens.get(source.token_at(at))) else {
            return self.ends_early(source);
        };
        let word = token.text(source.text);
        let message = match self.wanted() {
            Some(wanted) => format!("expected {wanted}, found `{word}`"),
            None => format!("`{word}` cannot stand here"),
        };
        let help = match (token.kind, word.to_lowercase().as_str(), self.expected.as_str()) {
            (TokenKind::Word, "select", _) => "an inner query stands in parentheses: `(select …)`".to_owned(),
            (TokenKind::Word, "where", _) => "`where` stands before `group by`, `order by` and `limit`".to_owned(),
            (TokenKind::Word, _, "identifier" | "an expression") => {
                format!("`{word}` is a word of SQL; as a name write \"{word}\"")
            }
            _ => "the mistake is here or just before".to_owned(),
        };
        Diagnostic::new(&VF401, source.at(token), message).help(help)
    }

    fn ends_early(&self, source: &Source<'_>) -> Diagnostic {
        let last = source.tokens.iter().rev().find(|token| !token.is_punct(source.text, ";"));
        let Some(last) = last else { return Diagnostic::new(&VF401, source.span, "the SQL text is empty") };
        let wanted = self.wanted().unwrap_or_else(|| "something".to_owned());
        let message = format!("expected {wanted} behind `{}`, where the statement ends", last.text(source.text));
        Diagnostic::new(&VF401, source.at(last), message).help("write the rest, or remove what it was begun with")
    }
}

/// A `case` without its `end`: reading stops far away from it.
fn open_case(source: &Source<'_>) -> Option<Diagnostic> {
    let mut open = Vec::new();
    for token in source.tokens {
        if token.is(source.text, "case") {
            open.push(token);
        } else if token.is(source.text, "end") {
            open.pop();
        }
    }
    let finding = Diagnostic::new(&VF401, source.at(open.pop()?), "this `case` is never closed");
    Some(finding.help("close it with `end`"))
}
